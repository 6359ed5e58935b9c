"""One call: its timeline, request, reply, events and headers, each read in a worker when it is first looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from desktop.core.calls import Fate
from desktop.ui import icons, theme
from desktop.ui.widgets.find_line import FindLine
from desktop.ui.widgets.labels import plain_label
from desktop.ui.wire.events_view import EventsView
from desktop.ui.wire.overview import Overview
from desktop.ui.wire.text_view import TextView

if TYPE_CHECKING:
    from desktop.core.wire.exchange import Exchange, Headers
    from desktop.core.wire.views import View

TIMELINE, REQUEST, REPLY, EVENTS, HEADERS = range(5)
TABS = ("Timeline", "Request", "Reply", "Events", "Headers")


class CallView(QWidget):
    """`read_wanted` asks for the text of a tab; `show_view` and `show_events` bring it. `copied` carries an id."""

    read_wanted = Signal(int)
    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wire.call")
        self._exchange: Exchange | None = None
        self._stale: set[int] = set()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        self.find_line = FindLine("wire", "Find in this text", (8, 4), self)
        column.addWidget(self.find_line)
        self.note = plain_label("", "warn", self, wrap=True)
        self.note.setObjectName("wire.note")
        self.note.hide()
        column.addWidget(self.note)
        self.stack = QStackedWidget(self)
        self.overview, self.events = Overview(self.stack), EventsView(self.stack)
        self.request = TextView("wire.request", "Request", self.stack)
        self.reply = TextView("wire.reply", "Reply", self.stack)
        self.headers = TextView("wire.headers", "Headers", self.stack)
        for each in (self.overview, self.request, self.reply, self.events, self.headers):
            self.stack.addWidget(each)
        column.addWidget(self.stack, 1)
        self._notes: dict[int, str] = {}
        self._connect()
        theme.current().changed.connect(self._measure)
        self._measure()
        self._show_tab(TIMELINE)

    def _head(self) -> QHBoxLayout:
        row = self._row = QHBoxLayout()
        self.tabs = QTabBar(self)
        self.tabs.setObjectName("wire.tabs")
        self.tabs.setAccessibleName("Parts of the call")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(True)
        for title in TABS:
            self.tabs.addTab(title)
        row.addWidget(self.tabs, 1)
        self.raw = self._tool("wire.raw", "Show it as it came, not laid out", "type", checkable=True)
        self.wrapped = self._tool("wire.wrap", "Wrap long lines", "sort", checkable=True)
        self.wrapped.setChecked(True)
        self.find_button = self._tool("wire.find-button", "Find in this text (Ctrl+F)", "search")
        return row

    def _tool(self, name: str, tells: str, icon: str, *, checkable: bool = False) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setAccessibleName(tells)
        button.setToolTip(tells)
        button.setCheckable(checkable)
        icons.put(button, icon, checked="accent" if checkable else "")
        self._row.addWidget(button)
        return button

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._show_tab)
        self.raw.toggled.connect(self._raw_toggled)
        self.wrapped.toggled.connect(self._wrap)
        self.find_button.clicked.connect(self.open_find)
        self.find_line.searched.connect(self._look_for)
        self.find_line.moved.connect(self._next_hit)
        self.find_line.closed.connect(self._end_find)
        self.overview.copied.connect(self.copied)
        for view in self._texts:
            view.found.connect(self.find_line.set_place)

    # -- what is shown

    def show_call(self, exchange: Exchange) -> None:
        """Another call, or the same one further on."""
        is_other = self._exchange is None or self._exchange.call_id != exchange.call_id
        is_new = is_other or exchange != self._exchange
        self._exchange = exchange
        self.overview.show_call(exchange)
        if is_new:
            if is_other:
                self._notes.clear()
                self._empty()
            self._stale = {REQUEST, REPLY, EVENTS, HEADERS}
            self.tabs.setTabEnabled(EVENTS, exchange.is_stream)
            self.tabs.setTabText(REPLY, "Reply" if exchange.status is None or exchange.status < 400 else "Error")
            if not exchange.is_stream and self.tabs.currentIndex() == EVENTS:
                self.tabs.setCurrentIndex(REPLY)
            self._read()

    @property
    def exchange(self) -> Exchange | None:
        return self._exchange

    @property
    def is_raw(self) -> bool:
        return self.raw.isChecked()

    def show_view(self, tab: int, view: View) -> None:
        """The text of the request's or the reply's tab."""
        text = self.request if tab == REQUEST else self.reply
        nothing = "No body was sent." if tab == REQUEST else self._nothing_came()
        text.setPlaceholderText(nothing)
        text.show_text(view.text, is_json=not self.is_raw)
        self._notes[tab] = view.note
        self._say_note()

    def show_events(self, events: tuple, note: str = "") -> None:
        self.events.show_events(events)
        self._notes[EVENTS] = note
        self._say_note()

    def open_find(self) -> None:
        if self._text is None:
            self.tabs.setCurrentIndex(REPLY)
        self.find_line.enter()

    # -- inside

    @property
    def _texts(self) -> tuple[TextView, ...]:
        return (self.request, self.reply, self.headers)

    @property
    def _text(self) -> TextView | None:
        shown = self.stack.currentWidget()
        return shown if isinstance(shown, TextView) else None

    def _empty(self) -> None:
        self.request.show_text("")
        self.reply.show_text("")
        self.events.show_events(())

    def _nothing_came(self) -> str:
        assert self._exchange is not None
        return "Nothing has come yet." if self._exchange.fate is Fate.OPEN else "The reply has no body."

    def _show_tab(self, tab: int) -> None:
        self.stack.setCurrentIndex(tab)
        self.raw.setEnabled(tab in (REQUEST, REPLY))
        self.wrapped.setEnabled(self._text is not None)
        self.find_button.setEnabled(self._exchange is not None)
        if self._text is None and not self.find_line.isHidden():
            self.find_line.leave()
        elif self._text is not None and not self.find_line.isHidden():
            self._text.look_for(self.find_line.field.text())
        self._say_note()
        self._read()

    def _read(self) -> None:
        tab = self.tabs.currentIndex()
        if self._exchange is None or tab not in self._stale:
            return
        self._stale.discard(tab)
        if tab == HEADERS:
            self.headers.show_text(headers_text(self._exchange))
        else:
            self.read_wanted.emit(tab)

    def _raw_toggled(self) -> None:
        self._stale |= {REQUEST, REPLY}
        self._read()

    def _wrap(self, wrapped: bool) -> None:
        for view in self._texts:
            view.wrap(wrapped)

    def _look_for(self, text: str) -> None:
        if self._text is not None:
            self._text.look_for(text)

    def _next_hit(self, step: int) -> None:
        if self._text is not None:
            self._text.next_hit(step)

    def _end_find(self) -> None:
        for view in self._texts:
            view.look_for("")
        if self._text is not None:
            self._text.setFocus()

    def _say_note(self) -> None:
        note = self._notes.get(self.tabs.currentIndex(), "")
        self.note.setText(note)
        self.note.setVisible(bool(note))
        found = self._exchange
        theme.style_as(self.note, "warn" if found and (found.is_body_cut or found.is_reply_cut) else "muted")

    def set_tab(self, tab: int) -> None:
        with QSignalBlocker(self.tabs):
            self.tabs.setCurrentIndex(tab)
        self._show_tab(tab)

    def _measure(self) -> None:
        look = theme.current()
        self._row.setContentsMargins(look.gap(4), 0, look.gap(4), 0)
        self._row.setSpacing(0)
        self.note.setContentsMargins(look.gap(12), look.gap(2), look.gap(12), look.gap(2))


def headers_text(exchange: Exchange) -> str:
    """Both heads line by line; no key is among them."""
    parts = [f"{exchange.method} {exchange.url}", *_lines(exchange.request_headers)]
    answer = f"Status {exchange.status}" if exchange.status is not None else "No answer"
    parts += ["", answer, *_lines(exchange.reply_headers)]
    if exchange.request_id:
        parts = [f"Request id: {exchange.request_id}", "", *parts]
    if exchange.rate_limits:
        parts += ["", "What is left of the limits", *_lines(exchange.rate_limits)]
    return "\n".join(parts)


def _lines(headers: Headers) -> list[str]:
    return [f"    {name}: {value}" for name, value in headers]
