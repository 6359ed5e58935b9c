"""What the application hands to the server over its standard input, and what the server says on its output."""

from __future__ import annotations

import sys
from typing import Any

import msgspec


class Handover(msgspec.Struct, frozen=True):
    """The first line of standard input. `token` is this run's key; it is in no argument, variable or address.

    `gguf` is the user's own language model, or empty; `cache_folder` is where temporary files may be written;
    `port` is the one to take if it is free, after a restart; 0 is any.
    """

    token: str
    gguf: str = ""
    idle_minutes: float = 10.0
    cache_folder: str = ""
    port: int = 0


SHORTEST_TOKEN = 43  # 256 bits in base64 without padding


def read_handover(line: bytes) -> Handover:
    """Raises ValueError for anything but a whole handover with a token of 256 bits."""
    handover = msgspec.json.decode(line, type=Handover)
    if len(handover.token) < SHORTEST_TOKEN or not handover.token.isascii():
        raise ValueError("the token must have 256 bits")
    return handover


class Command(msgspec.Struct, frozen=True):
    """A later line: `do` is "engines" or "stop" (then with the engine's `name`); answered with the same `id`."""

    do: str
    id: int = 0
    name: str = ""


def read_command(line: bytes) -> Command | None:
    try:
        return msgspec.json.decode(line, type=Command)
    except msgspec.DecodeError:
        return None


def say(**fields: Any) -> None:
    """One line of JSON for the application; it has gone when nobody reads any more, which ends the server anyway."""
    try:
        sys.stdout.buffer.write(msgspec.json.encode(fields) + b"\n")
        sys.stdout.buffer.flush()
    except (BrokenPipeError, ValueError):
        return
