"""What the footer shows, read from the services whenever something has happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from PySide6.QtCore import QObject, QPoint, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from desktop.core.profile import Profile, is_loopback
from desktop.ui import actions
from desktop.ui.footer import Footer
from desktop.ui.meter_popover import CostRow, Spending
from desktop.ui.notices import Remedy
from desktop.ui.rail import PLACES
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from desktop.core.budget import BudgetState, BudgetWarning
    from desktop.services.bundle import Services
    from desktop.services.calls import CallRecord
    from desktop.services.local_server import LocalStatus
    from desktop.services.meter import Share
    from desktop.ui.notices import Notices
    from desktop.ui.tasks import Tasks

UNDO_MS = 12_000
PAGES = {place.name: place.title for place in PLACES}
BUDGET_OF = {"day": "today's budget", "month": "this month's budget", "total": "the whole budget"}
JOBS_PAUSE_MS, JOBS_CALM_MS = 1000, 40
LOCAL_DOTS = {"off": "off", "starting": "waiting", "loading": "waiting", "ready": "good", "failed": "bad"}


class Status(QObject):
    """Hears of profiles, calls and the local server; `open_profile` shows a profile's page."""

    def __init__(self, footer: Footer, notices: Notices, tasks: Tasks, open_profile: Callable[[str], None]) -> None:
        super().__init__(footer)
        self._footer, self._notices, self._tasks = footer, notices, tasks
        self._open_profile = open_profile
        self._services: Services | None = None
        self._last = ""  # how the newest call of the chosen profile ended, as a state of the dot
        self._loaded: tuple[str, ...] = ()
        footer.profile_wanted.connect(self._choose_profile)
        footer.breakdown_wanted.connect(lambda: self._start(self._read_breakdown(), "breakdown"))
        footer.reset_wanted.connect(self._reset_session)
        self._jobs_pause = QTimer(self, singleShot=True, interval=JOBS_PAUSE_MS)
        self._jobs_pause.timeout.connect(self.spent)
        self._jobs_calm = QTimer(self, singleShot=True, interval=JOBS_CALM_MS)
        self._jobs_calm.timeout.connect(self._show_jobs)
        footer.usage_wanted.connect(self._open_usage)
        footer.rates_wanted.connect(self._show_rates)
        window = footer.window()
        actions.make(window, "window.rates", "Rate limits of each model", footer.open_rates, icon="clock")
        actions.make(window, "window.reset-session", "Reset the session's meter", self._reset_session)
        footer.engine_stop_wanted.connect(lambda: self._start(self._free_memory(), "free-memory"))

    def attach(self, services: Services) -> None:
        self._services = services
        self._footer.set_offline(services.options.offline)
        services.profiles.listen(self._profile_changed)
        services.listen_local(self._local_changed, lambda sentence: self._notices.say("info", sentence))
        services.rate_limits.listen(lambda *_: self._show_rate())
        services.budgets.listen(self._budget_near)
        services.jobs.listen(self._job_changed)
        services.calls.listen(self._called)
        for record in services.calls.records():
            self._called(record)
        self._profile_changed()
        self.spent()

    def spent(self) -> None:
        """A call has ended: the meter, the limits and the engines may be new."""
        self._start(self._read_meter(), "meter")

    # Jobs

    def _job_changed(self, _: str) -> None:
        """Hundreds may change in one turn: they are counted together."""
        if not self._jobs_calm.isActive():
            self._jobs_calm.start()

    def _show_jobs(self) -> None:
        """How many run or wait, and how far they are together; what they cost is read once a second."""
        assert self._services is not None
        found = self._services.jobs.summary()
        self._footer.set_jobs(found.running + found.queued, found.progress)
        if not self._jobs_pause.isActive():
            self._jobs_pause.start()

    # The profile and its connection

    def _profile_changed(self, *_: object) -> None:
        self._last = ""
        self._show_rate()
        self._show_profile()
        self._start(self._read_budget(), "budget")

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
        self._footer.set_cost(thinly(reading.words) if reading.calls else "", reading.tokens)
        self._show_rate()
        await self._read_budget()
        if services.profiles.chosen.is_local:
            await self._read_engines()

    async def _read_breakdown(self) -> None:
        from desktop.services.meter import units  # the services are there by now

        services = self._services
        assert services is not None
        meter = services.meter
        by_model = await meter.breakdown("model", "session")
        by_page = await meter.breakdown("page", "session")
        session, today, month = await meter.read("session"), await meter.read("today"), await meter.read("month")
        state = await services.budgets.state(services.profiles.chosen)
        self._footer.set_breakdown(
            Spending(
                models=[_cost_row(share, share.name or "unknown model") for share in by_model],
                pages=[_cost_row(share, PAGES.get(share.name) or share.name.capitalize()) for share in by_page],
                units=[(words, figure(count)) for words, count in units(session.usage)],
                session=thinly(session.words) if session.calls else "$0",
                today=thinly(today.words) if today.calls else "$0",
                month=thinly(month.words) if month.calls else "$0",
                basis=services.prices.note,
                budgets=_budgets(state),
            )
        )

    def _reset_session(self) -> None:
        """The ledger stays as it is; only where the session begins is another."""
        if self._services is None:
            return
        self._services.meter.reset_session()
        self._session_begins_anew()
        self._notices.say("info", "The session counts from now on.", Remedy("Undo", self._undo_reset), lasts_ms=UNDO_MS)

    def _undo_reset(self) -> None:
        assert self._services is not None
        self._services.meter.undo_reset()
        self._session_begins_anew()

    def _session_begins_anew(self) -> None:
        self._start(self._read_meter(), "meter")
        self._start(self._read_breakdown(), "breakdown")

    def _open_usage(self) -> None:
        """By the window's own action, so that the footer knows of no page."""
        if action := self._footer.window().findChild(QAction, "window.go-usage"):
            action.trigger()

    # The rate limits

    def _show_rate(self) -> None:
        services = self._services
        assert services is not None
        gauges = services.rate_limits.models(services.profiles.chosen.id)
        tightest = gauges[0] if gauges else None
        self._footer.set_rate(tightest.share if tightest else None, tightest.words if tightest else "")

    def _show_rates(self) -> None:
        if self._services is not None:
            self._show_rate()
            self._footer.rates.show_gauges(self._services.rate_limits.models(self._services.profiles.chosen.id))

    # The budget

    async def _read_budget(self) -> None:
        services = self._services
        assert services is not None
        profile = services.profiles.chosen
        if profile.is_local:
            self._footer.set_budget("", "")
            return
        state = await services.budgets.state(profile)
        self._footer.set_budget(*_nearest(state))

    def _budget_near(self, warning: BudgetWarning) -> None:
        """Said once for each limit; the footer's mark stays."""
        self._notices.say("warn", f"{warning.summary} {warning.advice}".strip())
        self._start(self._read_budget(), "budget")

    # The calls

    def _called(self, record: CallRecord) -> None:
        if record.fate.value in ("complete", "failed", "cut"):
            self._last = "good" if record.fate.value == "complete" else "bad"
            if self._services is not None and not self._services.profiles.chosen.is_local:
                self._show_profile()

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        if self._services is None:
            work.close()
        else:
            self._tasks.start(work, name=name)


def thinly(words: str) -> str:
    """Figures in groups of three as the window writes them."""
    return words.replace(",", "\u202f")


def figure(count: float) -> str:
    return thinly(f"{count:,}" if isinstance(count, int) else f"{count:,.1f}")


def _cost_row(share: Share, name: str) -> CostRow:
    usage, reading = share.reading.usage, share.reading
    return CostRow(name, reading.calls, usage.input, usage.cached, usage.output, usage.reasoning, thinly(reading.words))


def _nearest(state: BudgetState) -> tuple[str, str]:
    """The budget that is nearest its end, in words, and "warn" or "reached"; nothing while none is near."""
    near = [line for line in state if state.level(line.period) and line.share is not None]
    if not near:
        return "", ""
    line = max(near, key=lambda one: one.share or 0)
    level = state.level(line.period)
    if level == "reached":
        return f"{BUDGET_OF[line.period]} is used up", level
    share = f"{line.share:.0%}".replace("%", " %")
    return f"{share} of {BUDGET_OF[line.period]}", level


def _budgets(state: BudgetState) -> list[tuple[str, str]]:
    """Each limit that is set, with how near it is."""
    lines = [line for line in state if line.limit is not None]
    return [(f"Budget: {thinly(line.words)}", state.level(line.period)) for line in lines]


def _host(profile: Profile) -> str:
    return urlsplit(profile.base_url).hostname or profile.base_url
