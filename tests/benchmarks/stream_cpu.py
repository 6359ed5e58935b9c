"""What one reply at 100 tokens a second costs with the whole window shown: python -m tests.benchmarks.stream_cpu

Processor time of the window's process alone; the scripted model answers from a server in a process of its own. Beside
it, in the same run and on the same loop: the same stream read and thrown away, and appended to a plain text widget.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

GOAL_SHARE = 0.08
MODEL, ASK = "local-echo@100", "sample: long"
FRAME_MS = 33
FIRST_WORDS_S = 60
SIZE = (1280, 800)


async def bare(services, take: Callable[[str], object]) -> None:
    """The stream as the services read it, each piece given to `take`."""
    from desktop.api import chat

    client = await services.connections.client(services.profiles.chosen)
    request = chat.ChatRequest(model=MODEL, messages=[{"role": "user", "content": ASK}])
    async with aclosing(chat.stream(client, request)) as reply:
        async for piece in reply:
            if piece.choices and piece.choices[0].delta.content:
                take(piece.choices[0].delta.content)


@contextlib.asynccontextmanager
async def reading(services, take: Callable[[str], object]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(bare(services, take))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def share(seconds: float) -> float:
    """Share of a core that this process takes."""
    used, clock = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    return (time.process_time() - used) / (time.perf_counter() - clock)


async def thrown_away(services, seconds: float) -> float:
    async with reading(services, len):
        await asyncio.sleep(1)
        return await share(seconds)


async def plainly_appended(services, seconds: float) -> float:
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QTextCursor
    from PySide6.QtWidgets import QPlainTextEdit

    view = QPlainTextEdit()
    view.setReadOnly(True)
    view.setUndoRedoEnabled(False)
    view.resize(*SIZE)
    view.show()
    waiting: list[str] = []

    def draw() -> None:
        if waiting:
            cursor = QTextCursor(view.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText("".join(waiting))
            waiting.clear()
            view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())

    frame = QTimer(view, interval=FRAME_MS)
    frame.timeout.connect(draw)
    frame.start()
    async with reading(services, waiting.append):
        await asyncio.sleep(1)
        spent = await share(seconds)
    view.hide()
    view.deleteLater()
    return spent


@contextlib.asynccontextmanager
async def answering(page, after_s: float) -> AsyncIterator[None]:
    page.new_conversation()
    page.models.use(MODEL)
    page.composer.set_text(ASK)
    page.send()
    async with asyncio.timeout(FIRST_WORDS_S):
        while not any(message.text for message in page.live.among(page.messages)):
            await asyncio.sleep(0.05)
    await asyncio.sleep(after_s)
    try:
        yield
    finally:
        page.stop()
        await page.tasks.settled()


async def in_the_window(page, seconds: float) -> float:
    async with answering(page, 2):
        return await share(seconds)


async def painted(window, page, seconds: float) -> list[str]:
    """Which widgets were painted while the reply grew, and how often a second."""
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication, QWidget

    seen: Counter[str] = Counter()

    class Eye(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() is QEvent.Type.Paint and isinstance(watched, QWidget):
                parent = watched.parent()
                owner = parent.objectName() if parent is not None else ""
                seen[f"{watched.objectName() or type(watched).__name__} in {owner or type(parent).__name__}"] += 1
            return False

    eye = Eye()
    async with answering(page, 2):
        QApplication.instance().installEventFilter(eye)
        await asyncio.sleep(seconds)
        QApplication.instance().removeEventFilter(eye)
    return [f"{name} {count / seconds:.1f}/s" for name, count in seen.most_common()]


async def measured(seconds: float, profile: str) -> tuple[dict[str, float], list[str]]:
    from desktop import app
    from desktop.core.options import Options
    from desktop.ui.garbage import Garbage

    garbage = Garbage()
    with tempfile.TemporaryDirectory() as folder:
        running = app.build(Options(Path(folder)))
        window = running.window
        window.resize(*SIZE)
        window.show()
        services = await running.opened()
        await services.warm_up()
        page = window.pages["chat"]
        await page.tasks.settled()
        async with answering(page, 2):  # fonts, lexers and the server are there
            pass
        if profile:
            import cProfile

            async with answering(page, 2):
                with cProfile.Profile(time.thread_time) as taken:
                    await asyncio.sleep(seconds)
            taken.dump_stats(profile)
        spent = {}
        if not profile:
            spent["the window"] = await in_the_window(page, seconds)
        paints = await painted(window, page, 3)
        if not profile:
            window.hide()
            spent["read and thrown away"] = await thrown_away(services, seconds)
            spent["read and appended plainly"] = await plainly_appended(services, seconds)
        await running.aclose()
    garbage.close()
    return spent, paints


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--profile", default="", help="write cProfile's statistics to this file instead")
    chosen = options.parse_args()
    import qasync

    from desktop import app

    application = app.application()
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(application)) as runner:
        spent, paints = runner.run(measured(chosen.seconds, chosen.profile))
    print(f"painted while it grew: {', '.join(paints)}")
    if chosen.profile:
        return 0
    print("| what | share of a core | ÷ plain append |\n|---|---|---|")
    floor = spent["read and appended plainly"]
    for what, used in spent.items():
        print(f"| {what} | {used:.1%} | {used / floor:.2f} |")
    good = spent["the window"] <= GOAL_SHARE
    print(f"goal: {GOAL_SHARE:.0%} of a core: " + ("met" if good else "MISSED"))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
