"""What any reply says it used, of whatever endpoint: read from its JSON or from the last event that names it."""

from __future__ import annotations

from typing import Any

from desktop.core.usage import Usage
from desktop.core.wire.exchange import Exchange
from desktop.core.wire.views import EVENTS, events, loaded

_MOST = 10**15


def usage_of(exchange: Exchange) -> tuple[Usage | None, str]:
    """The usage and the service tier that a reply names; where it names none, what is charged by the piece: the
    characters that were to be spoken, the pictures that came. None where there is nothing of either."""
    found: Any = None
    tier = ""
    for value in _values(exchange):
        body = _object(value.get("response")) or value
        if isinstance(body.get("usage"), dict):
            found = body["usage"]
        if isinstance(body.get("service_tier"), str):
            tier = body["service_tier"]
    return (_by_the_piece(exchange) if found is None else _usage(found)), tier


def _by_the_piece(exchange: Exchange) -> Usage | None:
    if exchange.status is None or not 200 <= exchange.status < 300:
        return None
    if exchange.endpoint.endswith("/audio/speech"):
        said = _object(loaded(exchange.body)).get("input")
        return Usage(characters=len(said)) if isinstance(said, str) and said else None
    if "/images/" in exchange.endpoint:
        made = _object(loaded(exchange.reply)).get("data")
        return Usage(images=len(made)) if isinstance(made, list) and made else None
    return None


def _values(exchange: Exchange) -> list[dict[str, Any]]:
    if not exchange.is_stream:
        listed = [loaded(exchange.reply)]
    else:
        named = [
            event for event in events(exchange, EVENTS) if '"usage"' in event.data or '"service_tier"' in event.data
        ]
        listed = [loaded(event.data.encode("utf-8", "replace")) for event in named]
    return [value for value in listed if isinstance(value, dict)]


def _usage(said: dict[str, Any]) -> Usage:
    """Chat says prompt and completion, other endpoints input and output; sound may be counted in seconds."""
    given = _count(said.get("prompt_tokens", said.get("input_tokens")))
    made = _count(said.get("completion_tokens", said.get("output_tokens")))
    of_input = _object(said.get("prompt_tokens_details") or said.get("input_tokens_details"))
    of_output = _object(said.get("completion_tokens_details") or said.get("output_tokens_details"))
    seconds = said.get("seconds")
    return Usage(
        input=given,
        cached=min(_count(of_input.get("cached_tokens")), given),
        cache_write=min(_count(of_input.get("cache_write_tokens")), given),
        output=made,
        reasoning=min(_count(of_output.get("reasoning_tokens")), made),
        audio_input=min(_count(of_input.get("audio_tokens")), given),
        image_input=min(_count(of_input.get("image_tokens")), given),
        audio_output=min(_count(of_output.get("audio_tokens")), made),
        image_output=min(_count(of_output.get("image_tokens")), made),
        seconds=float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < _MOST else 0.0,
    )


def _count(value: object) -> int:
    return min(max(0, int(value)), _MOST) if isinstance(value, int) and not isinstance(value, bool) else 0


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
