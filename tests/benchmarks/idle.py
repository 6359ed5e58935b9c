"""What the window costs while nobody does anything: share of a core, and how often its loop wakes.

Run from the project's root: python -m tests.benchmarks.idle [SECONDS]
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

GOAL_SHARE, GOAL_TIMER_MS = 0.005, 1000
SETTLING_S = 6.0


async def measured(seconds: float) -> tuple[float, float, list[str]]:
    """Share of a core, wakings a second, and the timers that are faster than the goal."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from desktop import app
    from desktop.core.options import Options
    from desktop.ui.garbage import Garbage

    garbage = Garbage()
    with tempfile.TemporaryDirectory() as folder:
        running = app.build(Options(Path(folder)))
        running.window.show()
        running.listen()
        services = await running.opened()
        await services.warm_up()
        running.window.show_page("settings")
        running.window.show_page("chat")
        await asyncio.sleep(SETTLING_S)
        wakings = 0

        def woken() -> None:
            nonlocal wakings
            wakings += 1

        QApplication.eventDispatcher().awake.connect(woken)
        cpu, clock = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        share = (time.process_time() - cpu) / (time.perf_counter() - clock)
        fast = [
            f"{timer.parent()} every {timer.interval()} ms"
            for owner in (*QApplication.topLevelWidgets(), QApplication.instance())
            for timer in owner.findChildren(QTimer)
            if timer.isActive() and not timer.isSingleShot() and timer.interval() < GOAL_TIMER_MS
        ]
        await running.aclose()
    garbage.close()
    return share, wakings / seconds, fast


def main() -> int:
    import qasync

    from desktop import app

    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app.application())) as runner:
        share, wakings, fast = runner.run(measured(seconds))
    print(f"idle for {seconds:.0f} s: {share:.2%} of a core (goal {GOAL_SHARE:.1%}), {wakings:.1f} wakings a second")
    print(f"timers faster than {GOAL_TIMER_MS} ms: {', '.join(fast) or 'none'}")
    is_good = share <= GOAL_SHARE and not fast
    print("reached" if is_good else "NOT reached")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
