"""The end with the application: standard input closes, or the parent's process is gone."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable

LOOK_S = 0.5
_SYNCHRONIZE, _WAIT_TIMEOUT = 0x100000, 0x102


def watch(parent_pid: int, said: Callable[[bytes], None], gone: Callable[[], None]) -> None:
    """Call `said` with each further line of standard input, and `gone` once it has closed or the parent has ended.

    Both are called from threads of their own.
    """
    threading.Thread(target=_read_input, args=(said, gone), name="input", daemon=True).start()
    if parent_pid > 0:
        threading.Thread(target=_watch_process, args=(parent_pid, gone), name="parent", daemon=True).start()


def _read_input(said: Callable[[bytes], None], gone: Callable[[], None]) -> None:
    try:
        while line := sys.stdin.buffer.readline():
            said(line)
    except OSError:
        gone()
    else:
        gone()


def _watch_process(pid: int, gone: Callable[[], None]) -> None:
    is_alive = _windows_check(pid) if sys.platform == "win32" else _posix_check(pid)
    while is_alive():
        time.sleep(LOOK_S)
    gone()


def _posix_check(pid: int) -> Callable[[], bool]:
    """A killed parent that nobody has reaped still answers signals; that it is no longer our parent shows its end."""
    if os.getppid() == pid:
        return lambda: os.getppid() == pid
    return lambda: is_running(pid)


def is_running(pid: int) -> bool:
    """Whether a process of this number exists."""
    if sys.platform == "win32":
        return _windows_check(pid)()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _windows_check(pid: int) -> Callable[[], bool]:
    windll = getattr(ctypes, "windll")  # noqa: B009  (other systems have no such attribute to type-check)
    handle = windll.kernel32.OpenProcess(_SYNCHRONIZE, False, pid)
    return lambda: bool(handle) and windll.kernel32.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT
