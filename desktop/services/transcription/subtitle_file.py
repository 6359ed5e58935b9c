"""A transcript that is there already: subtitles of any program, or our own JSON."""

from __future__ import annotations

from pathlib import Path

from desktop.core.errors import BadFile, BadInput
from desktop.core.subtitles import reading
from desktop.core.transcript import Transcript
from desktop.services.transcription import export


def transcript_of(path: Path) -> Transcript:
    """Raises BadFile where it cannot be read, BadInput where there is no transcript in it. Blocking."""
    try:
        if path.stat().st_size > reading.MOST_BYTES:
            raise BadInput("This file is too large for subtitles.", "Choose an SRT, WebVTT, ASS, TTML or JSON file.")
        content = path.read_bytes()
    except OSError as error:
        raise BadFile(f"“{path.name}” cannot be read.", "Choose another file.") from error
    if path.suffix.lower() == ".json":
        return export.read_json(content)[1]
    return reading.read(reading.decoded(content))
