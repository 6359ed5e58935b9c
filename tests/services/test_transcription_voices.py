"""A model that tells speakers apart hears each part by itself; who is who holds all the same."""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path

import pytest
from hearing import NUMBERS, PAUSE_S, SHORTEST_S, STEP_S, refused, said_in
from hearing_desk import Desk
from hearing_desk import quick as quick
from hearing_desk import server as server
from hearing_desk import short as short
from hearing_desk import wav as wav
from sounds import silence, speech, write

from desktop.api.audio import SegmentReply
from desktop.core.errors import BadFile
from desktop.media import levels
from desktop.services.jobs import JobState
from desktop.services.transcription import KnownSpeaker, voices
from desktop.services.transcription.voices import clearest

MODEL = "gpt-4o-transcribe-diarize"


class Diarizes:
    """Answers as a model that calls the voices of each part A, B, …, in the order in which they speak, and those it
    was given a clip of by their names. `person_of` says who speaks some words."""

    def __init__(self, person_of) -> None:
        self.person_of, self.clips = person_of, []

    def __call__(self, handler, sent) -> bool:
        names = sent.fields.get("known_speaker_names[]", [])
        clips = sent.fields.get("known_speaker_references[]", [])
        self.clips.append(dict(zip(names, clips, strict=True)))
        known = {self.person_of(said_in_clip(clip)): name for name, clip in zip(names, clips, strict=True)}
        labels: dict[str, str] = {}
        segments = []
        for word, begins, ends in sent.words:
            person = self.person_of([word])
            label = known.get(person) or labels.setdefault(person, "ABCD"[len(labels)])
            segments.append({"id": word, "type": "transcript.text.segment", "text": word} | {"speaker": label})
            segments[-1] |= {"start": begins, "end": ends}
        handler.answer(200, {"task": "transcribe", "duration": 1.0, "text": sent.text, "segments": segments})
        return True


def said_in_clip(clip: str) -> list[str]:
    kind, _, content = clip.partition(";base64,")
    assert kind == "data:audio/ogg"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.ogg"
        path.write_bytes(base64.b64decode(content))
        assert 2000 <= levels.listen(path).milliseconds <= 10_100
        return [word for word, _, _ in said_in(path)]


def person(words: list[str]) -> str:
    """Two people, each saying three words in turn; the ends of a clip are trimmed, its middle is sure."""
    return "one" if NUMBERS.index(words[len(words) // 2]) // 3 % 2 else "two"


def person_or_guest(words: list[str]) -> str:
    return "guest" if NUMBERS.index(words[len(words) // 2]) >= 20 else person(words)


@pytest.fixture
def desk(tmp_path, server):
    made = Desk(tmp_path / "data", server, parts=3)
    choose(made, max_seconds=16)
    return made


def choose(desk: Desk, **hearing) -> None:
    cards = {MODEL: {"hearing": {"streams": False, **hearing}}}
    (desk.database.folder / "models.json").write_text(json.dumps({"cards": cards}))
    desk.catalogs.read_again()


async def diarized(desk: Desk, server, path: Path, person_of, first=None, **options):
    diarizes = Diarizes(person_of)
    server.faults = [first or diarizes, *[diarizes] * 20]
    view = await desk.one(path, model=MODEL, diarize=True, **options)
    if first is not None:
        desk.service.retry(view.id)
        await desk.service.settled()
    assert desk.service.job(view.id).state is JobState.DONE, desk.service.job(view.id).error
    transcript = (await desk.service.transcript(view.id)).transcript
    await desk.close()
    names = {speaker.id: speaker.name for speaker in transcript.speakers}
    return diarizes, {each.text: names[each.speaker] for each in transcript.segments}


async def test_who_is_who_holds_from_part_to_part(desk, server, wav):
    diarizes, said = await diarized(desk, server, wav, person)
    assert len(diarizes.clips) >= 4 and diarizes.clips[0] == {}
    assert all(set(c) == {"Voice A of part 0", "Voice B of part 0"} for c in diarizes.clips[1:])
    assert said == {word: "Speaker B" if person([word]) == "one" else "Speaker A" for word in NUMBERS}


async def test_somebody_who_comes_later_is_nobody_from_before(desk, server, wav):
    _, said = await diarized(desk, server, wav, person_or_guest)
    guests = {name for word, name in said.items() if person_or_guest([word]) == "guest"}
    assert guests and all(name.startswith("Speaker A (part ") for name in guests)
    assert {name for word, name in said.items() if person_or_guest([word]) != "guest"} == {"Speaker A", "Speaker B"}


async def test_without_a_place_for_voices_labels_hold_for_their_part(desk, server, wav):
    choose(desk, max_seconds=16, max_speakers=0)
    diarizes, said = await diarized(desk, server, wav, person)
    assert not any(diarizes.clips) and len(set(said.values())) > 4


async def test_a_first_part_that_fails_holds_up_nobody(desk, server, wav):
    diarizes, said = await diarized(desk, server, wav, person, first=refused(500))
    assert len(diarizes.clips) >= 4 and set(said) == set(NUMBERS)
    by_name: dict[str, set[str]] = {}
    for word, name in said.items():
        by_name.setdefault(name, set()).add(person([word]))
    assert all(len(people) == 1 for people in by_name.values()), by_name  # nobody is taken for somebody else


async def test_named_speakers_come_first_and_their_names_hold(desk, server, wav, tmp_path):
    bursts = [each for n in (3, 4, 5) for each in (speech(SHORTEST_S + STEP_S * n, n), silence(PAUSE_S, n))]
    clip = write(tmp_path / "al.ogg", iter(bursts))
    diarizes, said = await diarized(desk, server, wav, person, speakers=(KnownSpeaker("Al", str(clip)),))
    assert set(diarizes.clips[0]) == {"Al"} and set(diarizes.clips[-1]) == {"Al", "Voice A of part 0"}
    assert said == {word: "Al" if person([word]) == "one" else "Speaker A" for word in NUMBERS}


async def test_a_voice_that_cannot_be_cut_out_costs_no_more_than_that(desk, server, wav, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(voices.Voices, "_written", refuse)
    diarizes, said = await diarized(desk, server, wav, person)
    assert not any(diarizes.clips) and set(said) == set(NUMBERS)


def part(*said: tuple[float, float, str]) -> list[SegmentReply]:
    return [SegmentReply("x", begins, ends, who) for begins, ends, who in said]


def test_the_clearest_stretch_is_where_nobody_else_is_heard():
    talk = part((0, 3, "A"), (3, 9, "B"), (9, 12, "A"), (12.5, 18, "A"), (19, 40, "B"))
    assert clearest(talk, "A") == pytest.approx((9.1, 17.9))
    assert clearest(talk, "B") == pytest.approx((19.1, 29.1))
    assert clearest(part((0, 8, "A"), (2, 3, "B"), (10, 11.9, "A")), "A") is None
    assert clearest(part((0, 1.5, "A"), (9, 10, "B"), (12, 13, "A")), "A") is None
    assert clearest(part((5, 2, "A"), (-4, 9, "A")), "A") is None


def test_a_clip_that_is_a_whole_film_is_refused_before_it_is_read(tmp_path):
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(4_000_000_000)
    with pytest.raises(BadFile, match=r"too large \(4\.0\xa0GB\)"):
        voices.voice_of(film)
