"""Subtitle files that other programs read, rules that hold, and text set anew."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree

import pysubs2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.core.errors import BadInput
from desktop.core.subtitles import forms, reading, rules, times
from desktop.core.subtitles.breaks import columns, is_unspaced, pieces
from desktop.core.subtitles.lines import filled
from desktop.core.subtitles.rules import Kind, Rules
from desktop.core.transcript import Doubt, Segment, Speaker, Transcript, Word

ANNA, BEN = Speaker("a", "Anna, Ltd", 0), Speaker("b", "Ben <b>", 1)
TALK = Transcript(
    (
        Segment("1", 0, 1500, "Good morning.", "a", second="Guten Morgen."),
        Segment("2", 1600, 4200, "Five < six & seven > four, said {he} \\N here.", "a"),
        Segment("3", 4300, 7000, "Two lines\nof text", "b", second="Zwei Zeilen"),
        Segment("4", 3_723_004, 3_725_000, "An hour later\n\n\nafter blank lines --> so", "b"),
        Segment("5", 3_726_000, 3_727_000, "   "),
    ),
    (ANNA, BEN),
    3_730_000,
    "en",
    "de",
)
EXPECTED = [(0, 1500), (1600, 4200), (4300, 7000), (3_723_004, 3_725_000)]

words = st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: len(text.split()) == 1 and text.split()[0] == text and not is_unspaced(text)
)  # writing without blanks has tests of its own


@st.composite
def talks(draw):
    """Transcripts of any words, in order, with or without times of words."""
    at, segments = 0, []
    for number in range(draw(st.integers(1, 12))):
        said = draw(st.lists(words, min_size=1, max_size=30))
        begins = at + draw(st.integers(0, 3000))
        at = begins + draw(st.integers(200, 12_000))
        timed = ()
        if draw(st.booleans()):
            step = (at - begins) // len(said)
            timed = tuple(Word(w, begins + step * n, begins + step * (n + 1)) for n, w in enumerate(said))
        segments.append(Segment(str(number), begins, at, " ".join(said), draw(st.sampled_from("ab")), words=timed))
    return Transcript(tuple(segments), (ANNA, BEN), at)


# Files that others read


def test_srt_is_read_by_another_program():
    found = pysubs2.SSAFile.from_string(forms.srt(TALK), format_="srt")
    assert [(event.start, event.end) for event in found] == EXPECTED
    assert found[0].plaintext == "Anna, Ltd: Good morning."
    assert found[2].plaintext == "Ben <b>: Two lines\nof text" or "Two lines\nof text" in found[2].plaintext
    assert "Five ‹ six & seven > four" in found[1].plaintext  # a "<" that is closed somewhere is a tag to some
    assert "→ so" in found[3].plaintext and "\n\n" not in forms.srt(TALK).split("\n\n")[3]


def test_webvtt_is_read_by_another_program():
    text = forms.vtt(TALK)
    assert text.startswith("WEBVTT\n\n") and "<v Ben &lt;b&gt;>" in text
    found = pysubs2.SSAFile.from_string(text, format_="vtt")
    assert [(event.start, event.end) for event in found] == EXPECTED
    assert "&lt; six &amp; seven" in text


def test_ass_is_read_by_another_program_and_no_text_is_a_command():
    found = pysubs2.SSAFile.from_string(forms.ass(TALK, title="A talk\n[Events]"), format_="ass")
    # Hundredths of a second are all it has.
    assert [(event.start, event.end) for event in found] == [(a // 10 * 10, b // 10 * 10) for a, b in EXPECTED]
    assert found.info["Title"] == "A talk [Events]"
    assert [event.name for event in found] == ["Anna Ltd", "Anna Ltd", "Ben <b>", "Ben <b>"]
    assert found[2].plaintext == "Two lines\nof text"
    assert "{" not in found[1].text and "\\" not in found[1].text


def test_ttml_is_read_by_another_program():
    text = forms.ttml(TALK, title="A & B")
    found = pysubs2.SSAFile.from_string(text, format_="ttml")
    assert [(event.start, event.end) for event in found] == EXPECTED
    assert found[1].plaintext.startswith("Five < six & seven > four")
    tree = ElementTree.fromstring(text)
    assert len(list(tree.iter("{http://www.w3.org/ns/ttml#metadata}agent"))) == 2


def test_the_other_column_is_written_in_place_of_the_text():
    assert "Guten Morgen." in forms.srt(TALK, column="second") and "Good" not in forms.srt(TALK, column="second")
    assert 'xml:lang="de"' in forms.ttml(TALK, column="second")


@pytest.mark.parametrize("form", ["srt", "vtt", "ass", "ttml"])
def test_both_languages_stand_in_one_subtitle(form):
    text = getattr(forms, form)(TALK, column="both")
    found = pysubs2.SSAFile.from_string(text, format_=form)
    assert [(event.start, event.end) for event in found] == [
        (a // 10 * 10, b // 10 * 10) if form == "ass" else (a, b) for a, b in EXPECTED
    ]
    said = [event.plaintext.removeprefix("Anna, Ltd: ").removeprefix("Anna Ltd: ") for event in found]
    assert said[0] == "Good morning.\nGuten Morgen."
    assert said[2].endswith("Two lines\nof text\nZwei Zeilen") and "six & seven" in said[1].replace("&amp;", "&")
    assert next(segment.text for segment in reading.read(text).segments).endswith("Good morning.\nGuten Morgen.")


def test_words_in_another_language_are_marked_as_such():
    assert "\n<lang de>Guten Morgen.</lang>\n" in forms.vtt(TALK, column="both")
    assert '<br/><span xml:lang="de">Guten Morgen.</span></p>' in forms.ttml(TALK, column="both")
    assert "Good morning.\\N{\\rSecond}Guten Morgen." in forms.ass(TALK, column="both")
    nowhere = Transcript(TALK.segments, second_language="no <language>")
    assert "<lang" not in forms.vtt(nowhere, column="both")


def test_a_subtitle_with_one_of_the_languages_alone_is_written_too():
    talk = Transcript((Segment("1", 0, 1000, "", "a", second="nur zweite"), Segment("2", 2000, 3000, "first")), (ANNA,))
    for form in ("srt", "vtt", "ass", "ttml"):
        back = reading.read(getattr(forms, form)(talk, column="both"))
        assert [segment.text.split(": ")[-1] for segment in back.segments] == ["nur zweite", "first"], form


@given(talks())
def test_any_transcript_makes_files_that_are_read_back_with_the_same_times(talk):
    for form, write in (("srt", forms.srt), ("vtt", forms.vtt)):
        back = reading.read(write(talk))
        assert [(s.begins, s.ends) for s in back.segments] == [(s.begins, s.ends) for s in talk.segments], form
    assert ElementTree.fromstring(forms.ttml(talk)) is not None


# Files of others


def test_what_people_write_by_hand_is_read():
    lines = ["\ufeff1", "00:00:01,5 --> 00:00:03,25 X1:40", "<i>Hello</i>,", "world", "", "", "2"]
    text = "\r\n".join([*lines, "0:04.000 --> 0:05.000", "Bye", ""])
    found = reading.read(text)
    assert [(s.begins, s.ends, s.text) for s in found.segments] == [(1500, 3250, "Hello,\nworld"), (4000, 5000, "Bye")]


def test_voices_notes_and_styles_of_webvtt_are_understood():
    text = (
        "WEBVTT - title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE a comment\n\nintro\n"
        "00:01.000 --> 00:02.000 align:start\n<v.loud Mary &amp; Jo>Hi <c.x>there</c> <00:01.500>you &lt;3\n\n"
        "00:03.000 --> 00:04.000\nplain\n"
    )
    found = reading.read(text)
    assert [s.text for s in found.segments] == ["Hi there you <3", "plain"]
    assert [speaker.name for speaker in found.speakers] == ["Mary & Jo"]
    assert found.segments[0].speaker == found.speakers[0].id and found.segments[1].speaker == ""


def test_subtitles_without_blank_lines_between_are_kept_apart():
    found = reading.read("1\n00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:03,000 --> 00:00:04,000\nTwo\n")
    assert [s.text for s in found.segments] == ["One", "Two"]


@pytest.mark.parametrize("text", ["", "WEBVTT\n", "no subtitle\n\nat all", "1\n00:99:00,000 --> 00:00:99,000\nx"])
def test_what_is_no_subtitle_file_says_so(text):
    with pytest.raises(BadInput):
        reading.read(text)


@given(st.text(max_size=400))
def test_no_text_whatever_ends_in_anything_but_a_sentence(text):
    for begin in ("", "WEBVTT\n\n", "1\n00:00:01,000 --> 00:00:02,000\n"):
        try:
            reading.read(begin + text)
        except BadInput as error:
            assert error.summary


def test_moments_are_written_without_ever_rounding_up():
    assert times.clock(3_723_999, ",") == "01:02:03,999"
    assert times.clock(3_723_999, digits=2, hours=1) == "1:02:03.99"
    assert (times.read("01:02:03,999"), times.read("2:03.5"), times.read("99:99"), times.read("x")) == (
        3_723_999, 123_500, None, None,
    )  # fmt: skip


# Rules


def talk_of(*parts):
    return Transcript(tuple(Segment(str(n), b, e, text) for n, (b, e, text) in enumerate(parts)), (), 600_000)


def test_each_rule_is_told_with_what_was_found_and_what_may_be():
    long_word = "x" * 50
    talk = talk_of(
        (0, 2000, "fine"),
        (2040, 4000, "too near"),
        (3900, 6000, "before the other has ended"),
        (7000, 7200, "short"),
        (8000, 9000, "many many many many many many words a second here"),
        (10_000, 20_000, "too long shown"),
        (21_000, 24_000, long_word),
        (25_000, 31_000, " ".join(["one two three four five six seven eight nine ten"] * 2)),
        (32_000, 32_000, "no time"),
        (33_000, 34_000, " "),
    )  # fmt: skip
    found = {(breach.segment, breach.kind) for breach in rules.check(talk, Rules())}
    assert found == {
        ("1", Kind.GAP), ("2", Kind.OVERLAP), ("3", Kind.SHORT), ("3", Kind.SPEED), ("4", Kind.SPEED), ("5", Kind.LONG),
        ("6", Kind.LINE), ("7", Kind.LINES), ("8", Kind.ORDER), ("9", Kind.EMPTY),
    }  # fmt: skip
    assert all(breach.words for breach in rules.check(talk, Rules()))


@given(st.lists(words, min_size=1, max_size=40), st.integers(10, 60))
def test_lines_hold_all_words_in_order_and_are_as_few_as_can_be(said, line):
    lines = rules.wrap(" ".join(said), line)
    assert " ".join(lines).split() == said
    assert all(columns(each) <= line or len(each.split()) == 1 for each in lines)
    assert len(lines) == len(filled(pieces(" ".join(said)), line))


def test_two_lines_are_about_as_long_as_each_other():
    assert rules.wrap("The quick brown fox jumps over the lazy dog today", 42) == [
        "The quick brown fox jumps",
        "over the lazy dog today",
    ]
    assert rules.wrap("as I\nwrote it", 42) == ["as I", "wrote it"]


SPEAKABLE = Rules(line=42, lines=2, speed=60, shortest=0, longest=60_000, gap=0)


@given(talks())
def test_what_is_mended_says_the_same_words_in_order(talk):
    for made in (rules.fix(talk, Rules()), rules.reflow(talk, Rules())):
        assert made.text.split() == talk.text.split()
        assert all(segment.ends > segment.begins for segment in made.segments)
        ordered = [segment.begins for segment in made.segments]
        assert ordered == sorted(ordered)
        assert len({segment.id for segment in made.segments}) == len(made.segments)


@given(talks())
def test_text_set_anew_keeps_to_lines_and_never_overlaps(talk):
    made = rules.reflow(talk, Rules())
    kinds = {breach.kind for breach in rules.check(made, Rules())}
    assert not kinds & {Kind.LINES, Kind.OVERLAP, Kind.EMPTY, Kind.ORDER}
    for segment in made.segments:
        assert not segment.words or [w.text for w in segment.words] == segment.text.split()
    for before, after in itertools.pairwise(made.segments):
        if before.speaker != after.speaker:
            assert before.speaker in "ab"


def test_one_segment_alone_can_be_mended():
    talk = talk_of((0, 300, "too short to read at all"), (5000, 5100, "this one too"))
    made = rules.fix(talk, Rules(), only={"0"})
    assert made.segments[1] == talk.segments[1]
    assert not [b for b in rules.check(made, Rules()) if b.segment == "0"]


def test_a_long_segment_is_ended_after_a_sentence():
    text = (
        "This is the first sentence of them all. And this is the second one, which is somewhat longer than the first."
    )
    made = rules.fix(talk_of((0, 9000, text)), Rules())
    assert made.segments[0].text.endswith("all.")


def test_doubt_and_speakers_stay_with_what_is_set_anew():
    talk = Transcript((Segment("1", 0, 3000, "hello there", "a", doubt=Doubt.APPROXIMATE),), (ANNA,), 3000)
    (segment,) = rules.reflow(talk, Rules()).segments
    assert segment.speaker == "a" and segment.doubt == Doubt.APPROXIMATE


@pytest.mark.parametrize(
    ("kind", "found", "allowed", "words"),
    [
        (rules.Kind.SPEED, 17.04, 17.0, "17.1 characters a second; 17 at most"),
        (rules.Kind.SHORT, 831, 833, "Shown for 831 ms; 833 ms at least"),
        (rules.Kind.LONG, 7003, 7000, "Shown for 7003 ms; 7000 ms at most"),
    ],
)
def test_what_breaks_a_rule_by_little_is_not_told_as_what_is_allowed(kind, found, allowed, words):
    assert rules.Breach("", kind, found, allowed).words == words
