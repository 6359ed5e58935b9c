"""Many conversations as a folder of pages with a list and a search that need no network and no server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

import msgspec

from desktop import paths
from desktop.core.conversation import Message
from desktop.core.file_names import clean
from desktop.core.text import visible
from desktop.services.export import html_form
from desktop.services.export.html_text import escaped
from desktop.services.export.told import Told, day

FILE_CHARACTERS = 4_000_000
"""Of texts in one file of the search's index."""

Open = Callable[[str], BinaryIO]


class Site:
    """Takes pages one after the other; memory holds a few megabytes of index and a line for each page.

    `open` makes a new file of the folder by its path inside.
    """

    def __init__(self, open: Open) -> None:
        self._open = open
        self._list: list[str] = []
        self._rows: list[tuple[str, str, str, str]] = []
        self._characters = self._files = 0

    def add(self, told: Told) -> None:
        """Write a conversation's page and take its words into the index."""
        page = f"pages/{clean(told.conversation.id)}.html"
        words: list[str] = []
        with self._open(page) as file:
            html_form.write(_heard(told, words), lambda text: file.write(text.encode()), up="../")
        about = " · ".join(fact for fact in (day(told.conversation.created), visible(told.conversation.model)) if fact)
        self._list.append(_item(page, told, about))
        self._index(page, told.title, about, " ".join(" ".join(words).split()))

    def finish(self) -> None:
        """Write the list, the search and the style."""
        self._write_index()
        for name, text in (
            ("style.css", html_form.style()),
            ("search.js", paths.resource("export", "search.js").read_text("utf-8")),
        ):
            with self._open(name) as file:
                file.write(text.encode())
        with self._open("index.html") as file:
            for piece in html_form.start("Conversations", is_alone=False, has_script=True):
                file.write(piece.encode())
            many = f"{len(self._list)} conversation{'s' if len(self._list) != 1 else ''}"
            file.write(_LIST_START.format(many=many, files=self._files).encode())
            for item in reversed(self._list):  # the newest first
                file.write(item.encode())
            file.write(_LIST_END.encode())

    def _index(self, page: str, title: str, about: str, text: str) -> None:
        self._rows.append((page, title, about, text))
        self._characters += len(text)
        if self._characters > FILE_CHARACTERS:
            self._write_index()

    def _write_index(self) -> None:
        if not self._rows:
            return
        rows = msgspec.json.encode(self._rows)
        for separator in ("\u2028", "\u2029"):  # ends of lines to older readers of JavaScript
            rows = rows.replace(separator.encode(), f"\\u{ord(separator):04x}".encode())
        with self._open(f"index-{self._files + 1}.js") as file:
            file.write(b"davenport.add(%d,%s);\n" % (self._files, rows))
        self._files += 1
        self._rows, self._characters = [], 0


def _heard(told: Told, words: list[str]) -> Told:
    """The same conversation; the words of each message that is read are also put down in `words`."""

    def read(ids: Sequence[str]) -> Iterator[Message]:
        for message in told.read(ids):
            words.append(visible(message.text))
            yield message

    return replace(told, read=read)


def _item(page: str, told: Told, about: str) -> str:
    tags = "".join(f'<span class="tag">{escaped(visible(tag))}</span>' for tag in told.conversation.tags)
    return (
        f'<li><a href="{page}"><div class="name" dir="auto">{escaped(told.title)}</div>'
        f'<div class="caption"><span>{escaped(about)}</span>{tags}</div></a></li>\n'
    )


_LIST_START = """<main>
<h1>Conversations</h1>
<p class="facts">{many}</p>
<input class="search" id="search" type="search" placeholder="Search" aria-label="Search" data-files="{files}" hidden>
<p class="said" id="said" role="status"></p>
<ul class="list" id="hits" hidden></ul>
<ul class="list" id="all">
"""
_LIST_END = f'</ul>\n</main>\n<script src="search.js"></script>\n{html_form.END}'
