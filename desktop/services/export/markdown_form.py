"""A conversation as Markdown: front matter, a heading for each turn, the models' own Markdown as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import msgspec

from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Part,
    Picture,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from desktop.services.export.told import Link, Told, dollars, iso, name_of, state_words

_BACKTICKS = re.compile(r"`{3,}")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#!|])")


def write(told: Told, out: Callable[[str], object]) -> None:
    for line in lines(told):
        out(line + "\n")


def lines(told: Told) -> Iterator[str]:
    yield from _front(told)
    if system := told.conversation.system.strip():
        yield from ("## System", "", system, "")
    for stretch in told.stretches():
        if stretch.number > 1:
            where = f"after turn {stretch.after}" if stretch.after else "from the start"
            yield from ("---", "", f"*Another branch, {where}:*", "")
        for message in told.messages(stretch):
            yield from _turn(message, told.link)


def _front(told: Told) -> Iterator[str]:
    """YAML; JSON's texts and lists are YAML's too."""
    about = told.conversation
    yield "---"
    yield f"title: {_json(told.title)}"
    yield f"id: {about.id}"
    yield f"created: {iso(about.created) or 'null'}"
    yield f"updated: {iso(about.updated) or 'null'}"
    yield f"model: {_json(about.model)}"
    yield f"page: {_json(about.page)}"
    if about.tags:
        yield f"tags: {_json(about.tags)}"
    yield from ("---", "")


def _turn(message: Message, link: Link) -> Iterator[str]:
    about = f" ({_flat(message.model)})" if message.model else ""
    yield from (f"## {message.role.value.capitalize()}{about}", "")
    if facts := [fact for fact in (iso(message.created), _cost(message)) if fact]:
        yield from (f"<!-- {', '.join(facts)} -->", "")
    for part in message.parts:
        if written := _part(part, link):
            yield from (written, "")
    if state := state_words(message):
        yield from (f"*[{escaped(state)}]*", "")


def _cost(message: Message) -> str:
    return f"{dollars(message.cost_pico)} USD" if message.cost_pico else ""


def _part(part: Part, link: Link) -> str:
    match part:
        case Text() | Refusal():
            return part.text
        case Reasoning():
            return "\n".join(f"> {line}" for line in part.text.splitlines())
        case Picture() | Audio() | Attachment():
            return _file(part, link)
        case ToolCall():
            return f"Tool call `{_flat(part.name)}`:\n\n{fenced(part.arguments)}"
        case ToolResult():
            return f"{'Failed' if part.is_error else 'Result'}:\n\n{fenced(part.text)}"


def _file(part: Picture | Audio | Attachment, link: Link) -> str:
    mark = "!" if isinstance(part, Picture) else ""
    address = link(part)
    written = f"{mark}[{escaped(name_of(part))}]({quote(address)})" if address else f"[{escaped(name_of(part))}]"
    if isinstance(part, Audio) and part.transcript:
        written += "\n\n" + "\n".join(f"> {line}" for line in part.transcript.splitlines())
    return written


def fenced(text: str) -> str:
    """A block of code whose fence is longer than any in it."""
    fence = "`" * max([3, *(len(run) + 1 for run in _BACKTICKS.findall(text))])
    return f"{fence}\n{text}\n{fence}"


def escaped(text: str) -> str:
    """A text of others in a line of ours, every sign of Markdown as itself."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _flat(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
