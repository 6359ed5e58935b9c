"""The pipe between the server and an engine's process: length-prefixed MessagePack."""

from __future__ import annotations

import asyncio
import struct
from typing import Any, BinaryIO

import msgspec

Frame = dict[str, Any]
_LENGTH = struct.Struct("<I")
LARGEST = 256 * 1024 * 1024


def pack(frame: Frame) -> bytes:
    body = msgspec.msgpack.encode(frame)
    return _LENGTH.pack(len(body)) + body


def read_frame(pipe: BinaryIO) -> Frame | None:
    """The next frame, None at the end of the pipe."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = pipe.read(length)
    return msgspec.msgpack.decode(body, type=Frame) if len(body) == length else None


async def receive(pipe: asyncio.StreamReader) -> Frame:
    """The next frame; raises EOFError when the other side has ended."""
    (length,) = _LENGTH.unpack(await pipe.readexactly(_LENGTH.size))
    if length > LARGEST:
        raise EOFError("a frame past every bound")
    return msgspec.msgpack.decode(await pipe.readexactly(length), type=Frame)
