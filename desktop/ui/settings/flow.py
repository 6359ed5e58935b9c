"""Widgets beside each other that go on in the next line where there is no room, as words do."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidgetItem

from desktop.ui import theme

LINK_INSET = 5
"""Pixels before the text of a link's button: at the beginning of a line it stands out by them, so that texts align."""


class Flow(QLayout):
    """Its least width is that of its widest part."""

    def __init__(self) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(theme.current().gap(8))

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # type: ignore[override]
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._lay(QRect(0, 0, width, 0), is_trial=True)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._lay(rect, is_trial=False)

    def sizeHint(self) -> QSize:
        shown = self._shown()
        width = sum(_wish(item).width() for item in shown) + self.spacing() * max(0, len(shown) - 1)
        return QSize(width, max((_wish(item).height() for item in shown), default=0))

    def minimumSize(self) -> QSize:
        shown = self._shown()
        return QSize(
            max((item.minimumSize().width() for item in shown), default=0),
            max((item.minimumSize().height() for item in shown), default=0),
        )

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _lay(self, rect: QRect, *, is_trial: bool) -> int:
        """Put each part in its place; the height of all lines."""
        lines: list[list[QLayoutItem]] = []
        used = 0
        for item in self._shown():
            width = min(_wish(item).width(), rect.width())
            if not lines or used + self.spacing() + width > rect.width():
                lines.append([])
                used = -self.spacing()
            lines[-1].append(item)
            used += self.spacing() + width
        top = rect.top()
        for number, line in enumerate(lines):
            top += self.spacing() if number else 0
            height = max(_wish(item).height() for item in line)
            if not is_trial:
                self._place(line, QRect(rect.left(), top, rect.width(), height))
            top += height
        return top - rect.top()

    def _place(self, line: list[QLayoutItem], rect: QRect) -> None:
        left = rect.left()
        if _is_link(line[0]) and left >= LINK_INSET:  # beyond its parent's edge it would be cut
            left -= LINK_INSET
        for item in line:
            size = _wish(item)
            width = min(size.width(), rect.width())
            above = (rect.height() - size.height()) // 2
            item.setGeometry(QRect(QPoint(left, rect.top() + above), QSize(width, size.height())))
            left += width + self.spacing()


def _wish(item: QLayoutItem) -> QSize:
    """What a part would like; a widget is asked itself, since its item remembers what it said before it was styled."""
    widget = item.widget() if isinstance(item, QWidgetItem) else None
    if widget is None:
        return item.sizeHint()
    size = widget.sizeHint().expandedTo(widget.minimumSizeHint())
    return size.expandedTo(widget.minimumSize()).boundedTo(widget.maximumSize())


def _is_link(item: QLayoutItem) -> bool:
    return isinstance(item, QWidgetItem) and item.widget().property("kind") == "link"
