"""The wire dock: the list of calls at the left, one of them at the right, what can be done with them above."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QHideEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.calls import CallRow
from desktop.ui import icons, theme
from desktop.ui.tasks import Report, Tasks
from desktop.ui.widgets.buttons import action_button, icon_button, push_button
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic
from desktop.ui.wire.call_view import CallView
from desktop.ui.wire.calls_model import CallsModel
from desktop.ui.wire.calls_table import CallsTable
from desktop.ui.wire.doing import Doing
from desktop.ui.wire.reading import Reading
from desktop.ui.wire.strip import Strip

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.ui.wire.difference_view import DifferenceView

SCOPE, COLUMNS = "wire.scope", "wire.columns"
FILTER_MS = 150
LIST_SHARE = 0.45  # of the width, until the user moves the line between
EMPTY = "Each call to a server appears here, exactly as it was sent and answered."


class WireDock(QFrame):
    """`request_wanted` carries a PageRequest for a page's form, `key_offered` a Secret for the profile's key field."""

    notice = Signal(str, str)
    undo_offered = Signal(str, object)
    spent = Signal()
    request_wanted = Signal(object)
    key_offered = Signal(object)

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wire")
        self.setAccessibleName("Calls")
        theme.style_as(self, "dock")
        self.tasks = Tasks(report, self)
        self.services: Services | None = None
        self._page, self._wanted, self._followed = "", "", ""
        self.calls = CallsModel(self)
        self._build()
        self.reading = Reading(self.tasks, self.calls, self.view, self)
        self.doing = Doing(self)
        self._fill_head()
        self._connect()
        theme.current().changed.connect(self._measure)
        self._measure()
        self._share = LIST_SHARE
        self._show_rows()

    def attach(self, services: Services) -> None:
        """The services are there; called once."""
        self.services = services
        self.strip.attach(services)
        self.reading.attach(services)
        services.wire.listen(self._heard)
        self.tasks.start(self._restore(), name="restore")

    def set_page(self, name: str, title: str) -> None:
        """The page that is on the screen now."""
        if name != self._page:
            self._page = name
            self.scope.setItemText(0, no_mnemonic(f"Calls of {title}"))
            if self.scope.currentIndex() == 0:
                self._reload()

    def show_call(self, call_id: str) -> None:
        """Open the dock on a call, wherever it belongs."""
        self.show()
        self._wanted = call_id
        if self.table.select(call_id):
            self._wanted = ""
            return
        self.filter.clear()
        if self.scope.currentIndex() == 0:
            self.scope.setCurrentIndex(1)  # reads the list anew
        else:
            self._reload()
        self._open(call_id)  # older than what is listed: shown all the same

    def selected(self) -> list[CallRow]:
        return self.table.calls()

    def listed(self) -> list[str]:
        """The ids of all calls that are shown, the newest first."""
        rows = range(self.table.filtered.rowCount())
        sources = (self.table.filtered.mapToSource(self.table.filtered.index(row, 0)).row() for row in rows)
        return [self.calls.call(at).call_id for at in sources]

    def reason_to_stay(self) -> str:
        """A sentence if closing now would lose paid work, else nothing."""
        return "A call that is paid for is still running." if self.strip.is_paid else ""

    # -- building

    @cached_property
    def comparison(self) -> DifferenceView:
        """Two calls beside each other, made when they are first compared."""
        from desktop.ui.wire.difference_view import DifferenceView

        made = DifferenceView(self.right)
        made.closed.connect(self._show_one)
        self.right.addWidget(made)
        icons.refresh(theme.current(), made)
        return made

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setSpacing(0)
        column.setContentsMargins(0, 0, 0, 0)
        self._head = QHBoxLayout()
        column.addLayout(self._head)
        self.strip = Strip(self.tasks, self)
        column.addWidget(self.strip)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self.splitter.setObjectName("wire.splitter")
        self.splitter.setChildrenCollapsible(False)
        self.left, self.right = QStackedWidget(self.splitter), QStackedWidget(self.splitter)
        self.table = CallsTable(self.calls, self.left)
        self.left.addWidget(self.table)
        self.left.addWidget(self._empty())
        self.view = CallView(self.right)
        self.lost = plain_label("", "muted", self.right, wrap=True)
        self.lost.setObjectName("wire.lost")
        self.lost.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for each in (self.view, self.lost):
            self.right.addWidget(each)
        self.right.hide()
        self.splitter.addWidget(self.left)
        self.splitter.addWidget(self.right)
        self.splitter.splitterMoved.connect(lambda at, _: self._share_moved(at))
        column.addWidget(self.splitter, 1)

    def _empty(self) -> QWidget:
        nothing = QWidget(self.left)
        column = QVBoxLayout(nothing)
        column.addStretch(1)
        self.empty = plain_label(EMPTY, "muted", nothing, wrap=True)
        self.empty.setObjectName("wire.empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.empty)
        row = QHBoxLayout()
        row.addStretch(1)
        self.show_all = push_button(
            self, "wire.show-all", "Show all calls", lambda: self.scope.setCurrentIndex(1), "link"
        )
        self.paste_one = push_button(
            self, "wire.paste-one", "Paste a request", lambda: self.doing.paste.trigger(), "link"
        )
        row.addWidget(self.show_all)
        row.addWidget(self.paste_one)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        return nothing

    def _fill_head(self) -> None:
        self.scope = QComboBox(self)
        self.scope.setObjectName("wire.scope")
        self.scope.setAccessibleName("Which calls")
        self.scope.addItems(["Calls of this page", "All calls"])
        self.filter = QLineEdit(self, placeholderText="Filter by path, model, status, end", clearButtonEnabled=True)
        self.filter.setObjectName("wire.filter")
        self.filter.setAccessibleName("Filter calls")
        self._head.addWidget(self.scope)
        self._head.addWidget(self.filter, 1)
        self._menu_button("wire.copy", "Copy the call as code", "copy", self.doing.copy_menu)
        for action in (self.doing.replay, self.doing.edit, self.doing.compare):
            self._head.addWidget(action_button(self, action))
        self._menu_button("wire.more", "More to do with calls", "more", self.doing.more_menu)
        self.columns_button = self._icon_button("wire.columns", "Choose columns", "sliders", self._choose_columns)
        self.close_button = self._icon_button("wire.close", "Close the list of calls", "close", self.hide)

    def _icon_button(self, name: str, text: str, icon: str, work: Callable[[], object]) -> QToolButton:
        button = icon_button(self, name, text, icon, work)
        self._head.addWidget(button)
        return button

    def _menu_button(self, name: str, text: str, icon: str, make: Callable[[], QMenu]) -> None:
        def popup() -> None:
            menu = make()
            menu.aboutToHide.connect(menu.deleteLater)
            menu.popup(button.mapToGlobal(QPoint(0, button.height())))

        button = self._icon_button(name, text, icon, popup)

    def _connect(self) -> None:
        self.scope.currentIndexChanged.connect(self._scope_changed)
        self._filter_pause = QTimer(self, singleShot=True, interval=FILTER_MS)
        self._filter_pause.timeout.connect(self._filter)
        self.filter.textChanged.connect(lambda: self._filter_pause.start())
        self.table.chosen.connect(self._chosen)
        self.table.columns_changed.connect(lambda keys: self._remember(COLUMNS, keys))
        self.table.menu_wanted.connect(lambda at: self.doing.context_menu().popup(at))
        for signal in (
            self.table.filtered.rowsInserted,
            self.table.filtered.rowsRemoved,
            self.table.filtered.modelReset,
        ):
            signal.connect(lambda *_: self._show_rows())
        self.reading.listed.connect(self._listed)
        self.reading.lost.connect(self._say_lost)
        self.view.copied.connect(self.doing.copy_id_of)
        self.strip.began.connect(self._follow)
        self.strip.spent.connect(self.spent)
        find = QAction("Find in the call's text", self)
        find.setObjectName("wire.find-action")
        find.setShortcut(QKeySequence("Ctrl+F"))
        find.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.triggered.connect(lambda: self.view.open_find() if self.view.isVisible() else self.filter.setFocus())
        self.addAction(find)

    # -- what is listed

    def _heard(self, row: CallRow) -> None:
        if not self.isHidden():
            self.reading.heard(row)
            if row.call_id == self._followed and self.table.select(row.call_id):
                self._followed = ""

    def _reload(self) -> None:
        if self.services is not None and not self.isHidden():
            current = [row.call_id for row in self.selected()]
            self._wanted = self._wanted or (current[-1] if current else "")
            self.reading.page = self._page if self.scope.currentIndex() == 0 else None
            self.reading.reload()

    def _listed(self) -> None:
        if self._wanted and self.table.select(self._wanted):
            self._wanted = ""
        self._show_rows()

    def _filter(self) -> None:
        self.table.filtered.look_for(self.filter.text())
        self._show_rows()

    def _scope_changed(self) -> None:
        self._remember(SCOPE, self.scope.currentIndex())
        self._reload()

    def _show_rows(self) -> None:
        has_rows = self.table.filtered.rowCount() > 0
        self.left.setCurrentIndex(0 if has_rows or self.calls.is_waiting else 1)
        is_page = self.scope.currentIndex() == 0
        if self.table.filtered.is_filtered:
            self.empty.setText("No call fits the filter.")
        else:
            self.empty.setText(f"{self.scope.itemText(0)} will appear here." if is_page and self._page else EMPTY)
        self.show_all.setVisible(is_page)
        self.doing.update()

    # -- what is chosen

    def _chosen(self) -> None:
        rows = self.selected()
        self.doing.update()
        if rows:
            self._open(rows[-1].call_id)
        elif self.calls.rowCount() and not self.calls.is_waiting:
            self.right.hide()
            self.reading.show("")

    def _open(self, call_id: str) -> None:
        if self.view.exchange is None or self.view.exchange.call_id != call_id or self.right.isHidden():
            self.reading.show(call_id)
        self._show_one()

    def _show_one(self) -> None:
        self.right.setCurrentWidget(self.view)
        self._show_right()

    def _show_right(self) -> None:
        if self.right.isHidden():
            self.right.show()
            self._share_out()

    def _share_out(self) -> None:
        room = self.splitter.width()
        self.splitter.setSizes([round(room * self._share), room - round(room * self._share)])

    def _share_moved(self, at: int) -> None:
        self._share = at / max(1, self.splitter.width())

    def show_difference(self, before: CallRow, after: CallRow, found: Any) -> None:
        self.comparison.show_difference(before, after, found)
        self.right.setCurrentWidget(self.comparison)
        self._show_right()

    def _say_lost(self, sentence: str) -> None:
        self.lost.setText(sentence)
        self.right.setCurrentWidget(self.lost)
        self._show_right()

    def _follow(self, call_id: str) -> None:
        """A call was sent from here: it is what one wants to see next."""
        self._followed = call_id
        if self.table.select(call_id):
            self._followed = ""

    def _choose_columns(self) -> None:
        self.table.choose_columns(self.columns_button.mapToGlobal(QPoint(0, self.columns_button.height())))

    # -- what it remembers

    async def _restore(self) -> None:
        assert self.services is not None
        scope = await self.services.remembered(SCOPE, 0)
        columns = await self.services.remembered(COLUMNS, [])
        self.scope.blockSignals(True)
        self.scope.setCurrentIndex(1 if scope == 1 else 0)
        self.scope.blockSignals(False)
        if isinstance(columns, list):
            self.table.set_columns(columns or None)
        self._reload()

    def _remember(self, name: str, value: object) -> None:
        if self.services is not None:
            self.tasks.start(self.services.remember(name, value), name=f"remember:{name}")

    # -- Qt's events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self.right.isHidden() and event.oldSize().width() != event.size().width():
            self._share_out()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.doing.update()
        if not event.spontaneous():
            self._reload()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.doing.update()

    def _measure(self) -> None:
        look = theme.current()
        self._head.setContentsMargins(look.gap(12), look.gap(4), look.gap(8), look.gap(4))
        self._head.setSpacing(look.gap(4))
        self.setMinimumHeight(look.px(120))
        self.splitter.setHandleWidth(look.gap(4))
        self.lost.setContentsMargins(*[look.gap(16)] * 4)
