"""The last calls to servers, as the wire view lists them; fed by the client, without any key."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from msgspec.structs import replace

from desktop.core.calls import CallRow, CallStart, Fate, Mark
from desktop.core.secret import Redactor
from desktop.core.wire import endpoints
from desktop.core.wire.exchange import Attempt, Exchange, Stamps, header
from desktop.core.wire.references import parts_of

KEPT_CALLS = 500
KEPT_REPLY_BYTES = 8 * 1024 * 1024
KEPT_IN_ALL_BYTES = 48 * 1024 * 1024
CLEANED_AT_ONCE_BYTES = 16 * 1024  # a larger body is cleaned in a worker, before anyone is shown it
STAMPS = 20_000  # from here on every second one is let go, and later ones come half as often


@dataclass(slots=True)
class Arrivals:
    """When bytes came: pairs of milliseconds and the number of bytes that were there by then."""

    at_ms: array[float] = field(default_factory=lambda: array("d"))
    ends: array[int] = field(default_factory=lambda: array("Q"))
    apart_ms: float = 0.5
    next_ms: float = float("-inf")

    def add(self, at_ms: float, end: int) -> None:
        if at_ms < self.next_ms:
            self.ends[-1] = end
            return
        self.next_ms = at_ms + self.apart_ms
        self.at_ms.append(at_ms)
        self.ends.append(end)
        if len(self.ends) > STAMPS:
            self.at_ms, self.ends = self.at_ms[::2], self.ends[::2]
            self.apart_ms *= 2

    @property
    def stamps(self) -> Stamps:
        return Stamps(tuple(round(at) for at in self.at_ms), tuple(self.ends))


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
    page: str = ""
    tries: list[Attempt] = field(default_factory=list)
    arrivals: Arrivals = field(default_factory=Arrivals)
    is_queued: bool = False  # on its way into the archive
    is_body_clean: bool = False
    is_body_gone: bool = False  # let go, to make room

    @property
    def whole_reply(self) -> bytes:
        """The reply's bytes, or nothing where not all of them were kept."""
        return b"" if self.is_partial else bytes(self.reply)

    @property
    def call_id(self) -> str:
        return self.start.call_id

    @property
    def kept_bytes(self) -> int:
        return len(self.reply) + len(self.start.body)


class Calls:
    """A Recorder that keeps the newest calls and tells listeners which one changed.

    The client takes the key out of what it records; what is left of one, in part or in disguise, goes at the end.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor or Redactor()
        self._records: OrderedDict[str, CallRecord] = OrderedDict()
        self._listeners: list[Callable[[CallRecord], None]] = []
        self._pages: dict[str, str] = {}
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

    def belongs(self, call_id: str, page: str) -> None:
        """Which page a call that is about to be made belongs to, where its path does not say it."""
        self._pages[call_id] = page

    # -- the Recorder

    def sending(self, call: CallStart, attempt: int) -> None:
        record = self._records.get(call.call_id)
        if record is None:
            record = self._records[call.call_id] = self._new(call)
            while len(self._records) > KEPT_CALLS:
                _, oldest = self._records.popitem(last=False)
                self._kept_bytes -= oldest.kept_bytes
        record.attempts = attempt
        record.tries.append(Attempt())
        self._tell(record)

    def marked(self, call_id: str, mark: Mark, at_ms: float) -> None:
        if record := self._records.get(call_id):
            self._change_try(record, **{f"{mark.value}_ms": at_ms})

    def answered(self, call_id: str, status: int, headers: tuple[tuple[str, str], ...], at_ms: float) -> None:
        if record := self._records.get(call_id):
            record.status, record.reply_headers, record.first_byte_ms = status, headers, at_ms
            self._change_try(record, status=status, first_byte_ms=at_ms)
            self._tell(record)

    def received(self, call_id: str, chunk: bytes, at_ms: float) -> None:
        if record := self._records.get(call_id):
            record.bytes_received += len(chunk)
            room = max(0, KEPT_REPLY_BYTES - len(record.reply))
            record.reply += chunk[:room]
            record.is_partial = record.is_partial or len(chunk) > room
            record.arrivals.add(at_ms, record.bytes_received)
            self._kept_bytes += min(room, len(chunk))

    def waiting(self, call_id: str, seconds: float, reason: str, at_ms: float) -> None:
        if record := self._records.get(call_id):
            record.waits.append((seconds, reason))
            self._change_try(record, wait_s=seconds, reason=self._redactor.clean(reason))
            self._forget_reply(record)
            self._tell(record)

    def ended(self, call_id: str, fate: Fate, at_ms: float) -> None:
        if record := self._records.get(call_id):
            record.fate, record.total_ms = fate, at_ms
            clean = self._redactor.clean_bytes(bytes(record.reply))
            self._kept_bytes += len(clean) - len(record.reply)
            record.reply[:] = clean
            self._make_room(record)
            self._tell(record)

    # -- inside

    def _new(self, call: CallStart) -> CallRecord:
        parts = call.parts or parts_of(header(call.headers, "content-type"), call.body)
        start = replace(call, body=b"", parts=parts) if parts else call
        is_small = len(start.body) <= CLEANED_AT_ONCE_BYTES
        if is_small:
            start = replace(start, body=self._redactor.clean_bytes(start.body))
        page = self._pages.pop(call.call_id, "") or endpoints.page_of(call.url)
        self._kept_bytes += len(start.body)
        return CallRecord(start, model=call.model, page=page, is_body_clean=is_small)

    def _change_try(self, record: CallRecord, **changed: object) -> None:
        if record.tries:
            record.tries[-1] = replace(record.tries[-1], **changed)

    def _forget_reply(self, record: CallRecord) -> None:
        """What a try that failed was answered is no part of the answer to the next one."""
        self._kept_bytes -= len(record.reply)
        record.reply, record.arrivals = bytearray(), Arrivals()
        record.bytes_received, record.is_partial = 0, False

    def _make_room(self, newest: CallRecord) -> None:
        """Let go of the oldest bodies and replies once all of them together are too much."""
        for record in self._records.values():
            if self._kept_bytes <= KEPT_IN_ALL_BYTES or record is newest:
                return
            if record.fate is Fate.OPEN:
                continue
            self._kept_bytes -= record.kept_bytes
            record.reply, record.is_partial = bytearray(), True
            record.is_body_gone = record.is_body_gone or bool(record.start.body)
            record.start = replace(record.start, body=b"")

    def _tell(self, record: CallRecord) -> None:
        for listener in self._listeners:
            listener(record)


def exchange_of(record: CallRecord, redactor: Redactor) -> Exchange:
    """A call as a value, its body without any key. Takes long for a large one: not on the window's thread."""
    start = record.start
    if not record.is_body_clean:
        start = replace(start, body=redactor.clean_bytes(start.body))
    return Exchange(
        call_id=record.call_id,
        started=start.started,
        method=start.method,
        url=start.url,
        base_url=start.base_url,
        page=record.page,
        profile=start.profile,
        model=record.model,
        request_headers=start.headers,
        body=start.body,
        is_body_cut=record.is_body_gone,
        parts=start.parts,
        status=record.status,
        reply_headers=record.reply_headers,
        reply=bytes(record.reply),
        is_reply_cut=record.is_partial,
        bytes_received=record.bytes_received,
        stamps=record.arrivals.stamps,
        attempts=tuple(record.tries),
        retries=record.attempts - 1,
        total_ms=record.total_ms,
        fate=record.fate,
        dollars=record.dollars,
    )


def row_of(record: CallRecord) -> CallRow:
    """The call as the list of calls shows it, without copying what it holds."""
    return CallRow(
        call_id=record.call_id,
        started=record.start.started,
        method=record.start.method,
        path=urlsplit(record.start.url).path,
        model=record.model,
        status=record.status,
        milliseconds=record.total_ms,
        bytes_received=record.bytes_received,
        dollars=record.dollars,
        retries=record.attempts - 1,
        fate=record.fate,
        page=record.page,
        profile=record.start.profile,
    )
