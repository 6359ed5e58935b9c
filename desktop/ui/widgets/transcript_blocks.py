"""Which block a piece of a message becomes."""

from __future__ import annotations

from dataclasses import replace

from desktop.ui.widgets.markdown import Kind, Piece
from desktop.ui.widgets.safe_document import hostile
from desktop.ui.widgets.transcript_block import Block, Rule
from desktop.ui.widgets.transcript_code import Code
from desktop.ui.widgets.transcript_ink import Ink
from desktop.ui.widgets.transcript_prose import Prose
from desktop.ui.widgets.transcript_table import Table

SHORT = 300  # a text so short passes every bound
FENCE = "```"


def block_for(piece: Piece, ink: Ink, *, plain: bool = False) -> Block:
    if piece.kind is not Kind.CODE and len(piece.source) > SHORT and hostile(piece.source):
        return Code(replace(piece, kind=Kind.PLAIN), ink, frame=False)
    match piece.kind:
        case Kind.CODE:
            return Code(piece, ink)
        case Kind.PLAIN:
            return Code(piece, ink, frame=False)
        case Kind.TABLE:
            return Table(piece, ink)
        case Kind.RULE:
            return Rule(piece, ink)
    return Prose(piece, ink, plain=plain)


def as_typed(text: str, ink: Ink) -> list[Block]:
    """What the user wrote: as it was written, but fenced code as code."""
    blocks: list[Block] = []
    words: list[str] = []
    code: list[str] | None = None
    language = ""
    for line in text.split("\n"):
        if line.startswith(FENCE) and (code is None or not line.strip("` ")):
            if code is None:
                blocks += plain_blocks("\n".join(words).strip("\n"), ink)
                words, code, language = [], [], line.strip("` ")[:40]
            else:
                blocks.append(Code(Piece(Kind.CODE, "\n".join(code), language=language), ink))
                code = None
        elif code is not None:
            code.append(line)
        else:
            words.append(line)
    if code is not None:
        words = [f"{FENCE}{language}", *code]
    return blocks + plain_blocks("\n".join(words).strip("\n"), ink)


def plain_blocks(text: str, ink: Ink) -> list[Block]:
    """Text as it is; in lines that do not wrap where it is too hostile to be laid out."""
    if not text:
        return []
    if hostile(text):
        return [Code(Piece(Kind.PLAIN, text), ink, frame=False)]
    return [Prose(Piece(Kind.PROSE, text), ink, plain=True)]
