"""The figures of a chart without a widget: its parts, an axis in round steps, which bars are named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from desktop.core.pricing import shown

MOST_PARTS = 8
OTHER = "other"
THIN = "\u202f"
_ROUND = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Part:
    """One layer of all bars: a value a bar."""

    name: str
    values: tuple[Decimal, ...]

    @property
    def sum(self) -> Decimal:
        return sum(self.values, Decimal(0))


@dataclass(frozen=True, slots=True)
class Bars:
    """What a chart shows. `marks` stand under the bars, `names` say exactly what each is, `notes` what a sum hides.

    The parts come in the order they are read: the first is on top of the pile and of the legend.
    """

    names: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()

    def heights(self, hidden: frozenset[str] = frozenset()) -> tuple[Decimal, ...]:
        """The sum of each bar without the hidden parts."""
        shown_parts = [part.values for part in self.parts if part.name not in hidden]
        return tuple(sum((values[at] for values in shown_parts), Decimal(0)) for at in range(len(self.names)))


@dataclass(frozen=True, slots=True)
class Unit:
    """How a chart writes its values: `words` in full, `mark` at the axis with the step's digits."""

    words: Callable[[Decimal], str]
    mark: Callable[[Decimal, Decimal], str]
    is_whole: bool = False


def at_most(parts: Sequence[Part], most: int = MOST_PARTS) -> tuple[Part, ...]:
    """The largest parts, and one named "other" for what remains; nothing is lost from the sums."""
    ordered = sorted(parts, key=lambda part: (-part.sum, part.name))
    if len(ordered) <= most:
        return tuple(ordered)
    rest = ordered[most:]
    values = (sum(column, Decimal(0)) for column in zip(*(part.values for part in rest), strict=True))
    return (*ordered[:most], Part(OTHER, tuple(values)))


def axis(top: Decimal, *, wanted: int = 4, is_whole: bool = False) -> tuple[Decimal, ...]:
    """Marks from 0 to at least `top` in steps of 1, 2, 2.5 or 5 and a power of ten; about `wanted` steps."""
    if top <= 0:
        return (Decimal(0),)
    raw = top / max(1, wanted)
    power = Decimal(1).scaleb(raw.adjusted())
    step = next(power * each for each in _ROUND if power * each >= raw)
    if is_whole:
        step = max(Decimal(1), step.to_integral_value(ROUND_CEILING))
    count = int((top / step).to_integral_value(ROUND_CEILING))
    return tuple(step * at for at in range(count + 1))


def every(widths: Sequence[float], slot: float, gap: float) -> int:
    """Each how many bars one can be named without the names meeting."""
    if not widths or slot <= 0:
        return 1
    needed = max(widths) + gap
    return max(1, -(-int(needed) // max(1, int(slot))))


def thin(count: Decimal | int) -> str:
    """A whole number in groups of three."""
    return f"{int(count):,}".replace(",", THIN)


def money(dollars: Decimal) -> str:
    """Dollars with the digits that matter, in groups of three."""
    return shown(dollars).replace(",", THIN)


def _money_mark(value: Decimal, step: Decimal) -> str:
    exponent = step.normalize().as_tuple().exponent
    digits = max(0, -exponent) if isinstance(exponent, int) else 0
    digits = max(digits, 2) if digits else 0
    return f"${value:,.{digits}f}".replace(",", THIN) if value else "$0"


DOLLARS = Unit(money, _money_mark)
COUNT = Unit(thin, lambda value, step: thin(value), is_whole=True)
