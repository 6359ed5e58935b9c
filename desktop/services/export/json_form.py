"""Our own form: everything kept of conversations, in JSON that is written and read a piece at a time.

docs/archive-format.md describes it. The first line of a file is its head, each further line one entry, so that a
million messages pass through little memory; a file that another program laid out differently is read as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Protocol, TypeVar

import msgspec
from msgspec import Struct, structs

from desktop.core.conversation import Conversation, Message
from desktop.core.errors import BadFile
from desktop.services import json_items
from desktop.services.export.target import files_folder as files_folder
from desktop.store.exporting import Call as Call
from desktop.store.exporting import Folder as Folder
from desktop.store.exporting import Repricing as Repricing
from desktop.store.exporting import SavedSearch as SavedSearch

SCHEMA = "davenport.archive/1"
ONE_CONVERSATION = "davenport.conversation/1"
"""What was written before there were folders: one conversation, its messages, nothing else. It is still read."""

INLINE_BYTES = 16 * 1024
"""Smaller files are in the JSON itself, larger ones beside it."""

PART_MESSAGES = 1000
PART_BYTES = 8 * 1024 * 1024
"""A longer conversation goes on in the next entry."""

ITEM_BYTES = 128 * 1024 * 1024
"""The longest entry that is read: one message may have 32 MiB of text, and six bytes may stand for one."""

HEAD_BYTES = 64 * 1024 * 1024

_START = b',"conversations":['
_END = b"\n]}\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

T = TypeVar("T")
Clean = Callable[[bytes], bytes]


class Writes(Protocol):
    """A file, or what takes bytes like one."""

    def write(self, content: bytes, /) -> int: ...


class File(Struct, frozen=True, omit_defaults=True):
    """The bytes of an attachment: `content` (base64 in the JSON), or `name` in the folder beside; neither: left out.

    `sha256` is in hex, as the messages' parts name it. An entry has the files that no earlier one had.
    """

    sha256: str
    size_bytes: int
    name: str = ""
    content: bytes | None = None


class Head(Struct, frozen=True, omit_defaults=True):
    """What stands before the conversations. `count` is how many there are; `files` is "beside" or "left out"."""

    schema: str = SCHEMA
    count: int = 0
    files: str = "beside"
    folders: tuple[Folder, ...] = ()
    tags: tuple[str, ...] = ()
    searches: tuple[SavedSearch, ...] = ()


class Entry(Struct, frozen=True, omit_defaults=True):
    """A conversation with its messages, parents before children, and the calls they came of.

    A long one comes in several entries that follow each other, `part` 1, 2, 3 ..., all but the last with `more`; its
    calls are in the first, and its `head` may be a message of a later part. A fork names in `fork_of` the message up
    to which it shares the past of a conversation that stands before it; where that one is not in the file, the fork
    has the messages as its own. Nothing is STREAMING, no call is OPEN.
    """

    conversation: Conversation
    messages: tuple[Message, ...] = ()
    calls: tuple[Call, ...] = ()
    files: tuple[File, ...] = ()
    part: int = 1
    more: bool = False


class _Marked(Struct, frozen=True):
    schema: str


class _OneConversation(Struct, frozen=True):
    conversation: Conversation
    messages: tuple[Message, ...]


def write(file: Writes, head: Head, entries: Iterable[Entry], clean: Clean = bytes) -> int:
    """Write a whole file, entry after entry; `clean` takes keys out of each line. Returns how many bytes."""
    written = file.write(clean(start(head)))
    first = True
    for entry in entries:
        written += file.write(b"\n" if first else b",\n")
        written += file.write(clean(line(entry)))
        first = False
    return written + file.write(_END)


def start(head: Head) -> bytes:
    """The first line, up to where the entries begin."""
    fields = {"schema": head.schema, "count": head.count, "files": head.files}
    named = {"folders": head.folders, "tags": head.tags, "searches": head.searches}
    return msgspec.json.encode(fields | {name: some for name, some in named.items() if some})[:-1] + _START


def line(entry: Entry) -> bytes:
    """One entry; its messages need not name their conversation."""
    messages = tuple(structs.replace(message, conversation="") for message in entry.messages)
    return msgspec.json.encode(structs.replace(entry, messages=messages))


def head(file: BinaryIO) -> Head:
    """What stands before the conversations; the file is read from its start. Raises BadFile."""
    file.seek(0)
    found = json_items.before(file, "conversations", HEAD_BYTES).removeprefix(_BYTE_ORDER_MARK)
    schema = _decoded(found, _Marked, "its head").schema
    if schema == ONE_CONVERSATION:
        return Head(schema, count=1)
    if schema != SCHEMA:
        raise BadFile(f"This file is “{schema[:80]}”, which this version cannot read.", "Update Davenport.")
    return _decoded(found, Head, "its head")


def entries(file: BinaryIO) -> Iterator[Entry]:
    """One entry after the other; memory holds one. Raises BadFile that names the entry, counted from 1.

    An entry that is no JSON or has a wrong field ends the reading only where the file itself is broken: see
    `tolerant`.
    """
    for found in tolerant(file):
        if isinstance(found, BadFile):
            raise found
        yield found


def tolerant(file: BinaryIO) -> Iterator[Entry | BadFile]:
    """The same, with the failure in the place of an entry that cannot be read; those after it still come."""
    if head(file).schema == ONE_CONVERSATION:
        yield _one(file)
        return
    file.seek(0)
    for number, element in enumerate(json_items.elements(json_items.pieces(file), ITEM_BYTES, "conversations"), 1):
        try:
            yield _entry(element, number)
        except BadFile as error:
            yield error


def _entry(element: json_items.Element, number: int) -> Entry:
    if element.is_cut:
        raise BadFile("This file is cut: its end is missing.", "What stands before the cut can be read.")
    if element.content is None:
        raise BadFile(f"Conversation {number} of this file is too large to be read.")
    return _owned(_decoded(element.content, Entry, f"conversation {number}"))


def looks_like(first: bytes) -> bool:
    """Whether a file that begins with these bytes says that it is of this form, in this or another version."""
    return first.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"{") and (
        b'"davenport.archive/' in first or b'"davenport.conversation/' in first
    )


def _one(file: BinaryIO) -> Entry:
    file.seek(0)
    content = file.read(ITEM_BYTES + 1).removeprefix(_BYTE_ORDER_MARK)
    if len(content) > ITEM_BYTES:
        raise BadFile("This conversation is too large to be read.")
    read = _decoded(content, _OneConversation, "the conversation")
    return _owned(Entry(read.conversation, read.messages))


def _owned(entry: Entry) -> Entry:
    owner = entry.conversation.id
    messages = tuple(structs.replace(message, conversation=owner) for message in entry.messages)
    return structs.replace(entry, messages=messages)


def _decoded(content: bytes, form: type[T], place: str) -> T:
    try:
        return msgspec.json.decode(content, type=form)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadFile(f"This file cannot be read: {place} is damaged.", f"What is wrong: {error}") from error
