"""The parts of a message as sections of its row."""

from __future__ import annotations

from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Part,
    Picture,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from desktop.core.text import visible
from desktop.ui.widgets.markdown import Kind, Piece
from desktop.ui.widgets.transcript_block import Block
from desktop.ui.widgets.transcript_blocks import as_typed, plain_blocks
from desktop.ui.widgets.transcript_code import Code
from desktop.ui.widgets.transcript_fold import Fold
from desktop.ui.widgets.transcript_ink import Ink
from desktop.ui.widgets.transcript_media import MOST_PICTURES, Chip, Media, PictureBlock, SoundBlock
from desktop.ui.widgets.transcript_section import Section
from desktop.ui.widgets.transcript_words import thought

LONGEST_NAME = 80
"""Characters of the name of a tool."""


class Parts:
    """Makes sections for one message. Without `media`, pictures and sounds are there by their names."""

    def __init__(self, message: Message, ink: Ink, media: Media | None, folds: frozenset[str]) -> None:
        self._message, self._ink, self._media, self._folds = message, ink, media, folds
        self._pictures = 0

    def sections(self) -> list[Section]:
        return [self._section(part) for part in self._message.parts]

    def begun(self, kind: str, seconds: float = 0.0) -> Section:
        """An empty section that text is going to be added to."""
        fold = None
        if kind == "reasoning":
            fold = Fold(thought(self._message, seconds), self._ink, is_open="reasoning" not in self._folds)
        return Section(kind, self._ink, fold=fold)

    def _section(self, part: Part) -> Section:
        match part:
            case Text() if self._message.role is Role.ASSISTANT:
                return self._growing("text", part.text)
            case Text():
                return Section("plain", self._ink, blocks=as_typed(part.text, self._ink))
            case Reasoning():
                return self._growing("reasoning", part.text, part.seconds)
            case Refusal():
                return self._growing("refusal", part.text)
            case Picture() | Audio() | Attachment():
                return self._of(*self._kept(part))
            case ToolCall():
                return self._called(part)
            case ToolResult():
                words = Piece(Kind.CODE, part.text, language="error" if part.is_error else "result")
                return self._of(Code(words, self._ink))

    def _growing(self, kind: str, text: str, seconds: float = 0.0) -> Section:
        made = self.begun(kind, seconds)
        made.add(text)
        return made

    def _of(self, *blocks: Block, fold: Fold | None = None) -> Section:
        return Section("other", self._ink, blocks=blocks, fold=fold)

    def _kept(self, part: Picture | Audio | Attachment) -> list[Block]:
        ink, media = self._ink, self._media
        if isinstance(part, Picture) and media is not None and self._pictures < MOST_PICTURES:
            self._pictures += 1
            return [PictureBlock(part, ink, media.pictures)]
        if isinstance(part, Audio) and media is not None:
            return [SoundBlock(part, ink), *plain_blocks(part.transcript.strip(), ink)]
        return [Chip(part, ink)]

    def _called(self, call: ToolCall) -> Section:
        words = Piece(Kind.CODE, call.arguments, language=visible(f"call {call.name}")[:LONGEST_NAME])
        fold = Fold(visible(f"Called {call.name}")[:LONGEST_NAME], self._ink) if "tool" in self._folds else None
        return self._of(Code(words, self._ink), fold=fold)
