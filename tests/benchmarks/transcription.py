"""Thirty minutes of synthesised speech in one file above 25 MB, through the real services and the local recogniser.

Ten paragraphs of our own are spoken once by the local speech engine and repeated, with silences between them, until
the recording is long enough. It is transcribed once whole (packed small, so that it is sent as it is) and once as the
WAV file that has to be cut. Printed: how often each part was sent, whether times are monotone, where the cuts are,
word error rates of both, and how long it took.

    python tests/benchmarks/transcription.py [minutes]
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from desktop.core.options import Options as Start
from desktop.core.transcript import Stretch, Transcript
from desktop.media import cutting, levels
from desktop.services.transcription import Options, Transcription
from desktop.store import ledger, recordings
from desktop.wiring import Services, open_services

sys.path.insert(0, str(Path(__file__).resolve().parent))
import speech

MODEL = "whisper-tiny.en"


async def main(minutes: float) -> None:
    folder = Path(tempfile.mkdtemp(prefix="transcription-"))
    services = await open_services(Start(folder / "data", profile="Local"))
    try:
        await measure(services, folder, minutes)
    finally:
        await services.aclose()
        shutil.rmtree(folder)


async def measure(services: Services, folder: Path, minutes: float) -> None:
    said = await speech.spoken(services.local_server)
    long, rate = folder / "interview.wav", 16_000 if minutes > 15 else 48_000
    numbers = speech.recording(long, said, minutes * 60, rate=rate)
    text = " ".join(speech.PARAGRAPHS[number] for number in numbers)
    seconds = long.stat().st_size / 2 / rate
    print(f"recording: {seconds / 60:.1f} min, {long.stat().st_size / 2**20:.1f} MiB, {len(speech.words(text))} words")
    small = folder / "interview.ogg"
    whole = [Stretch(0, int(seconds * 1000))]
    list(await asyncio.to_thread(lambda: list(cutting.write_parts(long, whole, "opus", lambda _: small))))
    unsplit, calls, took, _ = await transcribed(services, small)
    print(
        f"whole ({small.stat().st_size / 2**20:.1f} MiB): {calls} call, {took:.0f} s, {seconds / took:.1f} x real time"
    )
    before = speech.error_rate(text, unsplit.text)
    split, calls, took, parts = await transcribed(services, long)
    after = speech.error_rate(text, split.text)
    print(f"cut: {len(parts)} parts, {calls} calls, {took:.0f} s, {seconds / took:.1f} x real time")
    print(f"every part sent once: {calls == len(parts)}; times monotone: {is_monotone(split)}")
    heard = await asyncio.to_thread(levels.listen, long)
    silent = levels.silences(heard.levels)
    cuts = sorted(begins for begins, _ in parts)[1:]
    inside = [min((min(cut - a, b - cut) for a, b in silent if a <= cut <= b), default=-1) for cut in cuts]
    print(f"cuts at {', '.join(f'{cut / 1000:.2f} s' for cut in cuts)}; milliseconds from the silence's edge: {inside}")
    print(f"word error rate: whole {before:.2%}, cut {after:.2%}, difference {100 * (after - before):+.2f} points")


async def transcribed(services: Services, path: Path) -> tuple[Transcript, int, float, list[tuple[int, int]]]:
    """The transcript, the calls made for it, the seconds it took and the parts, which are read while it runs."""
    service: Transcription = services.transcription
    options = Options(model=MODEL)
    began = time.monotonic()
    looks = await service.look([str(path)], options)
    parts: list[tuple[int, int]] = []
    (job,) = await service.add(looks, options)

    def heard(_: Transcript) -> None:
        rows = services.database.read_now(lambda db: recordings.parts(db, job))
        parts[:] = [(row.begins, row.ends) for row in rows] or parts

    service.listen_partial(job, heard)
    await service.settled([job])
    took = time.monotonic() - began
    view = service.job(job)
    assert view is not None and view.state == "done", view
    where = ledger.Where(conversation=view.conversation)
    calls = services.database.read_now(lambda db: ledger.totals(db, where=where)).calls
    return (await service.transcript(job)).transcript, calls, took, parts


def is_monotone(transcript: Transcript) -> bool:
    at = 0
    for segment in transcript.segments:
        moments = [segment.begins, *(moment for word in segment.words for moment in (word.begins, word.ends))]
        if segment.begins < at or moments != sorted(moments) or segment.ends < segment.begins:
            return False
        at = segment.begins
    return True


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 31.0))
