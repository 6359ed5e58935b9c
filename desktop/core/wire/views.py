"""An exchange as it is read: pretty JSON, raw text, events with their times. None of it raises, whatever came."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from desktop.core.calls import Part
from desktop.core.wire.exchange import Exchange, Stamps

PRETTY_BYTES = 1024 * 1024  # laid out in a third of a second
RAW_CHARACTERS = 4 * 1024 * 1024
EVENTS = 20_000
EVENT_CHARACTERS = 64 * 1024

_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n")


class EventLine(Struct, frozen=True):
    """One event: milliseconds from the call's start (None where unknown), its name, its data, its size in bytes."""

    ms: float | None
    name: str
    data: str
    size_bytes: int = 0


class View(Struct, frozen=True):
    """Text to show; `note` says in a sentence what is not as it was sent, empty where all is there."""

    text: str
    note: str = ""


def pretty(data: bytes, bound: int = PRETTY_BYTES) -> View:
    """JSON with two blanks for a level, its keys in their order; anything else as raw text."""
    if len(data) > bound:
        shown = raw(data)
        return View(shown.text, shown.note or "Too large to be laid out; this is the text as it came.")
    try:
        value = json.loads(data, parse_float=_Number, parse_int=_Number, object_pairs_hook=_Object)
        return View(_laid_out(value))
    except (ValueError, RecursionError):
        return raw(data)


def loaded(data: bytes) -> Any:
    """The JSON value, or None for what is none."""
    try:
        return json.loads(data) if data else None
    except (ValueError, RecursionError):
        return None


def raw(data: bytes, bound: int = RAW_CHARACTERS) -> View:
    """The bytes as text; what is no UTF-8 is shown as marks, and where most of it is none, only its size is told."""
    text = data[: bound * 4].decode("utf-8", "replace")
    if text.count("\ufffd") > len(text) // 10 or "\0" in text:
        return View("", f"{len(data):,} bytes that are no text.")
    if len(text) > bound or len(data) > bound * 4:
        return View(text[:bound], f"Only the beginning of {len(data):,} bytes is shown.")
    return View(text)


def request_view(exchange: Exchange) -> View:
    """The request's body for reading: JSON laid out, a form part by part."""
    if exchange.parts:
        return View("\n".join(_part_line(part) for part in exchange.parts), "A form; files by reference.")
    view = pretty(exchange.body)
    return View(view.text, "Only the beginning of this request is kept.") if exchange.is_body_cut else view


def reply_view(exchange: Exchange) -> View:
    """The reply's body for reading. Use `events` for one that came as a stream."""
    view = pretty(exchange.reply)
    if exchange.is_reply_cut:
        came = f"{exchange.bytes_received:,} bytes came"
        said = f"Only a part of this reply is kept; {came}." if exchange.reply else f"{came}; they are not kept."
        return View(view.text, said)
    return view


def events(exchange: Exchange, limit: int = EVENTS) -> tuple[EventLine, ...]:
    """The events of a streamed reply with their times. An event counts as there when its last byte is."""
    found: list[EventLine] = []
    data, at = exchange.reply, 0
    while at < len(data) and len(found) < limit:
        end = _EVENT_END.search(data, at)
        stop = end.end() if end else len(data)
        if block := data[at : end.start() if end else stop].strip(b"\r\n"):
            found.append(_event(block, stamp(exchange.stamps, stop), stop - at))
        at = stop
    return tuple(found)


def stamp(stamps: Stamps, end: int) -> float | None:
    """When the first `end` bytes were there; None where nobody looked."""
    place = bisect_left(stamps.ends, end)
    return float(stamps.at_ms[place]) if place < len(stamps.ends) else None


def joined(exchange: Exchange) -> str:
    """The text that the pieces of a stream came to, of the shapes we know; empty for others."""
    texts = []
    for event in events(exchange):
        texts.append(_piece(loaded(event.data.encode("utf-8", "replace"))))
    return "".join(texts)


def _piece(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    if str(value.get("type", "")).endswith("output_text.delta"):
        return _text(value.get("delta"))
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    delta = first.get("delta")
    return _text(delta.get("content")) if isinstance(delta, dict) else _text(first.get("text"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _event(block: bytes, ms: float | None, size: int) -> EventLine:
    name, lines = "", []
    for line in re.split(r"\r\n|\n|\r", block.decode("utf-8", "replace")):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            lines.append(value)
        elif not field:
            name = name or "comment"
            lines.append(value)
    data = "\n".join(lines)
    if len(data) > EVENT_CHARACTERS:
        data = data[:EVENT_CHARACTERS] + "…"
    return EventLine(ms, name, data, size)


def _part_line(part: Part) -> str:
    if part.file_name is None:
        return f"{part.name}: {part.value}"
    kind = part.mime or "unknown kind"
    return f"{part.name}: file “{part.file_name}”, {kind}, {part.size_bytes:,} bytes, sha256 {part.sha256}"


class _Number(str):
    """A number exactly as it was written."""


class _Object(list[tuple[str, object]]):
    """An object with all its keys, also those that come twice."""


def _laid_out(value: object) -> str:
    """Like json.dumps with an indent, but numbers stay as they were written and other letters as they are."""
    out: list[str] = []
    _lay(value, "\n", out)
    return "".join(out)


def _lay(value: object, line: str, out: list[str]) -> None:
    if isinstance(value, _Number):
        out.append(str(value))
    elif isinstance(value, _Object):
        _lay_all([(_quoted(name) + ": ", inner) for name, inner in value], "{}", line, out)
    elif isinstance(value, list):
        _lay_all([("", inner) for inner in value], "[]", line, out)
    else:
        out.append(_quoted(value))


def _lay_all(items: Sequence[tuple[str, object]], brackets: str, line: str, out: list[str]) -> None:
    if not items:
        out.append(brackets)
        return
    out.append(brackets[0])
    for number, (name, inner) in enumerate(items):
        out.append("," * bool(number) + line + "  " + name)
        _lay(inner, line + "  ", out)
    out.append(line + brackets[1])


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
