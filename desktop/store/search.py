"""Full text over all passages: what a user types becomes a safe expression, hits come newest first.

Two indexes. One of words, accents and case folded. One of pairs of neighbouring characters, only for passages with
scripts that put no blanks between words, where an index of words misses what stands inside a run.
"""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, structs

from desktop.core.text import scalar

MESSAGE, TITLE = 0, 1
"""Values of passage.source."""

OPEN, CLOSE = "\ue000", "\ue001"
"""Round a hit in a snippet. In the text itself they are shown as U+FFFD."""

LONGEST_QUERY, MOST_WORDS = 1000, 24
SHORTEST_PREFIX = 3  # below, a beginning matches half of all words and costs as much
IN_USE = "c.trashed = 0"
MOST_HITS = 20_000  # looked through for conversations: a word that is in everything must not take seconds
_BEFORE, _AFTER = 40, 120  # characters of a snippet round its first hit

_RUN = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3100-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff々〆〇]+"
)
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')


class Query(Struct, frozen=True):
    """What to look for: expressions for the two indexes ("" where one is not asked), and the words as patterns.

    `not_words` and `not_pairs` are for what a passage must not hold, any of it.
    """

    words: str
    exact_words: str
    pairs: str
    patterns: tuple[str, ...]
    not_words: str = ""
    not_pairs: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.words and not self.pairs


class Hit(Struct, frozen=True):
    """A passage that holds all that was asked. `owner` is the number of its conversation."""

    passage: int
    source: int
    owner: int
    snippet: str = ""


def pairs_of(text: str) -> str:
    """Each two neighbouring characters of the runs without blanks, and the last one alone; "" where there are none."""
    if text.isascii():
        return ""
    found: list[str] = []
    for run in _RUN.findall(text):
        found += [run[at : at + 2] for at in range(len(run))]
        found.append("|")  # a gap that is no token, only for the eye
    return " ".join(found[:-1])


def parse(text: str, without: Iterable[str] = ()) -> Query:
    """What a user typed, as expressions that are never a mistake: every word must be there, "..." is a phrase.

    A word that ends in *, and the last one while it is being typed, stands for all words that begin so. `without`
    are words and phrases to leave out.
    """
    query = _parsed(text)
    left_out = [_parsed(f"{term} ") for term in without]
    return structs.replace(
        query,
        not_words=" OR ".join(out.words for out in left_out if out.words),
        not_pairs=" OR ".join(f"({out.pairs})" for out in left_out if out.pairs),
    )


def _parsed(text: str) -> Query:
    text = scalar(text)[:LONGEST_QUERY].replace("\0", " ")
    words: list[str] = []
    exact: list[str] = []
    pairs: list[str] = []
    patterns: list[str] = []
    terms = list(_TERM.finditer(text))[:MOST_WORDS]
    for term in terms:
        is_phrase = term[2] is None
        said = term[1] if is_phrase else term[2]
        pairs += [_pairs_asked(run) for run in _RUN.findall(said)]
        patterns += [re.escape(run) for run in _RUN.findall(said)]
        latin = _RUN.sub(" ", said)
        if not any(_is_token(c) for c in latin):
            continue
        quoted = '"' + latin.replace('"', " ") + '"'
        stem = "".join(c for c in latin.split()[-1] if _is_token(c)) if latin.split() else ""
        is_last = term is terms[-1] and term.end() == len(text)
        is_prefix = not is_phrase and (latin.endswith("*") or is_last) and len(stem) >= SHORTEST_PREFIX
        words.append(quoted + " *" if is_prefix else quoted)
        exact.append(quoted)
        patterns.append(_pattern(latin, is_prefix))
    return Query(" ".join(words), " ".join(exact), " ".join(pairs), tuple(patterns))


def index(conn: sqlite3.Connection, no: int, text: str) -> None:
    """Make a passage findable. `text` is what is kept of it; an empty one too has its entry."""
    conn.execute("INSERT INTO passage_index (rowid, text) VALUES (?, ?)", (no, text))
    if pairs := pairs_of(text):
        conn.execute("INSERT INTO pair_index (rowid, pairs) VALUES (?, ?)", (no, pairs))


def unindex(conn: sqlite3.Connection, no: int, text: str) -> None:
    """Undo `index`; `text` must be what was indexed, letter for letter."""
    conn.execute("INSERT INTO passage_index (passage_index, rowid, text) VALUES ('delete', ?, ?)", (no, text))
    if pairs := pairs_of(text):
        conn.execute("INSERT INTO pair_index (pair_index, rowid, pairs) VALUES ('delete', ?, ?)", (no, pairs))


def rebuild(conn: sqlite3.Connection) -> None:
    """Make both indexes anew from the passages: after an import, or where one is damaged."""
    conn.execute("INSERT INTO passage_index (passage_index) VALUES ('rebuild')")
    conn.execute("INSERT INTO pair_index (pair_index) VALUES ('delete-all')")
    conn.executemany("INSERT INTO pair_index (rowid, pairs) VALUES (?, ?)", _all_pairs(conn))


def _all_pairs(conn: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    for no, text in conn.execute("SELECT no, text FROM passage"):
        if pairs := pairs_of(text):
            yield no, pairs


def owners(
    conn: sqlite3.Connection, text: str, *, where: str = IN_USE, values: Sequence[object] = (), limit: int = 50
) -> list[Hit]:
    """The newest hit of each conversation `c` with `where`, newest first, with a snippet."""
    query = parse(text)
    found: dict[int, Hit] = {}
    for expression in expressions(query):
        found.clear()
        for hit in _hits(conn, query, expression, where, values, MOST_HITS):
            if found.setdefault(hit.owner, hit) is hit and len(found) == limit:
                break
        if len(found) == limit:
            break
    return [_with_snippet(conn, hit, query) for hit in found.values()]


def newest(conn: sqlite3.Connection, text: str, *, where: str = IN_USE, limit: int = 50) -> list[Hit]:
    """The newest passages with a hit, newest first, with snippets."""
    query = parse(text)
    found: list[Hit] = []
    for expression in expressions(query):
        found = list(_hits(conn, query, expression, where, (), limit))
        if len(found) == limit:
            break
    return [_with_snippet(conn, hit, query) for hit in found]


def expressions(query: Query) -> tuple[str, ...]:
    """Whole words first: a common word is found at once, and only a rare one needs all words that begin with it."""
    if query.is_empty:
        return ()
    return (query.words,) if query.words == query.exact_words else (query.exact_words, query.words)


def leading(query: Query, words: str) -> tuple[str, str]:
    """The index that is read, and what is asked of it; `words` is one of `expressions`."""
    if not words:
        return "pair_index", query.pairs
    return "passage_index", f"({words}) NOT ({query.not_words})" if query.not_words else words


def besides(query: Query, words: str) -> tuple[str, tuple[str, ...]]:
    """Further conditions on the rows `i` of the index that is read, each with an AND before it."""
    within = "SELECT rowid FROM {0} WHERE {0} MATCH ?"
    asked = [
        ("pair_index", "IN", query.pairs if words else ""),
        ("pair_index", "NOT IN", query.not_pairs),
        ("passage_index", "NOT IN", "" if words else query.not_words),
    ]
    some = [(index, how, expression) for index, how, expression in asked if expression]
    sql = "".join(f" AND i.rowid {how} ({within.format(index)})" for index, how, _ in some)
    return sql, tuple(expression for _, _, expression in some)


def _hits(
    conn: sqlite3.Connection, query: Query, words: str, where: str, values: Sequence[object], limit: int
) -> Iterable[Hit]:
    index, asked = leading(query, words)
    rest, more = besides(query, words)
    rows = conn.execute(
        # CROSS JOIN: the index leads, so that the newest come first without sorting.
        f"SELECT p.no, p.source, p.owner FROM {index} i CROSS JOIN passage p ON p.no = i.rowid"
        f" CROSS JOIN conversation c ON c.no = p.owner"
        f" WHERE {index} MATCH ?{rest} AND {where} ORDER BY i.rowid DESC LIMIT ?",
        (asked, *more, *values, limit),
    )
    return (Hit(*row) for row in rows)


def _with_snippet(conn: sqlite3.Connection, hit: Hit, query: Query) -> Hit:
    (text,) = conn.execute("SELECT text FROM passage WHERE no = ?", (hit.passage,)).fetchone()
    return Hit(hit.passage, hit.source, hit.owner, snippet(text, query))


def snippet(text: str, query: Query) -> str:
    """The place of the first hit in one line, hits between OPEN and CLOSE."""
    marks = re.compile("|".join(query.patterns), re.IGNORECASE) if query.patterns else None
    looked_at = text
    first = marks.search(text) if marks else None
    if marks is not None and first is None and not text.isascii():
        looked_at = _without_accents(text)
        first = marks.search(looked_at)
    at = first.start() if first else 0
    start = max(0, at - _BEFORE)
    if start and (blank := text.find(" ", start, at)) >= 0:
        start = blank + 1
    end = min(len(text), at + _AFTER)
    pieces, shown_to = [], start
    for hit in marks.finditer(looked_at, start, end) if marks else ():
        if hit[0]:
            pieces += [_shown(text[shown_to : hit.start()]), OPEN, _shown(text[hit.start() : hit.end()]), CLOSE]
            shown_to = hit.end()
    line = " ".join("".join([*pieces, _shown(text[shown_to:end])]).split())
    return ("…" if start else "") + line + ("…" if end < len(text) else "")


def plain_line(text: str) -> str:
    """The beginning of a text in one line without hits."""
    return " ".join(_shown(text).split())


def _shown(text: str) -> str:
    return text.replace(OPEN, "\ufffd").replace(CLOSE, "\ufffd")


class _Bases(dict[int, str]):
    """Each letter's base letter, where that is one letter, so that places in the text stay the same."""

    def __missing__(self, code: int) -> str:
        base = [c for c in unicodedata.normalize("NFKD", chr(code)) if not unicodedata.combining(c)]
        self[code] = base[0] if len(base) == 1 else chr(code)
        return self[code]


_BASES = _Bases()


def _without_accents(text: str) -> str:
    return text.translate(_BASES)


def _pairs_asked(run: str) -> str:
    """A run as a phrase of pairs; a single character is the beginning of any pair."""
    if len(run) == 1:
        return f'"{run}" *'
    return '"' + " ".join(run[at : at + 2] for at in range(len(run) - 1)) + '"'


def _pattern(latin: str, is_prefix: bool) -> str:
    """A pattern for the words of a term as they may stand in a text, with or without their accents."""
    spellings = ("".join(c if _is_token(c) else " " for c in s).split() for s in (latin, _without_accents(latin)))
    forms = {r"\W+".join(re.escape(word) for word in words) for words in spellings}
    return rf"\b(?:{'|'.join(sorted(forms))})" + (r"\w*" if is_prefix else r"\b")


def _is_token(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "Co"
