"""Opening a run's services and ending them: given up half-way, on a full disk, with a part that fails."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

from desktop import wiring
from desktop.core.conversation import Conversation, Message, Role, State, Text
from desktop.core.errors import ArchiveFull
from desktop.core.options import Options
from desktop.services.upkeep import Upkeep
from desktop.store import backups, conversations, opening
from desktop.store.database import Database

DAY = 24 * 3600.0


def writers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("archive-")]


async def test_a_start_that_is_given_up_closes_what_it_was_opening_before_it_ends(tmp_path, monkeypatch):
    began, go_on = threading.Event(), threading.Event()
    prepare = opening.prepare

    def slow(folder, now):
        began.set()
        assert go_on.wait(120)
        return prepare(folder, now)

    monkeypatch.setattr(opening, "prepare", slow)
    task = asyncio.create_task(wiring.open_services(Options(tmp_path, offline=True)))
    await asyncio.to_thread(began.wait, 120)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done(), "the folder is not given free while it is still being opened"
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert writers() == []
    assert [path.name for path in tmp_path.glob("archive.db*")] == ["archive.db"], "its log is folded in"


async def test_on_a_disk_that_is_full_at_the_start_what_was_cut_waits_and_the_rest_is_there(tmp_path, monkeypatch):
    database = Database.open(tmp_path)

    def half(db):
        conversations.create(db, Conversation("c", title="A talk", created=1))
        cut = Message("m", Role.ASSISTANT, (Text("half"),), conversation="c", created=1, state=State.STREAMING)
        conversations.add_message(db, cut)

    database.write_now(half)
    database.close()

    def full(*_):
        raise ArchiveFull("The archive cannot be written.", "Make room.")

    with monkeypatch.context() as patch:
        patch.setattr(conversations, "recover", full)
        services = await wiring.open_services(Options(tmp_path, offline=True))
    assert services.notices == ("The archive cannot be written. Make room.",)
    assert [found.title for found in await services.conversations.listing()] == ["A talk"]
    await services.aclose()


async def test_each_part_is_closed_also_where_the_one_before_failed(tmp_path):
    services = await wiring.open_services(Options(tmp_path, offline=True))

    async def fails() -> None:
        raise RuntimeError("a mistake of ours")

    services.jobs = SimpleNamespace(aclose=fails)
    with pytest.raises(RuntimeError):
        await services.aclose()
    assert writers() == []


async def test_a_window_that_stays_open_for_days_makes_a_copy_a_day(tmp_path):
    clock = SimpleNamespace(now=1_790_000_000.0)
    services = await wiring.open_services(Options(tmp_path, offline=True), now=lambda: clock.now)
    told: list[Exception] = []
    days = iter(range(3))

    async def pause(seconds: float) -> None:
        assert 0 < seconds <= DAY / 2
        if next(days, None) is None:
            raise asyncio.CancelledError
        clock.now += DAY
        if clock.now > 1_790_000_000.0 + 2.5 * DAY:
            services.upkeep._kept = SimpleNamespace(empty_old_trash=fails)

    async def fails(_: int) -> None:
        raise ArchiveFull("The archive cannot be written.")

    assert isinstance(services.upkeep, Upkeep)
    with pytest.raises(asyncio.CancelledError):
        await services.upkeep.keep(told.append, pause=pause)
    assert len(backups.own(tmp_path)) == 4
    assert [error.summary for error in told] == ["The archive cannot be written."], "it is said, and goes on"
    await services.aclose()


async def test_of_an_archive_that_was_moved_nothing_stays_when_everything_is_removed(tmp_path):
    data, large = tmp_path / "data", tmp_path / "large"
    large.mkdir()
    services = await wiring.open_services(Options(data, offline=True))
    move = services.storage.moving(str(large))
    await services.aclose()
    move()
    services = await wiring.open_services(Options(data, offline=True))
    assert services.database.folder == large
    await services.copies.make()
    clear = await services.storage.clearing()
    await services.aclose()
    assert clear() == "Everything was removed."
    assert [path.name for path in large.rglob("*")] == []
