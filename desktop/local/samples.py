"""Texts that the scripted model can answer with: for pictures of the window and for tests of what is drawn."""

from __future__ import annotations

CODE = '''\
Here is a small function that merges overlapping intervals, with the reason behind each step.

## The idea

1. **Sort** by the start: after that, only the last kept interval can overlap the next one.
2. **Extend** it while they touch, otherwise begin a new one.

```python
from collections.abc import Iterable


def merged(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Intervals without overlaps, in order. `(1, 3), (2, 5)` gives `(1, 5)`."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if kept and start <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return kept
```

It takes `O(n log n)` for the sort and `O(n)` for the walk. A quick check:

```console
$ python -c "from intervals import merged; print(merged([(8, 9), (1, 3), (2, 5)]))"
[(1, 5), (8, 9)]
```

> Touching intervals such as `(1, 2)` and `(2, 3)` are merged here. Use `<` instead of `<=` to keep them apart.

The same in SQL, where the rows are already in a table:

```sql
SELECT min(start) AS start, max("end") AS "end"
FROM (SELECT *, sum(is_new) OVER (ORDER BY start) AS run FROM marked)
GROUP BY run;
```
'''

TABLE = """\
Three ways to keep small records on disk:

| Format | Reads back as | Best for | Size of 1,000 rows |
|:--|:--|:--|--:|
| CSV | text only | spreadsheets | 41 kB |
| JSON Lines | numbers, text, lists | logs, exchange | 78 kB |
| SQLite | typed columns, indexes | anything that is searched | 64 kB |

- [x] readable by other programs
- [ ] readable without any program

Pick **SQLite** as soon as something has to be found again; *JSON Lines* for what is only appended.
"""

UNICODE = """\
Greetings from several scripts, to see that none of them is lost:

- English: the quick brown fox
- Deutsch: Größe, Füße, Straße
- Ελληνικά: καλημέρα κόσμε
- Русский: здравствуй, мир
- العربية: مرحبا بالعالم
- עברית: שלום עולם
- हिन्दी: नमस्ते दुनिया
- 中文：你好，世界
- 日本語：こんにちは世界
- 한국어: 안녕 세계
- ไทย: สวัสดีชาวโลก

Signs: → ≤ ≥ ∑ √ ∞ € £ ¥ — “quotes” and ‘quotes’. Pictures: 👩‍🚀 🏳️‍🌈 👍🏽 🇪🇺. Combined: é (e + ́), ñ.
"""


def _long() -> str:
    sections = []
    for number in range(1, 41):
        sections.append(
            f"## Part {number}\n\n"
            "A long answer is made of many parts like this one. Each has a paragraph of prose that runs over "
            "a few lines, so that wrapping and scrolling can be seen at any width, and *some* **marks**.\n\n"
            f"1. first point of part {number}\n2. second point, with `code`\n\n"
            f"```python\nprint('part', {number})\n```\n"
        )
    return "\n".join(sections)


SAMPLES = {"code": CODE, "table": TABLE, "long": _long(), "unicode": UNICODE}
