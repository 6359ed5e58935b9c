"""Reads calls for the dock: portions of the list, one call, its texts; the work of workers, its results for widgets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from desktop.core.calls import CallRow, Fate
from desktop.core.errors import KnownError
from desktop.core.wire import endpoints, views
from desktop.ui.tasks import Tasks
from desktop.ui.wire.call_view import EVENTS, REQUEST, CallView
from desktop.ui.wire.calls_model import CallsModel

if TYPE_CHECKING:
    from desktop.core.wire.exchange import Exchange
    from desktop.core.wire.views import View
    from desktop.services.bundle import Services

PORTION = 200
AGAIN_MS, RUNNING_MS = 100, 500
LONG_REPLY_BYTES, SLOWEST = 256 * 1024, 8


class Reading(QObject):
    """`listed` when a portion has come, `lost` with the sentence of a call that is not kept any more."""

    listed = Signal()
    lost = Signal(str)

    def __init__(self, tasks: Tasks, calls: CallsModel, view: CallView, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks, self._calls, self._view = tasks, calls, view
        self._services: Services | None = None
        self.page: str | None = None
        self._shown = ""
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._read_again)
        calls.more_wanted.connect(lambda: self._tasks.start(self._portion(), name="portion"))
        view.read_wanted.connect(lambda tab: self._tasks.start(self._text(tab), name=f"text:{tab}"))

    def attach(self, services: Services) -> None:
        self._services = services

    # -- the list

    def reload(self) -> None:
        """The list anew, of `page` or, where that is None, of all."""
        if self._services is not None:
            self._calls.begin()
            self._tasks.start(self._portion(), name="portion")

    def heard(self, row: CallRow) -> None:
        if self.page is None or endpoints.belongs(row, self.page):
            self._calls.put(row)
        if row.call_id == self._shown and not self._again.isActive():
            self._again.start(AGAIN_MS)

    async def _portion(self) -> None:
        assert self._services is not None
        page = self.page
        try:
            rows = await self._services.wire.calls(page, PORTION, self._calls.last if self._calls.rowCount() else None)
        except BaseException:
            self._calls.stop_waiting()
            raise
        if page == self.page:
            self._calls.add(rows, is_all=len(rows) < PORTION)
            self.listed.emit()

    # -- one call

    def show(self, call_id: str) -> None:
        self._shown = call_id
        self._again.stop()
        if call_id:
            self._tasks.start(self._call(call_id), name="call")
        else:
            self._tasks.cancel("call")

    def _read_again(self) -> None:
        if self._shown and self._view.isVisible():
            self._tasks.start(self._call(self._shown), name="call")

    async def _call(self, call_id: str) -> None:
        assert self._services is not None
        try:
            exchange = await self._services.wire.get(call_id)
        except KnownError as error:
            if call_id == self._shown:
                self.lost.emit(f"{error.summary} {error.advice or ''}".strip())
            return
        if call_id != self._shown:
            return
        self._view.show_call(exchange)
        if exchange.fate is Fate.OPEN:
            pace = min(SLOWEST, 1 + len(exchange.reply) // LONG_REPLY_BYTES)  # a long one takes longer to be read
            self._again.start(RUNNING_MS * pace)

    async def _text(self, tab: int) -> None:
        exchange = self._view.exchange
        if exchange is None:
            return
        if tab == EVENTS:
            found = await asyncio.to_thread(views.events, exchange)
            if self._view.exchange is exchange:
                self._view.show_events(found, _cut_events(exchange, len(found)))
            return
        form = request_text if tab == REQUEST else reply_text
        view = await asyncio.to_thread(form, exchange, is_raw=self._view.is_raw)
        if self._view.exchange is exchange:
            self._view.show_view(tab, view)


def request_text(exchange: Exchange, *, is_raw: bool) -> View:
    """The request's body as the tab shows it."""
    shown = views.request_view(exchange)
    if not is_raw or exchange.parts:
        return shown
    exact = views.raw(exchange.body)
    return views.View(exact.text, exact.note or (shown.note if exchange.is_body_cut else ""))


def reply_text(exchange: Exchange, *, is_raw: bool) -> View:
    """The reply's: of a stream the text its events came to, unless it is to be seen as it came."""
    shown = views.reply_view(exchange)
    if is_raw:
        exact = views.raw(exchange.reply)
        return views.View(exact.text, shown.note if exchange.is_reply_cut else exact.note)
    if exchange.is_stream and exchange.reply and (text := views.joined(exchange)):
        note = shown.note if exchange.is_reply_cut else ""
        return views.View(text, note or "The text that the events came to.")
    return shown


def _cut_events(exchange: Exchange, count: int) -> str:
    if count >= views.EVENTS:
        return f"Only the first {views.EVENTS:,} events are listed."
    return views.reply_view(exchange).note if exchange.is_reply_cut else ""
