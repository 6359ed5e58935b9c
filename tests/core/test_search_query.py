"""The search line: nothing typed is a mistake, what is not understood is told, quoting and completing round-trip."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.search_query import FILTERS, Known, complete, parse, quoted

NOW = datetime(2026, 3, 31, 15, 30)
KNOWN = Known(
    models=("gpt-4o", "gpt-4o-mini", "o3"), tags=("Work", "with blank"), folders=("My work",), pages=("chat",)
)
PIECES = [*(f"{name}:" for name in FILTERS), '"', "-", "\\", ":", " ", "7d", "2025-13", ">0.01", "a", "é", "数", "\0"]


def us(*day: int) -> int:
    return round(datetime(*day).timestamp()) * 1_000_000


def filters(line: str):
    return [(f.name, f.value, f.is_not) for f in parse(line, NOW).filters]


def test_words_phrases_and_what_to_leave_out_are_told_apart():
    line = parse('cat "a b" -dog dra* -"c d" --offline - ', NOW)
    assert line.words == 'cat "a b" dra* --offline - '
    assert line.without == ("dog", '"c d"')
    assert line.filters == () and line.problems == ()


def test_a_word_that_is_still_typed_stays_at_the_end():
    assert parse("tag:x zeb").words == "zeb"
    assert parse("zeb tag:x").words == "zeb "


def test_filters_with_their_values_in_any_place_and_case():
    assert filters('a MODEL:gpt-4o -tag:"two words" has:sound folder:"My \\"own\\" \\\\ work" b') == [
        ("model", "gpt-4o", False),
        ("tag", "two words", True),
        ("has", "audio", False),
        ("folder", 'My "own" \\ work', False),
    ]
    assert parse('model:"gpt-4o" model:gpt').filters[0].is_exact
    assert not parse('model:"gpt-4o" model:gpt').filters[1].is_exact


@pytest.mark.parametrize(
    ("line", "since", "until"),
    [
        ("on:2025", us(2025, 1, 1), us(2026, 1, 1)),
        ("on:2025-12", us(2025, 12, 1), us(2026, 1, 1)),
        ("on:2025-03-01", us(2025, 3, 1), us(2025, 3, 2)),
        ("on:today", us(2026, 3, 31), us(2026, 4, 1)),
        ("on:yesterday", us(2026, 3, 30), us(2026, 3, 31)),
        ("after:2025-03", us(2025, 3, 1), None),
        ("before:2025-03", None, us(2025, 3, 1)),
        ("after:7d", us(2026, 3, 24), None),
        ("after:2w", us(2026, 3, 17), None),
        ("after:1m", us(2026, 2, 28), None),
        ("before:1y", None, us(2025, 3, 31)),
    ],
)
def test_dates_and_ages(line, since, until):
    (found,) = parse(line, NOW).filters
    assert (found.since, found.until) == (since, until)


@pytest.mark.parametrize(
    ("line", "than", "pico"),
    [
        ("cost:>0.01", ">", 10_000_000_000),
        ("cost:<=$2", "<=", 2_000_000_000_000),
        ("cost:<0,5", "<", 500_000_000_000),
        ("cost:>999999999999", ">", 2**63 - 1),
    ],
)
def test_money_in_dollars(line, than, pico):
    (found,) = parse(line, NOW).filters
    assert (found.than, found.cost_pico) == (than, pico)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("on:2025-02-30", "not a date"),
        ("before:0", "not a date"),
        ("after:9999y", "not a date"),
        ("cost:cheap", "dollars"),
        ("cost:>1.2.3", "dollars"),
        ("has:fun", "one of: image, audio"),
        ("role:boss", "one of: system"),
        ("is:", "Behind “is:”"),
        ("modle:gpt", "Did you mean “model:”?"),
    ],
)
def test_what_is_not_understood_is_told_with_its_place_and_the_rest_works(line, part):
    found = parse(f"cat {line} tag:x", NOW)
    (problem,) = found.problems
    assert part in problem.sentence
    assert (problem.start, problem.end) == (4, 4 + len(line))
    assert [f.name for f in found.filters] == ["tag"]
    assert found.words.startswith("cat")


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=12).map("".join))
@settings(max_examples=400, deadline=None)
def test_no_line_is_a_mistake_and_all_places_are_inside_it(text):
    line = parse(text, NOW)
    for place in (*line.filters, *line.problems):
        assert 0 <= place.start < place.end <= len(text)
    for cursor in (0, len(text) // 2, len(text), len(text) + 5):
        choices = complete(text, cursor, KNOWN)
        assert 0 <= choices.start <= choices.end <= len(text)


@given(st.text(min_size=1, max_size=30).filter(lambda value: value.strip()))
@settings(max_examples=300, deadline=None)
def test_a_quoted_value_comes_back_as_it_was(value):
    value = value.encode("utf-8", "replace").decode()
    line = parse(f"a -folder:{quoted(value)} b", NOW)
    assert [(f.value, f.is_not) for f in line.filters] == [(value, True)]
    assert line.words == "a b"


@pytest.mark.parametrize(
    ("text", "cursor", "choices"),
    [
        ("cat ta", 6, ("tag:",)),
        ("-ta", 3, ("-tag:",)),
        ("tag:w", 5, ("tag:Work", 'tag:"with blank"')),
        ("tag:OR", 6, ("tag:Work",)),
        ("model:gpt cat", 9, ("model:gpt-4o", "model:gpt-4o-mini")),
        ('folder:"My', 10, ('folder:"My work"',)),
        ("has:co", 6, ("has:code",)),
        ("cat", 3, ()),
    ],
)
def test_completions_stand_for_the_whole_word_at_the_cursor(text, cursor, choices):
    found = complete(text, cursor, KNOWN)
    assert found.choices == choices
    if choices:
        assert text[found.start : found.end] in text.split(" ")


def test_nothing_typed_offers_every_filter():
    assert complete("cat ", 4, KNOWN).choices == tuple(f"{name}:" for name in FILTERS)


def test_a_completed_filter_says_what_was_chosen():
    for name, value in (("tag", "with blank"), ("folder", "My work"), ("model", "o3")):
        choice = next(c for c in complete(f"{name}:", len(name) + 1, KNOWN).choices if value in c)
        assert filters(choice) == [(name, value, False)]
