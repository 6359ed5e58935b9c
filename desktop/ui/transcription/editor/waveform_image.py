"""The waveform with its segments as a picture of pixels: one pass of numpy, however many segments there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtGui import QColor, QImage

from desktop.ui import theme
from desktop.ui.transcription.editor.ink import ink
from desktop.ui.transcription.editor.pyramid import Piece, Pyramid
from desktop.ui.transcription.editor.time_scale import DOTS_FROM, TimeScale

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint32]

LABELS = 20  # pixels at the top of a segment for its words
STRIP = 2  # of them, in the speaker's full colour
TINT, LABEL_TINT, OUTSIDE = 0.12, 0.24, 0.6
LEAST_SEEN = 0.004  # of full height: silence is a line
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


def drawn(source: Pyramid | Piece, bands: Bands, time: TimeScale, height: int, gain: float, colors: Palette) -> QImage:
    """What `time` has in view, `height` pixels high, values drawn `gain` times as high: segments as bands whose upper
    part has room for their words, the wave in the lower part."""
    width, look = time.width, ink()
    lows, highs = source.columns(time.begins, time.scale, width)
    if isinstance(source, Piece) and time.scale <= DOTS_FROM:
        lows = highs = np.zeros_like(lows)  # the samples are drawn each by itself, over the line of silence
    kind = bands.of((time.begins + np.arange(width) * time.scale).astype(np.float64), time.scale)
    is_inside, known = kind >= 0, np.maximum(kind, 0)
    top = look.px(LABELS)
    middle, half = (height + top) / 2, ((height - top) / 2 - 2) * gain
    tops = (middle - np.maximum(highs, LEAST_SEEN / gain) * half).astype(np.int16)
    bottoms = (middle - np.minimum(lows, -LEAST_SEEN / gain) * half).astype(np.int16)
    rows = np.arange(height, dtype=np.int16)[:, None]
    is_wave = (rows >= tops) & (rows <= bottoms)
    back = np.where(is_inside, colors.tints[known], colors.ground).astype(np.uint32)
    front = np.where(is_inside, colors.full[known], colors.wave).astype(np.uint32)
    pixels: Pixels = np.where(is_wave, front, back)
    pixels[:top] = np.where(is_inside, colors.labels[known], colors.ground)
    pixels[: look.px(STRIP)] = np.where(is_inside, colors.full[known], colors.ground)
    pixels = np.ascontiguousarray(pixels)
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)
    image.pixels = pixels  # type: ignore[attr-defined]  # the picture shows this memory and does not own it
    return image


def color_of(number: int) -> QColor:
    """The colour of a speaker; of nobody, where the number is below 0."""
    return ink().color(f"chart_{number % COLORS + 1}" if number >= 0 else "chart_other")


class Palette(NamedTuple):
    """`tints`, `labels` and `full` have a colour for nobody and each speaker; `wave` is that outside of segments."""

    ground: np.uint32
    tints: Pixels
    labels: Pixels
    full: Pixels
    wave: np.uint32


def palette() -> Palette:
    look = theme.current()
    ground = look.color("card")
    colors = [look.color("chart_other"), *(look.color(f"chart_{n + 1}") for n in range(COLORS))]
    return Palette(
        np.uint32(ground.rgb()),
        np.array([_mixed(ground, color, TINT).rgb() for color in colors], np.uint32),
        np.array([_mixed(ground, color, LABEL_TINT).rgb() for color in colors], np.uint32),
        np.array([color.rgb() for color in colors], np.uint32),
        np.uint32(_mixed(ground, look.color("edge"), OUTSIDE).rgb()),
    )


def _mixed(ground: QColor, color: QColor, share: float) -> QColor:
    return QColor.fromRgbF(
        ground.redF() + (color.redF() - ground.redF()) * share,
        ground.greenF() + (color.greenF() - ground.greenF()) * share,
        ground.blueF() + (color.blueF() - ground.blueF()) * share,
    )
