"""Makes the filter know every key there is before anything goes out."""

from __future__ import annotations

from desktop.core.errors import KeyProblem, KeyringFailed
from desktop.services.profiles import Profiles


async def learn_all(profiles: Profiles) -> None:
    """Read the key of each profile, from which the filter learns it; a key that cannot be read is in no text of ours.

    A key store that is locked or silent is asked once.
    """
    for profile in profiles.all:
        try:
            await profiles.read_key(profile.id)
        except KeyringFailed:
            return
        except KeyProblem:
            continue
