"""From statuses, error bodies and transport failures to the errors of core/errors.py."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from msgspec import Struct

from desktop.api import retry
from desktop.api.retry import Failure, Stage
from desktop.core.errors import (
    BadReply,
    BadRequest,
    Detail,
    Forbidden,
    KeyRefused,
    MayHaveRun,
    NotFound,
    Offline,
    Overloaded,
    ProxyFailed,
    QuotaSpent,
    RateLimited,
    Rejected,
    ServerFailed,
    TooLarge,
    UnknownHost,
    Unreachable,
    Untrusted,
    WireError,
)
from desktop.core.secret import Redactor
from desktop.core.text import said

_BY_STATUS: dict[int, tuple[type[Rejected], str]] = {
    400: (BadRequest, "The server did not accept the request."),
    401: (KeyRefused, "The server did not accept the key."),
    403: (Forbidden, "The server does not allow this."),
    404: (NotFound, "The server does not know this model, path or object."),
    405: (BadRequest, "The server does not take this kind of request here."),
    408: (ServerFailed, "The server ran out of time."),
    409: (Rejected, "The server is busy with the same object."),
    413: (TooLarge, "The request is too large for the server."),
    415: (BadRequest, "The server does not take this kind of content."),
    422: (BadRequest, "The server understood the request but cannot carry it out."),
    429: (RateLimited, "The server's rate limit is reached."),
    503: (Overloaded, "The server is overloaded."),
}
_BY_CODE: dict[str, int] = {
    "rate_limit_exceeded": 429,
    "requests": 429,
    "tokens": 429,
    "invalid_api_key": 401,
    "model_not_found": 404,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "server_is_overloaded": 503,
    "slow_down": 503,
    "overloaded_error": 503,
}


class ErrorBody(Struct, frozen=True):
    """What a server said of a failure."""

    message: str = ""
    code: str | None = None
    type: str | None = None
    param: str | None = None


def read_body(body: bytes) -> ErrorBody:
    """The error object of a body; HTML and other text become the message."""
    text = body.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ErrorBody(message=text)
    return read_object(value.get("error", value) if isinstance(value, dict) else value)


def read_object(value: Any) -> ErrorBody:
    """An `error` value of any shape."""
    if not isinstance(value, dict):
        return ErrorBody(message=value if isinstance(value, str) else json.dumps(value)[:8000])

    def text(name: str) -> str | None:
        found = value.get(name)
        return str(found)[:200] if isinstance(found, str | int) and not isinstance(found, bool) else None

    message = next((m for n in ("message", "detail", "error") if isinstance(m := value.get(n), str)), "")
    return ErrorBody(message=message, code=text("code"), type=text("type"), param=text("param"))


class Teller:
    """Makes errors whose words hold no key: of one profile's host, with one redactor."""

    def __init__(self, host: str, redactor: Redactor, *, uses_proxy: bool = False) -> None:
        self._host, self._redactor = host, redactor
        self.uses_proxy = uses_proxy

    def detail(
        self, status: int | None, headers: Mapping[str, str], body: ErrorBody, wait_s: float | None = None
    ) -> Detail:
        def clean(text: str | None, longest: int) -> str | None:
            return said(self._redactor.clean(text))[:longest] if text else None

        return Detail(
            status=status,
            code=clean(body.code or body.type, 200),
            param=clean(body.param, 200),
            request_id=clean(headers.get("x-request-id"), 200),
            host=self._host,
            said=clean(body.message, 2100),
            retry_after_s=wait_s,
        )

    def rejected(self, status: int, headers: Mapping[str, str], raw: bytes, now: float) -> tuple[Rejected, Failure]:
        """The error of a status, and what the decision to repeat needs."""
        body = read_body(raw)
        wait_s = retry.server_wait(headers, now)
        failure = Failure(Stage.ANSWERED, status, body.code or body.type, headers)
        return self._of(status, body, self.detail(status, headers, body, wait_s)), failure

    def inside_stream(self, value: Any, headers: Mapping[str, str]) -> Rejected:
        """The error of an `error` object that came inside a stream which had begun well."""
        body = read_object(value)
        code = body.code or ""
        status = int(code) if code.isdigit() and 400 <= int(code[:4]) < 600 else _BY_CODE.get(code)
        status = status or _BY_CODE.get(body.type or "", 500)
        return self._of(status, body, self.detail(None, headers, body), "The server failed while it was replying.")

    def _of(self, status: int, body: ErrorBody, detail: Detail, otherwise: str = "") -> Rejected:
        if retry.is_final(body.code) or retry.is_final(body.type):
            return QuotaSpent("The account has no credit left or its spending limit is reached.", detail=detail)
        kind, summary = _BY_STATUS.get(status) or (
            (ServerFailed, otherwise or f"The server failed (status {status}).")
            if status >= 500
            else (Rejected, f"The server refused the request (status {status}).")
        )
        if kind is RateLimited and detail.retry_after_s:
            summary = f"The server's rate limit is reached; it asks to wait {_span(detail.retry_after_s)}."
        if detail.code == "context_length_exceeded":
            summary = "The conversation no longer fits the model's context."
        elif kind is BadRequest and detail.param:
            summary = f"The server did not accept the parameter “{detail.param[:60]}”."
        return kind(summary, detail=detail)

    def may_have_run(self, cause: WireError) -> MayHaveRun:
        """A paid request whose fate is not known, with the cause's detail."""
        return MayHaveRun(f"{cause.summary} Whether the request was carried out is not known.", detail=cause.detail)

    def transport(self, error: Exception, was_sent: bool) -> tuple[WireError, Failure]:
        """A failure below HTTP. `was_sent`: a byte of the request may have left."""
        detail = Detail(host=self._host)
        causes = list(_chain(error))
        if any(isinstance(c, ssl.SSLCertVerificationError) for c in causes):
            reason = next(c.verify_message for c in causes if isinstance(c, ssl.SSLCertVerificationError))
            detail = Detail(host=self._host, said=said(reason))
            return Untrusted(f"The certificate of {self._host} was not accepted.", detail=detail), Failure(
                Stage.REFUSED
            )
        if isinstance(error, httpx.ProxyError):
            return ProxyFailed("The proxy did not let the call through.", detail=detail), Failure(Stage.REFUSED)
        if any(isinstance(c, socket.gaierror) for c in causes):
            return self._unknown_host(detail), Failure(Stage.REFUSED)
        if any(isinstance(c, ssl.SSLError) for c in causes) and isinstance(error, httpx.ConnectError):
            return Unreachable(f"No secure connection to {self._host} could be made.", detail=detail), Failure(
                Stage.REFUSED
            )
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            found = self._no_connection(error, detail)
            return found, Failure(Stage.REFUSED if isinstance(found, Offline) else Stage.NOT_SENT)
        if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
            return BadReply(f"{self._host} did not answer as a web server does.", detail=detail), Failure(
                Stage.NO_ANSWER if was_sent else Stage.NOT_SENT
            )
        return Unreachable(f"The connection to {self._host} ended before an answer came.", detail=detail), Failure(
            Stage.NO_ANSWER if was_sent else Stage.NOT_SENT
        )

    def _unknown_host(self, detail: Detail) -> WireError:
        if not has_route():
            return Offline("There is no network.", detail=detail)
        name = "The proxy's address" if self.uses_proxy else self._host
        return UnknownHost(f"{name} is not known to the network.", detail=detail)

    def _no_connection(self, error: Exception, detail: Detail) -> WireError:
        if not self._host.startswith(("127.", "localhost", "[::1]")) and not has_route():
            return Offline("There is no network.", detail=detail)
        how = "did not answer in time" if isinstance(error, httpx.ConnectTimeout) else "could not be reached"
        if self.uses_proxy:
            return ProxyFailed(f"The proxy for {self._host} {how}.", detail=detail)
        return Unreachable(f"{self._host} {how}.", detail=detail)


def has_route() -> bool:
    """Whether this computer has a way to any other; a datagram socket is given a target, nothing is sent."""
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                return True
        except OSError:
            continue
    return False


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        at = waiting.pop()
        if at is None or id(at) in seen:
            continue
        seen.add(id(at))
        yield at
        waiting += [at.__cause__, at.__context__]
        if isinstance(at, BaseExceptionGroup):
            waiting += at.exceptions


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    if seconds < 7200:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3600)} hours" if seconds < 172800 else f"{round(seconds / 86400):,} days"
