"""A key is never shown, in whichever disguise text brings it along."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
import random
import string
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.errors import BadKey
from desktop.core.secret import MASK, SHORTEST_PART, Redactor, Secret

KEY = "sk-proj-" + "".join(random.Random(7).choices(string.ascii_letters + string.digits + "-_", k=40))

DISGUISES = {
    "as it is": KEY,
    "in a header": f"Authorization: Bearer {KEY}",
    "in JSON": json.dumps({"key": KEY}),
    "as a Python value": repr({"key": KEY}),
    "in a URL": "https://h/?k=" + urllib.parse.quote(KEY, safe=""),
    "in HTML": html.escape(f"<b>{KEY}</b>"),
    "in base64": base64.b64encode(KEY.encode()).decode(),
    "in base64 of basic authorization": base64.b64encode(f"user:{KEY}".encode()).decode(),
    "in base64 one byte in": base64.b64encode(f"x{KEY}y".encode()).decode(),
    "in base64 for URLs": base64.urlsafe_b64encode(f"ab{KEY}".encode()).decode(),
    "in hex": KEY.encode().hex(),
    "in upper-case hex": KEY.encode().hex().upper(),
    "reversed": KEY[::-1],
    "cut at the end": f"{KEY[:30]}",
    "cut at the start": f"{KEY[-20:]} is wrong",
    "its middle": f"...{KEY[10:34]}...",
    "in a path": f"/tmp/{KEY}/x",
    "twice": f"{KEY} {KEY}",
    "run together": f"{KEY}{KEY}",
}


@pytest.fixture(scope="module")
def redactor():
    made = Redactor()
    made.learn(Secret(KEY))
    return made


def parts_of(text: str) -> set[str]:
    return {text[at : at + SHORTEST_PART] for at in range(len(text) - SHORTEST_PART + 1)}


FORBIDDEN = parts_of(KEY) | parts_of(KEY[::-1]) | parts_of(KEY.encode().hex()) | parts_of(KEY.encode().hex().upper())


@pytest.mark.parametrize("text", DISGUISES.values(), ids=DISGUISES.keys())
def test_a_key_in_any_disguise_is_taken_out(redactor, text):
    cleaned = redactor.clean(text)
    assert MASK in cleaned
    assert not parts_of(cleaned) & FORBIDDEN
    for coding in (base64.b64decode, base64.urlsafe_b64decode):
        for word in cleaned.replace(MASK, " ").split():
            try:
                said = coding(word + "=" * (-len(word) % 4))
            except ValueError:
                continue
            assert not parts_of(said.decode("latin-1")) & parts_of(KEY)


@pytest.mark.parametrize("text", ["", "nothing here", "sk-proj-", KEY[:11], "a" * 5000, "…"])
def test_other_text_stays_as_it_is(redactor, text):
    assert redactor.clean(text) == text


def test_what_stands_around_a_key_stays(redactor):
    assert redactor.clean(f"before {KEY} after") == f"before {MASK} after"
    assert redactor.clean(f'{{"key":"{KEY}"}}') == f'{{"key":"{MASK}"}}'


@given(st.text(string.printable, max_size=60), st.text(string.printable, max_size=60), st.integers(0, 36))
def test_no_part_of_a_key_survives_in_any_text(before, after, start):
    redactor = Redactor()
    redactor.learn(Secret(KEY))
    cleaned = redactor.clean(before + KEY[start : start + SHORTEST_PART] + after)
    assert not parts_of(cleaned) & parts_of(KEY)


def test_every_key_it_was_told_is_taken_out():
    redactor = Redactor()
    others = [f"key-number-{number}-{'x' * 20}{number}" for number in range(5)]
    for other in others:
        redactor.learn(Secret(other))
    assert redactor.clean(" ".join(others)) == " ".join([MASK] * 5)


def test_a_short_key_is_taken_out_whole():
    redactor = Redactor()
    redactor.learn(Secret("abc123"))
    assert redactor.clean("key=abc123;") == f"key={MASK};"


def test_cleaning_a_large_text_grows_with_its_length_only(redactor):
    text = ("x" * 79 + "\n") * 20_000
    assert redactor.clean(text + KEY) == text + MASK


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r}".format, lambda secret: f"{secret}"])
def test_a_secret_shows_four_characters_at_most(show):
    shown = show(Secret(KEY))
    assert KEY[-4:] in shown
    assert KEY[-5:] not in shown
    assert KEY[:8] not in shown


def test_a_short_secret_shows_nothing():
    assert str(Secret("hunter2")) == MASK


def test_a_secret_is_not_written_by_pickle_copy_or_json():
    secret = Secret(KEY)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    assert not hasattr(secret, "__dict__")


def test_secrets_compare_by_value_and_not_with_text():
    assert Secret(KEY) == Secret(KEY)
    assert hash(Secret(KEY)) == hash(Secret(KEY))
    assert Secret(KEY) != Secret(KEY + "x")
    assert Secret(KEY) != KEY
    assert Secret(KEY).reveal() == KEY


@pytest.mark.parametrize("pasted", [f" {KEY}\n", f"\t{KEY}", f"\r\n{KEY} ", f"\u00a0{KEY}"])
def test_blanks_around_a_pasted_key_are_dropped(pasted):
    assert Secret.pasted(pasted).reveal() == KEY


@pytest.mark.parametrize(
    "pasted", ["", "   ", f"{KEY[:10]} {KEY[10:]}", f"{KEY}\nX-Evil: 1", f"{KEY}\0", "ключ", f"{KEY}\u200b", "“key”"]
)
def test_a_key_with_impossible_characters_is_refused_without_repeating_it(pasted):
    with pytest.raises(BadKey) as refused:
        Secret.pasted(pasted)
    said = f"{refused.value!r} {refused.value.summary} {refused.value.advice}"
    assert not pasted.strip() or pasted.strip() not in said
    assert not parts_of(said) & parts_of(KEY)
