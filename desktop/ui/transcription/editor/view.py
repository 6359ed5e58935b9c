"""The editor of one transcript: waveform, list of segments, sound, and the panels at the right."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from desktop.core.errors import KnownError
from desktop.ui import icons, theme
from desktop.ui.tasks import Report, Tasks
from desktop.ui.transcription.editor import keys, row_menu, rules_kept
from desktop.ui.transcription.editor.asking import Asking
from desktop.ui.transcription.editor.by_model import ByModel
from desktop.ui.transcription.editor.check_panel import CheckPanel
from desktop.ui.transcription.editor.commands import Commands
from desktop.ui.transcription.editor.details import Details
from desktop.ui.transcription.editor.drag_out import DragOut
from desktop.ui.transcription.editor.faces import Faces
from desktop.ui.transcription.editor.find_panel import FindPanel
from desktop.ui.transcription.editor.head import Head
from desktop.ui.transcription.editor.listening import Listening
from desktop.ui.transcription.editor.missing import Missing
from desktop.ui.transcription.editor.saving import Saving
from desktop.ui.transcription.editor.segment_list import SegmentList
from desktop.ui.transcription.editor.segments_model import SegmentsModel
from desktop.ui.transcription.editor.speakers_panel import SpeakersPanel
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.transcription.editor.text_view import TextView
from desktop.ui.transcription.editor.together import Together
from desktop.ui.transcription.editor.transport import Transport
from desktop.ui.transcription.editor.waveform_pane import WaveformPane
from desktop.ui.widgets.playback import MakeDevice, Playback, qt_device
from desktop.ui.widgets.tooltip import no_mnemonic, tip

if TYPE_CHECKING:
    from desktop.core.transcript import Transcript
    from desktop.services.bundle import Services
    from desktop.services.transcription.values import Opened

READ_ONLY = "The archive is open for reading only: nothing can be changed here. It can be read, heard and exported."
COMPARED = 200  # segments up to which it is looked whether the text is the original after all


class EditorView(QWidget):
    """Shows a recording's transcript and edits it. `details` is for the page's right side; `head.add_folds` takes the
    page's actions that fold its sides, so that the page needs no head of its own while this is shown.

    `closed` when the user goes back, `notice` a kind ("info", "good", "warn") and a sentence.
    """

    closed = Signal()
    notice = Signal(str, str)

    def __init__(self, report: Report, parent: QWidget | None = None, *, make_device: MakeDevice = qt_device) -> None:
        super().__init__(parent)
        self.setObjectName("editor")
        self.setAccessibleName("Transcript editor")
        self.tasks = Tasks(report, self)
        self.services: Services | None = None
        self.recording = self.title = ""
        self.state = EditState(self)
        self.saving = Saving(self.tasks, self)
        self.playback = Playback(make_device, self, is_smooth=True)
        self._build()
        self.commands = Commands(self.state, self.list, self.playback, self.waveform, self)
        self.listening = Listening(
            self.state, self.playback, self.list, self.waveform, self.missing, self.commands, self.tasks, self
        )
        self.together = Together(self.state, self.commands, self.list, self.waveform, self.playback, self)
        self.asking = Asking(self.state, self.commands, self.tasks, self)
        self.by_model = ByModel(self.state, self.commands, self.tasks, self)
        self.actions_by_name = keys.make_all(self)
        self._place_actions()
        self._connect()
        icons.refresh(theme.current(), self)

    # Building

    def _build(self) -> None:
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
        self.faces = Faces(self.list, self.reading, self.state, self)
        self.speakers = SpeakersPanel(self.state, self)
        self.check = CheckPanel(self.state, self.tasks, self)
        self.details = Details([("Speakers", self.speakers), ("Subtitle check", self.check)])
        self.splitter = QSplitter(Qt.Orientation.Vertical, self)
        self.splitter.setObjectName("editor.splitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.pane)
        self.splitter.addWidget(self._below())
        self.splitter.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(self.missing)
        column.addWidget(self.splitter, 1)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _below(self) -> QWidget:
        below = QWidget(self)
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.transport)
        column.addWidget(self.find_bar)
        column.addWidget(self.faces, 1)
        return below

    def _measure(self) -> None:
        self.splitter.setSizes([theme.current().px(176), 10_000])

    def _place_actions(self) -> None:
        made = self.actions_by_name
        for name in ("loop", "read", "original"):
            made[name].setCheckable(True)
        made["play"].setToolTip("Play (Tab)")
        self.transport.fill(
            made["play"],
            self._actions("back", "forward", "previous", "next", "loop"),
            self._actions("zoom-out", "zoom-in", "zoom-segment", "zoom-all"),
        )
        icons.put(made["play"], "play", "text")
        self.head.fill(made["leave"], self._actions("undo", "redo", "find", "read", "original"), self.drag_out)
        self.faces.set_actions(made["read"], made["original"], made["insert"])
        self._show_steps()

    def _actions(self, *names: str) -> list[QAction]:
        return [self.actions_by_name[name] for name in names]

    def _connect(self) -> None:
        self.state.changed.connect(self._changed)
        for source in (self.state, self.commands, self.speakers, self.find_bar):
            source.refused.connect(lambda sentence: self.notice.emit("warn", sentence))
        self.saving.told.connect(self._told_saving)
        self.listening.playable.connect(self._set_playable)
        self.listening.looped.connect(self.actions_by_name["loop"].setChecked)
        self.missing.find_wanted.connect(lambda: self.tasks.start(self._find_source(), name="find-source"))
        self.list.menu_wanted.connect(self._menu)
        self.together.picked.connect(self.speakers.set_chosen)
        self.find_bar.found.connect(self.list.set_hits)
        self.find_bar.went.connect(self.list.select)
        self.find_bar.closed.connect(self.list.setFocus)
        self.speakers.assigned.connect(self.commands.assign)
        self.check.went.connect(self.list.select)
        self.check.checked.connect(self.model.set_breaches)
        self.check.rules_changed.connect(self._keep_rules)
        self.details.turned.connect(self.check.set_watching)
        self.reading.went.connect(self.together.go_to)
        self.head.export.clicked.connect(self.open_export)
        self.asking.done.connect(lambda told: self.notice.emit("good", told))
        self.head.more.clicked.connect(self._menu_of_all)

    # What the page does with it

    def attach(self, services: Services) -> None:
        self.services = self.by_model.services = services
        self.drag_out.folder = services.transcription.carried("editor")
        if services.database.read_only:
            self.state.fixed_because = READ_ONLY
        else:
            self.saving.save = services.transcription.save
        self.tasks.start(rules_kept.read(services, self.check), name="rules")

    async def show(self, recording: str) -> None:  # type: ignore[override]
        """Open a recording's transcript, after what was open is kept. Raises KnownError."""
        assert self.services is not None, "the services are attached first"
        await self.flush()
        opened = await self.services.transcription.transcript(recording)
        row = await self.services.conversations.get(opened.recording.conversation)
        await self.open(opened, row.title)

    async def open(self, opened: Opened, title: str = "") -> None:
        """Show what was read, and look whether its file can be played."""
        self.show_opened(opened, title)
        await self.listening.open(opened.path)

    def show_opened(self, opened: Opened, title: str = "") -> None:
        """Fill all parts, without the sound."""
        now, peaks = opened.transcript, opened.peaks
        self.recording, self.title = opened.recording.id, title or Path(opened.recording.path).name
        self.by_model.recording, self.by_model.conversation = self.recording, opened.recording.conversation
        self.head.show_title(self.title, ("Edited" if opened.is_edited else "As it came") + self._doubt(now))
        self.playback.open(None, now.milliseconds)
        self.waveform.set_peaks(
            peaks.lows if peaks else b"",
            peaks.highs if peaks else b"",
            peaks.milliseconds if peaks else now.milliseconds,
        )
        self.state.open(self.recording, now, opened.original)
        self.list.verticalScrollBar().setValue(0)
        if now.segments:
            self.list.select(now.segments[0].id)
        self.transport.show_time()

    def _doubt(self, now: Transcript) -> str:
        """What is true of nearly all times is said once, and not of each segment."""
        return " · times approximate" if self.model.is_mostly_about(now) else ""

    @property
    def path(self) -> Path | None:
        """The recording's file, if it is there to be played."""
        return self.listening.path

    async def flush(self) -> None:
        """Returns when all edits are in the archive: before the window ends."""
        self.list.finish_edit()
        await self.saving.flush()

    def reason_to_stay(self) -> str:
        """A sentence where edits could not be kept, else nothing."""
        problem = self.saving.problem
        return f"The last edits of “{self.title}” could not be saved: {problem}" if problem else ""

    async def close_down(self) -> None:
        """The window ends. What cannot be kept was a `reason_to_stay`; who goes all the same, goes."""
        self.playback.close()
        with suppress(KnownError):
            await self.flush()

    def leave(self) -> None:
        self.list.finish_edit()
        self.playback.pause()
        self.closed.emit()

    # Sound

    def change_speed(self, by: int) -> None:
        self.transport.set_speed(self.playback.faster(by))

    def _set_playable(self, can_play: bool) -> None:
        for name in ("play", "loop", "faster", "slower"):
            self.actions_by_name[name].setEnabled(can_play)

    async def _find_source(self) -> None:
        if self.services is not None and await self.listening.find(self.recording, self.services.transcription):
            self.notice.emit("good", "The recording is found again.")

    # Changes

    def _changed(self, told: str) -> None:
        self.waveform.set_transcript(self.state.transcript)
        self.list.keep_selected()
        self.faces.show_columns()
        self._show_steps()
        if told:
            self.saving.later(self.recording, self.state.transcript)

    def _show_steps(self) -> None:
        """Undo and redo say what they would take back."""
        history, keys_of = self.state.history, {"undo": "Ctrl+Z", "redo": "Ctrl+Shift+Z"}
        for name, told in (("undo", history.undo_words), ("redo", history.redo_words)):
            action, verb = self.actions_by_name[name], name.capitalize()
            action.setEnabled(bool(told))
            action.setText(f"{verb}: {no_mnemonic(told)}" if told else verb)
            action.setToolTip(tip(f"{action.text()} ({keys_of[name]})"))
        is_short = len(self.state.lines.segments) < COMPARED
        self.actions_by_name["revert"].setEnabled(not is_short or self.state.transcript != self.state.original)

    def undo(self) -> None:
        self.state.undo()

    def redo(self) -> None:
        self.state.redo()

    def revert(self) -> None:
        """Everything as it came; it can be undone."""
        self.list.finish_edit()
        if self.state.do("Revert to the original", self.state.original):
            self.notice.emit("info", "The transcript is as it came. Undo brings your changes back.")

    def _told_saving(self, sentence: str, is_well: bool) -> None:
        self.head.show_state(sentence + (self._doubt(self.state.transcript) if is_well else ""), is_well=is_well)

    def _menu(self, place: QPoint) -> None:
        row_menu.of_rows(self, self.actions_by_name, self.state.transcript.speakers, self.commands).popup(place)

    def _menu_of_all(self) -> None:
        row_menu.of_all(self, self.actions_by_name).popup(self.head.place_of_menu())

    # Other faces

    def open_find(self, *, replace: bool) -> None:
        self.faces.show_list()
        field = self.list.field
        words_found = field.textCursor().selectedText() if field is not None else ""
        self.list.finish_edit()
        self.find_bar.enter(words_found, replace=replace)

    def _keep_rules(self, rules: object) -> None:
        if self.services is not None:
            self.tasks.start(rules_kept.keep(self.services, rules), name="keep-rules")

    def open_export(self) -> None:
        self.asking.export(self.title, self.path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space plays wherever no text is edited."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.listening.toggle_play()
        else:
            super().keyPressEvent(event)
