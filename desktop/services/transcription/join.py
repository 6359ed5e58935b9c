"""Parts of a recording, each heard by itself, as one transcript."""

from __future__ import annotations

import bisect
import re
from collections.abc import Container, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from msgspec.structs import replace

from desktop.api.audio import TranscriptionReply
from desktop.core.subtitles.breaks import Piece as Said
from desktop.core.subtitles.breaks import is_unspaced, together
from desktop.core.subtitles.words import pieces_of
from desktop.core.transcript import Segment, Speaker, Transcript, Word
from desktop.services.transcription.plan import Piece
from desktop.services.transcription.times import Spoken, bare, segments_of

COMMON = 2  # words in a row that two parts must share to be joined by them
MOST = 400  # pieces of an overlap: far more than anybody says in it
AROUND_MS = 3_000  # how far beyond an overlap its words may be looked for: times are not exact

_VOICE = re.compile(r"Voice (.+) of part (\d{1,12})", re.DOTALL)

Heard = tuple[Piece, TranscriptionReply]


def join(
    parts: Sequence[Heard],
    heard: Mapping[int | None, Spoken],
    milliseconds: int,
    model: str,
    *,
    names: Container[str] = (),
    of: Sequence[int] = (),
) -> Transcript:
    """One transcript of all parts that are there. `heard` is what is spoken on each channel, None for all mixed;
    `of` are the numbers of all parts, those that are missing too.

    Parts of several channels are merged by time, each channel a speaker. A label of a model that tells speakers apart
    holds for its part alone, unless the model was given that voice: `names` the user's, or one of `voice_name`.
    """
    sides = sorted({piece.channel for piece, _ in parts}, key=lambda side: -1 if side is None else side)
    segments: list[Segment] = []
    speakers: list[Speaker] = []
    for side in sides:
        some = sorted((part for part in parts if part[0].channel == side), key=lambda part: part[0].begins)
        found = _one_after_another(some, heard[side], names)
        if side is not None and len(sides) > 1:
            speaker = Speaker(f"channel-{side + 1}", ("Left", "Right")[side], side)
            speakers.append(speaker)
            found = [replace(segment, speaker=speaker.id) for segment in found]
        segments += found
    segments.sort(key=lambda segment: segment.begins)
    if not speakers:
        segments, speakers = _with_speakers(segments, of or sorted(piece.number for piece, _ in parts))
    language = next((said for _, reply in parts if (said := language_of(reply))), "")
    return Transcript(tuple(segments), tuple(speakers), milliseconds, language, model=model)


def language_of(reply: TranscriptionReply) -> str:
    """What a model heard, as it says it: a word or a code."""
    if reply.language:
        return reply.language
    first: Any = reply.languages[0] if reply.languages else ""
    if isinstance(first, dict):
        return str(first.get("code") or first.get("language") or "")[:40]
    return first if isinstance(first, str) else ""


def _one_after_another(parts: Sequence[Heard], heard: Spoken, names: Container[str]) -> list[Segment]:
    made: list[Segment] = []
    for piece, reply in parts:
        found = [_labelled(each, piece.number, names) for each in segments_of(reply, piece.begins, piece.ends, heard)]
        if piece.overlap and made and found:
            made, found = merged(made, found, piece.begins, piece.begins + piece.overlap)
        made += found
    return _in_order(made)


def merged(
    before: Sequence[Segment], after: Sequence[Segment], begins: int, ends: int
) -> tuple[list[Segment], list[Segment]]:
    """Two parts that both heard the time from `begins` to `ends`, each cut where the other goes on: after the longest
    run of words that they have in common, or in the middle where they have none."""
    first = [word for segment in before for word in pieces_of(segment)]
    second = [word for segment in after for word in pieces_of(segment)]
    low, high = begins - AROUND_MS, ends + AROUND_MS
    start = max(next((n for n, word in enumerate(first) if word.ends > low), len(first)), len(first) - MOST)
    until = min(next((n for n, word in enumerate(second) if word.begins >= high), len(second)), MOST)
    ours, theirs = [bare(word.text) for word in first[start:]], [bare(word.text) for word in second[:until]]
    run = SequenceMatcher(None, ours, theirs, autojunk=False).find_longest_match()
    if _words_in(ours[run.a : run.a + run.size]) >= COMMON:
        kept = _first_words(before, start + run.a + run.size)
        last = second[run.b + run.size - 1].text  # with its sign as where the talk goes on, not as where it was cut
        kept[-1] = _with_last(kept[-1], last)
        return kept, _without_words(after, run.b + run.size)
    middle = (begins + ends) // 2
    keep = sum((word.begins + word.ends) // 2 < middle for word in first)
    drop = sum((word.begins + word.ends) // 2 < middle for word in second)
    return _first_words(before, keep), _without_words(after, drop)


def _first_words(segments: Sequence[Segment], count: int) -> list[Segment]:
    made = []
    for segment in segments:
        words = pieces_of(segment)
        if count >= len(words):
            made.append(segment)
        elif count > 0:
            made.append(_of(segment, words[:count], segment.begins, words[count - 1].ends))
        count -= len(words)
        if count < 0:
            break
    return made


def _without_words(segments: Sequence[Segment], count: int) -> list[Segment]:
    made = []
    for segment in segments:
        words = pieces_of(segment)
        if count <= 0:
            made.append(segment)
        elif count < len(words):
            made.append(_of(segment, words[count:], words[count].begins, segment.ends))
        count -= len(words)
    return made


def _of(segment: Segment, some: Sequence[Said], begins: int, ends: int) -> Segment:
    words = tuple(Word(piece.text, piece.begins, piece.ends) for piece in some)
    return replace(segment, begins=begins, ends=ends, words=words, text=together(some))


def _with_last(segment: Segment, text: str) -> Segment:
    """Another spelling of its last word."""
    some = pieces_of(segment)
    if not some or some[-1].text == text:
        return segment
    some[-1] = replace(some[-1], text=text)
    made = _of(segment, some, segment.begins, segment.ends)
    return made if segment.words else replace(made, words=())


def _words_in(run: Sequence[str]) -> float:
    """In writing without blanks a word has about two characters."""
    return sum(0.5 if is_unspaced(each) else 1.0 for each in run)


def _in_order(segments: Sequence[Segment]) -> list[Segment]:
    """No segment begins before the one above it, and none ends after the next one's end by more than it lasts."""
    made: list[Segment] = []
    for segment in segments:
        if made and segment.begins < made[-1].begins:
            shift = made[-1].begins - segment.begins
            segment = replace(segment, begins=made[-1].begins, ends=max(segment.ends, made[-1].begins + 1))
            if shift and segment.words:
                segment = replace(segment, words=())
        made.append(segment)
    return made


def voice_name(number: int, label: str) -> str:
    """What a voice is called that was found in a part, for the parts that follow: nobody's own label."""
    return f"Voice {label} of part {number}"


def _labelled(segment: Segment, number: int, names: Container[str]) -> Segment:
    """With its speaker as a label and the number of the part that it holds for; a name alone holds for all."""
    if not segment.speaker or segment.speaker in names:
        return segment
    voice = _VOICE.fullmatch(segment.speaker)
    label, of = (voice[1], int(voice[2])) if voice else (segment.speaker, number)
    return replace(segment, speaker=f"{label}\n{of}")


def _with_speakers(segments: Sequence[Segment], of: Sequence[int]) -> tuple[list[Segment], list[Speaker]]:
    """Speakers in the order in which they first speak. A label of a later part says so: nobody knows whether it is
    the same person as in the first."""
    speakers: dict[str, Speaker] = {}
    for segment in segments:
        if segment.speaker and segment.speaker not in speakers:
            label, _, part = segment.speaker.partition("\n")
            name = f"Speaker {label}" if part and len(label) <= 2 else label
            at = bisect.bisect_left(of, int(part)) if part else 0
            name += f" (part {at + 1})" if at else ""
            speakers[segment.speaker] = Speaker(f"speaker-{len(speakers) + 1}", name, len(speakers))
    made = [replace(each, speaker=speakers[each.speaker].id) if each.speaker else each for each in segments]
    return made, list(speakers.values())
