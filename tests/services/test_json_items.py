"""Large JSON by the elements of one list: the right list, all of it, nothing else, however the bytes come."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.errors import BadFile
from desktop.services import json_items
from desktop.services.json_items import elements

TEXTS = st.text(st.sampled_from('ab"\\\\[]{},:é\n'), max_size=12)
OBJECTS = st.dictionaries(
    TEXTS, TEXTS | st.lists(TEXTS, max_size=3) | st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=4
)


def found(content, size, **asked):
    made = elements((content[at : at + size] for at in range(0, len(content), size)), **asked)
    return [json.loads(each.content) if each.content is not None else None for each in made]


@given(OBJECTS, st.lists(OBJECTS, max_size=6), OBJECTS, st.integers(1, 30), st.sampled_from([None, 1]))
def test_the_named_list_is_found_and_only_it(before, wanted, after, size, indent):
    whole = {"before": before, "x": {"items": [{"not": "this"}]}, "items": wanted, "after": after, "more": [{"a": 1}]}
    content = json.dumps(whole, indent=indent).encode()
    assert found(content, size, inside="items") == wanted
    head = json_items.before(io.BytesIO(content), "items", 10_000)
    assert json.loads(head) == {"before": before, "x": whole["x"], "items": []}


def test_what_follows_the_list_is_no_element():
    content = b'{"conversations": [{"id": 1}], "settings": {"id": 2}, "projects": [{"id": 3}]}'
    assert found(content, 1000) == [{"id": 1}]


@pytest.mark.parametrize("end", ["", ",", ", ", ',{"id"', ',{"id": "x'])
@pytest.mark.parametrize("start", ["[", '{"conversations":['])
def test_a_list_that_is_cut_anywhere_is_told(start, end):
    last = list(elements([f'{start}{{"id": 1}}{end}'.encode()]))[-1]
    assert last.is_cut and last.content is None


def test_values_one_after_another_are_never_cut_between():
    assert found(b'{"a": 1}\n{"a": 2}\n', 5) == [{"a": 1}, {"a": 2}]


def test_an_element_over_the_bound_is_passed_over_without_its_bytes():
    content = json.dumps([{"a": "x" * 5000}, {"a": 1}]).encode()
    assert found(content, 100, largest=1000) == [None, {"a": 1}]


def test_a_head_over_the_bound_is_refused():
    with pytest.raises(BadFile):
        json_items.before(io.BytesIO(b'{"a": "' + b"x" * 10_000_000), "items", 1_000_000)


@pytest.mark.parametrize("inside", ["", "items"])
@pytest.mark.parametrize("before", [b'[{"id": 1}, "', b'[{"id": 1}, 1'], ids=["a string", "a number"])
def test_what_is_no_element_is_never_held_whole(inside, before):
    splitter = json_items.Splitter(1000, inside)
    for piece in (before, *[b"1" * 500] * 100):
        assert all(each.content for each in splitter.feed(piece))
        assert len(splitter._walk.held) < 2000
