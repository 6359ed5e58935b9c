"""python -m desktop.local --parent-pid N: the embedded server; with --engine NAME, one of its engines."""

from __future__ import annotations

import argparse
import logging
import sys

from desktop.local.handover import read_handover, say
from desktop.local.models import has

NEEDED = ("starlette", "uvicorn", "python_multipart")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="desktop.local", description=__doc__)
    parser.add_argument("--parent-pid", type=int, default=0, help="end when this process ends")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # its tracebacks repeat what was sent
    if options.engine:
        from desktop.local import engine_process  # an engine needs no server, the server no engine

        return engine_process.main(options.engine)
    return _serve(options.parent_pid)


def _serve(parent_pid: int) -> int:
    if not has(*NEEDED):
        say(missing="the local server")
        return 3
    try:
        handover = read_handover(sys.stdin.buffer.readline())
    except ValueError as error:
        say(failed=f"The server was started without its settings: {error}")
        return 2
    from desktop.local import serve  # after the check that its packages are there

    serve.run(handover, parent_pid)
    return 0


if __name__ == "__main__":
    sys.exit(main())
