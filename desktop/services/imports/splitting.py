"""Large JSON cut into the elements of its outermost list, piece by piece, so that none is ever held whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

LARGEST_ELEMENT = 64 * 1024 * 1024

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
_OPENING, _CLOSING, _QUOTE, _BACKSLASH = frozenset(b"{["), frozenset(b"}]"), 0x22, 0x5C


class Unreadable(Exception):
    """Why one conversation cannot be taken, in words for the report."""


class Element(Struct, frozen=True):
    """One element of the list. `content` is None for one over the bound; `start` counts bytes from the beginning."""

    content: bytes | None
    start: int
    size: int
    is_cut: bool = False


class Splitter:
    """Finds where objects and lists end, outside strings. Costs one look at each byte, however pieces fall."""

    def __init__(self, largest: int = LARGEST_ELEMENT, inside: bytes = b"") -> None:
        self._largest = largest
        self._inside = re.compile(rb'[,{]\s*"' + inside + rb'"\s*:\s*\[') if inside else None
        self._held = bytearray()
        self._at = 0  # of the next byte to look at, in what is held
        self._start = 0  # of what is held, in the whole
        self._depth = 0
        self._is_in_string = False
        self._is_dropping = False
        self._is_begun = False
        self._dropped = 0

    def feed(self, piece: bytes) -> Iterator[Element]:
        self._held += piece
        if not self._is_begun and not self._begin():
            return
        while True:
            if self._depth == 0 and not self._is_in_string:
                self._skip_blank()
            if not self._advance():
                break
            if self._depth == 0:
                yield self._cut()
        if len(self._held) > self._largest and self._depth:
            self._drop()

    def finish(self) -> Iterator[Element]:
        """What is left: an element that the end of the file cut off, if there is one."""
        if self._depth:
            size = self._at if not self._is_dropping else self._dropped + self._at
            yield Element(None, self._start, size, is_cut=True)

    def _begin(self) -> bool:
        """Step into the outermost list. Without one, each value of the file is an element."""
        if self._inside is not None:
            return self._begin_inside(self._inside)
        if len(self._held) < 256 and not self._held.rstrip().endswith((b"]", b"}")):
            return False
        if found := _LIST_INSIDE.match(self._held):
            self._at = found.end()
        else:
            blank = _BLANK.match(self._held)
            self._at = blank.end() if blank else 0
            if self._held[self._at : self._at + 1] == b"[":
                self._at += 1
        self._is_begun = True
        return True

    def _begin_inside(self, key: re.Pattern[bytes]) -> bool:
        """Step into the list of that name, wherever it stands in the file's object."""
        found = key.search(self._held)
        if found is None:
            return False
        self._at = found.end()
        self._is_begun = True
        return True

    def _skip_blank(self) -> None:
        found = _BLANK.match(self._held, self._at)
        if found and found.end():
            del self._held[: found.end()]
            self._start += found.end()
            self._at = 0

    def _advance(self) -> bool:
        """Go to the next place where an element ends; False where more bytes are needed."""
        held = self._held
        while self._at < len(held):
            if self._is_in_string:
                self._at = _end(_IN_STRING, held, self._at)
                if self._at >= len(held) or held[self._at] != _QUOTE:
                    return False
                self._at, self._is_in_string = self._at + 1, False
            self._at = _end(_WITHIN if self._depth else _PLAIN, held, self._at)
            if self._at >= len(held):
                return False
            sign = held[self._at]
            self._at += 1
            if sign == _QUOTE:
                self._is_in_string = True
            elif sign in _OPENING:
                self._depth += 1
            elif self._depth:
                self._depth -= 1
                if self._depth == 0:
                    return True
        return False

    def _cut(self) -> Element:
        size = self._at
        if self._is_dropping:
            element = Element(None, self._start, self._dropped + size)
            self._start += self._dropped
            self._is_dropping = False
        elif size > self._largest:
            element = Element(None, self._start, size)
        else:
            element = Element(bytes(memoryview(self._held)[:size]), self._start, size)
        del self._held[:size]
        self._start += size
        self._at = 0
        return element

    def _drop(self) -> None:
        """An element over the bound: its end is still looked for, its bytes are not kept."""
        self._dropped = (self._dropped if self._is_dropping else 0) + self._at
        self._is_dropping = True
        del self._held[: self._at]
        self._at = 0


def _end(pattern: re.Pattern[bytes], held: bytearray, at: int) -> int:
    """Where a pattern ends that also matches nothing."""
    found = pattern.match(held, at)
    return found.end() if found else at


def elements(pieces: Iterable[bytes], largest: int = LARGEST_ELEMENT, inside: bytes = b"") -> Iterator[Element]:
    """The elements of the outermost list, of the list `inside` the file's object, or the values one after another."""
    splitter = Splitter(largest, inside)
    for piece in pieces:
        yield from splitter.feed(piece)
    yield from splitter.feed(b" " * 256)
    yield from splitter.finish()


def value(raw: bytes | msgspec.Raw) -> Any:
    """Any JSON, also with what the strict reader refuses: lone surrogates, NaN. Raises Unreadable."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _leniently(bytes(raw))
    except RecursionError as error:
        raise Unreadable("It is nested too deeply.") from error


def _leniently(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except RecursionError as error:
        raise Unreadable("It is nested too deeply.") from error
    except ValueError as error:
        where = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"It is no valid JSON{where}.") from error
