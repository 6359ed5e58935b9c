"""Finds the files of an export that messages point to."""

from __future__ import annotations

import re
from functools import partial
from pathlib import PurePosixPath

import msgspec

from desktop.core.text import scalar
from desktop.services.imports.boxes import Box
from desktop.services.imports.values import Asset

LARGEST_ASSET = 64 * 1024 * 1024
_NAMES = "conversation_asset_file_names.json"
_FILE_ID = re.compile(r"file[-_][A-Za-z0-9]+")
_MOST_OF_NAMES = 16 * 1024 * 1024


class Assets:
    """The files of a box by the id in their names, with their owners' names for them where the export has those."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._by_id: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for name in box.entries:
            base = PurePosixPath(name).name
            if base == _NAMES:
                self._names |= _names_in(box, name)
            elif (found := _FILE_ID.match(base)) and (found[0] not in self._by_id or "sanitized" not in base):
                self._by_id[found[0]] = name

    def pointed(self, pointer: str, kind: str, name: str = "") -> Asset:
        """What a pointer such as sediment://file_0123 or an id leads to."""
        found = _FILE_ID.search(pointer.rpartition("://")[2])
        id = found[0] if found else ""
        file = self._by_id.get(id, "")
        return Asset(kind, scalar(name or self._shown(id, file) or id)[:200], partial(self._read, file), id)

    def _read(self, file: str) -> bytes | None:
        return self._box.whole(file, LARGEST_ASSET) if file else None

    def _shown(self, id: str, file: str) -> str:
        base = PurePosixPath(file).name
        return PurePosixPath(self._names.get(base, "")).name or base.removeprefix(id).lstrip("-_") or base


def is_asset(name: str) -> bool:
    """Whether a file is one that messages point to, by the id in its name."""
    return _FILE_ID.match(PurePosixPath(name).name) is not None


def _names_in(box: Box, name: str) -> dict[str, str]:
    content = box.whole(name, _MOST_OF_NAMES)
    try:
        return msgspec.json.decode(content or b"{}", type=dict[str, str])
    except (msgspec.DecodeError, RecursionError):
        return {}
