"""Rules that make subtitles readable: what breaks them, how it is mended, and text set anew from the times of words.

Lengths are characters, wide ones (Chinese, Japanese, Korean) counted as two; speeds such characters a second;
durations and gaps milliseconds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from math import ceil
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from desktop.core.ids import new_id
from desktop.core.subtitles.breaks import (
    Piece,
    closes_up,
    columns,
    ends_clause,
    ends_sentence,
    flat,
    harm,
    joined,
    pieces,
    together,
)
from desktop.core.subtitles.lines import Filling, counted, fitting, later
from desktop.core.subtitles.lines import wrap as wrap
from desktop.core.subtitles.words import pieces_of
from desktop.core.subtitles.words import words_of as words_of
from desktop.core.transcript import Segment, Transcript, Word


class Rules(Struct, frozen=True):
    """What a subtitle may be. The defaults are what broadcasters usually ask for."""

    line: Annotated[int, Meta(ge=10, le=200)] = 42
    lines: Annotated[int, Meta(ge=1, le=4)] = 2
    speed: Annotated[float, Meta(ge=5, le=60)] = 17.0
    shortest: Annotated[int, Meta(ge=0, le=10_000)] = 833
    longest: Annotated[int, Meta(ge=500, le=60_000)] = 7000
    gap: Annotated[int, Meta(ge=0, le=2000)] = 83

    @property
    def most(self) -> int:
        """Characters of one subtitle."""
        return self.line * self.lines


class Kind(StrEnum):
    LINE = "line"
    LINES = "lines"
    SPEED = "speed"
    SHORT = "short"
    LONG = "long"
    GAP = "gap"
    OVERLAP = "overlap"
    EMPTY = "empty"
    ORDER = "order"


class Breach(Struct, frozen=True):
    """One rule that a segment breaks, in words; `found` and `allowed` are in the rule's own unit."""

    segment: str
    kind: Kind
    found: float
    allowed: float

    @property
    def words(self) -> str:
        """A speed is rounded up: it must not look like the one that is allowed."""
        found, allowed = self.found, self.allowed
        match self.kind:
            case Kind.LINE:
                return f"A line of {found:.0f} characters; {allowed:.0f} at most"
            case Kind.LINES:
                return f"{found:.0f} lines; {allowed:.0f} at most"
            case Kind.SPEED:
                return f"{ceil(found * 10) / 10:.1f} characters a second; {allowed:g} at most"
            case Kind.SHORT:
                return f"Shown for {found:.0f} ms; {allowed:.0f} ms at least"
            case Kind.LONG:
                return f"Shown for {found:.0f} ms; {allowed:.0f} ms at most"
            case Kind.GAP:
                return f"{found:.0f} ms after the one before; {allowed:.0f} ms at least"
            case Kind.OVERLAP:
                return f"Begins {found:.0f} ms before the one before has ended"
            case Kind.ORDER:
                return "Ends before it begins"
            case _:
                return "Without words"


def check(transcript: Transcript, rules: Rules) -> tuple[Breach, ...]:
    """All that breaks the rules, in the order of the segments."""
    found: list[Breach] = []
    before: Segment | None = None
    for segment in transcript.segments:
        found += _breaches(segment, before, rules)
        before = segment
    return tuple(found)


def _breaches(segment: Segment, before: Segment | None, rules: Rules) -> Iterator[Breach]:
    lines, longest = counted(segment.text, rules.line)
    shown = segment.ends - segment.begins
    if not segment.text.strip():
        yield Breach(segment.id, Kind.EMPTY, 0, 0)
    if longest > rules.line:
        yield Breach(segment.id, Kind.LINE, longest, rules.line)
    if lines > rules.lines:
        yield Breach(segment.id, Kind.LINES, lines, rules.lines)
    if shown <= 0:
        yield Breach(segment.id, Kind.ORDER, shown, 0)
    else:
        if speed_of(segment) > rules.speed:
            yield Breach(segment.id, Kind.SPEED, speed_of(segment), rules.speed)
        if shown < rules.shortest:
            yield Breach(segment.id, Kind.SHORT, shown, rules.shortest)
        if shown > rules.longest:
            yield Breach(segment.id, Kind.LONG, shown, rules.longest)
    if before is not None:
        gap = segment.begins - before.ends
        if gap < 0:
            yield Breach(segment.id, Kind.OVERLAP, -gap, 0)
        elif gap < rules.gap:
            yield Breach(segment.id, Kind.GAP, gap, rules.gap)


def speed_of(segment: Segment) -> float:
    """Characters a second, line breaks not counted; 0 for what has no length."""
    shown = segment.ends - segment.begins
    return columns(flat(segment.text)) * 1000 / shown if shown > 0 else 0.0


def fix(transcript: Transcript, rules: Rules, only: Collection[str] | None = None) -> Transcript:
    """Mend what breaks the rules, as far as the recording has room: too long ones are split, too short ones merged
    or shown longer, gaps opened. `only` names the segments that may change; the words stay as they are."""
    segments: list[Segment] = []
    for segment in transcript.segments:
        if only is not None and segment.id not in only:
            segments.append(segment)
        elif not segment.text.strip():
            segments += [segment] if segment.second.strip() else []
        else:
            segments += _split(_upright(segment, rules), rules)
    spaced = _spaced(segments, rules, only, transcript.milliseconds)
    return replace(transcript, segments=tuple(spaced))


def _upright(segment: Segment, rules: Rules) -> Segment:
    return segment if segment.ends > segment.begins else replace(segment, ends=segment.begins + rules.shortest)


def _split(segment: Segment, rules: Rules) -> list[Segment]:
    """A segment that is too long for a subtitle, as several."""
    lines, _ = counted(segment.text, rules.line)
    shown = segment.ends - segment.begins
    if lines <= rules.lines and shown <= rules.longest:
        return [segment]
    said = fitting(pieces_of(segment), rules.line)
    return _set(said, rules, segment) if len(said) > 1 else [segment]


def reflow(transcript: Transcript, rules: Rules) -> Transcript:
    """All text set anew into subtitles that keep the rules, from the times of its words; speakers stay apart."""
    made: list[Segment] = []
    run: list[Segment] = []
    for segment in (*transcript.segments, None):
        starts_anew = run and (
            segment is None or segment.speaker != run[-1].speaker or segment.begins - run[-1].ends > 2000
        )
        if starts_anew:
            made += _set_anew(run, rules)
            run = []
        if segment is not None and segment.text.strip():
            run.append(segment)
        elif segment is not None and segment.second.strip():
            made += [*_set_anew(run, rules), segment]
            run = []
    return replace(transcript, segments=tuple(_spaced(made, rules, None, transcript.milliseconds)))


def _set_anew(run: Sequence[Segment], rules: Rules) -> list[Segment]:
    """Segments of one speaker as subtitles; only such as have times of all their words keep them."""
    if not run:
        return []
    doubt = 0
    for segment in run:
        doubt |= segment.doubt
    second = joined(each.second.strip() for each in run)
    words = run[0].words if all(each.words for each in run) else ()
    said: list[Piece] = []
    run_text = ""
    for segment in run:
        more = pieces_of(segment)
        is_close = not said or closes_up(run_text, segment.text)
        said += [later(more[0], "" if is_close else " "), *more[1:]]
        run_text = segment.text
    return _set(fitting(said, rules.line), rules, replace(run[0], second=second, words=words, doubt=doubt))


def _set(words: Sequence[Piece], rules: Rules, like: Segment) -> list[Segment]:
    """Pieces as subtitles: each as long as the rules let it be, ended rather after a sentence, a clause or a pause."""
    made: list[Segment] = []
    first = 0
    while first < len(words):
        last = _last_that_fits(words, first, rules)
        end = last if last == len(words) - 1 else _best_end(words, first, last)
        some = words[first : end + 1]
        segment = Segment(
            like.id if not made else new_id(),
            some[0].begins,
            max(some[-1].ends, some[0].begins + 1),
            "\n".join(wrap(together(some), rules.line)),
            speaker=like.speaker,
            words=tuple(Word(each.text, each.begins, each.ends) for each in some) if like.words else (),
            doubt=like.doubt,
        )
        made.append(segment)
        first = end + 1
    return _with_second(made, like.second)


def _with_second(segments: Sequence[Segment], second: str) -> list[Segment]:
    """The other language's words shared out among segments as their own words are."""
    words = pieces(second)
    whole = sum(len(each.text) for each in segments)
    made, at, through = [], 0, 0
    for each in segments:
        through += len(each.text)
        end = len(words) * through // whole if whole else len(words)
        made.append(replace(each, second=together(words[at:end])))
        at = end
    return made


def _last_that_fits(words: Sequence[Piece], first: int, rules: Rules) -> int:
    last, filling = first, Filling(rules.line)
    filling.add(words[first])
    for at in range(first + 1, len(words)):
        filling.add(words[at])
        is_long = words[at].ends - words[first].begins > rules.longest
        if is_long or filling.lines > rules.lines or words[at].begins - words[at - 1].ends > 1500:
            break
        last = at
    return last


def _best_end(words: Sequence[Piece], first: int, last: int) -> int:
    """Where to end: beyond the first third after a sentence, else a clause, else in a pause, else as late as can be;
    in writing without blanks where it harms least."""
    third = first + (last - first) // 3
    for is_end in (ends_sentence, ends_clause):
        for at in range(last, third - 1, -1):
            if is_end(words[at].text):
                return at
    pauses = [(words[at + 1].begins - words[at].ends, at) for at in range(third, last)]
    longest, at = max(pauses, default=(0, last))
    if longest >= 200:
        return at
    if words[last + 1].before == " ":
        return last
    late = range(last, first + (last - first) * 2 // 3 - 1, -1)
    return min(late, key=lambda at: harm(words[at].text, words[at + 1]))


def _spaced(
    segments: Sequence[Segment], rules: Rules, only: Collection[str] | None, milliseconds: int
) -> list[Segment]:
    """Shown long enough to be read where there is room after it, and ended before the next one begins."""
    made: list[Segment] = []
    segments = sorted(segments, key=lambda each: each.begins)
    for at, segment in enumerate(segments):
        if only is not None and segment.id not in only:
            made.append(segment)
            continue
        begins = max(segment.begins, made[-1].ends + rules.gap) if made else segment.begins
        begins = min(begins, max(segment.begins, segment.ends - 1))
        next_begins = segments[at + 1].begins if at + 1 < len(segments) else max(milliseconds, segment.ends) + rules.gap
        needed = max(rules.shortest, int(columns(flat(segment.text)) * 1000 / rules.speed) + 1)
        ends = max(segment.ends, begins + min(needed, rules.longest))
        ends = min(ends, begins + rules.longest) if segment.ends - begins <= rules.longest else segment.ends
        ends = max(min(ends, next_begins - rules.gap), begins + 1)
        made.append(replace(segment, begins=begins, ends=ends, text="\n".join(wrap(segment.text, rules.line))))
    return sorted(made, key=lambda each: each.begins)
