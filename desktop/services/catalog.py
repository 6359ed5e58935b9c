"""The models of each profile: what we ship, what its server lists, and the user's own files over both.

The user's file is models.json in the data folder, of the same form as ours: {"cards": {"MODEL": {...}}}, where an entry
names only what is to be different; prices.json beside it (services/prices.py) has prices alone. A server's last list is
kept, so that it is there off line.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from desktop import paths
from desktop.core import catalog
from desktop.core.catalog import Card, Catalog, Listed
from desktop.core.profile import ENVIRONMENT_ID, Profile
from desktop.store import own_prices
from desktop.store.small_files import read_object, write_object

if TYPE_CHECKING:
    from desktop.api.client import Client
    from desktop.api.models import ModelReply

USERS_FILE = "models.json"
LISTS_FOLDER = "model-lists"
_FILE_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


class _KeptList(msgspec.Struct, omit_defaults=True):
    """A server's list as it is kept, with the address it came from."""

    address: str
    models: tuple[Listed, ...]


class Catalogs:
    """One catalog for each profile; `current` is that of the profile last chosen. `folder` is the data folder.

    Files are read at the first question, in whichever thread asks it.
    """

    def __init__(self, folder: Path, shipped: Path | None = None) -> None:
        self._folder = folder
        self._shipped_file = shipped or paths.resource("models.json")
        self._lock = threading.RLock()
        self._shipped: Catalog | None = None
        self._user: dict[str, Card] | None = None
        self._prices: dict[str, dict[str, object]] | None = None
        self._chosen: Profile | None = None
        self._made: dict[str, tuple[str, Catalog]] = {}
        self._lists: dict[str, _KeptList] = {}
        self._current: Catalog | None = None
        self.notices: tuple[str, ...] = ()

    @property
    def shipped(self) -> Catalog:
        with self._lock:
            if self._shipped is None:
                self._shipped = msgspec.json.decode(self._shipped_file.read_bytes(), type=Catalog)
            return self._shipped

    @property
    def current(self) -> Catalog:
        """The catalog of the profile last chosen; without one, what we ship and the user's file."""
        with self._lock:
            return self._current or self._priced(catalog.merge(self.shipped, None, self._users_cards()))

    def choose(self, profile: Profile) -> Catalog:
        """Make a profile's catalog the current one."""
        with self._lock:
            self._chosen, self._current = profile, self.of(profile)
            return self._current

    def of(self, profile: Profile) -> Catalog:
        """The catalog of one profile; `listed` is None until its server was asked once."""
        with self._lock:
            made = self._made.get(profile.id)
            if made is None or made[0] != profile.base_url:
                made = (profile.base_url, self._merged(profile))
                self._made[profile.id] = made
            return made[1]

    async def refresh(self, profile: Profile, client: Client) -> Catalog:
        """Ask the profile's server for its models and keep the answer. Raises what the client raises."""
        from desktop.api import models  # late: brings httpx

        replies = await models.list_models(client)
        return self.keep_list(profile, (_listed(reply) for reply in replies))

    def keep_list(self, profile: Profile, listed: Iterable[Listed]) -> Catalog:
        """Take a server's list for a profile; it is written down, but for the Environment profile."""
        kept = _KeptList(profile.base_url, tuple(listed))
        with self._lock:
            was_current = self._current is not None and self._current is self._made.get(profile.id, ("", None))[1]
            self._lists[profile.id] = kept
            self._made.pop(profile.id, None)
            if (path := self._list_path(profile)) is not None:
                write_object(path, msgspec.to_builtins(kept))
            made = self.of(profile)
            if was_current:
                self._current = made
            return made

    def read_again(self) -> tuple[str, ...]:
        """Read the user's files anew; returns what is wrong in them."""
        with self._lock:
            self._user, self._prices, self._made, self._current = None, None, {}, None
            if self._chosen is not None:
                self.choose(self._chosen)
            else:
                self._priced(catalog.merge(self.shipped, None, self._users_cards()))
            return self.notices

    def _merged(self, profile: Profile) -> Catalog:
        kept = self._lists.get(profile.id) or self._read_list(profile)
        listed = kept.models if kept is not None and kept.address == profile.base_url else None
        merged = catalog.merge(self.shipped, listed, self._users_cards(), server=profile.kind, free=profile.is_local)
        return self._priced(merged)

    def _priced(self, merged: Catalog) -> Catalog:
        """The catalog with the user's own prices, which are read once."""
        if self._prices is None:
            self._prices, wrong = own_prices.read(self._folder)
            self.notices += wrong
        return catalog.priced(merged, self._prices)

    def _list_path(self, profile: Profile) -> Path | None:
        if profile.id == ENVIRONMENT_ID or not _FILE_NAME.fullmatch(profile.id):
            return None
        return self._folder / LISTS_FOLDER / f"{profile.id}.json"

    def _read_list(self, profile: Profile) -> _KeptList | None:
        """The list of an earlier run. One that cannot be read is no loss: the next one replaces it."""
        path = self._list_path(profile)
        if path is None:
            return None
        found, _ = read_object(path)
        try:
            return msgspec.convert(found, _KeptList) if found else None
        except msgspec.ValidationError:
            return None

    def _users_cards(self) -> dict[str, Card]:
        if self._user is None:
            self._user, self.notices = _read_users_file(self._folder / USERS_FILE, self.shipped)
        return self._user


def _listed(reply: ModelReply) -> Listed:
    return Listed(reply.id, reply.owned_by, round(reply.created or 0), shutdown=_day(reply.shutdown_date))


def _day(said: str | float | None) -> date | None:
    """The day a server named, as a date or in Unix seconds; none where that cannot be read."""
    try:
        if isinstance(said, str):
            return date.fromisoformat(said[:10])
        return None if said is None else datetime.fromtimestamp(said, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None


def _read_users_file(path: Path, shipped: Catalog) -> tuple[dict[str, Card], tuple[str, ...]]:
    """The user's cards, and a sentence for each thing that is wrong; a wrong entry leaves the others in force."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}, ()
    except OSError as error:
        return {}, (f"{path.name} cannot be read ({error.strerror}).",)
    try:
        found = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError) as error:
        return {}, (f"{path.name}{_line_of(str(error), content)}: this is no JSON. Nothing of it is used.",)
    entries = found.get("cards") if isinstance(found, dict) else None
    if not isinstance(entries, dict):
        return {}, (f'{path.name}: there is no "cards" with models in it. Nothing of it is used.',)
    return _users_cards(path.name, entries, shipped)


def _users_cards(name: str, entries: Mapping[str, object], shipped: Catalog) -> tuple[dict[str, Card], tuple[str, ...]]:
    cards: dict[str, Card] = {}
    notices: list[str] = []
    for model, changes in entries.items():
        if not isinstance(changes, dict):
            notices.append(f"{name}, {model}: an entry is an object. It is not used.")
            continue
        try:
            cards[model] = catalog.overlaid(shipped.card(model), changes)
        except msgspec.ValidationError as error:
            what, _, where = str(error).partition(" - at `$")
            place = " → ".join(re.split(r"(?<!\.)\.(?!\.)", where.rstrip("`").strip(".")))
            notices.append(f"{name}, {' → '.join(filter(None, (model, place)))}: {what}. The entry is not used.")
    return cards, tuple(notices)


def _line_of(message: str, content: bytes) -> str:
    byte = re.search(r"\(byte (\d+)\)", message)
    return f", line {content.count(b'%c' % 10, 0, int(byte[1])) + 1}" if byte else ""
