"""Which model answers: those that can be chosen, the one that is, and the one used last with a profile."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from desktop.core.errors import Offline
from desktop.ui.chat import words

if TYPE_CHECKING:
    from desktop.ui.chat.page import ChatPage

LAST_MODEL = "chat.last-model"


class Models(QObject):
    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        page.composer.model.picked.connect(self.pick)
        page.composer.model.pressed.connect(self.ask)

    def profile_changed(self) -> None:
        self.show()
        if self._page.services.profiles.chosen.is_local:
            self.ask()

    async def usual(self) -> str:
        page = self._page
        chosen: str = page.services.settings.value.default_model
        return chosen or await page.services.remembered(f"{LAST_MODEL}:{page.services.profiles.chosen.id}", "")

    def show(self) -> None:
        page = self._page
        models = page.catalog
        today = date.today()
        choices = [words.choice(card, today) for card in models.choices("chat", today)]
        page.composer.model.choices.set_choices(choices)
        page.composer.model.foot = f"Prices as of {models.as_of.isoformat()}; an estimate, not a bill."
        model = page.open.options.model
        is_gone = bool(models.listed) and model not in (models.listed or ()) and not page.open.path
        if page.services.profiles.chosen.is_local and choices and (not model or is_gone):
            model = choices[0].name  # one that costs nothing can be chosen unasked
        elif is_gone:
            model = ""
        self.use(model)

    def ask(self) -> None:
        self._page.start(self._read_models(), "models")

    async def _read_models(self) -> None:
        page = self._page
        profile = page.services.profiles.chosen
        try:
            client = await page.services.connections.client(profile)
            await page.services.catalogs.refresh(profile, client)
        except Offline:
            return  # nobody asked for the list; the footer says that there is no network
        if profile.id == page.services.profiles.chosen.id:
            self.show()

    def pick(self, model: str) -> None:
        page = self._page
        self.use(model)
        page.options.soon()
        key = f"{LAST_MODEL}:{page.services.profiles.chosen.id}"
        page.start(page.services.remember(key, model), "remember-model")

    def use(self, model: str) -> None:
        page = self._page
        page.open.options.model = model
        page.composer.model.set_model(model)
        page.options.show()
        page.estimating.soon()
