"""The waveform with its segments as a picture of pixels: one pass of numpy, however many segments there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QImage

from desktop.ui import theme
from desktop.ui.transcription.editor.pyramid import Piece, Pyramid

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint32]
    Palette = tuple[np.uint32, Pixels, Pixels, np.uint32]

STRIP = 3
TINT = 0.16
COLORS = 8


class Bands:
    """Where segments lie and whose they are, as arrays. `colors` counts from 1; 0 is nobody's."""

    def __init__(self, begins: list[int], ends: list[int], colors: list[int]) -> None:
        self.begins, self.ends = np.array(begins, np.int64), np.array(ends, np.int64)
        self.colors = np.array([color % COLORS + 1 if color >= 0 else 0 for color in colors], np.intp)

    def of(self, moments: npt.NDArray[np.float64], width: float) -> npt.NDArray[np.intp]:
        """For each column from its moment on: the number of its colour, -1 where no segment is."""
        if not self.begins.size:
            return np.full(moments.size, -1, np.intp)
        at = np.searchsorted(self.begins, moments + width, "left") - 1
        known = np.maximum(at, 0)
        inside = (at >= 0) & (moments < self.ends[known])
        return np.where(inside, self.colors[known], -1)


def drawn(
    source: Pyramid | Piece,
    bands: Bands,
    begins: float,
    scale: float,
    width: int,
    height: int,
    gain: float,
    colors: Palette,
) -> QImage:
    """`width` x `height` pixels from `begins` on, `scale` milliseconds a pixel, values `gain` times as high."""
    ground, tinted, solid, wave = colors
    lows, highs = source.columns(begins, scale, width)
    kind = bands.of((begins + np.arange(width) * scale).astype(np.float64), scale)
    middle = (height + STRIP) / 2
    half = ((height - STRIP) / 2 - 2) * gain
    tops = (middle - np.maximum(highs, 0.004 / gain) * half).astype(np.int16)
    bottoms = (middle - np.minimum(lows, -0.004 / gain) * half).astype(np.int16)
    rows = np.arange(height, dtype=np.int16)[:, None]
    is_wave = (rows >= tops) & (rows <= bottoms)
    back = np.where(kind >= 0, tinted[np.maximum(kind, 0)], ground).astype(np.uint32)
    front = np.where(kind >= 0, solid[np.maximum(kind, 0)], wave).astype(np.uint32)
    pixels: Pixels = np.where(is_wave, front, back)
    pixels[:STRIP] = np.where(kind >= 0, solid[np.maximum(kind, 0)], ground)
    pixels = np.ascontiguousarray(pixels)
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
    image.pixels = pixels  # type: ignore[attr-defined]  # the picture shows this memory and does not own it
    return image


def color_of(number: int) -> QColor:
    """The colour of a speaker; of nobody, where the number is below 0."""
    return theme.current().color(f"chart_{number % COLORS + 1}" if number >= 0 else "chart_other")


def palette() -> Palette:
    """Ground, and for nobody and each speaker the tint of the ground and the full colour; the wave outside."""
    look = theme.current()
    ground = look.color("card")
    colors = [look.color("chart_other"), *(look.color(f"chart_{n + 1}") for n in range(COLORS))]
    tints = [_mixed(ground, color, TINT) for color in colors]
    return (
        np.uint32(ground.rgb()),
        np.array([tint.rgb() for tint in tints], np.uint32),
        np.array([color.rgb() for color in colors], np.uint32),
        np.uint32(look.color("edge").rgb()),
    )


def _mixed(ground: QColor, color: QColor, share: float) -> QColor:
    return QColor.fromRgbF(
        ground.redF() + (color.redF() - ground.redF()) * share,
        ground.greenF() + (color.greenF() - ground.greenF()) * share,
        ground.blueF() + (color.blueF() - ground.blueF()) * share,
    )
