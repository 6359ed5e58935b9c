"""Large JSON read by the elements of one list, piece by piece, so that no file is ever held whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from msgspec import Struct

from desktop.core.errors import BadFile

LARGEST_ELEMENT = 64 * 1024 * 1024
CHUNK_BYTES = 256 * 1024

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FLAT = rb'[^"{}\[\]]*+(?:' + _STRING + rb'[^"{}\[\]]*+)*+'
_PLAIN = re.compile(_FLAT, re.DOTALL)
_WITHIN = re.compile(
    rb'[^"{}\[\]]*+(?:(?:' + _STRING + rb"|\{" + _FLAT + rb"\}|\[" + _FLAT + rb'\])[^"{}\[\]]*+)*+', re.DOTALL
)
"""The same inside an element, where objects and lists that hold no others need not be looked at one by one."""
_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_BLANK = re.compile(rb"[\s,\xef\xbb\xbf]*+")
_LIST_INSIDE = re.compile(rb'[\s\xef\xbb\xbf]*+\{\s*"(?:conversations|data|chats)"\s*:\s*\[')
_KEY_BYTES = 200  # before a bracket, in which the key is looked for
_OPENING, _LIST, _QUOTE = frozenset(b"{["), 0x5B, 0x22


class Element(Struct, frozen=True):
    """One element of the list. `content` is None for one over the bound; `start` counts bytes from the beginning.

    `is_cut`: the file ends before it, or in the middle of it.
    """

    content: bytes | None
    start: int
    size: int
    is_cut: bool = False


class _Walk:
    """From bracket to bracket outside of strings, each byte looked at once, however pieces fall.

    `at` is the place in `held` of the next byte to look at.
    """

    def __init__(self) -> None:
        self.held = bytearray()
        self.at = 0
        self._is_in_string = False

    def next(self, skip: re.Pattern[bytes]) -> int | None:
        """The next bracket that `skip` does not pass over, `at` behind it; None where more bytes are needed."""
        held = self.held
        while self.at < len(held):
            if self._is_in_string:
                self.at = _end(_IN_STRING, held, self.at)
                if self.at >= len(held) or held[self.at] != _QUOTE:
                    return None
                self.at, self._is_in_string = self.at + 1, False
            self.at = _end(skip, held, self.at)
            if self.at >= len(held):
                return None
            sign = held[self.at]
            self.at += 1
            if sign != _QUOTE:
                return sign
            self._is_in_string = True
        return None

    @property
    def is_in_string(self) -> bool:
        return self._is_in_string

    def forget(self, size: int) -> None:
        """Let go of the first bytes held."""
        del self.held[:size]
        self.at -= size


class _Head:
    """Looks for the list of a name in a file's object: not in strings, nor in objects within."""

    def __init__(self, walk: _Walk, name: str) -> None:
        self._walk = walk
        self._key = re.compile(b'"' + re.escape(name.encode()) + rb'"\s*:\s*\[\Z')
        self._depth = 0

    def is_passed(self) -> bool:
        """Whether the walk stands behind the list's bracket; else more bytes are needed."""
        walk = self._walk
        while (sign := walk.next(_PLAIN)) is not None:
            self._depth += 1 if sign in _OPENING else -1
            is_list = self._depth == 2 and sign == _LIST
            if is_list and self._key.search(walk.held[max(0, walk.at - _KEY_BYTES) : walk.at]):
                return True
        return False


class Splitter:
    """Finds where the elements of a list end: the list `inside` a file's object, the outermost, or no list at all."""

    def __init__(self, largest: int = LARGEST_ELEMENT, inside: str = "") -> None:
        self._largest = largest
        self._walk = _Walk()
        self._head = _Head(self._walk, inside) if inside else None
        self._start = 0  # of what is held, in the whole
        self._depth = 0
        self._is_dropping = self._is_begun = self._is_in_list = self._is_closed = False
        self._dropped = 0

    def feed(self, piece: bytes) -> Iterator[Element]:
        if self._is_closed:
            return
        self._walk.held += piece
        if not self._is_begun and not self._begin():
            self._pass_over(_KEY_BYTES)
            return
        while not self._is_closed:
            if self._depth == 0 and not self._walk.is_in_string:
                self._skip_blank()
            if not self._advance():
                break
            yield self._cut()
        if len(self._walk.held) > self._largest and self._depth:
            self._drop()
        elif not self._depth:
            self._pass_over()

    def finish(self) -> Iterator[Element]:
        """What the end of the file cut off, if it did."""
        if self._depth:
            size = self._dropped + self._walk.at if self._is_dropping else self._walk.at
            yield Element(None, self._start, size, is_cut=True)
        elif self._is_in_list and not self._is_closed:
            yield Element(None, self._start, 0, is_cut=True)

    def _begin(self) -> bool:
        """Step into the list. Without one, each value of the file is an element."""
        walk = self._walk
        if self._head is not None:
            self._is_begun = self._is_in_list = self._head.is_passed()
            return self._is_begun
        if len(walk.held) < 256 and not walk.held.rstrip().endswith((b"]", b"}")):
            return False
        if found := _LIST_INSIDE.match(walk.held):
            walk.at, self._is_in_list = found.end(), True
        else:
            blank = _BLANK.match(walk.held)
            walk.at = blank.end() if blank else 0
            self._is_in_list = walk.held[walk.at : walk.at + 1] == b"["
            walk.at += self._is_in_list
        self._is_begun = True
        return True

    def _skip_blank(self) -> None:
        found = _BLANK.match(self._walk.held, self._walk.at)
        if found and found.end():
            self._start += found.end()
            self._walk.at = found.end()
            self._walk.forget(found.end())

    def _advance(self) -> bool:
        """Go to the next place where an element ends; False where more bytes are needed or the list has ended."""
        while (sign := self._walk.next(_WITHIN if self._depth else _PLAIN)) is not None:
            if sign in _OPENING:
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if self._depth == 0:
                    return True
            elif self._is_in_list:
                self._is_closed = True
                self._walk.held.clear()
                return False
        return False

    def _pass_over(self, kept: int = 0) -> None:
        """What is no element and comes in such an amount is not held."""
        if len(self._walk.held) > self._largest and (size := self._walk.at - kept) > 0:
            self._walk.forget(size)
            self._start += size

    def _cut(self) -> Element:
        size = self._walk.at
        if self._is_dropping:
            element = Element(None, self._start, self._dropped + size)
            self._start += self._dropped
            self._is_dropping = False
        elif size > self._largest:
            element = Element(None, self._start, size)
        else:
            element = Element(bytes(memoryview(self._walk.held)[:size]), self._start, size)
        self._walk.forget(size)
        self._start += size
        return element

    def _drop(self) -> None:
        """An element over the bound: its end is still looked for, its bytes are not kept."""
        self._dropped = (self._dropped if self._is_dropping else 0) + self._walk.at
        self._is_dropping = True
        self._walk.forget(self._walk.at)


def elements(pieces: Iterable[bytes], largest: int = LARGEST_ELEMENT, inside: str = "") -> Iterator[Element]:
    """The elements of the list `inside` the file's object, of the outermost list, or the values one after another."""
    splitter = Splitter(largest, inside)
    for piece in pieces:
        yield from splitter.feed(piece)
    yield from splitter.feed(b" " * 256)
    yield from splitter.finish()


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """A file from where it stands to its end."""
    while piece := file.read(CHUNK_BYTES):
        yield piece


def before(file: BinaryIO, name: str, longest: int) -> bytes:
    """The object of the file as if the list `name` had no elements and nothing came after it.

    A file without such a list is returned whole. Raises BadFile where there is more than `longest` of it.
    """
    walk = _Walk()
    head = _Head(walk, name)
    for piece in pieces(file):
        walk.held += piece
        if head.is_passed():
            return bytes(walk.held[: walk.at]) + b"]}"
        if len(walk.held) > longest:
            raise BadFile("One conversation of this file is too large to be read.")
    return bytes(walk.held)


def _end(pattern: re.Pattern[bytes], held: bytearray, at: int) -> int:
    """Where a pattern ends that also matches nothing."""
    found = pattern.match(held, at)
    return found.end() if found else at
