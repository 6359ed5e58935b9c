"""Past recordings at the left: search over what was said in them, rows of two lines."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QMenu, QVBoxLayout, QWidget

from desktop.core.conversation import Conversation
from desktop.ui import icons, theme
from desktop.ui.chat.conversation_list import SEARCH_PAUSE_MS, RowDelegate
from desktop.ui.chat.conversations_model import ID, ConversationsModel
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.moments import relative
from desktop.ui.widgets.row_list import RowList

STATES = {
    "running": "is being heard",
    "waiting": "waits",
    "pausing": "pauses",
    "paused": "paused",
    "queued": "to come",
    "failed": "not transcribed",
    "cancelled": "cancelled",
}


class RecordingsModel(ConversationsModel):
    """Conversations of this page; the detail is the snippet of a hit, else the time and the model, or, of one that is
    not done, how it stands. `state_of` tells of a conversation the state of its job."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state_of: Callable[[str], str] = lambda conversation: ""

    def _detail(self, row: Conversation) -> str:
        stands = STATES.get(self.state_of(row.id), row.model)
        return " · ".join(piece for piece in (relative(row.updated, self._now()), stands) if piece)


class History(QWidget):
    """Signals carry ids of conversations; what they mean is the page's matter."""

    opened = Signal(str)
    search_changed = Signal()
    more_wanted = Signal()
    rename_wanted = Signal(str)
    trash_wanted = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = RecordingsModel(self)
        self._column = QVBoxLayout(self)
        self._top = QVBoxLayout()
        self.search = QLineEdit(self, placeholderText="Search recordings", clearButtonEnabled=True)
        self.search.setObjectName("transcription.search")
        self.search.setAccessibleName("Search recordings")
        self._top.addWidget(self.search)
        self.view = _View(self)
        self.view.setModel(self.model)
        self.view.selectionModel().selectionChanged.connect(lambda: self._enable())
        self.empty = plain_label("Finished recordings appear here.", "muted", self, wrap=True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self._column.addLayout(self._top)
        self._column.addWidget(self.view, 1)
        self._column.addWidget(self.empty, 1)
        self._pause = QTimer(self, singleShot=True, interval=SEARCH_PAUSE_MS)
        self._pause.timeout.connect(lambda: self.search_changed.emit())
        self.search.textChanged.connect(lambda: self._pause.start())
        self.view.clicked.connect(self._open)
        self.view.activated.connect(self._open)
        bar = self.view.verticalScrollBar()
        bar.valueChanged.connect(lambda value: self.more_wanted.emit() if value == bar.maximum() > 0 else None)
        self.rename_action = self._action("rename", "Rename the recording", "F2", "rename", self._rename)
        self.trash_action = self._action("trash", "Move the recording to the trash", "Delete", "trash", self._trash)
        theme.current().changed.connect(self._measure)
        self._measure()
        self._enable()
        self.show_rows([])

    def _action(self, name: str, text: str, keys: str, icon: str, work: Callable[[], None]) -> QAction:
        action = QAction(text, self.view)
        action.setObjectName(f"transcription.{name}")
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        icons.put(action, icon)
        action.triggered.connect(lambda: work())
        self.view.addAction(action)
        return action

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(0, look.gap(12), 0, 0)
        self._column.setSpacing(look.gap(8))
        self._top.setContentsMargins(look.gap(12), 0, look.gap(12), 0)
        self.empty.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), 0)

    def show_rows(self, rows: list[Conversation]) -> None:
        self.model.replace(rows)
        self.view.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        searched = self.search.text().strip()
        self.empty.setText(f"Nothing found for “{searched}”." if searched else "Finished recordings appear here.")

    def draw_anew(self) -> None:
        """Jobs have changed: how a recording stands is asked while it is drawn."""
        if self.view.isVisible():
            self.view.viewport().update()

    def selected(self) -> list[str]:
        return [str(index.data(ID)) for index in self.view.selectionModel().selectedIndexes()]

    def select(self, conversation: str) -> None:
        """Mark the one that is open."""
        row = self.model.row_of(conversation)
        self.view.setCurrentIndex(self.model.index(row) if row >= 0 else QModelIndex())
        if row < 0:
            self.view.clearSelection()

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(str(index.data(ID)))

    def _enable(self) -> None:
        count = len(self.selected())
        self.rename_action.setEnabled(count == 1)
        self.trash_action.setEnabled(count > 0)

    def _rename(self) -> None:
        if ids := self.selected():
            self.rename_wanted.emit(ids[0])

    def _trash(self) -> None:
        if ids := self.selected():
            self.trash_wanted.emit(ids)


class _View(RowList):
    def __init__(self, owner: History) -> None:
        super().__init__("transcription.history", "Finished recordings", owner)
        self._owner = owner
        self.setItemDelegate(RowDelegate(self))
        self.setUniformItemSizes(True)

    def entered_on(self, index: QModelIndex) -> None:
        self._owner.opened.emit(str(index.data(ID)))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._owner.selected():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions([self._owner.rename_action, self._owner.trash_action])
            menu.popup(event.globalPos())
