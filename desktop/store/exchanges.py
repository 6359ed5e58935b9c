"""Kept calls, each in one row: what the list shows first, then the body, then the reply where no message keeps it."""

# ruff: noqa: S608  (names in statements are our own; values are always bound)

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

import msgspec
from msgspec.structs import replace

from desktop.core.calls import Fate
from desktop.core.pricing import from_pico, shown
from desktop.core.wire.exchange import Exchange, Stamps
from desktop.store import raw_replies

_LENGTHS = struct.Struct(">II")  # of what the list shows and of the body; the reply is the rest
CHUNK = 200
_AT_ONCE = 400  # values that one statement is given

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Exchange).decode


class Packed(msgspec.Struct, frozen=True):
    """An exchange ready to be written: made in a worker, so that the writer only has to write."""

    call_id: str
    started: int
    page: str
    head: bytes
    body: bytes
    reply: bytes


def packed(exchange: Exchange) -> Packed:
    """Condense an exchange. Takes as long as zlib does: in a worker."""
    stamps = Stamps(_steps(exchange.stamps.at_ms), _steps(exchange.stamps.ends))
    head = replace(exchange, reply=b"", body=b"", stamps=stamps, dollars="", is_kept=True)
    parts = (zlib.compress(part, 6) if part else b"" for part in (_encode(head), exchange.body, exchange.reply))
    return Packed(exchange.call_id, exchange.started, exchange.page, *parts)


def put(conn: sqlite3.Connection, made: Packed, *, keeps_reply: bool = True) -> None:
    """Keep a call. Its reply is kept here only where no message of the archive keeps it already."""
    owner = conn.execute("SELECT page, message FROM ledger WHERE call_id = ?", (made.call_id,)).fetchone()
    reply = made.reply if keeps_reply and not (owner and owner[1]) else b""
    row = _LENGTHS.pack(len(made.head), len(made.body)) + made.head + made.body + reply
    conn.execute(
        "INSERT OR REPLACE INTO exchange (call_id, started, page, size_bytes, packed) VALUES (?, ?, ?, ?, ?)",
        (made.call_id, made.started, owner[0] if owner else made.page, len(row), row),
    )


def get(conn: sqlite3.Connection, call_id: str) -> Exchange | None:
    """A kept call, whole but for a reply that is not kept any more."""
    found = conn.execute("SELECT page, packed FROM exchange WHERE call_id = ?", (call_id,)).fetchone()
    if found is None:
        return None
    page, row = found
    exchange = replace(_head(row), page=page, dollars=_dollars(conn, [call_id]).get(call_id, ""))
    of_head, of_body = _LENGTHS.unpack_from(row)
    at = _LENGTHS.size + of_head
    reply = _unzipped(row[at + of_body :]) or raw_replies.raw(conn, call_id) or b""
    is_gone = not reply and exchange.bytes_received > 0
    return replace(
        exchange,
        body=_unzipped(row[at : at + of_body]),
        reply=reply,
        is_reply_cut=exchange.is_reply_cut or is_gone,
    )


def listing(
    conn: sqlite3.Connection, *, pages: Sequence[str] = (), limit: int = 200, before: tuple[int, str] | None = None
) -> tuple[Exchange, ...]:
    """The newest first, without bodies and replies. `before`: start and id of the last one."""
    where, values = ["1"], list[object]()
    if pages:
        where.append(f"page IN ({', '.join('?' * len(pages))})")
        values += pages
    if before is not None:
        where.append("(started, call_id) < (?, ?)")
        values += before
    rows = conn.execute(
        f"SELECT page, packed FROM exchange WHERE {' AND '.join(where)} ORDER BY started DESC, call_id DESC LIMIT ?",
        (*values, limit),
    ).fetchall()
    found = [replace(_head(row), page=page) for page, row in rows]
    dollars = _dollars(conn, [exchange.call_id for exchange in found])
    return tuple(replace(each, dollars=dollars.get(each.call_id, "")) for each in found)


def owners(conn: sqlite3.Connection, call_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The page and what it cost, in words, of those calls that the ledger has."""
    dollars = _dollars(conn, call_ids)
    found: dict[str, tuple[str, str]] = {}
    for some in _portions(call_ids):
        marks = ", ".join("?" * len(some))
        for call_id, page in conn.execute(f"SELECT call_id, page FROM ledger WHERE call_id IN ({marks})", some):
            found[call_id] = page, dollars.get(call_id, "")
    return found


def remove(conn: sqlite3.Connection, call_ids: Iterable[str]) -> int:
    """Forget calls; how many there were. The replies of messages stay with their messages."""
    return sum(conn.execute("DELETE FROM exchange WHERE call_id = ?", (call_id,)).rowcount for call_id in call_ids)


def remove_of(conn: sqlite3.Connection, conversation: str) -> int:
    """Forget all calls of a conversation, also those that were sent again from the wire view."""
    return conn.execute(
        "DELETE FROM exchange WHERE call_id IN (SELECT call_id FROM ledger WHERE conversation = ?)", (conversation,)
    ).rowcount


def due(conn: sqlite3.Connection, older_than_us: int, max_bytes: int) -> list[str]:
    """The calls to be forgotten: those that began before a time, and the oldest of what is more than so many bytes."""
    room, found = max_bytes, []
    for call_id, started, size in conn.execute(
        "SELECT call_id, started, size_bytes FROM exchange ORDER BY started DESC"
    ):
        room -= size
        if started < older_than_us or room < 0:
            found.append(call_id)
    return found


def prune(conn: sqlite3.Connection, older_than_us: int, max_bytes: int, limit: int = CHUNK) -> int:
    """Forget what is due, at most `limit` calls in one transaction; call it again until it returns 0."""
    return remove(conn, due(conn, older_than_us, max_bytes)[-limit:])


def _head(row: bytes) -> Exchange:
    length, _ = _LENGTHS.unpack_from(row)
    exchange = _decode(zlib.decompress(row[_LENGTHS.size : _LENGTHS.size + length]))
    stamps = exchange.stamps
    return replace(exchange, stamps=Stamps(tuple(accumulate(stamps.at_ms)), tuple(accumulate(stamps.ends))))


def _unzipped(part: bytes) -> bytes:
    return zlib.decompress(part) if part else b""


def _steps(values: tuple[int, ...]) -> tuple[int, ...]:
    """Differences, which are short numbers."""
    return tuple(after - before for before, after in pairwise((0, *values)))


def _dollars(conn: sqlite3.Connection, call_ids: Sequence[str]) -> dict[str, str]:
    """What calls cost by their newest price, in words."""
    found: dict[str, str] = {}
    for some in _portions(call_ids):
        for call_id, pico, is_free, has_usage, fate in conn.execute(
            "SELECT l.call_id, CASE WHEN r.no IS NULL THEN l.cost_pico ELSE r.cost_pico END, l.is_free, l.has_usage,"
            " l.fate FROM ledger l LEFT JOIN repricing r"
            " ON r.no = (SELECT max(no) FROM repricing WHERE call_id = l.call_id)"
            f" WHERE l.call_id IN ({', '.join('?' * len(some))})",
            some,
        ):
            if is_free:
                found[call_id] = "free"
            elif pico is not None:
                found[call_id] = shown(from_pico(pico))
            elif has_usage and fate != Fate.OPEN:
                found[call_id] = "unpriced"
    return found


def _portions(call_ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (call_ids[at : at + _AT_ONCE] for at in range(0, len(call_ids), _AT_ONCE))
