"""The history at the left of the chat page: search, rows of two lines, the trash."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QFont, QKeyEvent, QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.plain_words import plain_words
from desktop.core.text import visible
from desktop.ui import icons, theme
from desktop.ui.chat.conversations_model import DETAIL, ID, PINNED, TITLE, WORKING, ConversationsModel
from desktop.ui.widgets.labels import plain_label

SEARCH_PAUSE_MS = 80
HIT_BEGINS, HIT_ENDS = "\ue000", "\ue001"


class RowDelegate(QStyledItemDelegate):
    """A row of two lines: title, muted detail; a pin or a dot at the right. Text is drawn plain."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, theme.current().px(52))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look = theme.current()
        painter.save()
        rect: QRect = option.rect
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("hover"))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(look.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        inner = rect.adjusted(look.px(16), look.px(8), -look.px(12), -look.px(8))
        inner = self._signs(painter, inner, index)
        title, detail = look.font("body"), look.font("caption")
        height = inner.height() // 2
        self._line(painter, inner.adjusted(0, 0, 0, -height), title, "text", visible(str(index.data(TITLE))))
        below = QRect(inner.left(), inner.top() + height, inner.width(), inner.height() - height)
        self._detail(painter, below, detail, str(index.data(DETAIL)))
        painter.restore()

    def _signs(self, painter: QPainter, inner: QRect, index: QModelIndex | QPersistentModelIndex) -> QRect:
        look = theme.current()
        size = look.px(14)
        name = "pin" if index.data(PINNED) else ""
        if index.data(WORKING):
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("accent"))
            dot = look.px(8)
            painter.drawEllipse(inner.right() - dot, inner.top() + look.px(5), dot, dot)
            return inner.adjusted(0, 0, -dot - look.px(8), 0)
        if name:
            picture = icons.pixmap(name, look.color("muted"), size)
            painter.drawPixmap(QRect(inner.right() - size, inner.top() + look.px(2), size, size), picture)
            return inner.adjusted(0, 0, -size - look.px(8), 0)
        return inner

    def _line(self, painter: QPainter, rect: QRect, font: QFont, tone: str, text: str) -> None:
        painter.setFont(font)
        painter.setPen(theme.current().color(tone))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _detail(self, painter: QPainter, rect: QRect, font: QFont, text: str) -> None:
        """A snippet's hits are in full colour, the rest is muted."""
        if HIT_BEGINS not in text:
            self._line(painter, rect, font, "muted", visible(text))
            return
        painter.setFont(font)
        left, metrics = rect.left(), painter.fontMetrics()
        for number, piece in enumerate(plain_words(" ".join(text.split())).split(HIT_BEGINS)):
            hit, _, rest = piece.partition(HIT_ENDS) if number else ("", "", piece)
            for tone, words in (("text", hit), ("muted", rest)):
                shown = metrics.elidedText(visible(words), Qt.TextElideMode.ElideRight, max(0, rect.right() - left))
                painter.setPen(theme.current().color(tone))
                if tone == "text" and shown:
                    found = QRect(left, rect.top() + 1, metrics.horizontalAdvance(shown), rect.height() - 2)
                    painter.fillRect(found, theme.current().color("find"))
                painter.drawText(
                    QRect(left, rect.top(), rect.right() - left, rect.height()), Qt.AlignmentFlag.AlignVCenter, shown
                )
                left += metrics.horizontalAdvance(shown)


class ConversationList(QWidget):
    """Search field, list, trash switch. Signals carry ids; what they mean is the page's matter."""

    opened = Signal(str)
    new_wanted = Signal()
    search_changed = Signal(str)
    trash_shown = Signal(bool)
    rename_wanted = Signal(str)
    pin_wanted = Signal(str, bool)
    trash_wanted = Signal(list)
    restore_wanted = Signal(list)
    purge_wanted = Signal(list)
    more_wanted = Signal()  # the last row came into view

    def __init__(self, model: ConversationsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self._build()
        self._pause = QTimer(self, singleShot=True, interval=SEARCH_PAUSE_MS)
        self._pause.timeout.connect(lambda: self.search_changed.emit(self.search.text()))
        self.search.textChanged.connect(lambda: self._pause.start())
        self.view.clicked.connect(self._open)
        self.view.activated.connect(self._open)
        self.trash_button.toggled.connect(self._switch)
        self.new_button.clicked.connect(self.new_wanted)
        self.view.verticalScrollBar().valueChanged.connect(self._scrolled)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        top = self._top = QHBoxLayout()
        self.search = QLineEdit(self, placeholderText="Search conversations", clearButtonEnabled=True)
        self.search.setObjectName("chat.search")
        self.search.setAccessibleName("Search conversations")
        self.new_button = QToolButton(self)
        self.new_button.setObjectName("chat.new")
        self.new_button.setAccessibleName("New conversation")
        self.new_button.setToolTip("New conversation (Ctrl+N)")
        icons.put(self.new_button, "new", "text")
        top.addWidget(self.search, 1)
        top.addWidget(self.new_button)
        self.view = _View(self)
        self.view.setModel(self.model)
        self.empty = plain_label("", "muted", self, wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self.trash_button = QToolButton(self, checkable=True, text="Trash")
        self.trash_button.setObjectName("chat.trash")
        self.trash_button.setAccessibleName("Show the trash")
        self.trash_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        icons.put(self.trash_button, "trash")
        foot = self._foot = QHBoxLayout()
        foot.addWidget(self.trash_button)
        foot.addStretch(1)
        column.addLayout(top)
        column.addWidget(self.view, 1)
        column.addWidget(self.empty, 1)
        column.addLayout(foot)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.say_empty()
        self._actions()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setContentsMargins(0, look.gap(12), 0, 0)
        self.layout().setSpacing(look.gap(8))
        self._top.setContentsMargins(look.gap(12), 0, look.gap(12), 0)
        self._top.setSpacing(look.gap(8))
        self._foot.setContentsMargins(look.gap(12), 0, look.gap(12), look.gap(8))
        self.empty.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), 0)

    def _actions(self) -> None:
        self.rename_action = self._action("Rename", "F2", "rename", lambda ids: self.rename_wanted.emit(ids[0]))
        self.pin_action = self._action("Pin", "Ctrl+Shift+P", "pin", self._pin)
        self.trash_action = self._action("Move to trash", "Delete", "trash", self.trash_wanted.emit)
        self.restore_action = self._action("Restore", "", "restore", self.restore_wanted.emit)
        self.purge_action = self._action("Delete for good", "", "trash", self.purge_wanted.emit)

    def _action(self, text: str, keys: str, icon: str, work: Callable[[list[str]], object]) -> QAction:
        action = QAction(text, self.view)
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        icons.put(action, icon)
        action.triggered.connect(lambda: self.selected() and work(self.selected()))
        self.view.addAction(action)
        return action

    def say_empty(self, text: str = "") -> None:
        """Show the list, or, where it has no rows, a sentence in its place."""
        has_rows = self.model.rowCount() > 0
        self.view.setVisible(has_rows)
        self.empty.setVisible(not has_rows)
        self.empty.setText(text)

    def selected(self) -> list[str]:
        return [index.data(ID) for index in self.view.selectionModel().selectedIndexes()]

    def select(self, identity: str | None) -> None:
        """Mark the conversation that is open, without opening it again."""
        row = self.model.row_of(identity)
        if row < 0:
            self.view.clearSelection()
            self.view.setCurrentIndex(QModelIndex())
        else:
            self.view.setCurrentIndex(self.model.index(row))

    def shows_trash(self) -> bool:
        return self.trash_button.isChecked()

    def menu_for(self, ids: list[str]) -> QMenu:
        """The context menu of the selected rows."""
        menu = QMenu(self.view)
        if self.shows_trash():
            menu.addActions([self.restore_action, self.purge_action])
            return menu
        pinned = all(self.model.at(self.model.row_of(i)).is_pinned for i in ids)
        self.pin_action.setText("Unpin" if pinned else "Pin")
        self.rename_action.setEnabled(len(ids) == 1)
        menu.addActions([self.rename_action, self.pin_action])
        menu.addSeparator()
        menu.addAction(self.trash_action)
        return menu

    def _pin(self, ids: list[str]) -> None:
        for identity in ids:
            self.pin_wanted.emit(identity, not self.model.at(self.model.row_of(identity)).is_pinned)

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(ID))

    def _scrolled(self, value: int) -> None:
        if value == self.view.verticalScrollBar().maximum() > 0:
            self.more_wanted.emit()

    def _switch(self, is_trash: bool) -> None:
        for action in (self.rename_action, self.pin_action, self.trash_action):
            action.setEnabled(not is_trash)
        for action in (self.restore_action, self.purge_action):
            action.setEnabled(is_trash)
        self.trash_shown.emit(is_trash)


class _View(QListView):
    """The list itself: rows of one height, several selected at once, a menu by mouse and keyboard."""

    def __init__(self, owner: ConversationList) -> None:
        super().__init__(owner)
        self._owner = owner
        self.setObjectName("chat.conversations")
        self.setAccessibleName("Conversations")
        self.setItemDelegate(RowDelegate(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        theme.current().changed.connect(self.scheduleDelayedItemsLayout)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if ids := self._owner.selected():
            self._owner.menu_for(ids).popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._owner.opened.emit(self.currentIndex().data(ID))
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and (port := self.viewport()):
            port.setBackgroundRole(QPalette.ColorRole.NoRole)
