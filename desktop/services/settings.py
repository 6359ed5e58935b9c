"""The settings in force: a change is in force at once, heard by all who asked, and on disk a moment later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from desktop.core.errors import BadInput
from desktop.core.settings import Settings
from desktop.store import settings as store

Heard = Callable[[Settings], None]

_TYPES = {field.name: field.type for field in msgspec.structs.fields(Settings)}


class CurrentSettings:
    """Reads the file when made (blocking). `notices` says what in it could not be used."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder, self._now = folder, now
        self.value, self.notices = store.load(folder, now)
        self._listeners: list[Heard] = []
        self._lock = asyncio.Lock()

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._folder

    def listen(self, heard: Heard) -> None:
        """Call `heard` with the settings after every change."""
        self._listeners.append(heard)

    async def change(self, **values: object) -> None:
        """Raises BadInput for a value outside its bounds, and StoreError where it holds for this run only."""
        try:
            checked = {name: msgspec.convert(value, _TYPES[name]) for name, value in values.items()}
        except msgspec.ValidationError as error:
            raise BadInput(f"This value cannot be used: {error}.") from error
        changed = msgspec.structs.replace(self.value, **checked)
        if changed == self.value:
            return
        self.value = changed
        for heard in tuple(self._listeners):
            heard(changed)
        async with self._lock:  # the newest is written, whatever the order in which the threads get on
            await asyncio.to_thread(store.save, self._folder, self.value, self._now)
