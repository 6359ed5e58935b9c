"""A transcription in a process of its own, killed in the middle and started again."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from hearing import NUMBERS, HearingServer, recording, shut
from processes import of_archive, paid_folder, parts_kept, started, wait_until

from desktop.services.transcription.parts import unpacked

CHILD = """
import asyncio, sys
from pathlib import Path
from desktop.core.options import Options as Start
from desktop.services.transcription import Options
from desktop.wiring import open_services

async def main(folder, wav, choice):
    services = await open_services(Start(Path(folder), profile="Paid"))
    service = services.transcription
    await service.start()
    if wav:
        options = Options(model="whisper-1", on_doubt=choice)
        await service.add(await service.look([wav], options), options)
    await service.settled()
    (job,) = service.jobs()
    print(job.state.value, job.error, sep="|")
    if job.state.value == "done":
        print((await service.transcript(job.id)).transcript.text)
    await services.aclose()

asyncio.run(main(*sys.argv[1:]))
"""


def child(folder: Path, *words: str) -> subprocess.Popen[str]:
    return started("-c", CHILD, str(folder), *words)


def texts_kept(folder: Path) -> set[str]:
    """What the parts say whose answers are in the archive."""
    rows = of_archive(folder, "SELECT reply FROM transcript_part WHERE reply IS NOT NULL")
    return {unpacked(reply).text for (reply,) in rows}


@pytest.mark.parametrize("choice", ["ask", "repeat"])
def test_a_killed_run_goes_on_and_pays_for_nothing_twice_that_had_arrived(tmp_path, choice):
    wav = recording(tmp_path / "bursts.wav")
    with HearingServer() as server:
        folder = paid_folder(tmp_path / "data", server)
        server.faults = [None, None, None, shut]
        first = child(folder, str(wav), choice)
        wait_until(first, lambda: len(server.answered) >= 3 and len(server.sent) >= 5)
        wait_until(first, lambda: parts_kept(folder) == 3)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        arrived = [sent.text for sent in server.answered[:3]]
        in_flight = {sent.text for sent in server.sent} - set(arrived)
        server.gate.set()
        out, errors = child(folder, "", choice).communicate(timeout=120)
        assert out, errors
        counts = [sent.text for sent in server.sent]
        assert all(counts.count(one) == 1 for one in arrived) and in_flight
        if choice == "ask":
            assert out.startswith("failed|") and "may have been done and charged" in out
            assert all(counts.count(one) == 1 for one in in_flight)
        else:
            assert out.splitlines() == ["done|", " ".join(NUMBERS)]
            assert all(counts.count(one) == 2 for one in in_flight)


def test_killed_at_any_moment_it_ends_with_the_same_text(tmp_path):
    wav = recording(tmp_path / "bursts.wav")
    chance = random.Random(7)
    with HearingServer() as server:
        folder = paid_folder(tmp_path / "data", server)
        kept: dict[str, int] = {}
        words = (str(wav), "repeat")
        for answers in (1, 0, 2, 1):  # of a life; the rest waits, so that none is done before it is killed
            server.faults = [*[None] * answers, shut]
            many, process = len(server.sent) + answers + 1, child(folder, *words)
            wait_until(process, lambda many=many: len(server.sent) >= many)
            threading.Event().wait(chance.random() * 0.2)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            for text in texts_kept(folder) - kept.keys():
                kept[text] = [sent.text for sent in server.sent].count(text)
            words = ("", "repeat")
            server.gate.set()
        server.faults = []
        process = child(folder, *words)
        out, errors = process.communicate(timeout=120)
        assert out.splitlines() == ["done|", " ".join(NUMBERS)], errors
        counts = [sent.text for sent in server.sent]
        assert kept and all(counts.count(text) == many for text, many in kept.items())
