"""Times for what a model said, whatever it named: its own, or those of the silences and of the words' lengths."""

from __future__ import annotations

import bisect
import math
import re
import zlib
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from msgspec import Struct
from msgspec.structs import replace

from desktop.api.audio import LogprobReply, SegmentReply, TranscriptionReply, WordReply
from desktop.core.ids import new_id
from desktop.core.subtitles.breaks import joined, pieces
from desktop.core.transcript import Doubt, Segment, Word

UNSURE_BELOW = -1.0  # mean log probability of a segment's tokens
NOBODY_ABOVE = 0.6  # the model's own word for the chance that nobody speaks
SPOKEN_SHARE = 0.05  # less of a segment is loud: nobody said it
FASTEST = 50  # letters in a second of speech; the fastest speakers come to half of it
AROUND_MS = 500  # by which times of a model may be wrong
LONGEST_LOOP = 4  # sentences that come again together
REPEATS, PACKED_TIMES = 3, 2.0  # so often, and so well packed: said by the model, not by a person
LONGEST_CHARACTERS = 220  # a sentence that is longer is parted at a comma
SNAP = 0.45  # of a sentence's length that its end may move to a pause
_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？｡])\s*")
_COMMA = re.compile(r"(?<=[,;:—–])\s+|(?<=[，、；：])")

Span = tuple[int, int]


class Spoken(Struct, frozen=True):
    """Where something is said in a recording, in milliseconds; in order, apart from each other."""

    spans: tuple[Span, ...]

    def inside(self, begins: int, ends: int) -> list[Span]:
        first = bisect.bisect_right(self.spans, begins, key=lambda span: span[1])
        found = []
        for a, b in self.spans[first:]:
            if a >= ends:
                break
            found.append((max(a, begins), min(b, ends)))
        return found

    def share(self, begins: int, ends: int) -> float:
        """Of a stretch, from 0 to 1."""
        if ends <= begins:
            return 1.0
        return sum(b - a for a, b in self.inside(begins, ends)) / (ends - begins)


def spoken(milliseconds: int, silent: Sequence[Span]) -> Spoken:
    """What is between the silences."""
    spans, at = [], 0
    for begins, ends in silent:
        if begins > at:
            spans.append((at, begins))
        at = max(at, ends)
    if at < milliseconds:
        spans.append((at, milliseconds))
    return Spoken(tuple(spans))


def segments_of(reply: TranscriptionReply, begins: int, ends: int, heard: Spoken) -> list[Segment]:
    """What was said in the part from `begins` to `ends`, in its order, with what is doubtful marked."""
    if reply.segments:
        found = _named(reply, begins, ends)
    elif reply.words:
        found = _of_words(reply, begins, ends)
    else:
        found = align(reply.text, heard.inside(begins, ends), begins, ends, reply.logprobs)
    return doubted(ordered(found, begins, ends), heard)


def align(
    text: str, spans: Sequence[Span], begins: int, ends: int, logprobs: Sequence[LogprobReply] = ()
) -> list[Segment]:
    """Sentences laid over the stretches of speech between silences: each as long as its share of the letters, its
    end moved to a pause that is near; the words within by their lengths. All of it approximate."""
    said = sentences(text)
    if not said:
        return []
    nobody = not spans
    clock = _Clock(spans or [(begins, ends)])
    weights = [_weight(sentence) for sentence in said]
    left, at = sum(weights), 0
    found: list[Segment] = []
    unsure = _unsure(said, logprobs)
    for number, (sentence, weight) in enumerate(zip(said, weights, strict=True)):
        until = clock.length if number == len(said) - 1 else at + round((clock.length - at) * weight / left)
        if number < len(said) - 1:
            until = clock.snapped(until, max(until - at, 1), at)
        left -= weight
        doubt = Doubt.APPROXIMATE | (Doubt.INVENTED if nobody else 0) | (Doubt.UNSURE if number in unsure else 0)
        words = _shared_out([piece.text for piece in pieces(sentence)], clock, at, until)
        first, last = clock.begin_at(at), clock.end_at(until)
        found.append(Segment(new_id(), first, max(last, first + 1), sentence, words=words, doubt=int(doubt)))
        at = until
    return found


def sentences(text: str) -> list[str]:
    """A text at the ends of its sentences; a very long one also at its commas."""
    found: list[str] = []
    for line in text.splitlines():
        for sentence in filter(None, (each.strip() for each in _END.split(line))):
            found += [sentence] if len(sentence) <= LONGEST_CHARACTERS else _clauses(sentence)
    return found


def doubted(segments: Sequence[Segment], heard: Spoken) -> list[Segment]:
    """Words where nobody speaks, or more of them than anybody could say there, and phrases that come again and again,
    are marked as invented."""
    invented = {at for at, segment in enumerate(segments) if _stutters(segment.text) or _is_unspoken(segment, heard)}
    for first, last in _loops(segments):
        if packing(" ".join(each.text for each in segments[first:last])) >= PACKED_TIMES:
            invented.update(range(first, last))
    return [_with(each, Doubt.INVENTED) if at in invented else each for at, each in enumerate(segments)]


def _is_unspoken(segment: Segment, heard: Spoken) -> bool:
    """Of times that follow from the speech itself only its length tells anything."""
    is_approximate = bool(segment.doubt & Doubt.APPROXIMATE)
    wide = 0 if is_approximate else AROUND_MS
    around = sum(b - a for a, b in heard.inside(segment.begins - wide, segment.ends + wide))
    if _weight(segment.text) > FASTEST * around / 1000:
        return True
    return not is_approximate and heard.share(segment.begins, segment.ends) < SPOKEN_SHARE


def packing(text: str) -> float:
    """How much smaller a text becomes when it is packed: about 1 for what people say, much more for repetitions."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def ordered(segments: Sequence[Segment], begins: int, ends: int) -> list[Segment]:
    """Times within the part and none before the one above it; empty segments are left out."""
    made, at = [], begins
    for segment in segments:
        if not segment.text.strip():
            continue
        first = min(max(segment.begins, at), max(ends - 1, begins))
        last = min(max(segment.ends, first + 1), max(ends, first + 1))
        made.append(
            replace(segment, begins=first, ends=last, text=segment.text.strip(), words=_in_turn(segment, first, last))
        )
        at = first
    return made


def _in_turn(segment: Segment, begins: int, ends: int) -> tuple[Word, ...]:
    """The words of a segment within its times, each over before the next one begins."""
    starts, at = [], begins
    for word in segment.words:
        at = min(max(word.begins, at), ends)
        starts.append(at)
    nexts = [*starts, ends][1:] if starts else []
    return tuple(
        Word(word.text, first, min(max(word.ends, first), after))
        for word, first, after in zip(segment.words, starts, nexts, strict=True)
    )


# Times that a model named


def _named(reply: TranscriptionReply, begins: int, ends: int) -> list[Segment]:
    found = []
    starts = [word.start for word in reply.words]
    for number, segment in enumerate(reply.segments):
        after = reply.segments[number + 1].start if number + 1 < len(reply.segments) else math.inf
        first = bisect.bisect_left(starts, segment.start - 0.02) if number else 0
        until = bisect.bisect_left(starts, max(after, segment.start) - 0.02) if after < math.inf else len(starts)
        made = Segment(
            new_id(),
            begins + _ms(segment.start),
            begins + _ms(segment.end),
            segment.text.strip(),
            speaker=segment.speaker,
            doubt=int(_doubt(segment)),
        )
        words = _matched(made, [word for word in reply.words[first:until] if word.word.strip()], begins)
        found.append(replace(made, words=words))
    return found


def _of_words(reply: TranscriptionReply, begins: int, ends: int) -> list[Segment]:
    """Only words have times: sentences of them, from the text where it has their marks."""
    text = reply.text or joined(word.word.strip() for word in reply.words)
    words = [word for word in reply.words if word.word.strip()]
    if not words:
        return []
    whole = Segment("", begins + _ms(words[0].start), begins + _ms(words[-1].end), " ".join(text.split()))
    timed, found, at = _matched(whole, words, begins), [], 0
    for sentence in sentences(text):
        some, left = [], _letters(sentence)
        while left > 0 and at < len(timed):
            some.append(timed[at])
            left -= len(timed[at].text)
            at += 1
        if some:
            found.append(Segment(new_id(), some[0].begins, some[-1].ends, sentence, words=tuple(some)))
    return found


def _matched(segment: Segment, words: Sequence[WordReply], begins: int) -> tuple[Word, ...]:
    """The pieces of the text with the model's times; what it has no time for stands between its neighbours."""
    said = [piece.text for piece in pieces(segment.text)]
    if not words or not said:
        return ()
    times: list[Span | None] = [None] * len(said)
    if len(words) == len(said):
        times = [(begins + _ms(word.start), begins + _ms(word.end)) for word in words]
    else:
        theirs, ours = [bare(word.word) for word in words], [bare(word) for word in said]
        for block in SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks():
            for step in range(block.size):
                word = words[block.b + step]
                times[block.a + step] = (begins + _ms(word.start), begins + _ms(word.end))
    return _filled(said, times, segment.begins, segment.ends)


def _filled(said: Sequence[str], times: Sequence[Span | None], begins: int, ends: int) -> tuple[Word, ...]:
    made: list[Word] = []
    at = 0
    while at < len(said):
        if (known := times[at]) is not None:
            made.append(Word(said[at], *known))
            at += 1
            continue
        until = next((n for n in range(at, len(said)) if times[n] is not None), len(said))
        following = times[until] if until < len(said) else None
        made += _shared_out(
            said[at:until],
            _Clock([(made[-1].ends if made else begins, following[0] if following else ends)]),
            0,
            None,
        )
        at = until
    return tuple(made)


def _doubt(segment: SegmentReply) -> Doubt:
    doubt = Doubt.NONE
    if segment.avg_logprob is not None and segment.avg_logprob < UNSURE_BELOW:
        doubt |= Doubt.UNSURE
        if segment.no_speech_prob is not None and segment.no_speech_prob > NOBODY_ABOVE:
            doubt |= Doubt.INVENTED
    return doubt


# Times from silences and lengths


class _Clock:
    """The time in which something is said, its silences taken out, and the way back to the recording's own."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = [(a, max(b, a)) for a, b in spans]
        self._starts = [0]
        for a, b in self._spans:
            self._starts.append(self._starts[-1] + b - a)
        self.length = self._starts[-1]

    def begin_at(self, moment: int) -> int:
        """The recording's time of a moment; at a silence that behind it."""
        at = min(bisect.bisect_right(self._starts, moment) - 1, len(self._spans) - 1)
        return min(self._spans[at][0] + moment - self._starts[at], self._spans[at][1])

    def end_at(self, moment: int) -> int:
        """The same; at a silence that before it."""
        at = max(bisect.bisect_left(self._starts, moment) - 1, 0)
        at = min(at, len(self._spans) - 1)
        return min(self._spans[at][0] + moment - self._starts[at], self._spans[at][1])

    def snapped(self, moment: int, length: int, after: int) -> int:
        """The silence that is best for the end of a sentence expected at `moment`: near, and long."""
        reach = max(length * SNAP, 400)
        best, found = 0.0, moment
        first = bisect.bisect_left(self._starts, moment - reach)
        for at in range(max(first, 1), len(self._starts) - 1):
            place = self._starts[at]
            if place > moment + reach:
                break
            pause = self._spans[at][0] - self._spans[at - 1][1]
            worth = min(pause, 1000) / 1000 * (1 - abs(place - moment) / reach)
            if place > after and worth > best:
                best, found = worth, place
        return found


def _shared_out(words: Sequence[str], clock: _Clock, begins: int, ends: int | None) -> tuple[Word, ...]:
    """Words over a stretch of a clock, each as long as its letters and the blank behind it."""
    until = clock.length if ends is None else ends
    weights = [_weight(word) for word in words]
    whole, at, made = sum(weights) or 1, 0, []
    for word, weight in zip(words, weights, strict=True):
        first = begins + (until - begins) * at // whole
        at += weight
        last = begins + (until - begins) * at // whole
        word_begins = clock.begin_at(first)
        made.append(Word(word, word_begins, max(clock.end_at(last), word_begins)))
    return tuple(made)


def _clauses(sentence: str) -> list[str]:
    """Pieces of a very long sentence, none much longer than allowed."""
    made, held = [], ""
    for clause in filter(None, (each.strip() for each in _COMMA.split(sentence))):
        if held and len(held) + len(clause) > LONGEST_CHARACTERS:
            made.append(held)
            held = ""
        held = f"{held} {clause}".strip()
    return [*made, held] if held else made


def _unsure(said: Sequence[str], logprobs: Sequence[LogprobReply]) -> set[int]:
    """Which sentences the model was unsure of, by the mean of their tokens."""
    found: set[int] = set()
    at, letters = 0, 0
    for number, sentence in enumerate(said):
        letters += _letters(sentence)
        some, seen = [], 0
        while at < len(logprobs) and seen < _letters(sentence):
            some.append(logprobs[at].logprob)
            seen += _letters(logprobs[at].token)
            at += 1
        if some and sum(some) / len(some) < UNSURE_BELOW:
            found.add(number)
    return found


def _letters(text: str) -> int:
    return len("".join(text.split()))


def _weight(text: str) -> int:
    return sum(3 if ord(letter) > 0x2E80 else 1 for letter in text if not letter.isspace()) + 1


def _loops(segments: Sequence[Segment]) -> Iterable[Span]:
    """Begin and end of what only says again what one to LONGEST_LOOP segments before it said, REPEATS times or more
    with those."""
    said = [bare(segment.text) for segment in segments]
    for size in range(1, LONGEST_LOOP + 1):
        first = size
        for at in range(size, len(said) + 1):
            if at == len(said) or said[at] != said[at - size]:
                if at - first >= (REPEATS - 1) * size:
                    yield first, at
                first = at + 1


def _stutters(text: str) -> bool:
    """Whether a text is one phrase again and again."""
    words = bare(text).split()
    if len(words) < 2 * REPEATS or packing(text) < PACKED_TIMES:
        return False
    for size in range(1, len(words) // REPEATS + 1):
        times = len(words) // size
        if times >= 2 * REPEATS and all(words[n] == words[n % size] for n in range(times * size)):
            return True
    return False


def _with(segment: Segment, doubt: Doubt) -> Segment:
    return replace(segment, doubt=int(segment.doubt | doubt))


def bare(text: str) -> str:
    """Its words alone, as they are compared."""
    return " ".join(re.sub(r"[^\w\s']", " ", text.casefold()).split())


def _ms(seconds: float) -> int:
    return round(seconds * 1000) if math.isfinite(seconds) else 0
