"""Shell text taken apart into words, as a POSIX shell would before it runs anything; nothing is run or opened."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_ESCAPES = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_NUMBERS = (
    (re.compile(r"x([0-9A-Fa-f]{1,2})"), 16),
    (re.compile(r"u([0-9A-Fa-f]{1,4})"), 16),
    (re.compile(r"U([0-9A-Fa-f]{1,8})"), 16),
    (re.compile(r"([0-7]{1,3})"), 8),
)
OPERATORS = "|&;<>()"


class Unclosed(ValueError):
    """A quotation that never ends; `place` is the line where it began, from 1."""

    def __init__(self, place: int) -> None:
        super().__init__(f"A quotation mark in line {place} is not closed.")
        self.place = place


@dataclass(slots=True)
class Command:
    """The words of one command and the operator behind it; `here` is the text of its here-document.

    `runs`: it holds something that a shell would run inside a word.
    """

    words: list[str] = field(default_factory=list)
    operator: str = ""
    here: str | None = None
    runs: bool = False


def quoted(text: str) -> str:
    """The text as one word of any POSIX shell, every character as it is. NUL is in no word of a command line."""
    if _PLAIN.fullmatch(text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def commands(text: str) -> list[Command]:
    """All commands of a text, in order. Variables stay as they are written. Raises Unclosed."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text.replace("\r\n", "\n"), 0
        self.found = [Command()]
        self.word: list[str] | None = None
        self.here: list[tuple[Command, str, bool]] = []

    def read(self) -> list[Command]:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        self._end_word()
        self._read_here()
        return [command for command in self.found if command.words or command.operator]

    def _step(self, letter: str) -> None:
        if letter in " \t":
            self._end_word()
            self.at += 1
        elif letter == "\n":
            self._end_command("\n")
            self._read_here()
        elif letter == "#" and self.word is None:
            self.at = self._find("\n")
        elif letter in OPERATORS:
            self._operator(letter)
        else:
            self._part(letter)

    def _part(self, letter: str) -> None:
        """One piece of a word, quoted or not."""
        word = self.word = self.word if self.word is not None else []
        if letter == "\\":
            following = self.text[self.at + 1 : self.at + 2]
            if following and following != "\n":
                word.append(following)
            elif following and not word:
                self.word = None
            self.at += 2
        elif letter == "'":
            end = self._closing("'", self.at + 1)
            word.append(self.text[self.at + 1 : end])
            self.at = end + 1
        elif letter == '"':
            self._double(word)
        elif letter == "$" and self.text.startswith("$'", self.at):
            self._dollar_quoted(word)
        else:
            self.found[-1].runs |= letter == "`" or self.text.startswith("$(", self.at)
            word.append(letter)
            self.at += 1

    def _double(self, word: list[str]) -> None:
        begin, at, text = self.at, self.at + 1, self.text
        while at < len(text) and text[at] != '"':
            if text[at] == "\\" and text[at + 1 : at + 2] in ("$", "`", '"', "\\", "\n"):
                word.append(text[at + 1].replace("\n", ""))
                at += 2
                continue
            self.found[-1].runs |= text[at] == "`" or text.startswith("$(", at)
            word.append(text[at])
            at += 1
        if at >= len(text):
            raise Unclosed(self._line(begin))
        self.at = at + 1

    def _dollar_quoted(self, word: list[str]) -> None:
        begin, at, text = self.at, self.at + 2, self.text
        while at < len(text) and text[at] != "'":
            if text[at] != "\\":
                word.append(text[at])
                at += 1
                continue
            piece, at = _escape(text, at + 1)
            word.append(piece)
        if at >= len(text):
            raise Unclosed(self._line(begin))
        self.at = at + 1

    def _operator(self, letter: str) -> None:
        if letter in "<>":
            self._end_word()
            self._redirection()
            return
        pair = self.text[self.at : self.at + 2]
        self._end_command(pair if pair in ("||", "&&") else letter)

    def _redirection(self) -> None:
        """A here-document is taken; any other redirection becomes a word of its own, so that it can be named."""
        sign = re.compile(r"<<-|<<<|<<|>>|>&|<&|<|>").match(self.text, self.at)
        assert sign is not None
        self.at = sign.end()
        command = self.found[-1]
        if sign[0] not in ("<<", "<<-"):
            command.words.append("\0" + sign[0])
            return
        end = re.compile(r"[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|([^\s|&;<>()]+))").match(self.text, self.at)
        if end is not None:
            self.at = end.end()
            mark = next(group for group in end.groups() if group is not None)
            self.here.append((command, mark, sign[0] == "<<-"))

    def _read_here(self) -> None:
        for command, mark, strips in self.here:
            lines = []
            while self.at < len(self.text):
                end = self._find("\n")
                line = self.text[self.at : end]
                self.at = end + 1
                line = line.lstrip("\t") if strips else line
                if line == mark:
                    break
                lines.append(line + "\n")
            command.here = "".join(lines)
        self.here.clear()

    def _end_word(self) -> None:
        if self.word is not None:
            self.found[-1].words.append("".join(self.word))
            self.word = None

    def _end_command(self, operator: str) -> None:
        self._end_word()
        self.at += len(operator)
        if self.found[-1].words:
            self.found[-1].operator = operator
            self.found.append(Command())

    def _find(self, letter: str) -> int:
        found = self.text.find(letter, self.at)
        return len(self.text) if found < 0 else found

    def _closing(self, letter: str, start: int) -> int:
        found = self.text.find(letter, start)
        if found < 0:
            raise Unclosed(self._line(start - 1))
        return found

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1


def _escape(text: str, at: int) -> tuple[str, int]:
    """One escape of $'…' behind its backslash, and where it ends."""
    letter = text[at : at + 1]
    if letter in _ESCAPES and letter:
        return _ESCAPES[letter], at + 1
    for pattern, base in _NUMBERS:
        if found := pattern.match(text, at):
            code = int(found[1], base)
            return (chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"), found.end()
    return "\\" + letter, at + 1
