"""Keys: the only module that holds one for longer than a request, and what it may trust them to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, TypeVar

from desktop.core.errors import BadKey, KeyProblem, KeyringFailed, SealFailed
from desktop.core.keeping import Place, Where
from desktop.core.profile import ENVIRONMENT_ID
from desktop.core.secret import Redactor, Secret
from desktop.core.text import visible
from desktop.store import sealed
from desktop.store.small_files import set_aside

T = TypeVar("T")

SERVICE = "Davenport"
LIMIT_S = 10.0
KEY_VARIABLE = "OPENAI_API_KEY"
BACKEND_VARIABLE = "PYTHON_KEYRING_BACKEND"

ALLOWED = {
    "keyring.backends.macOS.Keyring": "the macOS Keychain",
    "keyring.backends.Windows.WinVaultKeyring": "the Windows Credential Manager",
    "keyring.backends.SecretService.Keyring": "the desktop's key store (Secret Service)",
    "keyring.backends.libsecret.Keyring": "the desktop's key store (libsecret)",
    "keyring.backends.kwallet.DBusKeyring": "KWallet",
    "keyring.backends.kwallet.DBusKeyringKWallet4": "KWallet",
}
"""Exact classes that hand keys to the operating system, in the order they are tried. Nothing else ever sees a key."""

CHAINER = "keyring.backends.chainer.ChainerBackend"


class Keyring(Protocol):
    """What is used of a backend of the keyring package."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class NoKeyring(KeyringFailed):
    """There is no key store that may be trusted, which is no failure of one."""


def allowed_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The backends that may be tried. Raises NoKeyring where a variable asks for one that is not allowed."""
    asked = environment.get(BACKEND_VARIABLE, "").strip()
    if not asked or asked == CHAINER:  # a chain may hold anything, so its allowed members are asked one by one
        return tuple(ALLOWED)
    if asked in ALLOWED:
        return (asked,)
    raise NoKeyring(
        f"The variable {BACKEND_VARIABLE} names a key store that is not trusted with keys: {visible(asked[:100])}."
    )


def open_keyring(environment: Mapping[str, str] = os.environ) -> tuple[Keyring, str]:
    """The operating system's key store and its name. Blocking and slow. Raises NoKeyring.

    The keyring package's own choice is never asked: it loads whatever other packages bring.
    """
    for name in allowed_names(environment):
        module, _, attribute = name.rpartition(".")
        try:
            backend_class = getattr(import_module(module), attribute)
            is_usable = backend_class.priority > 0
        except Exception:  # noqa: BLE001, S112 - each backend fails in its own way where it does not belong
            continue
        if is_usable and f"{backend_class.__module__}.{backend_class.__qualname__}" == name:
            keyring: Keyring = backend_class()
            return keyring, ALLOWED[name]
    raise NoKeyring("This computer has no key store that answers.")


async def on_own_thread(work: Callable[[], T], limit_s: float) -> T:
    """Run blocking work that may never come back: its daemon thread holds up neither the loop nor the end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 - it belongs to the one who waits
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="keyring", daemon=True).start()
    async with asyncio.timeout(limit_s):
        return await done


class Secrets:
    """The keys of all profiles. `environment` loses its key to this object, so that no child process inherits it."""

    def __init__(
        self,
        folder: Path,
        redactor: Redactor,
        *,
        environment: MutableMapping[str, str] | None = None,
        find_keyring: Callable[[], tuple[Keyring, str]] | None = None,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._redactor, self._limit_s = redactor, limit_s
        self._file = folder / sealed.NAME
        variables = os.environ if environment is None else environment
        self._find_keyring = find_keyring or (lambda: open_keyring(variables))
        self._keyring: Keyring | None = None
        self._name = ""
        self._reason = ""
        self._sealed: sealed.SealedKeys | None = None
        self._held: dict[str, Secret] = {}
        self._places: dict[str, Place] = {}
        self._restorable: dict[str, Secret | None] = {}
        self._given = self._taken_from(variables)

    def __repr__(self) -> str:
        return f"Secrets({len(self._held)} held)"

    @property
    def has_environment_key(self) -> bool:
        """Whether OPENAI_API_KEY was set, be it a usable key or not."""
        return self._given is not None

    async def get(self, profile_id: str) -> Secret | None:
        """A profile's key. Raises KeyringFailed (locked, silent), SealFailed (sealed and not opened), BadKey."""
        if profile_id == ENVIRONMENT_ID and self._given is not None:
            return Secret.pasted(self._given.reveal())
        if profile_id in self._held:
            return self._held[profile_id]
        if self.is_sealed:
            found, place = self._opened().get(profile_id), Place.SEALED
        else:
            found, place = await self._from_keyring(profile_id), Place.KEYRING
        return None if found is None else self._hold(profile_id, found, place)

    async def put(self, profile_id: str, secret: Secret) -> Where:
        """Keep a key and say where: in the key store after reading it back, else for this run only, with the reason.

        Raises BadKey, and SealFailed or ArchiveFull where the keys are sealed and cannot be written.
        """
        if profile_id == ENVIRONMENT_ID:
            raise KeyProblem("The key of the environment is not kept.", "Change the variable OPENAI_API_KEY.")
        self._redactor.learn(secret)
        secret = Secret.pasted(secret.reveal())
        if self.is_sealed:
            await asyncio.to_thread(self._opened().put, profile_id, secret)
            place = Place.SEALED
        else:
            place = await self._to_keyring(profile_id, secret)
        self._hold(profile_id, secret, place)
        return self.where_of(profile_id) or Where(place)

    async def delete(self, profile_id: str, *, can_restore: bool = False) -> None:
        """Forget a key wherever it is; `restore` brings it back in this run where that was asked for.

        Raises KeyringFailed or SealFailed where it is kept all the same.
        """
        if can_restore:
            with contextlib.suppress(KeyringFailed, BadKey):
                self._restorable[profile_id] = await self.get(profile_id)
        self._held.pop(profile_id, None)
        self._places.pop(profile_id, None)
        if self.is_sealed:
            await asyncio.to_thread(self._opened().delete, profile_id)
            return
        with contextlib.suppress(NoKeyring):
            await self._ask(lambda keyring: _delete(keyring, profile_id))

    async def restore(self, profile_id: str) -> None:
        """Keep a deleted key again. Raises as `put` does."""
        if (secret := self._restorable.pop(profile_id, None)) is not None:
            await self.put(profile_id, secret)

    async def clear(self, profile_ids: Iterable[str]) -> None:
        """Forget every key: those held, the sealed file, the key store's entries of these profiles."""
        ids = {*profile_ids, *self._held, *(self._sealed.names() if self._sealed else ())} - {ENVIRONMENT_ID}
        self._sealed = None
        self._restorable.clear()
        self._file.unlink(missing_ok=True)
        for profile_id in sorted(ids):
            await self.delete(profile_id)

    async def where(self) -> Where:
        """Where the next key goes, as far as can be told without making the key store ask for its password."""
        if self.is_sealed:
            return Where(Place.SEALED, self._file.name, is_open=self._sealed is not None)
        try:
            await self._ask(lambda keyring: None)
        except KeyringFailed as failed:
            return Where(Place.RUN, reason=failed.summary)
        return Where(Place.KEYRING, self._name)

    def where_of(self, profile_id: str) -> Where | None:
        """Where a key that was read or set in this run is; None for one that was not."""
        place = Place.ENVIRONMENT if profile_id == ENVIRONMENT_ID else self._places.get(profile_id)
        if place is None:
            return None
        names = {Place.KEYRING: self._name, Place.SEALED: self._file.name}
        return Where(place, names.get(place, ""), self._reason if place is Place.RUN else "")

    @property
    def is_sealed(self) -> bool:
        """Whether the user chose the sealed file; it is chosen as long as it is there."""
        return self._sealed is not None or self._file.exists()

    async def open_sealed(self, passphrase: Secret) -> None:
        """Open the sealed file; takes half a second. Raises SealFailed."""
        self._sealed = await asyncio.to_thread(sealed.SealedKeys.open, self._file, passphrase)

    async def seal(self, passphrase: Secret, profile_ids: Iterable[str] = ()) -> None:
        """Keep keys in the sealed file from now on, beginning with those held and those of `profile_ids`.

        Sealing again changes the passphrase. Keys leave the key store once they are in the file. Raises SealFailed,
        and KeyringFailed where the key store keeps its copies all the same.
        """
        if self.is_sealed:
            profile_ids = self._opened().names()
        for profile_id in profile_ids:
            if profile_id != ENVIRONMENT_ID:
                with contextlib.suppress(KeyringFailed, BadKey):  # often the very reason for sealing
                    await self.get(profile_id)
        keys = {profile_id: secret.reveal() for profile_id, secret in self._held.items()}
        self._sealed = await asyncio.to_thread(sealed.SealedKeys.make, self._file, passphrase, keys)
        moved = [profile_id for profile_id, place in self._places.items() if place is Place.KEYRING]
        self._places = dict.fromkeys(self._places, Place.SEALED)
        for profile_id in moved:
            await self._ask(lambda keyring, moved_id=profile_id: _delete(keyring, moved_id))  # type: ignore[misc]

    def give_up_sealed(self) -> None:
        """Stop using a sealed file whose passphrase is lost; it is set aside, never deleted."""
        self._sealed = None
        self._held = {name: kept for name, kept in self._held.items() if self._places[name] is not Place.SEALED}
        self._places = {name: place for name, place in self._places.items() if place is not Place.SEALED}
        if self._file.exists():
            set_aside(self._file, "its passphrase is lost")

    async def unseal(self) -> Where:
        """Give the keys back to the key store and remove the sealed file. Raises KeyringFailed and changes nothing."""
        opened = self._opened()
        for name in opened.names():
            secret = opened.get(name)
            if secret is None or await self._to_keyring(name, secret) is not Place.KEYRING:
                raise KeyringFailed(f"The sealed file stays. {self._reason}")
            self._hold(name, secret, Place.KEYRING)
        self._sealed = None
        self._file.unlink(missing_ok=True)
        return await self.where()

    def _taken_from(self, variables: MutableMapping[str, str]) -> Secret | None:
        """The environment's key as it is; whether it can be used is said when it is asked for."""
        given = Secret(variables.pop(KEY_VARIABLE, "").strip())
        if not given.reveal():
            return None
        self._redactor.learn(given)
        return given

    def _hold(self, profile_id: str, secret: Secret, place: Place) -> Secret:
        self._redactor.learn(secret)
        self._held[profile_id], self._places[profile_id] = secret, place
        return secret

    def _opened(self) -> sealed.SealedKeys:
        if self._sealed is None:
            raise SealFailed("The keys are in a sealed file that is not open.", "Enter its passphrase in the profile.")
        return self._sealed

    async def _from_keyring(self, profile_id: str) -> Secret | None:
        try:
            value = await self._ask(lambda keyring: keyring.get_password(SERVICE, profile_id))
        except NoKeyring:
            return None
        return None if not value else _usable(value)

    async def _to_keyring(self, profile_id: str, secret: Secret) -> Place:
        def write(keyring: Keyring) -> bool:
            keyring.set_password(SERVICE, profile_id, secret.reveal())
            return keyring.get_password(SERVICE, profile_id) == secret.reveal()

        try:
            is_kept = await self._ask(write)
        except KeyringFailed as failed:
            self._reason = failed.summary
            return Place.RUN
        if not is_kept:
            self._reason = "The key store took the key and did not give it back."
        return Place.KEYRING if is_kept else Place.RUN

    async def _ask(self, question: Callable[[Keyring], T]) -> T:
        """Put a question to the key store in a thread of its own. Raises KeyringFailed or NoKeyring, never its text."""

        def work() -> T:
            if self._keyring is None:
                self._keyring, self._name = self._find_keyring()
            return question(self._keyring)

        problem: KeyringFailed
        try:
            return await on_own_thread(work, self._limit_s)
        except KeyringFailed as failed:
            problem = failed
        except TimeoutError:
            problem = KeyringFailed(f"The key store did not answer within {self._limit_s:g} seconds.")
        except Exception as raised:  # noqa: BLE001 - third-party backends; their words may repeat the key
            traceback.clear_frames(raised.__traceback__)  # their locals hold the key, and a connection left open
            locked = type(raised).__name__ == "KeyringLocked"
            problem = KeyringFailed(f"The key store {'is locked' if locked else 'refused'} ({type(raised).__name__}).")
        raise problem  # outside the handlers: no chain leads back to a frame or a message that has the key


def _usable(value: str) -> Secret:
    try:
        return Secret.pasted(value)
    except BadKey as error:
        raise BadKey("The key store holds something else than a key for this profile.") from error


def _delete(keyring: Keyring, profile_id: str) -> None:
    """Delete all entries of a profile: another program's copy may stand beside ours."""
    for _ in range(5):
        if keyring.get_password(SERVICE, profile_id) is None:
            return
        keyring.delete_password(SERVICE, profile_id)


def no_core_files() -> bool:
    """Ask the operating system to write no memory image of this process if it crashes; True where that was possible."""
    if sys.platform != "win32":  # Windows keeps no image of a program that did not ask for it
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        return resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    else:  # noqa: RET505 - the type checker reads the two branches as two systems
        return False
