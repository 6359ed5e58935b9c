"""Makes the filter know every key there is before anything goes out."""

from __future__ import annotations

from desktop.core.errors import KeyProblem, KeyringFailed
from desktop.core.profile import LOCAL_ID, key_ids
from desktop.services.profiles import Profiles
from desktop.store.secrets import Secrets


async def learn_all(profiles: Profiles, secrets: Secrets) -> None:
    """Read the keys of each profile, an admin's among them, from which the filter learns them; a key that cannot be
    read is in no text of ours.

    A key store that is locked or silent is asked once.
    """
    for profile in profiles.all:
        for name in key_ids(profile.id) if profile.id != LOCAL_ID else ():
            try:
                await secrets.get(name)
            except KeyringFailed:
                return
            except KeyProblem:
                continue
