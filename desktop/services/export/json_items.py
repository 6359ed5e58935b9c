"""Finds the items of one long array in a JSON file without reading the file whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from desktop.core.errors import BadFile

CHUNK_BYTES = 256 * 1024
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|["{}\[\],]', re.DOTALL)
_BLANKS = b" \t\r\n"


def before(file: BinaryIO, name: str, longest: int) -> bytes:
    """The object of the file as if the array `name` had no items and nothing came after it.

    A file without such an array is returned whole. Raises BadFile where there is more than `longest` of it.
    """
    return _Scanner(file, longest).head(name)[0]


def items(file: BinaryIO, name: str, longest: int) -> Iterator[bytes]:
    """The bytes of each item of the array `name` of the file's object. Raises BadFile for one over `longest`."""
    scanner = _Scanner(file, longest)
    start = file.tell()
    found, has_array = scanner.head(name)
    if not has_array:
        return
    head = found.removesuffix(b"]}")
    if b"\n" not in head and scanner.is_at_line_end():  # as we write it: finding the ends of lines is far quicker
        file.seek(start + len(head) + 1)
        yield from _lines(file, longest)
    else:
        yield from scanner.items()


def _lines(file: BinaryIO, longest: int) -> Iterator[bytes]:
    while line := file.readline(longest + 1):
        if len(line) > longest:
            raise _too_large()
        item = line.strip(_BLANKS)
        if item == b"]}":
            return
        if not line.endswith(b"\n"):
            break
        yield item.removesuffix(b",")
    raise _cut()


class _Scanner:
    """Walks a file's brackets and texts; `_held` is what was read and is not yet given away."""

    def __init__(self, file: BinaryIO, longest: int) -> None:
        self._file, self._longest = file, longest
        self._held = bytearray()
        self._at = 0

    def head(self, name: str) -> tuple[bytes, bool]:
        """What stands before the array's items, closed; whether there is such an array."""
        key = re.compile(b'"' + re.escape(name.encode()) + rb'"\s*:\s*\[\Z')
        depth = 0
        while (mark := self._next()) is not None:
            if mark in (b"{", b"["):
                depth += 1
                if depth == 2 and mark == b"[" and key.search(self._held[max(0, self._at - 200) : self._at]):
                    found = bytes(self._held[: self._at]) + b"]}"
                    self._forget()
                    return found, True
            elif mark != b",":
                depth -= 1
        return bytes(self._held), False

    def is_at_line_end(self) -> bool:
        return bool(self._held or self._read()) and self._held[:1] == b"\n"

    def items(self) -> Iterator[bytes]:
        """From behind the array's bracket to the one that closes it."""
        depth = 0
        while (mark := self._next()) is not None:
            if mark in (b"{", b"["):
                depth += 1
            elif depth and mark != b",":
                depth -= 1
            elif not depth:
                item = bytes(self._held[: self._at - 1]).strip(_BLANKS)
                self._forget()
                if item:
                    yield item
                if mark != b",":
                    return
        raise _cut()

    def _next(self) -> bytes | None:
        """The next bracket or comma outside of texts, `_at` behind it; None at the end of the file."""
        while True:
            found = _TOKENS.search(self._held, self._at)
            if found is None:
                self._at = len(self._held)
            elif (mark := found[0]) == b'"':  # its end is not read yet
                self._at = found.start()
            else:
                self._at = found.end()
                if len(mark) == 1:
                    return bytes(mark)
                continue
            if not self._read():
                return None

    def _read(self) -> bool:
        """More of the file; as much again as is held, so that a long text is not searched over and over."""
        chunk = self._file.read(max(CHUNK_BYTES, len(self._held) - self._at))
        self._held += chunk
        if len(self._held) > 2 * self._longest or self._at > self._longest:
            raise _too_large()
        return bool(chunk)

    def _forget(self) -> None:
        del self._held[: self._at]
        self._at = 0


def _too_large() -> BadFile:
    return BadFile("One conversation of this file is too large to be read.")


def _cut() -> BadFile:
    return BadFile("This file is cut: its end is missing.", "What stands before the cut can be read.")
