"""A million messages: what the index costs, how fast search is, and opening long conversations from the database.

python tests/benchmarks/archive.py [MESSAGES]      prints a table; times are one machine's, ratios are the goal.
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

from desktop.core.conversation import Conversation, Message, Role, Text, path_to
from desktop.store import conversations, search
from desktop.store.database import Database

CHARACTERS = 300
PER_CONVERSATION = 40
CHUNK = 2_000
SEARCHES = 15  # of each kind


def vocabulary(chance: random.Random, size: int = 50_000) -> list[str]:
    letters = "etaoinshrdlcumwfgypbvk"
    words = {"".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(size * 2)}
    return sorted(words)[:: max(1, len(words) // size)]


def texts(count: int, words: list[str], chance: random.Random):
    """Words by Zipf's law, as in real text; one in a hundred messages has some Chinese."""
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
    shuffled = chance.sample(words, len(words))
    for number in range(count):
        line = " ".join(chance.choices(shuffled, cum_weights=weights, k=60))[: CHARACTERS - 10]
        yield line + (" 数据库是好的" if number % 100 == 0 else " plainly so")


def fill(database: Database, count: int, words: list[str], chance: random.Random) -> float:
    """Seconds in the archive alone, not in making texts."""
    spent = 0.0
    source = texts(count, words, chance)
    number = 0
    while number < count:
        batch, chats = [], []
        for _ in range(min(CHUNK, count - number)):
            if number % PER_CONVERSATION == 0:
                chat = f"01CONVERSATION{number:012d}"
                chats.append(Conversation(id=chat, title=f"talk {number}", created=number))
                parent = None
            message = Message(
                id=f"01MESSAGE{number:017d}",
                role=Role.ASSISTANT if parent else Role.USER,
                parts=(Text(next(source)),),
                parent=parent,
                conversation=chat,
                created=number,
                model="gpt-4o-mini",
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


def long_talk(database: Database, count: int) -> str:
    chat = f"01LONG{count}"
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


def main(count: int) -> None:
    chance = random.Random(5)
    words = vocabulary(chance)
    folder = Path(tempfile.mkdtemp(prefix="archive-"))
    database = Database.open(folder)
    filled = fill(database, count, words, random.Random(7))
    database.close()
    bare = size(folder)
    database = Database.open(folder)
    indexed = timed(lambda: database.write_now(search.rebuild)) / 1000
    database.close()
    full = size(folder)
    opened = passing(lambda: Database.open(folder).close())
    database = Database.open(folder)
    print(f"{count} messages of {CHARACTERS} characters")
    print(f"unindexed                   {bare / 1e6:7.0f} MB   {count / filled:9.0f} rows/s")
    print(f"archive                     {full / 1e6:7.0f} MB   {count / (filled + indexed):9.0f} rows/s")
    print(f"size ÷ unindexed            {full / bare:7.2f}      (goal: at most 1.40)")
    print(f"import rate ÷ unindexed     {filled / (filled + indexed):7.2f}      (goal: at least 0.17)")
    print(f"opening, checks included    {opened:7.0f} ms")
    found: list[float] = []
    listed: list[float] = []
    waited: list[float] = []
    limits: list[float] = []
    by_use = random.Random(7).sample(words, len(words))
    for kind, asked in queries(words, random.Random(9), by_use).items():
        some = [timed(lambda q=q: database.read_now(lambda db: search.newest(db, q, limit=50))) for q in asked]
        lists = [
            timed(lambda q=q: database.read_now(lambda db: conversations.listing(db, search=q, limit=50)))
            for q in asked
        ]
        found += some
        waited += [passing(lambda q=q: database.read_now(lambda db: search.newest(db, q, limit=50))) for q in asked]
        listed += lists
        if kind not in ("Chinese", "nothing"):
            limits += [timed(lambda q=q: database.read_now(lambda db: bare(db, q))) for q in asked]
        print(
            f"  {kind:24}  p50 {statistics.median(some):7.2f}  max {max(some):7.2f} ms"
            f"   conversations: p50 {statistics.median(lists):7.2f}  max {max(lists):7.2f} ms"
        )
    print(f"search, newest 50, all      p50 {statistics.median(found):7.2f}  p95 {p95(found):7.2f} ms  (goal: p95 10)")
    print(f"SQLite alone (the limit)    p50 {statistics.median(limits):7.2f}  p95 {p95(limits):7.2f} ms")
    print(f"the same on the wall        p50 {statistics.median(waited):7.2f}  p95 {p95(waited):7.2f} ms")
    print(f"list of conversations, all  p50 {statistics.median(listed):7.2f}  p95 {p95(listed):7.2f} ms")
    first = timed(lambda: database.read_now(lambda db: conversations.listing(db)))
    print(f"first 200 conversations     {first:7.2f} ms")
    times = {}
    for length in (200, 10_000):
        chat = long_talk(database, length)
        times[length] = min(timed(lambda c=chat: database.read_now(lambda db: open_talk(db, c))) for _ in range(7))
        print(f"opening {length:6} messages     {times[length]:7.2f} ms")
    print(f"difference                  {times[10_000] - times[200]:7.2f} ms      (goal: at most 20 in total)")
    database.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
