"""settings.json in the data folder: read before the database opens, kept by hand-editing people and by the page."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from desktop.core.errors import StoreError
from desktop.core.settings import Settings
from desktop.store.small_files import Clock, read_object, write_object

NAME = "settings.json"


def load(folder: Path, now: Clock = time.time) -> tuple[Settings, tuple[str, ...]]:
    """The settings, and what the user must be told: a bad file or a bad value is replaced by the defaults."""
    try:
        found, notices = read_object(folder / NAME, now)
    except StoreError as error:
        return Settings(), (f"{error.summary} Defaults are used.",)
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        if field.name not in found:
            continue
        try:
            values[field.name] = msgspec.convert(found[field.name], field.type)
        except msgspec.ValidationError:
            notices += (f"{NAME}: the value of {field.name} cannot be used, so its default is.",)
    return Settings(**values), notices  # type: ignore[arg-type]


def save(folder: Path, settings: Settings, now: Clock = time.time) -> None:
    """Write what differs from the defaults; keys we do not know stay as they are. Raises StoreError."""
    content, _ = read_object(folder / NAME, now)
    wanted: dict[str, object] = msgspec.to_builtins(settings)
    usual: dict[str, object] = msgspec.to_builtins(Settings())
    for name, value in wanted.items():
        if value == usual[name]:
            content.pop(name, None)
        else:
            content[name] = value
    write_object(folder / NAME, content)
