"""Unpacking of compressed bodies, with a bound on what may come out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from desktop.core.errors import BadReply, TooMuch

RATIO, FREE_BYTES = 100, 1024 * 1024
_PIECE = 64 * 1024
_GZIP_OR_ZLIB, _RAW = 47, -15


class Inflater:
    """Unpacks gzip and deflate piece by piece; past 1 MiB it lets through 100 times what came in, then stops."""

    def __init__(self, encoding: str) -> None:
        self._may_be_raw = encoding == "deflate"
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise BadReply("The server packed its reply in a way that was not asked for.")
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._taken = self._given = 0

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """Unpacked pieces of at most 64 KiB."""
        self._taken += len(packed)
        while packed:
            piece = self._unpack(packed)
            self._given += len(piece)
            if self._given > FREE_BYTES and self._given > RATIO * self._taken:
                raise TooMuch("The reply unpacks to far more than was sent and was stopped.")
            if piece:
                yield piece
            packed = self._stream.unconsumed_tail
            if self._stream.eof and (packed := self._stream.unused_data):
                self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)

    def _unpack(self, packed: bytes) -> bytes:
        try:
            piece = self._stream.decompress(packed, _PIECE)
        except zlib.error as error:
            if not self._may_be_raw:
                raise BadReply("The server's reply was packed wrongly.") from error
            self._may_be_raw = False  # "deflate" without its wrapper, as some servers send it
            self._stream = zlib.decompressobj(_RAW)
            return self._unpack(packed)
        self._may_be_raw = False
        return piece
