"""Thirty minutes of synthesised speech dropped on the real window, heard by the local recogniser, read in the editor.

    python tests/benchmarks/transcription_page.py [minutes]

The recording is the one of `bench transcription`, as a WAV file above 25 MB. It is dropped as a real drop event; the
page's own button starts it. Printed: calls and parts, whether times are monotone, cuts in silences, word errors, the
longest time in which the window did nothing else, and how long all of it took.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import qasync
import speech
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication

from desktop import app
from desktop.core.options import Options
from desktop.media import levels
from desktop.store import recordings

TICK_S = 0.02


class Pulse:
    """Ticks on the window's loop; `longest` is the longest time it did not come round, in seconds."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last - TICK_S)
            last = now


async def main(minutes: float) -> int:
    folder = Path(tempfile.mkdtemp(prefix="transcription-page-"))
    running = app.build(Options(folder / "data", "local"))
    running.window.resize(1280, 800)
    running.window.show()
    services = await running.opened()
    try:
        return await measure(running.window, services, folder, minutes)
    finally:
        await running.aclose()
        shutil.rmtree(folder, ignore_errors=True)


async def measure(window, services, folder: Path, minutes: float) -> int:
    said = await speech.spoken(services.local_server)
    path, rate = folder / "interview.wav", 16_000 if minutes > 15 else 48_000
    numbers = speech.recording(path, said, minutes * 60, rate=rate)
    text = " ".join(speech.PARAGRAPHS[number] for number in numbers)
    print(f"recording: {minutes:.0f} min, {path.stat().st_size / 2**20:.1f} MiB", flush=True)
    await services.transcription.start()
    pulse = Pulse()
    await window.tasks.settled()
    beating = asyncio.get_running_loop().create_task(pulse.beat())
    began = time.perf_counter()
    drop(window, path)
    while "transcription" not in window.pages:  # it is built while the file hovers
        await asyncio.sleep(TICK_S)
    page = window.pages["transcription"]
    while not (go := start_button(page)):
        await asyncio.sleep(TICK_S)
    go.click()
    while not services.transcription.jobs():
        await asyncio.sleep(TICK_S)
    parts = watch_parts(services, services.transcription.jobs()[0].id)
    while not over((jobs := services.transcription.jobs())[0]):
        await asyncio.sleep(TICK_S)
    took, job = time.perf_counter() - began, jobs[0]
    opened = await services.transcription.transcript(job.recording)
    await page.open_conversation(job.conversation)
    await page.tasks.settled()
    beating.cancel()
    calls = await services.database.read(
        lambda db: db.execute("SELECT count(*) FROM ledger WHERE page = 'transcription'").fetchone()[0]
    )
    begins = [segment.begins for segment in opened.transcript.segments]
    heard = await asyncio.to_thread(levels.listen, path)
    silent = levels.silences(heard.levels)
    cuts = sorted(parts)[1:]
    inside = sum(any(first <= cut <= last for first, last in silent) for cut in cuts)
    errors = speech.error_rate(text, opened.transcript.text)
    print(f"state: {job.state}, {job.parts_done} of {job.parts} parts, {calls} calls, {took:.0f} s,", end=" ")
    print(f"{minutes * 60 / took:.1f} x real time")
    print(f"times monotone: {begins == sorted(begins)}; cuts in silences: {inside} of {len(cuts)}")
    print(f"word errors: {errors:.2%}; longest pause of the window: {pulse.longest * 1000:.0f} ms")
    is_good = str(job.state) == "done" and calls == job.parts and begins == sorted(begins) and inside == len(cuts)
    return 0 if is_good else 1


def watch_parts(services, job: str) -> list[int]:
    """Where the parts begin; they are forgotten when the transcript is whole."""
    found: list[int] = []

    def heard(_) -> None:
        rows = services.database.read_now(lambda db: recordings.parts(db, job))
        found[:] = [row.begins for row in rows] or found

    services.transcription.listen_partial(job, heard)
    return found


def drop(window, path: Path) -> None:
    """As a file manager does it, on the middle of the window."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at = QPointF(window.width() / 2, window.height() / 2)
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    handle = window.windowHandle()
    QApplication.sendEvent(handle, QDragEnterEvent(at.toPoint(), *how))
    QApplication.sendEvent(handle, QDragMoveEvent(at.toPoint(), *how))
    QApplication.sendEvent(handle, QDropEvent(at, *how))


def start_button(page) -> QAbstractButton | None:
    buttons = page.findChildren(QAbstractButton)
    return next((b for b in buttons if b.isVisible() and b.isEnabled() and b.text().startswith("Transcribe")), None)


def over(job) -> bool:
    return str(job.state) in ("done", "failed", "cancelled")


if __name__ == "__main__":
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 31.0
    loop_factory = lambda: qasync.QEventLoop(app.application())  # noqa: E731
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        sys.exit(runner.run(main(minutes)))
