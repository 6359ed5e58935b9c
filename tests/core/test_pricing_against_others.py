"""Our prices against genai-prices, a table that others keep: thousands of usages, and every difference by name."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import genai_prices
import msgspec
import pytest

from desktop import paths
from desktop.core import pricing
from desktop.core.catalog import Card, Catalog
from desktop.core.usage import Usage

SHIPPED = msgspec.json.decode(paths.resource("models.json").read_bytes(), type=Catalog)
CONTEXTS = {
    "standard": None,
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
}
KINDS = ("chat", "responses", "completion", "embedding")

DIFFERENT = {
    ("babbage-002", "batch"): "they know no batch price and take the standard one",
    ("davinci-002", "batch"): "the same",
    ("gpt-4o-search-preview", "batch"): "the same",
    ("gpt-4o-search-preview-2025-03-11", "batch"): "the same",
    ("text-embedding-3-large", "batch"): "the same",
    ("text-embedding-3-small", "batch"): "the same",
    ("text-embedding-ada-002-v2", "batch"): "the same",
    ("ft:gpt-4o-2024-08-06", "batch"): "the same",
    ("ft:gpt-4o-mini-2024-07-18", "batch"): "they give no discount for cached input",
    ("gpt-5.5-pro", "batch"): "they know no batch price for a long input",
    ("gpt-5.5-pro-2026-04-23", "batch"): "the same",
    ("gpt-5.6-cyber", "standard"): "they know no price for a long input",
    ("ft:gpt-4o-2024-08-06", "standard"): "they give no discount for cached input",
    ("ft:gpt-4o-2024-11-20", "standard"): "the same",
    ("ft:gpt-4o-mini-2024-07-18", "standard"): "the same",
    ("gpt-4o-search-preview", "standard"): "the same",
    ("gpt-4o-search-preview-2025-03-11", "standard"): "the same",
}
UNKNOWN_TO_THEM = {
    "daybreak-blue-latest",
    "daybreak-red-latest",
    "gpt-daybreak-blue-latest",
    "gpt-daybreak-red-latest",
    "ft:babbage-002",
    "ft:davinci-002",
    "ft:gpt-4.1-2025-04-14",
    "ft:gpt-4.1-mini-2025-04-14",
    "ft:gpt-4.1-nano-2025-04-14",
    "ft:o4-mini-2025-04-16",
    "gpt-5-search-api-2025-10-14",
    "gpt-5.5-cyber-preview",
    "gpt-6-astra-law",
}


def usages(card: Card, tier: str, count: int) -> list[Usage]:
    """Usages of all sorts, a quarter of them long; the same ones in every run."""
    chance = random.Random(f"{card.id} {tier}")
    made = []
    for number in range(count):
        given = chance.randrange(272_001, 900_000) if number % 4 == 3 else chance.randrange(1, 272_001)
        cached = chance.choice((0, chance.randrange(given)))
        written = chance.choice((0, chance.randrange(given - cached + 1)))
        made.append(Usage(input=given, cached=cached, cache_write=written, output=chance.randrange(100_000)))
    return [Usage(input=one.input) for one in made] if card.kind == "embedding" else made


def theirs(usage: Usage, model: str, tier: str) -> genai_prices.types.PriceCalculation:
    return genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input,
            cache_read_tokens=usage.cached,
            cache_write_tokens=usage.cache_write,
            output_tokens=usage.output,
        ),
        model,
        provider_id="openai",
        genai_request_timestamp=datetime(SHIPPED.as_of.year, SHIPPED.as_of.month, SHIPPED.as_of.day, tzinfo=UTC),
        price_context=CONTEXTS[tier],
    )


@pytest.fixture(scope="module")
def compared() -> tuple[int, set[tuple[str, str]], set[str]]:
    """How many were compared, which models and tiers differ, which models they do not know."""
    count, different, unknown = 0, set(), set()
    for model, card in SHIPPED.cards.items():
        for tier in CONTEXTS.keys() & card.prices.tokens.keys():
            for usage in usages(card, tier, 20) if card.kind in KINDS else ():
                ours = pricing.cost(usage, card, tier)
                if isinstance(ours, pricing.Unpriced):
                    continue
                try:
                    other = theirs(usage, model, tier).total_price
                except LookupError:
                    unknown.add(model)
                    continue
                count += 1
                if ours.dollars != other:
                    different.add((model, tier))
    return count, different, unknown


def test_thousands_of_usages_cost_the_same_in_both_tables(compared):
    count, different, _ = compared
    assert count > 3000
    assert different == DIFFERENT.keys()


def test_models_that_only_we_can_price_are_named(compared):
    assert compared[2] == UNKNOWN_TO_THEM
