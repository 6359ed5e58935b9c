"""Shows a file in the system's file manager; the file itself is never opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SERVICE, PATH = "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1"


def show_in_folder(path: Path) -> bool:
    """Ask the file manager to show and mark a file; False where there is none that can. Does not wait."""
    if sys.platform == "darwin":
        return _start("/usr/bin/open", "-R", str(path))
    if sys.platform == "win32":
        return _start("explorer.exe", f"/select,{path}")
    return _by_bus(path)


def _by_bus(path: Path) -> bool:
    from PySide6.QtDBus import QDBusConnection, QDBusMessage  # rarely needed

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return False
    message = QDBusMessage.createMethodCall(SERVICE, PATH, SERVICE, "ShowItems")
    message.setArguments([[path.resolve().as_uri()], ""])
    bus.asyncCall(message)
    return True


def _start(program: str, *words: str) -> bool:
    try:
        subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    except OSError:
        return False
    return True
