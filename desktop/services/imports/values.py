"""What an import says of itself: what was found, how far it is, what was taken and what was not, and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from desktop.core.conversation import Conversation, Message
from desktop.store.exporting import Call

MOST_NAMED = 10_000  # conversations that were not taken, by name; more are only counted


class Found(Struct, frozen=True):
    """What was recognised at a path. `conversations` is about how many; None where that is not known.

    `kind` is in words; "" where nothing can be taken from it, and `problem` says why.
    """

    path: Path
    kind: str = ""
    name: str = ""
    conversations: int | None = None
    size_bytes: int = 0
    problem: str = ""

    @property
    def can_be_taken(self) -> bool:
        return bool(self.kind)


class Progress(Struct, frozen=True):
    """`done` and `of` are bytes of what is read; `seconds_left` is None until it can be said."""

    stage: str
    done: int = 0
    of: int = 0
    conversations: int = 0
    messages: int = 0
    bytes_per_s: float = 0.0
    seconds_left: float | None = None


class NotTaken(Struct, frozen=True):
    """One conversation, file or part that was not taken: its name, why, and the file it stands in."""

    name: str
    reason: str
    file: str = ""


class Report(Struct, frozen=True):
    """How an import ended. `notes` count, by kind, what was changed, left out or kept as text only.

    `not_taken_count` is larger than the length of `not_taken` where there were too many to name.
    """

    run: str = ""
    taken: int = 0
    messages: int = 0
    already: int = 0
    merged: int = 0
    added: int = 0
    not_taken: tuple[NotTaken, ...] = ()
    not_taken_count: int = 0
    notes: dict[str, int] = {}
    seconds: float = 0.0


class Run(Struct, frozen=True):
    """An earlier import. Times are UTC microseconds; `state` is staged, done, undone or failed."""

    id: str
    started: int
    ended: int
    kind: str
    name: str
    state: str
    report: Report


class Undone(Struct, frozen=True):
    """`kept` are titles of conversations that had been gone on with and so were left."""

    conversations: int = 0
    messages: int = 0
    kept: tuple[str, ...] = ()
    messages_kept: int = 0


class Asset(Struct, frozen=True):
    """A picture, sound or file of a message, not read yet; stands among its parts until it is kept.

    `read` gives its bytes, None where the export does not hold them. `kind` is picture, sound or file; `id` is the
    source's, where it has one.
    """

    kind: str
    name: str
    read: Callable[[], bytes | None]
    id: str = ""


Tell = Callable[[Progress], None]


class Draft(Struct, frozen=True):
    """A conversation as its source has it: parents before children, assets among the parts.

    `assets` are by message id, in the place where their part is to stand; `files` give the bytes that parts name by
    their SHA-256. `keeps_ids`: the ids are the archive's own, not made of the source's. `can_grow`: the same message
    has the same id in a later export. `beside` is what else belongs to it: weights and steps, each of which goes into
    a transaction behind its messages.
    """

    conversation: Conversation
    messages: Sequence[Message]
    assets: dict[str, dict[int, Asset]] = {}
    calls: tuple[Call, ...] = ()
    files: dict[str, Callable[[], bytes | None]] = {}
    keeps_ids: bool = False
    can_grow: bool = True
    beside: tuple[tuple[int, Callable[[sqlite3.Connection], object]], ...] = ()


class Piece(Struct, frozen=True):
    """One conversation of a source, not read yet: its time in UTC microseconds, a name for the report, its weight."""

    when: int
    name: str
    file: str
    size: int
    read: Callable[[], Draft]


class Given(Protocol):
    """Conversations that no file of an export holds, to be taken in as an import is. `size` is their weight in all."""

    kind: str
    name: str
    size: int

    def pieces(self, notes: Notes) -> Iterator[Piece | NotTaken]:
        """In an order in which a fork stands behind what it shares."""


class Notes:
    """Counts, by kind, what a user should know and need not read one by one."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, kind: str, count: int = 1) -> None:
        if count and (kind in self.counts or len(self.counts) < 200):
            self.counts[kind] = self.counts.get(kind, 0) + count
