"""Pictures, sound and files inside a request or a reply, told by reference: by length and SHA-256, not by bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable

from desktop.core.calls import Part
from desktop.core.wire.exchange import Stamps

SHORTEST = 1024
"""Base64 of fewer characters stays as it is."""

_LONG = re.compile(
    rb'(?P<head>"data:[^",\s]{0,200};base64,|"(?:data|file_data|b64_json|audio|image|partial_image_b64)"\s*:\s*")'
    rb"(?P<coded>[A-Za-z0-9+/]{%d,}={0,2})(?=\")" % SHORTEST
)
# Only where `shortened` puts one: as a whole value, so that a text that speaks of references stays a text.
_REFERENCE = re.compile(rb'(?:(?<=;base64,)|(?<="))\(kept by reference: (\d+) bytes, sha256 ([0-9a-f]{64})\)(?=")')

Edit = tuple[int, int]  # where a shortened stretch ended before, and by how many bytes all got shorter up to there


def shortened(data: bytes) -> tuple[bytes, tuple[Edit, ...]]:
    """JSON or events with long base64 replaced by references, and where that was.

    Only text that base64 of its bytes gives back exactly is replaced, so that `restored` is exact.
    """
    pieces: list[bytes] = []
    edits: list[Edit] = []
    at = lost = 0
    for found in _LONG.finditer(data):
        reference = _reference(found["coded"])
        if reference is None:
            continue
        pieces += [data[at : found.start("coded")], reference]
        at = found.end("coded")
        lost += len(found["coded"]) - len(reference)
        edits.append((at, lost))
    if not edits:
        return data, ()
    return b"".join((*pieces, data[at:])), tuple(edits)


def _reference(coded: bytes) -> bytes | None:
    try:
        raw = base64.b64decode(coded, validate=True)
    except binascii.Error:
        return None
    if base64.b64encode(raw) != coded:
        return None
    return b"(kept by reference: %d bytes, sha256 %s)" % (len(raw), hashlib.sha256(raw).hexdigest().encode())


def moved(stamps: Stamps, edits: tuple[Edit, ...]) -> Stamps:
    """The stamps of a reply after it was shortened."""
    if not edits:
        return stamps
    places = [end for end, _ in edits]

    def shift(end: int) -> int:
        before = bisect_right(places, end)
        return end - (edits[before - 1][1] if before else 0)

    ends, highest = [], 0
    for end in stamps.ends:
        highest = max(highest, shift(end))
        ends.append(highest)
    return Stamps(stamps.at_ms, tuple(ends))


def references(data: bytes) -> tuple[str, ...]:
    """The SHA-256 of everything that stands in these bytes by reference."""
    return tuple(dict.fromkeys(found[2].decode() for found in _REFERENCE.finditer(data)))


def restored(data: bytes, read: Callable[[str], bytes | None]) -> tuple[bytes, bool]:
    """The bytes with each reference filled in by what `read` gives for its SHA-256; and whether none was missing."""
    is_whole = True

    def fill(found: re.Match[bytes]) -> bytes:
        nonlocal is_whole
        raw = read(found[2].decode())
        if raw is None:
            is_whole = False
            return found[0]
        return base64.b64encode(raw)

    return _REFERENCE.sub(fill, data), is_whole


def parts_of(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The parts of a form, files by reference; nothing where the body is no form that can be read."""
    found = re.search(r'boundary="?([^";,\s]{1,200})', content_type)
    if not content_type.lower().startswith("multipart/form-data") or found is None:
        return ()
    pieces = body.split(b"--" + found[1].encode("utf-8", "replace"))
    return tuple(part for piece in pieces[1:-1] if (part := _part(piece)) is not None)


def _part(piece: bytes) -> Part | None:
    head, blank, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not blank:
        return None
    content = content.removesuffix(b"\r\n")
    lines = head.decode("utf-8", "replace")
    name = re.search(r'(?i)[;\s]name="((?:[^"\\]|\\.)*)"', lines)
    file_name = re.search(r'(?i)filename="((?:[^"\\]|\\.)*)"', lines)
    mime = re.search(r"(?im)^content-type:\s*(\S+)", lines)
    if name is None:
        return None
    if file_name is None:
        return Part(name[1], content.decode("utf-8", "replace"), mime=mime[1] if mime else "")
    return Part(
        name[1],
        file_name=file_name[1],
        mime=mime[1] if mime else "",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
