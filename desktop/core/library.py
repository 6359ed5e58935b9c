"""The library's values: places, what is found in them, folders, tags, saved searches and figures."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from desktop.core.conversation import Conversation
from desktop.core.search_query import Problem

PlaceKind = Literal["all", "folder", "tag", "archived", "trash", "page", "untagged", "pinned"]
Order = Literal["newest", "relevance", "oldest", "title", "cost"]


class Place(Struct, frozen=True):
    """Where is looked. `value` is a folder's id, a tag's name or a page's; a folder holds also what is below it.

    What was put away is in "archived", and elsewhere as soon as something is searched for; the trash only in "trash".
    """

    kind: PlaceKind = "all"
    value: str = ""


class Entry(Struct, frozen=True):
    """A conversation, and the message that was found in it: None where its title was found or nothing looked for.

    `snippet` is plain text in one line with the hits between U+E000 and U+E001. `when` is UTC microseconds. `hits`
    are its messages that were found, and its title, as far as was looked.
    """

    conversation: Conversation
    message: str | None = None
    role: str = ""
    snippet: str = ""
    when: int = 0
    hits: int = 0


class Results(Struct, frozen=True):
    """Some entries, the cursor of the next ones, and how many there are: more than `count` if `is_more`."""

    entries: tuple[Entry, ...] = ()
    next: str | None = None
    problems: tuple[Problem, ...] = ()
    count: int = 0
    is_more: bool = False


class HitPlace(Struct, frozen=True):
    """A message with a hit, and the last message of a branch that it lies on."""

    message: str
    leaf: str


class Folder(Struct, frozen=True):
    """`parent` is a folder's id or "". `count` are the conversations in it and below it."""

    id: str
    name: str
    parent: str = ""
    count: int = 0


class Tag(Struct, frozen=True):
    name: str
    count: int = 0


class Saved(Struct, frozen=True):
    """A search that was kept under a name."""

    id: str
    name: str
    query: str


class Counts(Struct, frozen=True):
    """How many conversations are where. The trash and the archived ones are in their own numbers only."""

    all: int = 0
    pinned: int = 0
    archived: int = 0
    trash: int = 0
    untagged: int = 0
    pages: tuple[Tag, ...] = ()
    folders: tuple[Folder, ...] = ()
    tags: tuple[Tag, ...] = ()
    saved: tuple[Saved, ...] = ()


class ModelFigures(Struct, frozen=True):
    """What one model did in a conversation. `cost_pico` adds up what is known; `unpriced` replies cost what is not."""

    model: str
    replies: int = 0
    input: int = 0
    output: int = 0
    cost_pico: int = 0
    unpriced: int = 0


class Statistics(Struct, frozen=True):
    """Figures of a whole conversation, all its branches and the shared past of a fork. Dates are UTC microseconds."""

    messages: dict[str, int] = {}
    words: int = 0
    characters: int = 0
    branches: int = 0
    models: tuple[ModelFigures, ...] = ()
    first: int = 0
    last: int = 0
    attachments: dict[str, int] = {}

    @property
    def cost_pico(self) -> int:
        return sum(model.cost_pico for model in self.models)

    @property
    def unpriced(self) -> int:
        return sum(model.unpriced for model in self.models)
