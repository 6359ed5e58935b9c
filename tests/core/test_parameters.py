"""Values typed into a form, as they are sent."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core import parameters
from desktop.core.errors import BadInput
from desktop.core.parameters import Parameter, Rule, Situation, Type


def of(type_: Type, **more: object) -> Parameter:
    return Parameter(name="p", label="Thing", type=type_, group="G", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (of(Type.NUMBER), " 0.5 ", 0.5),
        (of(Type.NUMBER), "0,5", 0.5),
        (of(Type.INTEGER), "-7", -7),
        (of(Type.FLAG), "false", False),
        (of(Type.CHOICE, choices=("a", "b")), "b", "b"),
        (of(Type.CHOICE), "anything", "anything"),
        (of(Type.TEXTS), "one\n\ntwo", ["one", "two"]),
        (of(Type.JSON), '{"a": [1]}', {"a": [1]}),
        (of(Type.TEXT), "", None),
        (of(Type.NUMBER, minimum=0, maximum=2), "2", 2.0),
    ],
)
def test_typed_text_becomes_a_value(parameter, text, value):
    assert parameters.parsed(parameter, text) == value


@pytest.mark.parametrize(
    ("parameter", "text", "says"),
    [
        (of(Type.NUMBER), "nan", "no number"),
        (of(Type.NUMBER), "inf", "no number"),
        (of(Type.NUMBER, maximum=2), "2.1", "at most 2"),
        (of(Type.INTEGER, minimum=1), "0", "at least 1"),
        (of(Type.INTEGER), "1.5", "no whole number"),
        (of(Type.INTEGER), "٣", "no whole number"),
        (of(Type.FLAG), "yes", "true or false"),
        (of(Type.CHOICE, choices=("a", "b")), "c", "a, b"),
        (of(Type.TEXTS, longest=1), "one\ntwo", "at most 1 entries"),
        (of(Type.TEXT, longest=3), "four", "at most 3 characters"),
        (of(Type.JSON), '{"a":\n}', "line 2"),
        (of(Type.JSON), "[" * 100_000, "no JSON"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_name(parameter, text, says):
    with pytest.raises(BadInput, match=r"^Thing: ") as refused:
        parameters.parsed(parameter, text)
    assert says in refused.value.summary


@given(st.sampled_from(list(Type)), st.text())
def test_any_text_is_a_value_or_a_known_error(type_, text):
    with contextlib.suppress(BadInput):
        parameters.parsed(of(type_), text)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (0, True),
        (0.0, True),
        ("x", True),
        (True, True),
        (False, False),
        (None, False),
        ("", False),
        ([], False),
        ({}, False),
    ],
)
def test_zero_is_a_value_and_an_empty_field_is_none(value, sent):
    assert parameters.is_set(value) is sent


def test_a_rule_holds_only_with_all_its_conditions():
    rule = Rule(why="No.", feature="reasoning", effort_not="none", server=("openai",))
    there = Situation(features=frozenset({"reasoning"}), effort="low", server="openai", values={})
    assert parameters.holds(rule, there)
    for change in ({"features": frozenset({"tools"})}, {"effort": "none"}, {"server": "ollama"}, {"effort": ""}):
        facts = {"features": there.features, "effort": "low", "server": "openai", "values": {}, **change}
        assert not parameters.holds(rule, Situation(**facts)), change
