"""Rows out of the pages of a damaged SQLite file, read without SQLite: whatever page or cell is whole gives its rows.

The layout is that of https://www.sqlite.org/fileformat2.html. Nothing here can write.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from msgspec import Struct

from desktop.store import check

USUAL_BYTES = 4096
"""Of a page: what SQLite takes by itself, and so what every archive has whose header cannot be read."""

LARGEST_ROW = 128 << 20
"""A row that claims to be longer was damaged: it is ten times what a message may have."""

_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER = 0x0D, 0x0A, 0x02
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_WAL_HEAD, _FRAME_HEAD = 32, 24

Value = None | int | float | bytes | memoryview
"""Text comes as its bytes in a memoryview: whether they are UTF-8 is for the reader to find out."""


class Row(Struct, frozen=True):
    """A row of a table (`rowid`), or of an index or a table without row numbers (None), found and not read yet.

    `kinds` say of each value what it is, as the file format numbers them; `Pages.values` reads it.
    """

    rowid: int | None
    kinds: tuple[int, ...]
    page: bytes
    at: int
    size: int


class Broken(Exception):
    """A cell whose bytes cannot be what SQLite wrote."""


class Pages:
    """A file and, where it is given, the log beside it: pages that the log holds are read from there."""

    def __init__(self, path: Path, log: Path | None = None) -> None:
        self._file = path.open("rb")
        self._log: BinaryIO | None = log.open("rb") if log is not None else None
        size = path.stat().st_size
        head = self._file.read(100)
        self.page_bytes = _page_bytes(head)
        self._usable = self.page_bytes - (head[20] if head.startswith(check.MAGIC) and head[20] < 33 else 0)
        self._in_log = dict(_frames(self._log, self.page_bytes)) if self._log is not None else {}
        self.count = max(-(-size // self.page_bytes), max(self._in_log, default=0))
        self.broken = 0
        """Cells that could not be read so far."""

    def __enter__(self) -> Pages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self._log is not None:
            self._log.close()

    def rows(self, number: int) -> Iterator[Row]:
        """Every row that stands whole in a page, counted from 1; none where it is of another kind, or noise."""
        page = self._page(number)
        at = 100 if number == 1 else 0
        kind = page[at] if len(page) > at + 8 else 0
        if kind not in (_TABLE_LEAF, _INDEX_LEAF, _INDEX_INNER):
            return
        first = at + (12 if kind == _INDEX_INNER else 8)
        (cells,) = struct.unpack_from(">H", page, at + 3)
        if first + 2 * cells > len(page):
            self.broken += 1
            return
        for place in struct.unpack_from(f">{cells}H", page, first):
            try:
                yield self._row(page, place, kind)
            except (Broken, IndexError, struct.error):
                self.broken += 1

    def only_in_log(self) -> set[int]:
        """Numbers of the pages that are read from the log."""
        return set(self._in_log)

    def _page(self, number: int) -> bytes:
        if (place := self._in_log.get(number)) is not None and self._log is not None:
            self._log.seek(place)
            return self._log.read(self.page_bytes)
        self._file.seek((number - 1) * self.page_bytes)
        return self._file.read(self.page_bytes)

    def values(self, row: Row) -> tuple[Value, ...] | None:
        """As they are stored; None where they are not whole, or run over into pages that are gone."""
        try:
            return _values(self._payload(row.page, row.at, row.size, is_table=row.rowid is not None), row.kinds)
        except (Broken, IndexError, struct.error):
            self.broken += 1
            return None

    def _row(self, page: bytes, at: int, kind: int) -> Row:
        if kind == _INDEX_INNER:
            at += 4
        size, at = _varint(page, at)
        rowid = None
        if kind == _TABLE_LEAF:
            rowid, at = _varint(page, at)
        return Row(rowid, _kinds(page, at), page, at, size)

    def _payload(self, page: bytes, at: int, size: int, *, is_table: bool) -> bytes:
        """A row's bytes: those in its page, and those in the pages it runs over into."""
        if not 0 < size <= LARGEST_ROW:
            raise Broken
        usable = self._usable
        most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
        if size <= most:
            return _exactly(page[at : at + size], size)
        least = (usable - 12) * 32 // 255 - 23
        here = least + (size - least) % (usable - 4)
        here = here if here <= most else least
        (after,) = struct.unpack_from(">I", page, at + here)
        return _exactly(page[at : at + here], here) + self._run_over(after, size - here)

    def _run_over(self, number: int, size: int) -> bytes:
        content = bytearray()
        while len(content) < size:
            if not 1 < number <= self.count:
                raise Broken
            page = self._page(number)
            (number,) = struct.unpack_from(">I", page)
            some = page[4 : 4 + min(self._usable - 4, size - len(content))]
            if not some:
                raise Broken
            content += some
        return bytes(content)


def _page_bytes(head: bytes) -> int:
    if not head.startswith(check.MAGIC):
        return USUAL_BYTES
    size = int.from_bytes(head[16:18], "big")
    size = 65536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else USUAL_BYTES


def _exactly(content: bytes, size: int) -> bytes:
    if len(content) != size:
        raise Broken
    return content


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for number in range(8):
        byte = content[at + number]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + number + 1
    value = value << 8 | content[at + 8]
    return value - (1 << 64) if value >> 63 else value, at + 9


def _kinds(content: bytes, at: int) -> tuple[int, ...]:
    """What the head of a record says of its values; the head always stands in the row's own page."""
    begin = at
    head, at = _varint(content, at)
    end = begin + head
    if not at <= end <= len(content):
        raise Broken
    numbers = content[at:end]
    if not numbers or max(numbers) < 0x80:  # nearly always: each is one byte
        return tuple(numbers)
    kinds = []
    while at < end:
        kind, at = _varint(content, at)
        kinds.append(kind)
    if at != end:
        raise Broken
    return tuple(kinds)


def _values(payload: bytes, kinds: tuple[int, ...]) -> tuple[Value, ...]:
    """The values of a record, which must account for every byte of it."""
    whole = memoryview(payload)
    body, _ = _varint(payload, 0)
    values = []
    for kind in kinds:
        size, value = _value(whole, body, kind)
        body += size
        values.append(value)
    if body != len(payload):
        raise Broken
    return tuple(values)


def _value(payload: memoryview, at: int, kind: int) -> tuple[int, Value]:
    """How many bytes a value has, and the value."""
    if kind >= 12:
        size = (kind - 12) // 2
        content = payload[at : at + size]
        return size, content if kind % 2 else bytes(content)
    if size := _INTEGERS.get(kind, 0):
        return size, int.from_bytes(payload[at : at + size], "big", signed=True)
    if kind == 7:
        return 8, struct.unpack_from(">d", payload, at)[0]
    if kind in (0, 8, 9):
        return 0, None if kind == 0 else kind - 8
    raise Broken


def _frames(log: BinaryIO, page_bytes: int) -> Iterator[tuple[int, int]]:
    """Page numbers and where their contents stand, of all that was committed to a log; later ones win."""
    head = log.read(_WAL_HEAD)
    if len(head) < _WAL_HEAD or int.from_bytes(head[8:12], "big") != page_bytes:
        return
    order = ">" if head[3] & 1 else "<"
    sums = struct.unpack(">2I", head[24:32])
    waiting: list[tuple[int, int]] = []
    at = _WAL_HEAD
    while len(frame := log.read(_FRAME_HEAD + page_bytes)) == _FRAME_HEAD + page_bytes and frame[8:16] == head[16:24]:
        sums = _sums(order, frame[:8] + frame[_FRAME_HEAD:], *sums)
        if struct.unpack(">2I", frame[16:24]) != sums:
            return
        waiting.append((int.from_bytes(frame[:4], "big"), at + _FRAME_HEAD))
        at += len(frame)
        if frame[4:8] != bytes(4):  # the end of a commit
            yield from waiting
            waiting = []


def _sums(order: str, content: bytes, first: int, second: int) -> tuple[int, int]:
    numbers = struct.unpack(f"{order}{len(content) // 4}I", content)
    for one, other in zip(numbers[::2], numbers[1::2], strict=True):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + other + first) & 0xFFFFFFFF
    return first, second
