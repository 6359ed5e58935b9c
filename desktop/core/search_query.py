"""The line that is typed to search: words, what to leave out, and filters such as `model:` and `before:`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from msgspec import Struct

from desktop.core.conversation import Role, State
from desktop.core.text import folded, scalar

LONGEST_LINE, MOST_FILTERS = 1000, 24
HAS = ("image", "audio", "file", "tool", "code", "reasoning")
IS = ("pinned", "archived", "trashed")
FILTERS = {
    "model": "part of a model's name, or all of it in quotes",
    "before": "a date, or an age such as 7d",
    "after": "a date, or an age such as 7d",
    "on": "a day, month or year",
    "tag": "a tag's name",
    "folder": "a folder's name; what is below it is found too",
    "role": "who wrote it",
    "page": "the page that made it",
    "cost": "dollars of a conversation, as in cost:>0.01",
    "has": "what a message holds",
    "in": "title",
    "is": "pinned, archived or trashed",
    "state": "how a reply ended",
}
"""Names of filters, each with what stands behind it."""

_ONE_OF: dict[str, tuple[str, ...]] = {
    "role": tuple(role.value for role in Role),
    "state": tuple(state.value for state in State),
    "has": HAS,
    "is": IS,
    "in": ("title",),
}
_OTHER_NAMES = {"picture": "image", "images": "image", "sound": "audio", "files": "file", "tools": "tool"}
_FILTER = re.compile(rf'(-?)({"|".join(FILTERS)}):(?:"((?:[^"\\]|\\.)*)("?)|([^\s"]*))', re.IGNORECASE | re.DOTALL)
_TERM = re.compile(r'(-(?!-))?(?:"[^"]*"?|[^\s"]+)')
_NAMED = re.compile(r"-?([A-Za-z]+):\S")
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGE = re.compile(r"(\d{1,4})([dwmy])", re.IGNORECASE)
_COST = re.compile(r"(<=|>=|<|>)\s*\$?(\d[\d.,]*|\.\d+)")
_UNITS = {"d": 1, "w": 7}
_LARGEST = 2**63 - 1
DATE_FORMS = "2025, 2025-03, 2025-03-01, today, yesterday, 7d or 3m"


class Problem(Struct, frozen=True):
    """What was not understood, and where it stands in the line; all else is searched for."""

    start: int
    end: int
    sentence: str


class Filter(Struct, frozen=True):
    """One filter. `is_not` where it stands behind a minus, `is_exact` where its value was in quotes.

    Dates have `since` (inclusive) and `until` (exclusive) in UTC microseconds; `cost` has `than` (">", "<=" ...)
    and `cost_pico`.
    """

    name: str
    value: str
    start: int
    end: int
    is_not: bool = False
    is_exact: bool = False
    since: int | None = None
    until: int | None = None
    than: str = ""
    cost_pico: int = 0


class SearchLine(Struct, frozen=True):
    """A line taken apart. `words` is for the full-text search as it is, `without` are the words to leave out."""

    words: str = ""
    without: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.words.strip() and not self.without and not self.filters


class Known(Struct, frozen=True):
    """What filters can be completed with."""

    models: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()


class Completions(Struct, frozen=True):
    """Each choice stands for the text from `start` to `end`."""

    start: int
    end: int
    choices: tuple[str, ...] = ()


def parse(text: str, now: datetime | None = None) -> SearchLine:
    """Take a line apart; never raises. `now` and all days are this computer's own time."""
    text = scalar(text)[:LONGEST_LINE]
    terms: list[re.Match[str]] = []
    without: list[str] = []
    filters: list[Filter] = []
    problems: list[Problem] = []
    for token in _tokens(text):
        if token.re is _FILTER:
            found = _filter(token, now or datetime.now())
            (filters if isinstance(found, Filter) else problems).append(found)  # type: ignore[arg-type]
            continue
        if hint := _meant(token):
            problems.append(hint)
        if token[1]:
            without.append(token[0][1:])
        else:
            terms.append(token)
    words = " ".join(term[0] for term in terms)
    if terms and terms[-1].end() < len(text):
        words += " "  # the last word is not being typed any more
    return SearchLine(words, tuple(without), tuple(filters[:MOST_FILTERS]), tuple(problems))


def quoted(value: str) -> str:
    """A value as it can stand behind a filter's colon."""
    if value and re.fullmatch(r'[^\s"\\]+', value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def complete(text: str, cursor: int, known: Known) -> Completions:
    """What can stand at the cursor: names of filters, or a filter's values, the likeliest first."""
    text = text[:LONGEST_LINE]
    cursor = max(0, min(cursor, len(text)))
    token = next((t for t in _tokens(text) if t.start() <= cursor <= t.end()), None)
    if token is None:
        return Completions(cursor, cursor, tuple(f"{name}:" for name in FILTERS))
    start, end = token.span()
    if token.re is _FILTER:
        minus, name = token[1], token[2].lower()
        values = (quoted(value) for value in _fitting(_said(token), _values(name, known)))
        choices = [f"{minus}{name}:{value}" for value in values]
    else:
        minus = token[1] or ""
        typed = text[start + len(minus) : cursor].lower()
        choices = [f"{minus}{name}:" for name in FILTERS if typed and name.startswith(typed)]
    return Completions(start, end, tuple(choice for choice in choices if choice != text[start:end]))


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """Matches of _FILTER or _TERM, one behind the other."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        token = _FILTER.match(text, at) or _TERM.match(text, at)
        if token is None:
            return
        yield token
        at = token.end()


def _said(token: re.Match[str]) -> str:
    return token[5] if token[3] is None else re.sub(r"\\(.)", r"\1", token[3], flags=re.DOTALL)


def _filter(token: re.Match[str], now: datetime) -> Filter | Problem:
    name, value = token[2].lower(), _said(token)
    start, end = token.span()
    made = Filter(name, value, start, end, is_not=bool(token[1]), is_exact=token[3] is not None)
    if not value.strip():
        return Problem(start, end, f"Behind “{name}:” stands {FILTERS[name]}.")
    if name in ("before", "after", "on"):
        return _dated(made, now)
    if name == "cost":
        return _priced(made)
    if name in _ONE_OF:
        said = _OTHER_NAMES.get(value.lower(), value.lower())
        if said not in _ONE_OF[name]:
            return Problem(start, end, f"Behind “{name}:” stands one of: {', '.join(_ONE_OF[name])}.")
        return _with(made, value=said)
    return made


def _with(made: Filter, **fields: object) -> Filter:
    return Filter(**{name: getattr(made, name) for name in made.__struct_fields__} | fields)


def _dated(made: Filter, now: datetime) -> Filter | Problem:
    span = _span(made.value.strip(), now)
    if span is None:
        return Problem(made.start, made.end, f"This is not a date: write {DATE_FORMS}.")
    since, until = span
    if made.name == "before":
        return _with(made, until=since)
    return _with(made, since=since, until=until if made.name == "on" else None)


def _span(value: str, now: datetime) -> tuple[int, int] | None:
    """Begin and end of a day, month or year in UTC microseconds; None for what is none."""
    try:
        begin, end = _days(value.lower(), now.replace(hour=0, minute=0, second=0, microsecond=0))
        return _micros(begin), _micros(end)
    except (ValueError, OverflowError, OSError):
        return None


def _days(value: str, today: datetime) -> tuple[datetime, datetime]:
    if value in ("today", "yesterday"):
        begin = today - timedelta(days=value == "yesterday")
        return begin, begin + timedelta(days=1)
    if age := _AGE.fullmatch(value):
        begin = _ago(int(age[1]), age[2], today)
        return begin, begin + timedelta(days=1)
    date = _DATE.fullmatch(value)
    if date is None:
        raise ValueError(value)
    year, month, day = int(date[1]), int(date[2] or 1), int(date[3] or 1)
    begin = datetime(year, month, day)
    if date[3]:
        return begin, begin + timedelta(days=1)
    return begin, _months_later(begin, 1 if date[2] else 12)


def _ago(count: int, unit: str, today: datetime) -> datetime:
    if unit in _UNITS:
        return today - timedelta(days=count * _UNITS[unit])
    return _months_later(today, -count * (12 if unit == "y" else 1))


def _months_later(day: datetime, months: int) -> datetime:
    """The same day of another month, or its last one."""
    index = day.year * 12 + day.month - 1 + months
    first = datetime(index // 12, index % 12 + 1, 1)
    following = datetime((index + 1) // 12, (index + 1) % 12 + 1, 1)
    return first + timedelta(days=min(day.day, (following - first).days) - 1)


def _micros(local: datetime) -> int:
    return round(local.timestamp()) * 1_000_000


def _priced(made: Filter) -> Filter | Problem:
    found = _COST.fullmatch(made.value.strip())
    try:
        dollars = Decimal(found[2].replace(",", ".")) if found else None
    except InvalidOperation:
        dollars = None
    if found is None or dollars is None:
        return Problem(made.start, made.end, "Behind “cost:” stands > or < and dollars, as in cost:>0.01.")
    return _with(made, than=found[1], cost_pico=min(_LARGEST, int(dollars * 10**12)))


def _meant(token: re.Match[str]) -> Problem | None:
    """A word that looks like a misspelt filter."""
    named = _NAMED.match(token[0])
    if named is None or not (near := difflib.get_close_matches(named[1].lower(), FILTERS, 1, 0.75)):
        return None
    sentence = f"“{named[1]}:” is no filter and is searched for as a word. Did you mean “{near[0]}:”?"
    return Problem(token.start(), token.end(), sentence)


def _values(name: str, known: Known) -> tuple[str, ...]:
    kept: dict[str, Callable[[], tuple[str, ...]]] = {
        "model": lambda: known.models,
        "tag": lambda: known.tags,
        "folder": lambda: known.folders,
        "page": lambda: known.pages,
        "before": lambda: ("today", "7d", "1m", "1y"),
        "after": lambda: ("today", "yesterday", "7d", "1m", "1y"),
        "on": lambda: ("today", "yesterday"),
        "cost": lambda: (">0.01", ">0.1", ">1", "<0.01"),
    }
    return kept[name]() if name in kept else _ONE_OF[name]


def _fitting(typed: str, values: tuple[str, ...]) -> list[str]:
    """Those that begin so, then those that hold it."""
    wanted = folded(typed)
    first = [value for value in values if folded(value).startswith(wanted)]
    return first + [value for value in values if wanted in folded(value) and value not in first]
