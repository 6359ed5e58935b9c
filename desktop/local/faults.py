"""Scripted faults, so that every failure of a server can be seen from the client's side.

Asked for with the header `x-local-fault: NAME[; after=N][; times=N][; seconds=S]`, or with a model name that ends in
`:NAME`. `after` counts writes of the reply (events, in a stream) before the fault; `times` how many requests with the
very same header fail before one succeeds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import MutableMapping
from typing import Any

from msgspec import Struct
from starlette.responses import HTMLResponse, Response

from desktop.local.guard import App, Message, Receive, Send
from desktop.local.wire import DONE, WireProblem, event, typed_event

Scope = MutableMapping[str, Any]
HEADER = b"x-local-fault"
IN_SCOPE = "davenport.fault"
_RATE = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "149000",
    "x-ratelimit-reset-tokens": "6m0s",
}
STATUSES: dict[str, tuple[int, str, str, str | None]] = {
    "400": (400, "A scripted bad request.", "invalid_request_error", "invalid_value"),
    "401": (401, "A scripted refusal of the key.", "invalid_request_error", "invalid_api_key"),
    "403": (403, "A scripted refusal.", "invalid_request_error", "unsupported_country_region_territory"),
    "404": (404, "A scripted missing model.", "invalid_request_error", "model_not_found"),
    "408": (408, "A scripted time-out.", "server_error", None),
    "409": (409, "A scripted conflict.", "invalid_request_error", "conflict"),
    "context": (400, "A scripted overflow of the context.", "invalid_request_error", "context_length_exceeded"),
    "429": (429, "A scripted rate limit.", "requests", "rate_limit_exceeded"),
    "quota": (429, "A scripted end of the quota.", "insufficient_quota", "insufficient_quota"),
    "500": (500, "A scripted failure.", "server_error", None),
    "502": (502, "A scripted bad gateway.", "server_error", None),
    "503": (503, "A scripted overload.", "server_error", "overloaded"),
    "504": (504, "A scripted gateway time-out.", "server_error", None),
}
STREAMED = frozenset({"cut", "disconnect", "stall", "slow", "ping", "broken", "nodone", "error"})
OTHER = frozenset({"html", "empty", "refuse"})
_HTML = (
    "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1><script>alert(1)</script></body></html>"
)


class Scripted(Exception):
    """Ends a request without an end: the connection is closed where it stands."""


class Fault(Struct, frozen=True):
    name: str
    after: int = 2
    times: int = 0
    seconds: float = 1.0

    @classmethod
    def named(cls, name: str) -> Fault | None:
        known = STATUSES.keys() | STREAMED | OTHER
        return cls(name) if name in known else None

    @classmethod
    def read(cls, header: str) -> Fault:
        """From the header's value; raises WireProblem for a fault that there is not."""
        name, *options = (part.strip() for part in header.split(";"))
        if cls.named(name) is None:
            raise WireProblem(400, f"There is no scripted fault '{name[:40]}'.", param="x-local-fault")
        given = dict(option.partition("=")[::2] for option in options if "=" in option)
        try:
            return cls(name, int(given.get("after", 2)), int(given.get("times", 0)), float(given.get("seconds", 1.0)))
        except ValueError as error:
            raise WireProblem(400, "A scripted fault's options are numbers.", param="x-local-fault") from error

    def response(self) -> Response | None:
        """The reply of faults that need no work first."""
        if self.name == "html":
            return HTMLResponse(_HTML, status_code=502)
        if self.name == "empty":
            return Response(status_code=500)
        if self.name == "refuse":
            raise Scripted
        if self.name not in STATUSES:
            return None
        status, text, kind, code = STATUSES[self.name]
        headers = dict(_RATE) if status == 429 else {}
        if self.name in ("429", "503"):
            headers["retry-after"] = str(max(1, round(self.seconds)))
        return WireProblem(status, text, kind=kind, code=code, headers=headers).response()


class Faults:
    """Puts the fault that a request asks for between the routes and the wire."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._seen: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = next((v.decode("latin-1") for k, v in scope.get("headers", ()) if k.lower() == HEADER), "")
        if scope["type"] == "http" and asked:
            fault = Fault.read(asked)
            if self._still(asked, fault):
                if (reply := fault.response()) is not None:
                    await reply(scope, receive, send)
                    return
                scope[IN_SCOPE] = fault
        await self._app(scope, receive, _Bent(scope, send) if scope["type"] == "http" else send)

    def _still(self, asked: str, fault: Fault) -> bool:
        self._seen[asked] += 1
        return not fault.times or self._seen[asked] <= fault.times


class _Bent:
    """A `send` that follows the fault found in the scope, which a route may have put there meanwhile."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._writes, self._is_over = 0, False

    async def __call__(self, message: Message) -> None:
        fault: Fault | None = self._scope.get(IN_SCOPE)
        if fault is None or message["type"] != "http.response.body" or self._is_over:
            if not self._is_over:
                await self._send(message)
            return
        body = message.get("body", b"")
        if not message.get("more_body") and self._writes == 0:
            await self._whole(fault, message, body)
        else:
            await self._write(fault, message, body)

    async def _whole(self, fault: Fault, message: Message, body: bytes) -> None:
        """A reply that is no stream: half of it arrives, or late, or with its middle spoilt."""
        half = len(body) // 2
        if fault.name in ("cut", "disconnect", "stall"):
            await self._send({"type": "http.response.body", "body": body[:half], "more_body": True})
            await self._stop(fault)
        if fault.name == "slow":
            await asyncio.sleep(fault.seconds)
        spoilt = body[:half] + b"\0" * (len(body) - half) if fault.name == "broken" else body
        await self._send({**message, "body": spoilt})

    async def _write(self, fault: Fault, message: Message, body: bytes) -> None:
        self._writes += 1
        if fault.name == "nodone" and body == DONE:
            return
        if fault.name == "slow" and body:
            await asyncio.sleep(fault.seconds)
        if self._writes == fault.after + 1:
            await self._strike(fault)
        if not self._is_over:
            await self._send(message)

    async def _strike(self, fault: Fault) -> None:
        if fault.name in ("disconnect", "stall"):
            await self._stop(fault)
        elif fault.name == "ping":
            while True:
                await self._more(b": alive\n\n")
                await asyncio.sleep(fault.seconds)
        elif fault.name == "cut":
            await self._end()
        elif fault.name == "broken":
            await self._more(b'data: {"id":"chatcmpl-broken","choices":[{"delta":{"content":"half an ev\n\n')
        elif fault.name == "error":
            await self._more(self._error())
            await self._end()

    def _error(self) -> bytes:
        text, kind = "A scripted failure in the middle of the stream.", "server_error"
        if self._scope["path"].endswith("/responses"):
            return typed_event(
                {"type": "error", "code": kind, "message": text, "param": None, "sequence_number": self._writes}
            )
        return event({"error": {"message": text, "type": kind, "param": None, "code": None}})

    async def _stop(self, fault: Fault) -> None:
        if fault.name == "stall":
            await asyncio.Event().wait()
        raise Scripted

    async def _more(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _end(self) -> None:
        self._is_over = True
        await self._send({"type": "http.response.body", "body": b""})
