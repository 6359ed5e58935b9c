"""What this installation is made of, and whether each part works."""

from __future__ import annotations

import os
import platform
import sqlite3
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

from PySide6 import __version__ as pyside_version
from PySide6.QtCore import qVersion
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from desktop import __version__
from desktop.core.errors import KnownError
from desktop.core.options import Options
from desktop.core.sizes import size_words
from desktop.paths import resource
from desktop.ui import icons, theme

IN_FORCE = (
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"),
    *("PYTHON_KEYRING_BACKEND", "QT_QPA_PLATFORM", "QT_STYLE_OVERRIDE", "QT_SCALE_FACTOR"),
)


def facts(
    options: Options, application: QApplication, key_store: Callable[[], str]
) -> tuple[list[tuple[str, str]], bool]:
    """Lines of name and value, and whether all is well. Names of variables are told, never what is in them."""
    lines = [
        ("Davenport", __version__),
        ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("PySide6", f"{pyside_version} with Qt {qVersion()}"),
        ("SQLite", sqlite3.sqlite_version),
        ("OpenSSL", ssl.OPENSSL_VERSION),
        ("Variables in force", ", ".join(_variables()) or "none"),
    ]
    is_good = True
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("Resources", _resources),
        ("Key store", key_store),
        ("Archive", lambda: _archive(options.data_dir)),
        ("Window", lambda: _window(application)),
    )
    for name, check in checks:
        try:
            lines.append((name, check()))
        except KnownError as error:
            lines.append((name, f"FAILED: {error.summary}"))
            is_good = False
        except Exception as error:  # noqa: BLE001 - the test exists to find what nobody foresaw
            lines.append((name, f"FAILED: {type(error).__name__}"))
            is_good = False
    return lines, is_good


def _variables() -> list[str]:
    return [name for name in IN_FORCE if os.environ.get(name) or os.environ.get(name.lower())]


def _resources() -> str:
    """Each icon is drawn once from its file; catalog and theme can be read."""
    names = icons.names()
    broken = [name for name in names if not QSvgRenderer(icons.source(name).encode()).isValid()]
    if broken or not names:
        raise FileNotFoundError(str(broken))
    size = resource("models.json").stat().st_size
    return f"{len(names)} icons, {len(theme.tokens()['schemes'])} schemes, catalog of {size_words(size)}"


def _archive(folder: Path) -> str:
    """Looked at, never made or changed."""
    path = folder / "archive.db"
    if not path.exists():
        return "none yet"
    with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True) as reading:
        version = reading.execute("PRAGMA user_version").fetchone()[0]
        state = reading.execute("PRAGMA quick_check(1)").fetchone()[0]
    reading.close()
    if state != "ok":
        raise ValueError("the archive's check failed")
    return f"version {version}, {size_words(path.stat().st_size)}, sound"


def _window(application: QApplication) -> str:
    """The real window is built and painted."""
    theme.install(application)
    from desktop.ui.main_window import MainWindow

    window = MainWindow()
    window.show_page("chat")
    picture = window.grab()
    if picture.isNull():
        raise ValueError("nothing was drawn")
    window.end()
    window.deleteLater()
    return f"drawn by {application.platformName()}, Python {sys.version_info[0]}.{sys.version_info[1]}"
