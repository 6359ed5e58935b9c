"""davenport = python -m desktop: reads the command line and starts the window, or a command that needs none."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator

from desktop import __version__

COMMANDS = ("chat", "history", "transcribe", "usage")
LOCAL_SERVER = "--local-server"  # a frozen build starts itself with it; runs the embedded server


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="davenport",
        description="A desktop client for the OpenAI API.",
        epilog="Without a window: davenport chat QUESTION, davenport history search TEXT, davenport history export ID.",
    )
    made.add_argument("files", nargs="*", help="files to open: recordings, JSONL, exports, pictures, texts")
    made.add_argument("--data-dir", default="", metavar="DIR", help="keep everything in this folder")
    made.add_argument("--profile", default="", metavar="NAME", help="the profile for this run")
    made.add_argument("--base-url", default="", metavar="URL", help="the address of the API for this run")
    made.add_argument("--offline", action="store_true", help="open no connection at all")
    made.add_argument("--debug", action="store_true", help="log more, and to the terminal too")
    made.add_argument("--show-requests", action="store_true", help="write requests and replies to a file, without keys")
    made.add_argument("--self-test", action="store_true", help="say what this installation is made of, and end")
    made.add_argument("--tour", default="", metavar="DIR", help="draw a picture of each page into a folder, and end")
    made.add_argument("--version", action="version", version=f"Davenport {__version__}")
    return made


def main(argv: list[str] | None = None) -> int:
    """The exit status. The first lines see to it that nothing of ours is readable by other users or dumped."""
    os.umask(0o077)
    _no_core_files()
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == [LOCAL_SERVER]:
        import runpy

        sys.argv = [sys.argv[0], *words[1:]]
        runpy.run_module("desktop.local", run_name="__main__")
        return 0
    if words and words[0] in COMMANDS:
        with _stops_at_once():
            from desktop import cli  # its services are slow to import, and the window starts without them
        return cli.main(words)
    arguments = parser().parse_args(words)
    gc.disable()  # most of what is made until the first paint stays; desktop/ui/garbage.py collects from then on
    try:
        from desktop import app
    except ImportError as error:
        print(_missing(error), file=sys.stderr)  # noqa: T201 - there is no window to say it in
        return 1
    return app.main(arguments)


@contextlib.contextmanager
def _stops_at_once() -> Iterator[None]:
    """Ctrl+C ends a program that has not begun without a word; in the middle of an import it could do worse."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before)


def _no_core_files() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # there is none on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _missing(error: ImportError) -> str:
    if "PySide6" in (error.name or "") or ".so" in str(error):
        return (
            f"The window cannot be opened: {error}. A system library is missing. `python3 packaging/dev.py run` "
            "names the command that installs it."
        )
    return f"A part is missing: {error}."


if __name__ == "__main__":
    sys.exit(main())
