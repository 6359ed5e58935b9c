"""The first lines of the application: what others on this computer could read, and what a crash would leave."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(os.name != "posix", reason="umask and limits are of POSIX")
@pytest.mark.parametrize("words", [["--version"], ["history", "search", "x", "--data-dir", "/nowhere/at/all"]])
def test_from_the_first_line_files_are_the_users_alone_and_a_crash_leaves_no_core_file(words):
    code = (
        "import os, resource, sys\n"
        "os.umask(0o022)\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096))\n"
        "from desktop.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(oct(os.umask(0)), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, timeout=240, check=True
    )
    assert done.stdout.splitlines()[-1] == "0o77 (0, 0)"


def test_nothing_writes_a_crash_dump_of_its_own():
    """`faulthandler` and tracebacks with locals are for developers; a report names places only."""
    wrong = ("faulthandler", "capture_locals", "format_exc(", "print_exc(", "cgitb")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in sorted((ROOT / "desktop").rglob("*.py"))
        for word in wrong
        if word in path.read_text(encoding="utf-8")
    ]
    assert found == []
