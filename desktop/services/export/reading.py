"""Reads what is to be exported out of the archive, a piece at a time, as entries of our own form."""

from __future__ import annotations

import mimetypes
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from msgspec import structs

from desktop.core.conversation import Attachment, Audio, Conversation, Message, Picture, State
from desktop.core.errors import Missing
from desktop.services.export.json_form import INLINE_BYTES, PART_BYTES, PART_MESSAGES, Entry, File, Head
from desktop.services.export.told import Bytes
from desktop.store import conversations, exporting
from desktop.store.database import Database
from desktop.store.exporting import Call

AT_ONCE = 100
"""Messages of one reading."""


class Keep(Protocol):
    """Takes what belongs to an export but is not text."""

    def beside(self, file: File, ending: str) -> File:
        """Put a large file beside the export, or not, and say so; `ending` is what its name should have."""

    def inside(self, part: Bytes) -> bytes | None:
        """The bytes of a small one, None for what must not go out."""


@dataclass(slots=True)
class Written:
    """What is in the file so far: conversations, messages that forks took over, files."""

    conversations: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


def head(database: Database, ids: Sequence[str], *, is_all: bool, has_files: bool) -> Head:
    """Folders that are used and those around them; with `is_all` every folder, tag and saved search."""
    folders = database.read_now(exporting.folders)
    if not is_all:
        used = database.read_now(lambda db: {exporting.conversation(db, id).folder for id in ids})
        for folder in reversed(folders):  # those around others come first
            if folder.id in used:
                used.add(folder.parent)
        folders = [folder for folder in folders if folder.id in used]
    return Head(
        count=len(ids),
        files="beside" if has_files else "left out",
        folders=tuple(folders),
        tags=tuple(database.read_now(exporting.tags)) if is_all else (),
        searches=tuple(database.read_now(exporting.searches)) if is_all else (),
    )


def entries(database: Database, conversation_id: str, written: Written, keep: Keep | None) -> Iterator[Entry]:
    """The one or more entries of a conversation, with all its branches; none for one that is gone by now."""
    try:
        found = database.read_now(lambda db: exporting.conversation(db, conversation_id))
    except Missing:
        return
    past, fork_of = _past(database, found, written)
    ids = past + database.read_now(lambda db: exporting.own(db, conversation_id))
    calls = tuple(database.read_now(lambda db: exporting.calls(db, conversation_id)))
    conversation = structs.replace(found, fork_of=fork_of)
    written.conversations.add(conversation_id)
    written.taken.update(past)
    yield from _parts(database, conversation, calls, _chunks(database, ids), written, keep)


def _past(database: Database, found: Conversation, written: Written) -> tuple[list[str], str | None]:
    """Those messages a fork must take over since they are not in the file before it; where it then forks off."""
    take: list[str] = []
    for id, owner in reversed(database.read_now(lambda db: exporting.past(db, found.id))):
        if owner in written.conversations or id in written.taken:
            return take[::-1], id
        take.append(id)
    return take[::-1], None


def _chunks(database: Database, ids: Sequence[str]) -> Iterator[list[Message]]:
    for start in range(0, len(ids), AT_ONCE):
        found = database.read_now(partial(messages, ids=ids[start : start + AT_ONCE]))
        yield [settled(message) for message in found]


def messages(conn: sqlite3.Connection, ids: Sequence[str]) -> list[Message]:
    return conversations.messages(conn, ids)


def _parts(
    database: Database,
    conversation: Conversation,
    calls: tuple[Call, ...],
    chunks: Iterable[list[Message]],
    written: Written,
    keep: Keep | None,
) -> Iterator[Entry]:
    entry = Entry(conversation, calls=calls)
    messages: list[Message] = []
    size = 0
    for message in (message for chunk in chunks for message in chunk):
        if messages and (len(messages) >= PART_MESSAGES or size > PART_BYTES):
            yield _filled(database, structs.replace(entry, more=True), messages, written, keep)
            entry = Entry(conversation, part=entry.part + 1)
            messages, size = [], 0
        messages.append(message)
        size += size_of(message)
    yield _filled(database, entry, messages, written, keep)


def _filled(database: Database, entry: Entry, messages: list[Message], written: Written, keep: Keep | None) -> Entry:
    files = [
        file_of(database, part, keep)
        for message in messages
        for part in message.parts
        if isinstance(part, Picture | Audio | Attachment) and part.blob and _is_new(part.blob, written)
    ]
    return structs.replace(entry, messages=tuple(messages), files=tuple(file for file in files if file))


def _is_new(sha256: str, written: Written) -> bool:
    if sha256 in written.files:
        return False
    written.files.add(sha256)
    return True


def file_of(database: Database, part: Bytes, keep: Keep | None) -> File | None:
    """A small file with its bytes, a larger one as `keep` says; None for one the archive has lost."""
    try:
        size = database.read_now(lambda db: exporting.size_of(db, part.blob))
        if keep is None:
            return File(part.blob, size)
        if size > INLINE_BYTES:
            return keep.beside(File(part.blob, size), mimetypes.guess_extension(part.mime) or "")
        return File(part.blob, size, content=keep.inside(part))
    except Missing:
        return None


def settled(message: Message) -> Message:
    """A message as it would be kept if the application ended now."""
    return structs.replace(message, state=State.CUT) if message.state is State.STREAMING else message


def size_of(message: Message) -> int:
    """About how many bytes a message has in a file."""
    return 200 + sum(len(text) for part in message.parts for text in (getattr(part, name, "") for name in _TEXTS))


_TEXTS = ("text", "arguments", "transcript")
