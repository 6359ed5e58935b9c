"""The editor's words for times, doubts and counts."""

from __future__ import annotations

from desktop.core.transcript import Doubt

DOUBTS = {
    Doubt.APPROXIMATE: ("clock", "Times approximate"),
    Doubt.INVENTED: ("warning", "Perhaps invented: nobody speaks here"),
    Doubt.UNSURE: ("info", "The model was unsure"),
}


def clock(milliseconds: float, digits: int = 1) -> str:
    """ "0:07.2", "1:02:05.2": `digits` of a second, cut off as players do."""
    whole = max(0, int(milliseconds))
    seconds, rest = divmod(whole, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest:03}"[: digits + 1] if digits else ""
    return f"{hours}:{minutes:02}:{seconds:02}{fraction}" if hours else f"{minutes}:{seconds:02}{fraction}"


def doubts(found: int, besides: int = 0) -> list[tuple[str, str]]:
    """Icon and words of each doubt of a segment, but for those that are told elsewhere."""
    return [told for doubt, told in DOUBTS.items() if found & doubt & ~besides]


def many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"
