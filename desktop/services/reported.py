"""What the provider says was used, beside our ledger: asked with an admin key, on the user's word only."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from msgspec import Struct

from desktop.api import organization
from desktop.api.client import Client
from desktop.core import pricing
from desktop.core.errors import BadInput, NoKey
from desktop.core.keeping import Where as KeptWhere
from desktop.core.periods import Clock, Period, Stretch
from desktop.core.profile import Profile, admin_key_id, key_may_go, origin
from desktop.core.secret import Secret
from desktop.services.usage_rows import Reported, ReportedDay
from desktop.store import ledger, reported_costs
from desktop.store.database import Database
from desktop.store.ledger import Where
from desktop.store.reported_costs import ReportedCost
from desktop.store.secrets import Secrets

NOTE = (
    "The provider counts days in UTC and its figures come some hours late. They are those of the whole"
    " {whose}, so calls of other programs are among them."
)


class TokensBeside(Struct, frozen=True):
    """One model's tokens, as the provider counted them and as the ledger has them."""

    model: str
    their_requests: int
    their_input: int
    their_output: int
    our_calls: int
    our_input: int
    our_output: int


class ReportedCosts:
    """`connect` makes a client of a profile and a key, which is closed after the asking."""

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        connect: Callable[[Profile, Secret | None], Client],
        *,
        now: Callable[[], float] = time.time,
        clock: Clock | None = None,
    ) -> None:
        self._database, self._secrets, self._connect = database, secrets, connect
        self._now, self._clock = now, clock or Clock()

    async def set_key(self, profile: Profile, key: Secret) -> KeptWhere:
        """Keep an admin key beside the profile's own and say where it went. Raises BadKey, SealFailed, ArchiveFull."""
        if profile.is_local:
            raise BadInput("The Local profile has no bill.", "Choose the profile that is charged.")
        return await self._secrets.put(admin_key_id(profile.id), key)

    async def remove_key(self, profile: Profile) -> None:
        """Forget it for good. Raises KeyringFailed or SealFailed where it is kept all the same."""
        await self._secrets.delete(admin_key_id(profile.id))

    async def has_key(self, profile: Profile) -> bool:
        """Raises KeyringFailed or SealFailed where that cannot be told."""
        return await self._secrets.get(admin_key_id(profile.id)) is not None

    async def fetch(self, profile: Profile, period: Period) -> Reported:
        """Ask for the bill of a period, keep it, and show it beside ours.

        Raises NoKey without an admin key or a confirmed host, Forbidden for a key that is no admin's, WireError.
        """
        first, end = self._days(period)
        client = await self._client(profile)
        try:
            found = await organization.costs(client, first, end, profile.project)
        finally:
            await client.aclose()
        parts = [(cost.day, cost.line_item, pricing.pico(cost.dollars)) for cost in found]
        fetched = self._micros()
        await self._database.write(
            lambda db: reported_costs.keep(db, profile.id, first, end, parts, fetched),
        )
        return await self.reported(profile, period)

    async def fetch_tokens(self, profile: Profile, period: Period) -> tuple[TokensBeside, ...]:
        """Ask what the provider counted by model, and show it beside ours; it is not kept. Raises as `fetch`."""
        first, end = self._days(period)
        client = await self._client(profile)
        try:
            theirs = await organization.completions(client, first, end, profile.project)
        finally:
            await client.aclose()
        where = Where(_micros_of(first), _micros_of(end), profile.id)
        ours = dict(await self._database.read(lambda db: ledger.breakdown(db, "model", where=where)))
        models = {tokens.model for tokens in theirs} | ours.keys()
        return tuple(_beside(model, theirs, ours.get(model, ledger.Totals())) for model in sorted(models))

    async def reported(self, profile: Profile, period: Period) -> Reported:
        """What is known of a period without asking: theirs as last fetched, ours of the same UTC days."""
        first, end = self._days(period)
        last = end - timedelta(1)
        where = Where(_micros_of(first), _micros_of(end), profile.id)

        def read(db: sqlite3.Connection) -> tuple[list[ReportedCost], dict[date, ledger.Totals]]:
            days = ledger.series(db, "all", where)
            ours = {ledger.EPOCH + timedelta(number): totals for number, _, totals in days}
            return reported_costs.between(db, profile.id, first, last), ours

        kept, ours = await self._database.read(read)
        whose = "project" if profile.project else "organization"
        return _side_by_side(kept, ours, first, last, NOTE.format(whose=whose))

    async def _client(self, profile: Profile) -> Client:
        key = await self._secrets.get(admin_key_id(profile.id))
        if key is None:
            raise NoKey(
                f"The profile “{profile.name}” has no admin key.",
                "Make one in the provider's settings and enter it on the Usage page. It can only be used there.",
            )
        if not key_may_go(profile):
            raise NoKey(
                f"The admin key of “{profile.name}” may not go to {origin(profile.base_url)}.",
                "Open the profile and confirm its host first.",
            )
        return self._connect(profile, key)

    def _days(self, period: Period) -> tuple[date, date]:
        """The UTC days of a period, the second one not in it: those with the dates of the local ones."""
        stretch: Stretch = self._clock.stretch(period, self._micros(), session=self._micros())
        first = stretch.first
        if period == "all":
            first = stretch.last - timedelta(364)  # what providers keep for such questions
        return first, stretch.last + timedelta(1)

    def _micros(self) -> int:
        return round(self._now() * 1_000_000)


def _side_by_side(
    kept: list[ReportedCost], ours: dict[date, ledger.Totals], first: date, last: date, note: str
) -> Reported:
    whole = {cost.day: cost.cost_pico for cost in kept if not cost.part}
    days = []
    for number in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(number)
        totals = ours.get(day, ledger.Totals())
        theirs = pricing.from_pico(whole[day]) if day in whole else None
        days.append(ReportedDay(day, theirs, pricing.from_pico(totals.cost_pico), totals.unpriced))
    parts: dict[str, Decimal] = {}
    for cost in kept:
        if cost.part:
            parts[cost.part] = parts.get(cost.part, Decimal(0)) + pricing.from_pico(cost.cost_pico)
    newest = max((cost.fetched for cost in kept), default=None)
    fetched = None if newest is None else datetime.fromtimestamp(newest // 1_000_000, UTC)
    ranked = sorted(parts.items(), key=lambda pair: (-pair[1], pair[0]))
    return Reported(tuple(days), tuple(ranked), fetched, note)


def _beside(model: str, theirs: tuple[organization.Tokens, ...], ours: ledger.Totals) -> TokensBeside:
    mine = [tokens for tokens in theirs if tokens.model == model]
    return TokensBeside(
        model,
        sum(tokens.requests for tokens in mine),
        sum(tokens.input for tokens in mine),
        sum(tokens.output for tokens in mine),
        ours.calls,
        ours.usage.input,
        ours.usage.output,
    )


def _micros_of(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
