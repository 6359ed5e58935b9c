"""What may be handed to the player: bytes that begin like a recording. A playlist could name files and hosts."""

from __future__ import annotations

from pathlib import Path

from desktop.core.errors import BadFile

SOUNDS = (b"ID3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3")
SOUNDS_IN_FILES = (b"FORM", b"caff", b"\x30\x26\xb2\x75", b"#!AMR", b"\x00\x00\x01\xba", b"ADIF", b"RIFF")


def is_sound(content: bytes) -> bool:
    """Whether bytes begin like a recording, whatever their name says."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return True
    is_mpeg = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0
    return is_mpeg or content[4:8] == b"ftyp" or content.startswith(SOUNDS)


def check_playable(path: Path) -> None:
    """Raises BadFile for what is gone or does not begin like sound, or a video that has some. Blocking."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise BadFile("The recording is not where it was.", "Find the file.") from error
    if not (is_sound(head) or head.startswith(SOUNDS_IN_FILES)):
        raise BadFile("This recording is of a kind that cannot be played here.", "All but playing works.")
