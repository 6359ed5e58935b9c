"""How much memory a process of ours holds, and the lowest place in the scheduler that still works well."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

NICENESS = 10


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, 0 where the system does not say."""
    try:
        system: str = sys.platform
        if system == "linux":
            pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        if system == "darwin":
            shown = subprocess.run(
                ["/bin/ps", "-o", "rss=", "-p", str(pid)], capture_output=True, timeout=2, check=True
            )
            return int(shown.stdout) * 1024
        return _windows_resident_bytes(pid)
    except (OSError, ValueError, IndexError, subprocess.SubprocessError):
        return 0


def _windows_resident_bytes(pid: int) -> int:
    class Counters(ctypes.Structure):
        _fields_ = (
            ("cb", ctypes.c_ulong),
            ("faults", ctypes.c_ulong),
            *(
                (name, ctypes.c_size_t)
                for name in ("peak", "working_set", "a", "b", "c", "d", "pagefile", "peak_pagefile")
            ),
        )

    windll = getattr(ctypes, "windll", None)
    if windll is None:
        return 0
    handle = windll.kernel32.OpenProcess(0x1000 | 0x10, False, pid)
    if not handle:
        return 0
    try:
        counters = Counters(cb=ctypes.sizeof(Counters))
        done = windll.psapi.GetProcessMemoryInfo(handle, ctypes.byref(counters), counters.cb)
        return int(counters.working_set) if done else 0
    finally:
        windll.kernel32.CloseHandle(handle)


def step_back() -> None:
    """Let the window have the processor first."""
    try:
        if hasattr(os, "nice"):
            os.nice(NICENESS)
        elif windll := getattr(ctypes, "windll", None):
            windll.kernel32.SetPriorityClass(windll.kernel32.GetCurrentProcess(), 0x4000)
    except OSError:
        return


def threads() -> int:
    """Threads for an engine: one processor stays free for the window, since the engines' barriers spin."""
    return max(1, min(4, (os.cpu_count() or 2) - 1))
