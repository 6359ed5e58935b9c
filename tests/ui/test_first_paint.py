"""What the first picture of the window is made without, and that nothing is lost by it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from desktop import app
from desktop.core.appearance import Appearance
from desktop.core.options import Options
from desktop.ui import theme

ROOT = Path(__file__).resolve().parents[2]
PAINT = """
import inspect, json, re, sys
from pathlib import Path
read, compiled = [], []
source, compile = inspect.getsource, re.compile
inspect.getsource = lambda thing: read.append(str(thing)) or source(thing)
re.compile = lambda words, flags=0: compiled.append(sys._getframe(1).f_globals["__name__"]) or compile(words, flags)
from desktop import app
from desktop.core.options import Options
running = app.build(Options(Path(sys.argv[1])))
running.window.show()
app.application().processEvents()
"""


def after_the_first_paint(code, folder):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    words = [sys.executable, "-c", PAINT + code, str(folder)]
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def test_slow_modules_and_the_sources_of_all_others_wait(tmp_path):
    code = """
slow = {"msgspec", "decimal", "socket", "asyncio", "sqlite3", "httpx", "pydantic"}
print(json.dumps([sorted(slow & sys.modules.keys()), [name for name in read if "desktop" in name]]))
"""
    assert after_the_first_paint(code, tmp_path) == [[], []]


def test_classes_nobody_asked_for_are_not_made(tmp_path):
    """Qt's lists of styles and of dialogs have a thousand names, each of which Python would have to make."""
    code = """
import enum
made = [kind.__qualname__ for kind in (*enum.Enum.__subclasses__(), *enum.IntEnum.__subclasses__())]
print(json.dumps([name for name in made if name.startswith(("QStyle.", "QFileDialog.", "QWizard."))]))
"""
    assert after_the_first_paint(code, tmp_path) == []


def test_patterns_of_the_bindings_are_compiled_when_they_are_used(tmp_path):
    """Only then does the generator of stubs split, and a wrong argument is still told with what would be right."""
    code = """
from PySide6.QtCore import QTimer
before = [name for name in compiled if name.startswith("shibokensupport")]
try:
    QTimer.singleShot("soon", 2)
except TypeError as error:
    said = str(error)
from shibokensupport.signature.lib.pyi_generator import Formatter
print(json.dumps([before, "msec: int" in said, Formatter.split("a[b,c],d")[1], re.compile is not compile]))
"""
    assert after_the_first_paint(code, tmp_path) == [[], True, "a[b,c]", True]


def test_the_window_is_in_our_style_whatever_the_system_prefers(tmp_path, monkeypatch):
    monkeypatch.setenv("QT_STYLE_OVERRIDE", "windows")
    code = """
app.application().setStyleSheet("")
print(json.dumps(app.application().style().objectName()))
"""
    assert after_the_first_paint(code, tmp_path) == "fusion"


async def test_the_window_comes_in_the_look_that_was_chosen(qtbot, tmp_path):
    (tmp_path / "settings.json").write_text('{"appearance": "dark", "text_scale": 120}')
    running = app.build(Options(tmp_path, offline=True))
    look = theme.current()
    try:
        assert (look.appearance, look.text_scale) == (Appearance.DARK, 120)
        running.window.show()
        await running.opened()
        assert (look.appearance, look.text_scale) == (Appearance.DARK, 120)
    finally:
        await running.aclose()
        look.configure(Appearance.SYSTEM, 100, False)


@pytest.mark.parametrize("content", ["{", '{"text_scale": 7}'])
async def test_bad_settings_are_told_once_the_window_is_there(qtbot, tmp_path, content):
    (tmp_path / "settings.json").write_text(content)
    running = app.build(Options(tmp_path, offline=True))
    running.window.show()
    await running.opened()
    (told,) = running.window.notices.texts()
    await running.aclose()
    assert "settings.json" in told
