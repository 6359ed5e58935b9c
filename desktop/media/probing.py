"""What a sound or video file holds, found out before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from desktop.core.errors import BadFile
from desktop.core.transcript import Sound

_PROTECTED = {"drms", "enca", "aavd"}
"""Codec tags of files that are sold with a lock."""


def probe(path: Path, tell: Callable[[], None] = lambda: None) -> Sound:
    """Raises BadFile with the reason where a file cannot be heard. Blocking; reads the head of the file, and all of
    it only where it does not say how long it is: `tell` is called meanwhile and may raise to end it."""
    import av  # slow to import

    try:
        with av.open(str(path), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise BadFile("This file has no sound in it.", "Choose a recording or a video with sound.")
            stream = container.streams.audio[0]
            context = stream.codec_context
            tag = getattr(context, "codec_tag", "") or ""
            if tag.lower() in _PROTECTED:
                raise BadFile("This file is protected against copying.", "Only its owner's player can open it.")
            seconds = _seconds(container, stream)
            found = Sound(
                seconds=seconds if seconds is not None else _counted(path, tell),
                channels=context.channels or 1,
                rate=context.sample_rate or 0,
                codec=context.name,
                container=container.format.name,
                has_video=any(video.codec_context.name not in ("mjpeg", "png") for video in container.streams.video),
            )
    except (av.FFmpegError, ValueError, IndexError, OSError) as error:
        if isinstance(error, BadFile):
            raise
        raise BadFile("This file cannot be read as sound.", "Choose a recording or a video.") from error
    if found.seconds <= 0:
        raise BadFile("This file has no sound in it.", "Choose a recording or a video with sound.")
    return found


def _seconds(container: object, stream: object) -> float | None:
    duration, base = getattr(stream, "duration", None), getattr(stream, "time_base", None)
    if duration and base:
        return float(duration * base)
    whole = getattr(container, "duration", None)
    return whole / 1_000_000 if whole else None


def _counted(path: Path, tell: Callable[[], None]) -> float:
    """Of a file that does not say its length, such as a stream that was saved: its packets are counted."""
    import av

    with av.open(str(path), mode="r", metadata_errors="ignore") as container:
        stream = container.streams.audio[0]
        base = float(stream.time_base or 0)
        latest = 0.0
        for packet in container.demux(stream):
            tell()
            latest = max(latest, ((packet.pts or 0) + (packet.duration or 0)) * base)
        return latest
