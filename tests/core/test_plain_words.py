"""Markdown in one line becomes words; code, sums and names stay what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.plain_words import FOUND, plain_words
from desktop.ui.library.results import _parts


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("# Heading Some **bold** and *leaning* words", "Heading Some bold and leaning words"),
        ("## A \ue000heron\ue001 ## Another", "A \ue000heron\ue001 Another"),
        ("…the **\ue000heron\ue001** stands, ***still***", "…the \ue000heron\ue001 stands, still"),
        ("- a first item - a second", "a first item - a second"),
        ("…end of it** and `code()` more", "…end of it and code() more"),
        ("and **a beginning of…", "and a beginning of…"),
        ("see [the \ue000page\ue001](https://a.example/b_c), ![a bird](x.png)", "see the \ue000page\ue001, a bird"),
        ("so: ```python x = 1 ``` done", "so: x = 1 done"),
        ("| name | value | | --- | ---: | | one | 1 |", "name · value · one · 1"),
        ("~~gone~~ _so_ it is", "gone so it is"),
        ("before --- after", "before after"),
        ("> quoted words", "quoted words"),
        ("**数据库**怎么用", "数据库怎么用"),
    ],
)  # fmt: skip
def test_marks_go(line, words):
    assert plain_words(line) == words


@pytest.mark.parametrize(
    "line",
    [
        "2**3 and 4**5, a * b * c",
        "__init__ of snake_case_names",
        "f(*args, **kwargs)",
        "a | b, C# and issue #12",
        "x > 3 - 1 … 5) that",
        "found in [the page](https://example.com/\ue000heron\ue001)",
        "",
    ],
)
def test_what_may_be_meant_stays(line):
    assert plain_words(line) == line


@given(st.text(st.sampled_from("ab *_`~#|-[]()!>\ue000\ue001…1. "), max_size=80))
def test_whatever_comes_what_was_found_stays_marked(line):
    words = plain_words(line)
    assert [words.count(mark) for mark in FOUND] == [line.count(mark) for mark in FOUND]
    assert len(words) <= 2 * len(line) + 3


def test_a_long_line_of_marks_takes_no_time():
    for piece in ("**", "*a", "`", "[", "|---", "_a ", "~~", "!["):
        plain_words(piece * 400)


def test_the_library_draws_words_and_marks_what_was_found():
    assert _parts("## The **\ue000heron\ue001** `stands`") == [(False, "The "), (True, "heron"), (False, " stands")]
