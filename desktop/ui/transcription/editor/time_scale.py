"""Which part of a recording is in view, and how close: moments to pixels and back. Times in milliseconds."""

from __future__ import annotations

from desktop.ui.transcription.editor.pyramid import RATE

CLOSEST = 1000 / RATE / 24  # milliseconds a pixel: a sample every 24 pixels
DOTS_FROM = 1000 / RATE / 4  # milliseconds a pixel from which single samples are told
LEAD = 0.2  # how much of the view is left before what is brought into it


class TimeScale:
    """`begins` is the moment at the left, `scale` milliseconds a pixel, `width` pixels, `length` of the recording.

    `is_whole`: all of it is in view, and stays so when the width changes.
    """

    def __init__(self) -> None:
        self.begins, self.scale = 0.0, 10.0
        self.length, self.width = 0, 1
        self.is_whole = True

    @property
    def span(self) -> float:
        """Milliseconds that are in view."""
        return self.scale * self.width

    @property
    def ends(self) -> float:
        return self.begins + self.span

    @property
    def _farthest(self) -> float:
        return max(self.length / self.width, CLOSEST)

    def x_of(self, moment: float) -> float:
        return (moment - self.begins) / self.scale

    def moment_of(self, x: float) -> int:
        """Of a pixel, within the recording."""
        return round(min(max(0.0, self.begins + x * self.scale), float(self.length)))

    def resize(self, width: int) -> None:
        self.width = max(1, width)
        if self.is_whole:
            self.show_all()
        else:
            self.begin_at(self.begins)

    def begin_at(self, begins: float) -> None:
        """Pan, as far as the recording goes."""
        self.begins = min(max(0.0, begins), max(0.0, self.length - self.span))

    def zoom(self, factor: float, x: float) -> None:
        """Closer (above 1) or farther; the moment at `x` stays where it is."""
        moment = self.begins + x * self.scale
        self.scale = min(max(self.scale / factor, CLOSEST), self._farthest)
        self.is_whole = self.scale >= self._farthest
        self.begin_at(moment - x * self.scale)

    def show_all(self) -> None:
        self.scale, self.is_whole = self._farthest, True
        self.begin_at(0)

    def show_span(self, begins: float, ends: float) -> None:
        """Zoom so that a stretch fills the view."""
        self.scale = min(max((ends - begins) / self.width, CLOSEST), self._farthest)
        self.is_whole = False
        self.begin_at(begins)

    def bring_in(self, begins: float, ends: float) -> bool:
        """Pan as little as needed for a stretch to be seen; whether that was needed."""
        if begins >= self.begins and ends <= self.ends:
            return False
        room = max(0.0, self.span - (ends - begins)) / 2
        self.begin_at(begins - min(room, self.span * LEAD))
        return True
