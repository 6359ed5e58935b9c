"""Writes what sources yield where nobody sees it yet, in transactions so short that streams go on beside them."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from msgspec import structs

from desktop.core.conversation import Attachment, Audio, Message, Part, Picture, Text, path_to
from desktop.core.errors import ArchiveFull, KnownError
from desktop.services.attachments import part_of
from desktop.services.imports import trees
from desktop.services.imports.ids import same
from desktop.services.imports.own import LEFT_OUT
from desktop.services.imports.values import MOST_NAMED, Asset, Draft, Notes, NotTaken
from desktop.store import blobs, conversations, imports, index_merging
from desktop.store.database import Database

AIM_S = 0.015
"""Of the processor, for one transaction: well below what a stream beside it would notice. Not of the clock: on a busy
machine that would make transactions so small that the index is nothing but merging its pieces."""

SMALLEST, LARGEST = 64 * 1024, 1024 * 1024
HELD_BYTES = 32 * 1024 * 1024
LONGEST_TEXT, BEGINNING = 1024 * 1024, 20_000
MESSAGE_BYTES = 400  # what a message weighs besides its text
CANNOT_BE_KEPT = (KnownError, ValueError, TypeError, OverflowError, sqlite3.Error)

Step = Callable[[sqlite3.Connection], object]


class Batch:
    """Steps of several conversations for one transaction."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, Step]] = []
        self.weight = 0
        self.begun = self.seconds = 0.0

    def add(self, owner: str, weight: int, step: Step) -> None:
        self.steps.append((owner, step))
        self.weight += weight

    def write(self, conn: sqlite3.Connection) -> None:
        self.begun = time.thread_time()
        for _, step in self.steps:
            step(conn)

    def written(self, _: Future[None]) -> None:
        """Its COMMIT is done, which is much of it where the index has much to write; still on the writer's thread."""
        self.seconds = time.thread_time() - self.begun


class Staging:
    """One run's rows. Used by one thread."""

    def __init__(self, database: Database, run: str, notes: Notes) -> None:
        self._database, self._run, self._notes = database, run, notes
        ids = database.read_now(imports.known)
        self._known = set(ids)
        self._by_origin = {same(id): id for id in ids}
        self._staged: dict[str, str] = {}  # ids to names, for the report
        self._broken: set[str] = set()
        self._batch, self._budget = Batch(), SMALLEST
        self._additions: list[tuple[str, list[Message], str | None]] = []
        self._added_bytes = 0
        self._added_ids: set[str] = set()
        self._waiting: list[tuple[Draft, str]] = []  # forks of what is added to known conversations
        self._held_blobs: set[str] = set()
        self.folders: dict[str, str] = {}
        self.trashed: dict[str, int] = {}
        self.taken = self.messages = self.already = self.merged = self.added = self.refused = 0
        self.not_taken: list[NotTaken] = []

    def refuse(self, what: NotTaken) -> None:
        self.refused += 1
        if len(self.not_taken) < MOST_NAMED:
            self.not_taken.append(what)

    def take(self, draft: Draft, file: str) -> None:
        """A conversation: staged whole where it is new, what is new of it where it is known."""
        known = self._known_as(draft)
        if known is None and self._forks_from_additions(draft):
            self._waiting.append((draft, file))
            self._added_ids.update(message.id for message in draft.messages)
        elif known is None:
            self._new(draft, file)
        elif not draft.can_grow:
            self.already += 1
        else:
            self._grow(draft, known)

    def finish(self) -> None:
        """Everything is written, but for the moment in which it appears."""
        self._flush()
        self._write_additions()
        for draft, file in self._waiting:
            self._new(draft, file)
        self._flush()

    # A new conversation

    def _forks_from_additions(self, draft: Draft) -> bool:
        """Whether what a fork shares is kept back until the end, and so the fork has to be."""
        shared = (draft.conversation.fork_of, *(message.parent for message in draft.messages))
        return draft.keeps_ids and any(id in self._added_ids for id in shared)

    def _known_as(self, draft: Draft) -> str | None:
        id = draft.conversation.id
        if draft.keeps_ids:
            return id if id in self._known else None
        return self._by_origin.get(same(id))

    def _new(self, draft: Draft, file: str) -> None:
        conversation = draft.conversation
        ids = [message.id for message in draft.messages]
        wanted = [*ids, *(m.parent for m in draft.messages if m.parent), conversation.fork_of or ""]
        if draft.keeps_ids:
            self._flush()  # what it shares with one before it must be there to be seen
        there = self._database.read_now(lambda db: imports.existing(db, wanted))
        messages = trees.ordered((message for message in draft.messages if message.id not in there), self._notes, there)
        past = conversation.fork_of if conversation.fork_of in there else None
        if past is None:
            past = next((m.parent for m in messages if m.parent in there), None)
        own = structs.replace(
            conversation,
            fork_of=past,
            head=conversation.head if conversation.head in {*there, *ids} else (ids[-1] if ids else past),
            folder=self.folders.get(conversation.folder, ""),
        )
        if conversation.trashed > 0:
            self.trashed[own.id] = conversation.trashed
        self._known.add(own.id)
        self._by_origin[same(own.id)] = own.id
        self._staged[own.id] = f"{file}\0{own.title}"
        self._add(own.id, MESSAGE_BYTES, partial(imports.stage, run=self._run, conversation=own))
        self._messages(own.id, messages, draft)
        self._add(own.id, MESSAGE_BYTES, partial(imports.settle, conversation=own))
        if draft.calls:
            self._add(own.id, 200 * len(draft.calls), partial(imports.add_calls, calls=draft.calls))
        for weight, step in draft.beside:
            self._add(own.id, weight, step)
        self.taken += 1
        self.messages += len(messages)

    def _messages(self, owner: str, messages: Sequence[Message], draft: Draft) -> None:
        """In portions of a batch's size, for a long conversation is more than one transaction may hold."""
        portion: list[Message] = []
        weight = 0
        for message in messages:
            whole = self._with_files(owner, structs.replace(message, conversation=owner), draft)
            portion.append(whole)
            weight += _weight(whole)
            if weight >= self._budget:
                self._add(owner, weight, partial(imports.add, messages=portion))
                portion, weight = [], 0
        if portion:
            self._add(owner, weight, partial(imports.add, messages=portion))

    # Files

    def _with_files(self, owner: str, message: Message, draft: Draft) -> Message:
        """The message with its files kept; one that is not there is named in the text."""
        assets = draft.assets.get(message.id, {})
        if assets or any(isinstance(part, Picture | Audio | Attachment) and part.blob for part in message.parts):
            parts = [
                self._kept(owner, assets[at]) if at in assets else self._checked(owner, part, draft)
                for at, part in enumerate(message.parts)
            ]
            message = structs.replace(message, parts=tuple(parts))
        return message if draft.keeps_ids else self._shortened(owner, _in_paragraphs(message))

    def _shortened(self, owner: str, message: Message) -> Message:
        """A text that would hold the writer for seconds while it is indexed goes beside the message, as a file."""
        if all(len(getattr(part, "text", "")) <= LONGEST_TEXT for part in message.parts):
            return message
        parts: list[Part] = []
        for part in message.parts:
            text = getattr(part, "text", "")
            if len(text) > LONGEST_TEXT:
                self._notes.add("very long texts kept as files, with their beginning in the message")
                parts.append(structs.replace(part, text=text[:BEGINNING] + " …"))
                parts.append(Attachment("text.txt", "text/plain", self._put(owner, text.encode())))
            else:
                parts.append(part)
        return structs.replace(message, parts=tuple(parts))

    def _kept(self, owner: str, asset: Asset) -> Part:
        content = asset.read()
        if not content:
            self._notes.add(f"{_KINDS[asset.kind]} that are not in the export, named in the text")
            return Text(f"[{asset.kind} not in the export: {asset.name}]")
        return part_of(self._put(owner, content), content, asset.name)

    def _checked(self, owner: str, part: Part, draft: Draft) -> Part:
        """A part that names its file by SHA-256: the file is there, comes along, or the name goes."""
        if not isinstance(part, Picture | Audio | Attachment) or not part.blob or part.blob in self._held_blobs:
            return part
        if self._database.read_now(lambda db: imports.has_blob(db, part.blob)):
            return part
        read = draft.files.get(part.blob)
        content = read() if read is not None else None
        if content is None or hashlib.sha256(content).hexdigest() != part.blob:
            self._notes.add(LEFT_OUT if content is None else "attachments that are damaged in the export")
            return structs.replace(part, blob="")
        self._put(owner, content)
        return part

    def _put(self, owner: str, content: bytes) -> str:
        sha = hashlib.sha256(content).hexdigest()
        self._held_blobs.add(sha)
        self._add(owner, len(content) // 4, partial(blobs.put, content=content))
        return sha

    # A known one

    def _grow(self, draft: Draft, known: str) -> None:
        """What is new of it. It is kept back until the end: until then nothing is seen of an import."""
        if known in self._staged:
            self._flush()
        have = self._database.read_now(lambda db: imports.messages_of(db, known))
        alike = {same(id): id for id in have} if not draft.keeps_ids else {}
        ours = {m.id: m.id if m.id in have else alike.get(same(m.id), m.id) for m in draft.messages}
        fresh = [m for m in draft.messages if ours[m.id] not in have]
        there = self._database.read_now(lambda db: imports.existing(db, [m.id for m in fresh])) if fresh else set()
        linked = [
            structs.replace(m, parent=ours.get(m.parent, m.parent) if m.parent else None)
            for m in fresh
            if m.id not in there
        ]
        messages = trees.ordered(linked, self._notes, have)
        if not messages:
            self.already += 1
            return
        whole = [self._with_files(known, structs.replace(m, conversation=known), draft) for m in messages]
        self._additions.append((known, whole, self._head(draft, known, have, messages, ours)))
        self._added_bytes += sum(map(_weight, whole))
        self._added_ids.update(message.id for message in whole)
        self.merged += known not in self._staged
        self.added += len(messages)
        if self._added_bytes > HELD_BYTES or known in self._staged:
            self._write_additions()

    def _head(
        self,
        draft: Draft,
        known: str,
        have: dict[str, str | None],
        messages: Sequence[Message],
        ours: dict[str, str],
    ) -> str | None:
        """The new end, where what is shown now leads to it; who has gone on here keeps what they see."""
        end = ours.get(draft.conversation.head or "")
        shown = self._database.read_now(lambda db: conversations.get(db, known)).head
        parents = have | {message.id: message.parent for message in messages}
        return end if end and shown in path_to(end, parents) else None

    def _write_additions(self) -> None:
        self._flush()
        for known, messages, head in self._additions:
            for start in range(0, len(messages), 100):
                some = messages[start : start + 100]
                last = head if start + 100 >= len(messages) else None
                weight = sum(map(_weight, some))
                step = partial(imports.grow, run=self._run, conversation=known, messages=some, head=last)
                self._add(known, weight, step)
        self._additions, self._added_bytes = [], 0
        self._flush()

    # Transactions

    def _add(self, owner: str, weight: int, step: Step) -> None:
        self._batch.add(owner, weight, step)
        if self._batch.weight >= self._budget:
            self._flush()

    def _flush(self) -> None:
        """Have the batch written, and wait for it.

        Making the next one meanwhile takes Python's lock from the writer at each of its statements: that was measured
        to win nothing in all, and to make transactions longer.
        """
        batch, self._batch = self._batch, Batch()
        if not batch.steps:
            return
        future = self._database.writer.submit(batch.write)
        future.add_done_callback(batch.written)
        try:
            future.result()
        except ArchiveFull:
            raise
        except CANNOT_BE_KEPT:
            self._one_by_one(batch)
            return
        self._database.write_now(index_merging.merge_some)
        change = max(0.5, min(2.0, AIM_S / max(batch.seconds, 0.001)))
        self._budget = round(max(SMALLEST, min(LARGEST, self._budget * change)))

    def _one_by_one(self, batch: Batch) -> None:
        """Something of a batch could not be kept: each conversation in transactions of its own, to find which."""
        for owner, step in batch.steps:
            if owner in self._broken:
                continue
            try:
                self._database.write_now(step)
            except ArchiveFull:
                raise
            except CANNOT_BE_KEPT as error:
                self._give_up(owner, error)

    def _give_up(self, owner: str, error: BaseException) -> None:
        self._broken.add(owner)
        reason = error.summary if isinstance(error, KnownError) else "Something in it cannot be kept."
        file, _, name = self._staged.get(owner, "").partition("\0")
        self.refuse(NotTaken(name or owner, reason, file))
        if owner in self._staged:
            self.taken -= 1
            self.trashed.pop(owner, None)
            self._known.discard(owner)
            self._by_origin.pop(same(owner), None)
            self._database.write_now(lambda db: conversations.purge(db, [owner]))


_KINDS = {"picture": "pictures", "sound": "sounds", "file": "files"}


def _in_paragraphs(message: Message) -> Message:
    """Texts that follow each other begin a paragraph: all of a message's words are read as one text."""
    texts = [isinstance(part, Text) and bool(part.text.strip()) for part in message.parts]
    if sum(texts) < 2:
        return message
    is_behind = False
    parts: list[Part] = []
    for part, is_text in zip(message.parts, texts, strict=True):
        parts.append(Text(f"\n\n{part.text}") if isinstance(part, Text) and is_text and is_behind else part)
        is_behind = is_behind or is_text
    return structs.replace(message, parts=tuple(parts))


def _weight(message: Message) -> int:
    sizes: list[Any] = [getattr(part, name, "") for part in message.parts for name in ("text", "arguments")]
    return MESSAGE_BYTES + sum(map(len, sizes))
