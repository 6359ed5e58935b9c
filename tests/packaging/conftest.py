"""The developer's command as a module, and where the project is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def dev(tmp_path, monkeypatch) -> ModuleType:
    """packaging/dev.py, with its environment and lock files in a folder of the test."""
    spec = importlib.util.spec_from_file_location("davenport_dev", ROOT / "packaging" / "dev.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    locks = tmp_path / "packaging"
    locks.mkdir()
    for names in module.LOCKS.values():
        for name in names:
            (locks / name).write_text("thing==1\n", encoding="utf-8")
    monkeypatch.setattr(module, "PACKAGING", locks)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv" / "stamp.json")
    return module
