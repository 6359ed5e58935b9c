"""Every action of the editor, with its key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction

from desktop.ui import actions
from desktop.ui.transcription.editor.commands import NUDGE_MS
from desktop.ui.widgets.playback import STEP_MS

if TYPE_CHECKING:
    from desktop.ui.transcription.editor.view import EditorView

Entry = tuple[str, Callable[[], object], tuple[str, ...], str]


def make_all(view: EditorView) -> dict[str, QAction]:
    """By the last part of their names."""
    return {
        name: actions.make(view, f"editor.{name}", text, work, keys=keys, icon=icon)
        for name, (text, work, keys, icon) in {**_sound(view), **_segments(view), **_views(view)}.items()
    }


def _sound(view: EditorView) -> dict[str, Entry]:
    play = view.playback
    return {
        "play": ("Play", view.listening.toggle_play, ("Ctrl+Space",), "play"),
        "back": ("Back 5 seconds", lambda: play.step(-STEP_MS), ("Alt+Left",), "back-5"),
        "forward": ("Forward 5 seconds", lambda: play.step(STEP_MS), ("Alt+Right",), "forward-5"),
        "previous": ("Previous segment", lambda: view.listening.step_segment(-1), ("Alt+Up",), "segment-previous"),
        "next": ("Next segment", lambda: view.listening.step_segment(1), ("Alt+Down",), "segment-next"),
        "loop": ("Loop the segment", view.listening.toggle_loop, ("Alt+L",), "loop"),
        "faster": ("Play faster", lambda: view.change_speed(1), ("Alt+PgUp",), ""),
        "slower": ("Play slower", lambda: view.change_speed(-1), ("Alt+PgDown",), ""),
    }


def _segments(view: EditorView) -> dict[str, Entry]:
    do = view.commands
    return {
        "undo": ("Undo", view.undo, ("Ctrl+Z",), "undo"),
        "redo": ("Redo", view.redo, ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
        "split": ("Split the segment", do.split, ("Ctrl+Return",), ""),
        "merge": ("Merge segments", do.merge, ("Ctrl+J",), ""),
        "insert": ("Insert a segment", do.insert, ("Alt+Ins",), ""),
        "delete": ("Delete segments", do.delete, ("Ctrl+Shift+Del",), ""),
        "begin-here": ("Begin the segment here", lambda: do.edge_here(is_begin=True), ("Alt+B",), ""),
        "end-here": ("End the segment here", lambda: do.edge_here(is_begin=False), ("Alt+E",), ""),
        "begin-earlier": ("Begin earlier", lambda: do.nudge(-NUDGE_MS, is_begin=True), ("Alt+Shift+Left",), ""),
        "begin-later": ("Begin later", lambda: do.nudge(NUDGE_MS, is_begin=True), ("Alt+Shift+Right",), ""),
        "end-earlier": ("End earlier", lambda: do.nudge(-NUDGE_MS, is_begin=False), ("Alt+Shift+Down",), ""),
        "end-later": ("End later", lambda: do.nudge(NUDGE_MS, is_begin=False), ("Alt+Shift+Up",), ""),
        "hear-again": ("Hear the selection again…", view.by_model.hear_again, ("Ctrl+Shift+R",), ""),
        "afterwork": ("Work on it with a model…", view.by_model.work_on_it, ("Ctrl+Shift+M",), ""),
        "shift": ("Shift times…", view.asking.shift, ("Ctrl+T",), ""),
        "revert": ("Revert to the original", view.revert, (), ""),
    }


def _views(view: EditorView) -> dict[str, Entry]:
    wave = view.waveform
    return {
        "leave": ("Back to the recordings", view.leave, (), "left"),
        "find": ("Find", lambda: view.open_find(replace=False), ("Ctrl+F",), "search"),
        "replace": ("Find and replace", lambda: view.open_find(replace=True), ("Ctrl+H",), ""),
        "read": ("Read as text", view.faces.toggle_reading, ("Ctrl+Shift+T",), "reading"),
        "original": ("Show the original beside", view.faces.toggle_original, ("Alt+O",), "restore"),
        "keys": ("Keys of the editor", lambda: view.asking.keys(view.actions_by_name), ("Ctrl+/",), ""),
        "zoom-in": ("Zoom in", lambda: wave.zoom(1.5), ("Alt++", "Alt+="), "plus"),
        "zoom-out": ("Zoom out", lambda: wave.zoom(1 / 1.5), ("Alt+-",), "minus"),
        "zoom-segment": ("Zoom to the segment", view.together.zoom_segment, ("Alt+Z",), "zoom-segment"),
        "zoom-all": ("Show all of the recording", wave.zoom_all, ("Alt+0",), "fit"),
    }
