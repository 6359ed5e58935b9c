"""The laws of conversation trees."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core import conversation
from desktop.core.conversation import Message, Reasoning, Refusal, Role, State, Text

NAMES = [f"{number:03}" for number in range(40)]


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str | None]:
    """Message ids to parents, each parent older than its child; several roots."""
    parents: dict[str, str | None] = {}
    for name in NAMES[: draw(st.integers(1, len(NAMES)))]:
        parents[name] = draw(st.sampled_from([None, *parents]))
    return parents


ANY_GRAPH = st.dictionaries(st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES), min_size=1)


@given(trees(), st.data())
def test_a_path_goes_from_a_root_to_its_message(parents, data):
    head = data.draw(st.sampled_from(sorted(parents)))
    path = conversation.path_to(head, parents)
    assert path[-1] == head
    assert parents[path[0]] is None
    assert all(parents[child] == parent for parent, child in itertools.pairwise(path))


@given(ANY_GRAPH, st.sampled_from(NAMES))
def test_a_path_ends_also_in_a_broken_tree(parents, head):
    path = conversation.path_to(head, parents)
    assert len(set(path)) == len(path)
    assert set(path) <= parents.keys()


def test_the_path_to_nothing_is_empty():
    assert conversation.path_to(None, {"a": None}) == []
    assert conversation.path_to("gone", {"a": None}) == []


@given(trees())
def test_every_message_is_the_child_of_one_parent(parents):
    children = conversation.children_of(parents)
    assert sorted(child for group in children.values() for child in group) == sorted(parents)
    assert all(group == sorted(group) for group in children.values())


@given(trees(), st.data())
def test_branches_are_counted_from_one_and_linked_both_ways(parents, data):
    message = data.draw(st.sampled_from(sorted(parents)))
    siblings = conversation.children_of(parents)[parents[message]]
    branch = conversation.branch_of(message, siblings)
    assert branch.of == len(siblings)
    assert siblings[branch.number - 1] == message
    if branch.after is not None:
        assert conversation.branch_of(branch.after, siblings).before == message
    assert (branch.before is None) == (branch.number == 1)
    assert (branch.after is None) == (branch.number == branch.of)


@given(trees(), st.data())
def test_the_newest_leaf_is_below_and_has_no_children(parents, data):
    message = data.draw(st.sampled_from(sorted(parents)))
    children = conversation.children_of(parents)
    leaf = conversation.newest_leaf(message, children)
    assert leaf not in children
    path = conversation.path_to(leaf, parents)
    assert message in path
    below = path[path.index(message) :]
    assert all(children[parent][-1] == child for parent, child in itertools.pairwise(below))


def test_the_newest_leaf_of_a_circle_is_found_too():
    assert conversation.newest_leaf("a", {"a": ["b"], "b": ["a"]}) in ("a", "b")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("What is rain?", "What is rain?"),
        ("\n\n  ## Heading **\nmore", "Heading"),
        ("a  b\tc", "a b c"),
        ("", ""),
        ("\n#\n", ""),
        ("word " * 30, "word word word word word word word word word word word word…"),
        ("x" * 100, "x" * 60 + "…"),
    ],
)
def test_a_title_is_the_first_line_cut_between_words(text, title):
    assert conversation.title_from(text) == title


@given(st.text(max_size=300))
def test_a_title_is_one_short_line(text):
    title = conversation.title_from(text)
    assert len(title) <= 61
    assert len(title.splitlines()) <= 1


def test_a_message_is_read_by_what_it_says():
    message = Message("a", Role.ASSISTANT, (Reasoning("hm"), Text("one"), Refusal(" no"), Reasoning("hm")))
    assert message.text == "one no"
    assert message.reasoning == "hmhm"
    assert conversation.plain([message]) == "Assistant:\none no"


@pytest.mark.parametrize("state", State)
def test_only_what_was_broken_off_can_go_on(state):
    assert state.can_continue is (state in (State.CUT, State.STOPPED, State.LENGTH))
