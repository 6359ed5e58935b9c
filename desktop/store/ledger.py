"""The ledger: one row for each call, written before it is sent and closed when it ends; money is a reading of it."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct, structs

from desktop.core.calls import Fate
from desktop.core.errors import Missing
from desktop.core.text import scalar
from desktop.core.usage import Usage

EPOCH = date(1970, 1, 1)
UNITS = structs.fields(Usage)
_UNIT_NAMES = tuple(field.name for field in UNITS)
_ROW_NAMES = (
    "call_id, started, ended, fate, page, profile, model, tier, conversation, message, request_id, status, tries,"
    " first_token_ms, total_ms, price_version, cost_pico, estimate_pico, is_free, error"
)
# The newest later price of a call, or else the one it was closed with.
_COST = (
    "CASE WHEN r.no IS NULL THEN l.cost_pico ELSE r.cost_pico END",
    "CASE WHEN r.no IS NULL THEN l.price_version ELSE r.price_version END",
)
_FROM = "FROM ledger l LEFT JOIN repricing r ON r.no = (SELECT max(no) FROM repricing WHERE call_id = l.call_id)"
By = Literal["model", "page", "profile", "conversation", "fate", "tier", "tag", "folder", "hour", "day", "month", "all"]
Offsets = tuple[tuple[int, int], ...]
"""What local time is ahead of UTC: from an instant on, by so much; both in microseconds, oldest first."""

MOST_CONVERSATIONS = 1000
HOUR, DAY = 3_600_000_000, 86_400_000_000

_COLUMNS = ("model", "page", "profile", "conversation", "fate", "tier")
_TO_CONVERSATION = " LEFT JOIN conversation c ON c.id = l.conversation"
_OF_CONVERSATIONS = {
    "tag": (
        "coalesce(t.name, '')",
        f"{_TO_CONVERSATION} LEFT JOIN conversation_tag ct ON ct.conversation = c.no LEFT JOIN tag t ON t.no = ct.tag",
    ),
    "folder": ("coalesce(f.id, '')", f"{_TO_CONVERSATION} LEFT JOIN folder f ON f.no = c.folder"),
}
_LATER = (
    "FROM (SELECT call_id AS later_id, max(no), cost_pico AS later_pico FROM repricing GROUP BY call_id)"
    " CROSS JOIN ledger l ON l.call_id = later_id"
)
"""Only calls that have a later price, with the newest: few, so that the others need not be joined to anything."""


class LedgerRow(Struct, frozen=True, omit_defaults=True):
    """One call. Times are UTC microseconds, money picodollars; `cost_pico` None is "unpriced", never 0.

    `page` is the page that called ("chat"), `tries` how often it was sent, `estimate_pico` what was expected.
    """

    call_id: str
    started: int
    page: str = "chat"
    profile: str = ""
    model: str = ""
    tier: str = ""
    conversation: str = ""
    message: str = ""
    ended: int | None = None
    fate: Fate = Fate.OPEN
    request_id: str = ""
    status: int | None = None
    tries: int = 1
    first_token_ms: int | None = None
    total_ms: int | None = None
    price_version: str = ""
    cost_pico: int | None = None
    estimate_pico: int | None = None
    is_free: bool = False
    error: str = ""
    usage: Usage | None = None


class Totals(Struct, frozen=True):
    """Calls added up. `unpriced` are closed calls that cost something unknown, `open` those still running."""

    calls: int = 0
    cost_pico: int = 0
    unpriced: int = 0
    free: int = 0
    open: int = 0
    unknown: int = 0
    usage: Usage = Usage()


def open_row(conn: sqlite3.Connection, row: LedgerRow) -> None:
    """Write a row as open: in the transaction that is committed before the request is sent."""
    _write(conn, structs.replace(row, fate=Fate.OPEN))


def close_row(conn: sqlite3.Connection, row: LedgerRow) -> None:
    """Write how a call ended; a row is closed once. Raises Missing for one that is not open."""
    if row.fate is Fate.OPEN:
        raise ValueError("a row is closed with how it ended")
    done = conn.execute("DELETE FROM ledger WHERE call_id = ? AND fate = 'open' RETURNING no", (row.call_id,))
    found = done.fetchone()
    if found is None:
        raise Missing("This call is not open in the ledger.")
    _write(conn, row, found[0])


def get(conn: sqlite3.Connection, call_id: str) -> LedgerRow | None:
    """A row with its newest price."""
    return next(_read(conn, "WHERE l.call_id = ?", (call_id,)), None)


class Spent(Struct, frozen=True):
    """What counts against a budget, in picodollars: closed calls; what the others may cost; how many nobody priced."""

    cost_pico: int = 0
    expected_pico: int = 0
    unpriced: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.cost_pico + other.cost_pico,
            self.expected_pico + other.expected_pico,
            self.unpriced + other.unpriced,
        )


# A call that was cut off before the server named its usage may be charged all the same.
_MAY_COST = (
    "(l.cost_pico IS NULL AND NOT l.is_free"
    " AND (l.fate IN ('open', 'unknown') OR (l.fate IN ('stopped', 'cut') AND NOT l.has_usage)))"
)
_UNSEEN = (
    f"(l.cost_pico IS NULL AND NOT l.is_free AND (l.has_usage OR ({_MAY_COST} AND l.estimate_pico IS NULL))"
    " AND l.fate <> 'open')"
)


def spent(conn: sqlite3.Connection, profile: str, begins: Sequence[int]) -> list[Spent]:
    """What counts against a profile's budget since each of these instants, of calls that have ended."""
    found = []
    for at in begins:  # one by one: a condition on the index is far quicker than one in each sum
        condition, values = "l.profile = ? AND l.started >= ?", (profile, at)
        (ended,) = _spent(conn, [0], f"{condition} AND l.fate <> 'open'", values)
        corrections = ", ".join(f"coalesce(sum({one}), 0)" for one in _CORRECTED)
        later = conn.execute(f"SELECT {corrections} {_LATER} WHERE {condition}", values).fetchone()
        found.append(ended + Spent(later[0], 0, later[1]))
    return found


def spent_since(
    conn: sqlite3.Connection,
    profile: str,
    begins: Sequence[int],
    after_no: int,
    were_open: Sequence[int],
    *,
    has_ended: bool = False,
) -> list[Spent]:
    """The same of calls with a higher number than `after_no`, and of those that were open then: few, so quick.

    Calls that still run are among them with what they may cost, unless only those are wanted that have ended.
    """
    marks = ", ".join(str(int(no)) for no in were_open)
    whose = "+l.profile = ?" + (" AND +l.fate <> 'open'" if has_ended else "")
    new = _spent(conn, begins, f"l.no > ? AND {whose}", (after_no, profile))
    old = _spent(conn, begins, f"l.no IN ({marks}) AND {whose}", (profile,)) if marks else new[:0]
    return [one + other for one, other in zip(new, old, strict=True)] if old else new


def open_numbers(conn: sqlite3.Connection) -> tuple[int, tuple[int, ...]]:
    """The highest number of the ledger, and those of calls that still run."""
    newest = conn.execute("SELECT coalesce(max(no), 0) FROM ledger").fetchone()[0]
    return newest, tuple(no for (no,) in conn.execute("SELECT no FROM ledger WHERE fate = 'open'"))


def _spent(conn: sqlite3.Connection, begins: Sequence[int], condition: str, values: tuple[object, ...]) -> list[Spent]:
    sums = (
        "coalesce(l.cost_pico, 0)",
        f"({_MAY_COST} * coalesce(l.estimate_pico, 0))",
        _UNSEEN,
    )
    columns = ", ".join(f"coalesce(sum((l.started >= {int(at)}) * {one}), 0)" for at in begins for one in sums)
    row = conn.execute(f"SELECT {columns} FROM ledger l WHERE {condition}", values).fetchone()
    return [Spent(*row[at : at + 3]) for at in range(0, len(row), 3)]


def usual_output(conn: sqlite3.Connection, model: str, page: str) -> int | None:
    """The middle one of what a model's last twenty complete answers on a page had, in tokens; None without any."""
    found = conn.execute(
        "SELECT output FROM (SELECT * FROM ledger ORDER BY no DESC LIMIT 2000)"
        " WHERE model = ? AND page = ? AND fate = 'complete' AND has_usage AND output > 0 LIMIT 20",
        (model, page),
    ).fetchall()
    return sorted(found)[len(found) // 2][0] if found else None


class Where(Struct, frozen=True):
    """Which calls: begun from `since` up to, not including, `until`; a text that is None is any.

    `tag` and `folder` ask what their conversation has now; a `folder` is the id of one, "" for none.
    """

    since: int = 0
    until: int | None = None
    profile: str | None = None
    model: str | None = None
    page: str | None = None
    tier: str | None = None
    fate: str | None = None
    conversation: str | None = None
    tag: str | None = None
    folder: str | None = None


def rows(
    conn: sqlite3.Connection,
    *,
    since: int = 0,
    until: int | None = None,
    limit: int = 1000,
    before: str | None = None,
    where: Where | None = None,
) -> list[LedgerRow]:
    """The newest first; `before` is the call id of the last one of the page above."""
    condition, values = _condition(where or Where(since, until))
    if before is not None:
        condition += " AND (l.started, l.no) < (SELECT started, no FROM ledger WHERE call_id = ?)"
        values = (*values, before)
    return list(_read(conn, f"{condition} ORDER BY l.started DESC, l.no DESC LIMIT ?", (*values, limit)))


def totals(
    conn: sqlite3.Connection,
    *,
    since: int = 0,
    until: int | None = None,
    profile: str | None = None,
    where: Where | None = None,
) -> Totals:
    """All calls begun from `since` up to, not including, `until`."""
    found = _grouped(conn, ("''",), where or Where(since, until, profile), is_full=True)
    return next(iter(found.values()), Totals())


def breakdown(
    conn: sqlite3.Connection,
    by: By = "model",
    *,
    since: int = 0,
    until: int | None = None,
    profile: str | None = None,
    where: Where | None = None,
    offsets: Offsets = (),
) -> list[tuple[str, Totals]]:
    """Totals by one property, the dearest first; hours, days and months in their order, in UTC without `offsets`.

    A call whose conversation has several tags is counted at each of them. Of conversations only the 1,000 dearest.
    """
    where = where or Where(since, until, profile)
    found = _grouped(conn, (_key(by, offsets),), where, by=by, is_full=True)
    if by not in ("hour", "day", "month"):
        return sorted(
            ((str(key[0]), one) for key, one in found.items()), key=lambda p: (-p[1].cost_pico, -p[1].calls, p[0])
        )
    named: dict[str, Totals] = {}
    for (key,), one in sorted(found.items()):
        name = _time_name(by, key)
        named[name] = added(named[name], one) if name in named else one
    return list(named.items())


def series(
    conn: sqlite3.Connection, by: By, where: Where, *, step: int = DAY, offsets: Offsets = ()
) -> list[tuple[int, str, Totals]]:
    """Calls and money (without units) by step of local time and a property: number of the step since 1970, name, sums.

    `step` is HOUR or DAY; with DAY the numbers are those of local days.
    """
    at = _local(offsets, step)
    found = _grouped(conn, (at, _key(by, offsets)), where, by=by)
    return [(int(key[0]), str(key[1]), one) for key, one in sorted(found.items())]


def earliest(conn: sqlite3.Connection) -> int | None:
    """When the first call of all began."""
    found: int | None = conn.execute("SELECT min(started) FROM ledger").fetchone()[0]
    return found


def names(conn: sqlite3.Connection, by: str, ids: Sequence[str]) -> dict[str, str]:
    """What people call some folders or conversations, by id."""
    if by == "folder":
        return dict(conn.execute("SELECT id, name FROM folder"))
    title = "SELECT p.text FROM conversation c JOIN passage p ON p.no = c.title WHERE c.id = ?"
    found = ((one, conn.execute(title, (one,)).fetchone()) for one in ids)
    return {one: row[0] for one, row in found if row is not None}


def estimates(conn: sqlite3.Connection, where: Where) -> list[tuple[str, int, Decimal | None, int, int, int, int]]:
    """By model: calls with an estimate and a price, the median of price / estimate to a thousandth, how many were
    within 10 %, beyond that within 25 %, outside, and how many had an estimate but no price.

    The most first; free calls are not among them.
    """
    condition, values = _condition(where)
    condition += f" AND l.estimate_pico > 0 AND {_PAID}"
    found: dict[str, list[tuple[int, int, int, int]]] = {}
    left: dict[str, int] = {}
    for cost, of, extra in (
        ("l.cost_pico", "FROM ledger l", ""),
        ("later_pico", _LATER, " AND l.cost_pico IS NULL AND later_pico IS NOT NULL"),
    ):
        off = f"abs({cost} - l.estimate_pico)"
        rows = conn.execute(
            f"SELECT l.model, {cost} * 1000 / l.estimate_pico, count(*), sum({off} * 10 <= l.estimate_pico),"
            f" sum({off} * 4 <= l.estimate_pico) {of} {condition}{extra} GROUP BY 1, 2",
            values,
        )
        for model, thousandths, count, near, fair in rows:
            if thousandths is None:
                left[model] = left.get(model, 0) + count
            else:
                found.setdefault(model, []).append((int(thousandths), count, near, fair))
                left[model] = left.get(model, 0) - (count if extra else 0)
    made = [_quality(model, found.get(model, []), left.get(model, 0)) for model in {**found, **left}]
    return sorted(made, key=lambda one: (-one[1], one[0]))


def _quality(
    model: str, ratios: list[tuple[int, int, int, int]], left: int
) -> tuple[str, int, Decimal | None, int, int, int, int]:
    many, near, fair = (sum(ratio[at] for ratio in ratios) for at in (1, 2, 3))
    return model, many, _median(ratios, many), near, fair - near, many - fair, left


def _median(ratios: list[tuple[int, int, int, int]], many: int) -> Decimal | None:
    seen = 0
    for thousandths, count, *_ in sorted(ratios):
        seen += count
        if seen * 2 >= many:
            return Decimal(thousandths) / 1000
    return None


def added(one: Totals, other: Totals) -> Totals:
    """Both together."""
    units = {name: getattr(one.usage, name) + getattr(other.usage, name) for name in _UNIT_NAMES}
    usage = Usage(**{**units, "is_estimate": one.usage.is_estimate or other.usage.is_estimate})
    sums = {name: getattr(one, name) + getattr(other, name) for name in ("calls", "cost_pico", *_COUNTS)}
    return Totals(**sums, usage=usage)


def reprice(conn: sqlite3.Connection, call_id: str, made: int, price_version: str, cost_pico: int | None) -> None:
    """Give a call a later price; the row itself never changes, readings take the newest."""
    conn.execute(
        "INSERT INTO repricing (call_id, made, price_version, cost_pico) VALUES (?, ?, ?, ?)",
        (call_id, made, price_version, cost_pico),
    )


def price_message(conn: sqlite3.Connection, message: str, call_id: str, cost_pico: int) -> None:
    """A message whose call got a later price shows it, and its conversation counts it."""
    found = conn.execute(
        "UPDATE message SET cost_pico = ? WHERE id = ? AND call_id = ? AND cost_pico IS NULL RETURNING conversation",
        (cost_pico, message, call_id),
    ).fetchall()
    for (conversation,) in found:
        conn.execute("UPDATE conversation SET cost_pico = cost_pico + ? WHERE no = ?", (cost_pico, conversation))


def unpriced(conn: sqlite3.Connection, where: Where, *, models: Sequence[str] | None = None) -> list[LedgerRow]:
    """Calls that used something and cost nobody knows what, the oldest first."""
    condition, values = _condition(where)
    condition += f" AND l.cost_pico IS NULL AND r.cost_pico IS NULL AND {_PAID}"
    if models is not None:
        condition += f" AND l.model IN ({', '.join('?' * len(models))})"
        values = (*values, *models)
    return list(_read(conn, f"{condition} ORDER BY l.no", values))


def _write(conn: sqlite3.Connection, row: LedgerRow, no: int | None = None) -> None:
    usage = row.usage or Usage()
    names = [name.strip() for name in _ROW_NAMES.split(",")]
    values = [getattr(row, name) for name in names] + [getattr(usage, name) for name in _UNIT_NAMES]
    columns = ["no", "has_usage", *names, *_UNIT_NAMES]
    marks = ", ".join("?" * len(columns))
    conn.execute(
        f"INSERT INTO ledger ({', '.join(columns)}) VALUES ({marks})",
        (no, row.usage is not None, *(scalar(v) if isinstance(v, str) else v for v in values)),
    )


def _read(conn: sqlite3.Connection, rest: str, values: tuple[object, ...]) -> Iterator[LedgerRow]:
    names = [name.strip() for name in _ROW_NAMES.split(",")]
    swapped = {"cost_pico": _COST[0], "price_version": _COST[1]}
    columns = [swapped.get(name, f"l.{name}") for name in names] + [f"l.{name}" for name in _UNIT_NAMES]
    for row in conn.execute(f"SELECT l.has_usage, {', '.join(columns)} {_FROM} {rest}", values):
        fields: dict[str, Any] = dict(zip(names, row[1:], strict=False))
        usage = _usage(row[1 + len(names) :]) if row[0] else None
        fields.update(fate=Fate(fields["fate"]), is_free=bool(fields["is_free"]), usage=usage)
        yield LedgerRow(**fields)


def _condition(where: Where) -> tuple[str, tuple[object, ...]]:
    """A WHERE clause on `l` and its values."""
    parts, values = ["l.started >= ?"], [where.since]
    bound: list[object] = [*values]
    if where.until is not None:
        parts.append("l.started < ?")
        bound.append(where.until)
    for name in _COLUMNS:
        if (wanted := getattr(where, name)) is not None:
            parts.append(f"l.{name} = ?")
            bound.append(wanted)
    if where.tag is not None:
        parts.append(_has("conversation_tag ct JOIN tag t ON t.no = ct.tag", "ct.conversation = c.no AND t.name = ?"))
        bound.append(where.tag)
    if where.folder == "":
        parts.append(f"NOT {_has('folder f', 'f.no = c.folder')}")
    elif where.folder is not None:
        parts.append(_has("folder f", "f.no = c.folder AND f.id = ?"))
        bound.append(where.folder)
    return f"WHERE {' AND '.join(parts)}", tuple(bound)


def _has(what: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM conversation c JOIN {what} WHERE c.id = l.conversation AND {condition})"


def _local(offsets: Offsets, step: int) -> str:
    """The number of the local hour or day of a call."""
    ahead = str(offsets[0][1]) if offsets else "0"
    for since, offset in offsets[1:]:
        ahead = f"CASE WHEN l.started >= {int(since)} THEN {int(offset)} ELSE {ahead} END"
    return f"((l.started + {ahead}) / {int(step)})"


def _key(by: By, offsets: Offsets) -> str:
    if by in _COLUMNS:
        return f"l.{by}"
    if by in _OF_CONVERSATIONS:
        return _OF_CONVERSATIONS[by][0]
    if by == "all":
        return "''"
    return _local(offsets, HOUR if by == "hour" else DAY)


def _time_name(by: By, number: int) -> str:
    if by == "hour":
        day, hour = divmod(number, 24)
        return f"{EPOCH + timedelta(day)} {hour:02}:00"
    day_name = (EPOCH + timedelta(number)).isoformat()
    return day_name if by == "day" else day_name[:7]


_COUNTS = ("unpriced", "free", "open", "unknown")
_PAID = "(NOT l.is_free AND l.fate <> 'open' AND l.has_usage)"
_MONEY = (
    f"count(*), coalesce(sum(l.cost_pico), 0), coalesce(sum(l.cost_pico IS NULL AND {_PAID}), 0),"
    " coalesce(sum(l.is_free), 0), coalesce(sum(l.fate = 'open'), 0), coalesce(sum(l.fate = 'unknown'), 0)"
)
_UNITS = "".join(f", coalesce(sum(l.{name}), 0)" for name in _UNIT_NAMES)
_CORRECTED = (
    "(coalesce(later_pico, 0) - coalesce(l.cost_pico, 0))",
    f"(((later_pico IS NULL) - (l.cost_pico IS NULL)) * {_PAID})",
)
_CORRECTIONS = ", ".join(f"sum({one})" for one in _CORRECTED)


def _grouped(
    conn: sqlite3.Connection, keys: tuple[str, ...], where: Where, *, by: By = "all", is_full: bool = False
) -> dict[tuple[Any, ...], Totals]:
    """Sums by keys; the rows as they were closed, then what later prices change in them."""
    condition, values = _condition(where)
    names, width = ", ".join(keys), len(keys)
    groups = ", ".join(str(at + 1) for at in range(width))
    what = _MONEY + (_UNITS if is_full else "")
    joins = _OF_CONVERSATIONS[by][1] if by in _OF_CONVERSATIONS else ""
    most = f" ORDER BY {width + 2} DESC LIMIT {MOST_CONVERSATIONS}" if by == "conversation" and width == 1 else ""
    query = f"SELECT {names}, {what} FROM ledger l{joins} {condition} GROUP BY {groups}{most}"
    found = {tuple(row[:width]): _totals(row[width:]) for row in conn.execute(query, values)}
    later = f"SELECT {names}, {_CORRECTIONS} {_LATER}{joins} {condition} GROUP BY {groups}"
    for row in conn.execute(later, values):
        if (key := tuple(row[:width])) in found:
            found[key] = _corrected(found[key], *row[width:])
    return found


def _corrected(one: Totals, dollars: int, unpriced: int) -> Totals:
    return structs.replace(one, cost_pico=one.cost_pico + dollars, unpriced=one.unpriced + unpriced)


def _totals(row: tuple[Any, ...]) -> Totals:
    calls, cost, unpriced, free, still_open, unknown, *units = row
    return Totals(calls, cost, unpriced, free, still_open, unknown, _usage(units) if units else Usage())


def _usage(units: list[Any] | tuple[Any, ...]) -> Usage:
    return Usage(**{name: bool(v) if name == "is_estimate" else v for name, v in zip(_UNIT_NAMES, units, strict=True)})
