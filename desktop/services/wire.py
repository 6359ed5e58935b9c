"""The wire view's service: the calls of now and before, as values, as code, repeated, compared, exported."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec.structs import replace

from desktop import __version__
from desktop.core import pricing
from desktop.core.calls import CallRow
from desktop.core.errors import BadFile, BadInput, Missing
from desktop.core.profile import Profile
from desktop.core.secret import Redactor
from desktop.core.sizes import size_words
from desktop.core.wire import endpoints, snippets
from desktop.core.wire.curl import curl
from desktop.core.wire.difference import Difference, difference
from desktop.core.wire.exchange import Exchange
from desktop.core.wire.har import har
from desktop.core.wire.pasted import Parsed, parse_curl
from desktop.core.wire.postman import BASE_URL, KEY, Collection, Saved, below, filled, postman, read_collection
from desktop.core.wire.references import references, restored
from desktop.core.wire.request import Tell, WireRequest, check_json, form
from desktop.core.wire.views import loaded
from desktop.services.calls import CallRecord, Calls, exchange_of, row_of
from desktop.services.wire_keeper import Keeper
from desktop.services.wire_sending import Sending
from desktop.store import blobs, collections, exchanges, ledger
from desktop.store.database import Database

Heard = Callable[[CallRow], None]

COLLECTION_BYTES = 32 * 1024 * 1024
FILE_BYTES = 32 * 1024 * 1024


class Form(StrEnum):
    """What a call can be copied as."""

    CURL = "curl"
    PYTHON_OPENAI = "Python (openai)"
    PYTHON_HTTPX = "Python (httpx)"
    JAVASCRIPT = "JavaScript (openai)"


_WRITERS: dict[Form, Callable[[Exchange], str]] = {
    Form.CURL: curl,
    Form.PYTHON_OPENAI: snippets.python_openai,
    Form.PYTHON_HTTPX: snippets.python_httpx,
    Form.JAVASCRIPT: snippets.javascript_openai,
}


class Wire:
    """What the wire view and the terminal do with calls. All that takes time runs in workers.

    `profile` gives a profile by its id and raises Missing.
    """

    def __init__(
        self,
        database: Database,
        calls: Calls,
        keeper: Keeper,
        sending: Sending,
        profile: Callable[[str], Profile],
        redactor: Redactor,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._calls, self._keeper, self._redactor = database, calls, keeper, redactor
        self._sending, self._profile, self._now = sending, profile, now
        self._heard: list[Heard] = []
        calls.listen(self._called)

    def listen(self, heard: Heard) -> None:
        """Hear of each call that begins, is answered, waits, ends or is priced; on the window's thread."""
        self._heard.append(heard)

    def unlisten(self, heard: Heard) -> None:
        self._heard.remove(heard)

    async def calls(
        self, page: str | None = None, limit: int = 200, after: CallRow | None = None
    ) -> tuple[CallRow, ...]:
        """Calls in memory and in the archive, the newest first; `after` is the last one of the portion above."""
        pages = () if page is None else (page, endpoints.WIRE_PAGE, "")
        place = (after.started, after.call_id) if after else None
        fresh = {record.call_id: row_of(record) for record in self._calls.records()}

        def read(db: sqlite3.Connection) -> tuple[CallRow, ...]:
            owned = exchanges.owners(db, list(fresh))
            rows = [_owned(row, owned) for row in fresh.values()]
            rows += [kept.row for kept in _kept_rows(db, pages, page, limit, place) if kept.call_id not in fresh]
            return tuple(rows)

        rows = [row for row in await self._database.read(read) if page is None or endpoints.belongs(row, page)]
        rows = [row for row in rows if place is None or (row.started, row.call_id) < place]
        return tuple(sorted(rows, key=lambda row: (row.started, row.call_id), reverse=True)[:limit])

    async def get(self, call_id: str) -> Exchange:
        """One call with all that is still known of it. Raises Missing."""
        record = self._calls.get(call_id)
        kept = await self._database.read(lambda db: exchanges.get(db, call_id))
        if record is None:
            if kept is None:
                raise Missing("This call is not kept any more.", "Only newer calls are there; see the settings.")
            return kept
        owned = await self._database.read(lambda db: exchanges.owners(db, [call_id]))
        fresh = await asyncio.to_thread(exchange_of, record, self._redactor)
        if call_id in owned:
            fresh = replace(fresh, page=owned[call_id][0], dollars=owned[call_id][1] or fresh.dollars)
        if kept is not None and fresh.is_body_cut:
            fresh = replace(fresh, body=kept.body, is_body_cut=kept.is_body_cut)
        if kept is not None and fresh.is_reply_cut and not fresh.reply:
            fresh = replace(fresh, reply=kept.reply, is_reply_cut=kept.is_reply_cut, stamps=kept.stamps)
        return fresh

    async def whole(self, call_id: str) -> tuple[Exchange, bool]:
        """One call with what it holds by reference filled in from the archive, and whether nothing is missing."""
        exchange = await self.get(call_id)
        if not references(exchange.body):
            return exchange, not exchange.is_body_cut

        def fill(db: sqlite3.Connection) -> tuple[bytes, bool]:
            return restored(exchange.body, lambda sha256: _blob(db, sha256))

        body, is_whole = await self._database.read(fill)
        return replace(exchange, body=body), is_whole and not exchange.is_body_cut

    # -- copied, exported, compared

    async def copied(self, call_id: str, form: Form) -> str:
        """The call as code, with the key as a variable of the environment. Raises Missing, and BadInput for a call
        of which not all is kept or which that form cannot carry."""
        exchange = await self._exact(call_id)

        def write() -> str:
            return self._redactor.clean_bytes(_WRITERS[form](exchange).encode("utf-8", "replace")).decode()

        return await asyncio.to_thread(write)

    async def har(self, call_ids: Sequence[str]) -> bytes:
        """The content of an HTTP archive of these calls."""
        found = [(await self.whole(call_id))[0] for call_id in call_ids]
        return await asyncio.to_thread(self._packed, har, found, __version__)

    async def postman(self, call_ids: Sequence[str], name: str) -> bytes:
        """The content of a Postman collection of these calls."""
        found = [(await self.whole(call_id))[0] for call_id in call_ids]
        return await asyncio.to_thread(self._packed, postman, found, name)

    async def difference(self, before: str, after: str) -> Difference:
        """What differs between two calls."""
        old, new = await self.get(before), await self.get(after)
        return await asyncio.to_thread(difference, old, new)

    @staticmethod
    async def save(path: Path, content: bytes) -> None:
        """Write an export where the user chose; the whole of it or nothing. Raises BadFile."""
        await asyncio.to_thread(_save, path, content)

    async def parsed(self, text: str) -> Parsed:
        """A pasted curl command or JSON body. Raises BadInput. Its key is known to the redactor from here on."""
        found = await asyncio.to_thread(parse_curl, text)
        if found.key is not None:
            self._redactor.learn(found.key)
        return found

    # -- sent again

    async def estimate(self, call_id: str, body: bytes | None = None) -> pricing.Cost | pricing.Unpriced | None:
        """What a replay may cost; None where nothing is charged."""
        request = await self._again(call_id, body)
        row = await self._database.read(lambda db: ledger.get(db, call_id))
        usage = row.usage if row is not None and body is None else None
        return await self._sending.estimate(request, usage)

    async def replay(self, call_id: str, tell: Tell, body: bytes | None = None) -> str:
        """Send a call again, with another body where one is given; returns the new call's id, also where the server
        answered with an error. Raises BadInput (with line and column of bad JSON), what a budget has against it, and
        what the network has."""
        request = await self._again(call_id, body)
        return await self._sending.send(request, tell, await self.estimate(call_id, body))

    async def _again(self, call_id: str, body: bytes | None) -> WireRequest:
        exchange = await self._exact(call_id) if body is None else await self.get(call_id)
        profile = self._profile(exchange.profile)
        content = exchange.body or None
        kind = exchange.content_type or "application/json"
        if body is not None:
            if "json" in kind:
                await asyncio.to_thread(check_json, body)
            content = body
        elif exchange.parts:
            if any(part.file_name is not None for part in exchange.parts):
                raise BadInput("The files of this call are not kept here.", "Start it again from its own page.")
            kind, content = form(exchange.parts, {})
        model = model_of(body) if body is not None else exchange.model
        names = {name for name, _ in parse_qsl(urlsplit(profile.base_url).query)} | {"api-version"}
        query = {name: value for name, value in exchange.query if name not in names}
        row = await self._database.read(lambda db: ledger.get(db, call_id))
        of = row.conversation if row is not None else ""
        return WireRequest(profile, exchange.method, exchange.endpoint, query, content, kind, model, of)

    async def _exact(self, call_id: str) -> Exchange:
        exchange, is_whole = await self.whole(call_id)
        if not is_whole:
            raise BadInput("Not all of this request is kept: what it held by reference is gone.")
        return exchange

    # -- collections

    async def import_collection(self, path: Path) -> Collection:
        """Read a Postman collection and keep it, without keys. Raises BadFile."""
        collection = await asyncio.to_thread(self._read_collection, path)
        await self.restore_collection(collection)
        return collection

    async def collections(self) -> tuple[tuple[str, str], ...]:
        """Ids and names, the newest first."""
        return await self._database.read(collections.listing)

    async def collection(self, collection_id: str) -> Collection:
        return await self._database.read(lambda db: collections.get(db, collection_id))

    async def remove_collection(self, collection_id: str) -> Collection:
        """Take it away; `restore_collection` with what is returned puts it back."""
        return await self._database.write(lambda db: collections.remove(db, collection_id))

    async def restore_collection(self, collection: Collection) -> None:
        made = round(self._now() * 1_000_000)
        await self._database.write(lambda db: collections.put(db, collection, made))

    async def request_of(
        self,
        saved: Saved,
        collection: Collection,
        profile: Profile,
        *,
        variables: Mapping[str, str] | None = None,
        files: Mapping[str, Path] | None = None,
    ) -> WireRequest:
        """A request of a collection, ready to be sent. `files` are those of a form by the name of their part.

        Raises BadInput for a variable without a value, another host than the profile's, or a file not chosen.
        """
        client_profile = (await self._sending.client(WireRequest(profile, "GET", "/"))).profile
        base = client_profile.base_url.rstrip("/")
        known = {**collection.variables, **(variables or {}), BASE_URL: base, KEY: ""}
        return await asyncio.to_thread(_filled, saved, profile, base, known, files or {})

    async def estimate_request(self, request: WireRequest) -> pricing.Cost | pricing.Unpriced | None:
        return await self._sending.estimate(request)

    async def send(self, request: WireRequest, tell: Tell) -> str:
        """Send a request of a collection; as `replay`."""
        return await self._sending.send(request, tell, await self._sending.estimate(request))

    # -- kept

    async def settled(self) -> None:
        """Returns when every call that has ended is kept."""
        await self._keeper.settled()

    async def prune(self) -> int:
        """Forget calls that are too old or too many, as the settings say; how many."""
        return await self._keeper.prune()

    async def aclose(self) -> None:
        await self._keeper.aclose()

    def _packed(self, write: Callable[[list[Exchange], str], object], found: list[Exchange], name: str) -> bytes:
        content = msgspec.json.format(msgspec.json.encode(write(found, name)), indent=2)
        return self._redactor.clean_bytes(content)

    def _read_collection(self, path: Path) -> Collection:
        try:
            if path.stat().st_size > COLLECTION_BYTES:
                raise BadFile("This file is too large for a collection.")
            content = path.read_bytes()
        except OSError as error:
            raise BadFile("This file cannot be read.") from error
        return read_collection(self._redactor.clean_bytes(content))

    def _called(self, record: CallRecord) -> None:
        row = row_of(record)
        for heard in list(self._heard):
            heard(row)


def _owned(row: CallRow, owned: dict[str, tuple[str, str]]) -> CallRow:
    page, dollars = owned.get(row.call_id, (row.page, row.dollars))
    return replace(row, page=page, dollars=dollars or row.dollars)


def _kept_rows(
    db: sqlite3.Connection, pages: Sequence[str], page: str | None, limit: int, place: tuple[int, str] | None
) -> list[Exchange]:
    """Kept calls of a page until there are enough: those of no page are looked at one by one."""
    found: list[Exchange] = []
    while len(found) < limit:
        some = exchanges.listing(db, pages=pages, limit=limit, before=place)
        found += [kept for kept in some if page is None or endpoints.belongs(kept.row, page)]
        if len(some) < limit:
            break
        place = some[-1].started, some[-1].call_id
    return found


def _blob(db: sqlite3.Connection, sha256: str) -> bytes | None:
    try:
        return blobs.get(db, sha256)
    except Missing:
        return None


def model_of(body: bytes | None) -> str:
    """The model that a request names."""
    value = loaded(body or b"")
    model = value.get("model") if isinstance(value, dict) else ""
    return model if isinstance(model, str) else ""


def _filled(
    saved: Saved, profile: Profile, base: str, variables: Mapping[str, str], files: Mapping[str, Path]
) -> WireRequest:
    place = below(filled(saved.url, variables, inside="url"), base)
    endpoint, _, asked = place.partition("?")
    is_json = "json" in saved.content_type
    body: bytes | None = filled(saved.body, variables, inside="json" if is_json else "").encode() or None
    kind = saved.content_type or "application/json"
    if is_json and body is not None:
        check_json(body)
    if saved.parts:
        parts = tuple(replace(part, value=filled(part.value, variables)) for part in saved.parts)
        contents = {at: _file(part.name, files) for at, part in enumerate(parts) if part.file_name is not None}
        kind, body = form(parts, contents)
    query = dict(parse_qsl(asked, keep_blank_values=True))
    return WireRequest(profile, saved.method, endpoint, query, body, kind, model_of(body) if is_json else "")


def _file(name: str, files: Mapping[str, Path]) -> bytes:
    if name not in files:
        raise BadInput(f"No file is chosen for “{name}”.", "Choose one and run the request again.")
    try:
        if files[name].stat().st_size > FILE_BYTES:
            raise BadFile(f"The file for “{name}” is larger than {size_words(FILE_BYTES)}.")
        return files[name].read_bytes()
    except OSError as error:
        raise BadFile(f"The file for “{name}” cannot be read.") from error


def _save(path: Path, content: bytes) -> None:
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".davenport-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(temporary).unlink()
        raise BadFile("The file cannot be written there.", "Choose another folder.") from error
