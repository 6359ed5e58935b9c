"""Text from outside is made harmless and stays readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core import text

ANY = st.text(st.characters(exclude_categories=()), max_size=300)


@given(ANY)
def test_text_becomes_unicode_that_can_be_written(raw):
    kept = text.scalar(raw)
    kept.encode("utf-8")
    assert len(kept) == len(raw)
    assert text.scalar(kept) == kept


def test_only_lone_surrogates_change():
    assert text.scalar("a\ud83d b\U0001f600\0") == "a\ufffd b\U0001f600\0"


@given(ANY)
def test_what_a_server_said_is_short_plain_and_visible(raw):
    said = text.said(raw)
    assert len(said) <= text.SAID_CHARACTERS + 2
    assert len(said.splitlines()) <= text.SAID_LINES
    assert "\x1b" not in said
    assert not text.HIDDEN.search(said)
    said.encode("utf-8")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\0b\x07c\x7fd\x9fe", "abcde"),
        ("line\r\nnext", "line\nnext"),
        ("exe\u202egpj", "exe‹U+202E›gpj"),
        ("zero\u200bwidth\ufeff", "zero‹U+200B›width‹U+FEFF›"),
        ("tag\U000e0041", "tag‹U+E0041›"),
    ],
)
def test_escapes_go_and_hidden_characters_are_shown(raw, said):
    assert text.said(raw) == said


def test_long_words_of_a_server_are_cut():
    assert text.said("x" * 5000) == "x" * 2000 + " …"
    assert text.said("line\n" * 30).splitlines() == ["line"] * 19 + ["line …"]


def test_hidden_characters_are_counted():
    assert text.hidden_count("a\u202eb\u200bc") == 2
    assert text.hidden_count("plain äöü 漢字 \U0001f600") == 0


@pytest.mark.parametrize(
    ("one", "other"), [("Ärger", "arger"), ("STRASSE", "straße"), ("ＦＵＬＬ", "full"), ("é", "e\u0301")]
)
def test_names_compare_as_people_read_them(one, other):
    assert text.folded(one) == text.folded(other)
