"""A conversation as those forms tell it that are for reading: branch after branch, messages read as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, TypeVar

import msgspec

from desktop.core.conversation import Attachment, Audio, Conversation, Message, Picture, State, path_to
from desktop.core.text import visible

T = TypeVar("T", bound=msgspec.Struct)
Branches = Literal["path", "all"]
Bytes = Picture | Audio | Attachment

Clean = Callable[[bytes], bytes]
Read = Callable[[Sequence[str]], Iterator[Message]]
Link = Callable[[Bytes], str]
"""The relative address of an attachment that was put beside, "" where it was not."""
Content = Callable[[Bytes], bytes | None]
"""An attachment's bytes, None where they are left out or lost."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages that follow each other. `number` counts branches from 1, `after` is the turn it begins behind."""

    number: int
    after: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A conversation to be told. `parents` is its whole tree; `read` gives messages in the order asked."""

    conversation: Conversation
    parents: Mapping[str, str | None]
    branches: Branches
    read: Read
    link: Link = field(default=lambda part: "")
    content: Content = field(default=lambda part: None)

    @property
    def title(self) -> str:
        return visible(" ".join(self.conversation.title.split())) or "Untitled"

    def paths(self) -> Iterator[list[str]]:
        """Each branch from its first message to its last: the one that is shown, then the others if they are asked."""
        for leaf in self._leaves():
            yield path_to(leaf, self.parents)

    def stretches(self) -> Iterator[Stretch]:
        """The same, but of each branch only what was not told before."""
        told: dict[str, int] = {}
        for number, path in enumerate(self.paths(), 1):
            new = [id for id in path if id not in told]
            after = len(path) - len(new)
            told.update((id, after + turn) for turn, id in enumerate(new, 1))
            if new:
                yield Stretch(number, after, tuple(new))

    def messages(self, stretch: Stretch) -> Iterator[Message]:
        return self.read(stretch.ids)

    def _leaves(self) -> list[str]:
        inner = {parent for parent in self.parents.values() if parent is not None}
        leaves = sorted(id for id in self.parents if id not in inner)
        shown = self.conversation.head
        if shown is None or shown not in self.parents:
            shown = leaves[-1] if leaves else None
        first = [] if shown is None else [shown]
        return first + [leaf for leaf in leaves if leaf != shown] if self.branches == "all" else first


def cleaned(value: T, clean: Clean) -> T:
    """A conversation or a message without any key in it; the same object where there was none."""
    content = msgspec.json.encode(value)
    without = clean(content)
    return value if without is content or without == content else msgspec.json.decode(without, type=type(value))


def state_words(message: Message) -> str:
    """What became of a message that did not end well; "" for one that did."""
    if message.state is State.COMPLETE:
        return ""
    words = {
        State.LENGTH: "Ended at the limit of tokens",
        State.FILTERED: "Ended by the provider's content filter",
        State.CUT: "Cut",
        State.STOPPED: "Stopped",
        State.FAILED: "Failed",
    }.get(message.state, message.state.value.capitalize())
    return f"{words}: {visible(message.error)}" if message.error else words


def name_of(part: Bytes) -> str:
    return visible(" ".join(part.name.split())) or part.mime


def iso(micros: int) -> str:
    """A moment in UTC to the second, "" for never."""
    if not micros:
        return ""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).isoformat().replace("+00:00", "Z")


def day(micros: int) -> str:
    return iso(micros)[:10]


def moment(micros: int) -> str:
    """The same for people, to the minute."""
    return iso(micros)[:16].replace("T", " ") + " UTC" if micros else ""


def dollars(pico: int | None) -> str:
    """A sum without losing a digit; "" where it is not known."""
    return "" if pico is None else f"{(Decimal(pico) / 10**12).normalize():f}"
