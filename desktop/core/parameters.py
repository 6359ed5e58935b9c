"""The parameters of a request as the catalog describes them: what a form offers, when, and why not."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from enum import StrEnum

from msgspec import Struct

from desktop.core.errors import BadInput


class Type(StrEnum):
    """What a parameter's value is. TEXTS is a list of texts, JSON anything written as JSON."""

    NUMBER = "number"
    INTEGER = "integer"
    CHOICE = "choice"
    TEXT = "text"
    TEXTS = "list"
    FLAG = "flag"
    JSON = "json"


class Rule(Struct, frozen=True, omit_defaults=True):
    """When all its conditions hold, the parameter cannot be set, for the reason `why`.

    `feature` / `no_feature`: the model is known to have it / known to lack it. `effort_not`: the reasoning effort in
    force is another one. `server` / `server_not`: the profile's kind is among these / is none of these.
    `without`: another parameter is not set.
    """

    why: str
    feature: str = ""
    no_feature: str = ""
    effort_not: str = ""
    server: tuple[str, ...] = ()
    server_not: tuple[str, ...] = ()
    without: str = ""


class Parameter(Struct, frozen=True, omit_defaults=True):
    """One parameter of an endpoint. Bounds are inclusive; `default` is what the server does when nothing is sent.

    `is_ours`: the page sets it by itself, so no form shows it. `why_not` is empty while it can be set.
    """

    name: str
    label: str
    type: Type
    group: str
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    longest: int | None = None  # characters of a text, entries of a list
    choices: tuple[str, ...] = ()
    choices_from: str = ""  # "efforts": the model's own
    default: str = ""
    is_deprecated: bool = False
    is_ours: bool = False
    rules: tuple[Rule, ...] = ()
    why_not: str = ""

    @property
    def is_enabled(self) -> bool:
        return not self.why_not


class Situation(Struct, frozen=True):
    """What the rules look at. `features` is empty where nobody knows the model: then nothing is held against it."""

    features: Collection[str]
    effort: str
    server: str
    values: Mapping[str, object]


def holds(rule: Rule, now: Situation) -> bool:
    """Whether every condition of the rule is met."""
    features = now.features
    return all(
        (
            not rule.feature or rule.feature in features,
            not rule.no_feature or (bool(features) and rule.no_feature not in features),
            not rule.effort_not or (bool(now.effort) and now.effort != rule.effort_not),
            not rule.server or now.server in rule.server,
            not rule.server_not or now.server not in rule.server_not,
            not rule.without or not is_set(now.values.get(rule.without)),
        )
    )


def is_set(value: object) -> bool:
    """Whether a value would be sent; 0 is one, False and empty ones are not."""
    return value is not None and value is not False and value != "" and value != [] and value != {}


def why_not(parameter: Parameter, now: Situation) -> str:
    """The reason of the first rule that forbids the parameter now, or nothing."""
    return next((rule.why for rule in parameter.rules if holds(rule, now)), "")


def parsed(parameter: Parameter, text: str) -> object:
    """A value as it is sent, from what was typed; None for nothing. Raises BadInput that names the parameter."""
    text = text.strip()
    if not text:
        return None
    value = _READERS[parameter.type](text, parameter)
    _check_bounds(parameter, value)
    return value


def _number(text: str, parameter: Parameter) -> object:
    try:
        value = float(text.replace(",", "."))
    except ValueError as error:
        raise BadInput(f"{parameter.label}: this is no number.") from error
    if not math.isfinite(value):
        raise BadInput(f"{parameter.label}: this is no number.")
    return value


def _integer(text: str, parameter: Parameter) -> object:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise BadInput(f"{parameter.label}: this is no whole number.")
    return int(text)


def _choice(text: str, parameter: Parameter) -> object:
    if parameter.choices and text not in parameter.choices:
        raise BadInput(f"{parameter.label}: choose one of {', '.join(parameter.choices)}.")
    return text


def _flag(text: str, parameter: Parameter) -> object:
    if text not in ("true", "false"):
        raise BadInput(f"{parameter.label}: choose true or false.")
    return text == "true"


def _texts(text: str, parameter: Parameter) -> object:
    return [line for line in text.splitlines() if line]


def _json(text: str, parameter: Parameter) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise BadInput(f"{parameter.label}: this is no JSON{where}.") from error


_READERS = {
    Type.NUMBER: _number,
    Type.INTEGER: _integer,
    Type.CHOICE: _choice,
    Type.TEXT: lambda text, parameter: text,
    Type.TEXTS: _texts,
    Type.FLAG: _flag,
    Type.JSON: _json,
}


def _check_bounds(parameter: Parameter, value: object) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if parameter.minimum is not None and value < parameter.minimum:
            raise BadInput(f"{parameter.label}: at least {parameter.minimum:g}.")
        if parameter.maximum is not None and value > parameter.maximum:
            raise BadInput(f"{parameter.label}: at most {parameter.maximum:g}.")
    elif isinstance(value, str | list) and parameter.longest is not None and len(value) > parameter.longest:
        unit = "characters" if isinstance(value, str) else "entries"
        raise BadInput(f"{parameter.label}: at most {parameter.longest} {unit}.")
