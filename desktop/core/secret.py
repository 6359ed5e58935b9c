"""A key that cannot be shown by accident, and the one filter that takes keys out of text."""

from __future__ import annotations

import base64
import re
import threading
import urllib.parse

from desktop.core.errors import BadKey

MASK = "…"
SHORTEST_PART = 12  # this many characters of a key in a row count as the key
_SAMPLE, _STRIDE = 6, 7  # every run of 12 characters has one whole sample of 6 that begins at a multiple of 7


class Secret:
    """A key; `repr` and `str` show its last four characters at most."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @classmethod
    def pasted(cls, text: str) -> Secret:
        """A key as a person pasted it: trimmed; raises BadKey for characters no key has, without repeating them."""
        value = text.strip()
        if not value:
            raise BadKey("There is no key in the field.")
        if any(not "!" <= character <= "~" for character in value):
            raise BadKey("This key has a character that no key has (a blank, a line break or a special sign).")
        return cls(value)

    def reveal(self) -> str:
        """The key itself, for the one request or the one store that needs it."""
        return self._value

    def __str__(self) -> str:
        return MASK + self._value[-4:] if len(self._value) >= SHORTEST_PART else MASK

    def __repr__(self) -> str:
        return f"Secret({self})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


def _disguises(value: str) -> set[str]:
    raw = value.encode()
    plain = {value, value[::-1], urllib.parse.quote(value, safe=""), raw.hex(), raw.hex().upper()}
    for offset in range(3):  # base64 of the key wherever it may start inside a longer text
        coded = base64.b64encode(b"\0" * offset + raw)
        body = coded[(0, 2, 3)[offset] :].rstrip(b"=").decode()
        plain |= {body[:-1], body[:-1].replace("+", "-").replace("/", "_")}
    return {text for text in plain if len(text) >= 4}


class Redactor:
    """Takes every key it was told about out of text, whole, in part or in disguise. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parts: frozenset[str] = frozenset()
        self._samples: frozenset[str] = frozenset()
        self._exact: tuple[str, ...] = ()

    def learn(self, secret: Secret) -> None:
        value = secret.reveal()
        forms = _disguises(value) if len(value) >= SHORTEST_PART else {value}
        windows = {
            form[at : at + SHORTEST_PART] for form in forms for at in range(max(1, len(form) - SHORTEST_PART + 1))
        }
        with self._lock:
            self._exact = tuple(sorted({*self._exact, *forms}, key=len, reverse=True))
            self._parts = self._parts | {w for w in windows if len(w) == SHORTEST_PART}
            self._samples = frozenset(w[at : at + _SAMPLE] for w in self._parts for at in range(_STRIDE))

    def clean(self, text: str) -> str:
        """The text with each key, and each run of 12 of its characters, replaced by one mark."""
        for form in self._exact:
            if form in text:
                text = text.replace(form, MASK)
        if not self._parts or len(text) < SHORTEST_PART:
            return text
        return re.sub(r"[!-~]{12,}", self._clean_run, text)

    def _clean_run(self, match: re.Match[str]) -> str:
        run = match[0]
        hidden = bytearray(len(run))
        for at in range(len(run) - SHORTEST_PART + 1):
            if run[at : at + SHORTEST_PART] in self._parts:
                hidden[at : at + SHORTEST_PART] = b"\1" * SHORTEST_PART
        if not any(hidden):
            return run
        shown = "".join(MASK if h else c for c, h in zip(run, hidden, strict=True))
        return re.sub(f"{MASK}+", MASK, shown)

    def clean_bytes(self, data: bytes) -> bytes:
        """Bytes without any run of 12 characters of a key or its disguises. Short keys are words, and stay."""
        text = data.decode("latin-1")
        if not (hits := self._hits(text)):
            return data
        return _masked(text, hits, 0).replace(MASK, MASK.encode().decode("latin-1")).encode("latin-1")

    def running(self) -> Running:
        """A cleaner for one text that comes in pieces."""
        return Running(self)

    def _hits(self, text: str) -> list[int]:
        """Where runs of 12 characters of a key begin; one sample in seven characters is looked at."""
        samples, parts = self._samples, self._parts
        return [
            at
            for place in range(0, len(text) - _SAMPLE + 1, _STRIDE)
            if text[place : place + _SAMPLE] in samples
            for at in range(max(0, place - _SAMPLE), place + 1)
            if text[at : at + SHORTEST_PART] in parts
        ]


class Running:
    """One text in pieces: what a piece adds to 12 or more characters of a key in a row is a mark, all else stays."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._tail = ""
        self._ends_in_mark = False

    def feed(self, text: str) -> str:
        """The piece as it may be shown; the same object where it holds nothing of a key."""
        tail = self._tail
        whole = tail + text
        self._tail = whole[1 - SHORTEST_PART :]
        samples = self._redactor._samples
        if len(text) <= _STRIDE:  # as tokens are: every run that ends in the piece has this one sample
            if whole[-SHORTEST_PART : _SAMPLE - SHORTEST_PART] in samples:
                return self._masked(whole, len(tail))
        elif any(whole[at : at + _SAMPLE] in samples for at in range(0, len(whole) - _SAMPLE + 1, _STRIDE)):
            return self._masked(whole, len(tail))
        self._ends_in_mark = False
        return text

    def _masked(self, whole: str, before: int) -> str:
        hits = self._redactor._hits(whole)
        shown = _masked(whole, hits, before)
        if self._ends_in_mark and hits and hits[0] < before:
            shown = shown[len(MASK) :]
        self._ends_in_mark = bool(hits) and hits[-1] + SHORTEST_PART >= len(whole)
        return shown


def _masked(text: str, hits: list[int], start: int) -> str:
    """The text from `start` on with one mark for each stretch of runs that begin at `hits`, which are in order."""
    pieces, at = [], start
    end = -1
    for hit in hits:
        if hit > end:
            pieces.append(text[at:hit])
            if hit + SHORTEST_PART > start:
                pieces.append(MASK)
        end = hit + SHORTEST_PART
        at = max(at, end)
    return "".join(pieces) + text[at:]
