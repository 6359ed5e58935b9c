"""A transcript in the place of the queue: one that is still coming, one in the editor, subtitles with a recording."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop.core.errors import BadInput, Missing
from desktop.ui import dialogs, drops
from desktop.ui.tasks import Report, Tasks
from desktop.ui.transcription.live import LiveView
from desktop.ui.transcription.part import Part
from desktop.ui.transcription.rows import OVER, said_of

if TYPE_CHECKING:
    from desktop.services.transcription import JobView

EDITOR = "desktop.ui.transcription.editor.view"
IDLE_MS = 1500  # behind the last thing done, the editor is made before anybody asks for it


class Opening(Part):
    """`stack` holds the queue and what takes its place, `sides` the form and the editor's panels.

    `turned` when another one of them is in front, `row_wanted` when all there is of a recording is its row, `taken`
    when the archive has a new recording, `left_over` carries what was dropped along with subtitles and belongs to none
    of them.
    """

    turned = Signal()
    row_wanted = Signal(str)
    taken = Signal()
    left_over = Signal(list)

    def __init__(
        self, queue_side: QWidget, stack: QStackedWidget, sides: QStackedWidget, report: Report, tasks: Tasks
    ) -> None:
        super().__init__(tasks, stack)
        self._queue_side, self._stack, self._sides, self._report = queue_side, stack, sides, report
        self._form = sides.currentWidget() or sides
        self.editor: Any = None
        self.folds: Sequence[QAction] = ()  # the page's actions that fold its sides
        self.live = LiveView(stack)
        stack.addWidget(self.live)
        self.live.closed.connect(self.show_queue)
        self._watching: tuple[str, Callable[[], None]] | None = None  # a job, and how to hear of it no more
        self._awaited = ""  # the job whose transcript is opened when it is done
        self._idle = QTimer(self, singleShot=True, interval=IDLE_MS)
        self._idle.timeout.connect(lambda: self.start(self._make_editor(), "editor"))

    @property
    def shows_queue(self) -> bool:
        return self._stack.currentWidget() is self._queue_side

    @property
    def shows_editor(self) -> bool:
        return self.editor is not None and self._stack.currentWidget() is self.editor

    def reason_to_stay(self) -> str:
        return "" if self.editor is None else str(self.editor.reason_to_stay())

    async def close_down(self) -> None:
        self._idle.stop()
        if self.editor is None:
            return
        try:
            await self.editor.close_down()
        finally:
            await self.editor.tasks.aclose()

    # Back and forth

    def show_queue(self) -> None:
        """Back from a transcript. One that is still coming is not opened by itself any more."""
        if self._watching is not None:
            id, stop = self._watching
            stop()
            self._watching, self._awaited = None, "" if self._awaited == id else self._awaited
        was_editor = self.shows_editor
        self._turn(self._queue_side, self._form)
        if was_editor:
            self.editor.leave()  # what is being typed is kept, the sound pauses

    def _turn(self, front: QWidget, side: QWidget) -> None:
        if front is not self._stack.currentWidget():
            self._stack.setCurrentWidget(front)
            self._sides.setCurrentWidget(side)
            self.turned.emit()

    async def open_or_watch(self, key: str) -> None:
        """A recording in the editor, or what has come of it so far where its job is not over."""
        job = self.service.job(key)
        if job is not None and str(job.state) not in OVER:
            self._watch(job)
            return
        try:
            await self.open(key)
        except Missing:
            if job is None:
                raise
            self.row_wanted.emit(key)
            self.notice.emit("info", f"There is no transcript of “{job.title}” yet. Its row says why.")

    async def open_conversation(self, conversation: str) -> None:
        """By the conversation the library keeps it under."""
        found = await self.service.of_conversation(conversation)
        if found is None:
            raise BadInput("There is no recording with this text.", "Look for it in the library.")
        await self.open_or_watch(found.id)

    # One that is coming

    def _watch(self, job: JobView) -> None:
        self.show_queue()
        self.live.begin(job.title, said_of(job))
        self._watching = job.id, self.service.listen_partial(job.id, self.live.show_transcript)
        self._awaited = job.id
        self._turn(self.live, self._form)
        self.live.text.setFocus()

    def await_job(self, id: str) -> None:
        """Open its transcript when it is done, unless something else is in front then."""
        self._awaited = id

    def job_changed(self, job: JobView) -> None:
        """Say of the one that is watched what it does."""
        if self._watching is not None and self._watching[0] == job.id:
            self.live.say(said_of(job))

    def jobs_ended(self, jobs: Sequence[JobView]) -> None:
        """The one that was waited for is opened, where its reader still waits."""
        if self.editor is None:
            self._idle.start()
        ended = next((job for job in jobs if job.id == self._awaited), None)
        if ended is None:
            return
        self._awaited = ""
        if str(ended.state) == "done" and not self.shows_editor:
            self.start(self.open(ended.id), "open")

    # The editor

    async def open(self, recording: str) -> None:
        """The editor of one recording. Raises KnownError."""
        self.show_queue()
        await self._make_editor()
        await self.editor.show(recording)
        self._turn(self.editor, self.editor.details)
        self.editor.setFocus()

    async def _make_editor(self) -> None:
        """Its modules are read in a worker; the window's thread only builds the widgets, once."""
        if self.editor is not None:
            return
        module: Any = await asyncio.to_thread(importlib.import_module, EDITOR)
        if self._sides.count() > 1:
            return  # made meanwhile
        self.editor = module.EditorView(self._report, self._stack)
        self.editor.attach(self.services)
        self.editor.closed.connect(self.show_queue)
        self.editor.notice.connect(self.notice)
        self.editor.head.add_folds(*self.folds)
        self._stack.addWidget(self.editor)
        self._sides.addWidget(self.editor.details)

    # Subtitles

    def open_subtitles(self, subtitles: Sequence[str], others: Sequence[str]) -> None:
        self.start(self._open_subtitles(subtitles, others), "subtitles")

    async def _open_subtitles(self, subtitles: Sequence[str], others: Sequence[str]) -> None:
        """Each with its recording: of those that were dropped along the one of its name, else the only one; else the
        one beside it, else one that is asked for. The last one is opened."""
        left, opened = list(others), ""
        for path in subtitles:
            source = _named_alike(path, left) or _only(left if len(subtitles) == 1 else ())
            if source:
                left.remove(source)
            source = source or await asyncio.to_thread(_beside, Path(path))
            if not source:
                title = f"The recording of {Path(path).name}"
                source = next(iter(await dialogs.choose_files(self.place, title)), "")
            if source:
                opened = await self.service.open_subtitles(path, source)
                self.taken.emit()
        if left:
            self.left_over.emit(left)
        if opened:
            await self.open(opened)


def _named_alike(subtitles: str, paths: Sequence[str]) -> str:
    wanted = Path(subtitles).stem
    return next((path for path in paths if Path(path).stem == wanted and _is_recording(Path(path))), "")


def _only(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 and _is_recording(Path(paths[0])) else ""


def _is_recording(path: Path) -> bool:
    return path.suffix.lower().lstrip(".") in drops.RECORDINGS


def _beside(subtitles: Path) -> str:
    """The recording of the same name in the same folder. Blocking."""
    found = [each for each in subtitles.parent.glob("*") if _is_recording(each) and each.stem == subtitles.stem]
    return next((str(each) for each in sorted(found)), "")
