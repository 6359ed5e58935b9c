"""The lock files: complete, hashed, without an address, small, and PySide6 where it is safe."""

from __future__ import annotations

import re
import tomllib

import pytest

LOCKS = ("requirements.txt", "requirements-local.txt", "requirements-dev.txt", "requirements-weights.txt")
ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>[^\\]+?))?\s*(?P<hashes>(?:\\?\s*--hash=\S+)*)$"
)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def entries(root, name):
    """Name, version, marker and hashes of each entry; a line that is none is an error."""
    text = (root / "packaging" / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            match = ENTRY.match(line)
            assert match, f"{name}: {line[:80]}"
            found.append((match["name"].lower(), match["version"], match["marker"] or "", match["hashes"].split()))
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_artefact_of_a_lock_has_a_sha256_and_no_address(root, name):
    text = (root / "packaging" / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index|--extra-index|--find-links|--trusted|-e|git\+|file:)", text, re.MULTILINE)
    found = entries(root, name)
    assert found
    for package, version, _, hashes in found:
        assert hashes, f"{package} {version} has no hash"
        assert all(HASH.fullmatch(one) for one in hashes), package


def test_the_project_names_no_address_to_fetch_packages_from(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [project["project"]["dependencies"], *project["project"]["optional-dependencies"].values()]
    wanted = [line for group in (*groups, *project["dependency-groups"].values()) for line in group]
    assert [line for line in wanted if "@" in line or "://" in line] == []
    assert "uv" not in project.get("tool", {})


def test_the_base_lock_is_small(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    direct = {re.split(r"[<>=;\s]", line)[0].lower() for line in project["project"]["dependencies"]}
    locked = {name for name, *_ in entries(root, "requirements.txt")}
    assert len(direct) <= 20
    assert len(locked) <= 60
    assert direct <= {name.replace("_", "-") for name in locked}


def test_larger_locks_hold_the_smaller_ones_at_the_same_versions(root):
    base, local, dev = (
        {(name, version, marker) for name, version, marker, _ in entries(root, lock)} for lock in LOCKS[:3]
    )
    assert {(n, v) for n, v, _ in base} <= {(n, v) for n, v, _ in local} <= {(n, v) for n, v, _ in dev}


@pytest.mark.parametrize("lock", LOCKS[:3])
def test_pyside_stays_below_6_12_where_python_is_below_3_12(root, lock):
    pinned = [(version, marker) for name, version, marker, _ in entries(root, lock) if name == "pyside6-essentials"]
    assert len(pinned) == 2
    for version, marker in pinned:
        number = tuple(int(part) for part in version.split(".")[:2])
        if "< '3.12'" in marker:
            assert (6, 10) <= number < (6, 12)
        else:
            assert marker == "python_full_version >= '3.12'"
            assert number >= (6, 12)


def test_pyside_keeps_counts_of_what_python_shares():
    """PySide6 6.12.0 took a reference from None with each call on Python 3.11, and ended the process in the end."""
    import sys

    from PySide6.QtCore import QObject, Signal

    class Sender(QObject):
        told = Signal()

    sender = Sender()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(5000):
        sender.told.emit()
        sender.blockSignals(False)
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert all(abs(now - then) < 1000 for now, then in zip(after, before, strict=True))
