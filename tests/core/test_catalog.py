"""The catalog's rules, and the shipped file held against its sources."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop import paths
from desktop.core import catalog
from desktop.core.catalog import CHAT, Card, Catalog, Listed, Prices, Rates
from desktop.core.parameters import Type

TODAY = date(2026, 11, 22)
SHIPPED = msgspec.json.decode(paths.resource("models.json").read_bytes(), type=Catalog)


def small(**cards: Card) -> Catalog:
    return Catalog(as_of=TODAY, cards={card.id: card for card in cards.values()})


TREE = small(
    plain=Card(id="m-1", kind="chat", max_input=100),
    newer=Card(id="m-1.5", kind="chat", max_input=200),
    dated=Card(id="m-1-2026-01-02", kind="chat", max_input=300),
    tuned=Card(id="ft:m-1", kind="chat", max_input=400),
)


def chosen(values: dict[str, object], card: Card, server: str = "openai") -> dict[str, str]:
    """Name of each parameter to why it cannot be set."""
    return {p.name: p.why_not for p in catalog.parameters(SHIPPED, card, "chat", values, server)}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("m-1", 100),
        ("m-1.5", 200),
        ("m-1-2026-01-02", 300),
        ("m-1-2026-09-09", 100),
        ("ft:m-1:acme::abc", 400),
        ("ft:m-1-2026-01-02:acme::abc", 400),
        ("ft:m-1.5:acme::abc", None),
        ("m-1-mini", None),
        ("m-", None),
        ("m-1-2026", None),
        ("M-1", None),
        ("", None),
    ],
)
def test_a_card_is_found_by_exact_id_date_or_base_and_never_by_a_mere_beginning(asked, found):
    card = TREE.card(asked)
    assert (card.id, card.max_input, card.is_known) == (asked, found, found is not None)


def test_a_card_found_by_a_relative_names_it():
    assert TREE.card("m-1-2026-09-09").shares == "m-1"
    assert TREE.card("m-1").shares == ""


@given(st.text(max_size=30))
def test_any_name_has_a_card(name):
    assert TREE.card(name).id == name


def test_an_unknown_model_has_the_full_form():
    card = SHIPPED.card("somebody/else:13b")
    because_of_others = {
        "stream_options",
        "top_logprobs",
        "tool_choice",
        "parallel_tool_calls",
        "function_call",
        "audio",
    }
    blocked = {name for name, why in chosen({}, card, "compatible").items() if why}
    assert blocked == because_of_others
    assert catalog.can_chat(card)
    assert catalog.fits(10**9, card) is None
    assert catalog.days_left(card, TODAY) is None


def test_sampling_is_off_while_a_model_reasons():
    card = Card(id="r", kind="chat", features=frozenset({"reasoning"}), efforts=("none", "low"), default_effort="none")
    sampling = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs")
    assert not any(chosen({}, card)[name] for name in sampling)
    assert all(chosen({"reasoning_effort": "low"}, card)[name] for name in sampling)
    always = msgspec.structs.replace(card, efforts=("low", "high"), default_effort="")
    assert all(chosen({}, always)[name] for name in sampling)
    assert chosen({}, always)["stop"]


def test_a_model_that_does_not_reason_has_sampling_and_no_effort():
    card = Card(id="s", kind="chat", features=frozenset({"tools"}))
    assert chosen({}, card)["temperature"] == ""
    assert chosen({}, card)["reasoning_effort"]
    assert chosen({}, card)["verbosity"]


def test_tools_in_a_chat_follow_the_card():
    never = Card(id="n", kind="chat", features=frozenset({"tools", "reasoning", "tools_only_in_responses"}))
    some = Card(
        id="s", kind="chat", features=frozenset({"tools", "reasoning", "tools_without_effort"}), efforts=("none", "low")
    )
    assert "Responses" in chosen({"reasoning_effort": "none"}, never)["tools"]
    assert chosen({"reasoning_effort": "low"}, some)["tools"]
    assert chosen({"reasoning_effort": "none"}, some)["tools"] == ""
    assert chosen({}, Card(id="x", kind="chat", features=frozenset({"stream"})))["tools"]


def test_the_server_decides_the_name_of_the_longest_reply():
    card = Card(id="x")
    by_server = {
        server: chosen({}, card, server) for server in ("openai", "azure", "ollama", "lm-studio", "compatible")
    }
    offered = {
        server: [name for name in ("max_completion_tokens", "max_tokens") if not why[name]]
        for server, why in by_server.items()
    }
    assert offered == {
        "openai": ["max_completion_tokens"],
        "azure": ["max_completion_tokens"],
        "ollama": ["max_tokens"],
        "lm-studio": ["max_tokens"],
        "compatible": ["max_completion_tokens", "max_tokens"],
    }


def test_efforts_and_the_longest_reply_come_from_the_card():
    card = Card(id="x", features=frozenset({"reasoning"}), efforts=("low", "max"), max_output=77)
    by_name = {p.name: p for p in catalog.parameters(SHIPPED, card, "chat", {})}
    assert by_name["reasoning_effort"].choices == ("low", "max")
    assert by_name["max_completion_tokens"].maximum == 77
    assert by_name["top_logprobs"].why_not  # needs logprobs
    with_them = {p.name: p for p in catalog.parameters(SHIPPED, Card(id="y"), "chat", {"logprobs": True})}
    assert with_them["top_logprobs"].is_enabled


def test_a_server_that_was_asked_decides_what_is_offered():
    shipped = small(
        chat=Card(id="talks", kind="chat"),
        picture=Card(id="draws", kind="image_generation", endpoints=("/v1/images/generations",)),
        over=Card(id="gone", kind="chat", shutdown=date(2026, 11, 22)),
        tuned=Card(id="ft:talks", kind="chat"),
    )
    assert [c.id for c in shipped.choices("chat", TODAY)] == ["talks"]
    merged = catalog.merge(shipped, [Listed("new"), Listed("draws"), Listed("gone"), Listed("new")], {})
    assert [c.id for c in merged.choices("chat", TODAY)] == ["new", "gone"]
    assert catalog.merge(shipped, [], {}).choices("chat", TODAY) == ()


def test_a_server_that_was_not_asked_is_expected_to_have_what_its_kind_has():
    shipped = small(cloud=Card(id="cloud", kind="chat"), here=Card(id="here", kind="chat", server="local"))
    user = {"mine": Card(id="mine")}
    offered = {
        server: [c.id for c in catalog.merge(shipped, None, user, server=server).choices("chat", TODAY)]
        for server in ("openai", "environment", "local", "ollama", "compatible")
    }
    assert offered == {
        "openai": ["cloud", "mine"],
        "environment": ["cloud", "mine"],
        "local": ["here", "mine"],
        "ollama": ["mine"],
        "compatible": ["mine"],
    }


def test_the_server_and_then_the_user_have_the_last_word():
    shipped = small(a=Card(id="a", kind="chat", max_input=5, note="ours"))
    listed = [Listed("a", shutdown=date(2027, 1, 1), context=9), Listed("b", context=4096)]
    user = {"a": catalog.overlaid(shipped.card("a"), {"note": "mine"}), "z": Card(id="z")}
    merged = catalog.merge(shipped, listed, user)
    assert merged.card("a").note == "mine"
    assert catalog.merge(shipped, listed, {}).card("a").shutdown == date(2027, 1, 1)
    assert catalog.merge(shipped, listed, {}).card("a").max_input == 5
    assert catalog.fits(4097, merged.card("b")) is False
    assert catalog.fits(4096, merged.card("b")) is True
    assert merged.listed == ("a", "b")
    assert [c.id for c in merged.choices("chat", TODAY)] == ["a", "b", "z"]
    assert shipped.cards.keys() == {"a"}


def test_an_overlay_changes_only_what_it_names():
    card = Card(id="a", max_input=5, prices=Prices(tokens={"standard": Rates(input=Decimal(2), output=Decimal(3))}))
    laid = catalog.overlaid(card, {"id": "other", "prices": {"tokens": {"standard": {"input": "1.5"}}}})
    assert laid.id == "a"
    assert laid.max_input == 5
    assert laid.prices.tokens["standard"] == Rates(input=Decimal("1.5"), output=Decimal(3))
    with pytest.raises(msgspec.ValidationError, match=re.escape("$.prices.tokens[...].input")):
        catalog.overlaid(card, {"prices": {"tokens": {"standard": {"input": "cheap"}}}})
    with pytest.raises(msgspec.ValidationError, match="colour"):
        catalog.overlaid(card, {"colour": "red"})


def test_a_free_catalog_makes_every_card_free():
    free = catalog.merge(TREE, None, {}, free=True)
    assert free.card("m-1").is_free
    assert free.card("whatever").is_free
    assert not TREE.card("m-1").is_free


def test_days_left_count_down_to_the_shutdown():
    card = Card(id="x", shutdown=date(2026, 12, 1))
    assert catalog.days_left(card, TODAY) == 9
    assert catalog.days_left(card, date(2026, 12, 3)) == -2


def test_the_shipped_file_is_what_the_script_makes_of_the_table(prices):
    assert SHIPPED.as_of == date.fromisoformat(prices["as_of"])
    offered = {name for name, raw in prices["models"].items() if raw["kind"] != "video_generation"}
    own = {card.id for card in SHIPPED.cards.values() if card.server == "local"}
    assert SHIPPED.cards.keys() - own == offered
    for name, raw in prices["models"].items():
        if name not in offered:
            continue
        card = SHIPPED.cards[name]
        assert card.max_input == raw.get("max_input")
        assert list(card.efforts) == raw.get("reasoning_efforts", [])
        assert (card.shutdown.isoformat() if card.shutdown else None) == raw.get("shutdown")
        for tier, rates in (raw.get("per_million_tokens") or {}).items():
            short, is_long, _ = tier.partition("_over_")
            kept = (card.prices.long_tokens if is_long else card.prices.tokens)[short]
            ours = {unit: value for unit in rates if (value := getattr(kept, unit)) is not None}
            assert ours == {unit: Decimal(str(dollars)) for unit, dollars in rates.items()}


def test_every_model_has_its_source():
    assert [card.id for card in SHIPPED.cards.values() if not card.source] == []
    assert SHIPPED.sources


def test_models_of_the_responses_api_alone_cannot_chat():
    alone = [c for c in SHIPPED.cards.values() if "/v1/responses" in c.endpoints and CHAT not in c.endpoints]
    assert alone
    assert not any(catalog.can_chat(card) for card in alone)


def test_every_chat_parameter_of_the_description_is_in_the_catalog(spec):
    properties: set[str] = set()
    schemas = [spec.spec["components"]["schemas"]["CreateChatCompletionRequest"]]
    while schemas:
        schema = schemas.pop()
        if reference := schema.get("$ref"):
            schema = spec.spec["components"]["schemas"][reference.rpartition("/")[2]]
        properties |= schema.get("properties", {}).keys()
        schemas += schema.get("allOf", [])
    ours = {parameter.name for parameter in SHIPPED.parameters["chat"]}
    assert properties
    assert properties - ours == set()


def test_every_chat_parameter_of_the_table_is_in_the_catalog(papers):
    described = papers / "ENDPOINTS.md"
    section = described.read_text(encoding="utf-8").split("### POST /chat/completions")[1].split("Stream chunks:")[0]
    named = re.findall(r"^\| \**([a-z_]+)\**(?: \(deprecated\))? \|", section, re.MULTILINE)
    assert len(named) > 35
    assert set(named) - {"parameter"} - {p.name for p in SHIPPED.parameters["chat"]} == set()


def test_parameters_are_well_formed():
    for parameter in SHIPPED.parameters["chat"]:
        assert parameter.label
        assert parameter.group
        assert parameter.help.endswith(".")
        assert bool(parameter.choices) == (parameter.type is Type.CHOICE), parameter.name
        for rule in parameter.rules:
            assert rule.why.endswith(".")
            assert any(getattr(rule, name) for name in rule.__struct_fields__[1:]), "a rule without a condition"


def test_no_rule_of_the_application_names_a_model():
    names = [name for name, card in SHIPPED.cards.items() if len(name) > 4 and not card.server]
    for path in Path(catalog.__file__).parents[1].rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert [name for name in names if f'"{name}"' in text or f"'{name}'" in text] == [], path
