"""The hits of a search in the conversation that is read: counted truly, walked one by one, in whatever branch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from desktop.core.conversation import Audio, Message, Refusal, Text, ToolResult
from desktop.core.hit_marks import Finder

if TYPE_CHECKING:
    from desktop.core.library import HitPlace

CHUNK = 200
Read = Callable[[list[str]], Awaitable[list[Message]]]


class Hits:
    """Where one is among all occurrences. A message that was found has at least one, also by a filter alone."""

    def __init__(self, finder: Finder, places: Sequence[HitPlace] = ()) -> None:
        self.finder, self.places = finder, tuple(places)
        self._counts: dict[str, int] = {}
        self._rows = {place.message: at for at, place in enumerate(self.places)}
        self.at, self.inside = -1, 0

    @property
    def is_counted(self) -> bool:
        return len(self._counts) == len(self.places)

    @property
    def total(self) -> int:
        """As far as it is counted."""
        return sum(self._counts.values()) + len(self.places) - len(self._counts)

    @property
    def number(self) -> int:
        """Of the hit that is looked at, from 1; 0 for none."""
        if self.at < 0:
            return 0
        return sum(self._counts.get(place.message, 1) for place in self.places[: self.at]) + self.inside + 1

    @property
    def place(self) -> HitPlace | None:
        return self.places[self.at] if 0 <= self.at < len(self.places) else None

    def row_of(self, message: str) -> int:
        """-1 for a message without a hit."""
        return self._rows.get(message, -1)

    def set_count(self, message: str, count: int) -> None:
        """What the shown text has; the text that was searched may have marks that are not shown."""
        if message in self._rows:
            self._counts[message] = max(1, count)
            if self.place is not None and self.place.message == message:
                self.inside = min(self.inside, self._counts[message] - 1)

    def go_to(self, at: int, *, is_last: bool = False) -> None:
        """To a message's first hit, or its last one."""
        self.at = at
        self.inside = self._counts.get(self.places[at].message, 1) - 1 if is_last else 0

    def step(self, by: int) -> None:
        """To the next hit or the one before; after the last comes the first."""
        if not self.places:
            return
        inside = self.inside + by
        if self.at >= 0 and 0 <= inside < self._counts.get(self.places[self.at].message, 1):
            self.inside = inside
        else:
            self.go_to((self.at + by) % len(self.places), is_last=by < 0)

    async def count(self, read: Read, told: Callable[[], None]) -> None:
        """Count in all messages that were found, some hundred at a time; `told` after each part."""
        import asyncio  # slow to import, and nothing is counted before the first paint

        ids = [place.message for place in self.places]
        for start in range(0, len(ids), CHUNK):
            messages = await read([id for id in ids[start : start + CHUNK] if id not in self._counts])
            counts = await asyncio.to_thread(lambda some=messages: {m.id: occurrences(m, self.finder) for m in some})  # type: ignore[misc]
            for id in ids[start : start + CHUNK]:
                if id not in self._counts:
                    self.set_count(id, counts.get(id, 1))
            told()


def occurrences(message: Message, finder: Finder) -> int:
    """In all words of a message that are shown without unfolding anything in it."""
    count = 0
    for part in message.parts:
        match part:
            case Text() | Refusal() | ToolResult():
                count += len(finder.spans(part.text, 1 << 30))
            case Audio():
                count += len(finder.spans(part.transcript, 1 << 30))
    return count
