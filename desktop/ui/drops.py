"""Files dropped anywhere on the window go to the page of their kind, whatever widget is under the pointer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QWindow
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from desktop.ui.main_window import MainWindow

SUBTITLES = frozenset({"srt", "vtt", "ass", "ssa", "ttml"})
_ENDINGS = (
    "3g2 3ga 3gp aac ac3 aif aiff alac amr ape asf au avi caf dts dv eac3 f4a f4v flac flv gsm m2ts m4a m4b m4r m4v"
    " mka mkv mov mp2 mp3 mp4 mpc mpeg mpg mpga mts mxf oga ogg ogv opus qt ra ram rm rmvb spx tta voc vob w64 wav"
    " webm wma wmv wv"
)
RECORDINGS = frozenset(_ENDINGS.split())
"""Endings by which a recording is known before anybody looked into it; from a folder the service takes these
and .ts, which as a file by itself is more often a program."""

NAMED = 3  # files that are named in a sentence
PAGE, MODULE = "transcription", "desktop.ui.transcription.page"

_KINDS = frozenset({QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.DragLeave, QEvent.Type.Drop})


def is_recording(path: str) -> bool:
    """By its name; also subtitles, which are opened with their recording."""
    return PurePath(path).suffix.lower().lstrip(".") in RECORDINGS | SUBTITLES


def pattern() -> str:
    """Of a dialog that asks for recordings."""
    endings = " ".join(f"*.{ending}" for ending in sorted(RECORDINGS))
    return f"Recordings and videos ({endings});;All files (*)"


def local_paths(mime: QMimeData) -> list[str]:
    """The files and folders of this computer that are being dragged or pasted."""
    return [path for url in mime.urls() if url.isLocalFile() and (path := url.toLocalFile())]


def folders_of(paths: Iterable[str]) -> set[str]:
    """Those that are folders. Blocking."""
    return {path for path in paths if Path(path).is_dir()}


class Drops(QObject):
    """The filter of the native window, through which every drag comes: files from elsewhere never reach a text field.

    While recordings hover, their page is in front with its place lit; when they leave, the page of before comes back.
    A filter of the application would see the same drags, but cost each event of each widget a call into Python.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._paths: list[str] = []
        self._before = ""
        window.painted.connect(self._begin)  # there is a native window by then

    def _begin(self) -> None:
        self._window.installEventFilter(self)  # hears when the native window is made anew
        self._window.stack.currentChanged.connect(lambda _: self._came())
        self._watch()

    def _watch(self) -> None:
        if (handle := self._window.windowHandle()) is not None:
            handle.installEventFilter(self)  # once, however often it is asked for

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind is QEvent.Type.WinIdChange:
            self._watch()
        if kind not in _KINDS or not self._is_ours(watched):
            return False
        if kind is QEvent.Type.DragLeave:
            return self._left()
        assert isinstance(event, QDragEnterEvent | QDragMoveEvent | QDropEvent)
        # A program that ends with its drag takes the list of files with it: what was told on entering holds.
        paths = local_paths(event.mimeData()) or (self._paths if kind is QEvent.Type.Drop else [])
        if event.source() is not None or not paths:
            return False  # a row of one of our own lists, or text
        event.setDropAction(Qt.DropAction.CopyAction)  # a file is never moved away from where it is
        event.accept()
        if kind is QEvent.Type.Drop:
            self._dropped(paths)
        elif paths != self._paths:
            self._entered(paths)
        return True

    def _is_ours(self, watched: QObject) -> bool:
        """The native window, while no dialog is over it."""
        return isinstance(watched, QWindow) and QApplication.activeModalWidget() is None

    def _entered(self, paths: list[str]) -> None:
        self._paths = paths
        if any(is_recording(path) for path in paths):
            self._light()
        else:
            self._window.tasks.start(self._light_for_folders(paths), name="drop:look")

    async def _light_for_folders(self, paths: list[str]) -> None:
        import asyncio  # nothing is dragged before the first paint

        if await asyncio.to_thread(folders_of, paths) and paths == self._paths:
            self._light()

    def _light(self) -> None:
        if self._window.current == PAGE:
            self._page.set_lit(True)
            return
        self._before = self._window.current
        self._window.go_to(PAGE)  # where it is not built yet, while files hover; it is lit as soon as it comes

    def _came(self) -> None:
        if self._paths and self._window.current == PAGE:
            self._page.set_lit(True)

    def _left(self) -> bool:
        if not self._paths:
            return False
        if before := self._end():
            self._window.show_page(before)
        return True

    def _dropped(self, paths: list[str]) -> None:
        self._end()
        self._window.tasks.start(self._take(paths), name=f"drop:{id(paths)}")

    def _end(self) -> str:
        """Nothing hovers any more; returns the page that was in front before."""
        before, self._before, self._paths = self._before, "", []
        self._window.tasks.cancel("drop:look")
        if PAGE in self._window.pages:
            self._page.set_lit(False)
        return before

    async def _take(self, paths: list[str]) -> None:
        """Each file to the page of its kind."""
        import asyncio
        import importlib

        folders = await asyncio.to_thread(folders_of, paths)
        recordings = [path for path in paths if path in folders or is_recording(path)]
        if others := [path for path in paths if path not in recordings]:
            self._window.open_files(others)
        if others and recordings:
            names = ", ".join(PurePath(path).name for path in others[:NAMED]) + (", …" if len(others) > NAMED else "")
            self._window.notices.say("info", f"Opened on pages of their own, since they are no recordings: {names}")
        if recordings:
            await asyncio.to_thread(importlib.import_module, MODULE)
            self._window.show_page(PAGE)
            self._page.open_files(recordings)

    @property
    def _page(self) -> Any:
        return self._window.page(PAGE)
