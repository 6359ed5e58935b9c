"""How recordings come in: dropped, pasted, chosen, recorded, found in the watched folder; looked at, then queued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from desktop.core.errors import BadInput, KnownError
from desktop.core.pricing import shown as money
from desktop.ui import dialogs, drops
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words
from desktop.ui.transcription.looking import Waiting
from desktop.ui.transcription.options import OptionsForm
from desktop.ui.transcription.part import Part
from desktop.ui.transcription.ready_bar import ReadyBar
from desktop.ui.transcription.rows import OVER, Seen, left_out, to_send
from desktop.ui.transcription.watching import Watcher

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.transcription import Options

TRANSCRIPTS = drops.SUBTITLES | {"json"}
"""Endings of what is opened with its recording; JSON only here, since elsewhere it is something else."""

MANY = 60  # files that are judged anew at each key that is typed into the form; more of them behind a short pause
PAUSE_MS = 150


class TakingIn(Part):
    """`came` when something was dropped, `looked` when all of it was looked at; `subtitles` carries paths of
    subtitles and of all that was dropped along; `queued` the ids of new jobs."""

    came = Signal()
    looked = Signal()
    subtitles = Signal(list, list)
    queued = Signal(list)

    def __init__(self, waiting: Waiting, form: OptionsForm, ready: ReadyBar, tasks: Tasks, place: QWidget) -> None:
        super().__init__(tasks, place)
        self._waiting, self._form, self._ready = waiting, form, ready
        self._early: list[str] = []  # subtitles that came before the services
        self.watcher = Watcher(tasks, self)
        self._soon = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._soon.timeout.connect(self._ask_again)
        waiting.told.connect(ready.show_looking)
        waiting.passed_over.connect(self._say_passed_over)
        ready.start_wanted.connect(self.queue_up)
        ready.clear_wanted.connect(self.clear)
        ready.stop_wanted.connect(self.stop_looking)
        self.watcher.appeared.connect(lambda paths: self.start(self._take_watched(paths), "watched"))

    def attach(self, services: Services) -> None:
        super().attach(services)
        services.settings.listen(lambda _: self.watch_folder())

    async def begin(self) -> None:
        """What a crash cut off while it was being recorded, and what was dropped before the services were there."""
        await self._recover()
        self.watch_folder()
        if self._early:
            early, self._early = self._early, []
            self.open_files(early)
        if self._waiting.seen and not self._waiting.is_looking:
            await self._look()

    # Ways in

    def open_files(self, paths: Sequence[str]) -> None:
        """Recordings, folders and subtitles that were dropped, chosen, pasted or named on the command line."""
        subtitles = [path for path in paths if _ending(path) in TRANSCRIPTS]
        others = [path for path in paths if path not in subtitles]
        if subtitles and self.services is not None:
            self.subtitles.emit(subtitles, others)
        else:
            self._early += subtitles
            self.take(others)

    def take(self, paths: Sequence[str]) -> None:
        """Look at these. Without services that follows as soon as they are there."""
        if not paths:
            return
        self.came.emit()
        if not self._waiting.take(list(paths)):
            self.notice.emit("info", "This is in the list already." if len(paths) == 1 else "All of it is in the list.")
        elif self.services is not None and not self._waiting.is_looking:
            self.start(self._look(), "look")

    def paste(self) -> None:
        """Files from the clipboard."""
        if paths := drops.local_paths(QGuiApplication.clipboard().mimeData()):
            self.open_files(paths)
        else:
            self.notice.emit("info", "There are no files in the clipboard.")

    def choose_files(self) -> None:
        self.start(self._ask_for_files(), "choose")

    def choose_folder(self) -> None:
        self.start(self._ask_for_folder(), "choose")

    async def _ask_for_files(self) -> None:
        self.open_files(await dialogs.choose_files(self.place, "Choose recordings", drops.pattern()))

    async def _ask_for_folder(self) -> None:
        if folder := await dialogs.choose_folder(self.place, "A folder of recordings"):
            self.open_files([folder])

    async def _recover(self) -> None:
        from desktop.services import recording  # with the services

        if self.known.database.read_only:
            return
        if found := await recording.unfinished(self.known.settings.folder):
            self._waiting.take(found)
            count = words.many(len(found), "recording")
            self.notice.emit("info", f"{count} ended without being finished. What was said is kept.")

    # The watched folder

    def watch_folder(self) -> None:
        """Look into the watched folder now and then, where one is set."""
        may_work = not self.known.database.read_only
        self.watcher.watch(self.known.settings.value.watch_folder if may_work else "")

    async def _take_watched(self, paths: list[str]) -> None:
        """New files of the watched folder: what cannot be heard is said, what is known by its content is passed over;
        what needs somebody, since it is dear or the form asks for what the model has not, waits for the button."""
        options = self.options()
        found = await self.service.look(paths, options)
        if unfit := [look for look in found if look.sound is None]:
            besides = f" So it is with {words.many(len(unfit) - 1, 'other file')}." if len(unfit) > 1 else ""
            self.notice.emit("info", f"“{Path(unfit[0].path).name}” of the watched folder: {unfit[0].problem}{besides}")
        looks = [look for look in found if look.sound is not None and not look.same_as]
        dollars, _ = words.all_prices([look.estimate for look in looks])
        if not looks:
            return
        if any(look.problem for look in looks) or dollars > self.known.settings.value.transcription_ask_above:
            self.take([look.path for look in looks])
        else:
            await self.service.add(looks, options)

    # Looking

    async def _look(self) -> None:
        asked = self.options()
        await self._waiting.look(self.service, asked, self._known)
        if self.options() != asked:  # a page that was built for this drop has had no model until now
            self._ask_again()
        self.looked.emit()

    def _say_passed_over(self, folder: str, count: int) -> None:
        are = "is no recording and was" if count == 1 else "are no recordings and were"
        self.notice.emit("info", f"{words.many(count, 'file').capitalize()} in “{folder}” {are} passed over.")

    def stop_looking(self) -> None:
        self.tasks.cancel("look")
        self._waiting.stop()  # also where the task had not begun

    async def _known(self, recording: str) -> tuple[str, bool]:
        """When a recording with the same bytes was transcribed, and whether that can be opened; nothing where it was
        only tried."""
        job = self.service.job(recording)
        if job is not None and str(job.state) not in OVER:
            return "Is in the queue already", True
        try:
            opened = await self.service.transcript(recording)
        except KnownError:
            return "", False
        return f"Transcribed {_day(opened.recording.added)}", True

    def ask_again(self) -> None:
        """The form has changed: estimates and problems of what is not sent yet."""
        if len(self._waiting.seen) > MANY:
            self._soon.start()
        else:
            self._ask_again()

    def _ask_again(self) -> None:
        if self.services is not None and self._waiting.seen:
            options = self.options()
            self._waiting.ask_again(options, self.service.card(options))

    def show_ready(self) -> bool:
        """What the line below says; whether its button can be pressed."""
        if self._waiting.is_looking:
            return False
        ready = self._waiting.ready
        seconds, estimates = to_send(ready)
        why_not, unused = self._why_not(), self._form.unused
        self._ready.show_ready(
            len(ready),
            f"{words.together(seconds, estimates)} · {self._form.card.id}{unused and f' without {unused}'}",
            left_out(self._waiting.seen),
            may_start=not why_not,
            why_not=why_not if self._waiting.seen else "",
        )
        return bool(ready) and not why_not

    def _why_not(self) -> str:
        if self.services is not None and self.services.database.read_only:
            return "The archive is open for reading only."
        return self._form.problem or self._lack()

    def _lack(self) -> str:
        """What the model cannot do of what the form asks for: it stands on each row too."""
        if self.services is None or not self._waiting.seen:
            return ""
        return " ".join(self.service.problem(self.options())).strip()

    # Into the queue

    def options(self) -> Options:
        """What the form says, as the service takes it."""
        from desktop.services.transcription import Options  # with the services

        return Options(**self._form.fields())

    def clear(self) -> None:
        """What does not go along leaves the list; where all of it goes, or none, all of it."""
        seen = [one for one in self._waiting.seen if not one.is_ready]
        if not self._waiting.ready or not seen:
            seen = list(self._waiting.seen)
        self._waiting.remove([one.key for one in seen])
        count = words.many(len(seen), "file").capitalize()
        undo: Callable[[], object] = lambda: self._waiting.put_back(seen)  # noqa: E731
        self.undo_offered.emit(f"{count} removed from the list.", undo)

    def queue_up(self) -> None:
        """Queue all that is ready."""
        if self._waiting.ready and not self._waiting.is_looking:
            self.start(self._queue_up(), "start")

    async def _queue_up(self) -> None:
        if problem := self._why_not():
            raise BadInput(problem, "")
        ready = self._waiting.ready
        dollars, _ = words.all_prices(to_send(ready)[1])
        most = self.known.settings.value.transcription_ask_above
        if dollars > most:
            asks = f"Davenport asks before it spends more than ${most} at once; the settings have this sum."
            question = f"This comes to about {money(dollars)}. {asks}"
            if not await dialogs.confirm(self.place, question, self._ready.start.text(), is_danger=False):
                return
        ids = await self._begun_before(ready)
        looks = [one.look for one in ready if one.look is not None and one.key not in ids]
        added = await self.service.add(looks, self.options())
        self._waiting.remove([one.key for one in ready])
        self.queued.emit([*ids.values(), *added])

    async def _begun_before(self, ready: Sequence[Seen]) -> dict[str, str]:
        """Jobs that go on with what has come of the same recordings and wishes, by the keys of the files."""
        taken: dict[str, str] = {}
        for one in ready:
            if one.is_begun and one.look is not None:
                taken[one.key] = await self.service.take_up(one.look, self.options())
        return {key: id for key, id in taken.items() if id}


def _ending(path: str) -> str:
    return Path(path).suffix.lower().lstrip(".")


def _day(micros: int) -> str:
    said = words.day(micros, datetime.now().astimezone())
    return said if said == "today" else f"on {said}"
