"""The wire view's service over real sockets: recorded with its times, kept, copied, sent again, compared, exported."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from key_scan import finds, finds_in_files
from msgspec.structs import replace

from desktop.api.client import Client
from desktop.core import pricing
from desktop.core.calls import CallRow, Fate
from desktop.core.errors import BadInput, BudgetReached, Missing
from desktop.core.profile import Budget, Kind, Profile, origin
from desktop.core.secret import Redactor, Secret
from desktop.core.wire.page_request import request_for_page
from desktop.core.wire.request import Began
from desktop.core.wire.views import events
from desktop.services.booking import Booking
from desktop.services.budgets import Budgets
from desktop.services.calls import STAMPS, Arrivals, Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.settings import CurrentSettings
from desktop.services.tokens import Tokens
from desktop.services.wire import Form, Wire
from desktop.services.wire_keeper import Keeper
from desktop.services.wire_sending import Sending
from desktop.store import blobs, exchanges, ledger
from desktop.store.database import Database

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "api"))
from test_wire_tls import Issuer
from wire_server import DONE, ScriptedServer, answered, piece, streamed

KEY = "sk-proj-Zq81mVx3TnLw0aBcDeFgHiJkLmNoPq"
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
REPLY = {"choices": [{"message": {"content": "Hello"}}], "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}


class Desk:
    """The services of one profile, over a real server."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.profile = Profile(id="01P", name="Mine", kind=Kind.OPENAI, base_url=url, confirmed_origin=origin(url))
        self.database, self.redactor = Database.open(folder), Redactor()
        self.settings = CurrentSettings(folder)
        self.calls = Calls(self.redactor)
        self.catalogs = Catalogs(folder)
        self.connections = Connections(self._connect, self._key, None, self.redactor)
        tokens = Tokens(folder / "cache", lambda model: self.catalogs.current.card(model))
        budgets = Budgets(self.database, self._profile)
        booking = Booking(self.database, self.catalogs, self.calls, budgets)
        sending = Sending(self.connections, self.catalogs, tokens, self.calls, booking, self.redactor)
        keeper = Keeper(self.database, self.calls, self.settings, self.redactor)
        self.wire = Wire(self.database, self.calls, keeper, sending, self._profile, self.redactor)
        self.heard: list[CallRow] = []
        self.wire.listen(self.heard.append)
        self.told: list = []

    def _connect(self, profile, key):
        async def no_sleep(_seconds: float) -> None:
            await asyncio.sleep(0)

        return Client(profile, key, recorder=self.calls, sleep=no_sleep, redactor=self.redactor)

    async def _key(self, _profile_id):
        return Secret(KEY)

    def _profile(self, profile_id):
        if profile_id != self.profile.id:
            raise Missing("This profile is gone.")
        return self.profile

    async def ask(self, body=None, path: str = "/chat/completions", **more) -> str:
        client = await self.connections.client(self.profile)
        call_id = more.pop("call_id", None) or f"01CALL{len(self.calls.records())}"
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        await client.ask("POST" if content else "GET", path, content=content, call_id=call_id, model="gpt-4o", **more)
        return call_id

    def forget(self) -> None:
        """As after a new start: what is only in memory is gone."""
        self.calls._records.clear()

    async def close(self) -> None:
        await self.connections.aclose()
        await self.wire.aclose()
        await self.database.aclose()


@pytest.fixture
def server():
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def desk(tmp_path, server):
    made = Desk(tmp_path / "data", server.url)
    yield made
    made.database.close()


def json_reply(value=REPLY, **headers):
    return answered(200, json.dumps(value).encode(), **headers)


async def test_a_call_is_recorded_with_its_tries_and_times_and_kept(desk, server):
    server.scripts = [answered(503, b"{}"), json_reply(x_request_id="req_7", x_ratelimit_remaining_requests="9")]
    call_id = await desk.ask(CHAT)
    seen = await desk.wire.get(call_id)
    first, second = seen.attempts
    assert (first.status, first.wait_s is not None, bool(first.reason)) == (503, True, True)
    assert not first.is_reused and second.status == 200
    times = [first.began_ms, first.connect_start_ms, first.connect_end_ms, first.sending_ms, first.sent_ms,
             first.first_byte_ms, second.began_ms, second.sending_ms, second.first_byte_ms, seen.total_ms]  # fmt: skip
    assert times == sorted(times)
    assert second.is_reused and second.connect_start_ms is None
    assert seen.request_id == "req_7"
    assert [(name.lower(), value) for name, value in seen.rate_limits] == [("x-ratelimit-remaining-requests", "9")]
    assert (seen.page, seen.profile, seen.model, seen.retries, seen.endpoint) == (
        "chat", "01P", "gpt-4o", 1, "/chat/completions")  # fmt: skip
    await desk.wire.settled()
    desk.forget()
    kept = await desk.wire.get(call_id)
    assert kept == replace(seen, is_kept=True)
    assert kept.body == server.requests[0].body and json.loads(kept.reply) == REPLY
    assert [row.call_id for row in await desk.wire.calls()] == [call_id]
    await desk.close()


async def test_connecting_and_securing_are_told_apart(tmp_path):
    issuer = Issuer()
    context = issuer.context(tmp_path)
    with ScriptedServer([json_reply()], wrap=lambda raw: context.wrap_socket(raw, server_side=True)) as server:
        desk = Desk(tmp_path / "data", f"https://127.0.0.1:{server.port}/v1")
        desk.profile = replace(desk.profile, certificates=(issuer.pem,))
        (tried,) = (await desk.wire.get(await desk.ask(CHAT))).attempts
        times = [tried.began_ms, tried.connect_start_ms, tried.connect_end_ms, tried.tls_start_ms, tried.tls_end_ms,
                 tried.sending_ms, tried.sent_ms, tried.first_byte_ms]  # fmt: skip
        assert times == sorted(times) and tried.tls_end_ms > tried.tls_start_ms
        (entry,) = json.loads(await desk.wire.har([desk.heard[0].call_id]))["log"]["entries"]
        assert entry["timings"]["connect"] >= entry["timings"]["ssl"] > 0
        await desk.close()


async def test_the_events_of_a_stream_have_their_times(desk, server):
    async def read() -> str:
        client = await desk.connections.client(desk.profile)
        async with client.stream("/chat/completions", CHAT | {"stream": True}, call_id="01S") as stream:
            async for _ in stream:
                pass
            stream.complete()
        return "01S"

    server.scripts = [streamed(piece("Hel"), piece("lo", "stop"), DONE)]
    call_id = await read()
    for _ in range(2):
        lines = events(await desk.wire.get(call_id))
        assert [line.data[:6] for line in lines] == ['{"id":', '{"id":', "[DONE]"]
        assert all(line.ms is not None and line.ms >= 0 for line in lines)
        assert [line.ms for line in lines] == sorted(line.ms for line in lines)
        await desk.wire.settled()
        desk.forget()
    await desk.close()


def test_arrivals_without_end_are_thinned_and_stay_in_order():
    arrivals = Arrivals()
    for n in range(STAMPS * 5):
        arrivals.add(n / 3, n + 1)
    stamps = arrivals.stamps
    assert len(stamps.ends) <= STAMPS
    assert stamps.ends[-1] == STAMPS * 5 and list(stamps.ends) == sorted(set(stamps.ends))
    assert all(abs(at - end / 3) <= arrivals.apart_ms + 1 for at, end in zip(stamps.at_ms, stamps.ends, strict=True))


async def test_the_key_is_nowhere_in_what_is_kept_copied_or_exported(desk, server, tmp_path):
    said = CHAT | {
        "user": KEY,
        "messages": [{"role": "user", "content": f"my key is {KEY}, {KEY[3:20]} " + "x" * 30_000}],
    }
    server.scripts = [json_reply({"echo": KEY, "again": KEY[::-1]}, x_request_id=KEY)]
    call_id = await desk.ask(said)
    await desk.wire.settled()
    copies = [await desk.wire.copied(call_id, form) for form in Form]
    copies.append((await desk.wire.har([call_id])).decode())
    copies.append((await desk.wire.postman([call_id], KEY)).decode())
    desk.forget()
    copies += [repr(await desk.wire.get(call_id)), await desk.wire.copied(call_id, Form.CURL)]
    assert [found for text in copies for found in finds(KEY, text)] == []
    assert "$OPENAI_API_KEY" in copies[0]
    await desk.close()
    assert finds_in_files(KEY, [tmp_path]) == []


async def test_pictures_are_kept_by_reference_and_copied_and_sent_again_whole(desk, server):
    picture = bytes(range(256)) * 100
    body = CHAT | {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {
        "url": "data:image/png;base64," + base64.b64encode(picture).decode()}}]}]}  # fmt: skip
    server.scripts = [json_reply()]
    call_id = await desk.ask(body)
    await desk.wire.settled()
    desk.forget()
    kept = await desk.wire.get(call_id)
    assert len(kept.body) < 500 and b"kept by reference: 25600 bytes" in kept.body
    with pytest.raises(BadInput, match="by reference"):
        await desk.wire.replay(call_id, desk.told.append)
    desk.database.write_now(lambda db: blobs.put(db, picture))
    await desk.wire.replay(call_id, desk.told.append)
    assert [json.loads(request.body) for request in server.requests] == [body, body]
    await desk.close()


async def test_a_replay_is_recorded_and_stands_in_the_ledger_with_its_cost(desk, server):
    server.scripts = [json_reply()]
    first = await desk.ask(CHAT)
    second = await desk.wire.replay(first, desk.told.append)
    assert desk.told == [Began(second)]
    assert server.requests[0].body == server.requests[1].body
    row = desk.database.read_now(lambda db: ledger.get(db, second))
    rates = desk.catalogs.current.card("gpt-4o").prices.tokens["standard"]
    expected = (1000 * rates.input + 500 * rates.output) / Decimal(1_000_000)
    assert (row.page, row.fate, row.status, pricing.from_pico(row.cost_pico)) == ("wire", Fate.COMPLETE, 200, expected)
    (cost,) = [await desk.wire.estimate(second)]
    assert cost.dollars == expected and cost.is_estimate
    rows = await desk.wire.calls("chat")
    assert [(r.call_id, r.page) for r in rows] == [(second, "wire"), (first, "chat")]
    assert rows[0].dollars == pricing.shown(expected) == desk.heard[-1].dollars
    assert await desk.wire.calls("images") == ()
    await desk.close()


async def test_an_edited_call_is_sent_as_it_is_and_bad_json_told_with_its_place(desk, server):
    server.scripts = [json_reply(), answered(400, b'{"error":{"message":"no","code":"bad"}}')]
    first = await desk.ask(CHAT)
    with pytest.raises(BadInput, match="line 2, column 3"):
        await desk.wire.replay(first, desk.told.append, b'{"a":1,\n  b}')
    assert len(server.requests) == 1
    body = b'{"model": "gpt-4o",   "messages": []}'
    second = await desk.wire.replay(first, desk.told.append, body)
    assert server.requests[1].body == body
    assert (await desk.wire.get(second)).status == 400
    assert desk.database.read_now(lambda db: ledger.get(db, second)).fate is Fate.FAILED
    changes = (await desk.wire.difference(first, second)).changes
    assert {(c.path, c.before, c.after) for c in changes} >= {("status", "200", "400"), ("messages[0]",
        '{"role": "user", "content": "Hi"}', "")}  # fmt: skip
    await desk.close()


async def test_a_budget_stands_in_the_way_of_a_replay(desk, server):
    server.scripts = [json_reply()]
    first = await desk.wire.replay(await desk.ask(CHAT), desk.told.append)
    desk.profile = replace(desk.profile, budget=Budget(day=Decimal("0.0001")))
    with pytest.raises(BudgetReached):
        await desk.wire.replay(first, desk.told.append)
    assert len(server.requests) == 2
    await desk.close()


async def test_a_stopped_replay_is_closed_in_the_ledger(desk, server):
    server.scripts = [json_reply(), lambda connection: connection.until_closed()]
    first = await desk.ask(CHAT)
    begun = asyncio.Event()

    def heard(row: CallRow) -> None:
        if row.page == "wire" and row.fate is Fate.OPEN:
            begun.set()

    desk.wire.listen(heard)
    task = asyncio.create_task(desk.wire.replay(first, desk.told.append))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.database.read_now(lambda db: ledger.get(db, desk.told[0].call_id)).fate is Fate.STOPPED
    await desk.close()


async def test_a_collection_is_imported_and_run_only_at_the_profiles_address(desk, server, tmp_path):
    server.scripts = [json_reply()]
    first = await desk.ask(CHAT)
    path = tmp_path / "mine.json"
    await desk.wire.save(path, await desk.wire.postman([first], "Mine"))
    collection = await desk.wire.import_collection(path)
    assert await desk.wire.collections() == ((collection.id, "Mine"),)
    (saved,) = collection.requests
    request = await desk.wire.request_of(saved, collection, desk.profile, variables={"MODEL": "gpt-4o-mini"})
    second = await desk.wire.send(request, desk.told.append)
    assert json.loads(server.requests[1].body) == CHAT | {"model": "gpt-4o-mini"}
    assert server.requests[1].headers["authorization"] == f"Bearer {KEY}"
    assert (await desk.wire.get(second)).page == "wire"
    elsewhere = replace(saved, url="https://evil.example/v1/chat/completions")
    with pytest.raises(BadInput, match=r"evil\.example"):
        await desk.wire.request_of(elsewhere, collection, desk.profile)
    assert len(server.requests) == 2
    await desk.close()


async def test_old_calls_go_and_none_are_kept_where_the_user_wants_none(desk, server):
    server.scripts = [json_reply()]
    await desk.settings.change(keep_calls_days=0)
    call_id = await desk.ask(CHAT)
    await desk.wire.settled()
    assert desk.database.read_now(lambda db: exchanges.get(db, call_id)) is None
    await desk.settings.change(keep_calls_days=1)
    kept = await desk.ask(CHAT)
    await desk.wire.settled()
    assert desk.database.read_now(lambda db: exchanges.get(db, kept)) is not None
    desk.database.write_now(lambda db: db.execute("UPDATE exchange SET started = 5"))
    assert await desk.wire.prune() == 1
    await desk.close()


async def test_a_pasted_command_fills_the_form_and_its_key_is_masked_from_then_on(desk):
    parsed = await desk.wire.parsed(f"curl https://h/v1/chat/completions -H 'Authorization: Bearer {KEY}' -d '{{}}'")
    assert parsed.key.reveal() == KEY
    assert desk.redactor.clean(f"x {KEY}") == "x …"
    assert request_for_page(parsed).page == "chat"
    await desk.close()
