"""Kept calls: they come back whole, a reply is kept once, and what is due goes."""

from __future__ import annotations

import random

from msgspec.structs import replace

from desktop.core.calls import Fate, Part
from desktop.core.pricing import pico
from desktop.core.usage import Usage
from desktop.core.wire.exchange import Attempt, Exchange, Stamps
from desktop.core.wire.postman import Collection, Saved
from desktop.store import collections, exchanges, ledger, raw_replies


def exchange(
    call_id: str = "01A", started: int = 1000, body: bytes = b"{}", reply: bytes = b"ok", **fields
) -> Exchange:
    made = {
        "call_id": call_id, "started": started, "method": "POST", "url": "https://h/v1/embeddings", "body": body,
        "base_url": "https://h/v1", "page": "embeddings", "profile": "p", "model": "m", "reply": reply,
        "request_headers": (("A", "b"),), "reply_headers": (("x-request-id", "req_1"),), "status": 200,
        "bytes_received": len(reply), "stamps": Stamps((3, 3, 90), (10, 400, 401)), "total_ms": 91.5,
        "parts": (Part("a", "b"),), "attempts": (Attempt(sending_ms=1.5, wait_s=2.0, reason="busy"), Attempt()),
        "retries": 1, "fate": Fate.COMPLETE,
    }  # fmt: skip
    return Exchange(**(made | fields))


def keep(database, made: Exchange, **more) -> None:
    packed = exchanges.packed(made)
    database.write_now(lambda db: exchanges.put(db, packed, **more))


def raw_count(database) -> int:
    return database.read_now(lambda db: db.execute("SELECT count(*) FROM raw_reply").fetchone()[0])


def test_a_call_comes_back_as_it_was_small_and_large(database):
    for made in (exchange(), exchange("01B", body=b"x" * 100_000, reply=bytes(range(256)) * 500)):
        keep(database, made)
        assert database.read_now(lambda db, made=made: exchanges.get(db, made.call_id)) == replace(made, is_kept=True)


def test_the_ledger_names_page_and_cost_and_a_later_price_counts(database):
    row = ledger.LedgerRow("01A", 1000, page="wire", model="m")
    done = replace(row, fate=Fate.COMPLETE, usage=Usage(input=1))
    keep(database, exchange())
    database.write_now(lambda db: ledger.open_row(db, row))
    keep(database, exchange())
    database.write_now(lambda db: ledger.close_row(db, done))
    (kept,) = database.read_now(exchanges.listing)
    assert (kept.page, kept.dollars) == ("wire", "unpriced")
    database.write_now(lambda db: ledger.reprice(db, "01A", 5, "v", pico(3)))
    assert database.read_now(lambda db: exchanges.get(db, "01A")).dollars == "$3.00"
    assert database.read_now(lambda db: exchanges.owners(db, ["01A", "no"])) == {"01A": ("wire", "$3.00")}


def test_the_reply_of_a_message_is_kept_once_and_outlives_the_call(database):
    row = ledger.LedgerRow("01A", 1000, page="chat", message="01M")
    database.write_now(lambda db: ledger.open_row(db, row))
    keep(database, exchange(reply=b"the reply"))
    assert raw_count(database) == 0  # the chat keeps it
    database.write_now(lambda db: raw_replies.keep_raw(db, "01A", b"the reply"))
    assert database.read_now(lambda db: exchanges.get(db, "01A")).reply == b"the reply"
    assert len(database.read_now(lambda db: db.execute("SELECT packed FROM exchange").fetchone()[0])) < 700
    assert database.write_now(lambda db: exchanges.remove(db, ["01A"])) == 1
    assert database.read_now(lambda db: raw_replies.raw(db, "01A")) == b"the reply"
    assert database.read_now(lambda db: exchanges.get(db, "01A")) is None


def test_without_exact_replies_only_the_request_is_kept(database):
    keep(database, exchange(), keeps_reply=False)
    kept = database.read_now(lambda db: exchanges.get(db, "01A"))
    assert (kept.reply, kept.is_reply_cut, kept.body) == (b"", True, b"{}")


def test_listing_is_paged_by_time_and_page(database):
    for n in range(7):
        keep(database, exchange(f"01{n}", started=1000 + n // 2, page="a" if n % 2 else "b"))
    first = database.read_now(lambda db: exchanges.listing(db, limit=4))
    assert [each.call_id for each in first] == ["016", "015", "014", "013"]
    place = first[-1].started, first[-1].call_id
    rest = database.read_now(lambda db: exchanges.listing(db, limit=4, before=place))
    assert [each.call_id for each in rest] == ["012", "011", "010"]
    assert [e.call_id for e in database.read_now(lambda db: exchanges.listing(db, pages=["a"]))] == [
        "015",
        "013",
        "011",
    ]
    assert first[0].body == first[0].reply == b""


def test_the_old_and_what_is_too_much_is_pruned_with_all_that_belongs_to_it(database):
    for n in range(6):
        keep(database, exchange(f"01{n}", started=n * 100, body=random.Random(n).randbytes(20_000)))
    size = database.read_now(lambda db: db.execute("SELECT max(size_bytes) FROM exchange").fetchone()[0])
    assert size > 20_000
    assert database.write_now(lambda db: exchanges.prune(db, 100, 10**9)) == 1
    assert database.write_now(lambda db: exchanges.prune(db, 0, size * 3, limit=1)) == 1
    assert database.write_now(lambda db: exchanges.prune(db, 0, size * 3)) == 1
    assert database.write_now(lambda db: exchanges.prune(db, 0, size * 3)) == 0
    assert [e.call_id for e in database.read_now(exchanges.listing)] == ["015", "014", "013"]


def test_all_calls_of_a_conversation_can_be_forgotten(database):
    for call_id, message in (("01A", "01M"), ("01B", ""), ("01C", "")):
        of = "" if call_id == "01C" else "01CONVERSATION"
        row = ledger.LedgerRow(call_id, 1000, message=message, conversation=of)
        database.write_now(lambda db, row=row: ledger.open_row(db, row))
        keep(database, exchange(call_id))
    assert database.write_now(lambda db: exchanges.remove_of(db, "01CONVERSATION")) == 2
    assert [e.call_id for e in database.read_now(exchanges.listing)] == ["01C"]


def test_collections_are_kept_removed_and_put_back(database):
    made = Collection("01C", "Mine", (Saved("01S", "Ask", "GET", "{{BASE_URL}}/models", ("F",)),), {"a": "b"}, ("no",))
    database.write_now(lambda db: collections.put(db, made, 1))
    assert database.read_now(collections.listing) == (("01C", "Mine"),)
    assert database.write_now(lambda db: collections.remove(db, "01C")) == made
    assert database.read_now(collections.listing) == ()
    database.write_now(lambda db: collections.put(db, made, 1))
    assert database.read_now(lambda db: collections.get(db, "01C")) == made
