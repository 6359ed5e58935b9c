"""A stretch heard again by several calls: what was paid for is given however it ends, and a stop is heard."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
from hearing import recording, refused
from hearing_desk import ALL, OPTIONS, Desk
from hearing_desk import quick as quick
from hearing_desk import server as server
from hearing_desk import short as short
from hearing_desk import wav as wav
from msgspec.structs import replace

from desktop.core.calls import Fate
from desktop.core.errors import KnownError
from desktop.media import levels

WHOLE = 10**9


async def opened(tmp_path, server, wav):
    desk = Desk(tmp_path / "data", server, parts=1)
    view = await desk.one(wav)
    server.sent.clear()
    return desk, view.recording


async def test_what_was_heard_before_a_part_failed_is_given_with_the_reason(tmp_path, server, wav):
    desk, recording = await opened(tmp_path, server, wav)
    server.faults = [None, None, refused(400)]
    found = await desk.service.redo(recording, 0, WHOLE, OPTIONS)
    assert isinstance(found.failure, KnownError) and (found.parts, len(server.sent)) == (2, 3) and found.of > 3
    words = found.transcript.text.split()
    assert words == ALL.split()[: len(words)] and len(words) >= 8
    assert found.transcript.segments[-1].ends <= found.ends < 10**6
    await desk.close()


async def test_what_is_waited_for_is_said(tmp_path, server, short):
    desk, recording = await opened(tmp_path, server, short)
    server.faults = [refused(429, "rate_limit_exceeded", Retry_After="0.2")]
    said = []
    found = await desk.service.redo(recording, 0, WHOLE, OPTIONS, waits=said.append)
    assert found.is_whole and found.transcript.text == "alpha bravo charlie"
    assert len(said) == 1 and "Tries again in" in said[0]
    await desk.close()


async def test_the_first_failure_is_raised_since_there_is_nothing_to_give(tmp_path, server, wav):
    desk, recording = await opened(tmp_path, server, wav)
    server.faults = [refused(400)]
    with pytest.raises(KnownError):
        await desk.service.redo(recording, 0, WHOLE, OPTIONS)
    await desk.close()


async def test_a_part_that_has_come_is_told_though_a_stop_comes_with_it(tmp_path, server, wav):
    desk, recording = await opened(tmp_path, server, wav)
    told = []
    task = asyncio.create_task(desk.service.redo(recording, 0, WHOLE, OPTIONS, told.append))
    booking, close = desk.service._tools.booking, desk.service._tools.booking.close

    async def stops(*arguments, **more):
        task.cancel()
        await close(*arguments, **more)

    booking.close = stops
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [(far.parts, bool(far.transcript.text)) for far in told] == [(1, True)]
    assert [row.fate for row in desk.ledger()][-1] is Fate.COMPLETE and len(server.sent) == 1
    booking.close = close
    await desk.close()


async def test_a_stop_ends_the_listening_for_pauses(tmp_path, server, monkeypatch):
    desk = Desk(tmp_path / "data", server)
    view = await desk.one(recording(tmp_path / "stereo.wav", 3, channels=2))
    begun, ended = threading.Event(), threading.Event()

    def endless(path, channel=None):
        try:
            while True:
                begun.set()
                yield np.zeros(levels.HEARD_RATE, np.float32)
        finally:
            ended.set()

    monkeypatch.setattr(levels, "blocks", endless)
    task = asyncio.create_task(desk.service.redo(view.recording, 0, WHOLE, replace(OPTIONS, channel="left")))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 10), "the thread ends with its task"
    await desk.close()
