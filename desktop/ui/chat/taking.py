"""A pasted or recorded request into the chat page's form; what the form has no place for is told in sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from desktop.core.catalog import Card, Catalog, parameters
from desktop.core.text import visible

if TYPE_CHECKING:
    from desktop.core.wire.page_request import PageRequest

CHAT = ("", "/chat/completions")
NAMED = 8


@dataclass(slots=True)
class Taken:
    """What goes into the form, and what does not."""

    text: str
    model: str
    system: str
    parameters: dict[str, object] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def taken(request: PageRequest, catalog: Catalog, card: Card, server: str) -> Taken:
    """Nothing is sent by it: the user reads the form and sends."""
    offered = {each.name: each for each in parameters(catalog, card, "chat", request.parameters, server)}
    values, unknown, barred = dict[str, object](), list[str](), list[str]()
    for name, value in request.parameters.items():
        known = offered.get(name)
        if value is None:
            continue
        if known is None or known.is_ours:
            unknown.append(name)
        else:
            values[name] = value
            if known.why_not:
                barred.append(f"{known.label}: {known.why_not}")
    said = [*request.ignored, *_not_messages(request)]
    if unknown:
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        said.append(f"The form has no place for {', '.join(map(visible, unknown[:NAMED]))}{more}.")
    return Taken(request.draft, request.model, request.system, values, (*said, *barred))


def _not_messages(request: PageRequest) -> list[str]:
    """A conversation begins with the user's message: turns that were before it cannot be put in anyone's mouth."""
    said = []
    if request.endpoint not in CHAT:
        said.append(f"It was for {visible(request.endpoint)}; the chat page sends it as a chat completion.")
    if count := len(request.messages):
        were = "message was" if count == 1 else "messages were"
        said.append(f"{count} earlier {were} left out: a conversation here begins with your message.")
    if not request.draft:
        said.append("It has no last message of the user.")
    return said
