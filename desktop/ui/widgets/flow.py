"""Widgets beside each other that go on in the next line where there is no room, as words do."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QSizePolicy, QWidget
from shiboken6 import isValid

from desktop.ui import theme


class Flow(QHBoxLayout):
    """Its least width is that of its widest part.

    The items of the layout are Qt's own: no object of Python's owns one, or keeps one that Qt has deleted. Only where
    the parts stand is said here, and for that the widgets themselves are asked.
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[QWidget] = []
        self._heights: dict[int, int] = {}  # for widths that were asked for, until something changes
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(theme.current().gap(8))

    def add(self, part: QWidget) -> None:
        """Put a widget behind the others."""
        self._parts.append(part)
        self.addWidget(part)

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def invalidate(self) -> None:
        self._heights.clear()
        super().invalidate()

    def heightForWidth(self, width: int) -> int:
        if width not in self._heights:
            self._heights[width] = self._lay(QRect(0, 0, width, 0), is_trial=True)
        return self._heights[width]

    def minimumHeightForWidth(self, width: int) -> int:
        return self.heightForWidth(width)

    def setGeometry(self, rect: QRect) -> None:
        QLayout.setGeometry(self, rect)  # not that of a row, which would put the parts into its one line
        self._lay(rect, is_trial=False)

    def sizeHint(self) -> QSize:
        wishes = [_wish(part) for part in self._shown()]
        width = sum(wish.width() for wish in wishes) + self.spacing() * max(0, len(wishes) - 1)
        return QSize(width, max((wish.height() for wish in wishes), default=0))

    def minimumSize(self) -> QSize:
        least = [_least(part) for part in self._shown()]
        return QSize(
            max((size.width() for size in least), default=0), max((size.height() for size in least), default=0)
        )

    def maximumSize(self) -> QSize:
        return QLayout.maximumSize(self)

    def _shown(self) -> list[QWidget]:
        self._parts = [part for part in self._parts if isValid(part) and self.indexOf(part) >= 0]
        return [part for part in self._parts if not part.isHidden()]

    def _lay(self, rect: QRect, *, is_trial: bool) -> int:
        """Put each part in its place; the height of all lines."""
        lines: list[list[tuple[QWidget, QSize]]] = []
        used = 0
        for part in self._shown():
            wish = _wish(part)
            width = min(wish.width(), rect.width())
            if not lines or used + self.spacing() + width > rect.width():
                lines.append([])
                used = -self.spacing()
            lines[-1].append((part, wish))
            used += self.spacing() + width
        top = rect.top()
        for number, line in enumerate(lines):
            top += self.spacing() if number else 0
            height = max(wish.height() for _, wish in line)
            if not is_trial:
                self._place(line, QRect(rect.left(), top, rect.width(), height))
            top += height
        return top - rect.top()

    def _place(self, line: list[tuple[QWidget, QSize]], rect: QRect) -> None:
        left = rect.left()
        inset = theme.current().px(4) + 1  # of the text of a link's button: it stands out by that, so that texts align
        if line[0][0].property("kind") == "link" and left >= inset:  # beyond its parent's edge it would be cut
            left -= inset
        for part, size in line:
            width = min(size.width(), rect.width())
            above = (rect.height() - size.height()) // 2
            part.setGeometry(QRect(QPoint(left, rect.top() + above), QSize(width, size.height())))
            left += width + self.spacing()


def _wish(part: QWidget) -> QSize:
    size = part.sizeHint().expandedTo(part.minimumSizeHint())
    return size.expandedTo(part.minimumSize()).boundedTo(part.maximumSize())


def _least(part: QWidget) -> QSize:
    """What a part cannot do without: what it would like, in a direction in which it may not shrink."""
    wish, least, policy = _wish(part), part.minimumSizeHint(), part.sizePolicy()
    can_shrink = QSizePolicy.PolicyFlag.ShrinkFlag.value
    width = least.width() if policy.horizontalPolicy().value & can_shrink else wish.width()
    height = least.height() if policy.verticalPolicy().value & can_shrink else wish.height()
    return QSize(width, height).expandedTo(part.minimumSize()).boundedTo(part.maximumSize())
