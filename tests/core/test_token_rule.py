"""The API's own rule for the tokens of a chat, and the rough count for want of a tokenizer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from desktop.core import tokens


def test_a_chat_is_its_texts_and_three_for_each_message_and_the_request():
    assert tokens.of_chat(["a", "b"], lambda text: 10) == 3 + 2 * (3 + 10)
    assert tokens.of_chat([]) == 3


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_a_rough_count_is_a_quarter_of_the_bytes_rounded_up(text):
    size = len(text.encode("utf-8", "replace"))
    assert size <= tokens.rough(text) * 4 < size + 4
