"""What a call costs, in dollars from the catalog; a price that is not known is said to be unknown, never 0.

The rules are the provider's: cached input is part of the input and cheaper, reasoning is part of the output, and an
input beyond the catalog's bound makes the whole request dearer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal

from msgspec import Struct

from desktop.core.catalog import Card, Rates
from desktop.core.usage import Usage

MILLION = Decimal(1_000_000)
PICO = Decimal(10) ** 12
STALE_AFTER_DAYS = 90

STANDARD = "standard"
_TIERS = {"": STANDARD, "auto": STANDARD, "default": STANDARD, "fast": "priority"}
"""What the API calls a tier, to the catalog's word, where they differ."""


class Line(Struct, frozen=True):
    """So many units at a rate. `unit` is the catalog's word, `rate` dollars for one unit."""

    unit: str
    count: Decimal
    rate: Decimal

    @property
    def dollars(self) -> Decimal:
        return self.count * self.rate


class Cost(Struct, frozen=True):
    """Dollars of one call. `is_free`: answered on this computer. `is_estimate`: from counts that are our own."""

    dollars: Decimal
    lines: tuple[Line, ...] = ()
    is_free: bool = False
    is_estimate: bool = False


class Unpriced(Struct, frozen=True):
    """No price can be told, and why, in words for the user."""

    reason: str


FREE = Cost(Decimal(0), is_free=True)


class _NoPrice(Exception):
    """A rate that would be needed is missing; carries the sentence."""


def cost(usage: Usage, card: Card, tier: str = STANDARD, *, size: str = "", quality: str = "") -> Cost | Unpriced:
    """Dollars of one call. `tier` is the answer's service_tier, or "batch"; `size` and `quality` are of pictures
    whose answer named no tokens."""
    if card.is_free:
        return FREE
    try:
        lines = tuple(_lines(usage, card, _TIERS.get(tier, tier), size, quality))
    except _NoPrice as unknown:
        return Unpriced(str(unknown))
    return Cost(sum((line.dollars for line in lines), Decimal(0)), lines, is_estimate=usage.is_estimate)


def estimate(input_tokens: int, expected_output: int | None, card: Card, tier: str = STANDARD) -> Cost | Unpriced:
    """Dollars that a send of so many tokens would cost; without an expected output, those of the input alone."""
    return cost(Usage(input=input_tokens, output=expected_output or 0, is_estimate=True), card, tier)


def _lines(usage: Usage, card: Card, tier: str, size: str, quality: str) -> Iterator[Line]:
    prices = card.prices
    if usage.web_searches:
        rate = _needed(prices.per_thousand_web_searches, "There is no price for this model's web searches.")
        yield Line("web_search", Decimal(usage.web_searches), rate / 1000)
    if usage.seconds and prices.per_minute is not None:
        yield Line("second", Decimal(str(usage.seconds)), prices.per_minute / 60)
        return  # a price by the minute covers the call; its tokens are the same thing counted again
    if usage.characters and prices.per_million_characters is not None:
        yield Line("character", Decimal(usage.characters), prices.per_million_characters / MILLION)
        return
    if usage.total:
        yield from _token_lines(usage, _rates(card, tier, usage.input))
    elif usage.seconds:
        rate = _needed(prices.per_minute_estimate, "There is no price by the minute for this model.")
        yield Line("second", Decimal(str(usage.seconds)), rate / 60)
    elif usage.images:
        yield Line("picture", Decimal(usage.images), _picture_rate(card, size, quality))
    elif usage.characters:
        raise _NoPrice("There is no price by the character for this model.")
    elif not prices.tokens and prices.per_minute is None and prices.per_million_characters is None:
        raise _NoPrice(_nobody_knows(card))


def _rates(card: Card, tier: str, input_tokens: int) -> Rates:
    """The rates in force for a request with so many input tokens."""
    prices = card.prices
    if not prices.tokens:
        raise _NoPrice(_nobody_knows(card))
    is_long = bool(prices.long_tokens) and input_tokens > prices.long_from
    found = (prices.long_tokens if is_long else prices.tokens).get(tier)
    if found is None:
        raise _NoPrice(f"There is no price for this model at the tier “{tier}”{' with so long an input' * is_long}.")
    return found


def _token_lines(usage: Usage, rate: Rates) -> Iterator[Line]:
    writes = usage.cache_write if rate.cache_write is not None else 0  # else they are charged as input like any other
    counts = {
        "cached_audio_input": usage.cached_audio,
        "cached_image_input": usage.cached_image,
        "cached_input": usage.cached - usage.cached_audio - usage.cached_image,
        "cache_write": writes,
        "audio_input": usage.audio_input - usage.cached_audio,
        "image_input": usage.image_input - usage.cached_image,
        "audio_output": usage.audio_output,
        "image_output": usage.image_output,
    }
    counts["input"] = usage.input - usage.audio_input - usage.image_input - counts["cached_input"] - writes
    counts["output"] = usage.output - usage.audio_output - usage.image_output
    if any(count < 0 for count in counts.values()):
        raise _NoPrice("The server's counts of tokens contradict each other.")
    for unit, count in counts.items():
        if count:
            yield Line(unit, Decimal(count), _rate(rate, unit) / MILLION)


_CHARGED_AS = {"image_input": "input", "cached_image_input": "cached_input"}
"""Pictures that a text model reads count as its input tokens where it has no rate of their own for them."""


def _rate(rate: Rates, unit: str) -> Decimal:
    found: Decimal | None = getattr(rate, unit)
    if found is None and unit in _CHARGED_AS:
        found = getattr(rate, _CHARGED_AS[unit])
    return _needed(found, f"There is no price for this model's {unit.replace('_', ' ')} tokens.")


def _picture_rate(card: Card, size: str, quality: str) -> Decimal:
    for picture in card.prices.pictures:
        if picture.size == size and picture.quality == quality:
            return picture.dollars
    raise _NoPrice("There is no price for a picture of this size and quality.")


def _needed(rate: Decimal | None, otherwise: str) -> Decimal:
    if rate is None:
        raise _NoPrice(otherwise)
    return rate


def _nobody_knows(card: Card) -> str:
    return "No price is known for this model." if card.is_known else "The catalog does not know this model."


def pico(dollars: Decimal) -> int:
    """Whole picodollars, as the ledger keeps them."""
    return int((dollars * PICO).to_integral_value(ROUND_HALF_EVEN))


def from_pico(count: int) -> Decimal:
    return Decimal(count) / PICO


def shown(dollars: Decimal) -> str:
    """Money for people: two decimals from ten cents on, below that two digits that matter; "$0.00" only for nothing."""
    if dollars < 0:
        return "−" + shown(-dollars)
    if dollars == 0 or dollars >= Decimal("0.0995"):
        return f"${dollars:,.2f}"
    if dollars < Decimal("0.000001"):
        return "< $0.000001"
    digits = Context(prec=2).plus(dollars)
    return f"${round(digits, min(1 - digits.adjusted(), 6)):f}"


def stale(as_of: date, today: date) -> bool:
    """Whether prices are too old to be shown without a warning."""
    return (today - as_of).days > STALE_AFTER_DAYS
