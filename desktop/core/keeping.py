"""Where keys are kept, in the words the user is told."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Place(StrEnum):
    KEYRING = "keyring"
    RUN = "run"
    SEALED = "sealed"
    ENVIRONMENT = "environment"


class Where(Struct, frozen=True):
    """The place of a key, or of the next one. `name` is the key store's own name; `reason` says why it is not the
    operating system's key store; a sealed file that still waits for its passphrase is not `is_open`."""

    place: Place
    name: str = ""
    reason: str = ""
    is_open: bool = True

    @property
    def words(self) -> str:
        """One plain sentence or two."""
        if self.place is Place.KEYRING:
            return f"Kept by the operating system in {self.name}."
        if self.place is Place.ENVIRONMENT:
            return "From the environment. It is never written anywhere."
        if self.place is Place.SEALED:
            return "Kept in a file sealed with your passphrase." + ("" if self.is_open else " It is closed.")
        return " ".join(filter(None, ("Kept for this run only and forgotten at the end.", self.reason)))
