"""Messages as some source has them, made into a tree the archive can keep: parents first, no circles, no strangers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import structs

from desktop.core.conversation import Message
from desktop.services.imports.values import Notes

ORPHANS = "messages whose parent is missing, put at the beginning"
CIRCLES = "circles of messages that were cut"
DOUBLES = "messages that stood there twice"


def ordered(messages: Iterable[Message], notes: Notes, elsewhere: Collection[str] = ()) -> list[Message]:
    """The same messages, each behind its parent, else in the order they came in; `elsewhere` are parents that exist."""
    by_id: dict[str, Message] = {}
    for message in messages:
        if message.id in by_id:
            notes.add(DOUBLES)
        else:
            by_id[message.id] = message
    placed: dict[str, Message] = {}
    for message in by_id.values():
        _place(message, by_id, placed, elsewhere, notes)
    return list(placed.values())


def _place(
    message: Message,
    by_id: dict[str, Message],
    placed: dict[str, Message],
    elsewhere: Collection[str],
    notes: Notes,
) -> None:
    """Put a message and before it those above it that are not placed yet."""
    above: dict[str, Message] = {}
    at: Message | None = message
    while at is not None and at.id not in placed:
        if at.id in above:  # a circle
            notes.add(CIRCLES)
            above = _cut_at(above)
            break
        above[at.id] = at
        if at.parent is None or at.parent in elsewhere:
            break
        if at.parent not in by_id:
            notes.add(ORPHANS)
            above[at.id] = structs.replace(at, parent=None)
            break
        at = by_id[at.parent]
    for each in reversed(above.values()):
        placed[each.id] = each


def _cut_at(above: dict[str, Message]) -> dict[str, Message]:
    """The topmost of those walked through loses its parent."""
    topmost = next(reversed(above))
    return above | {topmost: structs.replace(above[topmost], parent=None)}
