"""What differs between two calls: by path where bodies are JSON, line by line where they are not."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from msgspec import Struct

from desktop.core.wire.exchange import Exchange, Headers
from desktop.core.wire.views import joined, loaded, raw

CHANGES = 2000
SHOWN = 2000  # characters of one value
TEXT_LINES = 4000
DEPTH = 60
JSON_BYTES = 8 * 1024 * 1024


class Sign(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Section(StrEnum):
    CALL = "Call"
    REQUEST_HEADERS = "Request headers"
    REQUEST = "Request"
    REPLY_HEADERS = "Reply headers"
    REPLY = "Reply"


class Change(Struct, frozen=True):
    """One difference; `path` as `messages[0].content`, or the line for text. `before` and `after` are for reading."""

    section: Section
    sign: Sign
    path: str
    before: str = ""
    after: str = ""


class Difference(Struct, frozen=True):
    """All differences in the order of the sections; `note` says what was left out, empty where nothing was."""

    changes: tuple[Change, ...]
    note: str = ""


def difference(before: Exchange, after: Exchange) -> Difference:
    """Compare two calls. Takes time for large bodies: in a worker. Never raises, whatever they hold."""
    found: list[Change] = []
    for change in _all(before, after):
        if len(found) >= CHANGES:
            return Difference(tuple(found), f"Only the first {CHANGES:,} differences are shown.")
        found.append(change)
    return Difference(tuple(found))


def _all(before: Exchange, after: Exchange) -> Iterator[Change]:
    yield from _facts(Section.CALL, _summary(before), _summary(after))
    yield from _facts(Section.REQUEST_HEADERS, _named(before.request_headers), _named(after.request_headers))
    yield from _bodies(Section.REQUEST, _request(before), _request(after))
    yield from _facts(Section.REPLY_HEADERS, _named(before.reply_headers), _named(after.reply_headers))
    yield from _bodies(Section.REPLY, _reply(before), _reply(after))


def _summary(exchange: Exchange) -> dict[str, str]:
    first = exchange.attempts[-1].first_byte_ms if exchange.attempts else None
    return {
        "method": exchange.method,
        "address": exchange.url,
        "model": exchange.model,
        "status": "" if exchange.status is None else str(exchange.status),
        "end": exchange.fate.value,
        "first byte": "" if first is None else f"{first:,.0f} ms",
        "time": "" if exchange.total_ms is None else f"{exchange.total_ms:,.0f} ms",
        "bytes": f"{exchange.bytes_received:,}",
        "dollars": exchange.dollars,
        "retries": str(exchange.retries),
    }


def _named(headers: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        name = name.lower()
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _request(exchange: Exchange) -> Any:
    if exchange.parts:
        return {part.name: part.value or f"file {part.file_name}, {part.size_bytes} bytes, sha256 {part.sha256}"
                for part in exchange.parts}  # fmt: skip
    return _value(exchange.body)


def _reply(exchange: Exchange) -> Any:
    """Of a stream, what its pieces came to: the pieces themselves are cut elsewhere each time."""
    if exchange.is_stream:
        return {"text": joined(exchange)}
    return _value(exchange.reply)


def _value(data: bytes) -> Any:
    found = loaded(data) if len(data) <= JSON_BYTES else None
    return raw(data).text if found is None else found


def _facts(section: Section, before: dict[str, str], after: dict[str, str]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            yield _change(section, name, old or None, new or None)


def _bodies(section: Section, before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, str) and isinstance(after, str):
        yield from _lines(section, before, after)
    else:
        yield from _values(section, "", before, after, 0)


def _values(section: Section, path: str, before: Any, after: Any, depth: int) -> Iterator[Change]:
    if depth < DEPTH and isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            place = f"{path}.{name}" if path else name
            if name not in after:
                yield Change(section, Sign.REMOVED, place, _shown(before[name]))
            elif name not in before:
                yield Change(section, Sign.ADDED, place, after=_shown(after[name]))
            else:
                yield from _values(section, place, before[name], after[name], depth + 1)
    elif depth < DEPTH and isinstance(before, list) and isinstance(after, list):
        yield from _lists(section, path, before, after, depth)
    elif not _same(before, after):
        yield Change(section, Sign.CHANGED, path, _shown(before), _shown(after))


def _lists(section: Section, path: str, before: list[Any], after: list[Any], depth: int) -> Iterator[Change]:
    """What is alike at both ends stays; between them place by place, then what only one of them has."""
    start = 0
    while start < min(len(before), len(after)) and _same(before[start], after[start]):
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and _same(before[-1 - end], after[-1 - end]):
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    for at in range(max(len(old), len(new))):
        place = f"{path}[{start + at}]"
        if at >= len(new):
            yield Change(section, Sign.REMOVED, place, _shown(old[at]))
        elif at >= len(old):
            yield Change(section, Sign.ADDED, place, after=_shown(new[at]))
        else:
            yield from _values(section, place, old[at], new[at], depth + 1)


def _same(before: Any, after: Any) -> bool:
    """1 and true are not the same here, as they are to Python."""
    try:
        return type(before) is type(after) and bool(before == after)
    except RecursionError:
        return False


def _lines(section: Section, before: str, after: str) -> Iterator[Change]:
    old, new = before.splitlines(), after.splitlines()
    if len(old) > TEXT_LINES or len(new) > TEXT_LINES:
        if before != after:
            yield Change(section, Sign.CHANGED, "text", _cut(before), _cut(after))
        return
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(old) > 200)
    for tag, low, high, start, end in matcher.get_opcodes():
        if tag != "equal":
            removed, added = "\n".join(old[low:high]), "\n".join(new[start:end])
            yield _change(section, f"line {low + 1}", removed if high > low else None, added if end > start else None)


def _change(section: Section, path: str, before: str | None, after: str | None) -> Change:
    """None stands for what is not there."""
    sign = Sign.ADDED if before is None else Sign.REMOVED if after is None else Sign.CHANGED
    return Change(section, sign, path, _cut(before or ""), _cut(after or ""))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return _cut(value)
    try:
        return _cut(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return "…"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
