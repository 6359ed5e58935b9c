"""Times for every model, and parts joined: by words they share, by time, by channel; what nobody said is marked."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.api.audio import LogprobReply, SegmentReply, TranscriptionReply, WordReply
from desktop.core.catalog import Card
from desktop.core.hearing import Hearing
from desktop.core.subtitles.breaks import pieces
from desktop.core.transcript import Doubt, Segment, Sound, Word
from desktop.services.transcription import Options, plan, times
from desktop.services.transcription.join import join, merged
from desktop.services.transcription.plan import CHANNEL, Piece

ALL = times.spoken(60_000, [])


def reply(*segments: tuple[float, float, str], **more) -> TranscriptionReply:
    return TranscriptionReply(
        " ".join(text for _, _, text in segments), segments=tuple(SegmentReply(t, a, b) for a, b, t in segments), **more
    )


def test_sentences_are_laid_over_the_stretches_of_speech():
    silent = [(2000, 3000), (5000, 5600)]
    text = "The first one is here. The second is as long. And a third."
    found = times.align(text, times.spoken(7000, silent).spans, 0, 7000)
    assert [(s.begins, s.ends) for s in found] == [(0, 2000), (3000, 5000), (5600, 7000)]
    assert all(s.doubt == Doubt.APPROXIMATE for s in found)
    assert [word.text for word in found[0].words] == ["The", "first", "one", "is", "here."]
    assert found[0].words[0].begins == 0 and found[0].words[-1].ends == 2000


def test_without_speech_words_are_invented():
    (found,) = times.segments_of(
        TranscriptionReply("Thank you for watching."), 0, 5000, times.spoken(5000, [(0, 5000)])
    )
    assert found.doubt == Doubt.APPROXIMATE | Doubt.INVENTED


@given(
    st.text(alphabet="ab .,!?。你好\n", max_size=300),
    st.lists(st.tuples(st.integers(0, 600), st.integers(1, 90)), max_size=8),
    st.integers(1, 60_000),
)
def test_times_are_monotone_whatever_is_said(text, gaps, length):
    silent, at = [], 0
    for apart, long in gaps:
        silent.append((at + apart * 10, at + apart * 10 + long * 10))
        at = silent[-1][1]
    silent = [(a, min(b, length)) for a, b in silent if a < length]
    found = times.segments_of(TranscriptionReply(text), 0, length, times.spoken(length, silent))
    begins = [segment.begins for segment in found]
    assert begins == sorted(begins) and all(0 <= s.begins < s.ends <= length + 1 for s in found)
    for segment in found:
        words = [word.begins for word in segment.words]
        assert words == sorted(words) and all(word.begins <= word.ends for word in segment.words)
        assert [word.text for word in segment.words] == [piece.text for piece in pieces(segment.text)]
    assert "".join("".join(s.text.split()) for s in found) == "".join(text.split())


def test_words_without_their_marks_are_matched_to_the_text():
    said = reply((0.0, 2.0, " Hello, my dear friend."), words=(WordReply("hello", 0, 0.5), WordReply("dear", 0.9, 1.2)))
    (found,) = times.segments_of(said, 10_000, 20_000, ALL)
    assert [word.text for word in found.words] == ["Hello,", "my", "dear", "friend."]
    assert [(w.begins, w.ends) for w in found.words] == [
        (10_000, 10_500),
        (10_500, 10_900),
        (10_900, 11_200),
        (11_200, 12_000),
    ]


def test_repetitions_and_words_over_silence_are_marked():
    again = [(float(n), n + 0.9, " Thanks for watching this long video today.") for n in range(4)]
    found = times.segments_of(reply((0.0, 0.9, "Hello."), *((a + 1, b + 1, t) for a, b, t in again)), 0, 10_000, ALL)
    assert [bool(s.doubt & Doubt.INVENTED) for s in found] == [False, False, True, True, True]
    heard = times.spoken(10_000, [(4000, 10_000)])
    found = times.segments_of(reply((0.0, 3.0, "Hello there."), (5.0, 8.0, "You.")), 0, 10_000, heard)
    assert [s.doubt for s in found] == [0, Doubt.INVENTED]


def invented(said: TranscriptionReply, silent: list[tuple[int, int]]) -> list[bool]:
    found = times.segments_of(said, 0, 30_000, times.spoken(30_000, silent))
    return [bool(segment.doubt & Doubt.INVENTED) for segment in found]


def test_what_models_say_over_silence_and_noise_is_marked():
    real = (0.0, 8.0, "We went down to the harbour, and it was cold.")
    assert invented(reply(real, (8.0, 29.98, "Thank you for watching.")), [(8500, 30_000)]) == [False, True]
    in_turn = [(9.0 + n, 10.0 + n, ("I know what it is.", "You know what it is.")[n % 2]) for n in range(8)]
    assert invented(reply(real, *in_turn), []) == [False] * 3 + [True] * 6
    much = (8.0, 30.0, "Subtitles by the community of those who like to write them, in every language of the world")
    assert invented(reply(real, much), [(8000, 20_000), (20_700, 30_000)]) == [False, True]
    assert invented(reply((0.0, 1.0, "Yes."), (1.0, 2.0, "Yes."), (2.0, 3.0, "Yes.")), []) == [False] * 3
    assert invented(reply((0.0, 0.1, "Of course I do, every day.")), []) == [False]  # its times are only sloppy


def test_more_than_anybody_could_say_is_marked_though_the_model_named_no_times():
    much = TranscriptionReply("Real words. And this is something that nobody has ever said in so short a time as that.")
    assert invented(much, [(1000, 30_000)]) == [True, True]
    assert invented(much, [(6000, 30_000)]) == [False, False]
    again = TranscriptionReply("Real words are here. " + "Thank you for watching. " * 4)
    assert invented(again, [(6000, 30_000)]) == [False, False, True, True, True]


def test_a_model_that_was_unsure_is_believed():
    said = TranscriptionReply("x", segments=(SegmentReply("mumble", 0, 1, avg_logprob=-1.4, no_speech_prob=0.1),))
    assert times.segments_of(said, 0, 5000, ALL)[0].doubt == Doubt.UNSURE
    tokens = tuple(LogprobReply(t, p) for t, p in (("Sure", -0.1), (".", -0.1), (" Mum", -2.0), ("ble.", -1.5)))
    found = times.segments_of(TranscriptionReply("Sure. Mumble.", logprobs=tokens), 0, 5000, ALL)
    assert [bool(s.doubt & Doubt.UNSURE) for s in found] == [False, True]


def segment(text: str, begins: int, step: int = 400) -> Segment:
    words = tuple(Word(w, begins + n * step, begins + (n + 1) * step) for n, w in enumerate(text.split()))
    return Segment(text, begins, words[-1].ends, text, words=words)


def test_an_overlap_is_merged_by_the_words_both_heard():
    before = [segment("we went down to the old.", 0)]  # the model ends a sentence where its part ends
    after = [segment("town to the old harbour at", 1200), segment("night.", 3600)]
    first, second = merged(before, after, 1200, 2400)
    text = " ".join(s.text for s in (*first, *second))
    assert text == "we went down to the old harbour at night."


def test_an_overlap_in_writing_without_blanks_is_merged_by_what_both_heard():
    before = [Segment("a", 0, 4000, "我们去了老港口看灯光")]
    after = [Segment("b", 2000, 6000, "老港口看灯光。晚上很冷。")]
    first, second = merged(before, after, 2000, 4000)
    assert "".join(s.text for s in (*first, *second)) == "我们去了老港口看灯光。晚上很冷。"
    assert first[0].ends <= second[0].begins and all(s.words for s in second)


def test_the_models_times_are_kept_in_writing_without_blanks():
    heard = tuple(WordReply(word, n * 0.5, n * 0.5 + 0.5) for n, word in enumerate("今天很冷我们回家"))
    (named,) = times.segments_of(
        TranscriptionReply("今天很冷。我们回家。", segments=(SegmentReply("今天很冷。我们回家。", 0, 4),), words=heard),
        0, 5000, ALL,
    )  # fmt: skip
    assert [word.begins for word in named.words] == list(range(0, 4000, 500))
    first, second = times.segments_of(TranscriptionReply("今天很冷。我们回家。", words=heard), 0, 5000, ALL)
    assert (first.text, first.ends, second.text, second.begins) == ("今天很冷。", 2000, "我们回家。", 2000)


def test_an_overlap_without_common_words_is_cut_in_its_middle():
    before, after = [segment("one two three four five six", 0)], [segment("vier fünf sechs sieben acht", 1200)]
    first, second = merged(before, after, 1200, 2400)
    assert " ".join(s.text for s in (*first, *second)) == "one two three four fünf sechs sieben acht"


def test_a_model_that_says_thousands_of_words_in_an_overlap_holds_nobody_up():
    many = 8000
    spoken = {None: times.spoken(1_192_000, [(0, 500)])}

    def part(piece, begins, ends):
        text = "la " * many
        return piece, TranscriptionReply(text, segments=(SegmentReply(text, begins, ends),))

    before = time.process_time()
    made = join(
        [part(Piece(0, 0, 600_000), 592.0, 600.0), part(Piece(1000, 592_000, 1_192_000, 8000), 0.0, 8.0)],
        spoken,
        1_192_000,
        "m",
    )
    assert time.process_time() - before < 5
    assert len(made.text.split()) > many  # what nobody else heard stays


def test_parts_are_shifted_and_channels_merged_by_time():
    heard = {0: times.spoken(20_000, []), 1: times.spoken(20_000, [])}
    parts = [
        (Piece(CHANNEL, 0, 10_000), reply((0.0, 1.0, "left one"))),
        (Piece(CHANNEL + 1000, 10_000, 20_000), reply((2.0, 3.0, "left two"))),
        (Piece(2 * CHANNEL, 0, 20_000), reply((5.0, 6.0, "right one"), (15.0, 16.0, "right two"))),
    ]
    made = join(parts, heard, 20_000, "m")
    assert [s.text for s in made.segments] == ["left one", "right one", "left two", "right two"]
    assert [s.begins for s in made.segments] == [0, 5000, 12_000, 15_000]
    assert [s.name for s in made.speakers] == ["Left", "Right"]


def test_labels_of_speakers_hold_for_their_part_and_names_for_all():
    def heard(*who: str) -> TranscriptionReply:
        return TranscriptionReply("", segments=tuple(SegmentReply("x", n, n + 1, speaker=w) for n, w in enumerate(who)))

    parts = [(Piece(0, 0, 10_000), heard("A", "ada")), (Piece(1000, 10_000, 20_000), heard("A", "ada"))]
    made = join(parts, {None: ALL}, 20_000, "m", names=("ada",))
    assert [s.name for s in made.speakers] == ["Speaker A", "ada", "Speaker A (part 2)"]
    assert made.segments[1].speaker == made.segments[3].speaker


CARD = Card("m", hearing=Hearing(max_seconds=60))


@pytest.mark.parametrize(
    ("card", "size", "seconds", "accepted"),
    [(CARD, 1000, 50, True), (CARD, 1000, 61, False), (CARD, 26 * 2**20, 50, False)],
)
def test_what_is_sent_as_it_is(card, size, seconds, accepted):
    sound = Sound(seconds, 1, 16_000, "pcm", "wav")
    assert plan.is_accepted("a.wav", size, sound, card, Options()) is accepted
    assert not plan.is_accepted("a.mkv", 10, sound, card, Options())


def test_a_part_that_is_too_large_becomes_two_in_a_silence():
    first, second = plan.halves(Piece(1000, 0, 100_000), [(48_000, 49_000), (80_000, 99_000)], 2000)
    assert (first.ends, second.begins, second.overlap) == (48_500, 48_500, 0) and 1000 < second.number < 2000
    assert plan.halves(Piece(1000, 0, 30_000), [], 2000) is None
    pieces = [Piece(1000, 0, 4_000_000)]
    while (two := plan.halves(pieces[-1], [], 2000)) and len(pieces) < 6:
        pieces[-1:] = two
    assert all(b.begins == a.ends - b.overlap for a, b in itertools.pairwise(pieces))


def test_a_language_is_sent_as_the_api_names_it():
    one = plan.request(Options(model="m", language="en-GB"), CARD, 10.0)
    several = plan.request(
        Options(model="m", languages=("de-AT", "DE", "fr")), Card("m", hearing=Hearing(takes_languages=True)), 10.0
    )
    assert one.language == "en" and several.languages == ("de", "fr")


def test_a_model_is_not_asked_for_what_it_cannot_do():
    assert plan.problem(Options(model="m", language="de"), Card("m", hearing=Hearing(languages=("en",))))[0]
    assert plan.problem(Options(model="m", diarize=True), CARD)[0]
    assert plan.problem(Options(model="m", form="diarized_json"), CARD)[0]
    assert plan.problem(Options(), Card(""))[0]
    assert plan.problem(Options(model="m"), Card("m", kind="chat"))[0]
    assert plan.problem(Options(model="m", language="en-GB"), Card("m", hearing=Hearing(languages=("en",)))) == ("", "")
    assert "the prompt" in plan.warning(Options(prompt="x"), Card("m", hearing=Hearing(takes_prompt=False)))
