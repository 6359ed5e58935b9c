"""An archive as somebody might have it after some months: what the tour shows of pages that are dull without one."""

from __future__ import annotations

import random
import sqlite3
from datetime import date

from desktop.core import pricing
from desktop.core.calls import Fate
from desktop.core.catalog import Card, Catalog
from desktop.core.conversation import Conversation, Message, Role, Text, Timing
from desktop.core.ids import new_id
from desktop.core.usage import Usage
from desktop.services.bundle import Services
from desktop.services.prices import price_version
from desktop.store import conversations, ledger, library

COUNT, DAYS = 72, 80
DAY_US = 86_400_000_000
FOLDERS = ("Work", "Garden", "Reading notes")
TAGS = ("idea", "to do", "recipe", "python")

TALKS = (
    (
        "Sourdough that does not collapse",
        "Why does my sourdough collapse in the oven?",
        "Most often the dough has **proved too long**. The starter is best four to six hours after it was fed.\n\n"
        "1. Let the dough rise by half, not to double.\n2. Shape it tight and bake it from the fridge.\n"
        "3. Keep the first twenty minutes under a lid.",
    ),
    (
        "A tidy import of dates",
        "How do I best read dates like 3.4.2021 in Python?",
        "Name the format, so that nothing is guessed:\n\n```python\nfrom datetime import datetime\n\n\n"
        'def read(text: str) -> datetime:\n    return datetime.strptime(text, "%d.%m.%Y")\n```\n\n'
        "A date that is none raises `ValueError`.",
    ),
    (
        "Names for a bookshop by the harbour",
        "Suggest names for a small bookshop by a harbour.",
        "*The Heron and Quill*, *Low Tide Books*, *The Paper Pilot*. The first one keeps best: herons are patient.",
    ),
    (
        "Balcony tomatoes in a cold spring",
        "When can tomatoes go out on a north balcony?",
        "Best wait until the nights stay above ten degrees. Harden the plants off for a week: out by day, in by night.",
    ),
    (
        "Interview questions for the museum",
        "Give me ten questions for a former lighthouse keeper.",
        "1. What did a night begin with?\n2. Which sound told you that the weather turned?\n3. What did you read?\n\n"
        "Leave long pauses; the best answers come after them.",
    ),
    (
        "Übersetzung: Mietvertrag, Absatz 4",
        "Übersetze Absatz 4 in verständliches Deutsch.",
        "Die Kündigungsfrist beträgt drei Monate zum Ende eines Quartals. Wer früher auszieht, zahlt bis dahin weiter.",
    ),
    (
        "東京の三日間の旅行計画",
        "東京で三日間の計画を立ててください。",
        "一日目は浅草寺と隅田川、二日目は上野の博物館、三日目は神保町の古本屋を歩きます。",
    ),
    (
        "Compare two heat pumps",
        "Which of the two heat pumps is best below zero?",
        "| | A | B |\n| --- | ---: | ---: |\n| at 7 °C | 4.6 | 4.4 |\n| at −10 °C | 2.1 | 2.9 |\n\n"
        "B needs a third less current in frost.",
    ),
    (
        "A shorter report for the board",
        "Cut this report to one page.",
        "Drop the second page: the table says all of it. Begin with the decision, then the sum, then the risk.",
    ),
)


async def fill(services: Services) -> None:
    """Write conversations and the calls they came from into an archive; for a data folder that is thrown away."""
    catalog = services.catalogs.current
    cards = _dear_enough(catalog)
    chance = random.Random(4)  # noqa: S311  (the same pictures each time)
    now = round(services.meter.session_begun)

    def write(db: sqlite3.Connection) -> None:
        folders = [(new_id(), name) for name in FOLDERS]
        for identity, name in folders:
            library.make_folder(db, identity, name, "")
        for number in range(COUNT):
            card = cards[chance.randrange(len(cards))] if cards else Card(id="")
            when = now - DAY_US * number * DAYS // COUNT - chance.randrange(DAY_US // 3)
            _talk(db, number, when, card, catalog, chance, folders[number % 4 - 1][0] if number % 4 else "")

    await services.database.write(write)
    services.conversations.changed()


def _dear_enough(catalog: Catalog) -> list[Card]:
    """Models that still run and whose prices a chart can show."""
    today = date.today()
    priced = [card for card in catalog.choices("chat", today) if card.prices.tokens and not card.is_free]
    priced = priced or [
        card for card in catalog.cards.values() if card.kind == "chat" and card.prices.tokens and not card.shutdown
    ]
    return priced[:: max(1, len(priced) // 5)][:5]


def _talk(
    db: sqlite3.Connection, number: int, when: int, card: Card, catalog: Catalog, chance: random.Random, folder: str
) -> None:
    title, question, answer = TALKS[number % len(TALKS)]
    tags = tuple({chance.choice(TAGS) for _ in range(number % 3)})
    usage = Usage(input=chance.randrange(800, 60_000), output=chance.randrange(200, 9_000))
    price = pricing.cost(usage, card)
    cost = pricing.pico(price.dollars) if isinstance(price, pricing.Cost) else None
    call, talk, first = new_id(), new_id(), new_id()
    made = Conversation(talk, title, when, when + 9_000_000, None, model=card.id, folder=folder, tags=tags)
    conversations.create(db, made)
    said = Message(first, Role.USER, (Text(question),), conversation=talk, created=when)
    reply = Message(
        new_id(),
        Role.ASSISTANT,
        (Text(answer),),
        parent=first,
        conversation=talk,
        model=card.id,
        created=when + 1_000_000,
        usage=usage,
        timing=Timing(420, 6_200),
        cost_pico=cost,
        call_id=call,
    )
    for message in (said, reply):
        conversations.add_message(db, message)
    row = ledger.LedgerRow(
        call,
        when,
        model=card.id,
        profile="sample",
        conversation=talk,
        message=reply.id,
        ended=when + 6_200_000,
        fate=Fate.COMPLETE,
        status=200,
        first_token_ms=420,
        total_ms=6_200,
        price_version=price_version(catalog, card.id),
        cost_pico=cost,
        estimate_pico=round(cost * chance.uniform(0.7, 1.2)) if cost else None,
        usage=usage,
    )
    ledger.open_row(db, row)
    ledger.close_row(db, row)
