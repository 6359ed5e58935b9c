"""A file of keys sealed with a passphrase: scrypt makes the key, AES-GCM seals the content and the header."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import msgspec

from desktop.core.errors import SealFailed
from desktop.core.secret import Secret
from desktop.store.small_files import write_whole

NAME = "keys.sealed"
MAGIC = b"Davenport sealed keys 1\n"  # the number stands for scrypt n=2**17, r=8, p=1 and AES-256-GCM
SALT_BYTES, NONCE_BYTES, TAG_BYTES = 16, 12, 16
LARGEST_BYTES = 1024 * 1024
SHORTEST_PASSPHRASE = 8

_HEADER_BYTES = len(MAGIC) + SALT_BYTES + NONCE_BYTES


class SealedKeys:
    """An opened sealed file. All calls are blocking; making and opening take about half a second and 128 MiB."""

    def __init__(self, path: Path, salt: bytes, sealing_key: bytes, keys: dict[str, str]) -> None:
        self._path, self._salt, self._sealing_key, self._keys = path, salt, sealing_key, keys

    def __repr__(self) -> str:
        return f"SealedKeys({len(self._keys)} keys)"

    @classmethod
    def make(cls, path: Path, passphrase: Secret, keys: dict[str, str]) -> Self:
        """A new file that holds `keys`; a file that was there is replaced. Raises SealFailed, ArchiveFull."""
        if len(passphrase.reveal()) < SHORTEST_PASSPHRASE:
            raise SealFailed(
                f"A passphrase has at least {SHORTEST_PASSPHRASE} characters.", "Choose a longer one. Four words do."
            )
        salt = os.urandom(SALT_BYTES)
        made = cls(path, salt, _derive(passphrase, salt), dict(keys))
        made._write(made._keys)
        return made

    @classmethod
    def open(cls, path: Path, passphrase: Secret) -> Self:
        """Raises SealFailed, in the same words for a wrong passphrase, a cut and a changed file."""
        sealed = _read(path)
        header, content = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        salt, nonce = header[len(MAGIC) : -NONCE_BYTES], header[-NONCE_BYTES:]
        sealing_key = _derive(passphrase, salt)
        keys = _unseal(sealing_key, nonce, content, header)
        if keys is None:
            raise _unopened()
        return cls(path, salt, sealing_key, keys)

    def get(self, name: str) -> Secret | None:
        value = self._keys.get(name)
        return None if value is None else Secret(value)

    def names(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def put(self, name: str, secret: Secret) -> None:
        self._write({**self._keys, name: secret.reveal()})

    def delete(self, name: str) -> None:
        if name in self._keys:
            self._write({kept: value for kept, value in self._keys.items() if kept != name})

    def _write(self, keys: dict[str, str]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # slow to import; few seal their keys

        nonce = os.urandom(NONCE_BYTES)
        header = MAGIC + self._salt + nonce
        write_whole(self._path, header + AESGCM(self._sealing_key).encrypt(nonce, msgspec.json.encode(keys), header))
        self._keys = keys


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            sealed = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise SealFailed(f"The sealed key file cannot be read ({error.strerror}).") from error
    fits = _HEADER_BYTES + TAG_BYTES <= len(sealed) <= LARGEST_BYTES
    if not fits or not sealed.startswith(MAGIC):
        raise _unopened()
    return sealed


def _unopened() -> SealFailed:
    return SealFailed("The sealed key file was not opened: the passphrase is wrong or the file is damaged.")


def _derive(passphrase: Secret, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive(passphrase.reveal().encode("utf-8", "surrogatepass"))


def _unseal(sealing_key: bytes, nonce: bytes, content: bytes, header: bytes) -> dict[str, str] | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return msgspec.json.decode(AESGCM(sealing_key).decrypt(nonce, content, header), type=dict[str, str])
    except (InvalidTag, msgspec.DecodeError):
        return None
