"""The services of one run over a data folder, with a server that hears: for tests of transcription."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hearing import NUMBERS, HearingServer, recording
from msgspec.structs import replace

from desktop.api.client import Client
from desktop.core.profile import Kind, Limits, Profile, origin
from desktop.core.secret import Redactor, Secret
from desktop.services.booking import Booking
from desktop.services.budgets import Budgets
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.connections import Connections
from desktop.services.jobs import Jobs
from desktop.services.rate_limits import RateLimits
from desktop.services.transcription import Options, Transcription, delivery
from desktop.services.transcription.sending import Tools
from desktop.store import conversations, ledger
from desktop.store.database import Database

MODEL = "whisper-1"
OPTIONS = Options(profile="01PAID", model=MODEL)
ALL = " ".join(NUMBERS)


class Desk:
    """The services of one run over a data folder."""

    def __init__(
        self, folder: Path, server: HearingServer, *, parts: int = 3, longest_s: float = 12, **profile
    ) -> None:
        folder.mkdir(exist_ok=True)
        cards = {MODEL: {"hearing": {"max_seconds": longest_s}}, "gpt-4o-transcribe": {"hearing": {"streams": False}}}
        (folder / "models.json").write_text(json.dumps({"cards": cards}))
        self.profile = Profile(
            "01PAID",
            "Paid",
            Kind.OPENAI,
            server.url,
            confirmed_origin=origin(server.url),
            limits=profile.pop("limits", Limits()),
            **profile,
        )
        self.database = Database.open(folder)
        self.database.write_now(lambda db: conversations.recover(db, 1))
        self.calls, self.limits = Calls(), RateLimits()
        self.budgets = Budgets(self.database)
        self.catalogs = Catalogs(folder)
        self.connections = Connections(self._connect, self._read_key, None, Redactor())
        self.copies = False
        self.tools = Tools(
            self.database,
            self.connections,
            self.catalogs,
            Booking(self.database, self.catalogs, self.calls, self.budgets),
            self.calls,
            self.limits,
            profile_of=lambda id: self.profile,
            cache=folder / "cache" / "transcription",
            keeps_raw=lambda: True,
            keeps_copy=lambda: self.copies,
            parallel=lambda: parts,
        )
        self.jobs = Jobs(self.database)
        self.service = Transcription(self.tools, self.jobs)
        self.told: list[tuple[str, str]] = []
        self.service.listen(self._heard)

    def _heard(self, id: str) -> None:
        if view := self.service.job(id):
            self.told.append((view.state.value, view.words))

    def _connect(self, profile, key):
        return Client(profile, key, recorder=self.limits.recorder(profile.id, self.calls), random=lambda: 0.0)

    async def _read_key(self, profile_id):
        return Secret("sk-test-0123456789abcdef")

    async def add(self, *paths: Path, **options) -> tuple[str, ...]:
        wanted = replace(OPTIONS, **options)
        return await self.service.add(await self.service.look([str(path) for path in paths], wanted), wanted)

    async def one(self, path: Path, **options):
        (id,) = await self.add(path, **options)
        await self.service.settled([id])
        return self.service.job(id)

    async def text(self, id: str) -> str:
        return (await self.service.transcript(id)).transcript.text

    def ledger(self) -> list[ledger.LedgerRow]:
        return self.database.read_now(lambda db: ledger.rows(db))

    async def close(self) -> None:
        await self.jobs.aclose()
        await self.connections.aclose()
        await self.database.aclose()


@pytest.fixture
def server(spec):
    with HearingServer(spec) as running_server:
        yield running_server
    assert running_server.problems == []


@pytest.fixture(scope="module")
def wav(tmp_path_factory) -> Path:
    return recording(tmp_path_factory.mktemp("sound") / "bursts.wav")


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Path:
    return recording(tmp_path_factory.mktemp("sound") / "short.wav", 3)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Pauses of our own that take no time; the server's are kept."""
    monkeypatch.setattr(delivery, "FIRST_WAIT_S", 0.005)
    monkeypatch.setattr(delivery, "BUDGET_WAIT_S", 0.05)
