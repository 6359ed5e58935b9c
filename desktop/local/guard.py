"""The gate before every route: who may ask, from where, in what form and how much."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

from desktop.core.sizes import size_words
from desktop.local.wire import WireProblem

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

BODY_BYTES = 32 * 1024 * 1024
METHODS = ("GET", "POST", "DELETE")
_SEGMENT = re.compile(rb"[A-Za-z0-9._:@-]{1,200}")
_TARGET = re.compile(rb"/[A-Za-z0-9._:@~%/-]*")
FORM_PATHS = frozenset({"/v1/audio/transcriptions", "/v1/audio/translations"})


class Guard:
    """Lets a request through only when its host, origin, token, path and form are right.

    `hosts` are our own `address:port` spellings. Nothing here ever sends an access-control header.
    """

    def __init__(self, app: App, token: str, hosts: Iterable[str]) -> None:
        self._app = app
        self._authorization = b"Bearer " + token.encode()
        self._hosts = frozenset(host.encode() for host in hosts)
        self._origins = frozenset(b"http://" + host for host in self._hosts)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        reply = _Reply(send)
        try:
            if scope["type"] != "http":
                raise WireProblem(400, "Only plain HTTP requests are answered here.")
            self._check(scope)
            await self._app(scope, _bounded(scope, receive), reply.send)
        except WireProblem as problem:
            await reply.fail(problem, scope, receive)

    def _check(self, scope: MutableMapping[str, Any]) -> None:
        headers = _Headers(scope["headers"])
        if headers.only(b"host") not in self._hosts:
            raise WireProblem(421, "This server answers only to its own address.", code="misdirected_request")
        self._check_origin(headers)
        self._check_token(headers)
        _check_framing(headers)
        _check_path(scope.get("raw_path") or scope["path"].encode())
        if scope["method"] not in METHODS:
            raise WireProblem(405, f"{scope['method'][:20]} is not used here.", code="method_not_allowed")
        _check_body(headers, scope["method"], scope["path"])

    def _check_origin(self, headers: _Headers) -> None:
        origins = headers.every(b"origin")
        sites = headers.every(b"sec-fetch-site")
        if any(origin not in self._origins for origin in origins) or any(
            site not in (b"same-origin", b"none") for site in sites
        ):
            raise WireProblem(403, "Requests from web pages are refused.", code="foreign_origin")

    def _check_token(self, headers: _Headers) -> None:
        given = headers.only(b"authorization") or b""
        if not hmac.compare_digest(given, self._authorization):
            raise WireProblem(401, "The key of this run is missing or wrong.", code="invalid_api_key")


class _Headers:
    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = list(raw)

    def every(self, name: bytes) -> list[bytes]:
        return [value for key, value in self._raw if key.lower() == name]

    def only(self, name: bytes) -> bytes | None:
        """The header's value where it was sent exactly once."""
        values = self.every(name)
        return values[0] if len(values) == 1 else None


def _check_framing(headers: _Headers) -> None:
    """A length named twice, or beside chunks, is how a second request is smuggled into the first."""
    lengths, codings = headers.every(b"content-length"), headers.every(b"transfer-encoding")
    if len(lengths) + len(codings) > 1:
        raise WireProblem(400, "The length of the body is not clear.", headers={"connection": "close"})


def _check_path(raw: bytes) -> None:
    """Every part of a path is a plain word or an id; nothing climbs, nothing hides behind percent signs."""
    path = raw.partition(b"?")[0]
    if _TARGET.fullmatch(path):
        parts = [unquote_to_bytes(part) for part in path[1:].split(b"/")]
        if all(_SEGMENT.fullmatch(part) and part.strip(b".") for part in parts):
            return
    raise WireProblem(400, "This path cannot be used.", code="invalid_path")


def _check_body(headers: _Headers, method: str, path: str) -> None:
    length = headers.only(b"content-length")
    has_body = bool(headers.every(b"transfer-encoding")) or (length is not None and length.strip() != b"0")
    if (length is not None and len(length) > 15) or int(length or 0) > BODY_BYTES:
        raise _too_large()
    if not has_body:
        return
    if method != "POST":
        raise WireProblem(400, f"{method} takes no body.")
    kind = (headers.only(b"content-type") or b"").partition(b";")[0].strip().lower()
    wanted = b"multipart/form-data" if path in FORM_PATHS else b"application/json"
    if kind != wanted:
        raise WireProblem(415, f"The body must be {wanted.decode()}.", code="unsupported_media_type")


def _too_large() -> WireProblem:
    said = f"The body is larger than {size_words(BODY_BYTES)}."
    return WireProblem(413, said, code="body_too_large", headers={"connection": "close"})


def _bounded(scope: MutableMapping[str, Any], receive: Receive) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BODY_BYTES:
            raise _too_large()
        return message

    return bounded


class _Reply:
    """Adds what every reply of the API has: a request id and the time it took."""

    def __init__(self, send: Send) -> None:
        self._send, self._started, self._began = send, time.monotonic(), False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._began = True
            took = round((time.monotonic() - self._started) * 1000)
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", b"req_" + secrets.token_hex(16).encode()),
                (b"openai-processing-ms", str(took).encode()),
                (b"openai-version", b"2020-10-01"),
                (b"cache-control", b"no-store"),
                (b"x-content-type-options", b"nosniff"),
            ]
        await self._send(message)

    async def fail(self, problem: WireProblem, scope: MutableMapping[str, Any], receive: Receive) -> None:
        if not self._began:
            await problem.response()(scope, receive, self.send)
