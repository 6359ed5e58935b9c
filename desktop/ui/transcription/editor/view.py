"""The editor of one transcript: waveform, list of segments, sound, and the panels at the right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu, QSplitter, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from desktop.core import transcript_edits as edits
from desktop.core.errors import BadFile, KnownError
from desktop.core.transcript import Transcript
from desktop.ui import dialogs, icons, theme
from desktop.ui.tasks import Report, Tasks
from desktop.ui.transcription.editor import keys, words
from desktop.ui.transcription.editor.check_panel import CheckPanel
from desktop.ui.transcription.editor.commands import Commands
from desktop.ui.transcription.editor.details import Details
from desktop.ui.transcription.editor.drag_out import DragOut
from desktop.ui.transcription.editor.export_form import ExportForm
from desktop.ui.transcription.editor.find_panel import FindPanel
from desktop.ui.transcription.editor.head import Head, Missing
from desktop.ui.transcription.editor.playback import MakeFileDevice, Playback, check_playable, qt_file_device
from desktop.ui.transcription.editor.saving import Saving
from desktop.ui.transcription.editor.segment_list import SegmentList
from desktop.ui.transcription.editor.segments_model import SegmentsModel
from desktop.ui.transcription.editor.speakers_panel import SpeakersPanel
from desktop.ui.transcription.editor.state import EditState, chosen_span, word_at
from desktop.ui.transcription.editor.text_view import TextView
from desktop.ui.transcription.editor.transport import Transport
from desktop.ui.transcription.editor.waveform import WaveformPane
from desktop.ui.widgets.tooltip import no_mnemonic, tip

if TYPE_CHECKING:
    from desktop.core.transcript_edits import Match
    from desktop.services.bundle import Services
    from desktop.services.transcription.values import Opened

RULES = "transcription.rules"
CLOSEST_MS = 10


class EditorView(QWidget):
    """Shows a recording's transcript and edits it. `details` is for the page's right side.

    `closed` when the user goes back, `notice` a kind ("info", "good", "warn") and a sentence, `export_wanted` the
    recording's id, for an export together with others.
    """

    closed = Signal()
    notice = Signal(str, str)
    export_wanted = Signal(str)

    def __init__(
        self, report: Report, parent: QWidget | None = None, *, make_device: MakeFileDevice = qt_file_device
    ) -> None:
        super().__init__(parent)
        self.setObjectName("editor")
        self.setAccessibleName("Transcript editor")
        self.tasks = Tasks(report, self)
        self.services: Services | None = None
        self.recording = self.conversation = ""
        self.title = ""
        self.state = EditState(self)
        self.saving = Saving(self.tasks, self)
        self.playback = Playback(make_device, self)
        self._span = (0, 0)
        self._build()
        self.commands = Commands(self.state, self.list, self.playback, self)
        self.actions_by_name = keys.make_all(self)
        self._place_actions()
        self._connect()
        icons.refresh(theme.current(), self)

    # Building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.head = Head(self)
        self.drag_out = DragOut(self.tasks, lambda: (self.state.transcript, self.title), self)
        self.missing = Missing(self)
        self.pane = WaveformPane(self)
        self.waveform = self.pane.waveform
        self.transport = Transport(self.playback, self)
        self.find_bar = FindPanel(self.state, self.tasks, self)
        self.model = SegmentsModel(self.state, self)
        self.list = SegmentList(self.model, self)
        self.reading = TextView(self.state, self)
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.list)
        self.stack.addWidget(self.reading)
        below = QWidget(self)
        inner = QVBoxLayout(below)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        for widget in (self.transport, self.find_bar):
            inner.addWidget(widget)
        inner.addWidget(self.stack, 1)
        self.splitter = QSplitter(Qt.Orientation.Vertical, self)
        self.splitter.setObjectName("editor.splitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.pane)
        self.splitter.addWidget(below)
        self.splitter.setStretchFactor(1, 1)
        column.addWidget(self.head)
        self._banner = QVBoxLayout()
        self._banner.addWidget(self.missing)
        column.addLayout(self._banner)
        column.addWidget(self.splitter, 1)
        self.speakers = SpeakersPanel(self.state, self)
        self.check = CheckPanel(self.state, self.tasks, self)
        self.details = Details([("Speakers", self.speakers), ("Subtitle check", self.check)])
        self.pill = QToolButton(self.list)
        self.pill.setObjectName("editor.follow")
        self.pill.setText("Follow what plays")
        icons.put(self.pill, "down", "text")
        self.pill.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.style_as(self.pill, "pill")
        self.pill.hide()
        self._measure()
        theme.current().changed.connect(self._measure)

    def _measure(self) -> None:
        look = theme.current()
        self.splitter.setSizes([look.px(170), 10_000])
        self._banner.setContentsMargins(
            look.gap(12), 0, look.gap(12), look.gap(8) if self.missing.isVisibleTo(self) else 0
        )

    def _place_actions(self) -> None:
        made = self.actions_by_name
        for name in ("loop", "read", "original"):
            made[name].setCheckable(True)
        made["play"].setToolTip("Play (Tab)")
        names = ("back", "forward", "previous", "next", "loop")
        zooms = ("zoom-out", "zoom-in", "zoom-segment", "zoom-all")
        self.transport.fill(made["play"], [made[name] for name in names], [made[name] for name in zooms])
        icons.put(made["play"], "play", "text")
        self.head.fill(
            made["leave"], [made[name] for name in ("undo", "redo", "find", "read", "original")], self.drag_out
        )
        self._show_steps()

    def _connect(self) -> None:
        self.state.changed.connect(self._changed)
        self.saving.told.connect(self._told_saving)
        self.commands.refused.connect(lambda sentence: self.notice.emit("warn", sentence))
        for each in (self.list.play_wanted, self.waveform.play_wanted):
            each.connect(self.toggle_play)
        self.list.sought.connect(self.playback.seek)
        self.list.picked.connect(self._picked)
        self.list.menu_wanted.connect(self._menu)
        self.list.away.connect(self._show_pill)
        self.pill.clicked.connect(self.list.follow)
        self.waveform.sought.connect(self.playback.seek)
        self.waveform.chosen.connect(self.list.select)
        self.waveform.selected.connect(self._select_span)
        self.waveform.edge_moved.connect(self._edge_moved)
        self.waveform.piece_wanted.connect(
            lambda begins, ends: self.tasks.start(self._decode(begins, ends), name="piece")
        )
        self.playback.moved.connect(self._moved)
        self.playback.problem.connect(lambda sentence: self._say_missing(sentence))
        self.missing.find_wanted.connect(lambda: self.tasks.start(self._find_source(), name="find-source"))
        self.find_bar.found.connect(self._show_hits)
        self.find_bar.went.connect(self._go_to_hit)
        self.find_bar.closed.connect(self.list.setFocus)
        self.speakers.assigned.connect(self.commands.assign)
        self.check.went.connect(self.list.select)
        self.check.checked.connect(self.model.set_breaches)
        self.check.fixed.connect(lambda told: self.notice.emit("good", told))
        self.check.rules_changed.connect(self._keep_rules)
        self.details.turned.connect(self.check.set_watching)
        self.reading.went.connect(self._read_from)
        for panel in (self.speakers, self.check, self.find_bar):
            panel.refused.connect(lambda sentence: self.notice.emit("warn", sentence))
        self.head.export.clicked.connect(self.open_export)
        self.head.more.clicked.connect(
            lambda: self._menu(self.head.more.mapToGlobal(self.head.more.rect().bottomLeft()))
        )

    # What the page does with it

    def attach(self, services: Services) -> None:
        self.services = services
        self.saving.save = services.transcription.save
        self.tasks.start(self._read_rules(), name="rules")

    async def show(self, recording: str) -> None:  # type: ignore[override]
        """Open a recording's transcript, after what was open is kept. Raises KnownError."""
        assert self.services is not None, "the services are attached first"
        await self.flush()
        opened = await self.services.transcription.transcript(recording)
        row = await self.services.conversations.get(opened.recording.conversation)
        await self.open(opened, row.title)

    async def open(self, opened: Opened, title: str = "") -> None:
        """Show what was read, and look whether its file can be played."""
        import asyncio

        self.show_opened(opened, title)
        path = Path(opened.path) if opened.path else None
        try:
            if path is None:
                raise BadFile("The recording is not where it was.", "It can be edited; to hear it, find the file.")
            await asyncio.to_thread(check_playable, path)
        except BadFile as error:
            self._say_missing(f"{error.summary} {error.advice}", can_find=path is None)
            self._set_playable(False)
            return
        self._say_missing("")
        self.playback.open(path, self.waveform.length)
        self._set_playable(True)

    def show_opened(self, opened: Opened, title: str = "") -> None:
        """Fill all parts, without the sound."""
        self.recording, self.title = opened.recording.id, title or Path(opened.recording.path).name
        self.head.title.setText(self.title)
        about = " · times approximate" if self.model.is_mostly_about(opened.transcript) else ""
        self.head.state.setText(("Edited" if opened.is_edited else "As it came") + about)
        self.conversation = opened.recording.conversation
        peaks, now = opened.peaks, opened.transcript
        self.playback.open(None, now.milliseconds)
        self.waveform.length = 0
        self.waveform.set_selection(0, 0)
        self._span = (0, 0)
        self.waveform.set_peaks(
            peaks.lows if peaks else b"",
            peaks.highs if peaks else b"",
            peaks.milliseconds if peaks else now.milliseconds,
        )
        self.state.open(now, opened.original)
        self.list.verticalScrollBar().setValue(0)
        if now.segments:
            self.list.select(now.segments[0].id)
        self.transport.show_time()

    async def flush(self) -> None:
        """Returns when all edits are in the archive: before the window ends."""
        self.list.finish_edit()
        await self.saving.flush()

    def reason_to_stay(self) -> str:
        """A sentence where edits could not be kept, else nothing."""
        problem = self.saving.problem
        return f"The last edits of “{self.title}” could not be saved: {problem}" if problem else ""

    async def close_down(self) -> None:
        await self.flush()
        self.playback.close()

    def leave(self) -> None:
        self.list.finish_edit()
        self.playback.pause()
        self.closed.emit()

    # Sound

    def toggle_play(self) -> None:
        self.list.follow()
        self.playback.toggle()

    def change_speed(self, by: int) -> None:
        self.transport.set_speed(self.playback.faster(by))

    def step_segment(self, by: int) -> None:
        """To the beginning of the next or previous segment, seen from the playhead."""
        row = self.state.lines.near(self.playback.position)
        if row < 0:
            return
        before_first = self.playback.position < self.state.lines.segments[row].begins
        row = min(max(0, row + by + (-1 if before_first and by > 0 else 0)), len(self.state.lines.segments) - 1)
        segment = self.state.lines.segments[row]
        self.list.select(segment.id)
        self.playback.seek(segment.begins)
        if self.playback.looped:
            self.playback.loop((segment.begins, segment.ends))

    def toggle_loop(self) -> None:
        """The selected stretch, else the selected segments, again and again."""
        if self.playback.looped:
            self.playback.loop(None)
        else:
            self.playback.loop(self._span if self._span[1] else chosen_span(self.state, self.commands.chosen()))
        self.actions_by_name["loop"].setChecked(self.playback.looped is not None)

    def _say_missing(self, sentence: str, *, can_find: bool = False) -> None:
        self.missing.say(sentence, can_find=can_find)
        self._measure()

    def _set_playable(self, can_play: bool) -> None:
        for name in ("play", "loop", "faster", "slower"):
            self.actions_by_name[name].setEnabled(can_play)

    def _moved(self, moment: int) -> None:
        self.waveform.set_playhead(moment, follow=self.playback.is_playing)
        row = self.state.lines.at(moment)
        if row < 0:
            self.list.set_playing("", -1, is_playing=self.playback.is_playing)
            return
        segment = self.state.lines.segments[row]
        self.list.set_playing(segment.id, word_at(segment, moment), is_playing=self.playback.is_playing)

    def _show_pill(self, is_away: bool) -> None:
        self.pill.setVisible(is_away)
        self.pill.adjustSize()
        at = self.list.rect()
        self.pill.move(
            at.center().x() - self.pill.width() // 2, at.bottom() - self.pill.height() - theme.current().gap(12)
        )

    async def _find_source(self) -> None:
        found = await dialogs.choose_files(self, "Find the recording")
        if found and self.services is not None:
            await self.services.transcription.find_source(self.recording, found[0])
            opened = await self.services.transcription.transcript(self.recording)
            path = Path(opened.path) if opened.path else Path(found[0])
            self.playback.open(path, self.waveform.length)
            self._say_missing("")
            self._set_playable(True)
            self.notice.emit("good", "The recording is found again.")

    async def _decode(self, begins: int, ends: int) -> None:
        from desktop.services.transcription import samples

        if self.playback.path is not None:
            from desktop.ui.transcription.editor.pyramid import Piece

            found = await samples.piece(self.playback.path, begins, ends)
            self.waveform.set_piece(Piece(found.begins, found.samples))

    # Changes

    def _changed(self, told: str) -> None:
        self.waveform.set_transcript(self.state.transcript)
        if self.list.model().rowCount() and self._columns() != self.list._columns:
            self.list.set_columns(self._columns())
        self._show_steps()
        if told:
            self.saving.later(self.recording, self.state.transcript)

    def _columns(self) -> str:
        if self.actions_by_name["original"].isChecked():
            return "was"
        return "second" if self.state.has_second else "none"

    def _show_steps(self) -> None:
        """Undo and redo say what they would take back."""
        for name, told in (("undo", self.state.history.undo_words), ("redo", self.state.history.redo_words)):
            action, verb = self.actions_by_name[name], "Undo" if name == "undo" else "Redo"
            action.setEnabled(bool(told))
            action.setText(f"{verb}: {no_mnemonic(told)}" if told else verb)
            keys_told = "Ctrl+Z" if name == "undo" else "Ctrl+Shift+Z"
            action.setToolTip(tip(f"{verb}: {told} ({keys_told})" if told else f"{verb} ({keys_told})"))
        is_edited = self.state.transcript != self.state.original if len(self.state.lines.segments) < 200 else True
        self.actions_by_name["revert"].setEnabled(is_edited)

    def undo(self) -> None:
        self.state.undo()

    def redo(self) -> None:
        self.state.redo()

    def revert(self) -> None:
        """Everything as it came; it can be undone."""
        self.list.finish_edit()
        if self.state.do("Revert to the original", self.state.original):
            self.notice.emit("info", "The transcript is as it came. Undo brings your changes back.")

    def insert(self) -> None:
        self.commands.insert(self._span if self._span[1] else None)

    def ask_shift(self) -> None:
        self.tasks.start(self._shift(), name="shift")

    async def _shift(self) -> None:
        from desktop.ui.transcription.editor.shift_form import ask

        if wanted := await ask(self, len(self.commands.chosen())):
            self.commands.shift(wanted[0], all_of_them=wanted[1])

    def _told_saving(self, sentence: str, is_well: bool) -> None:
        theme.style_as(self.head.state, "caption" if is_well else "warn")
        self.head.state.setText(sentence)

    def _edge_moved(self, id: str, begins: int, ends: int, is_done: bool) -> None:
        """While it is dragged only the picture moves; the step is made at the end."""
        if is_done:
            self.waveform.set_transcript(self.state.transcript)
            self.commands.move_edge(id, begins, ends)
            return
        segment = self.state.segment(id)
        if segment is not None:
            moved = edits.move_edge(
                self.state.transcript,
                id,
                begins=begins if begins != segment.begins else None,
                ends=ends if ends != segment.ends else None,
            )
            self.waveform.set_transcript(moved)

    def _select_span(self, begins: int, ends: int) -> None:
        self._span = (begins, ends)
        if self.playback.looped:
            self.playback.loop((begins, ends) if ends else None)
            self.actions_by_name["loop"].setChecked(self.playback.looped is not None)

    def _picked(self) -> None:
        self.waveform.set_current(self.list.current)
        self.speakers.set_chosen(len(self.list.selected()))
        if (found := self.state.segment(self.list.current)) is not None and not self.playback.is_playing:
            self.waveform.ensure_visible(found.begins, found.ends)

    def zoom_segment(self) -> None:
        begins, ends = chosen_span(self.state, self.commands.chosen())
        if ends:
            room = (ends - begins) * 0.15
            self.waveform.show_span(max(0, begins - room), ends + room)

    def _menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        made = self.actions_by_name
        for name in ("split", "merge", "insert", "delete"):
            menu.addAction(made[name])
        menu.addSeparator()
        speakers = menu.addMenu("Speaker")
        for number, speaker in enumerate(self.state.transcript.speakers, 1):
            action = speakers.addAction(no_mnemonic(speaker.name))
            action.triggered.connect(lambda _=False, id=speaker.id: self.commands.assign(id))
            action.setText(f"{no_mnemonic(speaker.name)}\t{number}" if number < 10 else no_mnemonic(speaker.name))
        speakers.addAction("Nobody\t0").triggered.connect(lambda: self.commands.assign(""))
        menu.addSeparator()
        for name in ("begin-here", "end-here", "shift", "zoom-segment", "loop"):
            menu.addAction(made[name])
        menu.addSeparator()
        for name in ("hear-again", "afterwork"):
            menu.addAction(made[name])
        menu.addSeparator()
        for name in ("original", "revert"):
            menu.addAction(made[name])
        menu.popup(place)

    # By a model

    def hear_again(self) -> None:
        """The selected stretch, else the selected segments, by another model."""
        span = self._span if self._span[1] else chosen_span(self.state, self.commands.chosen())
        if self.services is not None and span[1]:
            self.list.finish_edit()
            self.tasks.start(self._hear_again(self.services, span), name="hear-again")

    async def _hear_again(self, services: Services, span: tuple[int, int]) -> None:
        from desktop.ui.transcription.editor import redo_form

        form = redo_form.RedoForm(self, services, self.tasks, self.recording, self.state.transcript, span)
        try:
            if await dialogs.finished(form) and form.heard is not None:
                self.state.do("Hear it again", redo_form.put(self.state.transcript, form.heard, span))
        finally:
            self.tasks.cancel("redo")

    def work_on_it(self) -> None:
        if self.services is not None:
            self.list.finish_edit()
            self.tasks.start(self._work_on_it(self.services), name="work-on-it")

    async def _work_on_it(self, services: Services) -> None:
        from desktop.ui.transcription.editor import afterwork_form

        form = afterwork_form.AfterWorkForm(self, services, self.tasks, self.state.transcript, self.conversation)
        try:
            if await dialogs.finished(form) and (changes := form.changes.taken):
                changed = afterwork_form.taken(self.state.transcript, changes, is_second=form.is_second)
                told = "Translate" if form.is_second else "Clean up"
                self.state.do(f"{told}: {words.many(len(changes), 'change')}", changed)
        finally:
            for name in ("afterwork", "afterwork-estimate"):
                self.tasks.cancel(name)

    # Other faces

    def toggle_reading(self) -> None:
        self.list.finish_edit()
        is_reading = self.stack.currentWidget() is self.list
        self.stack.setCurrentWidget(self.reading if is_reading else self.list)
        self.reading.set_showing(is_reading)
        self.actions_by_name["read"].setChecked(is_reading)
        (self.reading if is_reading else self.list).setFocus()

    def _read_from(self, id: str) -> None:
        """A paragraph was clicked: there, in the list."""
        if (found := self.state.segment(id)) is not None:
            self.playback.seek(found.begins)
            self.list.select(id)
            self.waveform.ensure_visible(found.begins, found.ends)

    def toggle_original(self) -> None:
        self.actions_by_name["original"].setChecked(self.list._columns != "was")
        self.list.set_columns(self._columns())

    def open_find(self, *, replace: bool) -> None:
        if self.stack.currentWidget() is not self.list:
            self.toggle_reading()
        field = self.list.field
        words_found = field.textCursor().selectedText() if field is not None else ""
        self.list.finish_edit()
        self.find_bar.enter(words_found, replace=replace)

    def _show_hits(self, hits: object, present: object) -> None:
        by_segment: dict[str, list[Match]] = {}
        for hit in hits:  # type: ignore[attr-defined]
            by_segment.setdefault(hit.segment, []).append(hit)
        self.list.set_hits(by_segment, present)  # type: ignore[arg-type]

    def _go_to_hit(self, segment: str) -> None:
        self.list.select(segment)

    async def _read_rules(self) -> None:
        import msgspec

        from desktop.core.subtitles.rules import Rules

        kept = await self.services.remembered(RULES, None)
        if kept is not None:
            try:
                self.check.set_rules(msgspec.convert(kept, Rules))
            except msgspec.ValidationError:
                return  # of another version: the usual ones hold

    def _keep_rules(self, rules: object) -> None:
        import msgspec

        if self.services is not None:
            self.tasks.start(self.services.remember(RULES, msgspec.to_builtins(rules)), name="keep-rules")

    def open_export(self) -> None:
        self.tasks.start(self._export(), name="export")

    async def _export(self) -> None:
        form = ExportForm(self, self.state.transcript, self.title, self.playback.path)
        QTimer.singleShot(0, form.first.setFocus)
        if not await dialogs.finished(form):
            return
        try:
            written = await form.write()
        except KnownError as error:
            self.notice.emit("warn", f"{error.summary} {error.advice}".strip())
            return
        self.notice.emit("good", f"{words.many(len(written), 'file')} written to {written[0].parent}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays wherever no text is edited."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.toggle_play()
        else:
            super().keyPressEvent(event)

    def now(self) -> Transcript:
        return self.state.transcript
