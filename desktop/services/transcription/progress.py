"""How far a job is, in words and as a share: what has arrived, what is under way, and the words of a stream."""

from __future__ import annotations

import asyncio

from desktop.api.audio import Piece as Event
from desktop.api.client import Wait
from desktop.core.transcript import Segment
from desktop.services.jobs import Handle
from desktop.services.transcription.pace import span
from desktop.services.transcription.parts import Parts
from desktop.services.transcription.sending import Tools

TELL_S = 0.5
LISTENED = 0.05  # of the whole is looking for pauses
SENT = 0.15  # of a part's work is its upload
LATE, LATE_S = 3.0, 30.0  # times what is expected, and at least so long: it is said
USUAL_RATE = 10.0  # seconds of sound that a model hears in one, until it has shown its own rate


class Progress:
    """Of one job's parts. `flying` has the share of each that is on its way, `texts` what a stream has said of it."""

    def __init__(self, tools: Tools, handle: Handle, key: tuple[str, str], parts: Parts) -> None:
        self._tools, self._handle, self._key, self._parts = tools, handle, key, parts
        self.flying: dict[int, float] = {}
        self.texts: dict[int, str] = {}
        self._out_at: dict[int, float] = {}  # when a part's last byte went out
        self._waiting: dict[int, tuple[float, str]] = {}  # parts whose call waits before it tries again, and until when
        self._waits: dict[int, Wait] = {}
        self._late_s = 0.0  # since the first of those went out that take longer than they should
        self.trouble = ""  # why what has arrived cannot be kept

    # -- what happens to a part

    def sent(self, number: int, done: int, of: int) -> None:
        self._waiting.pop(number, None)
        self._waits.pop(number, None)
        begins = number not in self.flying
        self.flying[number] = SENT * done / of
        if done == of:
            self._out_at[number] = self._tools.clock()
        if begins:
            self.show()

    def waits(self, number: int, wait: Wait) -> None:
        """It was refused and is tried again."""
        self.flying.pop(number, None)
        self._out_at.pop(number, None)
        self._waiting[number] = (self._tools.clock() + wait.seconds, wait.reason)
        self._waits[number] = wait

    def hurry(self) -> None:
        """What waits is tried again now."""
        for wait in self._waits.values():
            wait.cut_short()

    def heard(self, number: int, event: Event) -> None:
        if event.delta:
            self.texts[number] = self.texts.get(number, "") + event.delta

    def ended(self, number: int) -> None:
        for each in (self.flying, self.texts, self._out_at, self._waiting, self._waits):
            each.pop(number, None)

    def is_out(self, number: int) -> bool:
        """Whether all of a part has gone out, so that the server may have heard it."""
        return number in self._out_at

    @property
    def growing(self) -> list[Segment]:
        """What streams have said so far, each under the part it belongs to."""
        pieces = self._parts.pieces
        return [
            Segment(f"growing-{number}", pieces[number].begins, pieces[number].ends, text.strip())
            for number, text in sorted(self.texts.items())
            if text.strip()
        ]

    # -- telling

    async def tick(self) -> None:
        """Tell it twice a second, until it is cancelled."""
        while True:
            await asyncio.sleep(TELL_S)
            self.show()

    def show(self) -> None:
        self._guess()
        if self.trouble:
            self._handle.waits(self.trouble)
        elif self.flying:
            self._handle.works(self._words(), self.share)
        elif self._waiting:
            until, reason = max(self._waiting.values())
            words = f"{reason.rstrip('.')}. Tries again in {span(until - self._tools.clock())}"
            self._handle.waits(words, gives_way=True)

    def _words(self) -> str:
        done, of = len(self._parts.done), len(self._parts.pieces)
        words = "Is being heard" if self._out_at else "Sends"
        words += "" if of == 1 else f", {done} of {of} parts are done"
        return words + (f", takes longer than usual: {span(self._late_s)} so far" if self._late_s else "")

    @property
    def share(self) -> float:
        pieces = self._parts.pieces
        whole = sum(piece.seconds for piece in pieces.values()) or 1.0
        under_way = sum(pieces[number].seconds * share for number, share in self.flying.items())
        return min(LISTENED + (1 - LISTENED) * (self._parts.seconds_done() + under_way) / whole, 0.99)

    def _guess(self) -> None:
        """Parts that are sent are as far as the model's own rate lets expect."""
        rate = self._tools.rates.get(self._key, USUAL_RATE)
        now, self._late_s = self._tools.clock(), 0.0
        for number, at in self._out_at.items():
            took = (now - at) / max(self._parts.pieces[number].seconds / rate, 0.5)
            if took > LATE and now - at > LATE_S:
                self._late_s = max(self._late_s, now - at)
            self.flying[number] = SENT + (0.97 - SENT) * (took * 0.9 if took < 1 else 1 - 0.1 / took)
