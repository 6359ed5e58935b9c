"""The first thing to see of a call: its timeline, how it ended, and its tries in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop.core.calls import Fate
from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.wire import words
from desktop.ui.wire.phases import Try, tries
from desktop.ui.wire.timeline import Legend, Timeline

if TYPE_CHECKING:
    from desktop.core.wire.exchange import Exchange


class Overview(QScrollArea):
    """`copied` carries the request id."""

    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._id = ""
        body = QWidget(self.viewport())
        self._column = QVBoxLayout(body)
        self.facts = plain_label("", "", body, wrap=True)
        self.facts.setObjectName("wire.facts")
        self.ending = plain_label("", "warn", body, wrap=True)
        self.ending.setObjectName("wire.ending")
        self.timeline = Timeline(body)
        self.legend = Legend(body)
        self.tries = plain_label("", "muted", body, wrap=True)
        self.tries.setObjectName("wire.tries")
        self.tries.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._id_row = QHBoxLayout()
        self.request_id = plain_label("", "muted", body)
        self.request_id.setObjectName("wire.request-id")
        self.request_id.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy_id = QPushButton("Copy", body)
        self.copy_id.setObjectName("wire.copy-id")
        self.copy_id.setAccessibleName("Copy the request id")
        theme.style_as(self.copy_id, "link")
        self.copy_id.clicked.connect(lambda: self.copied.emit(self._id))
        self._id_row.addWidget(self.request_id)
        self._id_row.addWidget(self.copy_id)
        self._id_row.addStretch(1)
        for each in (self.facts, self.ending, self.timeline, self.legend, self.tries):
            self._column.addWidget(each)
        self._column.addLayout(self._id_row)
        self._column.addStretch(1)
        self.setWidget(body)
        theme.current().changed.connect(self._measure)
        self._measure()

    def show_call(self, exchange: Exchange) -> None:
        now_ms = None if exchange.fate is not Fate.OPEN else time.time() * 1000 - exchange.started / 1000
        found = tries(exchange, now_ms)
        end = exchange.total_ms if exchange.total_ms is not None else (now_ms or 0.0)
        ends = [phase.end for each in found for phase in each.phases]
        self.timeline.show_tries(found, max([end, *ends]))
        self.legend.show_tries(found)
        self.facts.setText(" · ".join(_facts(exchange)))
        self.ending.setText(words.ended(exchange))
        self.ending.setVisible(bool(self.ending.text()))
        theme.style_as(self.ending, "muted" if exchange.fate is Fate.OPEN else "warn")
        told = "\n".join(sentence for each in found if (sentence := _told(each)))
        self.tries.setText(told)
        self.tries.setVisible(bool(told))
        self._id = exchange.request_id
        self.request_id.setText(f"Request id {self._id}")
        self.request_id.setVisible(bool(self._id))
        self.copy_id.setVisible(bool(self._id))

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(12), look.gap(8), look.gap(12), look.gap(8))
        self._column.setSpacing(look.gap(4))
        self._id_row.setSpacing(look.gap(4))


def _facts(exchange: Exchange) -> list[str]:
    """What the list does not say better."""
    received = f"{words.size(exchange.bytes_received)} received" if exchange.bytes_received else ""
    sent = f"{words.size(len(exchange.body))} sent" if exchange.body and not exchange.is_body_cut else ""
    pieces = (words.exact(exchange.started), words.duration(exchange.total_ms), sent, received)
    return [piece for piece in (*pieces, words.thinly(exchange.dollars)) if piece]


def _told(each: Try) -> str:
    """What the drawing cannot say of a try: a connection that was there, why another one followed."""
    attempt, said = each.attempt, []
    if attempt.is_reused:
        said.append("sent on a connection that was there already")
    if attempt.wait_s is not None:
        said.append(f"then a pause of {words.duration(attempt.wait_s * 1000)}: {attempt.reason or 'no reason given'}")
    return f"Try {each.number}: {'; '.join(said)}" if said else ""
