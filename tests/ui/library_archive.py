"""An archive as people have it: many short conversations about everything, in folders and with tags."""

from __future__ import annotations

import random
import sqlite3
from datetime import datetime, timedelta

from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.core.usage import Usage
from desktop.store import conversations, library
from desktop.store.database import Database

NOW = datetime.now()
DAY = timedelta(days=1)
MODELS = ("gpt-5.2", "gpt-5-mini", "o3", "gpt-4.1", "local: tiny demo model")
FOLDERS = (("F-WORK", "Work", ""), ("F-REPORTS", "Reports", "F-WORK"), ("F-QUARTER", "Quarterly", "F-REPORTS"))
FOLDERS += (("F-GARDEN", "Garden & balcony", ""), ("F-READING", "読書ノート", ""))
TAGS = ("idea", "to do", "recipe", "python", "long read", "家族")
TOPICS = (
    ("Sourdough that does not collapse", "The crumb is dense when the starter is young; feed it twice a day."),
    ("Rewrite the report for the board", "Cut the second page: the revenue table says all of it already."),
    (
        "Why the import loop is slow",
        "The query runs once a row. Collect the ids and ask once:\n```python\nrows = ask(ids)\n```",
    ),
    ("Names for a bookshop by the harbour", "The heron stands for patience; a shop could be called so."),
    ("Balcony tomatoes in a cold spring", "Wait until the nights stay over ten degrees, then harden them off."),
    ("Explain photosynthesis to a ten-year-old", "A leaf is a kitchen that cooks with light, water and air."),
    ("Übersetzung: Mietvertrag, Absatz 4", "Die Kündigungsfrist beträgt drei Monate zum Quartalsende."),
    ("東京の三日間の旅行計画", "一日目は浅草寺と隅田川、二日目は上野の博物館を歩きます。"),
    ("Lettre de motivation pour la bibliothèque", "Je range, je classe et je conseille depuis dix ans."),
    ("Compare two heat pumps", "At minus ten degrees the first one needs a third less current."),
    ("A regular expression for dates, and what it misses about leap years and old calendars", "It takes 2023-02-30."),
    ("서울 날씨와 옷차림", "아침에는 쌀쌀하니 겉옷을 챙기세요."),
)


def fill(database: Database, count: int, *, seed: int = 7) -> list[str]:
    """`count` conversations of two to six messages, the newest first in the list returned."""
    chance = random.Random(seed)
    database.write_now(_folders) if count > 3 else None
    ids = [f"01LIB{number:08d}" for number in range(count)]
    for start in range(0, count, 250):
        some = range(start, min(start + 250, count))
        database.write_now(lambda db, some=some: [_talk(db, ids[n], n, chance, is_plain=count <= 3) for n in some])
    return ids


def _folders(db: sqlite3.Connection) -> None:
    for identity, name, parent in FOLDERS:
        library.make_folder(db, identity, name, parent)


def _talk(db: sqlite3.Connection, identity: str, number: int, chance: random.Random, *, is_plain: bool) -> None:
    title, said = TOPICS[number % len(TOPICS)]
    when = round((NOW - number * DAY / 6 - timedelta(minutes=12)).timestamp() * 1_000_000)
    model = chance.choice(MODELS)
    made = Conversation(
        identity,
        title if number < len(TOPICS) else f"{title} ({number})",
        created=when,
        updated=when,
        model=model,
        is_pinned=not is_plain and number in (4, 9),
        folder="" if is_plain or chance.random() < 0.5 else chance.choice(FOLDERS)[0],
        tags=() if is_plain or chance.random() < 0.5 else tuple(sorted(chance.sample(TAGS, chance.randint(1, 4)))),
        archived=when if not is_plain and number % 11 == 10 else 0,
        trashed=when if not is_plain and number % 17 == 16 else 0,
    )
    conversations.create(db, made)
    for message in _turns(made, title, said, chance):
        conversations.add_message(db, message)


def _turns(made: Conversation, title: str, said: str, chance: random.Random) -> list[Message]:
    asked = Message(
        f"{made.id}-0", Role.USER, (Text(f"{title}?"),), conversation=made.id, created=made.created, model=made.model
    )
    told = " ".join([said, *(chance.choice(TOPICS)[1] for _ in range(chance.randint(0, 4)))])
    answer = Message(
        f"{made.id}-1",
        Role.ASSISTANT,
        (Text(told),),
        parent=asked.id,
        conversation=made.id,
        created=made.created,
        model=made.model,
        usage=Usage(input=120, output=400),
        cost_pico=0 if made.model.startswith("local") else chance.randint(10**8, 4 * 10**10),
        is_free=made.model.startswith("local"),
    )
    return [asked, answer]
