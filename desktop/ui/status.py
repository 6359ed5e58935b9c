"""What the footer and the wire dock show, read from the services whenever something has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from desktop.core.calls import CallRow
from desktop.core.errors import KnownError
from desktop.core.profile import Profile, is_loopback
from desktop.core.usage import RateLimit
from desktop.ui.footer import CostRow, Footer
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from desktop.services.bundle import Services
    from desktop.services.calls import CallRecord
    from desktop.services.local_server import LocalStatus
    from desktop.ui.notices import Notices
    from desktop.ui.tasks import Tasks
    from desktop.ui.wire_dock import WireDock

READABLE_BODY = 256 * 1024
LOCAL_DOTS = {"off": "off", "starting": "waiting", "loading": "waiting", "ready": "good", "failed": "bad"}


class _Named(msgspec.Struct):
    model: str = ""


class Status(QObject):
    """Hears of profiles, calls and the local server; `open_profile` shows a profile's page."""

    def __init__(
        self, footer: Footer, wire: WireDock, notices: Notices, tasks: Tasks, open_profile: Callable[[str], None]
    ) -> None:
        super().__init__(footer)
        self._footer, self._wire, self._notices, self._tasks = footer, wire, notices, tasks
        self._open_profile = open_profile
        self._services: Services | None = None
        self._last = ""  # how the newest call of the chosen profile ended, as a state of the dot
        self._loaded: tuple[str, ...] = ()
        self._models: dict[str, str] = {}
        footer.profile_wanted.connect(self._choose_profile)
        footer.breakdown_wanted.connect(lambda: self._start(self._read_breakdown(), "breakdown"))
        footer.engine_stop_wanted.connect(lambda: self._start(self._free_memory(), "free-memory"))

    def attach(self, services: Services) -> None:
        self._services = services
        self._footer.set_offline(services.options.offline)
        services.profiles.listen(self._profile_changed)
        services.listen_local(self._local_changed, lambda sentence: self._notices.say("info", sentence))
        services.calls.listen(self._called)
        for record in services.calls.records():
            self._called(record)
        self._profile_changed()
        self.spent()

    def spent(self) -> None:
        """A call has ended: the meter, the limits and the engines may be new."""
        self._start(self._read_meter(), "meter")

    # The profile and its connection

    def _profile_changed(self, *_: object) -> None:
        self._last = ""
        self._footer.set_rate(None, "")
        self._show_profile()

    def _show_profile(self) -> None:
        assert self._services is not None
        profile = self._services.profiles.chosen
        if profile.is_local:
            status = self._services.local_server.status
            self._footer.set_profile(profile.name, LOCAL_DOTS.get(status.state.value, "off"), status.sentence)
            self._footer.set_engine(self._engine_words(status), bool(self._loaded))
        else:
            words = {"good": "Connected", "bad": "The last call failed", "": "Not used yet"}[self._last]
            self._footer.set_profile(profile.name, self._last or "off", f"{words}: {_host(profile)}")
            self._footer.set_engine("")
        is_plain = profile.base_url.lower().startswith("http://") and not is_loopback(profile.base_url)
        self._footer.set_plain_http(_host(profile) if is_plain and not profile.is_local else "")

    def _choose_profile(self) -> None:
        if self._services is None:
            return
        menu = QMenu(self._footer)
        menu.setObjectName("footer.profile-menu")
        chosen = self._services.profiles.chosen.id
        for profile in self._services.profiles.all:
            action = QAction(no_mnemonic(profile.name), menu, checkable=True, checked=profile.id == chosen)
            action.triggered.connect(lambda _=False, wanted=profile.id: self.use_profile(wanted))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Profiles and keys…", lambda: self._open_profile(chosen))
        menu.aboutToHide.connect(menu.deleteLater)
        at = self._footer.profile.mapToGlobal(QPoint(0, 0))
        menu.popup(at - QPoint(0, menu.sizeHint().height()))

    def use_profile(self, profile_id: str) -> None:
        assert self._services is not None
        self._start(self._services.profiles.choose(profile_id), "choose-profile")

    # The local server

    def _local_changed(self, status: LocalStatus) -> None:
        if self._services is not None and self._services.profiles.chosen.is_local:
            self._show_profile()
            if status.state.value in ("ready", "failed"):
                self._start(self._read_engines(), "engines")

    def _engine_words(self, status: LocalStatus) -> str:
        assert self._services is not None
        note = self._services.local_server.model_note()
        return status.sentence if status.state.value in ("starting", "loading", "failed") else note

    async def _read_engines(self) -> None:
        services = self._services
        assert services is not None
        local = services.local_server
        found = await local.engines() if local.is_running else ()
        self._loaded = tuple(engine.name for engine in found if engine.state in ("ready", "busy"))
        if services.profiles.chosen.is_local:
            self._show_profile()

    async def _free_memory(self) -> None:
        assert self._services is not None
        for name in self._loaded:
            await self._services.local_server.stop_engine(name)
        await self._read_engines()

    # The meter

    async def _read_meter(self) -> None:
        services = self._services
        assert services is not None
        reading = await services.meter.read("session")
        self._footer.set_cost(reading.words if reading.calls else "", reading.tokens)
        self._footer.set_rate(*await self._rate())
        if services.profiles.chosen.is_local:
            await self._read_engines()

    async def _rate(self) -> tuple[float | None, str]:
        services = self._services
        assert services is not None
        profile = services.profiles.chosen
        if profile.is_local or not self._last:
            return None, ""
        try:
            client = await services.connections.client(profile)
        except KnownError:  # the page that called has already said why
            return None, ""
        return tightest(client.rate_limits)

    async def _read_breakdown(self) -> None:
        meter = self._services.meter if self._services is not None else None
        if meter is None:
            return
        rows = []
        for share in await meter.breakdown("model", "session"):
            usage, reading = share.reading.usage, share.reading
            rows.append(
                CostRow(
                    share.name,
                    reading.calls,
                    usage.input,
                    usage.cached,
                    usage.output,
                    usage.reasoning,
                    reading.words,
                )
            )
        today, month = await meter.read("today"), await meter.read("month")
        self._footer.set_breakdown(rows, today.words, month.words)

    # The calls

    def _called(self, record: CallRecord) -> None:
        row = self._row_of(record)
        self._wire.put(row)
        if record.fate.value in ("complete", "failed", "cut"):
            self._models.pop(record.call_id, None)
            self._last = "good" if record.fate.value == "complete" else "bad"
            if self._services is not None and not self._services.profiles.chosen.is_local:
                self._show_profile()

    def _row_of(self, record: CallRecord) -> CallRow:
        model = record.model or self._models.get(record.call_id, "")
        if not model and 0 < len(record.start.body) <= READABLE_BODY:
            model = self._models[record.call_id] = _model_in(record.start.body)
        return CallRow(
            call_id=record.call_id,
            started=record.start.started,
            method=record.start.method,
            path=urlsplit(record.start.url).path,
            model=model,
            status=record.status,
            milliseconds=record.total_ms,
            bytes_received=record.bytes_received,
            dollars=record.dollars,
            retries=record.attempts - 1,
            fate=record.fate,
        )

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        if self._services is None:
            work.close()
        else:
            self._tasks.start(work, name=name)


def tightest(limits: dict[str, RateLimit]) -> tuple[float | None, str]:
    """The limit that is nearest its end, as what is left of it and in words."""
    worst: tuple[float, str] | None = None
    for model, limit in limits.items():
        for left, of, unit in (
            (limit.remaining_requests, limit.limit_requests, "requests"),
            (limit.remaining_tokens, limit.limit_tokens, "tokens"),
        ):
            if left is not None and of:
                share = left / of
                if worst is None or share < worst[0]:
                    worst = share, f"{left:,} of {of:,} {unit} left for {model}".replace(",", "\u202f")
    return worst if worst is not None else (None, "")


def _host(profile: Profile) -> str:
    return urlsplit(profile.base_url).hostname or profile.base_url


def _model_in(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Named).model
    except msgspec.DecodeError:
        return ""
