"""What is known of each model, and what follows from it: endpoints, limits, parameters, days left.

The catalog is data (resources/models.json, the server's own list, the user's file over both); no rule here knows a
model's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from desktop.core.hearing import Hearing
from desktop.core.parameters import Parameter, Situation, why_not

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
TRANSCRIPTIONS = "/v1/audio/transcriptions"
TRANSLATIONS = "/v1/audio/translations"
FAMILIES = {"chat": CHAT}
"""Name of a group of parameters in the catalog to the path it belongs to."""

SHIPPED_AT = {"": "", "openai": "", "azure": "", "environment": "", "local": "local"}
"""Kind of a profile to the `server` of the cards that it is known to have, before its server was asked."""

USUAL_EFFORT = "medium"  # what the API does where a reasoning model's card names no default

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Rates(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """US dollars for a million tokens; None where no rate is known."""

    input: Decimal | None = None
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_12h: Decimal | None = None
    output: Decimal | None = None
    audio_input: Decimal | None = None
    cached_audio_input: Decimal | None = None
    audio_output: Decimal | None = None
    image_input: Decimal | None = None
    cached_image_input: Decimal | None = None
    image_output: Decimal | None = None


class PicturePrice(Struct, frozen=True, forbid_unknown_fields=True):
    """US dollars for one picture of a size and quality."""

    size: str
    quality: str
    dollars: Decimal


class Prices(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """All prices of a model in US dollars. `tokens` and `long_tokens` by tier; the latter for the whole of a request
    whose input is longer than `long_from` tokens."""

    tokens: dict[str, Rates] = {}
    long_tokens: dict[str, Rates] = {}
    long_from: int = 0
    per_minute: Decimal | None = None
    per_minute_estimate: Decimal | None = None
    per_million_characters: Decimal | None = None
    per_thousand_web_searches: Decimal | None = None
    training_per_million_tokens: Decimal | None = None
    training_per_hour: Decimal | None = None
    pictures: tuple[PicturePrice, ...] = ()


class Card(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is known of one model. None or empty where nobody said.

    `server` is the kind of profile that has it, empty for the provider's own. `is_known`: the catalog or the user's
    file has it. `is_free`: it runs on this computer, nothing is charged.
    `encoding` names the tokenizer. `shares` names the id whose facts these are: the undated model's for a dated
    snapshot, the base's for a tuned model.
    """

    id: str
    kind: str = ""
    server: str = ""
    endpoints: tuple[str, ...] = ()
    max_input: int | None = None
    max_output: int | None = None
    features: frozenset[str] = frozenset()
    efforts: tuple[str, ...] = ()
    default_effort: str = ""
    dimensions: int | None = None
    encoding: str = ""
    shutdown: date | None = None
    replacement: str = ""
    hearing: Hearing | None = None
    prices: Prices = Prices()
    note: str = ""
    source: tuple[str, ...] = ()
    is_known: bool = True
    is_free: bool = False
    shares: str = ""


class Listed(Struct, frozen=True, omit_defaults=True):
    """One entry of a server's list of models. `context` in tokens, where the server names it."""

    id: str
    owned_by: str = ""
    created: int = 0
    shutdown: date | None = None
    context: int | None = None


class Tool(Struct, frozen=True, omit_defaults=True):
    """US dollars of a tool that a server runs itself."""

    per_thousand_calls: Decimal | None = None
    per_session: Decimal | None = None
    per_gb_day: Decimal | None = None
    per_call: Decimal | None = None
    free_gb: Decimal | None = None
    note: str = ""


class Catalog(Struct, frozen=True):
    """Cards by model id, as of a day. `listed` are the server's own models in its order, None if it was never asked.

    `users` are those of the user's file, `own_prices` those with prices of the user's, `only_priced` those of which
    nothing else is known; `server` is the profile's kind.
    """

    as_of: date
    cards: dict[str, Card]
    parameters: dict[str, tuple[Parameter, ...]] = {}
    tools: dict[str, Tool] = {}
    sources: dict[str, str] = {}
    listed: tuple[str, ...] | None = None
    users: tuple[str, ...] = ()
    own_prices: tuple[str, ...] = ()
    only_priced: tuple[str, ...] = ()
    server: str = ""
    all_free: bool = False

    def card(self, model: str) -> Card:
        """The card of a model: by its exact id, without its date, or of the tuned model's base; else an unknown one."""
        found = self._found(model) or Card(id=model, is_known=False)
        return replace(found, is_free=True) if self.all_free and not found.is_free else found

    def _found(self, model: str) -> Card | None:
        if exact := self.cards.get(model):
            return exact
        for other in _relatives(model):
            if shared := self.cards.get(other):
                return replace(shared, id=model, shares=other)
        return None

    def choices(self, family: str, today: date) -> tuple[Card, ...]:
        """Models to offer for a family: the server's list if there is one, else every known one that still answers."""
        endpoint = FAMILIES[family]
        ids = self.listed if self.listed is not None else self._expected(today)
        return tuple(card for model in dict.fromkeys((*ids, *self.users)) if serves(card := self.card(model), endpoint))

    def _expected(self, today: date) -> Iterable[str]:
        """What such a server is known to have; nothing for one that anybody may run."""
        place = SHIPPED_AT.get(self.server)
        for model, card in self.cards.items():
            is_offered = not model.startswith("ft:") and model not in self.only_priced
            if card.server == place and is_offered and not _is_over(card, today):
                yield model


def _relatives(model: str) -> Iterable[str]:
    """Other ids whose facts hold for this one, nearest first; never a mere beginning of the name."""
    if model.startswith("ft:"):
        base = ":".join(model.split(":")[:2])
        yield base
        yield _DATED.sub("", base)
    elif (undated := _DATED.sub("", model)) != model:
        yield undated


def serves(card: Card, endpoint: str) -> bool:
    """Whether a model answers at an endpoint, for all that is known; an unknown model may."""
    if card.endpoints:
        return endpoint in card.endpoints
    return not card.kind or (card.kind == "chat" and endpoint in (CHAT, RESPONSES))


def can_chat(card: Card) -> bool:
    return serves(card, CHAT)


def has(card: Card, feature: str) -> bool | None:
    """Whether the model has a feature; None where nobody knows."""
    return feature in card.features if card.features else None


def fits(tokens: int, card: Card) -> bool | None:
    """Whether so many input tokens go into the model; None where its limit is not known."""
    return None if card.max_input is None else tokens <= card.max_input


def days_left(card: Card, today: date) -> int | None:
    """Days until the model is shut down, negative since; None where no day is named."""
    return None if card.shutdown is None else (card.shutdown - today).days


def _is_over(card: Card, today: date) -> bool:
    left = days_left(card, today)
    return left is not None and left <= 0


def effort(card: Card, values: Mapping[str, object]) -> str:
    """The reasoning effort in force: the one chosen, the model's default; empty for a model that does not reason."""
    chosen = values.get("reasoning_effort")
    if isinstance(chosen, str) and chosen:
        return chosen
    if not card.efforts and not has(card, "reasoning"):
        return ""
    return card.default_effort or (USUAL_EFFORT if len(card.efforts) != 1 else card.efforts[0])


def parameters(
    catalog: Catalog, card: Card, family: str, values: Mapping[str, object], server: str = ""
) -> tuple[Parameter, ...]:
    """The family's parameters for a model: its own choices filled in, and for those that cannot be set the reason.

    `values` are those set now, by name; `server` is the profile's kind. An unknown model has the full form.
    """
    now = Situation(features=card.features, effort=effort(card, values), server=server, values=values)
    return tuple(_for_card(parameter, card, now) for parameter in catalog.parameters.get(family, ()))


def _for_card(parameter: Parameter, card: Card, now: Situation) -> Parameter:
    if parameter.choices_from == "efforts" and card.efforts:
        parameter = replace(parameter, choices=card.efforts, default=card.default_effort or parameter.default)
    if parameter.name in ("max_completion_tokens", "max_tokens") and card.max_output:
        parameter = replace(parameter, maximum=float(card.max_output))
    return replace(parameter, why_not=why_not(parameter, now))


def merge(
    shipped: Catalog, listed: Iterable[Listed] | None, user: Mapping[str, Card], *, server: str = "", free: bool = False
) -> Catalog:
    """One catalog of what we ship, what the server lists and what the user says; the later wins, fact by fact.

    `user` are whole cards, made with `overlaid`. `server` is the profile's kind; `free`: it runs on this computer and
    charges nothing.
    """
    cards = dict(shipped.cards)
    entries = None if listed is None else tuple(listed)
    for entry in entries or ():
        if card := _with_facts(shipped.card(entry.id), entry):
            cards[entry.id] = card
    cards.update(user)
    ids = None if entries is None else tuple(dict.fromkeys(entry.id for entry in entries))
    return replace(shipped, cards=cards, listed=ids, users=tuple(user), server=server, all_free=free)


def _with_facts(card: Card, entry: Listed) -> Card | None:
    """The card with what the server said of it; None where it said nothing new."""
    if entry.shutdown is None and not (entry.context and card.max_input is None):
        return None
    return replace(card, shutdown=entry.shutdown or card.shutdown, max_input=card.max_input or entry.context)


def priced(catalog: Catalog, prices: Mapping[str, Mapping[str, object]]) -> Catalog:
    """The catalog with the user's own prices over those it has, entry by entry; which models are offered stays."""
    own = {model: overlaid(catalog.card(model), {"prices": changes}) for model, changes in prices.items()}
    new = tuple(model for model in own if model not in catalog.cards)
    return replace(catalog, cards={**catalog.cards, **own}, own_prices=(*catalog.users, *own), only_priced=new)


def overlaid(card: Card, changes: Mapping[str, object]) -> Card:
    """A card with some of its facts replaced; raises msgspec.ValidationError that names the place of a wrong one."""
    facts = msgspec.to_builtins(replace(card, is_known=True))
    return msgspec.convert(_laid(facts, {**changes, "id": card.id}), Card)


def _laid(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    laid = dict(under)
    for name, value in over.items():
        below = laid.get(name)
        laid[name] = _laid(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return laid
