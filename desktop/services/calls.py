"""The last calls to servers, as the wire dock lists them; fed by the client, without any key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from desktop.core.calls import CallStart, Fate
from desktop.core.secret import Redactor

KEPT_CALLS = 500
KEPT_REPLY_BYTES = 8 * 1024 * 1024
KEPT_IN_ALL_BYTES = 48 * 1024 * 1024


@dataclass(slots=True)
class CallRecord:
    """One call. `bytes_received` counts all, `reply` keeps the first 8 MiB while it is among the newest calls.

    Times are milliseconds from the start.
    """

    start: CallStart
    attempts: int = 1
    status: int | None = None
    reply_headers: tuple[tuple[str, str], ...] = ()
    first_byte_ms: float | None = None
    total_ms: float | None = None
    bytes_received: int = 0
    reply: bytearray = field(default_factory=bytearray)
    waits: list[tuple[float, str]] = field(default_factory=list)
    fate: Fate = Fate.OPEN
    is_partial: bool = False  # the reply was longer than what is kept of it
    model: str = ""
    dollars: str = ""

    @property
    def whole_reply(self) -> bytes:
        """The reply's bytes, or nothing where not all of them were kept."""
        return b"" if self.is_partial else bytes(self.reply)

    @property
    def call_id(self) -> str:
        return self.start.call_id


class Calls:
    """A Recorder that keeps the newest calls and tells listeners which one changed.

    The client takes the key out of what it records; what is left of one, in part or in disguise, goes at the end.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor or Redactor()
        self._records: OrderedDict[str, CallRecord] = OrderedDict()
        self._listeners: list[Callable[[CallRecord], None]] = []
        self._kept_bytes = 0

    def listen(self, listener: Callable[[CallRecord], None]) -> None:
        """`listener` hears of each new call, each answer and each end; not of each chunk."""
        self._listeners.append(listener)

    def records(self) -> list[CallRecord]:
        """Oldest first."""
        return list(self._records.values())

    def get(self, call_id: str) -> CallRecord | None:
        return self._records.get(call_id)

    def price(self, call_id: str, model: str, dollars: str) -> None:
        """What the ledger found a call to cost."""
        if record := self._records.get(call_id):
            record.model, record.dollars = model, dollars
            self._tell(record)

    def sending(self, call: CallStart, attempt: int) -> None:
        record = self._records.get(call.call_id)
        if record is None:
            record = self._records[call.call_id] = CallRecord(call)
            while len(self._records) > KEPT_CALLS:
                _, oldest = self._records.popitem(last=False)
                self._kept_bytes -= len(oldest.reply)
        record.attempts = attempt
        self._tell(record)

    def answered(self, call_id: str, status: int, headers: tuple[tuple[str, str], ...], at_ms: float) -> None:
        if record := self._records.get(call_id):
            record.status, record.reply_headers, record.first_byte_ms = status, headers, at_ms
            self._tell(record)

    def received(self, call_id: str, chunk: bytes, at_ms: float) -> None:
        if record := self._records.get(call_id):
            record.bytes_received += len(chunk)
            room = max(0, KEPT_REPLY_BYTES - len(record.reply))
            record.reply += chunk[:room]
            record.is_partial = record.is_partial or len(chunk) > room
            self._kept_bytes += min(room, len(chunk))

    def waiting(self, call_id: str, seconds: float, reason: str, at_ms: float) -> None:
        if record := self._records.get(call_id):
            record.waits.append((seconds, reason))
            self._tell(record)

    def ended(self, call_id: str, fate: Fate, at_ms: float) -> None:
        if record := self._records.get(call_id):
            record.fate, record.total_ms = fate, at_ms
            clean = self._redactor.clean_bytes(bytes(record.reply))
            self._kept_bytes += len(clean) - len(record.reply)
            record.reply[:] = clean
            self._make_room(record)
            self._tell(record)

    def _make_room(self, newest: CallRecord) -> None:
        """Let go of the oldest replies once all of them together are too much."""
        for record in self._records.values():
            if self._kept_bytes <= KEPT_IN_ALL_BYTES or record is newest:
                return
            self._kept_bytes -= len(record.reply)
            record.reply, record.is_partial = bytearray(), True

    def _tell(self, record: CallRecord) -> None:
        for listener in self._listeners:
            listener(record)
