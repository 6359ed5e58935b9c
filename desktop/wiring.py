"""Builds everything below the window once, in the right order, and closes it in the reverse one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from desktop.api.client import Client
from desktop.core.calls import Recorder
from desktop.core.errors import ArchiveFull
from desktop.core.profile import Profile
from desktop.core.secret import Redactor, Secret
from desktop.services.archive_state import ArchiveState
from desktop.services.asking import Asking
from desktop.services.attachments import Attachments
from desktop.services.booking import Booking
from desktop.services.budgets import Budgets
from desktop.services.bundle import Options, Services
from desktop.services.calls import Calls
from desktop.services.catalog import Catalogs
from desktop.services.chat import Chat
from desktop.services.connections import Connections
from desktop.services.conversations import Conversations
from desktop.services.copies import Copies
from desktop.services.export import Export
from desktop.services.export.keys import learn_all
from desktop.services.imports.run import Imports
from desktop.services.jobs import Jobs
from desktop.services.library import Library
from desktop.services.local_server import LocalServer, LocalStatus
from desktop.services.meter import Meter
from desktop.services.prices import Prices
from desktop.services.profiles import Profiles
from desktop.services.rate_limits import RateLimits
from desktop.services.reported import ReportedCosts
from desktop.services.request_log import RequestLog
from desktop.services.salvage import Salvage
from desktop.services.settings import CurrentSettings
from desktop.services.storage import Storage
from desktop.services.titles import Titles
from desktop.services.tokens import Tokens
from desktop.services.transcription import CACHE as TRANSCRIPTION_CACHE
from desktop.services.transcription import Transcription
from desktop.services.transcription.afterwork import AfterWork
from desktop.services.transcription.sending import Tools
from desktop.services.upkeep import Upkeep
from desktop.services.usage import Usage
from desktop.services.verdicts import ConnectionTest
from desktop.services.wire import Wire
from desktop.services.wire_keeper import Keeper
from desktop.services.wire_sending import Sending
from desktop.store import conversations
from desktop.store.database import Database
from desktop.store.instance import Instance, network_warning
from desktop.store.place import reachable_folder
from desktop.store.secrets import Secrets

CACHE = "cache"
REQUESTS = "requests.jsonl"

SystemProxy = Callable[[str], str | None]
_Opened = tuple[Database, Instance | None, CurrentSettings, Secrets, Profiles]

__all__ = ["Options", "Services", "open_services"]


async def open_services(
    options: Options,
    *,
    system_proxy: SystemProxy | None = None,
    connect: Callable[[Profile, Secret | None], Client] | None = None,
    redactor: Redactor | None = None,
    now: Callable[[], float] = time.time,
) -> Services:
    """Open the data folder and everything on it. Raises StoreError where the archive cannot be opened."""
    folder, redactor = options.data_dir, redactor or Redactor()
    database, archive_lock, settings, secrets, profiles = await _opened(options, redactor, now)
    try:
        notices = [*await _told(database, folder, now), *settings.notices, *profiles.notices]
    except BaseException:
        await asyncio.to_thread(_close, database, archive_lock)
        raise
    calls = Calls(redactor)
    rate_limits = RateLimits(now)
    if options.show_requests:
        calls.listen(RequestLog(folder / REQUESTS, redactor).heard)
    heard_local: list[Callable[[LocalStatus], None]] = []
    heard_notices: list[Callable[[str], None]] = []

    def tell_local(status: LocalStatus) -> None:
        for heard in heard_local:
            heard(status)

    def tell_notice(sentence: str) -> None:
        for heard in heard_notices:
            heard(sentence)

    def profile_of(identity: str) -> Profile:
        return next((profile for profile in profiles.all if profile.id == identity), profiles.chosen)

    def test_client(profile: Profile, key: Secret | None, recorder: Recorder) -> Client:
        return Client(
            profile, key, recorder=recorder, system_proxy=system_proxy, offline=options.offline, redactor=redactor
        )

    def make_client(profile: Profile, key: Secret | None) -> Client:
        return test_client(profile, key, rate_limits.recorder(profile.id, calls))

    local = LocalServer(
        folder / CACHE,
        gguf=settings.value.local_model,
        idle_minutes=settings.value.local_idle_minutes,
        changed=tell_local,
        notice=tell_notice,
        offline=options.offline,
        redactor=redactor,
    )
    connections = Connections(connect or make_client, profiles.read_key, local, redactor)
    catalogs = Catalogs(folder)
    catalogs.choose(profiles.chosen)
    tokens = Tokens(folder / CACHE, lambda model: catalogs.current.card(model))
    budgets = Budgets(database, profiles.get, now=now)
    chat = Chat(
        database,
        connections,
        catalogs,
        tokens,
        calls,
        budgets=budgets,
        keeps_raw=lambda: settings.value.keep_raw,
        now=now,
    )
    kept = Conversations(database, now=now)
    library = Library(database, kept, trash_days=lambda: settings.value.trash_days, now=now)
    kept.listen(library.changed)
    imports = Imports(database, now=now)
    meter = Meter(database, now=now)
    reported = ReportedCosts(database, secrets, make_client, now=now)
    keeper = Keeper(database, calls, settings, redactor, now=now)
    booking = Booking(database, catalogs, calls, budgets, now=now)
    asking = Asking(connections, catalogs, tokens, booking)
    sending = Sending(connections, catalogs, tokens, calls, booking, redactor)
    jobs = Jobs(database, parallel=settings.value.transcription_jobs, now=now, notice=tell_notice)
    settings.listen(lambda changed: setattr(jobs, "parallel", changed.transcription_jobs))
    transcription = Transcription(
        Tools(
            database,
            connections,
            catalogs,
            booking,
            calls,
            rate_limits,
            profile_of=lambda id: profiles.get(id) if id else profiles.chosen,
            cache=folder / CACHE / TRANSCRIPTION_CACHE,
            keeps_raw=lambda: settings.value.keep_raw,
            keeps_copy=lambda: settings.value.keep_recordings,
            parallel=lambda: settings.value.transcription_parts,
            is_offline=options.offline,
            now=now,
        ),
        jobs,
    )
    return Services(
        options=options,
        redactor=redactor,
        settings=settings,
        secrets=secrets,
        profiles=profiles,
        database=database,
        archive=ArchiveState(database.folder, database.notices),
        catalogs=catalogs,
        tokens=tokens,
        calls=calls,
        wire=Wire(database, calls, keeper, sending, profiles.get, redactor, now=now),
        local_server=local,
        connections=connections,
        chat=chat,
        conversations=kept,
        library=library,
        titles=Titles(database, asking, profile_of, library, model=lambda: settings.value.title_model),
        attachments=Attachments(database),
        imports=imports,
        export=Export(database, redactor, lambda: learn_all(profiles, secrets)),
        meter=meter,
        budgets=budgets,
        prices=Prices(folder, catalogs, now=now),
        rate_limits=rate_limits,
        reported=reported,
        usage=Usage(
            database, meter, catalogs, lambda: profiles.all, repriced=budgets.forget, reported=reported, now=now
        ),
        connection_test=ConnectionTest(profiles, test_client),
        upkeep=Upkeep(database, settings, kept, imports, now=now),
        copies=Copies(database, now=now),
        storage=Storage(folder, database, kept, profiles, secrets, now=now),
        salvage=Salvage(database, imports),
        jobs=jobs,
        transcription=transcription,
        afterwork=AfterWork(asking, profile_of),
        archive_lock=archive_lock,
        notices=tuple(notices),
        _heard_local=heard_local,
        _heard_notices=heard_notices,
    )


async def _opened(options: Options, redactor: Redactor, now: Callable[[], float]) -> _Opened:
    """The parts that read files, opened in a worker. Cancelled, it waits for them and closes them: nothing of a start
    that was given up may still write when the folder is free for the next one."""
    future = asyncio.get_running_loop().run_in_executor(None, _open, options, redactor, now)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait([future])
        if not future.cancelled() and future.exception() is None:
            database, archive_lock, *_ = future.result()
            await asyncio.to_thread(_close, database, archive_lock)
        raise


async def _told(database: Database, folder: Path, now: Callable[[], float]) -> list[str]:
    """What opening the archive had to say, of its place too, and of replies that were cut with the last run."""
    notices = [" ".join(database.notices)] if database.notices else []
    for place in {folder, database.folder}:
        if warning := await asyncio.to_thread(network_warning, place):
            notices.append(warning)
    if database.read_only:
        return notices
    try:
        cut = await database.write(lambda db: conversations.recover(db, round(now() * 1_000_000)))
    except ArchiveFull as error:  # what is kept can be read all the same; the next start does it
        return [*notices, f"{error.summary} {error.advice}".strip()]
    if cut:
        many = f"{len(cut)} replies were" if len(cut) > 1 else "A reply was"
        notices.append(f"{many} still arriving when the application ended. What had come is kept.")
    return notices


def _close(database: Database, archive_lock: Instance | None) -> None:
    database.close()
    if archive_lock is not None:
        archive_lock.release()


def _open(options: Options, redactor: Redactor, now: Callable[[], float]) -> _Opened:
    """The parts that read files; in a worker."""
    folder = options.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    archive = reachable_folder(folder)
    lock = Instance.acquire(archive) if archive != folder else None
    try:
        database = Database.open(archive, now=now)
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    try:
        settings = CurrentSettings(folder, now)
        secrets = Secrets(folder, redactor, environment=os.environ)
        profiles = Profiles(folder, secrets, base_url=options.base_url, now=now)
        if options.profile:
            profiles.choose_for_run(profiles.named(options.profile).id)
    except BaseException:
        database.close()
        if lock is not None:
            lock.release()
        raise
    return database, lock, settings, secrets, profiles
