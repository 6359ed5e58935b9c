"""First paint and memory of the real window beside a bare one, each in a process of its own; stalls afterwards.

Run from the project's root: python -m tests.benchmarks.startup
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 9
COMPILED = tempfile.TemporaryDirectory()
FIRST_PAINT_RATIO, MEMORY_RATIO, ALL_PAGES_RATIO, STALL_MS = 1.5, 1.5, 2.0, 50

MEASURE = """
import json, os, sys, time
began = time.clock_gettime(time.CLOCK_MONOTONIC)
def memory():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
"""

BARE = (
    MEASURE
    + """
from PySide6.QtWidgets import QApplication, QMainWindow, QTabWidget, QWidget
application = QApplication([])
window = QMainWindow()
tabs = QTabWidget()
for number in range(8):
    tabs.addTab(QWidget(), str(number))
window.setCentralWidget(tabs)
window.resize(1280, 800)
window.show()
application.processEvents()
paint = time.clock_gettime(time.CLOCK_MONOTONIC) - began
print(json.dumps({"paint": paint, "cpu": time.process_time(), "memory": memory()}), flush=True)
os._exit(0)
"""
)

REAL = (
    MEASURE
    + """
import gc
gc.disable()  # as desktop/__main__.py does
from pathlib import Path
from desktop import app
from desktop.core.options import Options
running = app.build(Options(Path(sys.argv[1])))
running.window.show()
app.application().processEvents()
found = {"paint": time.clock_gettime(time.CLOCK_MONOTONIC) - began, "cpu": time.process_time(), "memory": memory()}
slow = ("httpx", "pydantic", "keyring", "pygments", "markdown_it", "tiktoken", "cryptography")
found["slow"] = [name for name in slow if name in sys.modules]
if len(sys.argv) < 3:
    print(json.dumps(found), flush=True)
    os._exit(0)
import asyncio, qasync
from desktop.ui.rail import PLACES

async def live():
    from desktop.ui.garbage import Garbage
    garbage = Garbage()
    loop = asyncio.get_running_loop()
    gaps, last = [], (time.perf_counter(), time.thread_time())
    def beat():
        nonlocal last
        now = (time.perf_counter(), time.thread_time())
        gaps.append(tuple((there - before) * 1000 for there, before in zip(now, last)))
        last = now
        handle[0] = loop.call_later(0.002, beat)
    handle = [loop.call_later(0.002, beat)]
    began_opening = time.perf_counter()
    await running.window.show_expected()
    found["page"] = time.perf_counter() - began_opening
    await running.opened()
    await asyncio.sleep(2.0)
    def longest():
        clock, own = (sorted(each)[-5:] for each in zip(*gaps))
        gaps.clear()
        return {"clock": clock, "own": own}
    found["stalls"] = longest()
    for place in (each for each in PLACES if each.module):
        running.window.rail.buttons[place.name].click()
        while running.window.current != place.name:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)
        found.setdefault("stalls_of_pages", {})[place.name] = longest()
    found["memory_of_pages"] = memory()
    handle[0].cancel()
    await running.aclose()

with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app.application())) as runner:
    runner.run(live())
print(json.dumps(found), flush=True)
"""
)


def measured(code: str, *arguments: str) -> dict:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path.cwd())}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed application is compiled once, so is this
    environment["PYTHONPYCACHEPREFIX"] = COMPILED.name
    ran = subprocess.run([sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return json.loads(ran.stdout.splitlines()[-1])


def main() -> int:
    bare, real = [], []
    measured(BARE)  # the first ones read the files from the disk
    with tempfile.TemporaryDirectory() as folder:
        measured(REAL, folder, "live")  # compiles every page
        for _ in range(RUNS):
            bare.append(measured(BARE))
            real.append(measured(REAL, folder))
        lived = measured(REAL, folder, "live")
    limit = {name: statistics.median(each[name] for each in bare) for name in ("paint", "cpu", "memory")}
    ours = {name: statistics.median(each[name] for each in real) for name in ("paint", "cpu", "memory")}
    rows = (
        ("first paint, s", limit["paint"], ours["paint"], FIRST_PAINT_RATIO),
        ("processor time to first paint, s", limit["cpu"], ours["cpu"], FIRST_PAINT_RATIO),
        ("memory at first paint, MB", limit["memory"], ours["memory"], MEMORY_RATIO),
        ("memory with every page opened, MB", limit["memory"], lived["memory_of_pages"], ALL_PAGES_RATIO),
    )
    is_good = True
    for name, bound, got, goal in rows:
        is_good &= got / bound <= goal
        print(f"{name}: bare {bound:.3f}, ours {got:.3f}, ratio {got / bound:.2f} (goal {goal})")
    print(f"the first page stands {lived['page']:.2f} s after the first paint")
    print(f"slow packages imported before the first paint: {real[0]['slow'] or 'none'}")
    print("longest pauses, ms of the window's own processor time (of the clock, with what else the machine did):")
    for what, pauses in (("the services open", lived["stalls"]), *lived["stalls_of_pages"].items()):
        own, clock = (", ".join(f"{each:.0f}" for each in reversed(pauses[kind])) for kind in ("own", "clock"))
        print(f"  {what}: {own} ({clock})")
        is_good &= pauses["own"][-1] <= STALL_MS
    is_good &= not real[0]["slow"]
    print("reached" if is_good else "NOT reached")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
