"""What the parts of the page share: the page's tasks, its services once they are there, a way to say something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop.ui.tasks import Tasks

if TYPE_CHECKING:
    from desktop.services.bundle import Services
    from desktop.services.transcription import Transcription


class Part(QObject):
    """One concern of the page. `place` is the widget over which its dialogs stand."""

    notice = Signal(str, str)
    undo_offered = Signal(str, object)

    def __init__(self, tasks: Tasks, place: QWidget) -> None:
        super().__init__(place)
        self.tasks, self.place = tasks, place
        self.services: Services | None = None

    def attach(self, services: Services) -> None:
        """The services are there; called once."""
        self.services = services

    @property
    def known(self) -> Services:
        """The services, in work that cannot begin without them."""
        assert self.services is not None, "work starts with the services"
        return self.services

    @property
    def service(self) -> Transcription:
        return self.known.transcription

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        """Run it as a task of the page; before the services are there nothing starts."""
        if self.services is None:
            work.close()
        else:
            self.tasks.start(work, name=name)

    def offer(self, text: str, undo: Callable[[], Awaitable[None]]) -> None:
        """Say what was done, with a way back."""

        async def back() -> None:
            await undo()

        self.undo_offered.emit(text, lambda: self.start(back(), "undo"))
