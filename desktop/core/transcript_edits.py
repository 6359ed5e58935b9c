"""Changes of a transcript, each a function from one to the next, and the way back through all of them.

A segment is named by its id. Times are milliseconds. What cannot be done raises BadInput; nothing changes by half.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import regex
from msgspec import Struct
from msgspec.structs import replace

from desktop.core.errors import BadInput
from desktop.core.ids import new_id
from desktop.core.subtitles.breaks import cluster_end, flat, joined
from desktop.core.subtitles.words import pieces_of
from desktop.core.transcript import Segment, Speaker, Transcript, Word

SEARCH_S = 2.0
"""How long one pattern may search one text: a pattern can be made that never ends."""

SHORTEST = 10
CLOSING = frozenset(".,;:!?…)]}”»%。、，．！？；：」』）】》〉ー")
LINE_PAUSE = 1500
"""A pause after which a paragraph begins, unless the reader chose another."""


def set_text(transcript: Transcript, segment: str, text: str, *, second: bool = False) -> Transcript:
    """The words of a segment, or of its second column."""
    changes = {"second": text} if second else {"text": text}
    return _changed(transcript, segment, lambda found: replace(found, **changes))


def split(transcript: Transcript, segment: str, at: int, moment: int | None = None) -> Transcript:
    """Cut a segment before the character `at` of its text, and in time at `moment`, or where the word there begins."""
    found = _get(transcript, segment)
    at = cluster_end(found.text, _behind_signs(found.text, max(0, at)))
    before, after = found.text[:at].rstrip(), found.text[at:].lstrip()
    if not before or not after:
        raise BadInput("There is nothing to split off here.", "Put the cursor between two words.")
    head, tail = _words_apart(found, before)
    if moment is None:
        moment = tail[0].begins
    if not found.begins < moment < found.ends:
        moment = found.begins + (found.ends - found.begins) * len(before) // len(found.text)
    known = bool(found.words)
    first = replace(found, ends=moment, text=before, words=head if known else ())
    rest = replace(found, id=new_id(), begins=moment, text=after, words=tail if known else (), second="")
    return _ordered(_replaced(transcript, {segment: (first, rest)}))  # others may begin within it


def _behind_signs(text: str, at: int) -> int:
    """Behind the signs that close the word before `at`: none of them begins a segment."""
    if at and not text[at - 1 : at].isspace():
        while at < len(text) and text[at] in CLOSING:
            at += 1
    return at


def _words_apart(found: Segment, before: str) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """The words of both parts; one that is cut through has its time shared out by its letters."""
    heads: list[Word] = []
    tails: list[Word] = []
    left = len("".join(before.split()))
    for piece in pieces_of(found):
        text, letters = piece.text, len(piece.text)
        middle = piece.begins + (piece.ends - piece.begins) * max(0, min(left, letters)) // letters
        heads += [Word(text[:left], piece.begins, middle)] if left > 0 else []
        tails += [Word(text[max(0, left) :], middle, piece.ends)] if left < letters else []
        left -= letters
    return tuple(heads), tuple(tails)


def merge(transcript: Transcript, segments: Collection[str]) -> Transcript:
    """Neighbours as one, with the speaker of the first who says anything."""
    places = [at for at, found in enumerate(transcript.segments) if found.id in segments]
    if len(places) < 2 or places != list(range(places[0], places[-1] + 1)):
        raise BadInput("Only segments that follow each other can be merged.", "Select neighbours.")
    some = transcript.segments[places[0] : places[-1] + 1]
    said = [each for each in some if each.text.strip()] or [some[0]]
    doubt = 0
    for each in some:
        doubt |= each.doubt
    whole = replace(
        some[0],
        ends=max(each.ends for each in some),
        text=joined(each.text.strip() for each in said),
        speaker=said[0].speaker,
        second=joined(each.second.strip() for each in some),
        words=_all_words(said),
        doubt=doubt,
    )
    rest: dict[str, tuple[Segment, ...]] = {each.id: () for each in some[1:]}
    return _replaced(transcript, {some[0].id: (whole,), **rest})


def _all_words(segments: Sequence[Segment]) -> tuple[Word, ...]:
    """None where those of one of them are not known."""
    if not all(each.words for each in segments):
        return ()
    return tuple(Word(piece.text, piece.begins, piece.ends) for each in segments for piece in pieces_of(each))


def move_edge(
    transcript: Transcript, segment: str, *, begins: int | None = None, ends: int | None = None
) -> Transcript:
    """Where a segment begins or ends; it stays at least SHORTEST long and within the recording."""
    found = _get(transcript, segment)
    longest = max(transcript.milliseconds, found.ends) if transcript.milliseconds else None
    wanted = found.ends if ends is None else ends if longest is None else min(ends, longest)
    first = found.begins if begins is None else max(0, min(begins, wanted - SHORTEST))
    last = wanted if ends is None else max(wanted, first + SHORTEST)
    if longest is not None and last > max(longest, SHORTEST):
        last = max(longest, SHORTEST)
        first = last - SHORTEST
    return _ordered(_changed(transcript, segment, lambda each: replace(each, begins=first, ends=last)))


def shift(transcript: Transcript, milliseconds: int, segments: Collection[str] | None = None) -> Transcript:
    """Some, or all, later or (negative) earlier; none is moved out of the recording, at its beginning or its end."""
    chosen = [each for each in transcript.segments if segments is None or each.id in segments]
    if not chosen:
        return transcript
    by = max(milliseconds, -min(each.begins for each in chosen))
    if transcript.milliseconds:
        by = min(by, max(0, transcript.milliseconds - max(each.ends for each in chosen)))
    wanted = {each.id for each in chosen}
    moved = tuple(each.later(by) if each.id in wanted else each for each in transcript.segments)
    return _ordered(replace(transcript, segments=moved))


def insert(transcript: Transcript, begins: int, ends: int, text: str = "", speaker: str = "") -> tuple[Transcript, str]:
    """A new segment at its place; returns its id too."""
    first = max(0, begins)
    made = Segment(new_id(), first, max(ends, first + SHORTEST), text, speaker)
    return _ordered(replace(transcript, segments=(*transcript.segments, made))), made.id


def delete(transcript: Transcript, segments: Collection[str]) -> Transcript:
    return replace(transcript, segments=tuple(each for each in transcript.segments if each.id not in segments))


def put(transcript: Transcript, begins: int, ends: int, segments: Iterable[Segment]) -> Transcript:
    """Other segments in place of those whose middle lies in a stretch: what was heard once more."""
    kept = [each for each in transcript.segments if not begins <= (each.begins + each.ends) // 2 < ends]
    return _ordered(replace(transcript, segments=(*kept, *segments)))


# Speakers


def add_speaker(transcript: Transcript, name: str) -> tuple[Transcript, str]:
    """A speaker of that name with a colour of its own; one who is there already is taken. Returns the id too."""
    wanted = " ".join(name.split())
    if not wanted:
        raise BadInput("A speaker needs a name.", "Enter one.")
    for speaker in transcript.speakers:
        if speaker.name.casefold() == wanted.casefold():
            return transcript, speaker.id
    color = next(n for n in range(len(transcript.speakers) + 1) if n not in {s.color for s in transcript.speakers})
    made = Speaker(new_id(), wanted, color)
    return replace(transcript, speakers=(*transcript.speakers, made)), made.id


def assign(transcript: Transcript, segments: Collection[str], speaker: str) -> Transcript:
    """Who said these; "" for nobody."""
    if speaker and all(known.id != speaker for known in transcript.speakers):
        raise BadInput("This speaker is not there any more.", "Choose another one.")
    return replace(
        transcript,
        segments=tuple(replace(s, speaker=speaker) if s.id in segments else s for s in transcript.segments),
    )


def rename_speaker(transcript: Transcript, speaker: str, name: str) -> Transcript:
    """Raises BadInput for an empty name; the name of another one merges the two."""
    wanted = " ".join(name.split())
    if not wanted:
        raise BadInput("A speaker needs a name.", "Enter one.")
    for other in transcript.speakers:
        if other.id != speaker and other.name.casefold() == wanted.casefold():
            return merge_speakers(transcript, [speaker], other.id)
    renamed = tuple(replace(s, name=wanted) if s.id == speaker else s for s in transcript.speakers)
    return replace(transcript, speakers=renamed)


def merge_speakers(transcript: Transcript, speakers: Collection[str], into: str) -> Transcript:
    """What these said was said by another one; they are gone then."""
    gone = set(speakers) - {into}
    segments = tuple(replace(s, speaker=into) if s.speaker in gone else s for s in transcript.segments)
    return replace(transcript, segments=segments, speakers=tuple(s for s in transcript.speakers if s.id not in gone))


# Find and replace


class Match(Struct, frozen=True):
    """A hit: characters `first` to `last` of a segment's text, or of its second column."""

    segment: str
    first: int
    last: int
    in_second: bool = False


class Search(Struct, frozen=True):
    """What to find: plain words, or a pattern; whole words only; capital letters kept apart."""

    text: str
    is_pattern: bool = False
    whole_words: bool = False
    match_case: bool = False

    def compiled(self) -> regex.Pattern[str]:
        """Raises BadInput with what is wrong in a pattern."""
        source = self.text if self.is_pattern else regex.escape(self.text, literal_spaces=True)
        source = rf"\b(?:{source})\b" if self.whole_words else source
        try:
            return regex.compile(source, regex.UNICODE if self.match_case else regex.UNICODE | regex.IGNORECASE)
        except regex.error as error:
            raise BadInput(f"This pattern cannot be used: {error}.", "Change the pattern.") from error


def find(transcript: Transcript, search: Search) -> tuple[Match, ...]:
    """All hits in their order. Blocking; a pattern that takes too long raises BadInput."""
    if not search.text:
        return ()
    pattern = search.compiled()
    found: list[Match] = []
    for segment in transcript.segments:
        for text, in_second in ((segment.text, False), (segment.second, True)):
            with _Patience():
                hits = pattern.finditer(text, timeout=SEARCH_S)
                found += [Match(segment.id, hit.start(), hit.end(), in_second) for hit in hits if hit[0]]
    return tuple(found)


def replace_all(transcript: Transcript, search: Search, by: str) -> tuple[Transcript, int]:
    """Every hit replaced; in a pattern's replacement \\1 stands for its first group. Returns how many."""
    pattern, count = search.compiled(), 0
    segments = []
    for segment in transcript.segments:
        texts = []
        for text in (segment.text, segment.second):
            made, times = _substituted(pattern, search, by, text)
            texts.append(made)
            count += times
        changed = texts != [segment.text, segment.second]
        segments.append(replace(segment, text=texts[0], second=texts[1]) if changed else segment)
    return replace(transcript, segments=tuple(segments)), count


def replace_one(transcript: Transcript, search: Search, by: str, match: Match) -> Transcript:
    """One hit as `find` told it; raises BadInput where the text has changed since."""
    segment = _get(transcript, match.segment)
    text = segment.second if match.in_second else segment.text
    with _Patience():
        hit = search.compiled().match(text, match.first, timeout=SEARCH_S)
    if hit is None or hit.end() != match.last:
        raise BadInput("The text has changed since it was found.", "Search again.")
    made = text[: match.first] + _expanded(hit, search, by) + text[match.last :]
    return set_text(transcript, match.segment, made, second=match.in_second)


def _substituted(pattern: regex.Pattern[str], search: Search, by: str, text: str) -> tuple[str, int]:
    with _Patience():
        made, times = pattern.subn(lambda hit: _expanded(hit, search, by), text, timeout=SEARCH_S)
    return str(made), int(times)


def _expanded(hit: regex.Match[str], search: Search, by: str) -> str:
    if not search.is_pattern:
        return by
    try:
        return str(hit.expand(by))
    except (regex.error, IndexError) as error:
        raise BadInput(
            f"This replacement cannot be used: {error}.", "Name only groups that the pattern has."
        ) from error


class _Patience:
    """Round a search: one that takes too long is the user's to hear of."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TimeoutError):
            raise BadInput("This pattern takes too long.", "Make it simpler.") from error


# Reading


class Paragraph(Struct, frozen=True):
    """Segments that are read as one: of one speaker, without a long pause. Times in milliseconds."""

    speaker: str
    begins: int
    ends: int
    text: str
    second: str
    segments: tuple[str, ...]


def paragraphs(transcript: Transcript, pause: int = LINE_PAUSE) -> tuple[Paragraph, ...]:
    made: list[Paragraph] = []
    run: list[Segment] = []
    for segment in (*transcript.segments, None):
        if run and (segment is None or segment.speaker != run[-1].speaker or segment.begins - run[-1].ends >= pause):
            made.append(_paragraph(run))
            run = []
        if segment is not None and (segment.text.strip() or segment.second.strip()):
            run.append(segment)
    return tuple(made)


def _paragraph(run: Sequence[Segment]) -> Paragraph:
    text = joined(flat(each.text) for each in run)
    second = joined(flat(each.second) for each in run)
    ids = tuple(each.id for each in run)
    return Paragraph(run[0].speaker, run[0].begins, max(each.ends for each in run), text, second, ids)


# The way back


@dataclass
class History:
    """A transcript and all it was before, without an end. The states share what did not change."""

    now: Transcript
    _before: list[tuple[str, Transcript]] = field(default_factory=list)
    _after: list[tuple[str, Transcript]] = field(default_factory=list)

    def do(self, words: str, changed: Transcript, *, joins: bool = False) -> None:
        """Take a change; `joins` makes one step of it and the last one of the same words, as typing does."""
        if changed == self.now:
            return
        if not (joins and self._before and self._before[-1][0] == words and not self._after):
            self._before.append((words, self.now))
        self._after.clear()
        self.now = changed

    @property
    def undo_words(self) -> str:
        """What the next step back takes back, "" where there is none."""
        return self._before[-1][0] if self._before else ""

    @property
    def redo_words(self) -> str:
        return self._after[-1][0] if self._after else ""

    def undo(self) -> Transcript:
        if self._before:
            words, earlier = self._before.pop()
            self._after.append((words, self.now))
            self.now = earlier
        return self.now

    def redo(self) -> Transcript:
        if self._after:
            words, later = self._after.pop()
            self._before.append((words, self.now))
            self.now = later
        return self.now


def _get(transcript: Transcript, segment: str) -> Segment:
    found = next((each for each in transcript.segments if each.id == segment), None)
    if found is None:
        raise BadInput("This segment is not there any more.", "Choose another one.")
    return found


def _changed(transcript: Transcript, segment: str, change: Callable[[Segment], Segment]) -> Transcript:
    return _replaced(transcript, {segment: (change(_get(transcript, segment)),)})


def _replaced(transcript: Transcript, by: dict[str, tuple[Segment, ...]]) -> Transcript:
    made: list[Segment] = []
    for each in transcript.segments:
        made += by.get(each.id, (each,))
    return replace(transcript, segments=tuple(made))


def _ordered(transcript: Transcript) -> Transcript:
    return replace(transcript, segments=tuple(sorted(transcript.segments, key=lambda each: (each.begins, each.ends))))
