"""All services of a run in one value: what pages and the terminal are given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from desktop.core.options import Options as Options
from desktop.core.secret import Redactor
from desktop.services.archive_state import ArchiveState
from desktop.services.attachments import Attachments
from desktop.services.budgets import Budgets
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.chat import Chat
from desktop.services.connections import Connections
from desktop.services.conversations import Conversations
from desktop.services.copies import Copies
from desktop.services.export import Export
from desktop.services.imports.run import Imports
from desktop.services.jobs import Jobs
from desktop.services.library import Library
from desktop.services.local_server import LocalServer, LocalStatus
from desktop.services.meter import Meter
from desktop.services.prices import Prices
from desktop.services.profiles import Profiles
from desktop.services.rate_limits import RateLimits
from desktop.services.reported import ReportedCosts
from desktop.services.salvage import Salvage
from desktop.services.settings import CurrentSettings
from desktop.services.storage import Storage
from desktop.services.titles import Titles
from desktop.services.tokens import Tokens
from desktop.services.transcription import Transcription
from desktop.services.transcription.afterwork import AfterWork
from desktop.services.upkeep import Upkeep
from desktop.services.usage import Usage
from desktop.services.verdicts import ConnectionTest
from desktop.services.wire import Wire
from desktop.store import window_state
from desktop.store.database import Database
from desktop.store.instance import Instance
from desktop.store.secrets import Secrets


@dataclass(slots=True)
class Services:
    """What pages and the terminal work with. `notices` are sentences about what was found at the start."""

    options: Options
    redactor: Redactor
    settings: CurrentSettings
    secrets: Secrets
    profiles: Profiles
    database: Database
    archive: ArchiveState
    catalogs: Catalogs
    tokens: Tokens
    calls: Calls
    wire: Wire
    local_server: LocalServer
    connections: Connections
    chat: Chat
    conversations: Conversations
    library: Library
    titles: Titles
    attachments: Attachments
    imports: Imports
    export: Export
    meter: Meter
    usage: Usage
    budgets: Budgets
    prices: Prices
    rate_limits: RateLimits
    reported: ReportedCosts
    connection_test: ConnectionTest
    upkeep: Upkeep
    copies: Copies
    storage: Storage
    salvage: Salvage
    jobs: Jobs
    transcription: Transcription
    afterwork: AfterWork
    notices: tuple[str, ...] = ()
    archive_lock: Instance | None = None  # of an archive that is not in the data folder
    _heard_local: list[Callable[[LocalStatus], None]] = field(default_factory=list)
    _heard_notices: list[Callable[[str], None]] = field(default_factory=list)

    def listen_local(self, heard: Callable[[LocalStatus], None], notice: Callable[[str], None]) -> None:
        """Hear of every change of the local server, and of what it has to say."""
        self._heard_local.append(heard)
        self._heard_notices.append(notice)

    async def remembered(self, name: str, default: Any) -> Any:
        """A small value the window kept, such as a fold or the last conversation."""
        return await self.database.read(lambda db: window_state.get(db, name, default))

    async def remember(self, name: str, value: Any) -> None:
        if not self.database.read_only:
            await self.database.write(lambda db: window_state.put(db, name, value))

    async def warm_up(self) -> None:
        """What is slow and not needed at once: the tokenizer."""
        await self.tokens.load()

    async def aclose(self) -> None:
        """Each part is closed, also where the one before failed; the archive and its lock at the end."""
        async with AsyncExitStack() as stack:
            if self.archive_lock is not None:
                stack.callback(self.archive_lock.release)
            for part in (
                self.database,
                self.salvage,
                self.local_server,
                self.wire,
                self.connections,
                self.jobs,
            ):
                stack.push_async_callback(part.aclose)
