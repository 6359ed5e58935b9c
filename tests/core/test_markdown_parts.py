"""Headings and code of a Markdown text: what is in a block of code is no heading, and nothing breaks the reading."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core.markdown_parts import code_blocks, headings, question

ANSWER = """# Title

Text
```python
# no heading
print(1)
```
## Second **part** ##
~~~
```
still code
~~~
1. In a list:
   ```sh
   ls
     -l
   ```
#hashtag
####### seven
``` inline ``` text
### Last
````md
```
inner
```
"""


def test_headings_outside_code():
    assert [(h.level, h.text) for h in headings("m", ANSWER)] == [(1, "Title"), (2, "Second part"), (3, "Last")]


def test_code_with_its_language_its_place_and_without_the_indent_of_its_list():
    blocks = code_blocks("m", ANSWER)
    assert [(b.language, b.text) for b in blocks] == [
        ("python", "# no heading\nprint(1)"),
        ("", "```\nstill code"),
        ("sh", "ls\n  -l"),
        ("md", "```\ninner\n```"),
    ]
    lines = ANSWER.split("\n")
    assert all(lines[b.first_line].strip() == b.text.split("\n")[0] for b in blocks)


def test_a_question_is_its_first_line_with_words():
    assert question("m", "\n  \n  What   is it?\nMore") == question("m", "What is it?")
    assert question("m", " \n ") is None


@given(st.text(alphabet="`~# \n>ab\t*", max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_read(text):
    for block in code_blocks("m", text):
        assert 0 < block.first_line <= text.count("\n")
    headings("m", text)
