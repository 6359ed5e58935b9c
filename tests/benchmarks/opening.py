"""What opening a long conversation costs beside opening a short one: python -m tests.benchmarks.opening

200, 2,000 and 10,000 messages of 500 characters of Markdown, read from the archive, until the first picture is drawn.
"""

from __future__ import annotations

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
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from desktop.core.conversation import Conversation, Message, Role, Text, path_to
from desktop.core.ids import new_id
from desktop.store import conversations
from desktop.store.database import Database
from desktop.ui import theme
from desktop.ui.widgets import highlight, markdown
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_model import TranscriptModel

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
    outline = database.read_now(lambda conn: conversations.outline(conn, conversation))
    path = path_to(outline.head, outline.parents)
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
        good = ratio <= GOALS["ratio"] and grown[SIZES[-1]] <= GOALS["memory"] + text and pages[-1] <= GOALS["page"]
        print(f"goals: 10,000 at most 1.3 x 200, 10 MB besides the text, 33 ms a page: {'met' if good else 'MISSED'}")
        view.close()
        database.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
