"""The hits of a search in the open conversation, and which one is shown."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.ui.chat.find_bar import FindBar
from desktop.ui.widgets.transcript import TranscriptView


class Finding(QObject):
    """Walks with the bar's arrows over the messages that were found; the newest one comes first."""

    def __init__(self, bar: FindBar, transcript: TranscriptView, parent: QObject) -> None:
        super().__init__(parent)
        self._bar, self._transcript = bar, transcript
        self._hits: list[str] = []
        self._at = -1
        bar.moved.connect(self._move)

    def show(self, words: str, hits: list[str]) -> None:
        """`hits` are ids of messages, first to last."""
        self._hits, self._at = hits, len(hits) - 1
        self._transcript.find_marks(words)
        self._show_hit()

    def _move(self, step: int) -> None:
        if self._hits:
            self._at = (self._at + step) % len(self._hits)
            self._show_hit()

    def _show_hit(self) -> None:
        self._bar.set_place(self._at + 1, len(self._hits))
        if self._hits:
            self._transcript.show_message(self._hits[self._at])
