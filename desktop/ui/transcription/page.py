"""The transcription page: its parts, and which of them hears of what."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSpacerItem, QStackedWidget, QVBoxLayout, QWidget

from desktop.ui import actions, theme
from desktop.ui.page import Page, tab_through
from desktop.ui.tasks import Report
from desktop.ui.transcription.budget import Budget
from desktop.ui.transcription.drop_zone import DropZone, Lit
from desktop.ui.transcription.ends import Ends
from desktop.ui.transcription.form_keeping import FormKeeping
from desktop.ui.transcription.head import Head
from desktop.ui.transcription.history import History
from desktop.ui.transcription.job_rows import Counts, JobRows
from desktop.ui.transcription.looking import Waiting
from desktop.ui.transcription.opening import Opening
from desktop.ui.transcription.options import OptionsForm
from desktop.ui.transcription.part import Part
from desktop.ui.transcription.past import Past
from desktop.ui.transcription.queue import QueueView
from desktop.ui.transcription.queue_model import QueueModel
from desktop.ui.transcription.reading_order import reading_order
from desktop.ui.transcription.ready_bar import ReadyBar
from desktop.ui.transcription.recorded import Recorded
from desktop.ui.transcription.recording import RecordPanel
from desktop.ui.transcription.row_acts import RowActs
from desktop.ui.transcription.taking_in import TakingIn

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.transcription import Transcription

EXAMPLE = "example-speech.ogg"


class TranscriptionPage(Page):
    """Past recordings at the left, the queue or a transcript in the middle, the form at the right."""

    name = "transcription"
    title = "Transcription"

    spent = Signal()
    undo_offered = Signal(str, object)

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(report, parent)
        self.tasks.busy.disconnect(self.working)  # jobs are the work to be shown, not what the page reads

    # -- building

    def pieces(self) -> Iterator[None]:
        self.stack = _stack(self.work)
        self.right = _stack(self.parameters)
        self.past = History(self.history)
        self.history.layout().addWidget(self.past)  # type: ignore[union-attr]
        yield
        self.form = OptionsForm(self.right)
        self.right.addWidget(self.form)
        yield
        self._build_queue_side()
        yield
        self._build_below()
        yield
        self._make_parts()
        self._make_actions()
        self._connect()
        yield
        theme.current().changed.connect(self._measure)
        self._measure()
        self._show_rows()

    def _build_queue_side(self) -> None:
        self.queue_side = QWidget(self.stack)
        column = self._column = QVBoxLayout(self.queue_side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head = Head(self.queue_side)
        self._recorder_row = QHBoxLayout()
        self.middle = QStackedWidget(self.queue_side)
        self.drop = DropZone(self.middle)
        self.rows = QueueModel(self)
        self.queue = QueueView(self.rows, self.middle)
        self.middle.addWidget(self.drop)
        self.middle.addWidget(self.queue)
        column.addWidget(self.head)
        column.addLayout(self._recorder_row)
        self._below_recorder = QSpacerItem(0, 0)
        column.addItem(self._below_recorder)
        column.addWidget(self.middle, 1)
        self.stack.addWidget(self.queue_side)

    def _build_below(self) -> None:
        self.recorder = RecordPanel(self.tasks, self.queue_side)
        self._recorder_row.addWidget(self.recorder)
        self.ready = ReadyBar(self.queue_side)
        self._column.addWidget(self.ready)
        self.lit = Lit(self.work)
        self.work.installEventFilter(self)

    def _measure(self) -> None:
        look = theme.current()
        self._recorder_row.setContentsMargins(look.gap(16), 0, look.gap(16), 0)
        self._below_recorder.changeSize(0, look.gap(8) if self.recorder.isVisibleTo(self.queue_side) else 0)
        self._column.invalidate()

    def _make_parts(self) -> None:
        self.waiting = Waiting(self)
        self.jobs = JobRows(self.waiting, self.rows, self.tasks, self)
        self.acts = RowActs(self.queue, self.waiting, self.jobs, self.tasks)
        self.acts.is_ours = lambda path: self.recorded.is_ours(path)
        self.taking = TakingIn(self.waiting, self.form, self.ready, self.tasks, self)
        self.recorded = Recorded(self.waiting, self.tasks, self)
        self.keeping = FormKeeping(self.form, self.tasks, self)
        self.opening = Opening(self.queue_side, self.stack, self.right, self.report, self.tasks)
        self.reading = Past(self.past, self.jobs, self.tasks, self)
        self.budget = Budget(self.report, self.tasks, self)
        self.ends = Ends(self.tasks, self)
        self.parts: tuple[Part, ...] = (
            self.jobs,
            self.acts,
            self.taking,
            self.recorded,
            self.keeping,
            self.opening,
            self.reading,
            self.budget,
            self.ends,
        )

    def _make_actions(self) -> None:
        make, acts, taking = self._action, self.acts, self.taking
        choose = make("choose", "Choose recordings…", "Ctrl+O", "plus", taking.choose_files)
        folder = make("choose-folder", "Choose a folder…", "Ctrl+Shift+O", "folder", taking.choose_folder)
        record = self.record_action = make("record", "Record with the microphone", "Ctrl+R", "microphone", self.record)
        self.start_action = make(
            "start-action", "Transcribe what is ready", "Ctrl+Return", "transcription", taking.queue_up
        )
        self.paste_action = make("paste", "Paste recordings", "Ctrl+V", "", taking.paste)
        make("search-action", "Search recordings", "Ctrl+Shift+F", "search", self._to_search)
        of_queue = (
            make("pause-all", "Pause all", "Ctrl+Shift+P", "pause", acts.pause_all),
            make("resume-all", "Go on with all", "", "play", acts.resume_all),
            make("retry-failed", "Try all that failed again", "Shift+F5", "retry", acts.retry_failed),
            make("clear-done", "Remove finished ones from the list", "", "clear-done", acts.clear_done),
        )
        self.head.fill(self.fold_history, of_queue, (record, folder, choose), self.fold_parameters)
        below = (self.recorder, self.drop, self.queue, self.ready)
        tab_through(self.head.layout(), *(each for part in below for each in reading_order(part)), self.form.profile)
        self.opening.folds = (self.fold_history, self.fold_parameters)
        self.opening.live.add_folds(self.fold_history, self.fold_parameters)

    def _action(self, name: str, text: str, keys: str, icon: str, work: Callable[[], object]) -> QAction:
        action = actions.make(self, f"transcription.{name}", text, work, keys=(keys,) if keys else (), icon=icon)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return action

    def _connect(self) -> None:
        for part in self.parts:
            part.notice.connect(self.notice)
            part.undo_offered.connect(self.undo_offered)
        self._connect_widgets()
        self.waiting.changed.connect(self._show_rows)
        self.taking.came.connect(self.opening.show_queue)
        self.taking.looked.connect(self._looked)
        self.taking.subtitles.connect(self.opening.open_subtitles)
        self.taking.queued.connect(self._queued)
        self.keeping.changed.connect(self.taking.ask_again)
        self.keeping.changed.connect(self._show_ready)
        self.acts.open_wanted.connect(lambda key: self._start(self.opening.open_or_watch(key), "open"))
        self.acts.taken.connect(self.taking.open_files)
        self.acts.forms = lambda: self.form.output.forms
        self.opening.turned.connect(self._turned)
        self.opening.row_wanted.connect(lambda key: self._queued([key]))
        self.opening.taken.connect(self.reading.refresh)
        self.opening.left_over.connect(self.taking.take)
        self.jobs.changed.connect(self.opening.job_changed)
        self.jobs.changed.connect(self.budget.job_changed)
        self.jobs.counted.connect(self._counted)
        self.jobs.counted.connect(self.past.draw_anew)
        for heard in (self.opening.jobs_ended, self.ends.jobs_ended, lambda _: self.reading.refresh()):
            self.jobs.ended.connect(heard)
        self.ends.spent.connect(self.spent)
        self.ends.front_wanted.connect(self._come_forward)

    def _connect_widgets(self) -> None:
        self.drop.choose_wanted.connect(self.taking.choose_files)
        self.drop.example_wanted.connect(lambda: self._start(self._example(), "example"))
        self.drop.record_wanted.connect(self.record)
        self.recorder.recorded.connect(lambda path: self.open_files([path]))
        self.recorder.failed.connect(self.report)
        self.recorder.turned.connect(self.drop.set_calm)
        self.recorder.turned.connect(lambda _: self._measure())
        self.past.opened.connect(lambda id: self._start(self._open_conversation(id), "open"))

    # -- the frame's calls

    def attach(self, services: Services) -> None:
        super().attach(services)
        for part in self.parts:
            part.attach(services)
        self.recorder.set_folder(services.settings.folder)
        self._start(self._begin(), "begin")

    @property
    def service(self) -> Transcription:
        return self.opening.service

    @property
    def editor(self) -> Any:
        """The editor, None until a transcript was opened."""
        return self.opening.editor

    def activated(self) -> None:
        if self.opening.shows_queue:
            self._focus()
        self.reading.refresh()

    def open_files(self, paths: Sequence[str]) -> None:
        """Recordings, folders and subtitles from anywhere."""
        self.taking.open_files(paths)

    async def open_conversation(self, conversation: str) -> None:
        """From the library."""
        await self._open_conversation(conversation)

    def go_on(self) -> None:
        """The user has allowed to go beyond a budget."""
        self.budget.go_on()

    def set_lit(self, is_lit: bool) -> None:
        """Recordings hover over the window."""
        shows_zone = self.opening.shows_queue and self.middle.currentWidget() is self.drop
        self.drop.set_lit(is_lit and shows_zone)
        self.lit.setGeometry(self.work.rect())
        self.lit.setVisible(is_lit and not shows_zone)
        self.lit.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.work and event.type() is QEvent.Type.Resize:
            self.lit.setGeometry(self.work.rect())
        return super().eventFilter(watched, event)

    def reason_to_stay(self) -> str:
        if self.recorder.is_recording:
            return "A recording is being made."
        paid = self.service.reason_to_stay() if self.services is not None else ""
        return self.opening.reason_to_stay() or paid

    async def close_down(self) -> None:
        await self.recorded.close(await self.recorder.close_down())
        await self.opening.close_down()
        self.ends.close()
        if self.services is not None:
            await self.keeping.keep()

    # -- its own

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        self.opening.start(work, name)

    async def _begin(self) -> None:
        await self.keeping.begin()
        await self.service.start()
        self.jobs.read_all()
        await self.reading.read()
        self.waiting.take(await self.recorded.begin())
        await self.taking.begin()

    def record(self) -> None:
        """Show what records; the recording goes with the others when it is finished."""
        self.opening.show_queue()
        self.recorder.open()

    async def _example(self) -> None:
        """A short recording of our own through the model of this computer, opened when it is done."""
        from desktop.core.profile import LOCAL_ID
        from desktop.paths import resource
        from desktop.services.transcription import Options

        model = next((card.id for card in self.keeping.models(LOCAL_ID)), "")
        options = Options(profile=LOCAL_ID, model=model)
        (look,) = await self.service.look([str(resource(EXAMPLE))], options)
        if look.same_as:
            self.opening.await_job(look.same_as)
            await self.opening.open_or_watch(look.same_as)
        else:
            self.opening.await_job((await self.service.add([look], options))[0])

    async def _open_conversation(self, conversation: str) -> None:
        await self.opening.open_conversation(conversation)
        self.past.select(conversation)

    def _to_search(self) -> None:
        if not self.history.isVisible():
            self.fold("history", False)
        self.past.search.setFocus()

    # -- what others told

    def _show_rows(self) -> None:
        """Files on their way have changed."""
        self.jobs.show()
        if self.waiting.ready:
            self.form.output.set_sample(Path(self.waiting.ready[0].path).name)
        self._show_ready()

    def _show_ready(self) -> None:
        """Its keys split a segment in the editor: the action is one of the queue only."""
        may_start = self.taking.show_ready()
        self.start_action.setEnabled(may_start and self.opening.shows_queue)

    def _looked(self) -> None:
        """The button is next, unless somebody is busy with the form."""
        self._show_ready()
        focus = self.window().focusWidget()
        if self.waiting.ready and (focus is None or self.queue_side.isAncestorOf(focus)):
            self.ready.start.setFocus()

    def _queued(self, ids: list[str]) -> None:
        row = self.rows.row_of(ids[0]) if ids else -1
        if row >= 0:
            self.queue.setCurrentIndex(self.rows.index(row))
            self.queue.setFocus()

    def _counted(self, counts: Counts) -> None:
        has_rows = self.rows.rowCount() > 0
        self.middle.setCurrentWidget(self.queue if has_rows else self.drop)
        self.head.show_counts(counts)
        self.ends.counted(counts)
        self.working.emit(counts.running > 0)
        self.acts.enable()

    def _turned(self) -> None:
        self._show_ready()
        if self.opening.shows_queue:
            self.past.select("")
            self._focus()

    def _focus(self) -> None:
        (self.queue if self.rows.rowCount() else self.drop.choose).setFocus()

    def _come_forward(self) -> None:
        """Somebody followed a message of the desktop."""
        window: Any = self.window()
        if hasattr(window, "come_forward"):
            window.show_page(self.name)
            window.come_forward()


def _stack(side: QWidget) -> QStackedWidget:
    made = QStackedWidget(side)
    side.layout().addWidget(made)  # type: ignore[union-attr]
    return made
