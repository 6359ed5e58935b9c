"""What a long conversation holds: figures, an outline, its blocks of code, the places of hits in its tree."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Picture,
    Role,
    children_of,
    newest_leaf,
)
from desktop.core.library import HitPlace, ModelFigures, Statistics
from desktop.core.markdown_parts import CodeBlock, Heading, code_blocks, headings, question
from desktop.core.search_query import SearchLine
from desktop.store import conversations, found, tree

CHUNK = 500  # messages in memory at a time
_KINDS = {Picture: "pictures", Audio: "sound", Attachment: "files"}


def statistics(db: sqlite3.Connection, identity: str) -> Statistics:
    """Raises Missing. A quarter of a second for ten thousand messages."""
    outline = tree.outline(db, identity)
    roles: Counter[str] = Counter()
    attachments: Counter[str] = Counter()
    models: dict[str, ModelFigures] = {}
    words = characters = first = last = 0
    for message in _all(db, list(outline.parents)):
        roles[message.role.value] += 1
        attachments.update(_KINDS[type(part)] for part in message.parts if type(part) in _KINDS)
        text = message.text
        words += len(text.split())
        characters += len(text)
        if message.created:
            first, last = min(first or message.created, message.created), max(last, message.created)
        if message.role is Role.ASSISTANT and message.model:
            models[message.model] = _with(models.get(message.model, ModelFigures(message.model)), message)
    inner = {parent for parent in outline.parents.values() if parent is not None}
    return Statistics(
        messages=dict(roles),
        words=words,
        characters=characters,
        branches=len(outline.parents.keys() - inner),
        models=tuple(sorted(models.values(), key=lambda model: (-model.cost_pico, -model.replies, model.model))),
        first=first,
        last=last,
        attachments=dict(attachments),
    )


def _with(figures: ModelFigures, message: Message) -> ModelFigures:
    usage = message.usage
    is_unpriced = usage is not None and message.cost_pico is None and not message.is_free
    return ModelFigures(
        figures.model,
        figures.replies + 1,
        figures.input + (usage.input if usage else 0),
        figures.output + (usage.output if usage else 0),
        figures.cost_pico + (message.cost_pico or 0),
        figures.unpriced + is_unpriced,
    )


def outline_of(db: sqlite3.Connection, path: Sequence[str]) -> tuple[Heading, ...]:
    """Questions by their first line, and the headings of what was answered, in the order of the path."""
    found: list[Heading] = []
    for message in _all(db, path):
        if message.role is Role.USER:
            asked = question(message.id, message.text)
            found += [asked] if asked else []
        elif message.role is Role.ASSISTANT:
            found += headings(message.id, message.text)
    return tuple(found)


def code_of(db: sqlite3.Connection, path: Sequence[str]) -> tuple[CodeBlock, ...]:
    return tuple(block for message in _all(db, path) for block in code_blocks(message.id, message.text))


def hits_in(db: sqlite3.Connection, identity: str, line: SearchLine) -> tuple[HitPlace, ...]:
    """Hits in the order of the tree: down a branch, then down the next one. The branch shown is preferred."""
    ids = set(found.hits_in(db, identity, line))
    if not ids:
        return ()
    outline = tree.outline(db, identity)
    if outline.is_chain and outline.head == next(reversed(outline.parents)):
        return tuple(HitPlace(id, outline.head) for id in outline.parents if id in ids)
    shown = set(outline.path())
    children = children_of(outline.parents)
    return tuple(
        HitPlace(id, outline.head if outline.head and id in shown else newest_leaf(id, children))
        for id in _in_tree_order(children)
        if id in ids
    )


def _in_tree_order(children: Mapping[str | None, list[str]]) -> Iterable[str]:
    waiting = list(reversed(children.get(None, [])))
    seen: set[str] = set()
    while waiting:
        id = waiting.pop()
        if id not in seen:
            seen.add(id)
            yield id
            waiting += reversed(children.get(id, []))


def _all(db: sqlite3.Connection, ids: Sequence[str]) -> Iterable[Message]:
    for start in range(0, len(ids), CHUNK):
        yield from conversations.messages(db, ids[start : start + CHUNK])
