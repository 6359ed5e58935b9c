"""A key that comes back in a text, in however many pieces, never shows 12 of its characters in a row."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from key_scan import finds

from desktop.core.secret import MASK, Redactor, Secret

KEY = "sk-proj-Zq8vT3mK1xR7nB5wL9cDfG2h"
FORMS = (KEY, KEY[4:20], KEY[::-1], KEY.encode().hex(), base64.b64encode(b"Bearer " + KEY.encode()).decode())


@pytest.fixture(scope="module")
def redactor():
    made = Redactor()
    made.learn(Secret(KEY))
    return made


@given(st.text(max_size=30), st.sampled_from(FORMS), st.text(max_size=30), st.lists(st.integers(1, 40), max_size=30))
def test_a_key_in_pieces_never_shows_twelve_of_its_characters(redactor, before, form, after, cuts):
    before, after = before + " ", " " + after  # or they may go on with the key
    text, shown, running = before + form + after, "", redactor.running()
    for cut in [*cuts, len(text)]:
        shown, text = shown + running.feed(text[:cut]), text[cut:]
    assert finds(KEY, shown) == []
    assert shown.startswith(before) and shown.endswith(after)
    assert shown.count(MASK) == 1 + before.count(MASK) + after.count(MASK)


@given(st.lists(st.text(max_size=40), max_size=10))
def test_other_text_in_pieces_stays_the_same_object(redactor, pieces):
    running = redactor.running()
    assert all(running.feed(piece) is piece for piece in pieces)


@given(st.binary(max_size=60), st.sampled_from(FORMS), st.binary(max_size=60))
def test_bytes_lose_a_key_and_nothing_else(redactor, before, form, after):
    before, after = before + b" ", b" " + after  # or they may go on with the key
    clean = redactor.clean_bytes(before + form.encode() + after)
    assert finds(KEY, clean) == []
    assert clean.startswith(before) and clean.endswith(after) and MASK.encode() in clean
    assert redactor.clean_bytes(before) == before


def test_short_keys_are_words_that_a_reply_may_use():
    made = Redactor()
    made.learn(Secret("ollama"))
    assert made.running().feed("ollama serve") == "ollama serve"
    assert made.clean_bytes(b"ollama serve") == b"ollama serve"


def test_looking_through_eight_megabytes_holds_nobody_up(redactor):
    data = b'data: {"choices":[{"index":0,"delta":{"content":"word "}}]}\n\n' * 135_000
    begun = time.process_time()
    assert redactor.clean_bytes(data) is data
    assert time.process_time() - begun < 1.0
