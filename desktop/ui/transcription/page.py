"""The transcription page: which gesture starts what."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt, QTemporaryDir, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from desktop.core.errors import BadInput, KnownError
from desktop.core.pricing import shown as money
from desktop.ui import actions, dialogs, drops, icons, theme
from desktop.ui.page import Page
from desktop.ui.tasks import Report
from desktop.ui.transcription import words
from desktop.ui.transcription.drop_zone import DropZone, Lit
from desktop.ui.transcription.history import History
from desktop.ui.transcription.live import LiveView
from desktop.ui.transcription.looking import Waiting
from desktop.ui.transcription.options import OptionsForm
from desktop.ui.transcription.queue import QueueView
from desktop.ui.transcription.queue_model import QueueModel
from desktop.ui.transcription.ready_bar import ReadyBar
from desktop.ui.transcription.recording import RecordPanel
from desktop.ui.transcription.rows import ORDER, in_order, row_of_job, row_of_seen, to_send
from desktop.ui.transcription.watching import Watcher
from desktop.ui.widgets.labels import ElidedLabel

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.transcription import JobView, Options, Transcription

FORM, LISTS = "transcription.form", "transcription.lists"
CALM_MS = 40  # changes of many jobs are shown together
KEEP_MS = 400
PIECE = 100
EXAMPLE = "example-speech.ogg"
OVER = ("done", "failed", "cancelled")


class TranscriptionPage(Page):
    """Past recordings at the left, the queue or a transcript in the middle, the form at the right."""

    name = "transcription"
    title = "Transcription"

    spent = Signal()
    undo_offered = Signal(str, object)

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(report, parent)
        self.rows = QueueModel(self)
        self.waiting = Waiting(self)
        self.editor: Any = None
        self._states: dict[str, str] = {}
        self._dirty: set[str] = set()
        self._ended: list[JobView] = []
        self._open_when_done = ""
        self._watched: Callable[[], None] | None = None
        self._watching_of = ""
        self._profile = ""
        self._results: QTemporaryDir | None = None
        self._build()
        self._connect()
        self.tasks.busy.disconnect(self.working)  # jobs are the work to be shown, not what the page reads
        self._show_rows()

    # -- building

    def _build(self) -> None:
        column = self.work.layout()
        assert isinstance(column, QVBoxLayout)
        self.past = History(self.history)
        self.history.layout().addWidget(self.past)  # type: ignore[union-attr]
        self.right = QStackedWidget(self.parameters)
        self.form = OptionsForm(self.right)
        self.right.addWidget(self.form)
        self.parameters.layout().addWidget(self.right)  # type: ignore[union-attr]
        column.addWidget(self._head())
        self.stack = QStackedWidget(self.work)
        self.queue_side = QWidget(self.stack)
        inner = self._inner = QVBoxLayout(self.queue_side)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        self.recorder = RecordPanel(self.tasks, self.queue_side)
        self._recorder_row = QHBoxLayout()
        self._recorder_row.addWidget(self.recorder)
        inner.addLayout(self._recorder_row)
        self.middle = QStackedWidget(self.queue_side)
        self.drop = DropZone(self.middle)
        self.queue = QueueView(self.rows, self.middle)
        self.middle.addWidget(self.drop)
        self.middle.addWidget(self.queue)
        inner.addWidget(self.middle, 1)
        self.ready = ReadyBar(self.queue_side)
        inner.addWidget(self.ready)
        self.live = LiveView(self.stack)
        self.stack.addWidget(self.queue_side)
        self.stack.addWidget(self.live)
        column.addWidget(self.stack, 1)
        self.lit = Lit(self.work)
        self.work.installEventFilter(self)
        self._calm = QTimer(self, singleShot=True, interval=CALM_MS)
        self._keep_pause = QTimer(self, singleShot=True, interval=KEEP_MS)
        self.watcher = Watcher(self.tasks, self)
        self._make_queue_actions()
        theme.current().changed.connect(self._measure)
        self._measure()

    def _head(self) -> QWidget:
        self.head = QWidget(self.work)
        row = self._head_row = QHBoxLayout(self.head)
        self.heading = ElidedLabel("Transcription", self.work)
        self.heading.setObjectName("transcription.title")
        theme.style_as(self.heading, "strong")
        make = self._action
        self.choose_action = make("choose", "Choose recordings…", "Ctrl+O", "plus", self._choose_files)
        self.folder_action = make("choose-folder", "Choose a folder…", "Ctrl+Shift+O", "folder", self._choose_folder)
        self.pause_all_action = make("pause-all", "Pause all", "Ctrl+Shift+P", "pause", self._pause_all)
        self.resume_all_action = make("resume-all", "Go on with all", "", "play", self._resume_all)
        self.clear_action = make("clear-done", "Remove finished ones from the list", "", "check", self._clear_done)
        self.record_action = make("record", "Record with the microphone", "Ctrl+R", "microphone", self.record)
        self.start_action = make("start-action", "Transcribe what is ready", "Ctrl+Return", "transcription", self.start)
        self.paste_action = make("paste", "Paste recordings", "Ctrl+V", "", self.paste)
        self.search_action = make("search-action", "Search recordings", "Ctrl+Shift+F", "search", self._to_search)
        row.addWidget(self._button(self.fold_history))
        row.addWidget(self.heading, 1)
        shown = (self.pause_all_action, self.resume_all_action, self.clear_action, self.record_action)
        wanted = (*shown, self.folder_action, self.choose_action)
        self._head_buttons = {action: self._button(action) for action in wanted}
        for button in self._head_buttons.values():
            row.addWidget(button)
        row.addWidget(self._button(self.fold_parameters))
        return self.head

    def _action(self, name: str, text: str, keys: str, icon: str, work: Callable[[], object]) -> QAction:
        action = actions.make(self, f"transcription.{name}", text, work, keys=(keys,) if keys else (), icon=icon)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return action

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton(self.work)
        button.setDefaultAction(action)
        button.setObjectName(f"{action.objectName()}-button")
        button.setAccessibleName(action.text())
        return button

    def _make_queue_actions(self) -> None:
        """What keys and the palette do with the selected rows."""
        wanted = (
            ("open", "Open the transcript", "", "edit", ("open", "watch")),
            ("pause-job", "Pause or go on", "Space", "pause", ("pause", "resume")),
            ("retry-job", "Try again", "F5", "retry", ("retry", "again")),
            ("show-job", "Show in folder", "", "folder", ("show",)),
            ("remove-job", "Cancel or remove", "Delete", "close", ("cancel", "remove")),
        )
        self.of_rows: dict[QAction, tuple[str, ...]] = {}
        for name, text, keys, icon, names in wanted:
            action = self._queue_action(name, text, keys, icon, partial(self._act_on_selected, *names))
            self.of_rows[action] = names
        self._queue_action("move-up", "Earlier in the queue", "Alt+Up", "up", partial(self._step, -1))
        self._queue_action("move-down", "Later in the queue", "Alt+Down", "down", partial(self._step, 1))

    def _queue_action(self, name: str, text: str, keys: str, icon: str, work: Callable[[], object]) -> QAction:
        made = (keys,) if keys else ()
        action = actions.make(self.queue, f"transcription.{name}", text, work, keys=made, icon=icon)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return action

    def _measure(self) -> None:
        look = theme.current()
        self._head_row.setContentsMargins(look.gap(16), look.gap(8), look.gap(12), look.gap(8))
        self._head_row.setSpacing(look.gap(4))
        self._recorder_row.setContentsMargins(look.gap(16), 0, look.gap(16), 0)

    def _connect(self) -> None:
        self.drop.choose_wanted.connect(self._choose_files)
        self.drop.example_wanted.connect(lambda: self._start(self._example(), "example"))
        self.drop.record_wanted.connect(self.record)
        self.recorder.recorded.connect(lambda path: self.open_files([path]))
        self.recorder.failed.connect(self.report)
        self.queue.acted.connect(self._act)
        self.queue.file_wanted.connect(lambda key: self._start(self._prepare_file(key), f"file:{key}"))
        self.queue.selectionModel().selectionChanged.connect(lambda: self._enable())
        self.rows.moved.connect(self._move)
        self.waiting.changed.connect(self._show_rows)
        self.waiting.told.connect(self.ready.show_looking)
        self.ready.start_wanted.connect(self.start)
        self.ready.clear_wanted.connect(self._clear_waiting)
        self.ready.stop_wanted.connect(self._stop_looking)
        self.live.closed.connect(self.show_queue)
        self.past.opened.connect(lambda id: self._start(self._open_conversation(id), "open"))
        self.past.search_changed.connect(self.refresh_history)
        self.past.more_wanted.connect(lambda: self._start(self._read_history(more=True), "history"))
        self.past.rename_wanted.connect(lambda id: self._start(self._rename(id), "rename"))
        self.past.trash_wanted.connect(lambda ids: self._start(self._trash(ids), "trash"))
        self.watcher.appeared.connect(lambda paths: self._start(self._take_watched(paths), "watched"))
        self._calm.timeout.connect(self._show_changed)
        self._keep_pause.timeout.connect(lambda: self._start(self._keep_form(), "keep-form"))
        self.form.changed.connect(self._form_changed)
        self.form.profile_chosen.connect(lambda id: self._start(self._show_profile(id), "profile"))
        self.form.output.folder_wanted.connect(lambda: self._start(self._choose_out(), "out"))
        self.form.speakers.clip_wanted.connect(lambda: self._start(self._choose_clip(), "clip"))
        self.form.keep_wanted.connect(lambda: self._start(self._keep_list(), "keep-list"))
        self.form.forget_wanted.connect(lambda name: self._start(self._forget_list(name), "forget-list"))

    # -- the frame's calls

    def attach(self, services: Services) -> None:
        super().attach(services)
        services.profiles.listen(self._profiles_changed)
        services.library.listen(self.refresh_history)
        self.service.listen(self._changed)
        self.form.output.show_forms()
        self.recorder.folder = services.settings.folder
        services.settings.listen(lambda _: self._watch_folder())
        self._start(self._begin(), "begin")

    @property
    def service(self) -> Transcription:
        assert self.services is not None
        return self.services.transcription

    def activated(self) -> None:
        (self.queue if self.rows.rowCount() else self.drop.choose).setFocus()
        self.refresh_history()

    def open_files(self, paths: Sequence[str]) -> None:
        """Recordings and folders that were dropped, chosen, pasted or named on the command line."""
        subtitles = [path for path in paths if Path(path).suffix.lower().lstrip(".") in drops.SUBTITLES]
        if subtitles and self.services is not None:
            self._start(
                self._open_subtitles(subtitles[0], [each for each in paths if each not in subtitles]), "subtitles"
            )
            return
        if not self.waiting.take(list(paths)):
            return
        self.show_queue()
        if self.services is None:
            return  # they are looked at as soon as there is something to look with
        if not self.waiting.is_looking:
            self._start(self._look(), "look")

    def set_lit(self, is_lit: bool) -> None:
        """Recordings hover over the window."""
        shows_zone = self.stack.currentWidget() is self.queue_side and self.middle.currentWidget() is self.drop
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
        return "" if self.editor is None else str(self.editor.reason_to_stay())

    async def close_down(self) -> None:
        await self.recorder.close_down()
        if self.editor is not None:
            await self.editor.close_down()
        if self.services is not None and not self.services.database.read_only:
            await self._keep_form()

    # -- what is there at the start

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        if self.services is None:
            work.close()
        else:
            self.tasks.start(work, name=name)

    async def _begin(self) -> None:
        assert self.services is not None
        await self._show_profile(self.services.profiles.chosen.id)
        self.form.show_lists(await self.services.remembered(LISTS, {}))
        await self.services.transcription.start()
        self._show_rows()
        await self._read_history()
        await self._recover()
        self._watch_folder()
        if self.waiting.seen and not self.waiting.is_looking:
            await self._look()

    async def _recover(self) -> None:
        """What a crash cut off while it was being recorded."""
        from desktop.services import recording

        assert self.services is not None
        if found := await recording.unfinished(self.services.settings.folder):
            self.waiting.take(found)
            count = words.many(len(found), "recording")
            self.notice.emit("info", f"{count} ended without being finished. What was said is kept.")

    def _watch_folder(self) -> None:
        """Look into the watched folder now and then, where one is set."""
        assert self.services is not None
        self.watcher.watch(self.services.settings.value.watch_folder)

    async def _take_watched(self, paths: list[str]) -> None:
        """New files of the watched folder: what is known by its content is passed over."""
        options = self.options()
        if not options.model:
            return
        looks = [look for look in await self.service.look(paths, options) if not look.problem and not look.same_as]
        dollars, _ = words.all_prices([look.estimate for look in looks])
        if looks and self.services is not None and dollars > self.services.settings.value.transcription_ask_above:
            self.open_files([look.path for look in looks])  # dear: they wait for the button
        elif looks:
            await self.service.add(looks, options)

    def _profiles_changed(self, *_: object) -> None:
        assert self.services is not None
        known = {profile.id for profile in self.services.profiles.all}
        stays = self._profile in known and self.form.profile.hasFocus()
        self._start(self._show_profile(self._profile if stays else self.services.profiles.chosen.id), "profile")

    async def _show_profile(self, profile: str) -> None:
        """The form as it was left with this profile."""
        assert self.services is not None
        if self._profile and self._keep_pause.isActive():
            await self._keep_form()
        self._profile = profile
        named = [(each.id, each.name) for each in self.services.profiles.all]
        self.form.show_profiles(named, profile)
        kept = await self.services.remembered(f"{FORM}:{profile}", {})
        self.form.show_models(self._models(profile), kept)
        self._asked_otherwise()

    def _models(self, profile: str) -> list[Any]:
        from desktop.ui.transcription.parameters import models

        assert self.services is not None
        found = self.services.catalogs.of(self.services.profiles.get(profile))
        return models(found, date.today())

    # -- the form

    def _form_changed(self) -> None:
        self._keep_pause.start()
        wanted = self.form.parallel
        if wanted is not None and self.services is not None:
            self._start(self.services.settings.change(transcription_jobs=wanted), "parallel")
        self._asked_otherwise()

    def _asked_otherwise(self) -> None:
        """Estimates and problems of what is not sent yet."""
        if self.services is not None and self.waiting.seen:
            options = self.options()
            self.waiting.ask_again(options, self.service.card(options))

    async def _keep_form(self) -> None:
        assert self.services is not None
        self._keep_pause.stop()
        if self._profile:
            await self.services.remember(f"{FORM}:{self._profile}", self.form.kept())

    def options(self, **other: Any) -> Options:
        """What the form says, as the service takes it."""
        from desktop.services.transcription import Options

        return Options(**{**self.form.fields(), **other})

    async def _choose_out(self) -> None:
        self.form.output.set_folder(await dialogs.choose_folder(self, "Where finished files go"))

    async def _choose_clip(self) -> None:
        for path in (await dialogs.choose_files(self, "A clip with one voice"))[:1]:
            self.form.speakers.take(path)

    async def _keep_list(self) -> None:
        assert self.services is not None
        name = await dialogs.ask_text(self, "Keep as a list", "Name of the list of names and terms")
        kept = self.form.values.get("keywords")
        if name and name.strip() and isinstance(kept, list):
            lists = {**self.form.lists, name.strip(): kept}
            await self.services.remember(LISTS, lists)
            self.form.show_lists(lists, name.strip())

    async def _forget_list(self, name: str) -> None:
        assert self.services is not None
        before = self.form.lists
        lists = {other: kept for other, kept in before.items() if other != name}
        await self.services.remember(LISTS, lists)
        self.form.show_lists(lists)

        async def undo() -> None:
            assert self.services is not None
            await self.services.remember(LISTS, before)
            self.form.show_lists(before, name)

        self.undo_offered.emit(f"“{name}” is removed.", lambda: self._start(undo(), "forget-list"))

    # -- taking recordings in

    def paste(self) -> None:
        """Files from the clipboard."""
        if paths := drops.local_paths(QGuiApplication.clipboard().mimeData()):
            self.open_files(paths)
        else:
            self.notice.emit("info", "There are no files in the clipboard.")

    def record(self) -> None:
        """Show what records; the recording goes with the others when it is finished."""
        self.show_queue()
        self.recorder.open()

    def _choose_files(self) -> None:
        self._start(self._ask(is_folder=False), "choose")

    def _choose_folder(self) -> None:
        self._start(self._ask(is_folder=True), "choose")

    async def _ask(self, *, is_folder: bool) -> None:
        if is_folder:
            folder = await dialogs.choose_folder(self, "A folder of recordings")
            self.open_files([folder] if folder else [])
            return
        endings = " ".join(f"*.{ending}" for ending in sorted(drops.RECORDINGS))
        pattern = f"Recordings and videos ({endings});;All files (*)"
        self.open_files(await dialogs.choose_files(self, "Choose recordings", pattern))

    async def _look(self) -> None:
        await self.waiting.look(self.service, self.options(), self._known)
        self._show_ready()
        if self.waiting.ready:
            self.ready.start.setFocus()

    def _stop_looking(self) -> None:
        self.tasks.cancel("look")
        self.waiting.stop()  # also where the task had not begun

    async def _known(self, recording: str) -> str:
        """When a recording with the same bytes was transcribed."""
        job = self.service.job(recording)
        if job is not None and str(job.state) not in OVER:
            return "Is in the queue already"
        try:
            opened = await self.service.transcript(recording)
        except KnownError:
            return "Is here already, without a transcript"
        return f"Transcribed {self._day(opened.recording.added)}"

    @staticmethod
    def _day(micros: int) -> str:
        said = words.day(micros, datetime.now().astimezone())
        return said if said == "today" else f"on {said}"

    def _clear_waiting(self) -> None:
        seen = list(self.waiting.seen)
        self.waiting.remove([one.key for one in seen])

        def undo() -> None:
            self.waiting.seen = [*seen, *self.waiting.seen]
            self.waiting.changed.emit()

        self.undo_offered.emit(f"{words.many(len(seen), 'file').capitalize()} removed from the list.", undo)

    def start(self) -> None:
        """Queue all that is ready."""
        if self.waiting.ready and not self.waiting.is_looking:
            self._start(self._queue_up(), "start")

    async def _queue_up(self) -> None:
        assert self.services is not None
        ready = self.waiting.ready
        dollars, _ = words.all_prices(to_send(ready)[1])
        most = self.services.settings.value.transcription_ask_above
        if dollars > most:
            question = f"This comes to about {money(dollars)}. Davenport asks above ${most}."
            if not await dialogs.confirm(self, question, self.ready.start.text(), is_danger=False):
                return
        if self.form.output.problem:
            raise BadInput(self.form.output.problem, "Change the names of finished files.")
        looks = [one.look for one in ready if one.look is not None]
        ids = await self.service.add(looks, self.options())
        self.waiting.remove([one.key for one in ready])
        if ids and (row := self.rows.row_of(ids[0])) >= 0:
            self.queue.setCurrentIndex(self.rows.index(row))
            self.queue.setFocus()

    async def _example(self) -> None:
        """A short recording of our own through the model of this computer, opened when it is done."""
        from desktop.core.profile import LOCAL_ID
        from desktop.paths import resource
        from desktop.services.transcription import Options

        assert self.services is not None
        model = next((card.id for card in self._models(LOCAL_ID)), "")
        options = Options(profile=LOCAL_ID, model=model)
        looks = await self.service.look([str(resource(EXAMPLE))], options)
        if looks[0].same_as:
            self._open_when_done = looks[0].same_as
            await self._open_or_watch(looks[0].same_as)
            return
        (self._open_when_done,) = await self.service.add(looks, options)

    # -- rows

    def _changed(self, id: str) -> None:
        """A job is new, changed or gone; many of them are shown at once."""
        self._dirty.add(id)
        if not self._calm.isActive():
            self._calm.start()

    def _show_changed(self) -> None:
        changed, self._dirty = self._dirty, set()
        is_other = False
        for id in changed:
            job = self.service.job(id)
            state = "" if job is None else str(job.state)
            was = self._states.get(id, "")
            is_other |= ORDER.get(state, -1) != ORDER.get(was, -1)
            if job is not None and state in OVER and was not in (*OVER, ""):
                self._ended.append(job)
            if job is None:
                self._states.pop(id, None)
            else:
                self._states[id] = state
                self.rows.change(row_of_job(job))
                if id == self._watching_of:
                    self.live.say(f"{job.title} · {job.words}")
        if is_other:
            self._show_rows()
        else:
            self._show_head()
        if self._ended:
            self._tell_ended()

    def _show_rows(self) -> None:
        jobs = self.service.jobs() if self.services is not None else ()
        self._states = {job.id: str(job.state) for job in jobs}
        rows = [row_of_seen(one) for one in self.waiting.seen]
        self.rows.replace([*rows, *(row_of_job(job) for job in in_order(jobs))])
        self.middle.setCurrentWidget(self.queue if self.rows.rowCount() else self.drop)
        sample = next((one.look.path for one in self.waiting.seen if one.look is not None), "")
        if sample:
            self.form.output.set_sample(Path(sample).name)
        self._show_head()
        if not self.waiting.is_looking:
            self._show_ready()

    def _show_head(self) -> None:
        states = list(self._states.values())
        coming = sum(state not in OVER for state in states)
        running = sum(state in ("running", "waiting") for state in states)
        paused = sum(state == "paused" for state in states)
        pieces = [f"{running} running" if running else "", f"{coming - running - paused} to come"]
        pieces = [piece for piece in pieces if piece and not piece.startswith("0 ")]
        pieces += [f"{paused} paused"] if paused else []
        if self.stack.currentWidget() is self.queue_side:
            self.heading.setText(" · ".join(pieces) or "Transcription")
        for action, is_there in (
            (self.pause_all_action, coming > paused),
            (self.resume_all_action, paused > 0),
            (self.clear_action, "done" in states or "cancelled" in states),
        ):
            action.setEnabled(is_there)
            self._head_buttons[action].setVisible(is_there and self.stack.currentWidget() is self.queue_side)
        self.head.setVisible(self.stack.currentWidget() is not self.editor)  # which has a head of its own
        self.working.emit(running > 0)
        self._enable()

    def _show_ready(self) -> None:
        ready = self.waiting.ready
        seconds, estimates = to_send(ready)
        why_not = "" if self.form.card.id else "Choose a model that hears, or a profile that has one."
        self.ready.show_ready(
            len(ready),
            words.together(seconds, estimates),
            len(self.waiting.seen) - len(ready),
            may_start=bool(self.form.card.id) and self._may_write,
            why_not=why_not if ready else "",
        )
        self.start_action.setEnabled(bool(ready))

    @property
    def _may_write(self) -> bool:
        return self.services is not None and not self.services.database.read_only

    def _enable(self) -> None:
        for action, names in self.of_rows.items():
            action.setEnabled(any(self.queue.able(name) for name in names))

    def _tell_ended(self) -> None:
        """Each end is heard by the meter; a sentence comes when nothing more is running."""
        done = [job for job in self._ended if str(job.state) == "done"]
        if any(job.id == self._open_when_done for job in done):
            self._start(self._open(self._open_when_done), "open")
            self._open_when_done = ""
        self.spent.emit()
        self.refresh_history()
        if any(state in ("running", "waiting", "queued") for state in self._states.values()):
            return
        failed = [job for job in self._ended if str(job.state) == "failed"]
        self._ended = []
        if done or failed:
            self.notice.emit("warn" if failed else "good", _ended(done, failed))
            if not self.window().isActiveWindow():
                QApplication.alert(self.window())

    # -- what is done with rows

    def _act_on_selected(self, *names: str) -> None:
        for name in names:
            if keys := self.queue.able(name):
                self._act(name, keys)
                return

    def _act(self, name: str, keys: list[str]) -> None:
        """An action on rows, of files that were looked at and of jobs."""
        for key in keys:
            if self.waiting.find(key) is not None:
                self._act_on_file(name, key)
            elif self.service.job(key) is not None:
                self._act_on_job(name, key)

    def _act_on_file(self, name: str, key: str) -> None:
        seen = self.waiting.find(key)
        assert seen is not None
        if name == "remove":
            self.waiting.remove([key])
        elif name == "again":
            seen.again = True
            self.waiting.changed.emit()
        elif name == "open" and seen.look is not None:
            self._start(self._open_or_watch(seen.look.same_as), "open")
        elif name == "show":
            self._show_in_folder(seen.path if seen.look is None else seen.look.path)

    def _act_on_job(self, name: str, key: str) -> None:
        service = self.service
        simple: dict[str, Callable[[str], None]] = {
            "pause": service.pause,
            "resume": service.resume,
            "cancel": service.cancel,
            "retry": service.retry,
        }
        if name in simple:
            simple[name](key)
        elif name in ("open", "watch"):
            self._start(self._open_or_watch(key), "open")
        elif name == "remove":
            self._start(service.forget(key), f"forget:{key}")
        elif name == "show" and (job := service.job(key)) is not None:
            self._show_in_folder(job.written[0] if job.written else job.path)

    def _show_in_folder(self, path: str) -> None:
        from desktop.ui.widgets.show_in_folder import show_in_folder

        if not show_in_folder(Path(path)):
            self.notice.emit("warn", f"There is no file manager to show it with. It is at {path}.")

    def _move(self, key: str, before: str) -> None:
        self.service.move(key, before or None)
        self._show_rows()

    def _step(self, step: int) -> None:
        """The current job one place earlier or later among those to come."""
        index = self.queue.currentIndex()
        if not index.isValid() or not self.rows.at(index.row()).is_job:
            return
        coming = [job.id for job in in_order(self.service.jobs()) if str(job.state) not in OVER]
        key = self.rows.at(index.row()).key
        at = coming.index(key) if key in coming else -1
        to = at + step
        if at >= 0 and 0 <= to < len(coming):
            before = coming[to] if step < 0 else (coming[to + 1] if to + 1 < len(coming) else "")
            self._move(key, before)

    def _pause_all(self) -> None:
        self.service.pause_all()

    def _resume_all(self) -> None:
        self.service.resume_all()

    def _clear_done(self) -> None:
        """The list only: transcripts stay."""
        self._start(self._forget_done(), "clear-done")

    async def _forget_done(self) -> None:
        for job in self.service.jobs():
            if str(job.state) in ("done", "cancelled"):
                await self.service.forget(job.id)

    async def _prepare_file(self, key: str) -> None:
        """Files that a drag of a finished row carries: those that were written, else new ones in a temporary place."""
        import asyncio

        from desktop.services.transcription import export

        job = self.service.job(key)
        if job is None or str(job.state) != "done" or self.rows.files_of(key):
            return
        if job.written:
            self.rows.set_files(key, list(job.written))
            return
        opened = await self.service.transcript(key)
        if self._results is None:
            self._results = QTemporaryDir()
        folder = Path(self._results.path()) / key
        forms = self.form.output.forms or ("txt",)
        about = export.About(job.title)
        paths = await asyncio.to_thread(export.write_all, opened.transcript, about, forms, folder)
        self.rows.set_files(key, [str(path) for path in paths])

    # -- a transcript in the place of the queue

    def show_queue(self) -> None:
        """Back from a transcript."""
        if self._watched is not None:
            self._watched()
            self._watched, self._watching_of = None, ""
        was = self.stack.currentWidget()
        self.stack.setCurrentWidget(self.queue_side)
        self.right.setCurrentWidget(self.form)
        if self.editor is not None and was is self.editor:
            self.editor.leave()  # what is being typed is kept, the sound pauses
        self.past.select("")
        self._show_head()
        (self.queue if self.rows.rowCount() else self.drop.choose).setFocus()

    async def _open_or_watch(self, key: str) -> None:
        job = self.service.job(key)
        if job is not None and str(job.state) not in OVER:
            self._watch(job)
        else:
            await self._open(key)

    def _watch(self, job: JobView) -> None:
        self.show_queue()
        self._watching_of = job.id
        self.live.begin(f"{job.title} · {job.words}")
        self._watched = self.service.listen_partial(job.id, self.live.show_transcript)
        self._open_when_done = job.id
        self.stack.setCurrentWidget(self.live)
        self.live.text.setFocus()

    async def _open(self, recording: str) -> None:
        """The editor of one recording."""
        self.show_queue()
        editor = self._made_editor()
        await editor.show(recording)
        self.stack.setCurrentWidget(editor)
        self.right.setCurrentWidget(editor.details)
        self.heading.setText("Transcription")
        self._show_head()
        editor.setFocus()

    def _made_editor(self) -> Any:
        if self.editor is None:
            from desktop.ui.transcription.editor.view import EditorView  # with all that a transcript needs

            self.editor = EditorView(self.report, self.stack)
            self.editor.attach(self.services)
            self.editor.head.add_folds(self.fold_history, self.fold_parameters)
            self.editor.closed.connect(self.show_queue)
            self.editor.notice.connect(self.notice)
            self.stack.addWidget(self.editor)
            self.right.addWidget(self.editor.details)
            icons.refresh(theme.current(), self.editor)
        return self.editor

    async def open_conversation(self, conversation: str) -> None:
        """From the library."""
        await self._open_conversation(conversation)

    async def _open_conversation(self, conversation: str) -> None:
        found = await self.service.of_conversation(conversation)
        if found is None:
            raise BadInput("There is no recording with this text.", "Look for it in the library.")
        await self._open_or_watch(found.id)
        self.past.select(conversation)

    # -- past recordings

    def refresh_history(self) -> None:
        if self.isVisible():
            self._start(self._read_history(), "history")

    async def _open_subtitles(self, path: str, others: Sequence[str]) -> None:
        """Subtitles with the recording dropped along, the one of their name beside them, or one that is asked for."""
        import asyncio

        source = next(iter(others), "") or await asyncio.to_thread(_beside, Path(path))
        if not source:
            source = next(iter(await dialogs.choose_files(self, f"The recording of {Path(path).name}")), "")
        if source:
            await self._open(await self.service.open_subtitles(path, source))
            self.refresh_history()

    def _to_search(self) -> None:
        if not self.history.isVisible():
            self.fold("history", False)
        self.past.search.setFocus()

    async def _read_history(self, *, more: bool = False) -> None:
        from desktop.core.library import Place

        assert self.services is not None
        count = max(PIECE, self.past.model.rowCount()) + (PIECE if more else 0)
        line = self.past.search.text().strip()
        found = await self.services.library.search(line, place=Place("page", "transcription"), limit=count)
        self.past.show_rows([entry.conversation for entry in found.entries])

    async def _rename(self, conversation: str) -> None:
        assert self.services is not None
        row = self.past.model.at(self.past.model.row_of(conversation))
        title = await dialogs.ask_text(self, "Rename", "Name of the recording", row.title)
        if title is not None and title.strip():
            self._offer("Renamed.", await self.services.library.rename(conversation, title))

    async def _trash(self, ids: list[str]) -> None:
        assert self.services is not None
        undo = await self.services.library.trash(ids)
        self._offer(f"{words.many(len(ids), 'recording').capitalize()} moved to the trash.", undo)

    def _offer(self, text: str, undo: Callable[[], Coroutine[Any, Any, None]] | Any) -> None:
        self.undo_offered.emit(text, lambda: self._start(undo(), "undo"))


def _beside(subtitles: Path) -> str:
    """The recording of the same name in the same folder. Blocking."""
    found = [each for each in subtitles.parent.glob("*") if each.suffix.lower().lstrip(".") in drops.RECORDINGS]
    return next((str(each) for each in sorted(found) if each.stem == subtitles.stem), "")


def _ended(done: Sequence[JobView], failed: Sequence[JobView]) -> str:
    """What came of the queue, when it has run dry."""
    if not failed:
        written = sum(len(job.written) for job in done)
        beside = f" {words.many(written, 'file')} written." if written else ""
        if len(done) == 1:
            return f"“{done[0].title}” is transcribed.{beside}"
        return f"{words.many(len(done), 'recording').capitalize()} are transcribed.{beside}"
    if not done:
        return f"{words.many(len(failed), 'recording').capitalize()} could not be transcribed. The rows say why."
    return f"{len(done)} transcribed, {len(failed)} not. The rows say why."
