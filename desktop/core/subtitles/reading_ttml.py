"""TTML and its profiles (IMSC, SMPTE-TT, EBU-TT) read as a stream of tags: nothing is looked up, nothing expanded."""

from __future__ import annotations

import re
from xml.parsers import expat

from desktop.core.errors import BadInput
from desktop.core.subtitles import times
from desktop.core.subtitles.cues import Cues, unreadable_times

_ROOT = re.compile(r"\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,4000}?-->\s*)*<(?:\w{1,20}:)?tt[\s>]", re.DOTALL)
_DECLARED = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_OFFSET = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)(h|ms|m|s|f|t)")
_FRAMES = re.compile(r"(\d{1,4}:\d{1,2}:\d{1,2}):(\d{1,4})")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
MOST_DEEP = 200


def looks_like(text: str) -> bool:
    return _ROOT.match(text[:20_000]) is not None


def read(text: str, cues: Cues) -> None:
    """Raises BadInput for what is no XML, and for times that cannot be read."""
    try:
        _Reading(cues).parse(_DECLARED.sub("", text))
    except expat.ExpatError as error:
        raise BadInput(
            f"This file is damaged in line {error.lineno}.", "Export it again with the program it came from."
        ) from error


class _Reading:
    """`_begins` holds, for each open tag, from when its content's times count; `_open` is the depth of the tag whose
    words are taken just now, 0 outside of one."""

    def __init__(self, cues: Cues) -> None:
        self._cues = cues
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._words
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._begins = [0]
        self._frames = self._ticks = 0.0
        self._open = 0
        self._said: list[str] = []
        self._span = (0, 0)
        self._agent = self._named = ""
        self._names: dict[str, str] = {}
        self._is_name = False

    def parse(self, text: str) -> None:
        self._parser.Parse(text.encode("utf-8", "replace"), True)

    def _refuse(self, *_: object) -> None:
        raise BadInput("This file declares names of its own, which no subtitles need.", "Save it without a DOCTYPE.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = _local(tag)
        known = {_local(key): value for key, value in attributes.items()}
        if len(self._begins) > MOST_DEEP:
            raise BadInput("This file is nested too deeply for subtitles.")
        if name == "tt":
            self._rates(known)
        before = self._begins[-1]
        begins = before + self._time(known["begin"]) if "begin" in known else before
        self._begins.append(begins)
        if name == "agent":
            self._named = known.get("id", "")
        elif name == "name":
            self._is_name = True
        elif name == "br" and self._open:
            self._said.append("\n")
        elif name in ("p", "span") and not self._open and ("end" in known or "dur" in known):
            ends = before + self._time(known["end"]) if "end" in known else begins + self._time(known["dur"])
            self._span, self._agent, self._said = (begins, ends), known.get("agent", ""), []
            self._open = len(self._begins)

    def _end(self, tag: str) -> None:
        if self._open == len(self._begins):
            words = "".join(self._said)
            text = "\n".join(" ".join(line.split()) for line in words.split("\n")).strip()
            self._cues.add(*self._span, text, self._names.get(self._agent, ""))
            self._open = 0
        self._is_name = False
        self._begins.pop()

    def _words(self, words: str) -> None:
        if self._is_name:
            self._names[self._named] = self._names.get(self._named, "") + words[:1000]
        elif self._open:
            self._said.append(words.replace("\n", " "))

    def _rates(self, root: dict[str, str]) -> None:
        self._cues.language = root.get("lang", "")[:40]
        numerator, _, denominator = root.get("frameRateMultiplier", "1 1").replace(":", " ").partition(" ")
        self._frames = _number(root.get("frameRate", ""), 30) * _number(numerator, 1) / _number(denominator, 1)
        self._ticks = _number(root.get("tickRate", ""), self._frames)

    def _time(self, text: str) -> int:
        """Milliseconds of a clock, a clock with frames, or a length such as "12.5s"."""
        text = text.strip()
        if found := _OFFSET.fullmatch(text):
            seconds = _SECONDS.get(found[2]) or 1 / (self._frames if found[2] == "f" else self._ticks)
            return min(round(float(found[1]) * seconds * 1000), 10**12)
        if found := _FRAMES.fullmatch(text):
            whole = times.read(f"{found[1]}.0")
            made = None if whole is None else whole + round(int(found[2]) * 1000 / self._frames)
        else:
            made = times.read(text)
        if made is None:
            raise unreadable_times(self._parser.CurrentLineNumber)
        return made


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _number(text: str, usual: float) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else usual
