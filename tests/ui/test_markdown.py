"""A growing text read in pieces gives the same blocks as the whole, and what is settled stays."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.ui.widgets.highlight import Colouring, lexer
from desktop.ui.widgets.markdown import Kind, Piece, Splitter, split

SAMPLE = """# 1. Intro

Some **bold** text with `code` and a [link](http://x.y), [ref][r1].
soft break. #tag
#notheading

- one
- two with

  para
  - nested `a`
    - deeper
- [x] done
- [ ] open

1. First

   ```python
   def f():
       return 1
   ```
2. Second
3. Third

> A quote
> with *two* lines
>
> > nested

| a | b |
|:--|--:|
| 1 | 2 \\| 3 |

---

```js
const a = 1;

// finished
```

[r1]: https://ref.example.com/x

End.
Setext
======
~~~
tilde
~~~
```sql
SELECT 1
"""


def looks(pieces: list[Piece]) -> list[tuple]:
    """What is seen of pieces; a link defined further down is known only to the whole text."""
    return [
        (p.kind, p.source.partition("\n\n[r1]")[0], p.language, p.level, p.depth, p.quotes, p.marker, p.gap)
        for p in pieces
    ]


def streamed(text: str, size: int) -> list[Piece]:
    splitter = Splitter()
    for start in range(0, len(text), size):
        splitter.feed(text[start : start + size])
    return splitter.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 50, 10_000])
def test_a_text_in_pieces_gives_the_same_blocks(size):
    assert looks(streamed(SAMPLE, size)) == looks(split(SAMPLE))


def test_what_is_settled_never_changes():
    splitter, before = Splitter(), []
    for character in SAMPLE:
        splitter.feed(character)
        assert splitter.settled[: len(before)] == before
        before = list(splitter.settled)
    assert len(before) > 10


LINES = [
    "para",
    "more *words*",
    "# head",
    "- item",
    "  - sub",
    "1. one",
    "```py",
    "code()",
    "```",
    "> quote",
    "",
    "",
    "---",
    "| a |",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=12), st.integers(1, 9))
def test_no_word_is_lost_or_doubled_however_a_text_arrives(lines, size):
    text = "\n".join(lines)
    words = ["para", "more", "head", "item", "sub", "code()", "quote"]
    counts = {word: text.count(word) for word in words}
    shown = "\n".join(piece.source for piece in streamed(text, size))
    assert {word: shown.count(word) for word in words} == counts


class ReadAgain(Splitter):
    """Reads the tail again, also where only its last line has grown."""

    def grown(self, more):
        return None


GROWS = [
    *"-*+#>|=~`[]()!_:.1 ",
    "1. ",
    "- ",
    "    ",
    "\n",
    "\n",
    "\n\n",
    "word",
    " more words",
    "é",
    "`code`",
    "**b** ",
]
GROWS += [
    "[r]: /u",
    "[a][r]",
    "```py\n",
    "\n```\n",
    "\n---\n",
    "a | b",
    "|-|-|",
    "  \n",
    "[x] ",
    "\t",
    "\u00a0",
    "\r\n",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(GROWS), max_size=30))
def test_a_line_that_grows_is_what_reading_it_again_gives(pieces):
    quick, slow = Splitter(), ReadAgain()
    for at, piece in enumerate(pieces):
        quick.feed(piece)
        slow.feed(piece)
        assert (quick.settled, quick.tail) == (slow.settled, slow.tail), "".join(pieces[: at + 1])
    assert quick.finish() == slow.finish()


@pytest.mark.parametrize("size", [1, 3, 7])
def test_each_step_of_a_growing_text_is_what_reading_it_again_gives(size):
    quick, slow = Splitter(), ReadAgain()
    for start in range(0, len(SAMPLE), size):
        quick.feed(SAMPLE[start : start + size])
        slow.feed(SAMPLE[start : start + size])
        assert (quick.settled, quick.tail) == (slow.settled, slow.tail), SAMPLE[: start + size]


def test_the_kinds_and_their_places():
    found = split(SAMPLE)
    assert [p.level for p in found if p.kind is Kind.HEADING] == [1, 1]
    assert [p.marker for p in found if p.marker] == ["•", "•", "•", "•", "☑", "☐", "1.", "2.", "3."]
    assert [(p.language, p.depth) for p in found if p.kind is Kind.CODE] == [
        ("python", 1),
        ("js", 0),
        ("", 0),
        ("sql", 0),
    ]
    assert [p.quotes for p in found if p.quotes] == [1, 2]
    assert next(p for p in found if p.kind is Kind.TABLE).source.startswith("| a | b |\n|:---|---:|\n| 1 | 2 \\| 3 |")


def test_an_unfinished_block_of_code_grows_without_being_read_again():
    splitter = Splitter()
    splitter.feed("```python\na = 1\n")
    assert splitter.tail[-1].is_open
    settled = list(splitter.settled)
    for number in range(200):
        splitter.feed(f"b{number} = 2\n")
        assert splitter.settled == settled
        assert len(splitter.tail) == 1
    assert splitter.tail[0].source.count("\n") >= 200
    splitter.feed("```\n\nAfter.")
    assert [p.kind for p in splitter.finish()] == [Kind.CODE, Kind.PROSE]
    assert not splitter.settled[0].is_open


def test_the_closing_fence_is_not_shown_while_it_arrives():
    splitter = Splitter()
    splitter.feed("```\ncode\n")
    for part in "```":
        splitter.feed(part)
        assert splitter.tail[0].source == "code"


def test_a_language_still_arriving_is_plain():
    assert lexer("pyt") is None
    assert lexer("python") is not None
    assert Colouring("a = 1", "pyt").step() is None


def test_html_is_text():
    found = split("<div>\n\n<script>x</script>\n\n</div>")
    assert {p.kind for p in found} == {Kind.PROSE}


def test_a_heading_that_begins_with_a_number_stays_a_heading():
    assert split("# 1. Intro")[0].source == "# 1. Intro"


def test_links_defined_below_reach_the_block_that_uses_them():
    found = split("See [here][a].\n\nOther words.\n\n[a]: https://example.com/x")
    assert "[a]: <https://example.com/x>" in found[0].source
    assert "example.com" not in found[1].source


def test_a_paragraph_without_end_is_parted_between_words():
    found = split("word " * 5_000)
    assert len(found) > 1 or found[0].kind is Kind.PLAIN
    assert "".join(p.source for p in found).count("word") == 5_000


def test_colouring_is_done_in_pieces_by_the_clock():
    now = [0.0]

    def clock() -> float:
        now[0] += 0.001
        return now[0]

    colouring, steps, last = Colouring("def f(a):\n    return 'x' # y\n" * 200, "python", clock), 0, 0
    while (found := colouring.step(0.004)) is not None:
        steps += 1
        assert len(found) <= 6
        assert all(start >= last for start, _, _ in found)
        last = found[-1][0]
    assert steps > 100


def test_code_that_is_too_long_or_has_a_giant_line_is_not_coloured():
    assert Colouring("x = 1\n" * 50_000, "python").step() is None
    assert Colouring("x" * 3_000, "python").step() is None
