"""What must never be written is an error of the linter, also in the part of the code that draws."""

from __future__ import annotations

import subprocess
import sys

import pytest

NEVER = {
    "eval": ("x = eval(input())\n", "S307"),
    "exec": ("exec(input())\n", "S102"),
    "pickle": ("import pickle\n\nx = pickle.loads(b'')\n", "S301"),
    "marshal": ("import marshal\n\nx = marshal.loads(b'')\n", "S302"),
    "a shell": ("import subprocess\n\nsubprocess.run('ls', shell=True)\n", "S602"),
    "os.system": ("import os\n\nos.system('ls ' + input())\n", "S605"),
    "loose yaml": ("import yaml\n\nx = yaml.load('')\n", "S506"),
    "unchecked certificates": ("import httpx\n\nx = httpx.get('https://h', verify=False, timeout=5)\n", "S501"),
    "unpacking whole archives": ("import tarfile\n\ntarfile.open('x').extractall()\n", "S202"),
    "weak temporary files": ("import tempfile\n\nx = tempfile.mktemp()\n", "S306"),
    "plug-ins": ("from importlib.metadata import entry_points\n\nx = entry_points()\n", "TID251"),
    "traffic past the client": ("from urllib.request import urlopen\n\nx = urlopen\n", "TID251"),
    "swallowed failures": ("try:\n    x = 1\nexcept Exception:\n    pass\n", "BLE001"),
}


@pytest.mark.parametrize("place", ["desktop/services/x.py", "desktop/ui/x.py", "desktop/local/x.py"])
@pytest.mark.parametrize(("code", "rule"), NEVER.values(), ids=NEVER.keys())
def test_lint_refuses_what_must_never_be_written(root, code, rule, place):
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
    said = subprocess.run(
        [*command, "--stdin-filename", place, "-"], input=code, capture_output=True, text=True, cwd=root
    )
    assert said.returncode == 1, said.stdout + said.stderr
    assert f" {rule} " in said.stdout


def test_nothing_switches_those_rules_off(root):
    """A line may be excepted only for a reason that stands beside it, and these are never a reason."""
    rules = {rule for _, rule in NEVER.values() if rule.startswith("S")}
    for path in (root / "desktop").rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            _, _, excepted = line.partition("# noqa:")
            assert not rules & set(excepted.replace(",", " ").split()), f"{path.name}:{number}"
