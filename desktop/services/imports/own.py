"""Our own JSON: conversations as they were, with their ids, calls, folders and files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import msgspec
from msgspec import Struct, structs

from desktop.core.conversation import Attachment, Audio, Conversation, Message, Picture, State
from desktop.core.errors import BadFile
from desktop.services.export import json_form
from desktop.services.export.json_form import File
from desktop.services.imports.assets import LARGEST_ASSET
from desktop.services.imports.boxes import Box
from desktop.services.imports.json_values import Unreadable
from desktop.services.imports.values import Draft, Notes, NotTaken, Piece
from desktop.services.json_items import Element, elements

KIND = "davenport"
NAME = "Davenport’s own export"
LEFT_OUT = "attachments that are not in the export"


class _Named(Struct, frozen=True):
    """What is needed of an entry to know whose it is."""

    conversation: Conversation
    part: int = 1
    more: bool = False


class Own:
    """One file of ours in a box."""

    def __init__(self, box: Box, name: str, notes: Notes) -> None:
        self._box, self._name, self._notes = box, name, notes
        with box.open(name) as file:
            self.head = json_form.head(cast(BinaryIO, file))
        self._is_old = self.head.schema == json_form.ONE_CONVERSATION
        self._folder = f"{PurePosixPath(name).stem} files"
        self._files: dict[str, Callable[[], bytes | None]] = {}

    def pieces(self) -> Iterator[Piece | NotTaken]:
        """In the order of the file, which is that of the archive it came from: a fork stands behind what it shares."""
        waiting: list[Callable[[], bytes]] = []
        last: _Named | None = None
        size = 0
        for number, element in enumerate(self._elements(), 1):
            try:
                named = self._named(element)
            except Unreadable as error:
                if last is not None and last.more:
                    self._notes.add("parts of long conversations that could not be read")
                else:
                    yield NotTaken(f"Conversation {number}", str(error), self._name)
                continue
            continues = last is not None and named.conversation.id == last.conversation.id and named.part > 1
            if last is not None and not continues:
                yield self._piece(last, waiting, size)
            if not continues:
                waiting, size = [], 0
            waiting.append(self._box.later(self._name, element))
            size += element.size
            last = named
        if last is not None:
            yield self._piece(last, waiting, size)

    def _elements(self) -> Iterator[Element]:
        if self._is_old:
            content = self._box.whole(self._name, json_form.ITEM_BYTES)
            yield Element(content, 0, self._box.entries[self._name].size)
            return
        yield from elements(self._box.pieces(self._name), json_form.ITEM_BYTES, inside="conversations")

    def _named(self, element: Element) -> _Named:
        if element.content is None:
            raise Unreadable("The file ends in the middle of it." if element.is_cut else "It is too large to be read.")
        try:
            named = msgspec.json.decode(element.content, type=_Named)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(f"It is damaged: {error}") from error
        if not 0 < len(named.conversation.id) <= 100:
            raise Unreadable("It has no id.")
        return named

    def _piece(self, named: _Named, waiting: list[Callable[[], bytes]], size: int) -> Piece:
        title = named.conversation.title or named.conversation.id
        read = partial(self._draft, tuple(waiting))
        return Piece(named.conversation.created, title[:200], self._name, size, read)

    def _draft(self, waiting: tuple[Callable[[], bytes], ...]) -> Draft:
        first: json_form.Entry | None = None
        messages: list[Message] = []
        files: dict[str, Callable[[], bytes | None]] = {}
        for read in waiting:
            try:
                entry = msgspec.json.decode(read(), type=json_form.Entry)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise Unreadable(f"It is damaged: {error}") from error
            first = first or entry
            messages += (_settled(message, entry.conversation.id) for message in entry.messages)
            for file in entry.files:
                self._files[file.sha256] = partial(self._bytes, file)
        assert first is not None
        for message in messages:
            for part in message.parts:
                if isinstance(part, Picture | Audio | Attachment) and part.blob in self._files:
                    files[part.blob] = self._files[part.blob]
        return Draft(first.conversation, messages, calls=first.calls, files=files, keeps_ids=True)

    def _bytes(self, file: File) -> bytes | None:
        if file.content is not None:
            return file.content
        base = PurePosixPath(file.name).name
        return self._box.whole(f"{self._folder_path}{base}", LARGEST_ASSET) if base else None

    @property
    def _folder_path(self) -> str:
        parent = PurePosixPath(self._name).parent.as_posix()
        return f"{self._folder}/" if parent == "." else f"{parent}/{self._folder}/"


def _settled(message: Message, conversation: str) -> Message:
    state = State.CUT if message.state is State.STREAMING else message.state
    return structs.replace(message, conversation=conversation, state=state)


def open_own(box: Box, name: str, notes: Notes) -> Own:
    """Raises BadFile for a form of a later version, or a broken head."""
    try:
        return Own(box, name, notes)
    except (OSError, RuntimeError) as error:
        raise BadFile(f"“{name}” cannot be read.") from error
