"""What showing a growing reply costs beside appending the same text plainly: python -m tests.benchmarks.rendering

200 KB of Markdown, 4 characters a token, 5,000 tokens a second, 800 x 600; then 20 KB, and one code block of 50 KB.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QElapsedTimer, QEventLoop, QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QTextEdit

from desktop.core.conversation import Message, Role, State, Text
from desktop.ui import theme
from desktop.ui.widgets import highlight, markdown
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_model import TranscriptModel

RATE = 20_000  # characters a second
FRAME_MS = 33
GOALS = {"ratio": 2.5, "p99": 10.0, "max": 33.0, "growth": 1.5}

PARAGRAPH = (
    "A file that is read **line by line** never needs more than one line of memory, because the `file` object is an "
    "iterator; see [the manual](https://docs.example.org/io) for how *buffering* is done. "
)
CODE = (
    "    def take(self, size: int = 65_536) -> bytes:\n"
    '        """One piece."""\n        return self.file.read(size)  # no more\n\n'
)


def reply(size: int) -> str:
    """Prose, lists, code and tables in about the shares of a real answer."""
    piece = (
        f"## A heading\n\n{PARAGRAPH * 3}\n\n{PARAGRAPH * 2}\n\n"
        f"- first point\n- second **point** with `code`\n- third\n\n"
        f"```python\nclass Reader:\n{CODE * 3}```\n\n{PARAGRAPH * 3}\n\n| way | memory | speed |\n|---|--:|--:|\n"
        f"| iterate | 64 KB | 1.0x |\n| chunks | 64 KB | 1.4x |\n\n1. one\n2. two\n3. three\n\n{PARAGRAPH * 2}\n\n"
    )
    return (piece * (size // len(piece) + 1))[:size]


def run(text: str, add: Callable[[str], None], application: QApplication) -> tuple[float, float, float]:
    """(processor seconds, p99 and longest stall in ms) of feeding a text in real time.

    A stall is processor time between two turns of the loop, so that other programs on this machine do not count.
    """
    gaps: list[float] = []
    worked = time.thread_time()
    clock = QElapsedTimer()
    loop = QEventLoop()
    sent = 0

    def tick() -> None:
        nonlocal sent, worked
        now = clock.nsecsElapsed()
        gaps.append((time.thread_time() - worked) * 1e3)
        due = min(len(text), int(now / 1e9 * RATE) // 4 * 4 + 4)
        while sent < due:
            add(text[sent : sent + 4])
            sent += 4
        worked = time.thread_time()
        if sent >= len(text):
            loop.quit()

    timer = QTimer(interval=2)
    timer.timeout.connect(tick)
    gc.collect()
    clock.start()
    timer.start()
    before = time.process_time()
    loop.exec()
    used = time.process_time() - before
    timer.stop()
    ordered = sorted(gaps[1:])
    return used, ordered[int(len(ordered) * 0.99)], ordered[-1]


def idle(text: str, application: QApplication) -> float:
    """Processor seconds of the feeding alone."""
    kept: list[str] = []
    return run(text, kept.append, application)[0]


def plain(text: str, application: QApplication, kind: type[QPlainTextEdit | QTextEdit]) -> tuple[float, float, float]:
    view = kind()
    view.setReadOnly(True)
    view.setUndoRedoEnabled(False)
    view.resize(800, 600)
    view.show()
    waiting: list[str] = []

    def draw() -> None:
        cursor = QTextCursor(view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText("".join(waiting))
        waiting.clear()
        view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())

    frame = QTimer(view, interval=FRAME_MS)
    frame.timeout.connect(draw)
    frame.start()
    measured = run(text, waiting.append, application)
    view.hide()
    view.deleteLater()
    return measured


def ours(text: str, application: QApplication) -> tuple[float, float, float]:
    model = TranscriptModel()
    view = TranscriptView(theme.current())
    view.resize(800, 600)
    view.set_model(model)
    view.show()
    question = Message(id="1", role=Role.USER, parts=(Text("How?"),))
    model.reset(
        ["1", "2"], [question, Message(id="2", role=Role.ASSISTANT, parts=(), state=State.STREAMING, parent="1")]
    )
    for _ in range(20):
        application.processEvents()
    measured = run(text, lambda token: view.extend("2", token), application)
    view.hide()
    view.deleteLater()
    return measured


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--size", type=int, default=200_000)
    arguments.add_argument("--profile", action="store_true")
    chosen = arguments.parse_args()
    application = QApplication(sys.argv[:1])
    theme.install(application)
    markdown.preload()
    highlight.preload()
    if chosen.profile:
        import cProfile
        import pstats

        with cProfile.Profile() as profile:
            ours(reply(chosen.size), application)
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
        return 0
    long, short, code = reply(chosen.size), reply(20_000), f"```python\n{CODE * (50_000 // len(CODE))}```\n"
    ours(short[:4000], application)  # fonts and lexers are loaded
    print("| what | CPU s | ÷ floor | stall p99 ms | stall max ms |\n|---|---|---|---|---|", flush=True)
    feeding = idle(long, application)
    floors = {}
    for kind in (QTextEdit, QPlainTextEdit):
        used, p99, most = plain(long, application, kind)
        floors[kind] = used
        print(f"| {kind.__name__}, plain append | {used:.2f} | 1.0 | {p99:.1f} | {most:.1f} |", flush=True)
    floor = floors[QTextEdit]
    used, p99, most = ours(long, application)
    ratio = used / floor
    good = ratio <= GOALS["ratio"] and p99 <= GOALS["p99"] and most <= GOALS["max"]
    print(f"| transcript, {len(long) // 1000} KB | {used:.2f} | {ratio:.2f} | {p99:.1f} | {most:.1f} |", flush=True)
    few, p99, most = ours(short, application)
    growth = (used / len(long)) / (few / len(short))
    print(f"| transcript, 20 KB | {few:.2f} | {growth:.2f} a KB of the long one | {p99:.1f} | {most:.1f} |", flush=True)
    used, p99, worst = ours(code, application)
    print(f"| code block, 50 KB | {used:.2f} | - | {p99:.1f} | {worst:.1f} |", flush=True)
    good = good and growth <= GOALS["growth"] and worst <= GOALS["max"]
    print(
        f"feeding alone: {feeding:.2f} s; goals: 2.5 x the floor, p99 10 ms, max 33 ms, 1.5 a KB: "
        + ("met" if good else "MISSED")
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
