"""Long work in workers ends with who waits for it, and who waits is let go at once."""

from __future__ import annotations

import asyncio
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import pytest
from hearing_desk import Desk
from hearing_desk import server as server
from hearing_desk import short as short

from desktop.media import capture, levels, pieces, probing
from desktop.services.transcription import intake, samples

SOON_S = 0.2


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Path:
    """Five hours of silence, of which the disk holds only the beginning."""
    path = tmp_path_factory.mktemp("sound") / "long.wav"
    size = 5 * 3600 * 16_000 * 2
    with path.open("wb") as file:
        file.write(capture.head(16_000, 1, size))
        file.truncate(capture.HEAD_BYTES + size)
    return path


class Watched:
    """A blocking function, and when a worker began with it and left it."""

    def __init__(self, monkeypatch, module, name: str) -> None:
        self._real = getattr(module, name)
        self.began, self.left = threading.Event(), threading.Event()
        monkeypatch.setattr(module, name, self)

    def __call__(self, *arguments, **more):
        self.began.set()
        try:
            return self._real(*arguments, **more)
        finally:
            self.left.set()


async def stopped_soon(work, watched: Watched) -> None:
    """Stop work in the middle of what is watched."""
    task = asyncio.ensure_future(work)
    await asyncio.to_thread(watched.began.wait, 60)
    assert not task.done() and not watched.left.is_set()
    task.cancel()
    at = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - at < SOON_S
    assert await asyncio.to_thread(watched.left.wait, 1.0), "the worker goes on"


async def test_reading_beside_subtitles_ends_with_who_waits(tmp_path, server, long, monkeypatch):
    desk = Desk(tmp_path / "data", server)
    subtitles = tmp_path / "talk.srt"
    subtitles.write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n")
    monkeypatch.setattr(intake, "digest", lambda path, stop=None: "0" * 64)  # it has its own test
    await stopped_soon(desk.service.open_subtitles(str(subtitles), str(long)), Watched(monkeypatch, levels, "listen"))
    await desk.close()


async def test_a_file_that_is_looked_for_is_let_go(tmp_path, server, short, long, monkeypatch):
    desk = Desk(tmp_path / "data", server)
    view = await desk.one(short)
    monkeypatch.setattr(intake, "READ_BYTES", 4096)
    await stopped_soon(desk.service.find_source(view.id, str(long)), Watched(monkeypatch, intake, "digest"))
    await desk.close()


async def test_a_stretch_that_is_looked_at_closely_is_let_go(long, monkeypatch):
    monkeypatch.setattr(pieces, "EARLIER_MS", 5 * 3600 * 1000)  # a file that can only be read from its start
    await stopped_soon(samples.piece(long, 17_000_000, 17_001_000), Watched(monkeypatch, pieces, "piece"))


def test_counting_a_file_without_a_length_can_be_ended(tmp_path):
    path = tmp_path / "live.mkv"
    with av.open(str(path), mode="w", format="matroska", options={"live": "1"}) as output:
        stream = output.add_stream("flac", rate=16_000)
        stream.layout = "mono"
        for number in range(30):
            frame = av.AudioFrame(format="s16", layout="mono", samples=4096)
            frame.planes[0].update(bytes(8192))
            frame.sample_rate, frame.pts, frame.time_base = 16_000, number * 4096, Fraction(1, 16_000)
            output.mux(stream.encode(frame))
    assert probing.probe(path).seconds == pytest.approx(30 * 4096 / 16_000, abs=0.3)
    stop = intake.Stop()
    stop.set()
    with pytest.raises(intake.Stopped):
        probing.probe(path, stop.look)
