"""Looks for a key in whatever was written or shown: whole, in part, and in ten encodings."""

from __future__ import annotations

import base64
import codecs
import html
import json
import urllib.parse
from collections.abc import Iterable
from pathlib import Path

PART = 12


def encodings(key: str) -> dict[str, set[bytes]]:
    """Ten ways in which a key may hide in bytes, each with the needles that give it away."""
    raw = key.encode()
    parts = {raw[at : at + PART] for at in range(len(raw) - PART + 1)}
    shifted = [base64.b64encode(b"\0" * offset + raw)[(0, 2, 3)[offset] :].rstrip(b"=")[:-1] for offset in range(3)]
    return {
        "plain, any 12 in a row": parts or {raw},
        "backwards": {part[::-1] for part in parts},
        "base64": set(shifted),
        "base64 for URLs": {coded.translate(bytes.maketrans(b"+/", b"-_")) for coded in shifted},
        "hex": {raw.hex().encode(), raw.hex().upper().encode(), raw.hex(" ").encode()},
        "percent": {"".join(f"%{byte:02x}" for byte in raw).encode(), urllib.parse.quote(key, safe="").encode()},
        "UTF-16": {key[:PART].encode("utf-16-le"), key[:PART].encode("utf-16-be")},
        "UTF-32": {key[:PART].encode("utf-32-le"), key[:PART].encode("utf-32-be")},
        "escapes": {"".join(f"\\u{ord(c):04x}" for c in key).encode(), "".join(f"\\x{b:02x}" for b in raw).encode(),
                    html.escape(key).encode(), json.dumps(key).encode()},
        "rot13": {codecs.encode(key, "rot13").encode()},
    }  # fmt: skip


def finds(key: str, haystack: bytes | str) -> list[str]:
    """The encodings in which the key is in it."""
    data = haystack.encode("utf-8", "surrogatepass") if isinstance(haystack, str) else haystack
    return [name for name, needles in encodings(key).items() if any(needle in data for needle in needles)]


def finds_in_files(key: str, folders: Iterable[Path]) -> list[str]:
    """Where below these folders the key is, names of files included."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            found += [f"name of {path}: {how}" for how in finds(key, str(path))]
            if path.is_file():
                found += [f"{path}: {how}" for how in finds(key, path.read_bytes())]
    return found
