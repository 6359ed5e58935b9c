"""A conversation as plain text: title, then each turn under its role."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
from desktop.services.export.told import Link, Told, iso, name_of, state_words


def write(told: Told, out: Callable[[str], object]) -> None:
    for line in lines(told):
        out(line + "\n")


def lines(told: Told) -> Iterator[str]:
    about = told.conversation
    yield told.title
    if facts := [fact for fact in (iso(about.created), " ".join(about.model.split())) if fact]:
        yield ", ".join(facts)
    yield ""
    if system := about.system.strip():
        yield from ("System:", system, "")
    for stretch in told.stretches():
        if stretch.number > 1:
            yield from (f"[Another branch, after turn {stretch.after}]", "")
        for message in told.messages(stretch):
            yield from _turn(message, told.link)


def _turn(message: Message, link: Link) -> Iterator[str]:
    yield f"{message.role.value.capitalize()}:"
    yield from (written for part in message.parts if (written := _part(part, link)))
    if state := state_words(message):
        yield f"[{state}]"
    yield ""


def _part(part: Part, link: Link) -> str:
    match part:
        case Text() | Refusal() | ToolResult():
            return part.text
        case Reasoning():
            return f"[Reasoning] {part.text}"
        case Picture() | Audio() | Attachment():
            address = link(part)
            said = f"\n{part.transcript}" if isinstance(part, Audio) and part.transcript else ""
            return f"[{name_of(part)}{': ' + address if address else ''}]{said}"
        case ToolCall():
            return f"[{part.name}({part.arguments})]"
