"""A recording of three hours: found out, listened to once, cut in silences, written as parts.

python tests/benchmarks/cutting.py [HOURS]       prints times against real time and against decoding alone, and memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "media"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from sounds import silence, speech, write

from desktop.media import cutting, decoding, levels
from desktop.media.probing import probe

LONGEST_MS = 8 * 60 * 1000
MEMORY_MB, SPEED = 300, 30


def talk(hours: float) -> tuple[Iterator[np.ndarray], list[tuple[int, int]]]:
    """Sentences of 3 to 12 s with pauses of 0.3 to 1.5 s, made of a few that are said again and again."""
    chance = np.random.default_rng(3)
    said = [speech(float(s), n) for n, s in enumerate(chance.uniform(3, 12, 24))]
    still = [silence(float(s), n) for n, s in enumerate(chance.uniform(0.3, 1.5, 24))]
    order, at, quiet = [], 0, []
    while at < hours * 3600 * 16_000:
        sentence, pause = said[chance.integers(24)], still[chance.integers(24)]
        order += [sentence, pause]
        quiet.append((at + sentence.size, at + sentence.size + pause.size))
        at += sentence.size + pause.size
    return iter(order), [(a // 16, b // 16) for a, b in quiet]


def timed(words: str, seconds: float, work) -> object:
    began = time.perf_counter()
    result = work()
    took = time.perf_counter() - began
    print(f"{words:34} {took:7.2f} s   {seconds / took:7.0f} x real time   {peak():6.0f} MB peak", flush=True)
    return result


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(hours: float) -> int:
    folder = Path(tempfile.mkdtemp(prefix="cutting-"))
    pieces, quiet = talk(hours)
    path = write(folder / "long.mp3", pieces, channels=2, rate=44_100)
    seconds = probe(path).seconds
    size = path.stat().st_size / 2**20
    print(f"{seconds / 3600:.2f} hours, {size:.0f} MB of MP3, stereo, 44.1 kHz; {peak():.0f} MB before", flush=True)
    timed("decoding alone (the limit)", seconds, lambda: sum(block.size for block in decoding.blocks(path)))
    heard = timed("listening: levels and waveform", seconds, lambda: levels.listen(path))
    silent = timed("silences", seconds, lambda: levels.silences(heard.levels))
    parts = timed("cuts", seconds, lambda: cutting.plan(heard.milliseconds, silent, LONGEST_MS))
    written = {}
    for form in ("flac", "opus"):
        name = lambda n, form=form: folder / f"{n}{cutting.SUFFIX[form]}"  # noqa: E731
        written[form] = timed(
            f"parts as {form}", seconds, lambda form=form, name=name: dict(cutting.write_parts(path, parts, form, name))
        )
    cuts = [part.ends for part in parts[:-1]]
    delay = 50  # of MP3: its encoder's and decoder's delay together
    outside = [cut for cut in cuts if not any(a - 20 <= cut - delay <= b + 20 or a <= cut <= b for a, b in quiet)]
    print(f"{len(parts)} parts, {len(cuts)} cuts, {len(outside)} of them not in a silence")
    largest = max(path.stat().st_size for path in written["flac"].values()) / 2**20
    print(f"largest part {largest:.1f} MB as FLAC; peak memory {peak():.0f} MB (at most {MEMORY_MB})")
    return 0 if not outside and peak() <= MEMORY_MB else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0))
