"""The wheel holds the application and its resources, and nothing of ours outside its package."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from desktop import __version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("wheel")
    root = request.config.rootpath
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(root)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield built.name, archive


def test_resources_are_inside_the_package(wheel, root):
    names = set(wheel[1].namelist())
    for path in (root / "resources").rglob("*"):
        if path.is_file():
            assert f"desktop/resources/{path.relative_to(root / 'resources').as_posix()}" in names
    assert "desktop/resources/requirements-weights.txt" in names


def test_every_module_is_in_it(wheel, root):
    modules = {path.relative_to(root).as_posix() for path in (root / "desktop").rglob("*.py")}
    assert modules <= set(wheel[1].namelist())


def test_nothing_stands_beside_the_package(wheel):
    tops = {name.partition("/")[0] for name in wheel[1].namelist()}
    assert tops == {"desktop", f"davenport-{__version__}.dist-info"}


def test_the_version_comes_from_one_place(wheel):
    name, archive = wheel
    assert name.startswith(f"davenport-{__version__}-py3-none-any")
    facts = archive.read(f"davenport-{__version__}.dist-info/METADATA").decode()
    assert f"\nVersion: {__version__}\n" in facts
    assert "\nRequires-Python: >=3.11\n" in facts
    assert "license" in " ".join(archive.namelist()).lower()


def test_the_command_starts_the_application(wheel):
    points = wheel[1].read(f"davenport-{__version__}.dist-info/entry_points.txt").decode()
    assert "davenport = desktop.__main__:main" in points
