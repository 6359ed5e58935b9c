"""What the form offers for a model: only what its card says it can be asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from desktop.core import catalog
from desktop.core.catalog import SHIPPED_AT, TRANSCRIPTIONS, TRANSLATIONS, Card, Catalog, serves
from desktop.core.hearing import Hearing
from desktop.core.parameters import Parameter, Type

SAID, VOICES, SENT = "What is said", "Voices", "How it is sent"

TASKS = {"transcribe": "transcribe", "translate to English": "translate"}
CHANNELS = {"all mixed": "mixed", "left only": "left", "right only": "right", "each is a speaker": "each"}
IN_DOUBT = {"ask": "ask", "repeat, may pay twice": "repeat"}
CHOICES = {"task": TASKS, "channel": CHANNELS, "on_doubt": IN_DOUBT}
"""The words of a choice, to what is meant by them."""

PARALLEL = "parallel"


def models(found: Catalog, today: date) -> list[Card]:
    """Models that hear: those known to first, then those of which nobody knows what they do."""
    ids = found.listed if found.listed is not None else _expected(found, today)
    cards = [found.card(model) for model in dict.fromkeys((*ids, *found.users))]
    able = [card for card in cards if serves(card, TRANSCRIPTIONS)]
    return sorted(able, key=lambda card: card.hearing is None)


def _expected(found: Catalog, today: date) -> Iterator[str]:
    place = SHIPPED_AT.get(found.server)
    for model, card in found.cards.items():
        left = catalog.days_left(card, today)
        if card.server == place and model not in found.only_priced and (left is None or left > 0):
            yield model


def parameters(card: Card) -> tuple[Parameter, ...]:
    """The model's own, in the order of the form."""
    hearing = card.hearing or Hearing()
    return tuple(_parameters(card, hearing))


def _parameters(card: Card, hearing: Hearing) -> Iterator[Parameter]:
    if serves(card, TRANSLATIONS) and (card.endpoints or card.hearing is None):
        yield Parameter("task", "Task", Type.CHOICE, SAID, choices=tuple(TASKS)[1:], default="transcribe")
    if hearing.takes_language and not hearing.languages:
        yield Parameter(
            "language",
            "Language",
            Type.TEXT,
            SAID,
            "Two letters, such as en or ja. Empty: it is heard.",
            default="heard",
        )
    elif hearing.takes_language and len(hearing.languages) > 1:
        yield Parameter("language", "Language", Type.CHOICE, SAID, choices=hearing.languages, default="heard")
    if hearing.takes_languages:
        yield Parameter("languages", "Languages", Type.TEXTS, SAID, "Those that are spoken, two letters each.")
    if hearing.takes_prompt:
        help_text = "How the words are to be written, or what it is about."
        yield Parameter("prompt", "Prompt", Type.TEXT, SAID, help_text, default="none")
    if hearing.takes_keywords or hearing.takes_prompt:
        yield Parameter("keywords", "Names and terms", Type.TEXTS, SAID, "How rare words are spelled, one a line.")
    if hearing.diarizes:
        yield Parameter("diarize", "Tell voices apart", Type.FLAG, VOICES, "Names who speaks when.", default="false")
    help_text = "Two people on two channels can each be a speaker."
    yield Parameter(
        "channel", "Channels", Type.CHOICE, VOICES, help_text, choices=tuple(CHANNELS)[1:], default="all mixed"
    )
    if hearing.takes_temperature:
        help_text = "0 is the surest; higher ones vary."
        yield Parameter("temperature", "Temperature", Type.NUMBER, SENT, help_text, 0.0, 1.0, default="0")
    if len(hearing.forms) > 1:
        help_text = "What the server answers with. Usually the one with the best times."
        yield Parameter("form", "Reply", Type.CHOICE, SENT, help_text, choices=hearing.forms, default="the best")
    help_text = "A part whose reply was lost may have been charged already."
    yield Parameter(
        "on_doubt", "Part in doubt", Type.CHOICE, SENT, help_text, choices=tuple(IN_DOUBT)[1:], default="ask"
    )
    yield Parameter(PARALLEL, "Recordings at once", Type.INTEGER, SENT, minimum=1, maximum=16, default="2")


def asked(card: Card, values: Mapping[str, object]) -> dict[str, Any]:
    """Fields of the service's options: what is set and what this model has."""
    fields: dict[str, Any] = {}
    for parameter in parameters(card):
        value = values.get(parameter.name)
        if value is None or parameter.name == PARALLEL:
            continue
        if parameter.name in CHOICES:
            value = CHOICES[parameter.name].get(str(value))
        fields[parameter.name] = tuple(value) if isinstance(value, list) else value
    return {name: value for name, value in fields.items() if value is not None}


def note(card: Card) -> str:
    """What one should know of a model before choosing it: its price, what it lacks, its last days."""
    hearing = card.hearing or Hearing()
    pieces = []
    if card.is_free:
        pieces.append("Free, on this computer")
    elif card.prices.per_minute is not None:
        pieces.append(f"${card.prices.per_minute.normalize():f} a minute")
    elif card.hearing is not None:
        pieces.append("Price not known")
    if len(hearing.languages) == 1:
        pieces.append("English only" if hearing.languages == ("en",) else f"{hearing.languages[0]} only")
    if not hearing.times and not hearing.diarizes:
        pieces.append("times are found by us")
    if hearing.diarizes:
        pieces.append("tells voices apart")
    if card.hearing is None:
        pieces.append("nothing is known of this model")
    return " · ".join(pieces)
