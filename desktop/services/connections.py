"""One client for each profile in use, made when first needed and made anew when the profile or its key changes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from desktop.api.client import Client
from desktop.core.errors import NoKey
from desktop.core.profile import Profile, key_may_go, origin
from desktop.core.secret import Redactor, Secret

if TYPE_CHECKING:
    from desktop.services.local_server import LocalServer

Connect = Callable[[Profile, Secret | None], Client]


class Connections:
    """Hands out clients; closes all of them at the end.

    `read_key` gives a profile's key or None; `local` is the embedded server, started when its profile is first used.
    """

    def __init__(
        self,
        connect: Connect,
        read_key: Callable[[str], Awaitable[Secret | None]],
        local: LocalServer | None,
        redactor: Redactor,
    ) -> None:
        self._connect, self._read_key, self._local, self._redactor = connect, read_key, local, redactor
        self._open: dict[str, tuple[Profile, Secret | None, Client]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(
            asyncio.Lock
        )  # a server that starts holds up no other

    async def client(self, profile: Profile) -> Client:
        """The client of a profile. Raises NoKey, KeyringFailed, LocalFailed or EngineMissing."""
        async with self._locks[profile.id]:
            place, key = await self._place(profile)
            known = self._open.get(profile.id)
            if known and known[:2] == (place, key):
                return known[2]
            if known:
                await known[2].aclose()
                del self._open[profile.id]
            client = await asyncio.to_thread(self._connect, place, key)
            self._open[profile.id] = (place, key, client)
            return client

    async def _place(self, profile: Profile) -> tuple[Profile, Secret | None]:
        if profile.is_local and self._local is not None:
            await self._local.start()
            address, token = self._local.base_url, self._local.token
            return replace(profile, base_url=address, confirmed_origin=origin(address)), token
        key = await self._read_key(profile.id)
        if key is None and profile.needs_key:
            raise NoKey(f"The profile “{profile.name}” has no key.")
        if key is not None:
            self._redactor.learn(key)
            if not key_may_go(profile):
                raise NoKey(
                    f"The key of “{profile.name}” was given for another address.",
                    f"Open the profile and confirm that the key may go to {origin(profile.base_url)}.",
                )
        return profile, key

    def network_changed(self) -> None:
        """The network is another one: dead connections are found and new ones made."""
        for _, _, client in self._open.values():
            client.network_changed()

    async def forget(self, profile_id: str) -> None:
        """Close a profile's client: the next call makes a new one."""
        async with self._locks[profile_id]:
            if known := self._open.pop(profile_id, None):
                await known[2].aclose()

    async def aclose(self) -> None:
        for profile_id in list(self._open):
            await self.forget(profile_id)
