"""What was heard again beside what stands there: pieces that belong together, each taken or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from desktop.core import transcript_edits as edits
from desktop.core.ids import new_id
from desktop.core.transcript import Segment, Transcript

TOUCHED_MS = 150  # so far a stretch may reach into a segment without meaning it


class Piece(Struct, frozen=True):
    """Segments that stand in a stretch, and those that were heard in their place; one of both may be empty."""

    old: tuple[Segment, ...]
    new: tuple[Segment, ...]

    @property
    def begins(self) -> int:
        return min(each.begins for each in (*self.old, *self.new))

    @property
    def before(self) -> str:
        return _said(self.old)

    @property
    def after(self) -> str:
        return _said(self.new)


def whole(transcript: Transcript, span: tuple[int, int]) -> tuple[int, int]:
    """A stretch with all of the segments it reaches into, so that no word is heard by half or stands there twice."""
    begins, ends = span
    touched = [
        each for each in transcript.segments if _shared(each, begins, ends) > min(TOUCHED_MS, _length(each) // 2)
    ]
    return min([begins, *(each.begins for each in touched)]), max([ends, *(each.ends for each in touched)])


def up_to(
    transcript: Transcript, heard: Transcript, span: tuple[int, int], ends: int
) -> tuple[Transcript, tuple[int, int]]:
    """What was heard and the stretch it is of, where only the beginning was heard, up to `ends`: whole segments."""
    cut = min(
        (each.begins for each in transcript.segments if each.begins < ends < each.ends - TOUCHED_MS),
        default=ends,
    )
    kept = tuple(each for each in heard.segments if _middle(each) < cut)
    return replace(heard, segments=kept), (span[0], cut)


def pieces(now: Transcript, heard: Transcript, span: tuple[int, int]) -> list[Piece]:
    """In the order of time: what shares most of its time belongs together."""
    old = [each for each in now.segments if span[0] <= _middle(each) < span[1]]
    new = [each for each in heard.segments if each.text.strip()]
    at_old = {place: place for place in range(len(old))}  # of each old one: the piece it belongs to
    at_new: dict[int, int] = {}
    fresh = len(old)
    for number, each in enumerate(new):
        nearest = _nearest(each, old)
        at_new[number] = at_old[nearest] if nearest is not None else fresh
        fresh += nearest is None
    for place, segment in enumerate(old):
        nearest = _nearest(segment, new)
        if nearest is not None:
            _join(at_old, at_new, at_old[place], at_new[nearest])
    made = [
        Piece(
            tuple(each for place, each in enumerate(old) if at_old[place] == piece),
            tuple(each for number, each in enumerate(new) if at_new[number] == piece),
        )
        for piece in {*at_old.values(), *at_new.values()}
    ]
    return sorted(made, key=lambda piece: piece.begins)


def put(now: Transcript, heard: Transcript, taken: Iterable[Piece]) -> Transcript:
    """The new ones of these pieces in place of the old ones; their speakers are those of the same name, or who spoke
    there."""
    changed, names = now, {speaker.id: speaker.name for speaker in heard.speakers}
    gone: set[str] = set()
    made: list[Segment] = []
    for piece in taken:
        gone |= {each.id for each in piece.old}
        for each in piece.new:
            if each.speaker in names:
                changed, speaker = edits.add_speaker(changed, names[each.speaker])
            else:
                speaker = _who(piece.old, each)
            made.append(replace(each, id=new_id(), speaker=speaker))
    kept = [each for each in changed.segments if each.id not in gone]
    ordered = sorted([*kept, *made], key=lambda each: (each.begins, each.ends))
    return replace(changed, segments=tuple(ordered))


def _join(at_old: dict[int, int], at_new: dict[int, int], one: int, other: int) -> None:
    for places in (at_old, at_new):
        for place, piece in places.items():
            if piece == other:
                places[place] = one


def _nearest(segment: Segment, others: Sequence[Segment]) -> int | None:
    """Which of the others shares most of the time of a segment."""
    shares = [(_shared(segment, each.begins, each.ends), -place) for place, each in enumerate(others)]
    most, place = max(shares, default=(0, 0))
    return -place if most > 0 else None


def _who(old: Collection[Segment], segment: Segment) -> str:
    spoken = [(_shared(each, segment.begins, segment.ends), each.speaker) for each in old]
    return max(spoken, key=lambda each: each[0], default=(0, ""))[1]


def _shared(segment: Segment, begins: int, ends: int) -> int:
    return max(0, min(segment.ends, ends) - max(segment.begins, begins))


def _length(segment: Segment) -> int:
    return segment.ends - segment.begins


def _middle(segment: Segment) -> int:
    return (segment.begins + segment.ends) // 2


def _said(segments: Sequence[Segment]) -> str:
    return "\n".join(each.text.strip() for each in segments)
