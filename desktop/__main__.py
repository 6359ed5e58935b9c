"""The `davenport` command: a window, a command for the terminal, or the embedded local server of a frozen build."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

COMMANDS = ("chat", "history")
LOCAL_SERVER = "--local-server"


def main(argv: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; only the window brings Qt. Returns the exit status."""
    os.umask(0o077)
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == [LOCAL_SERVER]:
        import runpy  # only the frozen build starts itself like this

        sys.argv = ["davenport", *arguments[1:]]
        runpy.run_module("desktop.local", run_name="__main__")
        return 0
    if arguments and arguments[0] in COMMANDS:
        from desktop import cli  # brings the services, which a window needs only after its first paint

        return cli.main(arguments)
    from desktop import app  # brings Qt

    return app.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
