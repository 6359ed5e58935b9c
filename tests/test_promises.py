"""docs/promises.md names only tests and files that there are."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROMISES = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")


def names_there_are() -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_test_that_a_promise_names_exists():
    named = set(re.findall(r"`(test_\w+)`", PROMISES))
    assert len(named) > 200
    assert sorted(named - names_there_are()) == []


def test_every_file_that_a_promise_names_exists():
    named = re.findall(r"`((?:tests|desktop|docs|packaging)/[\w./-]+)`", PROMISES)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_promise_is_held_by_something():
    rows = [line for line in PROMISES.split("## Not held yet")[0].splitlines() if line.startswith("| ")]
    held = [line for line in rows if not line.startswith(("| promise", "| ---"))]
    # A figure of speed is held by a measurement that prints it and fails beyond its limit.
    assert [line for line in held if "test_" not in line and "`tests/benchmarks/" not in line] == []
