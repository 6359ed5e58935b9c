"""Replies exactly as they came, condensed without loss, under the id of their call."""

from __future__ import annotations

import sqlite3
import zlib

from desktop.store import blobs


def keep_raw(conn: sqlite3.Connection, call_id: str, raw: bytes) -> None:
    """Keep a reply; a second one under the same id takes its place."""
    packed = zlib.compress(raw, 6)
    if len(packed) > blobs.INLINE_BYTES:
        values: tuple[object, ...] = (call_id, len(raw), None, blobs.put(conn, packed))
    else:
        values = (call_id, len(raw), packed, None)
    conn.execute("INSERT OR REPLACE INTO raw_reply (call_id, size_bytes, packed, sha256) VALUES (?, ?, ?, ?)", values)


def raw(conn: sqlite3.Connection, call_id: str) -> bytes | None:
    row = conn.execute("SELECT packed, sha256 FROM raw_reply WHERE call_id = ?", (call_id,)).fetchone()
    if row is None:
        return None
    packed, sha256 = row
    return zlib.decompress(blobs.get(conn, sha256) if packed is None else packed)
