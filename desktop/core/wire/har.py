"""Calls as an HTTP archive (HAR 1.2), which browsers and other tools read. No key is in it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from desktop.core.secret import MASK
from desktop.core.wire.exchange import AUTH_HEADERS, Attempt, Exchange, Headers

_PHRASES = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
            404: "Not Found", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large",
            422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
            503: "Service Unavailable", 504: "Gateway Timeout"}  # fmt: skip


def har(exchanges: Iterable[Exchange], version: str) -> dict[str, Any]:
    """The archive as JSON values, oldest call first. Of a call that was tried again it has the last try; the others
    are told in its comment. `version` is ours."""
    listed = sorted(exchanges, key=lambda exchange: (exchange.started, exchange.call_id))
    creator = {"name": "Davenport", "version": version}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(exchange) for exchange in listed]}}


def _entry(exchange: Exchange) -> dict[str, Any]:
    last = exchange.attempts[-1] if exchange.attempts else Attempt()
    timings = _timings(last, exchange.total_ms)
    started = datetime.fromtimestamp((exchange.started + last.began_ms * 1000) / 1_000_000, UTC)
    entry: dict[str, Any] = {
        "startedDateTime": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time": sum(value for name, value in timings.items() if value > 0 and name != "ssl"),
        "request": _request(exchange),
        "response": _response(exchange),
        "cache": {},
        "timings": timings,
    }
    if tries := [_try(number, attempt) for number, attempt in enumerate(exchange.attempts[:-1], 1)]:
        entry["comment"] = " ".join(tries)
    return entry


def _timings(attempt: Attempt, total_ms: float | None) -> dict[str, float]:
    """Milliseconds; -1 for what did not happen. `connect` holds `ssl`, as the form has it."""

    def span(start: float | None, end: float | None) -> float:
        return -1.0 if start is None or end is None else round(max(0.0, end - start), 3)

    connected = attempt.tls_end_ms or attempt.connect_end_ms
    begun = attempt.connect_start_ms if attempt.connect_start_ms is not None else attempt.sending_ms
    sending = attempt.sending_ms if attempt.sending_ms is not None else attempt.began_ms
    sent = attempt.sent_ms if attempt.sent_ms is not None else sending
    head = attempt.first_byte_ms if attempt.first_byte_ms is not None else total_ms
    return {
        "blocked": span(attempt.began_ms, begun),
        "dns": -1.0,
        "connect": span(attempt.connect_start_ms, connected),
        "ssl": span(attempt.tls_start_ms, attempt.tls_end_ms),
        "send": max(0.0, span(sending, sent)),
        "wait": max(0.0, span(sent, head)),
        "receive": max(0.0, span(head, total_ms)),
    }


def _request(exchange: Exchange) -> dict[str, Any]:
    made: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(exchange.request_headers),
        "queryString": [{"name": name, "value": value} for name, value in exchange.query],
        "headersSize": -1,
        "bodySize": len(exchange.body) if not exchange.parts else -1,
    }
    kind = exchange.content_type or "application/octet-stream"
    if exchange.parts:
        made["postData"] = {"mimeType": kind, "params": [_param(exchange, at) for at in range(len(exchange.parts))]}
    elif exchange.body:
        made["postData"] = {"mimeType": kind, "text": exchange.body.decode("utf-8", "replace")}
    return made


def _param(exchange: Exchange, at: int) -> dict[str, Any]:
    part = exchange.parts[at]
    if part.file_name is None:
        return {"name": part.name, "value": part.value}
    told = f"{part.size_bytes} bytes, sha256 {part.sha256}"
    return {"name": part.name, "fileName": part.file_name, "contentType": part.mime, "comment": told}


def _response(exchange: Exchange) -> dict[str, Any]:
    content: dict[str, Any] = {"size": exchange.bytes_received, "mimeType": exchange.reply_type or "x-unknown"}
    if exchange.reply:
        content["text"] = exchange.reply.decode("utf-8", "replace")
    if exchange.is_reply_cut:
        content["comment"] = "Not all of the reply was kept."
    return {
        "status": exchange.status or 0,
        "statusText": _PHRASES.get(exchange.status or 0, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(exchange.reply_headers),
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": exchange.bytes_received,
    }


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": MASK if name.lower() in AUTH_HEADERS else value} for name, value in headers]


def _try(number: int, attempt: Attempt) -> str:
    end = f"status {attempt.status}" if attempt.status else attempt.reason or "no answer"
    return f"Try {number}: {end}."


def file_name(exchange: Exchange) -> str:
    """A name to offer for the file of one call."""
    host = urlsplit(exchange.url).hostname or "call"
    return f"{host}{exchange.path.replace('/', '-')}.har"
