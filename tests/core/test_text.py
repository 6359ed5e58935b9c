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
    assert text.hidden_count(said) == 0
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


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
WALES = "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbwls") + "\U000e007f"


@pytest.mark.parametrize(
    "written",
    [
        FAMILY,
        "\U0001f469\U0001f3fd\u200d\U0001f680 an astronaut with her own skin",
        "\u2764\ufe0f\u200d\U0001f525 a heart on fire, \u263a\ufe0e plain",
        "\U0001f3f3\ufe0f\u200d\u26a7\ufe0f \U0001f1e9\U0001f1ea flags",
        WALES,
        "1\ufe0f\u20e3 #\ufe0f\u20e3",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: I want
        "\u06f1\u06f4\u06f0\u06f2 \u0647\u200d.\u0634",  # Persian: of a year
        "\u0915\u094d\u200d\u0937 \u0915\u094d\u200c\u0937",  # Hindi: k.sha in two shapes
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3 \u0dbd\u0d82\u0d9a\u0dcf",  # Sinhala: Sri Lanka
        "\u0d05\u0d35\u0d28\u0d4d\u200d he, in Malayalam as it was written",
        "\u845b\U000e0100\u57ce",  # a Japanese name with its own form of the first sign
    ],
)
def test_what_belongs_to_the_writing_stays(written):
    assert text.visible(written) == written
    assert text.hidden_count(written) == 0


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("pay\u200dpal", 1),
        ("pay\u200cpal", 1),
        ("\u200d\U0001f600", 1),  # nothing to join with
        ("\U0001f600\u200da", 1),
        ("\U0001f600\u200d\u200d\U0001f600", 2),
        ("\u0645\u200ca", 1),  # two scripts
        ("\u0645\u200c\u200c\u062e", 2),
        ("\u06f1\u200c\u06f2", 1),  # digits are not shaped
        ("a\ufe0f", 1),
        ("1\ufe0f2", 1),
        ("\U0001f600" + "\ufe01\ufe02", 2),  # bytes behind an emoji
        ("\U0001f600" + "".join(chr(0xE0100 + byte) for byte in b"go"), 2),
        ("\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in "usca") + "\U000e007f", 5),
        (WALES[:-1], 5),
        ("\u202eexe\u202c\u2066x\u2069", 4),
        ("\u3164\u115f\u034f", 3),
    ],
)
def test_joiners_and_selectors_anywhere_else_are_marks(written, count):
    assert text.hidden_count(written) == count
    shown = text.visible(written)
    assert shown.count("‹U+") == count
    assert text.visible(shown) == shown


@given(
    st.text(
        st.sampled_from("ab1\U0001f600\u200d\u200c\ufe0f\ufe00\u0645\u094d\u0915\u845b\U000e0101\u180b\u1820 \n"),
        max_size=40,
    )
)
def test_after_marking_nothing_is_hidden_any_more(raw):
    assert text.hidden_count(text.visible(raw)) == 0
    assert text.visible(raw).count("‹U+") == text.hidden_count(raw)


def test_a_cut_through_a_family_leaves_no_joiner_behind():
    said = text.said("x" * (text.SAID_CHARACTERS - 2) + FAMILY)
    assert said.endswith("\U0001f468 …") and text.hidden_count(said) == 0
