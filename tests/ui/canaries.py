"""Traps for text that reaches out: a watch on files, a server that should stay alone, a red picture."""

from __future__ import annotations

import ctypes
import os
import select
import socket
import struct
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

IN_OPEN, IN_ACCESS, IN_NONBLOCK = 0x20, 0x1, 0o4000


class Watch:
    """Hears of every file opened in a folder, by whoever: the kernel says so."""

    def __init__(self, folder: Path) -> None:
        if not sys.platform.startswith("linux"):
            pytest.skip("the kernel's watch is Linux's")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(IN_NONBLOCK)
        assert self._libc.inotify_add_watch(self._fd, os.fsencode(folder), IN_OPEN | IN_ACCESS) >= 0

    def opened(self) -> list[str]:
        names = []
        while select.select([self._fd], [], [], 0)[0]:
            events = os.read(self._fd, 65536)
            while events:
                length = struct.unpack_from("iIII", events)[3]
                names.append(events[16 : 16 + length].rstrip(b"\0").decode())
                events = events[16 + length :]
        return names

    def close(self) -> None:
        os.close(self._fd)


class Canary:
    """A folder with a red picture, a style sheet and a text, and a server that counts who knocks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        red = QImage(40, 40, QImage.Format.Format_RGB32)
        red.fill(QColor(255, 0, 0))
        red.save(str(folder / "red.png"))
        (folder / "red.css").write_text("* { color: #ff0000; background: #ff0000 }")
        (folder / "red.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg"><rect width="40" height="40" fill="red"/></svg>'
        )
        (folder / "words.txt").write_text("the secret words")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._watch = Watch(folder)
        self._watch.opened()

    def knocks(self) -> int:
        count = 0
        while select.select([self._listener], [], [], 0)[0]:
            self._listener.accept()[0].close()
            count += 1
        return count

    def opened(self) -> list[str]:
        return self._watch.opened()

    def close(self) -> None:
        self._watch.close()
        self._listener.close()

    def constructs(self) -> dict[str, str]:
        """Ways for a text to name a file or a host."""
        file, host = self.folder / "red.png", f"127.0.0.1:{self.port}"
        return {
            "markdown picture, absolute": f"![x]({file})",
            "markdown picture, file": f"![x](file://{file})",
            "markdown picture, no words": f"![](file://{file})",
            "markdown picture, relative": "![x](red.png)",
            "markdown picture, reference": f"![x][r]\n\n[r]: {file}",
            "markdown picture, remote": f"![x](http://{host}/a.png)",
            "markdown picture, UNC": f"![x](//{host}/share/a.png)",
            "markdown picture, backslashes": r"![x](\\127.0.0.1\share\a.png)",
            "markdown picture, data": "![x](data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>)",
            "markdown picture, svg": f"![x]({self.folder / 'red.svg'})",
            "markdown picture in a link": f"[![x]({file})](http://{host}/)",
            "markdown picture in a table": f"| a |\n|---|\n| ![x]({file}) |",
            "markdown picture in a heading": f"# ![x]({file})",
            "markdown picture in a list": f"- ![x]({file})\n  - ![x]({file})",
            "markdown picture in a quote": f"> ![x]({file})",
            "html img": f'<img src="{file}">',
            "html img, remote": f'<img src="http://{host}/a.png">',
            "html style import": f'<style>@import url("{self.folder / "red.css"}");</style>',
            "html link sheet": f'<link rel="stylesheet" href="{self.folder / "red.css"}">',
            "html background": f'<table background="{file}"><tr><td>x</td></tr></table>',
            "html body background": f'<body background="{file}">x</body>',
            "html list picture": f'<ul style="list-style-image: url({file})"><li>x</li></ul>',
            "html object": f'<object data="{file}"></object><iframe src="{file}"></iframe>',
            "html svg": f'<svg><image href="{file}"/></svg>',
            "autolink": f"<file://{file}> http://{host}/x www.{host}",
            "device": "![x](/dev/tty) ![x](/dev/stdin)",
        }


def red_pixels(picture: QImage) -> int:
    small = picture.convertToFormat(QImage.Format.Format_RGB32)
    return sum(
        (value >> 16 & 255) > 230 and (value >> 8 & 255) < 40 and (value & 255) < 40
        for y in range(0, small.height(), 3)
        for x in range(0, small.width(), 3)
        for value in [small.pixel(x, y)]
    )
