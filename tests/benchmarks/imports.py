"""A large ChatGPT export: memory, speed, how long a loop beside it stands still, and the rate against bare inserts.

python tests/benchmarks/imports.py [MEGABYTES]      prints a table; a ZIP of so many megabytes of JSON (default 2000).

The import runs in a process of its own, so that its peak memory is nothing else's. The loop ticks every 5 ms in that
process's first thread, where the window would be.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from desktop.core.conversation import Conversation, Message, Role, Text
from desktop.services.imports.run import Imports
from desktop.store import conversations
from desktop.store.database import Database

TICK_S = 0.005
TURNS = 40
CHARACTERS = 600


def texts(seed: int):
    """Words by Zipf's law, as in real text."""
    chance = random.Random(seed)
    letters = "etaoinshrdlcumwfgypbvk"
    words = sorted({"".join(chance.choices(letters, k=chance.randint(2, 10))) for _ in range(60_000)})
    chance.shuffle(words)
    weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(words))))
    drawn = chance.choices(words, cum_weights=weights, k=400_000)
    while True:
        at = chance.randrange(len(drawn) - 200)
        yield " ".join(drawn[at : at + 160])[:CHARACTERS]


def talk(number: int, source) -> bytes:
    """One conversation in the shape of the export, a quarter of it branches."""
    nodes = {"root": {"id": "root", "message": None, "parent": None, "children": ["m0"]}}
    for turn in range(TURNS):
        id, parent = f"m{turn}", f"m{turn - 1 - (turn % 4 == 3)}" if turn else "root"
        role = "assistant" if turn % 2 else "user"
        message = {
            "id": f"{number:08x}-{turn:04x}-4000-8000-000000000000",
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": 1_600_000_000.5 + number * 1000 + turn,
            "update_time": None,
            "content": {"content_type": "text", "parts": [next(source)]},
            "status": "finished_successfully",
            "end_turn": True,
            "weight": 1.0,
            "recipient": "all",
            "metadata": {"model_slug": "gpt-4o", "finish_details": {"type": "stop"}, "request_id": f"{number}-{turn}"},
        }
        nodes[id] = {"id": id, "message": message, "parent": parent, "children": []}
    whole = {
        "title": f"Talk {number}",
        "create_time": 1_600_000_000 + number * 1000,
        "update_time": 1_600_000_100 + number * 1000,
        "mapping": nodes,
        "current_node": f"m{TURNS - 1}",
        "conversation_id": f"{number:08x}-0000-4000-8000-000000000000",
        "default_model_slug": "gpt-4o",
    }
    return json.dumps(whole).encode()


def make(path: Path, megabytes: int) -> int:
    """The ZIP; returns how many conversations are in it. The newest stand first, as they do in real ones."""
    source = texts(3)
    count = max(1, megabytes * 1_000_000 // len(talk(1, source)))
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
        made.open("conversations.json", "w", force_zip64=True) as file,
    ):
        for number in range(count, 0, -1):
            file.write(b"[" if number == count else b", ")
            file.write(talk(number, source))
        file.write(b"]")
    return count


async def run(path: Path, folder: Path) -> dict[str, float]:
    """Import, with a loop that ticks beside it."""
    database = await asyncio.to_thread(Database.open, folder)
    before = peak_mb()
    stalls: list[float] = []
    told: list[tuple[float, str]] = []
    ticking = asyncio.create_task(tick(stalls))
    longest, worked = watch_writer(database)
    start, cpu = time.perf_counter(), time.process_time()
    report = await Imports(database).run([path], lambda p: told.append((time.perf_counter() - start, p.stage)))
    seconds = time.perf_counter() - start
    ticking.cancel()
    reading = max((at for at, stage in told if stage == "Reading"), default=0.0)
    result = {
        "taken": report.taken,
        "messages": report.messages,
        "refused": report.not_taken_count,
        "seconds": seconds,
        "reading": reading,
        "cpu": time.process_time() - cpu,
        "before": before,
        "peak": peak_mb(),
        "stall_max": 1000 * max(stalls),
        "stall_p99": 1000 * sorted(stalls)[int(len(stalls) * 0.99)],
        "write_max": 1000 * max(longest),
        "writer_cpu": sum(worked),
        "work_max": 1000 * max(worked),
        "write_p99": 1000 * sorted(longest)[int(len(longest) * 0.99)],
    }
    await database.aclose()
    return result


async def tick(stalls: list[float]) -> None:
    """How much later than asked each tick came."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(TICK_S)
        stalls.append(time.perf_counter() - start - TICK_S)


def watch_writer(database: Database) -> tuple[list[float], list[float]]:
    """Seconds of each transaction, its COMMIT included, on the clock and of the processor."""
    seconds: list[float] = []
    worked: list[float] = []
    done = database.writer._do

    def timed(*arguments) -> None:
        start, cpu = time.perf_counter(), time.thread_time()
        done(*arguments)
        seconds.append(time.perf_counter() - start)
        worked.append(time.thread_time() - cpu)

    database.writer._do = timed  # type: ignore[method-assign]
    return seconds, worked


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def bare_rate(folder: Path, count: int = 60_000) -> float:
    """Rows a second of the processor, of the same texts without any index, in transactions of 2,000."""
    database = Database.open(folder)
    source = texts(4)
    spent = 0.0
    for start in range(0, count, 2000):
        chat = f"c{start}"
        batch = [
            Message(id=f"m{start + n:08}", role=Role.USER, parts=(Text(next(source)),), conversation=chat)
            for n in range(2000)
        ]
        begun = time.process_time()
        database.write_now(lambda db, chat=chat: conversations.create(db, Conversation(id=chat, created=1)))
        database.write_now(lambda db, batch=batch: conversations.add_messages(db, batch))
        spent += time.process_time() - begun
    database.close()
    return count / spent


def main(megabytes: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="imports-"))
    try:
        path = folder / "export.zip"
        count = make(path, megabytes)
        said = subprocess.run(
            [sys.executable, __file__, "--child", str(path), str(folder / "data")], capture_output=True, check=True
        )
        found = json.loads(said.stdout)
        bare = bare_rate(folder / "bare")
    finally:
        shutil.rmtree(folder)
    rate, kept = found["messages"] / found["cpu"], found["messages"] / found["writer_cpu"]
    print(f"ZIP of {megabytes} MB of JSON, {count} conversations, {found['messages']:.0f} messages taken")
    print(f"not taken                   {found['refused']:7.0f}        (goal: 0)")
    print(f"whole import                {found['seconds']:7.1f} s     {megabytes / found['seconds']:6.1f} MB/s")
    print(
        f"of it reading               {found['reading']:7.1f} s     {megabytes / found['reading']:6.1f} MB/s (goal: 20)"
    )
    print(f"processor                   {found['cpu']:7.1f} s     {megabytes / found['cpu']:6.1f} MB/s")
    print(f"peak memory                 {found['peak']:7.0f} MB    before {found['before']:.0f}  (goal: 300)")
    print(f"loop beside it, stall       {found['stall_max']:7.0f} ms    p99 {found['stall_p99']:.1f}  (goal: 100)")
    print(
        f"writer's transaction        {found['write_max']:7.0f} ms    p99 {found['write_p99']:.1f}  (goal: 100),"
        f" of the processor {found['work_max']:.0f} ms"
    )
    print(f"rows a processor second     {rate:7.0f}       bare inserts {bare:.0f}, ratio {rate / bare:.2f}")
    print(f"  in the archive alone      {kept:7.0f}       ratio {kept / bare:.2f}  (goal: 0.17)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(asyncio.run(run(Path(sys.argv[2]), Path(sys.argv[3])))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
