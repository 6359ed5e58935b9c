"""One call to a server as it is recorded: for the ledger, the wire view and the reports."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol, runtime_checkable

from msgspec import Struct


class Fate(StrEnum):
    """How a call ended. OPEN is written before the send; a row still open at a start becomes UNKNOWN."""

    OPEN = "open"
    COMPLETE = "complete"
    FAILED = "failed"
    CUT = "cut"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Part(Struct, frozen=True, omit_defaults=True):
    """One part of a form. A file is told by name, kind, length and SHA-256, never by its bytes."""

    name: str
    value: str = ""
    file_name: str | None = None  # None: a field with a value
    mime: str = ""
    size_bytes: int = 0
    sha256: str = ""


class CallStart(Struct, frozen=True):
    """A request as it goes out, headers without any secret. `started` is UTC microseconds.

    `profile` is the id of the profile and `base_url` its address; a form that is streamed from files has its `parts`
    told instead of a body.
    """

    call_id: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    started: int
    profile: str = ""
    base_url: str = ""
    model: str = ""
    parts: tuple[Part, ...] = ()


class Recorder(Protocol):
    """Watches the bytes of calls; times are milliseconds since the call's start. No key ever passes through.

    Implementations must be quick and must not raise: they run on the path of every chunk.
    """

    def sending(self, call: CallStart, attempt: int) -> None: ...

    def answered(self, call_id: str, status: int, headers: tuple[tuple[str, str], ...], at_ms: float) -> None: ...

    def received(self, call_id: str, chunk: bytes, at_ms: float) -> None: ...

    def waiting(self, call_id: str, seconds: float, reason: str, at_ms: float) -> None: ...

    def ended(self, call_id: str, fate: Fate, at_ms: float) -> None: ...


@runtime_checkable
class TimedRecorder(Recorder, Protocol):
    """A Recorder that also hears when a try connected, secured and sent; the same rules hold."""

    def marked(self, call_id: str, mark: Mark, at_ms: float) -> None: ...


class Mark(StrEnum):
    """What happens on the way of one try, in this order. A connection that was there already neither connects nor
    secures."""

    BEGAN = "began"
    CONNECT_START = "connect_start"
    CONNECT_END = "connect_end"
    TLS_START = "tls_start"
    TLS_END = "tls_end"
    SENDING = "sending"
    SENT = "sent"


class CallRow(Struct, frozen=True):
    """A call as the list of calls shows it. `dollars` is in words, `milliseconds` None while it runs."""

    call_id: str
    started: int  # UTC microseconds
    method: str
    path: str
    model: str = ""
    status: int | None = None
    milliseconds: float | None = None
    bytes_received: int = 0
    dollars: str = ""
    retries: int = 0
    fate: Fate = Fate.OPEN
    page: str = ""
    profile: str = ""
    is_kept: bool = False  # read from the archive; its reply may be gone
