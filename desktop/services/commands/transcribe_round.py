"""What becomes of recordings that a command wants: told in their order, each as soon as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from desktop.core.errors import FileSilent, KnownError
from desktop.core.subtitles.times import short
from desktop.services.bundle import Services
from desktop.services.commands.outcome import NobodyReads, Write
from desktop.services.commands.transcribe_shown import Shown
from desktop.services.jobs import JobState
from desktop.services.transcription import JobView, Look, Options, done_before, export

LAST_MODEL = "transcription.last-model:"


class Wanted(Struct, frozen=True):
    """A file that was named, what it is called, and the job that has its transcript. `is_old`: it had it before,
    nothing is sent."""

    look: Look
    name: str
    job: str
    is_old: bool = False


class Round:
    """All that is wanted."""

    def __init__(
        self, services: Services, options: Options, wanted: Sequence[Wanted], shown: Shown, out: Write, err: Write
    ) -> None:
        self._services, self._service, self._options = services, services.transcription, options
        self._wanted, self._shown, self._out, self._err = wanted, shown, out, err
        self._new = [each.job for each in wanted if not each.is_old]
        self._is_remembered = False

    async def go(self) -> bool:
        """Whether all is done. What is not is paused where this ends otherwise: the same command goes on with it."""
        task, new = asyncio.current_task(), set(self._new)

        def changed(id: str) -> None:
            view = self._service.job(id) if id in new else None
            if view is not None and not self._shown.changed(view, self._views) and task is not None:
                new.clear()
                task.cancel()

        self._service.listen(changed)
        try:
            return await self._told()
        except BaseException as error:
            for id in self._new:
                self._service.pause(id, at_once=True)
            if self._shown.is_unread and isinstance(error, asyncio.CancelledError):
                raise NobodyReads from None
            raise
        finally:
            new.clear()
            self._shown.clear()

    def _views(self) -> list[JobView]:
        return [view for id in self._new if (view := self._service.job(id)) is not None]

    async def _told(self) -> bool:
        is_well = True
        for each in self._wanted:
            if not each.is_old:
                await self._service.settled([each.job])
            self._shown.clear()
            view = self._service.job(each.job)
            if view is None:
                self._err(f"{each.name}: it was taken out of the list.\n")
            is_well = view is not None and await self._tell(each, view) and is_well
        return is_well

    async def _tell(self, wanted: Wanted, view: JobView) -> bool:
        name = wanted.name
        for begins, ends in view.nothing_in:
            self._err(f"{name}: nothing was heard from {short(begins)} to {short(ends)}.\n")
        is_done = view.state is JobState.DONE
        if not is_done:
            again = "" if view.problem == FileSilent.__name__ else "To retry, give the same command again."
            self._err(f"{name}: {' '.join(filter(None, (view.error or view.words, view.advice, again)))}\n")
        elif not self._is_remembered:
            await self._services.remember(f"{LAST_MODEL}{self._options.profile}", self._options.model)
            self._is_remembered = True
        if is_done:
            is_done = await self._tell_result(wanted, view)
        cost = f", {view.cost}" if view.cost and not wanted.is_old else ""
        self._err(f"{f'{name} ' if len(self._wanted) > 1 else ''}[{view.conversation}{cost}]\n")
        return is_done

    async def _tell_result(self, wanted: Wanted, view: JobView) -> bool:
        """Whether its files are there, where some were wanted; else its text is shown, under its name where there are
        several."""
        if not self._options.formats_out:
            opened = await self._service.transcript(view.recording)
            text = export.rendered(opened.transcript, "txt", export.About(""), export.Shape(times=False)).decode()
            self._out(f"==> {wanted.name} <==\n{text}\n" if len(self._wanted) > 1 else text)
            return True
        try:
            written = await self._written_now(wanted.look, view) if wanted.is_old else view.written
        except KnownError as error:
            self._err(f"{wanted.name}: {error.summary} {error.advice}\n")
            return False
        for path in written:
            self._out(f"{path}\n")
        return True

    async def _written_now(self, look: Look, view: JobView) -> Sequence[Path]:
        """The files of a transcript that was here before: those of then, where they are as they would be now."""
        options, source = self._options, Path(look.path)
        opened = await self._service.transcript(view.recording)
        folder = Path(options.out_dir) / look.folder if options.out_dir else source.parent
        about = export.About(source.name, date.today().isoformat(), source, folder)
        pattern, forms = options.name_pattern or export.PATTERN, options.formats_out
        name = export.file_name(pattern, opened.transcript, about)
        there = () if opened.is_edited else done_before.files(view.written, forms, folder, name)
        if there:
            return there
        write = export.write_all
        made = await asyncio.to_thread(write, opened.transcript, about, forms, folder, pattern=pattern)
        payload = self._services.jobs.get(view.id).payload
        self._services.jobs.change_payload(view.id, payload | {"written": [*view.written, *map(str, made)]})
        return made
