"""Server-sent events, read from bytes as they come."""

from __future__ import annotations

from msgspec import Struct

from desktop.core.errors import TooMuch
from desktop.core.sizes import size_words

EVENT_BYTES = 16 * 1024 * 1024
_LF, _CR = 10, 13  # as numbers: `in` finds a number in bytes four times as fast as a piece of bytes
_BOM = b"\xef\xbb\xbf"


class Event(Struct, frozen=True, gc=False):
    """One event; `type` is empty where the server named none. `data` is as received, its lines joined with LF."""

    data: bytes
    type: str = ""
    id: str = ""

    @property
    def text(self) -> str:
        """The data as text; bytes that are no UTF-8 become U+FFFD."""
        return self.data.decode("utf-8", "replace")


class Parser:
    """Takes a stream apart at LF, CR and CRLF only; time and memory grow with the bytes given, however they are cut.

    `feed` raises TooMuch once a single event grows past `event_bytes`.
    """

    def __init__(self, event_bytes: int = EVENT_BYTES) -> None:
        self._bound = event_bytes
        self._line = bytearray()  # the line that has not ended yet
        self._data: list[bytes] = []
        self._size = 0  # of the lines in _data
        self._type = b""
        self._id = b""
        self._is_plain = False  # between two events, with no id to carry on: the fast way may be taken
        self._after_cr = False
        self._start: bytes | None = b""  # the first bytes, while they may still become a byte order mark

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that end in this piece."""
        if self._is_plain and _CR not in chunk and chunk.endswith(b"\n\n"):
            if chunk.find(b"\n") == len(chunk) - 2 and chunk.startswith(b"data: ") and len(chunk) <= self._bound:
                return [Event(chunk[6:-2])]
            return self._quick(chunk)
        if self._start is not None:
            chunk = self._without_mark(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if _CR in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return self._lines(chunk)

    def finish(self) -> list[Event]:
        """What an orderly end leaves: a last event whose blank line the server did not send."""
        if self._start:
            self._line += self._start
        self._start = None
        return self._lines(b"\n\n" if self._line else b"\n")

    def _quick(self, chunk: bytes) -> list[Event]:
        """Whole events, mostly of one `data:` line each."""
        events: list[Event] = []
        for block in chunk[:-2].split(b"\n\n"):
            if block.startswith(b"data: ") and _LF not in block:
                if len(block) > self._bound:
                    self._too_much()
                events.append(Event(block[6:]))
            else:
                events += self._lines(block + b"\n\n")
        return events

    def _without_mark(self, chunk: bytes) -> bytes:
        begun = (self._start or b"") + chunk
        if len(begun) < len(_BOM) and _BOM.startswith(begun):
            self._start = begun
            return b""
        self._start = None
        return begun.removeprefix(_BOM)

    def _lines(self, chunk: bytes) -> list[Event]:
        """The slow way: line by line, LF only, with what was left over from before."""
        self._is_plain = False
        if _LF not in chunk:
            self._line += chunk
            self._check_size()
            return []
        first, *rest = chunk.split(b"\n")
        rest.insert(0, bytes(self._line + first))
        self._line = bytearray(rest.pop())
        events: list[Event] = []
        for line in rest:
            if line:
                self._field(line)
            elif self._data:
                events.append(self._event())
            else:
                self._type = b""
        self._check_size()
        self._is_plain = not self._line and not self._data and not self._type and not self._id
        return events

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._data.append(value)
            self._size += len(value) + 1
            self._check_size()
        elif name == b"event":
            self._type = value
        elif name == b"id" and b"\0" not in value:
            self._id = value

    def _event(self) -> Event:
        event = Event(
            b"\n".join(self._data), self._type.decode("utf-8", "replace"), self._id.decode("utf-8", "replace")
        )
        self._data.clear()
        self._size, self._type = 0, b""
        return event

    def _check_size(self) -> None:
        if self._size + len(self._line) > self._bound:
            self._too_much()

    def _too_much(self) -> None:
        self._line.clear()
        self._data.clear()
        raise TooMuch(f"One event of the reply is larger than {size_words(self._bound)}.")
