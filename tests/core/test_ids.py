"""Ids: ours sort by time, those of servers are safe in a path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.errors import BadReply
from desktop.core.ids import new_id, wire_id


def test_ids_are_26_characters_that_sort_in_the_order_they_were_made():
    made = [new_id() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {26}


@pytest.mark.parametrize("good", ["file-abc123", "ft:gpt:org::x", "a", "chatcmpl_1.2-3", "a" * 200])
def test_ids_of_servers_are_taken(good):
    assert wire_id(good) == good


@pytest.mark.parametrize(
    "bad", ["", ".", "..", "...", "a/b", "../x", "a\\b", "a b", "a\n", "é", "%2e", "a?b", "a#b", "a" * 201, "a\0"]
)
def test_ids_that_could_leave_their_path_are_refused(bad):
    with pytest.raises(BadReply):
        wire_id(bad)


@given(st.text(max_size=30))
def test_no_id_ever_has_a_sign_that_means_something_in_a_path(text):
    try:
        kept = wire_id(text)
    except BadReply:
        return
    assert not set(kept) & set("/\\?#% \n\0")
    assert kept.strip(".")
