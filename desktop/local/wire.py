"""The wire's common forms: error objects, ids, times, server-sent events."""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec
from starlette.responses import Response

encode = msgspec.json.encode
DONE = b"data: [DONE]\n\n"
INSTALL = "python3 packaging/dev.py run"


class WireProblem(Exception):
    """An error reply in the making: status, and the four fields of the API's error object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.kind = status, message, kind
        self.code, self.param, self.headers = code, param, headers or {}

    def body(self) -> dict[str, Any]:
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}

    def response(self) -> Response:
        return json_reply(self.body(), status=self.status, headers=self.headers)


def wrong(param: str, message: str, code: str | None = "invalid_value") -> WireProblem:
    """A request that names something impossible."""
    return WireProblem(400, message, code=code, param=param)


def engine_missing(what: str) -> WireProblem:
    """An engine's package is not installed; the sentence names the command that adds it."""
    message = f"The {what} is not installed here. Add the local engines with: {INSTALL}"
    return WireProblem(503, message, kind="server_error", code="engine_missing", headers={"x-should-retry": "false"})


def engine_failed(message: str) -> WireProblem:
    return WireProblem(500, message, kind="server_error", code="engine_failed")


def json_reply(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(encode(body), status_code=status, media_type="application/json", headers=headers)


def event(value: Any) -> bytes:
    """One event of the chat and completions streams."""
    return b"data: " + encode(value) + b"\n\n"


def typed_event(value: dict[str, Any]) -> bytes:
    """One event of the streams whose events have a name."""
    name: bytes = value["type"].encode()
    return b"event: " + name + b"\ndata: " + encode(value) + b"\n\n"


def new_id(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


def now() -> int:
    return int(time.time())
