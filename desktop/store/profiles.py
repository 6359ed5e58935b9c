"""profiles.json in the data folder: the profiles and which one is chosen; never a key, never the environment's."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from desktop.core.errors import StoreError
from desktop.core.profile import ENVIRONMENT_ID, LOCAL_ID, Kind, Profile
from desktop.store.small_files import Clock, read_object, write_object

NAME = "profiles.json"

LOCAL = Profile(id=LOCAL_ID, name="Local", kind=Kind.LOCAL, base_url="http://127.0.0.1/v1", needs_key=False)
"""The application's own server; port and token are those of the run and never written."""


class Kept(Struct, frozen=True):
    """What the file says. Local is always among the profiles; `chosen` is "" until the user has chosen."""

    profiles: tuple[Profile, ...] = (LOCAL,)
    chosen: str = ""
    notices: tuple[str, ...] = ()


def load(folder: Path, now: Clock = time.time) -> Kept:
    """The profiles in their order. One that cannot be read is left in the file and named in a notice."""
    try:
        content, notices = read_object(folder / NAME, now)
    except StoreError as error:
        return Kept(notices=(f"{error.summary} Only Local is there.",))
    profiles: dict[str, Profile] = {}
    for entry in _entries(content):
        profile = _read(entry)
        if profile is None:
            notices += (f"{NAME}: a profile{_name_in(entry)} cannot be read. It is left in the file as it is.",)
        elif profile.id != ENVIRONMENT_ID:
            profiles.setdefault(profile.id, profile)
    kept_local = profiles.pop(LOCAL_ID, LOCAL)
    local = msgspec.structs.replace(LOCAL, limits=kept_local.limits)  # the rest of Local is not the user's to change
    chosen = content.get("chosen")
    known = isinstance(chosen, str) and (chosen in profiles or chosen in (LOCAL_ID, ENVIRONMENT_ID))
    return Kept((local, *profiles.values()), str(chosen) if known else "", notices)


def save(folder: Path, profiles: Iterable[Profile], chosen: str, now: Clock = time.time) -> None:
    """Write the profiles; what we do not know in the file stays. Raises StoreError."""
    content, _ = read_object(folder / NAME, now)
    before = _entries(content)
    known = {entry["id"]: entry for entry in before if isinstance(entry, dict) and isinstance(entry.get("id"), str)}
    wanted = [profile for profile in profiles if profile.id != ENVIRONMENT_ID]
    entries: list[object] = [{**known.get(p.id, {}), **msgspec.to_builtins(p)} for p in wanted]
    entries += [entry for entry in before if _read(entry) is None]
    write_object(folder / NAME, {**content, "chosen": chosen, "profiles": entries})


def _entries(content: dict[str, object]) -> list[object]:
    found = content.get("profiles")
    return found if isinstance(found, list) else []


def _read(entry: object) -> Profile | None:
    try:
        return msgspec.convert(entry, Profile)
    except msgspec.ValidationError:
        return None


def _name_in(entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return f' named "{name[:60]}"' if isinstance(name, str) else ""
