"""What calls cost: the provider's rules as laws, and thousands of usages against a table we did not make."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from desktop import paths
from desktop.core import pricing
from desktop.core.catalog import Card, Catalog, PicturePrice, Prices, Rates
from desktop.core.pricing import Cost, Unpriced
from desktop.core.usage import Usage

SHIPPED = msgspec.json.decode(paths.resource("models.json").read_bytes(), type=Catalog)
D = Decimal

TEXT = Card(
    id="t",
    prices=Prices(
        tokens={
            "standard": Rates(input=D(2), cached_input=D("0.5"), cache_write=D("2.5"), output=D(10)),
            "batch": Rates(input=D(1), output=D(5)),
            "priority": Rates(input=D(4), cached_input=D(1), output=D(20)),
        },
        long_tokens={"standard": Rates(input=D(4), cached_input=D(1), cache_write=D(5), output=D(15))},
        long_from=272_000,
    ),
)
SOUND = Card(
    id="a",
    prices=Prices(
        tokens={
            "standard": Rates(
                input=D(4),
                cached_input=D("0.4"),
                output=D(24),
                audio_input=D(32),
                cached_audio_input=D("0.4"),
                audio_output=D(64),
                image_input=D(5),
                cached_image_input=D("0.5"),
            )
        }
    ),
)

USAGES = st.builds(
    lambda cached, written, fresh, output, reasoning: Usage(
        input=cached + written + fresh,
        cached=cached,
        cache_write=written,
        output=output + reasoning,
        reasoning=reasoning,
    ),
    *(st.integers(0, 400_000) for _ in range(5)),
)


def dollars(usage: Usage, card: Card = TEXT, tier: str = "default") -> Decimal:
    found = pricing.cost(usage, card, tier)
    assert isinstance(found, Cost), found
    return found.dollars


def reason(usage: Usage, card: Card, tier: str = "default") -> str:
    found = pricing.cost(usage, card, tier)
    assert isinstance(found, Unpriced), found
    return found.reason


def test_cached_and_written_tokens_are_taken_out_of_the_input():
    usage = Usage(input=1_000_000 // 4, cached=100_000, cache_write=50_000, output=1000)
    assert dollars(usage) == D("0.05") + D("0.125") + D("0.2") + D("0.01")


def test_reasoning_is_inside_the_output():
    assert dollars(Usage(input=10, output=500, reasoning=400)) == dollars(Usage(input=10, output=500))


def test_cache_writes_without_a_rate_are_ordinary_input():
    assert dollars(Usage(input=1000, cache_write=400), TEXT, "batch") == D("0.001")


def test_one_token_more_makes_the_whole_request_long():
    assert dollars(Usage(input=272_000)) == D("0.544")
    assert dollars(Usage(input=272_001)) == D("1.088004")


def test_a_long_request_at_a_tier_without_long_prices_is_unpriced():
    assert "priority" in reason(Usage(input=272_001), TEXT, "priority")


@pytest.mark.parametrize(
    ("tier", "paid"), [("", 2), ("auto", 2), ("default", 2), ("priority", 4), ("fast", 4), ("batch", 1)]
)
def test_tiers_are_those_the_answer_names(tier, paid):
    assert dollars(Usage(input=100_000), TEXT, tier) == D(paid) / 10


@pytest.mark.parametrize("tier", ["scale", "flex", "made-up", "standard_over_272k"])
def test_a_tier_without_a_price_is_unpriced(tier):
    assert tier in reason(Usage(input=1), TEXT, tier)


def test_a_missing_rate_is_unpriced_and_never_nothing():
    assert "cached input" in reason(Usage(input=10, cached=5), TEXT, "batch")
    assert "audio input" in reason(Usage(input=10, audio_input=5), TEXT)
    assert "image output" in reason(Usage(output=10, image_output=10), TEXT)
    assert reason(Usage(input=1), Card(id="x", is_known=False)) == "The catalog does not know this model."
    assert reason(Usage(), Card(id="x")) == "No price is known for this model."
    assert "web searches" in reason(Usage(input=1, web_searches=1), TEXT)
    assert "character" in reason(Usage(characters=5), TEXT)
    assert "minute" in reason(Usage(seconds=5.0), TEXT)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(input=10, cached=11),
        Usage(input=10, cached=6, cache_write=6),
        Usage(output=5, audio_output=6),
        Usage(input=100, cached=1, cached_audio=2, audio_input=50),
        Usage(input=-5),
    ],
)
def test_counts_that_contradict_each_other_are_unpriced(usage):
    assert "contradict" in reason(usage, SOUND if usage.cached_audio or usage.audio_output else TEXT)


def test_sound_and_pictures_have_their_own_rates():
    usage = Usage(
        input=1_000_000,
        cached=300_000,
        audio_input=400_000,
        cached_audio=100_000,
        image_input=200_000,
        cached_image=50_000,
        output=500_000,
        audio_output=300_000,
    )
    text_in, text_cached = 1_000_000 - 400_000 - 200_000 - 150_000, 150_000
    expected = text_in * 4 + text_cached * D("0.4") + 300_000 * 32 + 100_000 * D("0.4")
    expected += 150_000 * 5 + 50_000 * D("0.5") + 200_000 * 24 + 300_000 * 64
    assert dollars(usage, SOUND) == expected / 1_000_000


def test_pictures_that_a_text_model_reads_are_input():
    assert dollars(Usage(input=1000, image_input=800)) == dollars(Usage(input=1000))


def test_speech_by_characters_and_transcription_by_seconds():
    speech = Card(id="s", prices=Prices(per_million_characters=D(15)))
    minutes = Card(id="m", prices=Prices(per_minute=D("0.006"), tokens={"standard": Rates(input=D(2))}))
    about = Card(id="e", prices=Prices(per_minute_estimate=D("0.015"), tokens={"standard": Rates(input=D(2))}))
    assert dollars(Usage(characters=2000), speech) == D("0.03")
    assert dollars(Usage(seconds=90.0, input=700, output=20), minutes) == D("0.009")
    assert dollars(Usage(input=1_000_000), minutes) == 2
    assert dollars(Usage(seconds=60.0), about) == D("0.015")


def test_pictures_are_priced_by_size_and_quality_where_no_tokens_are_named():
    card = Card(id="p", prices=Prices(pictures=(PicturePrice("1024x1024", "low", D("0.011")),)))
    found = pricing.cost(Usage(images=3), card, size="1024x1024", quality="low")
    assert isinstance(found, Cost)
    assert found.dollars == D("0.033")
    assert isinstance(pricing.cost(Usage(images=3), card, size="1024x1024", quality="high"), Unpriced)


def test_searches_are_paid_by_the_thousand():
    card = replace(TEXT, prices=replace(TEXT.prices, per_thousand_web_searches=D(10)))
    assert dollars(Usage(input=1, web_searches=3), card) - dollars(Usage(input=1), card) == D("0.03")


def test_what_runs_here_is_free_and_not_unpriced():
    assert pricing.cost(Usage(input=10**9), Card(id="x", is_known=False, is_free=True)) == pricing.FREE
    assert pricing.FREE.is_free


def test_a_call_that_used_nothing_costs_nothing():
    assert dollars(Usage()) == 0


def test_our_own_counts_are_an_estimate():
    assert pricing.cost(Usage(input=1, is_estimate=True), TEXT).is_estimate
    assert not pricing.cost(Usage(input=1), TEXT).is_estimate
    asked = pricing.estimate(1000, 100, TEXT)
    assert asked == pricing.cost(Usage(input=1000, output=100, is_estimate=True), TEXT)
    assert pricing.estimate(1000, None, TEXT).dollars == D("0.002")


@given(USAGES)
def test_lines_add_up(usage):
    found = pricing.cost(usage, TEXT)
    assert found.dollars == sum(line.dollars for line in found.lines)
    assert sum(line.count for line in found.lines) == usage.total


@given(USAGES, st.integers(1, 1000))
def test_more_tokens_never_cost_less(usage, more):
    assert dollars(replace(usage, output=usage.output + more)) > dollars(usage)
    assert dollars(replace(usage, input=usage.input + more)) > dollars(usage)


@given(USAGES)
def test_cached_input_is_never_dearer_than_fresh(usage):
    assert dollars(usage) <= dollars(replace(usage, cached=0, cache_write=usage.cache_write))


@given(*(st.builds(Usage, input=st.integers(0, 136_000), output=st.integers(0, 10**6)) for _ in range(2)))
def test_two_short_calls_cost_what_their_sum_does(one, other):
    both = Usage(input=one.input + other.input, output=one.output + other.output)
    assert dollars(one) + dollars(other) == dollars(both)


@given(
    USAGES, st.sampled_from(sorted(SHIPPED.cards)), st.sampled_from(["default", "flex", "batch", "priority", "scale"])
)
@settings(max_examples=500)
def test_every_shipped_model_has_a_cost_or_a_reason(usage, model, tier):
    found = pricing.cost(usage, SHIPPED.cards[model], tier)
    if isinstance(found, Cost):
        assert found.dollars >= 0
        assert found.dollars > 0 or not usage.total or _is_free_of_charge(model)
    else:
        assert found.reason.endswith(".")


def _is_free_of_charge(model: str) -> bool:
    """Every rate that it has is 0, or 0 for its output (embeddings)."""
    rates = SHIPPED.cards[model].prices.tokens.values()
    return any(rate.output == 0 for rate in rates)


def test_cheaper_tiers_are_cheaper_in_the_shipped_table():
    for card in SHIPPED.cards.values():
        standard = card.prices.tokens.get("standard")
        for tier, rates in card.prices.tokens.items():
            if standard is None or rates.input is None or standard.input is None:
                continue
            if tier in ("batch", "flex"):
                assert rates.input <= standard.input, (card.id, tier)
            elif tier == "priority":
                assert rates.input > standard.input, (card.id, tier)


def test_cached_input_is_cheaper_in_the_shipped_table():
    for card in SHIPPED.cards.values():
        for rates in (*card.prices.tokens.values(), *card.prices.long_tokens.values()):
            if rates.input is not None and rates.cached_input is not None:
                assert rates.cached_input < rates.input, card.id


@given(st.decimals(min_value=0, max_value=10**6, places=12, allow_nan=False))
def test_picodollars_keep_every_digit(amount):
    assert pricing.from_pico(pricing.pico(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.0041", "$0.0041"),
        ("0.00412", "$0.0041"),
        ("0.00999", "$0.010"),
        ("0.0995", "$0.10"),
        ("0.0994", "$0.099"),
        ("0.12", "$0.12"),
        ("1", "$1.00"),
        ("1234.5", "$1,234.50"),
        ("0.00000234", "$0.000002"),
        ("0.0000009", "< $0.000001"),
        ("-0.5", "−$0.50"),
    ],
)
def test_money_is_shown_with_the_digits_that_matter(amount, text):
    assert pricing.shown(D(amount)) == text


@given(st.decimals(min_value="0.000000000001", max_value=10**6, places=12, allow_nan=False))
def test_money_that_is_not_nothing_is_never_shown_as_nothing(amount):
    assert any(digit in pricing.shown(amount) for digit in "123456789")


def test_prices_are_stale_after_ninety_days():
    assert not pricing.stale(date(2026, 11, 22), date(2027, 2, 20))
    assert pricing.stale(date(2026, 11, 22), date(2027, 2, 21))
