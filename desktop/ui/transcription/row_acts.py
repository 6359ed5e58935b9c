"""What is done with rows of the queue: with files that were looked at, and with jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction

from desktop.core.errors import Missing
from desktop.ui import actions, dialogs, drops
from desktop.ui.tasks import Tasks
from desktop.ui.transcription import words
from desktop.ui.transcription.job_rows import JobRows
from desktop.ui.transcription.looking import Waiting
from desktop.ui.transcription.part import Part
from desktop.ui.transcription.queue import QueueView

OF_ROWS = (  # actions of keys and the palette: name, words, key, icon, and what is done of it by the rows' own names
    ("open", "Open the transcript", "", "edit", ("open", "watch")),
    ("pause-job", "Pause or go on", "Space", "pause", ("pause", "resume")),
    ("job-now", "Try now what waits", "", "play", ("now",)),
    ("pause-job-now", "Pause without waiting for the parts under way", "Shift+Space", "pause", ("pause-now",)),
    ("retry-job", "Try again", "F5", "retry", ("retry", "again", "anew")),
    ("choose-instead", "Choose another file, or find the one that is gone", "", "search", ("find", "choose")),
    ("show-job", "Show in folder", "", "folder", ("show",)),
    ("remove-job", "Cancel or remove", "Delete", "close", ("cancel", "remove")),
)
ASK = ("find", "choose")
"""What opens a dialog is done with one row."""


class RowActs(Part):
    """`open_wanted` carries the key of a job or of a recording that is kept, `taken` files in the place of rows."""

    open_wanted = Signal(str)
    taken = Signal(list)

    def __init__(self, queue: QueueView, waiting: Waiting, jobs: JobRows, tasks: Tasks) -> None:
        super().__init__(tasks, queue)
        self._queue, self._waiting, self._jobs = queue, waiting, jobs
        self.forms: Callable[[], Sequence[str]] = tuple  # of files that a drag carries, where none were written
        self.is_ours: Callable[[str], bool] = lambda path: False  # whether a file was recorded here
        self._of_rows: dict[QAction, tuple[str, ...]] = {}
        self._of_failed = {"find": self._find, "anew": self._take_anew, "choose": self._choose_instead}
        self._make_actions()
        queue.acted.connect(self.act)
        queue.file_wanted.connect(self._offer_files)
        queue.selectionModel().selectionChanged.connect(lambda: self.enable())
        queue.rows.moved.connect(self.move)

    def _make_actions(self) -> None:
        for name, text, keys, icon, names in OF_ROWS:
            self._of_rows[self._action(name, text, keys, icon, partial(self._act_on_selected, *names))] = names
        self._action("move-up", "Earlier in the queue", "Alt+Up", "up", partial(self._step, -1))
        self._action("move-down", "Later in the queue", "Alt+Down", "down", partial(self._step, 1))

    def _action(self, name: str, text: str, keys: str, icon: str, work: Callable[[], object]) -> QAction:
        made = (keys,) if keys else ()
        action = actions.make(self._queue, f"transcription.{name}", text, work, keys=made, icon=icon)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return action

    def enable(self) -> None:
        """The actions that can be done with any of the selected rows."""
        able = self._queue.acts_of_selection()
        for action, names in self._of_rows.items():
            action.setEnabled(not able.isdisjoint(names))

    # What is done

    def _act_on_selected(self, *names: str) -> None:
        for name in names:
            if keys := self._queue.able(name):
                self.act(name, keys)
                return

    def act(self, name: str, keys: Sequence[str]) -> None:
        """An action by its name on rows by their keys."""
        files = [key for key in keys if self._waiting.find(key) is not None]
        if files:
            self._act_on_files(name, files)
        jobs = [key for key in keys if key not in files and self.service.job(key) is not None]
        for key in jobs[:1] if name in ASK else jobs:
            self._act_on_job(name, key)

    def _act_on_files(self, name: str, keys: Sequence[str]) -> None:
        seen = self._waiting.find(keys[0])
        if name == "remove":
            self._remove_files(keys)
        elif name == "choose":
            self.start(self._choose_instead(keys[0]), "choose")
        elif name == "again":
            self._waiting.take_again(keys)
        elif name == "open" and seen is not None and seen.look is not None:
            self.open_wanted.emit(seen.look.same_as)
        elif name == "show" and seen is not None:
            self.show_in_folder(seen.path if seen.look is None else seen.look.path)

    def _remove_files(self, keys: Sequence[str]) -> None:
        """One is dropped again as easily; of more than one, and of what was recorded here, there is a way back."""
        seen = [one for key in keys if (one := self._waiting.find(key)) is not None]
        self._waiting.remove(keys)
        if len(seen) > 1 or any(self.is_ours(one.path) for one in seen):
            said = f"{words.many(len(seen), 'file').capitalize()} removed from the list."
            self.undo_offered.emit(said, lambda: self._waiting.put_back(seen))

    def _act_on_job(self, name: str, key: str) -> None:
        service = self.service
        simple: dict[str, Callable[[str], None]] = {
            "pause": service.pause,
            "pause-now": service.pause,  # a second time: nothing is waited for
            "resume": service.resume,
            "now": service.resume,
            "cancel": service.cancel,
            "retry": service.retry,
        }
        if name in simple:
            simple[name](key)
        elif name in ("open", "watch"):
            self.open_wanted.emit(key)
        elif name in self._of_failed:
            self.start(self._of_failed[name](key), f"{name}:{key}")
        elif name == "remove":
            self.start(service.forget(key), f"forget:{key}")
        elif name == "show" and (job := service.job(key)) is not None:
            self.show_in_folder(job.written[0] if job.written else job.path)

    def show_in_folder(self, path: str) -> None:
        from desktop.ui.widgets.show_in_folder import show_in_folder  # rarely needed

        if not show_in_folder(Path(path)):
            self.notice.emit("warn", f"There is no file manager to show it with. It is at {path}.")

    # What helps a job that failed for its file

    async def _choose_instead(self, key: str) -> None:
        """Another file in the place of one of which nothing can come."""
        if paths := await dialogs.choose_files(self.place, "Choose another recording", drops.pattern()):
            await self._replace(key, paths)

    async def _take_anew(self, key: str) -> None:
        """The same file as it is now, looked at like one that was just dropped."""
        if (job := self.service.job(key)) is not None:
            await self._replace(key, [job.path])

    async def _find(self, key: str) -> None:
        """The job goes on with its file where that is now; one that had not begun is looked at anew."""
        job = self.service.job(key)
        if job is None or not (paths := await dialogs.choose_files(self.place, f"Find {job.title}", drops.pattern())):
            return
        try:
            await self.service.find_source(key, paths[0])
        except Missing:
            await self._replace(key, paths)
        else:
            self.service.retry(key)

    async def _replace(self, key: str, paths: Sequence[str]) -> None:
        if self._waiting.find(key) is not None:
            self._waiting.remove([key])
        else:
            await self.service.forget(key)
        self.taken.emit(list(paths))

    # Order

    def move(self, key: str, before: str) -> None:
        """Before another job, or, with "", to the end."""
        self.service.move(key, before or None)
        self._jobs.arrange()

    def _step(self, step: int) -> None:
        """The current job one place earlier or later among those to come."""
        index = self._queue.currentIndex()
        coming = self._jobs.coming()
        key = self._queue.rows.at(index.row()).key if index.isValid() else ""
        if key not in coming:
            return
        to = coming.index(key) + step
        if 0 <= to < len(coming):
            self.move(key, coming[to] if step < 0 else "".join(coming[to + 1 : to + 2]))

    # All of them

    def pause_all(self) -> None:
        """A second time, what still ends its parts stops without them."""
        self.service.pause_all()

    def resume_all(self) -> None:
        self.service.resume_all()

    def retry_failed(self) -> None:
        """Those that trying again can help."""
        for job in self.service.jobs():
            if "retry" in self._queue.acts_of(job.id) and str(job.state) == "failed":
                self.service.retry(job.id)

    def clear_done(self) -> None:
        """The list only: transcripts stay."""
        self.start(self._forget_done(), "clear-done")

    async def _forget_done(self) -> None:
        for job in self.service.jobs():
            if str(job.state) in ("done", "cancelled"):
                await self.service.forget(job.id)

    # Dragging out

    def _offer_files(self, key: str) -> None:
        """A finished row may be dragged in a moment: with the files that were written, else with new ones."""
        job, rows = self.service.job(key), self._queue.rows
        if job is None or str(job.state) != "done" or rows.files_of(key):
            return
        if job.written:
            rows.set_files(key, list(job.written))
        else:
            self.start(self._write_files(key, job.title), f"file:{key}")

    async def _write_files(self, key: str, title: str) -> None:
        """Into a place of the archive's folder that is emptied with the next start."""
        from desktop.services.transcription import export  # with the services

        opened = await self.service.transcript(key)
        folder, forms = self.service.carried(key), tuple(self.forms()) or ("txt",)
        paths = await asyncio.to_thread(export.write_all, opened.transcript, export.About(title), forms, folder)
        self._queue.rows.set_files(key, [str(path) for path in paths])
