"""JSON from a server into the shapes we read: quickly where it is right, patiently where it is not."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from desktop.core.errors import BadReply
from desktop.core.text import scalar

T = TypeVar("T")

# Reading patiently takes ten times as long; past this size it would be felt in the window.
PATIENT_BYTES = 1024 * 1024

UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeError, ValueError, OverflowError, TypeError)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=False)


def decode(body: bytes, kind: type[T]) -> T:
    """The body as `kind`; raises BadReply for what cannot be read. Unknown keys are passed over."""
    try:
        found: T = _decoder(cast(Any, kind)).decode(body)
        return found
    except UNREADABLE:
        pass
    try:
        return patient(body, kind)
    except UNREADABLE:
        pass
    raise BadReply("The server's reply is not what the API promises and cannot be read.")


def patient(body: bytes, kind: type[T]) -> T:
    """Reads what `decode` refuses but what servers do send: nulls for what was left out, halves of surrogate pairs,
    bytes that are no UTF-8, NaN. Raises one of UNREADABLE."""
    if len(body) > PATIENT_BYTES:
        raise ValueError("too large to be read with patience")
    return msgspec.convert(_without_nulls(json.loads(body.decode("utf-8", "replace"))), kind, strict=False)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {scalar(k): _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value if v is not None]
    return scalar(value) if isinstance(value, str) else value
