"""The application from outside: processes, folders, signals, second starts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import PySide6
import pytest

from desktop import app, paths, wiring
from desktop.core.errors import ArchiveForeign, ArchiveFull, ArchiveLocked
from desktop.core.options import Options
from desktop.store.instance import Instance

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-proj-4f9Zq81LmN0pXyT7vWb2"
ENVIRONMENT = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}


async def davenport(*words, **variables):
    """A process of the application, with its end awaited: status, output, complaints."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "desktop",
        *map(str, words),
        env=ENVIRONMENT | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await child.communicate()
    return child.returncode, out.decode(), err.decode()


def run(*words, **variables):
    return asyncio.run(davenport(*words, **variables))


def python(code, *words):
    ran = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


@pytest.fixture
def running(qtbot, tmp_path):
    made = app.build(Options(tmp_path / "data", offline=True))
    made.window.show()
    return made


async def test_a_second_start_brings_the_window_forward_with_its_files(running, tmp_path):
    (tmp_path / "talk.mp3").write_bytes(b"")
    came = []
    running.listen()
    running._reception.raised.disconnect()
    running._reception.raised.connect(came.append)
    status, out, err = await davenport("--data-dir", running.options.data_dir, tmp_path / "talk.mp3")
    await running.aclose()
    assert (status, out) == (0, "") and "Another window" not in err
    assert came == [[str(tmp_path / "talk.mp3")]]


async def test_a_terminals_command_is_carried_out_by_the_window(running):
    running.listen()
    await running.opened()
    status, out, _ = await davenport("history", "search", "nowhere", "--data-dir", running.options.data_dir)
    await running.aclose()
    assert (status, out) == (1, "")


async def test_a_socket_left_by_a_crash_does_not_hold(qtbot, tmp_path):
    address = Path(paths.window_socket(tmp_path))
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(address))
    left.close()
    assert address.exists()
    running = app.build(Options(tmp_path, offline=True))
    running.listen()
    status, _, _ = await davenport("--data-dir", tmp_path)
    await running.aclose()
    assert status == 0
    assert not address.exists()


async def test_nonsense_at_the_local_address_is_answered_and_harms_nothing(running):
    running.listen()
    for line in (b"{}\n", b"no json\n", b'{"command": "run"}\n', b"[1]\n", b'{"command": "raise", "files": 3}\n'):
        reader, writer = await asyncio.open_unix_connection(paths.window_socket(running.options.data_dir))
        writer.write(line)
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        assert json.loads(answer) == {"exit": 2}
    await running.aclose()


def test_a_folder_in_use_without_an_answer_is_a_sentence(tmp_path):
    with Instance.acquire(tmp_path):
        status, _, err = run("--data-dir", tmp_path)
    assert status == 1  # after a while, in which a window that is just starting would have answered
    assert "Another window of Davenport has this data folder" in err and "Traceback" not in err


def test_a_start_beside_one_that_does_not_listen_yet_waits_for_it_and_hands_over(qtbot, tmp_path):
    """As when two recordings are opened at once from a file manager."""
    code = """
import sys
from argparse import Namespace
from pathlib import Path
from desktop import app
from desktop.core.errors import ArchiveLocked
from desktop.core.options import Options
asked = []
def hand_over(folder, files):
    asked.append(files)
    return len(asked) > 3
from desktop.ui import reception
reception.hand_over = hand_over
print(app._second_start(Options(Path(sys.argv[1])), Namespace(files=["talk.mp3"]), ArchiveLocked("locked")))
print(len(asked), Path(asked[0][0]).is_absolute())
"""
    with Instance.acquire(tmp_path):
        assert python(code, tmp_path).split() == ["0", "4", "True"]
    # and where the other one ended meanwhile, this one opens its own window
    assert python(code.replace("len(asked) > 3", "False"), tmp_path).split()[0] == "None"


async def test_what_fails_while_nothing_is_open_is_said_by_the_next_window(running):
    """Also a mistake of ours: the window comes back."""

    def work() -> str:
        raise KeyError("a mistake")

    await running.opened()
    running.window.reopen_wanted.emit("Something is done", work)
    await running.aclose()
    kind, sentence = running.meanwhile.greeting
    assert kind == "bad" and "mistake of its own" in sentence
    Instance.acquire(running.options.data_dir).release()


def test_two_windows_cannot_have_one_folder_in_one_process(qtbot, running):
    with pytest.raises(ArchiveLocked):
        app.build(running.options)
    asyncio.run(running.aclose())


async def test_place_and_page_are_there_again_at_the_next_start(qtbot, tmp_path):
    options = Options(tmp_path, offline=True)
    running = app.build(options)
    running.window.resize(910, 640)
    running.window.show()
    await running.opened()
    running.window.show_page("settings")
    await running.aclose()
    again = app.build(options)
    assert (again.window.width(), again.window.height()) == (910, 640)
    await again.opened()
    assert again.window.current == "settings"
    await again.aclose()


async def test_folds_are_there_again_at_the_next_start(qtbot, tmp_path):
    options = Options(tmp_path, offline=True)
    running = app.build(options)
    running.window.resize(1280, 800)
    running.window.show()
    await running.opened()
    running.window.pages["chat"].fold("history", True)
    running.window.toggle_wire()
    await running.aclose()
    again = app.build(options)
    again.window.show()
    await again.opened()
    await again.window.tasks.settled()
    assert not again.window.pages["chat"].history.isVisible()
    assert again.window.wire.isVisible()
    await again.aclose()


async def test_everything_written_is_for_this_user_only(running):
    await running.opened()
    folder = running.options.data_dir
    await running.aclose()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
    assert {str(p): oct(mode) for p, mode in modes.items() if mode & 0o077} == {}


async def test_an_archive_that_cannot_be_opened_leaves_a_window_that_says_so(qtbot, tmp_path):
    async def open_services(*_, **__):
        raise ArchiveForeign("The file archive.db belongs to another program.")

    running = app.build(Options(tmp_path, offline=True), open_services=open_services)
    running.window.show()
    running.window.tasks.start(running.opened(), name="open")
    await running.window.tasks.settled()
    assert running.window.notices.texts() == ["The file archive.db belongs to another program."]
    assert "archive is not open" in running.window.footer.profile.text()
    with pytest.raises(ArchiveForeign):
        await running.opened()
    await running.aclose()


async def test_an_archive_that_could_not_be_opened_is_tried_again_by_its_notice(qtbot, tmp_path):
    stops = [ArchiveFull("The disk is full."), ArchiveFull("The disk is full.")]

    async def open_services(*given, **named):
        if stops:
            raise stops.pop()
        return await wiring.open_services(*given, **named)

    running = app.build(Options(tmp_path, offline=True), open_services=open_services)
    window = running.window
    window.show()
    running.begin()
    for _ in range(2):
        await window.tasks.settled()
        assert window.services is None
        (banner,) = window.notices.banners
        assert banner.act.text() == "Try again"
        banner.act.click()
    await window.tasks.settled()
    assert window.services is running.services is await running.opened()
    assert window.notices.texts() == []
    assert "not open" not in window.footer.profile.text()
    await running.aclose()


def test_nothing_slow_is_imported_before_the_first_paint(tmp_path):
    code = """
import sys
from pathlib import Path
from desktop import app
from desktop.core.options import Options
running = app.build(Options(Path(sys.argv[1])))
running.window.show()
app.application().processEvents()
slow = ("httpx", "pydantic", "keyring", "pygments", "markdown_it", "tiktoken", "cryptography", "asyncio", "sqlite3",
        "desktop.ui.chat.page", "desktop.ui.notices", "desktop.core.invisible", "PySide6.QtNetwork")
print([name for name in slow if name in sys.modules])
running._instance.release()
"""
    assert python(code, tmp_path) == "[]"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_kill_ends_in_order(tmp_path, number):
    child = subprocess.Popen(
        [sys.executable, "-m", "desktop", "--data-dir", tmp_path, "--offline"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    address = Path(paths.window_socket(tmp_path))
    while not address.exists():
        assert child.poll() is None, child.stderr.read().decode()
        os.sched_yield()
    child.send_signal(number)
    _, err = child.communicate(timeout=120)
    assert child.returncode == 0 and b"Traceback" not in err
    assert json.loads((tmp_path / app.WINDOW_FILE).read_bytes())["page"] == "chat"
    Instance.acquire(tmp_path).release()


def test_the_self_test_says_what_there_is_without_key_or_path(tmp_path):
    status, out, _ = run("--data-dir", tmp_path / "mine", "--self-test", OPENAI_API_KEY=KEY)
    assert status == 0
    for wanted in ("Python: 3.", f"PySide6: {PySide6.__version__}", "SQLite: 3.", "OpenSSL: ", "Key store: "):
        assert wanted in out
    assert "OPENAI_API_KEY" in out and "Archive: none yet" in out
    assert KEY[:12] not in out and KEY[-12:] not in out and str(tmp_path) not in out
    assert not (tmp_path / "mine").exists(), "a test leaves nothing behind"


def test_a_self_test_that_finds_a_broken_archive_fails(tmp_path):
    (tmp_path / "archive.db").write_bytes(b"no database" * 1000)
    status, out, _ = run("--data-dir", tmp_path, "--self-test")
    assert status == 1 and "Archive: FAILED" in out
    assert (tmp_path / "archive.db").read_bytes() == b"no database" * 1000


@pytest.mark.parametrize(
    ("pyside", "python_version", "is_refused"),
    [((6, 12, 0), (3, 11, 9), True), ((6, 12, 0), (3, 12, 0), False), ((6, 11, 3), (3, 11, 9), False)],
)
def test_pyside_from_6_12_is_refused_below_python_3_12(monkeypatch, capsys, pyside, python_version, is_refused):
    monkeypatch.setattr(PySide6, "__version_info__", (*pyside, "", ""))
    monkeypatch.setattr(sys, "version_info", python_version)
    assert bool(app.refusal()) is is_refused
    if is_refused:
        assert app.main(Namespace()) == 1
        assert "Python 3.12" in capsys.readouterr().err


def test_core_files_are_off_and_new_files_are_private():
    code = """
import os, resource
from desktop import __main__ as start
try:
    start.main(["--version"])
except SystemExit:
    pass
print(resource.getrlimit(resource.RLIMIT_CORE)[0], oct(os.umask(0)))
"""
    assert python(code).splitlines()[-1] == "0 0o77"


def test_the_version_needs_no_qt():
    code = """
import sys
from desktop import __main__ as start
try:
    start.main(["--version"])
except SystemExit:
    print("PySide6" in sys.modules)
"""
    assert python(code).splitlines()[-1] == "False"


def test_the_systems_proxy_is_found_and_never_used_for_this_computer():
    code = """
from desktop import app
app.application()
print([app.system_proxy(url) for url in ("https://api.example.com/v1", "http://127.0.0.1:8080", "http://localhost")])
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=ENVIRONMENT | {"https_proxy": "http://proxy.example:3128", "http_proxy": "http://proxy.example:3128"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "['http://proxy.example:3128', None, None]"
