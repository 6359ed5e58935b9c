"""Recognises by content what a box holds, and reads its conversations one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath

from desktop.core.errors import BadFile
from desktop.services.export import json_form
from desktop.services.imports import chat_lines, chatgpt, claude, llm_logs, markdown, own
from desktop.services.imports.assets import Assets, is_asset
from desktop.services.imports.boxes import PIECE, Box, Entry, Zip
from desktop.services.imports.ids import micros
from desktop.services.imports.json_values import Unreadable
from desktop.services.imports.values import Draft, Found, Notes, NotTaken, Piece
from desktop.services.json_items import Element, Splitter, elements

_KEY = {
    chatgpt.KIND: re.compile(rb'(?<!\\)"mapping"\s*:'),
    claude.KIND: re.compile(rb'(?<!\\)"chat_messages"\s*:'),
    chat_lines.KIND: re.compile(rb'(?<!\\)"(?:messages|completion)"\s*:\s*[\["]|"input"\s*:\s*\{\s*"messages"'),
}
NAMES = {
    own.KIND: own.NAME,
    chatgpt.KIND: chatgpt.NAME,
    claude.KIND: claude.NAME,
    llm_logs.KIND: llm_logs.NAME,
    chat_lines.KIND: chat_lines.NAME,
    markdown.KIND: markdown.NAME,
}
_SAMPLE = 4 * 1024 * 1024
_MARKDOWN = (".md", ".markdown", ".mdown")


def kind_of(first: bytes, name: str, size: int) -> str:
    """What a file is by how it begins; "" for what is no source. A name decides only that a text is Markdown."""
    if first.startswith(llm_logs.MAGIC):
        return llm_logs.KIND
    if json_form.looks_like(first):
        return own.KIND
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start in (b"[", b"{"):
        return next((kind for kind, key in _KEY.items() if key.search(first)), "")
    if name.lower().endswith(_MARKDOWN) and markdown.is_text(first):
        return markdown.KIND
    return ""


class Source:
    """What one box holds. `kinds` are names of files by kind."""

    def __init__(self, box: Box, notes: Notes) -> None:
        self.box, self._notes = box, notes
        self.kinds: dict[str, list[str]] = {}
        self.problems: list[NotTaken] = list(box.left_out)
        others: list[str] = []
        for entry in box.entries.values():
            first = _beginning(box, entry)
            kind = kind_of(first, entry.name, entry.size) if first else ""
            if kind:
                self.kinds.setdefault(kind, []).append(entry.name)
            elif first.startswith(b"PK\x03\x04"):
                self.problems.append(
                    NotTaken(entry.name, "It is a ZIP in what was chosen; unpack it, then choose it.", entry.name)
                )
            elif not is_asset(entry.name):
                others.append(entry.name)
        if len(self.kinds) > 1:
            self.kinds.pop(markdown.KIND, None)  # a readme beside an export
        is_ours = own.KIND in self.kinds  # with a folder of files beside it
        self._others = [name for name in others if not (is_ours and PurePosixPath(name).parent.name.endswith(" files"))]
        self._assets: Assets | None = None

    @property
    def is_ordered(self) -> bool:
        """Whether its own order is to be kept: that of our own archive."""
        return own.KIND in self.kinds

    @property
    def kind(self) -> str:
        return " and ".join(NAMES[kind] for kind in NAMES if kind in self.kinds)

    @property
    def size(self) -> int:
        return sum(self.box.entries[name].size for names in self.kinds.values() for name in names)

    def found(self) -> Found:
        """What is told before anything is taken."""
        name = self.box.path.name
        if not self.kinds:
            nested = any("ZIP in" in problem.reason for problem in self.problems)
            problem = "It holds another ZIP: unpack it and choose that." if nested else _NOTHING
            return Found(self.box.path, name=name, problem=problem)
        try:
            counts = [self._count(kind, each) for kind, names in self.kinds.items() for each in names]
        except BadFile as error:
            return Found(self.box.path, name=name, problem=error.summary)
        files = sum(map(len, self.kinds.values()))
        shown = f"{name}, {files} files" if files > 1 else name
        return Found(self.box.path, self.kind, shown, sum(counts), self.size)

    def pieces(self, read: Callable[[int], None]) -> Iterator[Piece | NotTaken]:
        """All conversations, unread; `read` hears of each number of bytes that was gone through."""
        yield from self.problems
        for kind, names in self.kinds.items():
            for name in sorted(names):
                try:
                    yield from self._of_file(kind, name, read)
                except BadFile as error:
                    yield NotTaken(name, f"{error.summary} {error.advice}".strip(), name)
        if self._others:
            self._notes.add("files beside the conversations", len(self._others))

    def _of_file(self, kind: str, name: str, read: Callable[[int], None]) -> Iterator[Piece | NotTaken]:
        size = self.box.entries[name].size
        if kind == llm_logs.KIND:
            yield from self._log(name)
        elif kind == own.KIND:
            yield from own.open_own(self.box, name, self._notes).pieces()
        elif kind == markdown.KIND:
            entry = self.box.entries[name]
            yield Piece(entry.when, PurePosixPath(name).stem, name, size, partial(self._markdown, entry))
        else:
            yield from self._listed(kind, name, read)
            return
        read(size)

    def _listed(self, kind: str, name: str, read: Callable[[int], None]) -> Iterator[Piece | NotTaken]:
        entry = self.box.entries[name]
        for number, element in enumerate(self._elements(kind, name), 1):
            read(element.size)
            piece = self._element(kind, entry, number, element)
            if piece is not None:
                yield piece

    def _elements(self, kind: str, name: str) -> Iterator[Element]:
        pieces = self.box.pieces(name)
        first = self.box.first(name, PIECE).removeprefix(b"\xef\xbb\xbf").lstrip()
        if kind == chat_lines.KIND and first.startswith(b"{"):
            return _lines(pieces)
        return elements(pieces)

    def _element(self, kind: str, entry: Entry, number: int, element: Element) -> Piece | NotTaken | None:
        place = f"Conversation {number}"
        if element.content is None:
            reason = "The file ends in the middle of it." if element.is_cut else "It is over 64 MB and was not read."
            return NotTaken(place, reason, entry.name)
        later = self.box.later(entry.name, element)
        try:
            if kind == chatgpt.KIND:
                about = chatgpt.head_of(element.content)
                when = chatgpt.when(about, element.content) or entry.when
                title, read = about.name, partial(self._chatgpt, later, when)
            elif kind == claude.KIND:
                named = claude.head_of(element.content)
                when = micros(named.created_at) or entry.when
                title = named.name if isinstance(named.name, str) else ""
                read = partial(self._claude, later, when)
            else:
                when, title = entry.when + number, ""
                read = partial(self._chat_line, later, entry.when)
        except Unreadable as error:
            return NotTaken(place, str(error), entry.name)
        return Piece(when, title[:200] or place, entry.name, element.size, read)

    def _chatgpt(self, later: Callable[[], bytes], when: int) -> Draft:
        if self._assets is None:
            self._assets = Assets(self.box)
        return chatgpt.draft(chatgpt.head_of(later()), self._assets, self._notes, when)

    def _claude(self, later: Callable[[], bytes], when: int) -> Draft:
        return claude.draft(later(), self._notes, when)

    def _chat_line(self, later: Callable[[], bytes], when: int) -> Draft:
        return chat_lines.draft(later(), self._notes, when)

    def _markdown(self, entry: Entry) -> Draft:
        content = self.box.whole(entry.name, markdown.LARGEST)
        if content is None:
            raise Unreadable("It is too large for one message, or cannot be read.")
        return markdown.draft(content, entry.name, entry.when)

    def _log(self, name: str) -> Iterator[Piece]:
        if isinstance(self.box, Zip):
            raise BadFile("A database in a ZIP is not read.", "Unpack it first.")
        place = self.box.path if self.box.path.is_file() else self.box.path / name
        log = llm_logs.Log(place, self._notes)
        self.box.closing.append(log.close)
        if not log.is_one:
            raise BadFile("This database has no prompts and responses.", "")
        yield from log.pieces()

    def _count(self, kind: str, name: str) -> int:
        """About how many conversations a file has, from how large the first ones are."""
        if kind == markdown.KIND:
            return 1
        if kind == own.KIND:
            return own.open_own(self.box, name, self._notes).head.count
        if kind == llm_logs.KIND:
            return self._count_log(name)
        size, seen, count = self.box.entries[name].size, 0, 0
        splitter = Splitter()
        for piece in self.box.pieces(name):
            for element in splitter.feed(piece):
                count += 1
                seen = element.start + element.size
            if count and seen > _SAMPLE:
                return max(1, round(count * size / seen))
            if not count and seen + len(piece) > 16 * _SAMPLE:
                break
        return max(count, 1) if kind else count

    def _count_log(self, name: str) -> int:
        if isinstance(self.box, Zip):
            raise BadFile("A database in a ZIP is not read. Unpack it first.")
        log = llm_logs.Log(self.box.path if self.box.path.is_file() else self.box.path / name, Notes())
        try:
            if not log.is_one:
                raise BadFile("This database has no prompts and responses.")
            return log.count
        finally:
            log.close()


_NOTHING = "Nothing in it was recognised as conversations."


def _beginning(box: Box, entry: Entry) -> bytes:
    """Enough of a file to know it by; only a few bytes of the thousands that are pictures or sounds."""
    start = box.first(entry.name, 16)
    is_json = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[", b"")
    if is_json or start.startswith(llm_logs.MAGIC) or entry.name.lower().endswith(_MARKDOWN):
        return box.first(entry.name, PIECE)
    return start


def _lines(pieces: Iterator[bytes], largest: int = 64 * 1024 * 1024) -> Iterator[Element]:
    """Each line that holds anything; one over the bound without its content."""
    held, start = bytearray(), 0
    dropped = 0
    for piece in pieces:
        held += piece
        while (end := held.find(b"\n")) >= 0:
            if held[:end].strip():
                content = None if dropped or end > largest else bytes(held[:end])
                yield Element(content, start, dropped + end)
            start += dropped + end + 1
            dropped = 0
            del held[: end + 1]
        if len(held) > largest:
            dropped += len(held)
            held.clear()
    if held.strip() or dropped:
        yield Element(None if dropped else bytes(held), start, dropped + len(held))
