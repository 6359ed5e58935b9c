"""Files on their way into the queue: looked at, one drop after another, and judged anew when the form changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal

from desktop.ui.transcription.rows import ONCE, Seen

if TYPE_CHECKING:
    from desktop.core.catalog import Card
    from desktop.services.transcription import Look, Looking, Options, Transcription

    Known = Callable[[str], Awaitable[tuple[str, bool]]]
    """Of a recording that is here already: what is said of it, and whether there is something to open; nothing is said
    of one that was begun and not done, which goes along."""

PREFIX = "look:"


class Waiting(QObject):
    """What was dropped and is not in the queue yet. `changed` when rows would look different, `told` how far a look
    is: done, of, name; `passed_over` how many files of a folder, by its name, are no recordings."""

    changed = Signal()
    told = Signal(int, int, str)
    passed_over = Signal(str, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.seen: list[Seen] = []
        self._number = 0
        self._asked: list[list[Seen]] = []
        self.is_looking = False

    @property
    def ready(self) -> list[Seen]:
        return [one for one in self.seen if one.is_ready]

    def take(self, paths: Sequence[str]) -> bool:
        """Show these as being looked at; False where all of them are here already."""
        here = {one.look.path if one.look is not None else one.path for one in self.seen}
        fresh = [Seen(self._key(), path) for path in dict.fromkeys(paths) if path not in here]
        if fresh:
            self.seen += fresh
            self._asked.append(fresh)
            self.changed.emit()
        return bool(fresh)

    async def look(self, service: Transcription, options: Options, known: Known) -> None:
        """Look at all that was asked for. Cancelled, what was not looked at goes."""
        self.is_looking = True
        try:
            while self._asked:
                await self._look_at(self._asked[0], service, options, known)
                self._asked.pop(0)
        finally:
            self.is_looking = False
            self.stop()

    def stop(self) -> None:
        """What was not looked at goes."""
        self._asked.clear()
        self.seen = [one for one in self.seen if one.look is not None]
        self.changed.emit()

    async def _look_at(self, asked: list[Seen], service: Transcription, options: Options, known: Known) -> None:
        for number, one in enumerate(asked):  # one by one: each row says what was found as soon as it is known
            if one not in self.seen:
                continue  # removed meanwhile

            others = 0

            def tell(now: Looking, at: int = number) -> None:
                nonlocal others
                others = now.others
                if now.of > 1:
                    self.told.emit(now.done, now.of, now.name)
                else:
                    self.told.emit(at, len(asked), now.name)

            self.told.emit(number, len(asked), Path(one.path).name)
            await self._put(one, await service.look([one.path], options, tell), known)
            if others:
                self.passed_over.emit(Path(one.path).name, others)

    async def _put(self, one: Seen, looks: Sequence[Look], known: Known) -> None:
        """What was found in the place of what was dropped: nothing, a file, or all that was in a folder."""
        if one not in self.seen:
            return
        fresh = []
        there = [each.look for each in self.seen if each.look is not None]
        paths, hashes = {look.path for look in there}, {look.sha256 for look in there if _stands(look)}
        for look in looks:
            if look.path in paths:
                continue  # the same folder again
            if look.sha256 in hashes and not look.problem:
                look = replace(look, problem="This recording is in the list already.", advice=ONCE)
            if _stands(look):
                hashes.add(look.sha256)
            said, can_open = await known(look.same_as) if look.same_as else ("", True)
            is_begun = bool(look.same_as) and not said
            fresh.append(Seen(self._key(), look.path, look, said, can_open=can_open, is_begun=is_begun))
        if one in self.seen:
            at = self.seen.index(one)
            self.seen[at : at + 1] = fresh if looks else [self._nothing(one)]
            self.changed.emit()

    def _nothing(self, one: Seen) -> Seen:
        """A folder without recordings is said so, once."""
        from desktop.services.transcription import Look  # with the services

        one.look = Look(one.path, problem="There is no recording in this folder.", advice="Choose another one.")
        return one

    def ask_again(self, options: Options, card: Card) -> None:
        """The form has changed: problems, parts and estimates of what was looked at, without reading it anew."""
        from desktop.services.transcription import plan  # with the services

        problem, advice = plan.problem(options, card)
        for one in self.seen:
            look = one.look
            if look is None or look.sound is None or not look.sha256 or look.sound.is_protected:
                continue
            if look.problem and look.advice == ONCE:
                continue
            heard = look.sound.seconds * len(plan.channels(options, look.sound))
            one.look = replace(
                look,
                problem=problem,
                advice=advice,
                warning=plan.warning(options, card, look.sound),
                estimate=plan.estimate(heard, card),
                parts=plan.many(look.path, look.size_bytes, look.sound, card, options),
            )
        self.changed.emit()

    def find(self, key: str) -> Seen | None:
        if not key.startswith(PREFIX):
            return None  # a job
        return next((one for one in self.seen if one.key == key), None)

    def remove(self, keys: Sequence[str]) -> None:
        gone = set(keys)
        self.seen = [one for one in self.seen if one.key not in gone]
        self.changed.emit()

    def put_back(self, seen: Sequence[Seen]) -> None:
        """Those that were removed, before the others."""
        self.seen = [*seen, *self.seen]
        self.changed.emit()

    def take_again(self, keys: Sequence[str]) -> None:
        """Wanted although they were transcribed already."""
        wanted = set(keys)
        for one in self.seen:
            one.again |= one.key in wanted
        self.changed.emit()

    def _key(self) -> str:
        self._number += 1
        return f"{PREFIX}{self._number}"


def _stands(look: Look) -> bool:
    """Whether a file is what others are the same as; one that is only a copy of it is not."""
    return bool(look.sha256) and look.advice != ONCE
