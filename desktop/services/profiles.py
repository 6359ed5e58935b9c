"""Profiles: which there are, which is chosen, and whether their keys may go where their addresses point."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import time
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from desktop.core.errors import BadInput, KeyringFailed, Missing
from desktop.core.invisible import INVISIBLE
from desktop.core.keeping import Where
from desktop.core.profile import (
    ENVIRONMENT_ID,
    LOCAL_ID,
    READY_MADE,
    Kind,
    Profile,
    ProxyMode,
    is_loopback,
    key_ids,
    key_may_go,
    new_profile,
    origin,
)
from desktop.core.secret import Secret
from desktop.core.text import hidden_count
from desktop.store import profiles as store
from desktop.store.secrets import Secrets

OPENAI_URL = next(url for kind, _, url, _ in READY_MADE if kind is Kind.OPENAI)
KNOWN_ORIGINS = frozenset(origin(url) for kind, _, url, _ in READY_MADE if kind in (Kind.OPENAI, Kind.OPENROUTER))
"""Hosts of the ready-made kinds: choosing such a kind and giving it a key names its host."""

LONGEST_NAME = 80

_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]+")
_HEADER_VALUE = re.compile(r"[!-~]{0,200}")

Heard = Callable[[], None]


class Doubt(StrEnum):
    """What the user must agree to before calls can go out."""

    HOST = "host"
    PLAIN_HTTP = "plain-http"


class Question(Struct, frozen=True):
    """A confirmation that is missing: what it is about, in words that name the host, and what agreeing is called."""

    doubt: Doubt
    origin: str
    summary: str
    advice: str
    action: str


def environment_profile(variables: Mapping[str, str], base_url: str = "") -> Profile:
    """The profile the OPENAI_ variables make; `base_url` is one typed on the command line and wins.

    Its key may go to OpenAI, or to the address the user typed for this very run. One that a variable names has to be
    confirmed first: a variable may be set by any project's folder.
    """
    url = base_url.strip() or variables.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL
    is_named = bool(base_url.strip()) or origin_or_nothing(url) == origin(OPENAI_URL)
    return Profile(
        id=ENVIRONMENT_ID,
        name="Environment",
        kind=Kind.ENVIRONMENT,
        base_url=url,
        needs_key=origin_or_nothing(url) in KNOWN_ORIGINS,
        organization=variables.get("OPENAI_ORG_ID", "").strip(),
        project=variables.get("OPENAI_PROJECT_ID", "").strip(),
        confirmed_origin=origin_or_nothing(url) if is_named else "",
    )


class Profiles:
    """Reads profiles.json when made (blocking). `notices` says what in it could not be used.

    The Environment profile is among them when OPENAI_API_KEY or OPENAI_BASE_URL is set, or `base_url` is given.
    """

    def __init__(
        self,
        folder: Path,
        secrets: Secrets,
        *,
        environment: Mapping[str, str] | None = None,
        base_url: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        variables = os.environ if environment is None else environment
        self._folder, self._secrets, self._now = folder, secrets, now
        kept = store.load(folder, now)
        self.notices = kept.notices
        self._profiles = {profile.id: profile for profile in kept.profiles}
        self._chosen, self._chosen_for_run = kept.chosen, ""
        self._environment: Profile | None = None
        if secrets.has_environment_key or variables.get("OPENAI_BASE_URL", "").strip() or base_url:
            self._environment = environment_profile(variables, base_url)
        if base_url:
            self._chosen_for_run = ENVIRONMENT_ID
        self._listeners: list[Heard] = []
        self._lock = asyncio.Lock()

    def listen(self, heard: Heard) -> None:
        """Call `heard` after every change of the profiles, their keys, or which one is chosen."""
        self._listeners.append(heard)

    # What there is

    @property
    def all(self) -> tuple[Profile, ...]:
        """Local, Environment, then the user's own in the order they were made."""
        own = [profile for profile in self._profiles.values() if profile.id != LOCAL_ID]
        return (self._profiles[LOCAL_ID], *([self._environment] if self._environment else []), *own)

    @property
    def chosen(self) -> Profile:
        """The one in use: as chosen; else the environment's where it brings a key; else Local."""
        default = ENVIRONMENT_ID if self._secrets.has_environment_key else LOCAL_ID
        by_id = {profile.id: profile for profile in self.all}
        for wanted in (self._chosen_for_run, self._chosen, default):
            if wanted in by_id:
                return by_id[wanted]
        return by_id[LOCAL_ID]

    def get(self, profile_id: str) -> Profile:
        """Raises Missing."""
        for profile in self.all:
            if profile.id == profile_id:
                return profile
        raise Missing("This profile is not there any more.", "Choose another one.")

    def named(self, name: str) -> Profile:
        """A profile by its name in any case, or its id. Raises BadInput with the names there are."""
        for profile in self.all:
            if name == profile.id or name.strip().casefold() == profile.name.casefold():
                return profile
        names = ", ".join(profile.name for profile in self.all)
        raise BadInput(f"There is no profile with the name {name[:LONGEST_NAME]}.", f"There are: {names}.")

    # What changes it

    async def add(self, kind: Kind) -> Profile:
        """A new profile of a ready-made kind, with a name that is not taken."""
        made = new_profile(kind)
        taken = {profile.name for profile in self.all}
        name, number = made.name, 1
        while name in taken:
            number += 1
            name = f"{made.name} {number}"
        return await self._store(replace(made, name=name))

    async def change(self, profile: Profile) -> Profile:
        """Keep a changed profile. Confirmations that were given for another address are not taken along.

        Raises BadInput for what cannot be used, with the place it entered.
        """
        before = self.get(profile.id)
        if profile.id in (ENVIRONMENT_ID, LOCAL_ID) and replace(profile, limits=before.limits) != before:
            raise BadInput(f"“{before.name}” can only change its time limits.", "Make a profile of your own.")
        checked = (
            profile if profile.id in (ENVIRONMENT_ID, LOCAL_ID) else await asyncio.to_thread(check, profile, before)
        )
        is_same_place = origin_or_nothing(before.base_url) == origin_or_nothing(checked.base_url)
        return await self._store(
            replace(
                checked,
                confirmed_origin=before.confirmed_origin if is_same_place else "",
                plain_http_confirmed=before.plain_http_confirmed and is_same_place,
            )
        )

    async def remove(self, profile_id: str) -> Profile:
        """Take a profile and its key away; `restore` undoes it in this run. Raises KeyringFailed or SealFailed."""
        profile = self.get(profile_id)
        if profile_id in (LOCAL_ID, ENVIRONMENT_ID):
            raise BadInput(f"“{profile.name}” cannot be removed.", "Choose another profile to stop using it.")
        for name in key_ids(profile_id):
            await self._secrets.delete(name, can_restore=True)
        del self._profiles[profile_id]
        await self._save()
        return profile

    async def restore(self, profile: Profile) -> Profile:
        """Bring back what `remove` took away, with its key."""
        for name in key_ids(profile.id):
            await self._secrets.restore(name)
        return await self._store(profile)

    async def choose(self, profile_id: str) -> None:
        """Use a profile from now on and at the next start."""
        self._chosen, self._chosen_for_run = self.get(profile_id).id, ""
        await self._save()

    def choose_for_run(self, profile_id: str) -> None:
        """Use a profile for this run only, as the command line asks."""
        self._chosen_for_run = self.get(profile_id).id
        self._tell()

    # Keys

    async def read_key(self, profile_id: str) -> Secret | None:
        """The profile's key, if there is one. Raises KeyringFailed only where the profile needs a key."""
        if profile_id == LOCAL_ID:
            return None
        try:
            return await self._secrets.get(profile_id)
        except KeyringFailed:
            if self.get(profile_id).needs_key:
                raise
            return None

    async def set_key(self, profile_id: str, key: Secret) -> Where:
        """Keep a key for a profile and say where it went. Raises BadKey, SealFailed, ArchiveFull.

        A key goes to a host only after that was confirmed; a ready-made kind's own host is named by choosing it.
        """
        profile = self.get(profile_id)
        place = origin_or_nothing(profile.base_url)
        where = await self._secrets.put(profile_id, key)
        if place in KNOWN_ORIGINS and not profile.confirmed_origin:
            await self._store(replace(profile, confirmed_origin=place))
        self._tell()
        return where

    async def remove_key(self, profile_id: str) -> None:
        """Forget a key for good. Raises KeyringFailed or SealFailed where it is kept all the same."""
        await self._secrets.delete(profile_id)
        self._tell()

    async def where(self) -> Where:
        """Where the next key goes."""
        return await self._secrets.where()

    def where_of(self, profile_id: str) -> Where | None:
        return self._secrets.where_of(profile_id)

    async def seal(self, passphrase: Secret) -> None:
        """Keep all keys in a file sealed with a passphrase, or change its passphrase. Raises SealFailed."""
        own = [profile.id for profile in self.all if profile.id not in (LOCAL_ID, ENVIRONMENT_ID)]
        await self._secrets.seal(passphrase, [name for profile_id in own for name in key_ids(profile_id)])
        self._tell()

    async def open_sealed(self, passphrase: Secret) -> None:
        """Raises SealFailed."""
        await self._secrets.open_sealed(passphrase)
        self._tell()

    async def unseal(self) -> Where:
        """Give the keys of the sealed file back to the key store. Raises KeyringFailed and changes nothing."""
        where = await self._secrets.unseal()
        self._tell()
        return where

    def give_up_sealed(self) -> None:
        """Stop using a sealed file whose passphrase is lost."""
        self._secrets.give_up_sealed()
        self._tell()

    # Confirmations

    @staticmethod
    def questions(profile: Profile, has_key: bool) -> tuple[Question, ...]:
        """What has to be agreed to before this profile's calls go out."""
        return questions(profile, has_key)

    @staticmethod
    def host_of(profile: Profile) -> str:
        """The host as a sentence names it; "" where the address is not finished."""
        return host_in_words(profile.base_url) if origin_or_nothing(profile.base_url) else ""

    async def confirm_host(self, profile_id: str, place: str) -> Profile:
        """The user agreed that the key may go to `place`, an origin as the question named it."""
        profile = self.get(profile_id)
        if place != origin(profile.base_url):
            raise BadInput("The address was changed meanwhile.", "Look at the host again.")
        return await self._store(replace(profile, confirmed_origin=place))

    async def confirm_plain_http(self, profile_id: str, place: str) -> Profile:
        """The user agreed that everything goes to `place` unencrypted."""
        profile = self.get(profile_id)
        if place != origin(profile.base_url):
            raise BadInput("The address was changed meanwhile.", "Look at the host again.")
        return await self._store(replace(profile, plain_http_confirmed=True))

    async def _store(self, profile: Profile) -> Profile:
        if profile.id == ENVIRONMENT_ID:
            self._environment = profile  # for this run; never written
            self._tell()
            return profile
        self._profiles[profile.id] = profile
        await self._save()
        return profile

    async def _save(self) -> None:
        self._tell()
        async with self._lock:
            await asyncio.to_thread(store.save, self._folder, tuple(self._profiles.values()), self._chosen, self._now)

    def _tell(self) -> None:
        for heard in tuple(self._listeners):
            heard()


def questions(profile: Profile, has_key: bool) -> tuple[Question, ...]:
    """What the user has to agree to before this profile's calls go out, first things first."""
    place = origin_or_nothing(profile.base_url)
    if not place or profile.is_local:
        return ()
    host = host_in_words(profile.base_url)
    found = []
    if place.startswith("http:") and not is_loopback(profile.base_url) and not profile.plain_http_confirmed:
        found.append(
            Question(
                Doubt.PLAIN_HTTP,
                place,
                f"The way to {host} is not encrypted.",
                "Anyone on the way can read the key and all that is sent and answered, and can change it. "
                "Use an address that begins with https:// if there is one.",
                f"Send to {host} unencrypted",
            )
        )
    if has_key and not key_may_go(profile):
        found.append(
            Question(
                Doubt.HOST,
                place,
                f"The key has not been sent to {host} yet.",
                "Whoever runs that server can use the key. Compare the name letter by letter.",
                f"Send the key to {host}",
            )
        )
    return tuple(found)


def origin_or_nothing(url: str) -> str:
    try:
        return origin(url)
    except BadInput:
        return ""


def host_in_words(url: str) -> str:
    """The host as it is looked up, in ASCII, with its port where that is not the usual one.

    Letters that only look like others give themselves away: a name that was written otherwise stands beside it.
    """
    scheme, _, rest = origin(url).partition("://")
    host, _, port = rest.rpartition(":")
    shown = host if port == {"http": "80", "https": "443"}[scheme] else f"{host}, port {port}"
    written = unicodedata.normalize("NFC", (urlsplit(url.strip()).hostname or "").rstrip("."))
    return shown if written.isascii() else f"{shown} (written {written})"


def check(profile: Profile, before: Profile) -> Profile:
    """The profile in its kept form. Blocking: reads new certificates. Raises BadInput, naming the place.

    What stays as it was is not looked at again: an address that is not finished is no reason against a new name.
    """
    name = " ".join(profile.name.split())
    if not name or len(name) > LONGEST_NAME or hidden_count(name):
        raise BadInput(f"A profile's name has 1 to {LONGEST_NAME} visible characters.")
    for title, value in (
        ("organization", profile.organization),
        ("project", profile.project),
        ("version of the API", profile.api_version),
    ):
        if not _HEADER_VALUE.fullmatch(value.strip()):
            raise BadInput(f"The {title} has a character that none has.", "Copy the id again.")
    if profile.proxy is ProxyMode.GIVEN and profile.proxy_url.strip() != before.proxy_url:
        _check_proxy(profile.proxy_url)
    for path in set(profile.certificates) - set(before.certificates):
        _check_certificates(path)
    try:
        msgspec.convert(msgspec.to_builtins(profile.limits), type(profile.limits))
    except msgspec.ValidationError as error:
        raise BadInput(f"This time limit cannot be used: {error}.") from error
    if any(
        limit is not None and limit < 0 for limit in (profile.budget.day, profile.budget.month, profile.budget.total)
    ):
        raise BadInput("A budget is 0 or more.")
    return replace(
        profile,
        name=name,
        base_url=profile.base_url if profile.base_url == before.base_url else check_address(profile.base_url),
        organization=profile.organization.strip(),
        project=profile.project.strip(),
        api_version=profile.api_version.strip(),
        proxy_url=profile.proxy_url.strip(),
    )


def check_address(url: str) -> str:
    """A base URL without a slash at its end. Raises BadInput for what might be read in two ways."""
    url = url.strip()
    if any(not character.isprintable() or character in " \\" for character in url) or INVISIBLE.search(url):
        raise BadInput("The address has a character that no address has.", "Type it by hand.")
    host = origin(url).partition("://")[2].rpartition(":")[0].strip("[]")
    if not _HOST.fullmatch(host):
        raise BadInput("The host of this address cannot be used.", "Check its spelling.")
    parts = urlsplit(url)
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise BadInput("A base URL ends with its path: nothing after ? or #.", "A key belongs into the key field.")
    if any(part in (".", "..") for part in parts.path.split("/")):
        raise BadInput("The path of this address goes up with dots.", "Write the path it means.")
    return url.rstrip("/")


def _check_proxy(url: str) -> None:
    try:
        origin(url)
    except BadInput as error:
        raise BadInput(
            f"The proxy cannot be used. {error.summary}", "For example http://proxy.example.com:3128"
        ) from error


def _check_certificates(path: str) -> None:
    try:
        ssl.create_default_context().load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise BadInput(f"{Path(path).name} is no file of certificates (PEM).", "Choose another file.") from error
