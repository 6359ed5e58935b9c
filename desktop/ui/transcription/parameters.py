"""What the form offers for a model: only what its card says it can be asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from PySide6.QtCore import QLocale

from desktop.core import catalog
from desktop.core.catalog import SHIPPED_AT, TRANSCRIPTIONS, TRANSLATIONS, Card, Catalog, serves
from desktop.core.hearing import Hearing
from desktop.core.parameters import Parameter, Type

SAID, VOICES, SENT = "What is said", "Voices", "How it is sent"

TASKS = {"transcribe": "transcribe", "translate to English": "translate"}
CHANNELS = {"all mixed": "mixed", "left only": "left", "right only": "right", "each is a speaker": "each"}
IN_DOUBT = {"ask": "ask", "repeat, may pay twice": "repeat"}
APART = {"no": False, "yes": True}
CHOICES: dict[str, dict[str, object]] = {
    "task": {**TASKS},
    "channel": {**CHANNELS},
    "on_doubt": {**IN_DOUBT},
    "diarize": {**APART},
}
"""The words of a choice, to what is meant by them."""

AS_SPOKEN = "as it is spoken"

LACKED = {
    "task": "the translation",
    "language": "the language",
    "languages": "the language",
    "prompt": "the prompt",
    "keywords": "names and terms",
    "diarize": "telling voices apart",
    "temperature": "the temperature",
}
"""What a model may have no use for, as it is said."""

LANGUAGES = ("language", "languages")
ALSO = {"norwegian": "no", "mandarin": "zh"}  # names that are in use and are not the system's own
_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)

PARALLEL, PARTS = "parallel", "parts_at_once"
MOST_AT_ONCE = 16  # as the settings have it


def models(found: Catalog, today: date) -> list[Card]:
    """Models that hear: those known to first, then those of which nobody knows what they do."""
    ids = found.listed or _expected(found, today)  # a server that lists nothing has not told what it has
    cards = [found.card(model) for model in dict.fromkeys((*ids, *found.users))]
    able = [card for card in cards if serves(card, TRANSCRIPTIONS)]
    return sorted(able, key=lambda card: card.hearing is None)


def _expected(found: Catalog, today: date) -> Iterator[str]:
    place = SHIPPED_AT.get(found.server)
    for model, card in found.cards.items():
        left = catalog.days_left(card, today)
        if card.server == place and model not in found.only_priced and (left is None or left > 0):
            yield model


def parameters(card: Card, usual: tuple[str, str] = ("", "")) -> tuple[Parameter, ...]:
    """The model's own, in the order of the form. `usual` is how many recordings and parts at once the settings say."""
    hearing = card.hearing or Hearing()
    return (*_of_words(card, hearing), *_of_voices(hearing), *_of_sending(hearing, usual))


def _of_words(card: Card, hearing: Hearing) -> Iterator[Parameter]:
    if serves(card, TRANSLATIONS) and (card.endpoints or card.hearing is None):
        yield Parameter("task", "Task", Type.CHOICE, SAID, choices=tuple(TASKS)[1:], default="transcribe")
    if hearing.takes_language and not hearing.languages:
        yield Parameter(
            "language",
            "Language",
            Type.TEXT,
            SAID,
            "Its English name or its letters, such as Japanese or ja. Empty: it is heard.",
            default=AS_SPOKEN,
        )
    elif hearing.takes_language and len(hearing.languages) > 1:
        yield Parameter("language", "Language", Type.CHOICE, SAID, choices=hearing.languages, default=AS_SPOKEN)
    if hearing.takes_languages:
        help_text = "Those that are spoken: English names or letters, one a line."
        yield Parameter("languages", "Languages", Type.TEXTS, SAID, help_text)
    if hearing.takes_prompt:
        help_text = "How the words are to be written, or what it is about."
        yield Parameter("prompt", "Prompt", Type.TEXT, SAID, help_text, default="none")
    if hearing.takes_keywords or hearing.takes_prompt:
        yield Parameter("keywords", "Names and terms", Type.TEXTS, SAID, "How rare words are spelled, one a line.")


def _of_voices(hearing: Hearing) -> Iterator[Parameter]:
    if hearing.diarizes:
        help_text = "Names who speaks when."
        yield Parameter(
            "diarize", "Tell voices apart", Type.CHOICE, VOICES, help_text, choices=tuple(APART)[1:], default="no"
        )
    help_text = "Two people on two channels can each be a speaker."
    yield Parameter(
        "channel", "Channels", Type.CHOICE, VOICES, help_text, choices=tuple(CHANNELS)[1:], default="all mixed"
    )


def _of_sending(hearing: Hearing, usual: tuple[str, str]) -> Iterator[Parameter]:
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
    help_text = "How many recordings are worked on beside each other. It is the same everywhere."
    yield Parameter(PARALLEL, "Recordings at once", Type.INTEGER, SENT, help_text, 1, MOST_AT_ONCE, default=usual[0])
    help_text = "Of a long recording that is cut. With 1, each part is told how the one before it ended."
    yield Parameter(PARTS, "Parts at once", Type.INTEGER, SENT, help_text, 1, MOST_AT_ONCE, default=usual[1])


def asked(card: Card, values: Mapping[str, object]) -> dict[str, Any]:
    """Fields of the service's options: what is set and what this model has."""
    fields: dict[str, Any] = {}
    for parameter in parameters(card):
        name, value = parameter.name, values.get(parameter.name)
        if value is None or name == PARALLEL:
            continue
        if name in CHOICES:
            value = CHOICES[name].get(str(value))
        elif name in LANGUAGES:
            value = _codes(value)
        fields[name] = tuple(value) if isinstance(value, list) else value
    if (
        "languages" not in fields
        and values.get("language")
        and any(each.name == "languages" for each in parameters(card))
    ):
        fields["languages"] = (_codes(values["language"]),)
    return {name: value for name, value in fields.items() if value is not None}


def unused(card: Card, values: Mapping[str, object]) -> list[str]:
    """What was set and this model has no use for, in the words of the form."""
    offered = {each.name for each in parameters(card)}
    named = [LACKED[name] for name, value in values.items() if name in LACKED and name not in offered and value]
    hearing = card.hearing or Hearing()
    spoken = language_code(str(values.get("language", "")))
    is_its_own = "language" not in offered and spoken in hearing.languages
    takes = is_its_own or bool({"language", "languages"} & offered)
    return [each for each in dict.fromkeys(named) if each != LACKED["language"] or not takes]


def problem(values: Mapping[str, object]) -> str:
    """What is wrong with what was typed, in a sentence."""
    for name in LANGUAGES:
        value = values.get(name) or ()
        for text in (value,) if isinstance(value, str) else value:  # type: ignore[attr-defined]
            if not language_code(text):
                return f"“{text}” is not known as a language. Write its English name or its letters, such as ja."
    return ""


def _codes(value: object) -> object:
    if isinstance(value, str):
        return language_code(value) or value
    return [language_code(str(each)) or each for each in value]  # type: ignore[attr-defined]


def language_code(text: str) -> str:
    """The letters of a language that was named by them or by its English name, "" where it is neither."""
    text = text.strip()
    if _CODE.fullmatch(text):
        return text.lower() if "-" not in text else text
    return _by_name().get(text.casefold(), "")


@cache
def _by_name() -> dict[str, str]:
    """English names of all languages that have letters."""
    every = (each for each in QLocale.Language if each.value > QLocale.Language.C.value)
    codes = {QLocale.languageToString(each).casefold(): QLocale.languageToCode(each) for each in every}
    return {name: code for name, code in codes.items() if code} | ALSO


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
