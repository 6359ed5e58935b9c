"""What opening a long conversation costs beside opening a short one: python -m tests.benchmarks.opening

200, 2,000 and 10,000 messages of 500 characters of Markdown, read from the archive, until the first picture is drawn:
as the chat does it, from the end, and as the reading view does it, from the beginning or at a message in the middle.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
import qasync
from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.core.ids import new_id
from desktop.services.bundle import Options
from desktop.store import conversations, tree
from desktop.store.database import Database
from desktop.ui import theme
from desktop.ui.library.reading.view import ReadingView
from desktop.ui.widgets import highlight, markdown
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_model import TranscriptModel
from desktop.wiring import open_services

SIZES = (200, 2_000, 10_000)
GOALS = {"ratio": 1.3, "memory": 10.0, "page": 33.0}
ROUNDS = 5

TEXT = (
    "Reading **line by line** keeps memory flat; each `line` is read when asked for.\n\n- one point\n"
    "- another **point**\n- a third with `code`\n\n"
    "See [the manual](https://docs.example.org/io) for the details of buffering, which is "
    "done for you.\n\n```python\nwith open(path) as file:\n    for line in file:\n        print(line)\n```\n\nThe rest "
    "is prose that goes on for a while, so that the message has its five hundred characters, as measured before, and "
    "no more than that, give or take some."
)


def fill(database: Database, count: int) -> str:
    conversation, parent, made = new_id(), None, []
    for number in range(count):
        role = Role.ASSISTANT if number % 2 else Role.USER
        text = TEXT[:500] if number % 2 else f"{number}: {TEXT[:490]}"
        message = Message(id=new_id(), role=role, parts=(Text(text),), parent=parent, conversation=conversation)
        made.append(message)
        parent = message.id

    def write(conn: object) -> None:
        conversations.create(conn, Conversation(id=conversation, title=str(count)))
        conversations.add_messages(conn, made)
        conversations.update(conn, conversation, head=parent)

    database.write_now(write)
    return conversation


def opened(database: Database, conversation: str, view: TranscriptView, model: TranscriptModel) -> tuple[float, float]:
    """Seconds from click to picture (outline, path, newest messages, layout, painting), and of it the view's."""
    gc.collect()
    began = time.perf_counter()
    path = database.read_now(lambda conn: tree.outline(conn, conversation)).path()
    newest = database.read_now(lambda conn: conversations.messages(conn, path[-24:]))
    shown = time.perf_counter()
    model.reset(path, newest)
    view.scroll_to_end()
    picture = QPixmap(view.size())
    view.render(picture)
    return time.perf_counter() - began, time.perf_counter() - shown


def scrolled(view: TranscriptView, pages: int) -> list[float]:
    """Processor milliseconds of each page upwards, its messages read from the archive."""
    spent = []
    bar = view.verticalScrollBar()
    for _ in range(pages):
        began = time.thread_time()
        bar.setValue(bar.value() - view.viewport().height())
        view.viewport().repaint()
        spent.append((time.thread_time() - began) * 1e3)
        for _ in range(60):
            QApplication.processEvents()
    return spent


class FirstPaint(QObject):
    """Processor and clock time of the first paint of a view that shows a certain conversation."""

    def __init__(self, view: ReadingView) -> None:
        super().__init__(view)
        self._view = view
        self.wanted, self.at = "", asyncio.Event()
        self.cpu = self.clock = 0.0
        view.transcript.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_there = self._view.identity == self.wanted and self._view.messages.rowCount() > 0
        if event.type() is QEvent.Type.Paint and is_there and not self.at.is_set():
            self.cpu, self.clock = time.process_time(), time.perf_counter()
            self.at.set()
        return False


async def read_from_the_beginning(folder: Path) -> dict[tuple[str, int], tuple[float, float]]:
    """Median (processor, clock) milliseconds until the reading view draws a conversation, by place and size."""
    services = await open_services(Options(folder))
    kept = {count: await asyncio.to_thread(fill, services.database, count) for count in SIZES}
    view = ReadingView(lambda error: sys.exit(repr(error)))
    view.resize(900, 700)
    view.setVisible(True)
    view.attach(services)
    await view.tasks.settled()
    paint = FirstPaint(view)
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    middle: dict[int, str] = {}
    for _ in range(2 * ROUNDS):
        for count, conversation in kept.items():
            for place in ("the beginning", "the middle") if middle.get(count) else ("the beginning",):
                view.clear()
                await asyncio.sleep(0.05)
                gc.collect()
                paint.wanted = conversation
                paint.at.clear()
                cpu, clock = time.process_time(), time.perf_counter()
                shown = asyncio.create_task(view.show(conversation, middle[count] if "middle" in place else None))
                await paint.at.wait()
                found.setdefault((place, count), []).append(((paint.cpu - cpu) * 1e3, (paint.clock - clock) * 1e3))
                await shown
                middle[count] = view.open.path[count // 2]
    await view.tasks.aclose()
    await services.aclose()
    return {key: tuple(statistics.median(each) for each in zip(*some, strict=True)) for key, some in found.items()}


def tell_reading(found: dict[tuple[str, int], tuple[float, float]]) -> float:
    """The ratio of processor time from the beginning."""
    print("| the reading view, from | messages | processor ms | ÷ 200 | clock ms | ÷ 200 |\n|---|---|---|---|---|---|")
    for (place, count), (cpu, clock) in sorted(found.items()):
        least = found[place, SIZES[0]]
        print(f"| {place} | {count:,} | {cpu:.0f} | {cpu / least[0]:.2f} | {clock:.0f} | {clock / least[1]:.2f} |")
    return found["the beginning", SIZES[-1]][0] / found["the beginning", SIZES[0]][0]


def main() -> int:
    application = QApplication(sys.argv[:1])
    theme.install(application)
    markdown.preload()
    highlight.preload()
    times: dict[int, float] = {}
    views: dict[int, float] = {}
    grown: dict[int, float] = {}
    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(Path(folder) / "data")
        kept = {count: fill(database, count) for count in SIZES}
        model = TranscriptModel()
        view = TranscriptView(theme.current())
        view.resize(800, 600)
        view.set_model(model)
        view.show()

        def load(rows: list[int]) -> None:
            ids = [model.id(row) for row in rows]
            model.put(database.read_now(lambda conn: conversations.messages(conn, ids)))

        view.needed.connect(load)
        for count in (SIZES[0], *SIZES):  # the first round warms fonts, lexers and the file
            before = process.memory_info().rss
            rounds = [opened(database, kept[count], view, model) for _ in range(ROUNDS)]
            times[count], views[count] = (statistics.median(each) for each in zip(*rounds, strict=True))
            grown[count] = (process.memory_info().rss - before) / 1e6
        print("| messages | open ms | ÷ 200 | of it the view | ÷ 200 | memory added MB |\n|---|---|---|---|---|---|")
        for count in SIZES:
            ratio = times[count] / times[SIZES[0]]
            own = views[count] / views[SIZES[0]]
            print(f"| {count:,} | {times[count] * 1e3:.0f} | {ratio:.2f} | {views[count] * 1e3:.0f} ", end="")
            print(f"| {own:.2f} | {grown[count]:.1f} |")
        pages = sorted(scrolled(view, 40))
        print(f"a page of scrolling: median {statistics.median(pages):.0f} ms, worst {pages[-1]:.0f} ms")
        ratio = times[SIZES[-1]] / times[SIZES[0]]
        text = SIZES[-1] * 500 / 1e6
        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(application)) as runner:
            reading = tell_reading(runner.run(read_from_the_beginning(Path(folder) / "reading")))
        good = (
            max(ratio, reading) <= GOALS["ratio"]
            and grown[SIZES[-1]] <= GOALS["memory"] + text
            and pages[-1] <= GOALS["page"]
        )
        print(f"goals: 10,000 at most 1.3 x 200, 10 MB besides the text, 33 ms a page: {'met' if good else 'MISSED'}")
        view.close()
        database.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
