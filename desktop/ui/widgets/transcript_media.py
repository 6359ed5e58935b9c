"""Pictures and sound among a message's blocks: their place is known before anything of them is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPainterPath, QPen

from desktop.core.conversation import Attachment, Audio, Picture
from desktop.core.text import visible
from desktop.ui.widgets.markdown import Kind, Piece
from desktop.ui.widgets.transcript_block import Block, Marks
from desktop.ui.widgets.transcript_ink import Ink

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

Kept = Picture | Audio | Attachment

MOST_PICTURES = 20
"""In one message; the others are there by their names."""
TALLEST = 480
UNKNOWN = QSize(320, 240)
"""The place of a picture whose size is not known yet."""
PLAYER_HEIGHT = 56


class Thumbnails(Protocol):
    """Where pictures come from; nothing here waits for them."""

    def size(self, blob: str) -> QSize | None:
        """Of the picture itself in its own pixels; None while it is not known."""

    def problem(self, blob: str) -> str:
        """Why a picture is not shown; empty where it is, or may be."""

    def image(self, blob: str, box: QSize) -> QImage | None:
        """The picture, as it fills a box of so many device pixels; None where it is on its way."""


class MakePlayer(Protocol):
    """Makes the widget that plays a sound."""

    def __call__(self, sound: Audio, parent: QWidget) -> QWidget: ...


@dataclass(frozen=True, slots=True)
class Media:
    """What a transcript needs to show pictures and play sound; without it both are there by their names."""

    pictures: Thumbnails
    make_player: MakePlayer


class PictureBlock(Block):
    """A kept picture, scaled down to the column and to a bounded height."""

    def __init__(self, picture: Picture, ink: Ink, pictures: Thumbnails) -> None:
        self.name = visible(picture.name) or "Picture"
        super().__init__(Piece(Kind.PROSE, self.name, gap=8), ink)
        self.kept = self.picture = picture
        self._pictures = pictures
        self.is_sized = False
        self._box = QSize()

    def guess(self, width: float) -> float:
        return float(self._sized(width).height())

    def prepare(self, width: float) -> None:
        self._box = self._sized(width)
        self.height, self.is_exact = float(self._box.height()), True

    def _sized(self, width: float) -> QSize:
        """The place it takes; a picture is never drawn larger than it is."""
        if self._pictures.problem(self.picture.blob):
            return QSize(int(width), self.ink.px(32))
        size = self._pictures.size(self.picture.blob)
        self.is_sized = size is not None
        shown = QSize(self.ink.px(UNKNOWN.width()), self.ink.px(UNKNOWN.height())) if size is None else QSize(size)
        room = QSize(max(1, int(width)), self.ink.px(TALLEST))
        if shown.width() > room.width() or shown.height() > room.height():
            shown.scale(room, Qt.AspectRatioMode.KeepAspectRatio)
        return shown.expandedTo(QSize(1, 1))

    def is_at(self, x: float, y: float) -> bool:
        """Is a point on the picture, and not beside it?"""
        return x <= self._box.width() and not self._pictures.problem(self.picture.blob)

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        ink, frame = self.ink, QRectF(0, 0, self._box.width(), self._box.height())
        if problem := self._pictures.problem(self.picture.blob):
            paint_chip(painter, ink, f"{self.name} · {problem}", frame.width())
            return
        ratio = painter.device().devicePixelRatioF()
        image = self._pictures.image(self.picture.blob, self._box * ratio)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        radius = min(ink.theme.radius("control"), frame.height() / 4)
        outline = QPainterPath()
        outline.addRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        if image is None:
            painter.fillPath(outline, ink.color["panel"])
            self._paint_name(painter, frame)
        else:
            painter.save()
            painter.setClipPath(outline, Qt.ClipOperation.IntersectClip)
            painter.fillRect(frame, ink.color["card"])  # behind what is transparent
            painter.drawImage(frame, image)
            painter.restore()
        if marks.selection is not None:
            veil = ink.color["accent"].toRgb()
            veil.setAlpha(72)
            painter.fillPath(outline, veil)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink.color["line"], ink.theme.hair))
        painter.drawPath(outline)

    def _paint_name(self, painter: QPainter, frame: QRectF) -> None:
        ink = self.ink
        painter.setFont(ink.caption)
        painter.setPen(ink.color["muted"])
        room = frame.width() - ink.px(24)
        words = QFontMetricsF(ink.caption).elidedText(self.name, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, words)

    @property
    def length(self) -> int:
        return len(self.piece.source)

    def hit(self, x: float, y: float) -> int:
        return self.length if x > self._box.width() / 2 else 0

    def text(self, start: int = 0, end: int | None = None) -> str:
        return self.piece.source[start:end]


class SoundBlock(Block):
    """Room for a player; the view puts the widget there while it is in view."""

    def __init__(self, sound: Audio, ink: Ink) -> None:
        self.name = visible(sound.name) or "Recording"
        super().__init__(Piece(Kind.PROSE, self.name, gap=8), ink)
        self.kept = self.sound = sound

    def guess(self, width: float) -> float:
        return float(self.ink.px(PLAYER_HEIGHT))

    def prepare(self, width: float) -> None:
        self.height, self.is_exact = self.guess(width), True

    @property
    def length(self) -> int:
        return len(self.piece.source)

    def text(self, start: int = 0, end: int | None = None) -> str:
        return self.piece.source[start:end]


class Chip(Block):
    """An attachment by its name; nothing of it is decoded here."""

    def __init__(self, kept: Kept, ink: Ink) -> None:
        name = kept.name or ("Picture" if isinstance(kept, Picture) else "Recording")
        super().__init__(Piece(Kind.PROSE, visible(name), gap=8), ink)
        self.kept = kept

    def guess(self, width: float) -> float:
        return float(self.ink.px(32))

    def prepare(self, width: float) -> None:
        self.height, self.is_exact = self.guess(width), True
        self._width = width

    def paint(self, painter: QPainter, clip: QRectF, marks: Marks) -> None:
        paint_chip(painter, self.ink, self.piece.source, self._width)

    @property
    def length(self) -> int:
        return len(self.piece.source)

    def text(self, start: int = 0, end: int | None = None) -> str:
        return self.piece.source[start:end]


def paint_chip(painter: QPainter, ink: Ink, said: str, width: float) -> None:
    """A name in a small frame, as wide as it needs and no wider than `width`."""
    metrics = QFontMetricsF(ink.body)
    words = metrics.elidedText(said, Qt.TextElideMode.ElideMiddle, width - ink.px(24))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink.color["line"], ink.theme.hair))
    painter.setBrush(ink.color["panel"])
    box = QRectF(0.5, 0.5, metrics.horizontalAdvance(words) + ink.px(24), ink.px(32) - 1)
    painter.drawRoundedRect(box, ink.theme.radius("control"), ink.theme.radius("control"))
    painter.setPen(ink.color["text"])
    painter.setFont(ink.body)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
