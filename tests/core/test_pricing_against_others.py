"""Our prices against genai-prices, a table that others keep: thousands of usages, and every difference by name.

A usage is made for each model of ours, each tier that it has a price for, and each kind of unit; the same ones in every
run. A difference that is not listed fails, and so does a listed one that is no more.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import msgspec
import pytest
from pricing_differences import DIFFERENT, NOT_BY_UNITS, UNKNOWN_TO_THEM, WITHOUT_A_PRICE

from desktop import paths
from desktop.core import pricing
from desktop.core.catalog import Card, Catalog, Rates
from desktop.core.usage import Usage

SHIPPED = msgspec.json.decode(paths.resource("models.json").read_bytes(), type=Catalog)
CONTEXTS = {
    "standard": None,
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
EACH = 15
LONG = 272_000
A_DAY = datetime(SHIPPED.as_of.year, SHIPPED.as_of.month, SHIPPED.as_of.day, tzinfo=UTC)

Chance = random.Random
Maker = Callable[[Chance], Usage]


def text(chance: Chance) -> Usage:
    return Usage(input=chance.randrange(1, LONG + 1), output=chance.randrange(100_000))


def cached(chance: Chance) -> Usage:
    given = chance.randrange(2, LONG + 1)
    return Usage(input=given, cached=chance.randrange(1, given + 1), output=chance.randrange(100_000))


def written(chance: Chance) -> Usage:
    given = chance.randrange(3, LONG + 1)
    read = chance.randrange(given - 1)
    return Usage(
        input=given, cached=read, cache_write=chance.randrange(1, given - read + 1), output=chance.randrange(9)
    )


def only_written(chance: Chance) -> Usage:
    given = chance.randrange(1, LONG + 1)
    return Usage(input=given, cache_write=chance.randrange(1, given + 1), output=chance.randrange(9))


def long(chance: Chance) -> Usage:
    return Usage(input=chance.randrange(LONG + 1, 900_000), output=chance.randrange(100_000))


def long_cached(chance: Chance) -> Usage:
    given = chance.randrange(LONG + 1, 900_000)
    return Usage(input=given, cached=chance.randrange(1, given + 1), output=chance.randrange(100_000))


def reasoning(chance: Chance) -> Usage:
    made = chance.randrange(1, 100_000)
    return Usage(input=chance.randrange(1, LONG), output=made, reasoning=chance.randrange(made))


def audio_in(chance: Chance) -> Usage:
    given = chance.randrange(1, 100_000)
    return Usage(input=given, audio_input=chance.randrange(1, given + 1), output=chance.randrange(1000))


def audio_out(chance: Chance) -> Usage:
    made = chance.randrange(1, 100_000)
    return Usage(input=chance.randrange(1, 1000), output=made, audio_output=chance.randrange(1, made + 1))


def audio_cached(chance: Chance) -> Usage:
    given = chance.randrange(2, 100_000)
    heard = chance.randrange(1, given + 1)
    read = chance.randrange(1, heard + 1)
    return Usage(input=given, audio_input=heard, cached=read, cached_audio=read, output=chance.randrange(1000))


def image_in(chance: Chance) -> Usage:
    given = chance.randrange(1, 100_000)
    return Usage(input=given, image_input=chance.randrange(1, given + 1))


def image_out(chance: Chance) -> Usage:
    made = chance.randrange(1, 100_000)
    return Usage(input=chance.randrange(1, 1000), output=made, image_output=made)


def image_cached(chance: Chance) -> Usage:
    given = chance.randrange(2, 100_000)
    seen = chance.randrange(1, given + 1)
    read = chance.randrange(1, seen + 1)
    return Usage(input=given, image_input=seen, cached=read, cached_image=read)


def embedded(chance: Chance) -> Usage:
    return Usage(input=chance.randrange(1, 300_000))


def spoken(chance: Chance) -> Usage:
    return Usage(characters=chance.randrange(1, 100_000))


def heard(chance: Chance) -> Usage:
    return Usage(seconds=float(chance.randrange(1, 36_000)))


def searched(chance: Chance) -> Usage:
    return Usage(
        input=chance.randrange(1, 10_000), output=chance.randrange(10_000), web_searches=chance.randrange(1, 30)
    )


def makers(card: Card, tier: str) -> dict[str, Maker]:
    """The kinds of usage that a model has, by what its card says can be charged."""
    prices, rates = card.prices, card.prices.tokens.get(tier, Rates())
    long_rates = prices.long_tokens.get(tier, Rates())
    makes_pictures = rates.image_output is not None
    if card.kind == "embedding":
        return {"embedded": embedded}
    wanted: dict[str, tuple[object, Maker]] = {
        "text": (None if makes_pictures and rates.output is None else rates.output, text),
        "reasoning": (rates.output if card.efforts else None, reasoning),
        "cached": (rates.cached_input if rates.output is not None else None, cached),
        "written": (rates.cache_write, written if rates.cached_input is not None else only_written),
        "long": (long_rates.output, long),
        "long cached": (long_rates.cached_input, long_cached),
        "audio in": (rates.audio_input if rates.output is not None else None, audio_in),
        "audio out": (rates.audio_output, audio_out),
        "audio cached": (rates.cached_audio_input, audio_cached),
        "image in": (rates.image_input, image_in),
        "image out": (rates.image_output, image_out),
        "image cached": (rates.cached_image_input, image_cached),
    }
    if tier == "standard":
        wanted["characters"] = (prices.per_million_characters, spoken)
        wanted["seconds"] = (prices.per_minute, heard)
        wanted["web searches"] = (prices.per_thousand_web_searches, searched)
    return {kind: maker for kind, (rate, maker) in wanted.items() if rate is not None}


def theirs(usage: Usage, model: str, tier: str) -> Decimal:
    """What the other table says. Raises LookupError where it does not know the model."""
    said = {
        "input_tokens": usage.input,
        "cache_read_tokens": usage.cached,
        "cache_write_tokens": usage.cache_write,
        "output_tokens": usage.output,
        "input_audio_tokens": usage.audio_input,
        "output_audio_tokens": usage.audio_output,
        "cache_audio_read_tokens": usage.cached_audio,
        "input_image_tokens": usage.image_input,
        "output_image_tokens": usage.image_output,
        "cache_image_read_tokens": usage.cached_image,
        "input_characters": usage.characters,
        "audio_seconds": usage.seconds,
        "web_searches": usage.web_searches,
    }
    found = genai_prices.calc_price(
        genai_prices.Usage(**{name: count for name, count in said.items() if count}),
        model,
        provider_id="openai",
        genai_request_timestamp=A_DAY,
        price_context=CONTEXTS[tier],
    )
    return found.total_price


class Compared:
    """All usages, priced by both."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.different: set[tuple[str, str, str]] = set()
        self.unknown: set[str] = set()
        self.models: set[str] = set()
        for card in SHIPPED.cards.values():
            for tier in CONTEXTS:
                if not card.server and (tier == "standard" or tier in card.prices.tokens):
                    self._compare(card, tier)

    def _compare(self, card: Card, tier: str) -> None:
        for kind, maker in makers(card, tier).items():
            chance = random.Random(f"{card.id} {tier} {kind}")
            for _ in range(EACH):
                usage = maker(chance)
                ours = pricing.cost(usage, card, tier)
                assert isinstance(ours, pricing.Cost), (card.id, tier, kind, usage, ours)
                self.models.add(card.id)
                try:
                    other = theirs(usage, card.id, tier)
                except LookupError:
                    self.unknown.add(card.id)
                    continue
                self.counts[tier, kind] += 1
                if abs(ours.dollars - other) >= Decimal("1e-12"):  # of a minute's sixtieth the last digit is rounded
                    self.different.add((card.id, tier, kind))


@pytest.fixture(scope="module")
def compared() -> Compared:
    return Compared()


def test_thousands_of_usages_cost_the_same_in_both_tables(compared):
    assert sum(compared.counts.values()) > 14_000
    assert compared.different - DIFFERENT.keys() == set()


def test_every_known_difference_is_still_one_and_has_its_reason(compared):
    assert DIFFERENT.keys() - compared.different == set()
    assert all(len(reason.split()) > 5 for reason in DIFFERENT.values())


def test_every_tier_and_kind_of_unit_is_among_them(compared):
    assert {tier for tier, _ in compared.counts} == CONTEXTS.keys()
    kinds = {kind for _, kind in compared.counts}
    assert kinds >= {"text", "cached", "written", "long", "long cached", "reasoning", "embedded", "web searches"}
    assert kinds >= {"audio in", "audio out", "audio cached", "image in", "image out", "image cached"}
    assert kinds >= {"characters", "seconds"}
    for tier in CONTEXTS:
        for kind in ("text", "cached", "written", "long", "long cached"):
            assert compared.counts[tier, kind] >= 100, (tier, kind)


def test_every_model_of_the_table_is_compared_or_named(compared):
    ours = {card.id for card in SHIPPED.cards.values() if not card.server}
    assert ours - compared.models == WITHOUT_A_PRICE | NOT_BY_UNITS.keys()
    assert compared.unknown == UNKNOWN_TO_THEM


def test_what_has_no_price_here_has_none_there(compared):
    for model in WITHOUT_A_PRICE:
        with pytest.raises(LookupError):
            theirs(Usage(input=1, output=1), model, "standard")
