"""A million messages: what the index costs, how fast search is, alone and with filters, and how fast lists open.

python tests/benchmarks/archive.py [MESSAGES [FOLDER]]
    prints a table; times are one machine's, ratios are the goal. 1,000,000 is the size that counts, 20,000 is enough
    to see that it runs. With FOLDER the archive is made there once and kept, and later runs only measure.
Times are of the processor unless they say otherwise.

"Unindexed" is the same archive, filled by the same code, without its full-text indexes.
"""

from __future__ import annotations

import itertools
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from desktop.core import search_query
from desktop.core.conversation import Conversation, Message, Role, Text, path_to
from desktop.core.ids import new_id
from desktop.store import conversations, found, library, search
from desktop.store.database import Database

CHARACTERS = 300
PER_CONVERSATION = 40
CHUNK = 2_000
SEARCHES = 15  # of each kind
BEGUN_US = 1_640_995_200_000_000  # 2022
APART_US = 100_000_000  # a message each hundred seconds: a million in three years
CODE = "```python\nprint(1)\n```\n"
FOLDERS = tuple(f"folder{n}" for n in range(20))

FILTERS = {
    "model": "model:seldom",
    "after": "after:{late}",
    "tag": "tag:work",
    "has": "has:code",
    "folder": "folder:folder3",
}
"""One in fifty conversations, the newest tenth, one in twenty, one message in thirty, one conversation in forty."""

ALONE = (
    *FILTERS.values(),
    *("before:{early}", "cost:>0.01", "role:tool", "is:pinned", "-tag:work", "has:image", "tag:once"),
)


def vocabulary(chance: random.Random, size: int = 50_000) -> list[str]:
    letters = "etaoinshrdlcumwfgypbvk"
    words = {"".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(size * 2)}
    return sorted(words)[:: max(1, len(words) // size)]


def texts(count: int, words: list[str], chance: random.Random):
    """Words by Zipf's law, as in real text; one in a hundred messages has some Chinese, one in thirty some code."""
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
    shuffled = chance.sample(words, len(words))
    for number in range(count):
        line = " ".join(chance.choices(shuffled, cum_weights=weights, k=60))[: CHARACTERS - 10]
        if number % 30 == 0:
            line = CODE + line[len(CODE) :]
        yield line + (" 数据库是好的" if number % 100 == 0 else " plainly so")


def talk(number: int, folders: list[str]) -> Conversation:
    """Some pinned, some with a tag, half of them in one of twenty folders."""
    nth = number // PER_CONVERSATION
    tags = ("work",) * (nth % 20 == 7) + ("once",) * (nth == 11)
    return Conversation(
        id=f"01CONVERSATION{number:012d}",
        title=f"talk {number}",
        created=BEGUN_US + number * APART_US,
        model=model(number),
        is_pinned=nth % 500 == 3,
        folder=folders[nth // 2 % len(folders)] if nth % 2 else "",
        tags=tags,
    )


def model(number: int) -> str:
    return "seldom-used" if number // PER_CONVERSATION % 50 == 5 else "usual-mini"


def fill(database: Database, count: int, words: list[str], chance: random.Random) -> float:
    """Seconds in the archive alone, not in making texts."""
    spent = 0.0
    source = texts(count, words, chance)
    number = 0
    folders = [database.write_now(lambda db, n=n: library.make_folder(db, new_id(), n)).id for n in FOLDERS]
    while number < count:
        batch, chats = [], []
        for _ in range(min(CHUNK, count - number)):
            if number % PER_CONVERSATION == 0:
                chat = talk(number, folders)
                chats.append(chat)
                parent = None
            message = Message(
                id=f"01MESSAGE{number:017d}",
                role=Role.ASSISTANT if parent else Role.USER,
                parts=(Text(next(source)),),
                parent=parent,
                conversation=chat.id,
                created=BEGUN_US + number * APART_US,
                model=model(number) if parent else "",
                cost_pico=(number % 7) * 100_000_000 if parent else None,
            )
            batch.append(message)
            parent = message.id
            number += 1

        def write(db, batch=batch, chats=chats):
            for chat in chats:
                conversations.create(db, chat)
            conversations.add_messages(db, batch)

        start = time.process_time()
        database.write_now(write)
        spent += time.process_time() - start
    return spent


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("archive.db*"))


def queries(words: list[str], chance: random.Random, text_words: list[str]) -> dict[str, list[str]]:
    """Rare to common words, phrases, prefixes, as LIMITS asks; the words by how often they are used."""
    common, usual, rare = text_words[:20], text_words[200:1000], text_words[5000:30000]
    return {
        "common word": [f"{w} " for w in chance.sample(common, SEARCHES)],
        "usual word": [f"{w} " for w in chance.sample(usual, SEARCHES)],
        "rare word": [f"{w} " for w in chance.sample(rare, SEARCHES)],
        "two words": [f"{chance.choice(common)} {chance.choice(usual)} " for _ in range(SEARCHES)],
        "phrase": [f'"{chance.choice(common)} {chance.choice(common)}"' for _ in range(SEARCHES)],
        "prefix, 3 letters": [w[:3] for w in chance.sample([w for w in usual if len(w) > 4], SEARCHES)],
        "prefix, 5 letters": [w[:5] for w in chance.sample([w for w in usual if len(w) > 6], SEARCHES)],
        "Chinese": ["数据", "据库是", "好"],
        "nothing": ["qqqqz", "zzzq xxxw"],
    }


def timed(work) -> float:
    """Milliseconds of this process's processors: other programs of a shared machine are not in it."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def passing(work) -> float:
    """Milliseconds on the wall."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def bare(db, text: str) -> None:
    """The limit: the same question to SQLite alone, with its own snippets."""
    query = search.parse(text)
    if query.words:
        db.execute(
            "SELECT rowid, snippet(passage_index, 0, '[', ']', '…', 16) FROM passage_index"
            " WHERE passage_index MATCH ? ORDER BY rowid DESC LIMIT 50",
            (query.words,),
        ).fetchall()


def p95(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]


def said(label: str, times: list[float], goal: str = "") -> None:
    print(f"{label:38} p50 {statistics.median(times):7.2f}  p95 {p95(times):7.2f}  max {max(times):8.2f} ms   {goal}")


def dated(line: str, count: int) -> str:
    """`{late}` is the day from which on the newest tenth was written, `{early}` the day before which the oldest was."""
    late, early = (BEGUN_US + int(count * share) * APART_US for share in (0.9, 0.1))
    days = {name: time.strftime("%Y-%m-%d", time.gmtime(us / 1e6)) for name, us in (("late", late), ("early", early))}
    return line.format(**days)


def library_search(database: Database, line: str) -> None:
    asked = search_query.parse(line)
    database.read_now(lambda db: found.page(db, asked, limit=50))


def measure_searches(database: Database, mix: dict[str, list[str]], count: int) -> None:
    every: list[float] = []
    for kind, asked in mix.items():
        some = [timed(lambda q=q: library_search(database, q)) for q in asked]
        said(f"  {kind}", some)
        every += some
    said("library, 50 newest conversations", every, "(goal: p95 10)")
    asked = [q for some in mix.values() for q in some]
    said("chat page, 50 newest conversations", [timed(lambda q=q: chat_search(database, q)) for q in asked])
    said("the library's on the wall", [passing(lambda q=q: library_search(database, q)) for q in asked])
    latin = [q for kind, some in mix.items() if kind not in ("Chinese", "nothing") for q in some]
    said(
        "SQLite alone, 50 hits (the limit)",
        [timed(lambda q=q: database.read_now(lambda db: bare(db, q))) for q in latin],
    )
    for filter in FILTERS.values():
        line = dated(filter, count)
        said(f"the mix with {line}", [timed(lambda q=f"{line} {q}": library_search(database, q)) for q in asked])
    for filter in ALONE:
        line = dated(filter, count)
        said(f"alone: {line}", [timed(lambda q=line: library_search(database, q)) for _ in range(5)])


def chat_search(database: Database, text: str) -> None:
    database.read_now(lambda db: conversations.listing(db, search=text, limit=50))


def long_talk(database: Database, count: int) -> str:
    chat = f"01LONG{count}"
    if database.read_now(lambda db: db.execute("SELECT 1 FROM conversation WHERE id = ?", (chat,)).fetchone()):
        return chat
    database.write_now(lambda db: conversations.create(db, Conversation(id=chat, created=1)))
    made = [
        Message(
            id=f"01LONG{count:06d}{n:06d}",
            role=Role.USER,
            parts=(Text("word " * 100),),
            parent=f"01LONG{count:06d}{n - 1:06d}" if n else None,
            conversation=chat,
        )
        for n in range(count)
    ]
    database.write_now(lambda db: conversations.add_messages(db, made))
    return chat


def open_talk(db, chat: str) -> None:
    shape = conversations.outline(db, chat)
    conversations.messages(db, path_to(shape.head, shape.parents)[-40:])


def measure_lists(database: Database) -> None:
    listing = [timed(lambda: database.read_now(lambda db: conversations.listing(db))) for _ in range(5)]
    said("chat page, first 200 conversations", listing)
    everything = search_query.parse("")
    said(
        "library, first 200 conversations",
        [timed(lambda: database.read_now(lambda db: found.page(db, everything, limit=200))) for _ in range(5)],
    )
    said("counts of folders, tags and pages", [timed(lambda: database.read_now(library.counts)) for _ in range(5)])
    times = {}
    for length in (200, 10_000):
        chat = long_talk(database, length)
        times[length] = min(timed(lambda c=chat: database.read_now(lambda db: open_talk(db, c))) for _ in range(7))
        print(f"opening {length:6} messages     {times[length]:7.2f} ms")
    print(f"difference                  {times[10_000] - times[200]:7.2f} ms      (goal: at most 20 in total)")


def make(folder: Path, count: int, words: list[str]) -> None:
    """Fill an archive, then index it, and print what the index costs."""
    database = Database.open(folder)
    filled = fill(database, count, words, random.Random(7))
    database.close()
    unindexed = size(folder)
    database = Database.open(folder)
    indexed = timed(lambda: database.write_now(search.rebuild)) / 1000
    database.close()
    full = size(folder)
    print(f"{count} messages of {CHARACTERS} characters")
    print(f"unindexed                   {unindexed / 1e6:7.0f} MB   {count / filled:9.0f} rows/s")
    print(f"archive                     {full / 1e6:7.0f} MB   {count / (filled + indexed):9.0f} rows/s")
    print(f"size ÷ unindexed            {full / unindexed:7.2f}      (goal: at most 1.40)")
    print(f"import rate ÷ unindexed     {filled / (filled + indexed):7.2f}      (goal: at least 0.17)", flush=True)


def main(count: int, kept: Path | None) -> None:
    words = vocabulary(random.Random(5))
    folder = kept or Path(tempfile.mkdtemp(prefix="archive-"))
    if not (folder / "archive.db").exists():
        make(folder, count, words)
    print(f"opening, checks included    {passing(lambda: Database.open(folder).close()):7.0f} ms")
    database = Database.open(folder)
    if database.checking is not None:
        database.checking.result()  # its time is this process's too
    by_use = random.Random(7).sample(words, len(words))
    measure_searches(database, queries(words, random.Random(9), by_use), count)
    measure_lists(database)
    database.close()
    if kept is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
