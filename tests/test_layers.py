"""The architecture is the table below: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "desktop"

MAY_IMPORT = {
    "core": set(),
    "api": {"core"},
    "store": {"core", "paths"},
    "services": {"core", "api", "store", "media", "paths"},
    "ui": {"core", "services", "paths"},
    "media": {"core"},
    "local": {"core", "media"},
    "paths": set(),
    "wiring": {"core", "api", "store", "services", "media", "paths"},
    "cli": {"core", "api", "store", "services", "media", "paths", "wiring"},
    "app": {"core", "api", "store", "services", "media", "paths", "wiring", "ui"},
    "__main__": {"core", "paths", "cli", "app"},
    "__init__": set(),
}
QT_ONLY_IN = {"ui", "app"}
QT = {"PySide6", "shiboken6", "qasync"}
SLOW_AT_START = {"httpx", "pydantic", "keyring", "pygments", "markdown_it", "tiktoken", "cryptography"}


def package_of(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


def imports(tree: ast.AST) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            if node.module == "desktop":
                found += [(f"desktop.{alias.name}", node.lineno) for alias in node.names]
            else:
                found.append((node.module, node.lineno))
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.append(("relative import", node.lineno))
    return found


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_layers(path):
    package = package_of(path)
    assert package in MAY_IMPORT, f"{package} has no place in the table"
    for name, line in imports(ast.parse(path.read_text(encoding="utf-8"))):
        where = f"{path.relative_to(ROOT)}:{line} imports {name}"
        assert name != "relative import", where
        first, _, rest = name.partition(".")
        if first == "desktop" and rest:
            other = rest.partition(".")[0]
            assert other == package or other in MAY_IMPORT[package] or other == "__version__", where
        if first in QT:
            assert package in QT_ONLY_IN, where


def test_packages_form_no_cycle():
    def reach(package, seen):
        for other in MAY_IMPORT[package] - seen:
            seen.add(other)
            reach(other, seen)
        return seen

    assert [p for p in MAY_IMPORT if p in reach(p, set())] == []
