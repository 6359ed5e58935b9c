"""The list of what was found: rows of two lines, several selected at once, dragged to a place of the tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QItemSelectionRange,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.core.plain_words import plain_words
from desktop.core.text import visible
from desktop.ui import icons, theme
from desktop.ui.library import words
from desktop.ui.library.results_model import (
    COST,
    DATE,
    FOLDER,
    HITS,
    ID,
    IS_OPEN,
    MODEL,
    PINNED,
    SNIPPET,
    STATE,
    TAGS,
    TITLE,
    ResultsModel,
)

Index = QModelIndex | QPersistentModelIndex

ROW = 56
WIDE = 560  # from here on a row has room for chips beside its title
MOST_CHIPS = 3
HIT_BEGINS, HIT_ENDS = "\ue000", "\ue001"
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ResultDelegate(QStyledItemDelegate):
    """Title, chips and date over the snippet with its hits, model and cost. Text is drawn plain."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, theme.current().px(ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        self._ground(painter, option, index)
        inner = rect.adjusted(look.px(16), look.px(8), -look.px(16), -look.px(8))
        half = inner.height() // 2
        above = inner.adjusted(0, 0, 0, -half)
        below = QRect(inner.left(), inner.top() + half, inner.width(), inner.height() - half)
        is_wide = rect.width() >= look.px(WIDE)
        above = self._date(painter, above, str(index.data(DATE)))
        if is_wide:
            above = self._chips(painter, above, index, above.width() // 2)
        self._title(painter, above, index)
        if index.data(SNIPPET):
            self._snippet_line(painter, below, index, is_wide)
        else:
            self._detail_line(painter, below, index, is_wide)
        painter.restore()

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, rect = theme.current(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("hover"))
        if index.data(IS_OPEN):  # a bar at the edge, as the rail marks its page
            painter.fillRect(QRect(rect.left(), rect.top(), look.px(3), rect.height()), look.color("accent"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(look.color("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def _date(self, painter: QPainter, rect: QRect, text: str) -> QRect:
        """At the right; returns what is left of the line."""
        look = theme.current()
        painter.setFont(look.font("caption"))
        painter.setPen(look.color("muted"))
        painter.drawText(rect, RIGHT, text)
        return rect.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(text) - look.px(12), 0)

    def _title(self, painter: QPainter, rect: QRect, index: Index) -> None:
        look = theme.current()
        if index.data(PINNED):
            side = look.px(14)
            picture = icons.pixmap("pin", look.color("muted"), side)
            painter.drawPixmap(QRect(rect.left(), rect.center().y() - side // 2, side, side), picture)
            rect = rect.adjusted(side + look.px(4), 0, 0, 0)
        painter.setFont(look.font("body", semibold=bool(index.data(IS_OPEN))))
        self._elided(painter, rect, "text", visible(str(index.data(TITLE))))

    def _chips(self, painter: QPainter, rect: QRect, index: Index, room: int) -> QRect:
        """Folder and tags from the right, as many as fit in `room`; returns what is left of the line."""
        look = theme.current()
        folder, tags = str(index.data(FOLDER) or ""), tuple(index.data(TAGS) or ())
        chips = [("folder", folder)] * bool(folder) + [("", tag) for tag in tags]
        if len(chips) > MOST_CHIPS:
            chips = [*chips[: MOST_CHIPS - 1], ("", f"+{len(chips) - MOST_CHIPS + 1}")]
        painter.setFont(look.font("caption"))
        metrics, right, most = painter.fontMetrics(), rect.right(), look.px(140)
        for icon, text in reversed(chips):
            shown = metrics.elidedText(visible(text), Qt.TextElideMode.ElideRight, most)
            width = metrics.horizontalAdvance(shown) + look.px(12) + (look.px(15) if icon else 0)
            if rect.right() - (right - width) > room:
                break
            self._chip(painter, QRect(right - width, rect.top(), width, rect.height()), icon, shown)
            right -= width + look.px(4)
        return rect.adjusted(0, 0, right - rect.right() - look.px(8), 0) if right != rect.right() else rect

    def _chip(self, painter: QPainter, rect: QRect, icon: str, text: str) -> None:
        look = theme.current()
        high = look.px(18)
        box = QRect(rect.left(), rect.center().y() - high // 2, rect.width(), high)
        painter.setPen(look.color("line"))
        painter.setBrush(look.color("panel"))
        painter.drawRoundedRect(box, look.px(4), look.px(4))
        inner = box.adjusted(look.px(6), 0, -look.px(6), 0)
        if icon:
            side = look.px(12)
            picture = icons.pixmap(icon, look.color("muted"), side)
            painter.drawPixmap(QRect(inner.left(), inner.center().y() - side // 2 + 1, side, side), picture)
            inner = inner.adjusted(look.px(15), 0, 0, 0)
        painter.setPen(look.color("muted"))
        painter.drawText(inner, LEFT, text)

    def _snippet_line(self, painter: QPainter, rect: QRect, index: Index, is_wide: bool) -> None:
        """What was found, and at the right how often and, where there is room, in what."""
        look = theme.current()
        hits = int(index.data(HITS) or 0)
        pieces = [words.many(hits, "hit") if hits > 1 else "", str(index.data(STATE) or "")]
        if is_wide:
            pieces += [str(index.data(MODEL) or ""), str(index.data(COST) or "")]
        painter.setFont(look.font("caption"))
        told = " · ".join(piece for piece in pieces if piece)
        told = painter.fontMetrics().elidedText(told, Qt.TextElideMode.ElideRight, rect.width() // 2)
        if told:
            painter.setPen(look.color("muted"))
            painter.drawText(rect, RIGHT, told)
            rect = rect.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(told) - look.px(12), 0)
        self._snippet(painter, rect, str(index.data(SNIPPET)))

    def _snippet(self, painter: QPainter, rect: QRect, text: str) -> None:
        """The hits stand on the colour of finds, in full tone; the rest is muted."""
        look, metrics, left = theme.current(), painter.fontMetrics(), rect.left()
        parts = _parts(text)
        for number, (is_hit, part) in enumerate(parts):
            rest = metrics.horizontalAdvance("…") if number < len(parts) - 1 else 0
            room = rect.right() - left
            shown = part if metrics.horizontalAdvance(part) + rest <= room else ""
            shown = shown or metrics.elidedText(part + "…" * bool(rest), Qt.TextElideMode.ElideRight, room)
            width = metrics.horizontalAdvance(shown)
            if is_hit and shown:
                high = metrics.height() + look.px(2)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.color("find"))
                painter.drawRoundedRect(QRect(left - 1, rect.center().y() - high // 2, width + 2, high), 2, 2)
            painter.setPen(look.color("text" if is_hit else "muted"))
            painter.drawText(QRect(left, rect.top(), room + 1, rect.height()), LEFT, shown)
            left += width
            if shown != part:
                return

    def _detail_line(self, painter: QPainter, rect: QRect, index: Index, is_wide: bool) -> None:
        look = theme.current()
        if not is_wide:
            rect = self._chips(painter, rect, index, rect.width() // 2)
        pieces = (str(index.data(role) or "") for role in (STATE, MODEL, COST))
        painter.setFont(look.font("caption"))
        self._elided(painter, rect, "muted", " · ".join(visible(piece) for piece in pieces if piece))

    def _elided(self, painter: QPainter, rect: QRect, tone: str, text: str) -> None:
        painter.setPen(theme.current().color(tone))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, max(0, rect.width()))
        painter.drawText(rect, LEFT, shown)


class ResultsView(QListView):
    """`opened` by Enter or a double click, `passed` when the one selected row changes, `menu_wanted` for a menu."""

    opened = Signal(str)
    passed = Signal(str)
    picked = Signal()  # the selection changed
    all_wanted = Signal()  # Ctrl+A: also the rows that were not read yet
    menu_wanted = Signal(object)  # the place on the screen

    def __init__(self, model: ResultsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("library.results")
        self.setAccessibleName("Conversations found")
        self.setModel(model)
        self.setItemDelegate(ResultDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.doubleClicked.connect(self._open)
        self.selectionModel().selectionChanged.connect(self._selection_changed)
        theme.current().changed.connect(self.scheduleDelayedItemsLayout)

    def selected(self) -> list[str]:
        """Ids from the top down."""
        return [self.model().index(row, 0).data(ID) for row in self.selected_rows()]

    def selected_rows(self) -> list[int]:
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    def selected_count(self) -> int:
        """Without naming them: cheap also for thousands."""
        ranges: list[QItemSelectionRange] = list(self.selectionModel().selection())  # type: ignore[call-overload]
        return sum(each.height() for each in ranges)

    def select(self, identity: str) -> None:
        """Make one row the current and only one, and see that it is in view."""
        model = self.model()
        assert isinstance(model, ResultsModel)
        row = model.row_of(identity)
        if row >= 0:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(model.index(row), flags)
            self.scrollTo(model.index(row))

    @contextmanager
    def still(self) -> Iterator[None]:
        """While rows come and go: what is at the top of the view stays there, unless that is the very beginning.

        Where all that was selected has gone, the row that came into its place is selected.
        """
        chosen = [QPersistentModelIndex(index) for index in self.selectionModel().selectedIndexes()]
        first = min((index.row() for index in chosen), default=0)
        bar, top = self.verticalScrollBar(), self.indexAt(QPoint(1, 1))
        held = QPersistentModelIndex(top) if bar.value() > 0 and top.isValid() else None
        before = self.visualRect(top).top() if held is not None else 0
        yield
        if chosen and not any(index.isValid() for index in chosen) and (rows := self.model().rowCount()):
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(self.model().index(min(first, rows - 1), 0), flags)
        if held is not None and held.isValid():
            self.executeDelayedItemsLayout()
            bar.setValue(bar.value() + self.visualRect(self.model().index(held.row(), 0)).top() - before)

    def step(self, by: int) -> None:
        """To the row above (-1) or below (1), and open it."""
        row = self.currentIndex().row() + by
        if row >= self.model().rowCount() - 1:
            self.model().fetchMore(QModelIndex())
        index = self.model().index(row, 0)
        if index.isValid():
            self.select(index.data(ID))
            self._open(index)

    def startDrag(self, supported: Qt.DropAction) -> None:
        """The dragged rows go as a small label with their number, not as a picture of all of them."""
        from PySide6.QtGui import QDrag  # nobody drags at the start

        indexes = self.selectionModel().selectedIndexes()
        if indexes:
            drag = QDrag(self)
            drag.setMimeData(self.model().mimeData(indexes))
            drag.setPixmap(_carried(words.many(len(indexes), "conversation")))
            drag.exec(supported, Qt.DropAction.MoveAction)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.selected_count():
            self.menu_wanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.all_wanted.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and (port := self.viewport()):
            port.setBackgroundRole(QPalette.ColorRole.NoRole)

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(ID))

    def _selection_changed(self) -> None:
        self.picked.emit()
        if self.selected_count() == 1:
            self.passed.emit(self.selectionModel().selectedIndexes()[0].data(ID))


def _parts(text: str) -> list[tuple[bool, str]]:
    """A snippet in one line and without the marks of Markdown, in pieces: whether it is a hit, and its text."""
    parts: list[tuple[bool, str]] = []
    for number, piece in enumerate(plain_words(" ".join(text.split())).split(HIT_BEGINS)):
        hit, _, rest = piece.partition(HIT_ENDS) if number else ("", "", piece)
        parts += [(True, visible(hit))] * bool(hit) + [(False, visible(rest))] * bool(rest)
    return parts


def _carried(text: str) -> QPixmap:
    """A pill that says what is being dragged."""
    look = theme.current()
    font = look.font("caption")
    ratio = 2.0
    width = QFontMetrics(font).horizontalAdvance(text) + look.px(20)
    pixmap = QPixmap(round(width * ratio), round(look.px(24) * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.color("accent"))
    box = QRect(0, 0, width, look.px(24))
    painter.drawRoundedRect(box, look.radius("control"), look.radius("control"))
    painter.setFont(font)
    painter.setPen(look.color("accent_text"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return pixmap
