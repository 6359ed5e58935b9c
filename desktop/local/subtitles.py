"""Segments of speech as subtitle files."""

from __future__ import annotations

from collections.abc import Iterable

from desktop.local.generation import Json


def srt(segments: Iterable[Json]) -> str:
    return "".join(
        f"{number}\n{_clock(s['start'], ',')} --> {_clock(s['end'], ',')}\n{s['text'].strip()}\n\n"
        for number, s in enumerate(segments, 1)
    )


def vtt(segments: Iterable[Json]) -> str:
    cues = "".join(f"{_clock(s['start'], '.')} --> {_clock(s['end'], '.')}\n{s['text'].strip()}\n\n" for s in segments)
    return f"WEBVTT\n\n{cues}"


def _clock(seconds: float, point: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{thousandths:03}"
