"""prices.json in the data folder: the user's own prices, each checked by itself; what is wrong is named by its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec

from desktop.core.catalog import Prices
from desktop.core.errors import BadInput
from desktop.store.small_files import LARGEST_BYTES, read_object, write_object

NAME = "prices.json"

Entries = dict[str, dict[str, object]]
"""Model to what is said of its prices, in the form of `Prices`; what is not named is as we ship it."""


def read(folder: Path) -> tuple[Entries, tuple[str, ...]]:
    """The entries that can be used, and a sentence for each that cannot; the file itself is not touched."""
    path = folder / NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}, ()
    except OSError as error:
        return {}, (f"{NAME} cannot be read ({error.strerror}).",)
    if len(content) > LARGEST_BYTES:
        return {}, (f"{NAME} is far too large. Nothing of it is used.",)
    text = content.decode("utf-8-sig", "replace")
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        return {}, (f"{NAME}{_line_of_byte(str(error), text)}: this is no JSON. Nothing of it is used.",)
    cards = found.get("cards") if isinstance(found, dict) else None
    if not isinstance(cards, dict):
        return {}, (f'{NAME}: there is no "cards" with models in it. Nothing of it is used.',)
    return _usable(cards, text)


def put(folder: Path, model: str, prices: Mapping[str, object]) -> tuple[str, ...]:
    """Keep the prices of a model, in place of those it had here. Raises BadInput, naming the place; StoreError.

    Returns what the user must be told of the file.
    """
    if not model.strip():
        raise BadInput("A price belongs to a model.", "Enter the model's name.")
    if wrong := fault(prices):
        raise BadInput(f"{model}{' → '.join(('', *wrong[0]))}: {wrong[1]}.", "Enter a number such as 2.50.")
    content, notices = read_object(folder / NAME)
    cards = content.get("cards")
    kept = dict(cards) if isinstance(cards, dict) else {}
    entry = kept.get(model)
    kept[model] = {**(entry if isinstance(entry, dict) else {}), "prices": msgspec.to_builtins(prices)}
    write_object(folder / NAME, {**content, "cards": kept})
    return notices


def remove(folder: Path, model: str) -> None:
    """Forget what is said of a model's prices. Raises StoreError."""
    content, _ = read_object(folder / NAME)
    cards = content.get("cards")
    if isinstance(cards, dict) and model in cards:
        write_object(folder / NAME, {**content, "cards": {name: e for name, e in cards.items() if name != model}})


def fault(prices: object) -> tuple[tuple[str, ...], str] | None:
    """Where the prices of an entry are wrong, and how; None where they can be used."""
    try:
        checked = msgspec.convert(prices, Prices)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        place = tuple(part for part in re.split(r"(?<!\.)\.(?!\.)", where.rstrip("`").strip(".")) if part)
        return _named(prices, place), what
    for place, value in _numbers(msgspec.to_builtins(checked, builtin_types=(Decimal,)), ()):
        if not value.is_finite() or value < 0:
            return place, "a price is 0 or more"
    return None


def _usable(cards: Mapping[str, object], text: str) -> tuple[Entries, tuple[str, ...]]:
    entries: Entries = {}
    notices: list[str] = []
    for model, entry in cards.items():
        prices = entry.get("prices") if isinstance(entry, dict) else None
        if not isinstance(prices, dict):
            line = _line_of(text, ("cards", model))
            notices.append(f'{NAME}{line}, {model}: an entry has "prices". It is not used.')
        elif wrong := fault(prices):
            line = _line_of(text, ("cards", model, "prices", *wrong[0]))
            place = " → ".join((model, *wrong[0]))
            notices.append(f"{NAME}{line}, {place}: {wrong[1]}. The entry is not used.")
        else:
            entries[model] = prices
    return entries, tuple(notices)


def _named(prices: object, place: tuple[str, ...]) -> tuple[str, ...]:
    """A place with the names of the entries that the decoder only shows as [...]: the ones that are wrong."""
    if not place or not isinstance(prices, dict):
        return place
    first = place[0].removesuffix("[...]")
    below = prices.get(first)
    if place[0].endswith("[...]") and isinstance(below, dict):
        kind = Prices.__annotations__.get(first, "")
        for name, value in below.items():
            if "Rates" in str(kind) and _is_wrong({first: {name: value}}):
                return (first, name, *place[1:])
    return (first, *place[1:])


def _is_wrong(prices: object) -> bool:
    """Whether a part of an entry is wrong by itself."""
    try:
        msgspec.convert(prices, Prices)
    except msgspec.ValidationError:
        return True
    return False


def _numbers(value: object, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Decimal]]:
    if isinstance(value, Decimal):
        yield place, value
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _numbers(below, (*place, str(name)))
    elif isinstance(value, list | tuple):
        for number, below in enumerate(value):
            yield from _numbers(below, (*place, str(number + 1)))


def _line_of(text: str, place: tuple[str, ...]) -> str:
    """The line of a key, found by following the keys to it through the text."""
    at = 0
    for name in place:
        found = re.compile(re.escape(msgspec.json.encode(name).decode()) + r"\s*:").search(text, at)
        if found is None:
            break
        at = found.start()
    return f", line {text.count(chr(10), 0, at) + 1}"


def _line_of_byte(message: str, text: str) -> str:
    byte = re.search(r"\(byte (\d+)\)", message)
    return f", line {text.encode().count(b'%c' % 10, 0, int(byte[1])) + 1}" if byte else ""
