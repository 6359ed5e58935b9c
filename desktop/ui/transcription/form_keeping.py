"""What the form at the right shows and keeps: its profile, models, lists of names, and what belongs to the settings."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from desktop.core.errors import BadFile, BadInput, KnownError, Offline
from desktop.core.profile import LOCAL_ID
from desktop.ui import dialogs
from desktop.ui.tasks import Tasks
from desktop.ui.transcription.options import OptionsForm
from desktop.ui.transcription.parameters import models
from desktop.ui.transcription.part import Part
from desktop.ui.transcription.words import length

if TYPE_CHECKING:
    from desktop.core.catalog import Card
    from desktop.core.profile import Profile
    from desktop.core.settings import Settings
    from desktop.services.bundle import Services

FORM, LISTS = "transcription.form", "transcription.lists"
KEEP_MS = 400


class FormKeeping(Part):
    """`changed` when recordings would be transcribed otherwise than before."""

    changed = Signal()

    def __init__(self, form: OptionsForm, tasks: Tasks, place: QWidget) -> None:
        super().__init__(tasks, place)
        self._form = form
        self._profile = self._chosen = ""
        self._soon = QTimer(self, singleShot=True, interval=KEEP_MS)
        self._soon.timeout.connect(lambda: self.start(self.keep(), "keep-form"))
        form.changed.connect(self._form_changed)
        form.parallel_changed.connect(self._set_parallel)
        form.profile_chosen.connect(lambda id: self.start(self.show_profile(id), "profile"))
        form.output.folder_wanted.connect(lambda: self.start(self._choose_out(), "out"))
        form.speakers.clip_wanted.connect(lambda: self.start(self._choose_clip(), "clip"))
        form.keep_wanted.connect(lambda: self.start(self._keep_list(), "keep-list"))
        form.forget_wanted.connect(lambda name: self.start(self._forget_list(name), "forget-list"))

    def attach(self, services: Services) -> None:
        super().attach(services)
        services.profiles.listen(self._profiles_changed)
        services.settings.listen(self._settings_changed)
        self._form.output.show_forms()
        self._settings_changed(services.settings.value)

    async def begin(self) -> None:
        self._chosen = self.known.profiles.chosen.id
        await self.show_profile(self._chosen)
        self._form.show_lists(await self.known.remembered(LISTS, {}))

    # The form as it was left

    def _form_changed(self) -> None:
        self._soon.start()
        self.changed.emit()

    async def keep(self) -> None:
        """Write down how the form is, for the next time with this profile."""
        self._soon.stop()
        if self._profile and not self.known.database.read_only:
            await self.known.remember(f"{FORM}:{self._profile}", self._form.kept())

    # Profiles and models

    def _profiles_changed(self) -> None:
        """Another one was chosen, or one is new, gone or named otherwise. The form stays with its own where it can."""
        profiles = self.known.profiles
        is_other, self._chosen = profiles.chosen.id != self._chosen, profiles.chosen.id
        is_there = any(profile.id == self._profile for profile in profiles.all)
        wanted = self._profile if is_there and not is_other else self._chosen
        self.start(self.show_profile(wanted), "profile")

    async def show_profile(self, id: str) -> None:
        """The form as it was left with this profile."""
        if self._profile and self._soon.isActive():
            await self.keep()
        self._profile = id
        profiles = self.known.profiles
        self._form.show_profiles([(each.id, each.name) for each in profiles.all], id)
        kept = await self.known.remembered(f"{FORM}:{id}", {})
        self._form.show_models(self.models(id), kept)
        self.changed.emit()
        if self.known.catalogs.of(profiles.get(id)).listed is None:
            self.start(self._read_models(profiles.get(id)), "models")

    def models(self, profile: str = LOCAL_ID) -> list[Card]:
        """Those that hear."""
        return models(self.known.catalogs.of(self.known.profiles.get(profile)), date.today())

    async def _read_models(self, profile: Profile) -> None:
        """Ask a server that was not asked yet; until it answers the form has what is known of its kind."""
        try:
            client = await self.known.connections.client(profile)
            await self.known.catalogs.refresh(profile, client)
        except Offline:
            return  # nobody asked for the list; the foot of the window says that there is no network
        except KnownError as error:
            self._form.say(f"The server's list of models is not known: {error.summary}")
            return
        if profile.id == self._profile:
            self._form.show_models(self.models(profile.id), self._form.kept())
            self.changed.emit()

    # What is a setting

    def _settings_changed(self, settings: Settings) -> None:
        self._form.show_pace(settings.transcription_jobs, settings.transcription_parts)

    def _set_parallel(self, count: int) -> None:
        self.start(self.known.settings.change(transcription_jobs=count), "parallel")

    # Questions

    async def _choose_out(self) -> None:
        self._form.output.set_folder(await dialogs.choose_folder(self.place, "Where finished files go"))

    async def _choose_clip(self) -> None:
        """It is listened to at once: a server would refuse each of hundreds of recordings for it."""
        from desktop.services.transcription import Options, voices  # with the services

        for path in (await dialogs.choose_files(self.place, "A clip with one voice"))[:1]:
            (look,) = await self.service.look([path], Options())
            if look.sound is None:
                raise BadFile(look.problem, "Choose another clip.")
            if not voices.SHORTEST_S <= round(look.sound.seconds, 1) <= voices.LONGEST_S:
                advice = f"Choose one of {voices.SHORTEST_S:.0f} to {voices.LONGEST_S:.0f} seconds."
                raise BadInput(f"“{Path(path).name}” lasts {length(look.sound.seconds)}.", advice)
            self._form.speakers.take(path)

    # Lists of names and terms

    async def _keep_list(self) -> None:
        name = await dialogs.ask_text(self.place, "Keep as a list", "Name of the list of names and terms")
        kept: Any = self._form.values.get("keywords")
        if name and name.strip() and kept:
            await self._put_lists({**self._form.lists.lists, name.strip(): kept}, name.strip())

    async def _forget_list(self, name: str) -> None:
        before = self._form.lists.lists
        await self._put_lists({other: kept for other, kept in before.items() if other != name})
        self.offer(f"“{name}” is removed.", lambda: self._put_lists(before, name))

    async def _put_lists(self, lists: dict[str, list[str]], current: str = "") -> None:
        await self.known.remember(LISTS, lists)
        self._form.show_lists(lists, current)
