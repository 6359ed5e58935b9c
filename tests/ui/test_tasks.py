"""The owner of coroutines: the newest wins, failures are heard, the end is structured."""

from __future__ import annotations

import asyncio

from desktop.ui.tasks import Tasks


async def test_the_newest_of_a_name_wins(qapp):
    heard, done = [], []
    tasks = Tasks(heard.append)

    async def work(number):
        await asyncio.sleep(0)
        done.append(number)

    tasks.start(work(1), name="send")
    tasks.start(work(2), name="send")
    tasks.start(work(3), name="other")
    await tasks.settled()
    assert sorted(done) == [2, 3]
    assert heard == []


async def test_busy_is_told_once_at_the_first_and_once_at_the_last(qapp):
    tasks, told = Tasks([].append), []
    tasks.busy.connect(told.append)
    gate = asyncio.Event()
    tasks.start(gate.wait(), name="one")
    tasks.start(gate.wait(), name="two")
    assert told == [True]
    gate.set()
    await tasks.settled()
    assert told == [True, False]


async def test_a_failure_is_reported_and_others_go_on(qapp):
    heard, done = [], []
    tasks = Tasks(heard.append)

    async def fails():
        raise ValueError("broken")

    async def works():
        await asyncio.sleep(0)
        done.append(True)

    tasks.start(fails(), name="one")
    tasks.start(works(), name="two")
    await tasks.settled()
    assert [str(error) for error in heard] == ["broken"]
    assert done == [True]


async def test_settled_waits_for_what_a_finished_task_started(qapp):
    tasks, done = Tasks([].append), []

    async def second():
        done.append("second")

    async def first():
        tasks.start(second(), name="second")

    tasks.start(first(), name="first")
    await tasks.settled()
    assert done == ["second"]


async def test_nothing_starts_after_the_end_and_what_ran_was_cleaned_up(qapp):
    heard, cleaned = [], []
    tasks = Tasks(heard.append)

    async def long():
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    tasks.start(long(), name="long")
    await asyncio.sleep(0)
    await tasks.aclose()
    assert cleaned == [True] and heard == [] and not tasks.is_running()
    assert tasks.start(long(), name="late") is None
    assert not tasks.is_running()


def test_without_a_loop_nothing_starts_and_nothing_is_left(qapp):
    tasks, told = Tasks([].append), []
    tasks.busy.connect(told.append)
    assert tasks.start(asyncio.sleep(0), name="late") is None
    assert told == [] and not tasks.is_running()
