"""Markdown as a row of flat blocks: what is settled stays, only the end of a growing text is read again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from desktop.ui.widgets.safe_document import hostile

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

CHUNK = 6_000
"""Characters of a text that are read at once; about 6 ms."""
LONGEST_PROSE = 6_000
LONGEST_TAIL = 3_000
"""From here on a tail may be hostile."""
_LINE_OF_WORDS = re.compile(r" *(?:(?:[-*+]|\d{1,9}[.)]) +)?(?=[^\W\d_])")
"""The beginning of a line that is a paragraph's, or an item's first one, whatever follows on it."""
_NO_FENCE = re.compile(r"[^\s`~]")
_NEW_LINE = re.compile(r"[\n\r\x00]")


class Kind(Enum):
    PROSE = "prose"
    HEADING = "heading"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Piece:
    """One leaf of a text. `source` is inline Markdown (prose, heading), a table's Markdown, or code as it is.

    `depth` counts the lists around it, `quotes` the quotes; `marker` is a list item's sign on its first piece.
    `gap` is the space above in grid px. `line` is the first line in the source.
    """

    kind: Kind
    source: str
    language: str = ""
    level: int = 0
    depth: int = 0
    quotes: int = 0
    marker: str = ""
    gap: int = 12
    is_open: bool = False
    line: int = field(default=0, compare=False)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # slow: not before the first text is shown; `preload` in a worker

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 60}).enable("table").disable("html_block")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def preload() -> None:
    """Import and warm what the first message needs. For a worker thread after the first paint."""
    split("a\n\n- b\n\n| c |\n|---|\n| d |\n")


def split(text: str) -> list[Piece]:
    """All the pieces of a finished text."""
    splitter = Splitter()
    splitter.feed(text)
    return splitter.finish()


class Splitter:
    """Reads a text that grows at its end.

    `settled` never changes again but by growing; `tail` is read again at each `feed`. An unfinished block of code is
    a tail of one piece whose `is_open` is true.
    """

    def __init__(self) -> None:
        self.settled: list[Piece] = []
        self.tail: list[Piece] = []
        self._text = ""
        self._references: dict[str, str] = {}
        self._code: _OpenCode | None = None
        self._after_blank = False

    def feed(self, more: str) -> None:
        """Take further text and read it, at most `CHUNK` characters at a time."""
        more = more.replace("\r\n", "\n").replace("\x00", "\ufffd")
        for start in range(0, len(more), CHUNK):
            now = more[start : start + CHUNK]
            if (piece := self.grown(now)) is not None:
                self.grow(now, piece)
            else:
                self._text += now
                self._read()

    def grown(self, more: str) -> Piece | None:
        """The last piece with `more` in it, where nothing else can change; None where all must be read again."""
        last = self.tail[-1] if self.tail else None
        if last is None or _NEW_LINE.search(more):
            return None
        source = self._grown_code(last, more) if self._code is not None else self._grown_line(last, more)
        return replace(last, source=source) if source else None

    def grow(self, more: str, grown: Piece) -> None:
        """Take what `grown` gave."""
        if self._code is not None:
            self._code.line += more
        else:
            self._text += more
        self.tail = [*self.tail[:-1], grown]

    def _grown_code(self, last: Piece, more: str) -> str:
        """A line that is more than a fence already is code to its end."""
        assert self._code is not None
        return last.source + more if _NO_FENCE.search(self._code.line) else ""

    def _grown_line(self, last: Piece, more: str) -> str:
        """A line that began with a word is a paragraph's to its end: its beginning decides what it is."""
        text, source = self._text, last.source
        if last.kind is not Kind.PROSE or len(text) + len(more) > LONGEST_TAIL or source[:1] == "[" or "]:" in source:
            return ""
        line = text[text.rfind("\n") + 1 :]
        begin = _LINE_OF_WORDS.match(line)
        if begin is None or ("[" in more and self._references):
            return ""
        here = line[begin.end() :]
        seen = here.rstrip()
        return source[: len(source) - len(seen)] + (here + more).rstrip() if source.endswith(seen) else ""

    def finish(self) -> list[Piece]:
        """Nothing follows: everything is settled."""
        self._read(is_final=True)
        self.settled += self.tail
        self.tail = []
        self._text = ""
        return self.settled

    def _read(self, is_final: bool = False) -> None:
        if self._code is not None and not self._read_code(is_final):
            return
        if not self._text:
            self.tail = []
            return
        if self._shown_plain():
            return
        tokens, references = _blocks(self._text)
        self._references |= references
        before = self.settled[-1] if self.settled else None
        pieces, starts = _flat(tokens, self._text, self._references, before, self._after_blank)
        self._settle(pieces, starts, is_final)

    def _shown_plain(self) -> bool:
        """A tail that does not come to an end, or that is a trap, is plain from here on until a blank line frees it."""
        why = hostile(self._text) if len(self._text) > LONGEST_TAIL else ""
        if not why:
            return False
        self.tail = [Piece(Kind.PLAIN, self._text)]
        cut = self._text.rfind("\n\n")
        if cut > 0:
            self.settled.append(Piece(Kind.PLAIN, self._text[: cut + 1]))
            self._text = self._text[cut + 2 :]
            self.tail = [Piece(Kind.PLAIN, self._text)] if self._text else []
        return True

    def _settle(self, pieces: list[Piece], starts: list[int], is_final: bool) -> None:
        """Move the blocks before the last one to the settled; `starts` are the lines where top-level blocks begin."""
        lines = self._text.split("\n")
        keep = self._first_to_keep(starts, lines)
        if keep is None or is_final:
            self.tail = pieces
        else:
            self.settled += [p for p in pieces if p.line < keep]
            self.tail = [p for p in pieces if p.line >= keep]
            self._text = "\n".join(lines[keep:])
            self._after_blank = not lines[keep - 1].strip()
        last = self.tail[-1] if self.tail else None
        if last is not None and last.kind is Kind.CODE and last.is_open and not is_final and not last.quotes:
            self._open(last, keep or 0, lines)

    def _first_to_keep(self, starts: list[int], lines: list[str]) -> int | None:
        if len(starts) < 2:
            return None
        # the last line may still become part of the block above it ("#" becomes "#tag")
        is_unsure = starts[-1] == len(lines) - 1 and lines[starts[-1] - 1].strip()
        keep = starts[-2] if is_unsure else starts[-1]
        return keep or None

    def _open(self, piece: Piece, first: int, lines: list[str]) -> None:
        """From here on lines of code are appended without reading the block again."""
        fence = lines[piece.line]
        if piece.line >= len(lines) - 1:
            return  # the line with the language may still be arriving
        marks = re.search(r"(`{3,}|~{3,})", fence)
        if marks is None:
            return
        body = "\n".join(lines[piece.line + 1 :])
        self.settled += self.tail[:-1]
        width = len(fence) - len(fence.lstrip(" ")) if not piece.depth else marks.start()
        self._code = _OpenCode(piece, marks[0], width, body)
        self._text = ""
        self.tail = [self._code.piece()]

    def _read_code(self, is_final: bool) -> bool:
        """True where the code has come to its end; what follows it is then in `_text`."""
        code = self._code
        assert code is not None
        rest = code.take(self._text)
        self._text = ""
        self.tail = [code.piece()]
        if rest is None and not is_final:
            return False
        self.settled.append(code.piece(is_open=False))
        self._code, self._after_blank = None, False
        self.tail = []
        self._text = rest or ""
        return True


class _OpenCode:
    """The inside of a fenced block of code whose end has not come."""

    def __init__(self, piece: Piece, fence: str, indent: int, body: str) -> None:
        self._piece, self._indent = piece, indent
        self._end = re.compile(rf" {{0,{indent + 3}}}{re.escape(fence[0])}{{{len(fence)},}}[ \t]*\Z")
        self._lines: list[str] = []
        self.line = ""
        self.take(body)

    def take(self, text: str) -> str | None:
        """Add text; what follows the closing fence, or None while there is none."""
        lines = (self.line + text).split("\n")
        for at, line in enumerate(lines[:-1]):
            if self._end.match(line):
                self.line = ""
                return "\n".join(lines[at + 1 :])
            if self._indent and self._piece.depth and line.strip() and len(line) - len(line.lstrip()) < self._indent:
                self.line = ""  # the list ends here, and the code with it
                return "\n".join(lines[at:])
            self._lines.append(self._dedented(line))
        self.line = lines[-1]
        return None

    def _dedented(self, line: str) -> str:
        blank = len(line) - len(line.lstrip(" "))
        return line[min(blank, self._indent) :]

    def piece(self, is_open: bool = True) -> Piece:
        last = self._dedented(self.line)
        if is_open and re.fullmatch(r"\s*(`+|~+)\s*", self.line):
            last = ""  # the closing fence is arriving
        elif not is_open and self._end.match(self.line):
            last = ""
        source = "\n".join([*self._lines, last]) if last else "\n".join(self._lines)
        p = self._piece
        return Piece(p.kind, source, p.language, p.level, p.depth, p.quotes, p.marker, p.gap, is_open, p.line)


def _blocks(text: str) -> tuple[list[Token], dict[str, str]]:
    env: dict[str, dict[str, dict[str, str]]] = {}
    tokens = _parser().parse(text, env)
    found = env.get("references", {})
    return tokens, {label.lower(): entry["href"] for label, entry in list(found.items())[:200]}


def _flat(
    tokens: list[Token], text: str, references: dict[str, str], before: Piece | None = None, after_blank: bool = False
) -> tuple[list[Piece], list[int]]:
    """Tokens as leaves, and the first lines of the blocks that may be settled one by one.

    Those are the top-level blocks and the items of top-level lists. `before` is the piece above the text, and
    `after_blank` says whether a blank line parts them.
    """
    walk = _Walk(text, references, before, after_blank)
    for token in tokens:
        walk.take(token)
    return walk.pieces, walk.starts


class _Walk:
    def __init__(self, text: str, references: dict[str, str], before: Piece | None, after_blank: bool) -> None:
        self.pieces: list[Piece] = []
        self.starts: list[int] = []
        self._lines, self._references = text.split("\n"), references
        self._before, self._after_blank = before, after_blank
        self._lists: list[bool] = []  # is it an ordered one
        self._quotes = 0
        self._marker, self._marker_line = "", 0
        self._rows: list[list[str]] = []
        self._aligned: list[str] = []
        self._in_table, self._table_line = False, 0
        self._heading = 0

    def take(self, token: Token) -> None:
        line = token.map[0] if token.map else 0
        is_block = bool(token.map) and token.level == 0 and not token.type.endswith("list_open")
        if is_block or (token.type == "list_item_open" and token.level == 1):
            self.starts.append(line)
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self._lists.append(token.type.startswith("ordered"))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                self._marker = ""
            case "list_item_open":
                self._flush_marker()
                ordered = self._lists[-1]
                self._marker_line = line
                self._marker = f"{token.info}{token.markup}" if ordered else "•"
            case "list_item_close":
                self._flush_marker()
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
            case "heading_open":
                self._heading = int(token.tag[1])
            case "heading_close":
                self._heading = 0
            case "inline":
                self._inline(token, line)
            case "fence" | "code_block":
                self._code(token, line)
            case "hr":
                self._add(Kind.RULE, "", line)
            case "table_open":
                self._in_table, self._table_line, self._rows, self._aligned = True, line, [], []
            case "tr_open":
                self._rows.append([])
            case "th_open":
                self._aligned.append(str(token.attrs.get("style", "")))
            case "table_close":
                self._in_table = False
                self._add(Kind.TABLE, _table(self._rows, self._aligned) + self._definitions(), self._table_line)

    def _inline(self, token: Token, line: int) -> None:
        if self._in_table:
            self._rows[-1].append(token.content)
        elif self._heading:
            self._add(Kind.HEADING, f"# {token.content}{self._definitions(token.content)}", line, level=self._heading)
        elif token.content:
            source = token.content
            if self._marker and (box := re.match(r"\[([ xX])\][ \t]+", source)):
                self._marker = "☐" if box[1] == " " else "☑"
                source = source[box.end() :]
            for part in _parts(source):
                self._add(Kind.PROSE, part + self._definitions(part), line)

    def _code(self, token: Token, line: int) -> None:
        lines = self._lines
        end = token.map[1] if token.map else line + 1
        marks = token.markup or ""
        last = lines[min(end, len(lines)) - 1].strip(" >\t") if end - line > 1 else ""
        is_open = token.type == "fence" and not (last.startswith(marks) and not last.strip(marks[:1]))
        language = (token.info or "").strip().split(" ")[0].split("{")[0][:40]
        self._add(Kind.CODE, token.content.removesuffix("\n"), line, language=language, is_open=is_open)

    def _flush_marker(self) -> None:
        if self._marker:  # an item without words
            self._add(Kind.PROSE, "", self._marker_line)

    def _definitions(self, source: str = "[") -> str:
        """The reference links of the text, for a piece that may use one; each piece is parsed alone."""
        if "[" not in source or not self._references:
            return ""
        low = source.lower()
        used = [(k, v) for k, v in self._references.items() if source == "[" or f"[{k}]" in low]
        return "".join(f"\n\n[{label}]: <{address}>" for label, address in used[:50])

    def _add(
        self, kind: Kind, source: str, line: int, *, language: str = "", level: int = 0, is_open: bool = False
    ) -> None:
        depth = len(self._lists)
        goes_on = kind is Kind.PROSE and self.pieces and self.pieces[-1].kind is kind and self.pieces[-1].line == line
        gap = 0 if goes_on and not self._marker else self._gap(kind, level, depth, line)
        self.pieces.append(Piece(kind, source, language, level, depth, self._quotes, self._marker, gap, is_open, line))
        self._marker = ""

    def _gap(self, kind: Kind, level: int, depth: int, line: int) -> int:
        """Space above a piece, from what stands right above it, so that a text cut there looks the same."""
        if kind is Kind.HEADING:
            return 24 if level <= 2 else 16
        if not depth or kind in (Kind.CODE, Kind.TABLE):
            return 12
        before = self.pieces[-1] if self.pieces else self._before
        if before is None or not before.depth:
            is_led_in = before is not None and before.kind is Kind.PROSE and not before.quotes
            return 8 if is_led_in else 12
        is_apart = not self._lines[line - 1].strip() if line else self._after_blank
        return 8 if is_apart else 4


def _parts(source: str) -> list[str]:
    """A paragraph without end in parts that can be laid out one by one."""
    parts = []
    while len(source) > LONGEST_PROSE:
        cut = max(source.rfind("\n", 0, LONGEST_PROSE), source.rfind(". ", 0, LONGEST_PROSE) + 1) + 1
        cut = cut if cut > 1 else source.rfind(" ", 0, LONGEST_PROSE) + 1 or LONGEST_PROSE
        parts.append(source[:cut].rstrip())
        source = source[cut:]
    return [*parts, source]


def _table(rows: list[list[str]], styles: list[str]) -> str:
    signs = {"text-align:left": ":---", "text-align:right": "---:", "text-align:center": ":---:"}
    made = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    made.insert(1, "|" + "|".join(signs.get(style, "---") for style in styles) + "|")
    return "\n".join(made)
