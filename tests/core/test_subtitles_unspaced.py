"""Subtitles of writing that puts no blanks between its words: broken where people break it, and no letter lost."""

from __future__ import annotations

import itertools

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from desktop.core import transcript_edits as edits
from desktop.core.subtitles import forms, reading, rules
from desktop.core.subtitles.breaks import columns, flat, is_unspaced, pieces, together
from desktop.core.subtitles.lines import counted
from desktop.core.subtitles.rules import Kind, Rules
from desktop.core.subtitles.words import pieces_of, words_of
from desktop.core.transcript import Segment, Transcript, Word

CHINESE = "我们今天来讨论一下人工智能的发展，以及它对未来社会的影响。你觉得呢？我认为这是一个非常重要的问题！"
JAPANESE = "東京都の人口は、約千四百万人です。「ちょっと待ってください」と彼は言った。コンピューターって便利ですよね。"
THAI = "สวัสดีครับวันนี้เราจะมาพูดคุยกันเกี่ยวกับเรื่องของปัญญาประดิษฐ์และผลกระทบต่อสังคมในอนาคต"
KHMER = "សួស្តីថ្ងៃនេះយើងនឹងនិយាយអំពីបញ្ញាសិប្បនិម្មិតនិងផលប៉ះពាល់របស់វាទៅលើសង្គមនាពេលអនាគត"
LAO = "ສະບາຍດີມື້ນີ້ພວກເຮົາຈະມາສົນທະນາກັນກ່ຽວກັບປັນຍາປະດິດແລະຜົນກະທົບຕໍ່ສັງຄົມໃນອະນາຄົດ"
MIXED = "我们用Python和TensorFlow来训练GPT-4模型，准确率达到了99.5%，比2023年提高了很多。"
KOREAN = "안녕하세요 오늘은 인공지능의 발전과 그것이 미래 사회에 미치는 영향에 대해 이야기해 보겠습니다."
ALL = (CHINESE, JAPANESE, THAI, KHMER, LAO, MIXED)

NEVER_FIRST = "、。，．！？：；」』）】》〉”’ーっゃゅょぁぃぅぇぉァィゥェォッャュョ々,.!?:;)%"
NEVER_LAST = "「『（【《〈“‘("
LETTERS = (
    *"我们今天来讨论影响、。，！？」』）ー「『（あいうっゃょアイッュ々…—", *"abZ9,.!?()%'\" ", "한국", "สวัส", "ดี", "เ",
    "ำ", "็", "្ត", "សួ", "ຊີ", "が", "か\u3099", "👨‍👩‍👧", "👍🏽", "🇩🇪", "Python", "  ", "\n", "\u3000", "\u200b",
)  # fmt: skip
texts = (
    st.lists(st.sampled_from(LETTERS), min_size=1, max_size=120)
    .map(lambda letters: regex.sub(r"\s+(?=[\p{M}\u0e33])", "", "".join(letters)))  # no mark stands by itself
    .filter(lambda text: text.strip())
)


def bare(text):
    return "".join(text.split())


def clusters(text):
    return regex.findall(r"\X", text)


def one(text, ends=9000, words=()):
    return Transcript((Segment("1", 0, ends, text, words=words),), (), max(ends, 60_000))


@st.composite
def talks(draw):
    at, segments = 0, []
    for number, text in enumerate(draw(st.lists(texts, min_size=1, max_size=5))):
        begins = at + draw(st.integers(0, 3000))
        at = begins + draw(st.integers(200, 15_000))
        timed, said = (), pieces(text)
        if draw(st.booleans()):
            step = (at - begins) // len(said)
            timed = tuple(Word(p.text, begins + step * n, begins + step * (n + 1)) for n, p in enumerate(said))
        segments.append(Segment(str(number), begins, at, text, draw(st.sampled_from("ab")), words=timed))
    return Transcript(tuple(segments), (), at)


# Lines


def test_wide_characters_take_two_columns_and_marks_none():
    assert columns("abc") == 3 and columns("über “x”…") == 9
    assert columns("日本語") == 6 and columns("한국") == 4 and columns("ｶﾞ") == 2 and columns("Ａ。") == 4
    assert columns("สวัสดี") == 4 and columns("か\u3099") == 2
    assert columns("👨‍👩‍👧") == 2 and columns("👍🏽") == 2 and columns("🇩🇪") == 2


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("line", [10, 16, 26, 42])
def test_a_text_without_blanks_is_broken_into_lines_that_fit(text, line):
    lines = rules.wrap(text, line)
    assert len(lines) > 1 and "".join(lines) == text
    assert all(columns(each) <= line for each in lines)
    for before, after in itertools.pairwise(lines):
        assert after[0] not in NEVER_FIRST and before[-1] not in NEVER_LAST
        assert clusters(before + after) == clusters(before) + clusters(after)


def test_lines_end_rather_after_punctuation():
    assert rules.wrap("我们今天来讨论一下人工智能，以及它对未来社会的影响。", 42) == [
        "我们今天来讨论一下人工智能，",
        "以及它对未来社会的影响。",
    ]
    assert rules.wrap("そうですね。それではまた来週お会いしましょう。", 42)[0] == "そうですね。"


def test_a_word_in_other_letters_and_a_number_stay_whole():
    for line in (14, 20, 26):
        lines = rules.wrap(MIXED, line)
        for word in ("Python", "TensorFlow", "GPT-4", "99.5%", "2023"):
            assert any(word in each for each in lines), (line, word, lines)


def test_no_line_ends_between_a_thai_vowel_and_the_letter_it_stands_before():
    lines = rules.wrap(THAI, 10)
    assert not any(each[-1] in "เแโใไ" for each in lines[:-1])
    assert not any(each[-1] == "្" for each in rules.wrap(KHMER, 10))


def test_korean_is_broken_at_its_blanks_alone():
    lines = rules.wrap(KOREAN, 26)
    assert " ".join(lines) == KOREAN and all(columns(each) <= 26 for each in lines)
    assert rules.wrap("나는 大韓民國의 사람", 12) == ["나는", "大韓民國의", "사람"]


def test_a_blank_that_was_written_stays_where_no_line_ends():
    assert rules.wrap("你好 世界", 42) == ["你好 世界"]
    assert rules.wrap("你好\n世界和平", 10) == ["你好", "世界和平"]
    assert rules.wrap("今天\n" + "我们" * 8, 26) != ["今天 " + "我们" * 8]
    assert " " not in "".join(rules.wrap("今天\n" + "我们" * 11, 42))


def test_lines_that_are_broken_anew_begin_with_no_sign_that_began_one_before():
    assert all(each[0] not in NEVER_FIRST for each in rules.wrap("我们今天来\n、这个问题非常重要的", 10))


def test_a_row_of_signs_that_is_too_long_is_broken_all_the_same():
    assert all(columns(each) <= 10 for each in rules.wrap("あー" + "ー" * 20 + "！" * 20, 10))


@given(texts, st.integers(10, 60))
def test_lines_hold_all_letters_and_fit_and_break_no_character(text, line):
    lines = rules.wrap(text, line)
    assert bare("".join(lines)) == bare(text)
    assert all(each and each == each.strip() for each in lines)
    for each in lines:
        assert columns(each) <= line or not (is_unspaced(each) or " " in each)
    seen = [cluster for each in lines for token in each.split() for cluster in clusters(token)]
    assert seen == [cluster for token in flat(text).split() for cluster in clusters(token)]


@given(texts)
def test_pieces_are_the_text(text):
    assert bare(together(pieces(text))) == bare(text)
    assert together(pieces(together(pieces(text)))) == together(pieces(text))


# Rules


def test_what_is_too_long_is_told_in_columns():
    found = {breach.kind: breach for breach in rules.check(one("汉" * 60 + "。"), Rules())}
    assert Kind.LINES in found and found[Kind.LINES].found == 3 and Kind.LINE not in found
    assert rules.speed_of(Segment("1", 0, 2000, "今天我们\n来讨论")) == 7


@pytest.mark.parametrize("text", ALL)
def test_a_long_segment_is_split_and_says_the_same(text):
    made = rules.fix(one(text * 3, 40_000), Rules())
    assert len(made.segments) > 2
    assert "".join(bare(each.text) for each in made.segments) == text * 3
    left = {breach.kind for breach in rules.check(made, Rules())}
    assert not left & {Kind.LINE, Kind.LINES, Kind.OVERLAP, Kind.ORDER, Kind.LONG}


def test_a_long_segment_is_ended_after_a_sentence():
    made = rules.fix(
        one(
            "今天我们来讨论人工智能的发展，以及它对社会的影响。「你觉得这个问题怎么样呢？」他想知道大家的意见和看法。",
            12_000,
        ),
        Rules(),
    )
    assert all(each.text.rstrip("」").endswith(("。", "？")) for each in made.segments)


@given(talks())
def test_what_is_mended_or_set_anew_says_the_same_in_order(talk):
    for made in (rules.fix(talk, Rules()), rules.reflow(talk, Rules())):
        assert bare(made.text) == bare(talk.text)
        assert all(segment.ends > segment.begins for segment in made.segments)
        begun = [segment.begins for segment in made.segments]
        assert begun == sorted(begun)
        for segment in made.segments:
            said = pieces_of(segment)
            assert bare("".join(p.text for p in said)) == bare(segment.text)
            assert all(p.begins <= p.ends for p in said)
            assert all(a.begins <= b.begins for a, b in itertools.pairwise(said))
            assert [w.text for w in words_of(segment)] == segment.text.split()


@given(talks())
def test_text_set_anew_keeps_to_its_lines(talk):
    kinds = {breach.kind for breach in rules.check(rules.reflow(talk, Rules()), Rules())}
    assert not kinds & {Kind.LINES, Kind.OVERLAP, Kind.EMPTY, Kind.ORDER}


def test_set_anew_puts_no_blank_between_two_pieces_and_keeps_the_times():
    said = ["今天", "我们", "用", "Python", "编程", "。"]
    words = tuple(Word(w, n * 400, n * 400 + 400) for n, w in enumerate(said))
    talk = Transcript(
        (
            Segment("1", 0, 2400, "".join(said), words=words),
            Segment("2", 2400, 3200, "很好。", words=(Word("很好", 2400, 3200),)),
        ),
        (),
        9000,
    )
    (made,) = rules.reflow(talk, Rules(lines=1)).segments
    assert made.text == "今天我们用Python编程。很好。"
    assert (made.begins, next(p.begins for p in pieces_of(made) if p.text == "Python")) == (0, 1200)
    two = rules.reflow(talk, Rules(line=14)).segments
    assert "".join(bare(each.text) for each in two) == "今天我们用Python编程。很好。"


def test_the_other_language_is_shared_out_without_blanks():
    talk = Transcript((Segment("1", 0, 20_000, "one two three four five six. " * 8, second=CHINESE),), (), 20_000)
    made = rules.fix(talk, Rules())
    assert len(made.segments) > 2 and all(each.second for each in made.segments)
    assert "".join(each.second for each in made.segments) == CHINESE


# Edits


def test_a_split_at_the_cursor_has_the_time_of_the_letter_there():
    words = (Word("今天", 0, 1000), Word("我们", 1000, 2000), Word("讨论。", 2000, 4000))
    made = edits.split(one("今天我们讨论。", 4000, words), "1", 2)
    assert [each.text for each in made.segments] == ["今天", "我们讨论。"]
    assert [(each.begins, each.ends) for each in made.segments] == [(0, 1000), (1000, 4000)]
    back = edits.merge(made, {each.id for each in made.segments})
    assert [each.text for each in back.segments] == ["今天我们讨论。"]
    assert [(w.text, w.begins) for w in words_of(back.segments[0])] == [("今天我们讨论。", 0)]
    assert next(p.begins for p in pieces_of(back.segments[0]) if p.text == "讨") == 2000


@pytest.mark.parametrize(("at", "head"), [(2, "好的。」"), (3, "好的。」")])
def test_closing_signs_stay_with_what_they_close(at, head):
    made = edits.split(one("好的。」「再见。」"), "1", at)
    assert made.segments[0].text == head


def test_no_split_goes_through_a_character():
    text = "か\u3099くせい👨‍👩‍👧です"
    for at in (1, text.index("👨") + 1, text.index("👨") + 3):
        head = edits.split(one(text), "1", at).segments[0].text
        assert clusters(text)[: len(clusters(head))] == clusters(head)


def test_merged_with_other_writing_a_blank_stays_between():
    def merged(*said):
        talk = Transcript(tuple(Segment(str(n), n * 9, n * 9 + 9, each) for n, each in enumerate(said)), (), 99)
        return edits.merge(talk, {each.id for each in talk.segments}).segments[0].text

    assert merged("今天", "天气很好。") == "今天天气很好。"
    assert merged("他说：“好。”", "她笑了。") == "他说：“好。”她笑了。"
    assert merged("我在学习", "Python 3") == "我在学习 Python 3"
    assert merged("안녕하세요", "오늘은") == "안녕하세요 오늘은"
    assert merged("one", "two") == "one two" and merged("สวัสดี", "ครับ") == "สวัสดีครับ"


def test_paragraphs_are_read_without_blanks():
    talk = Transcript((Segment("1", 0, 900, "今天\n天气"), Segment("2", 900, 1800, "很好。", second="a\nb")), (), 2000)
    (paragraph,) = edits.paragraphs(talk)
    assert paragraph.text == "今天天气很好。" and paragraph.second == "a b"


def test_letters_beside_a_change_keep_their_times():
    words = tuple(Word(w, n * 100, n * 100 + 100) for n, w in enumerate("今天我们讨论"))
    changed = edits.set_text(one("今天我们讨论", 600, words), "1", "今天你们先讨论").segments[0]
    times = {p.text: p.begins for p in pieces_of(changed)}
    assert (times["今"], times["天"], times["们"], times["论"]) == (0, 100, 300, 500)


@given(talks(), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 60)), max_size=6))
def test_no_split_or_merge_loses_a_letter(talk, choices):
    said = bare(talk.text)
    for which, at in choices:
        chosen = talk.segments[which % len(talk.segments)]
        try:
            split = edits.split(talk, chosen.id, at)
        except edits.BadInput:
            continue
        assert bare(split.text) == said
        place = next(n for n, each in enumerate(split.segments) if each.id == chosen.id)
        both = split.segments[place : place + 2]
        assert both[0].begins <= both[0].ends == both[1].begins <= both[1].ends
        assert all(p.begins <= p.ends for each in both for p in pieces_of(each))
        talk = edits.merge(split, {each.id for each in both}) if at % 2 else split
        assert bare(talk.text) == said


# Files


@pytest.mark.parametrize("form", ["srt", "vtt", "ass", "ttml"])
@pytest.mark.parametrize("text", [*ALL, KOREAN])
def test_a_file_read_back_is_the_text(form, text):
    talk = rules.fix(one(text * 2, 30_000), Rules())
    back = reading.read(getattr(forms, form)(talk, line=26))
    assert [bare(each.text) for each in back.segments] == [bare(each.text) for each in talk.segments]
    again = rules.reflow(back, Rules(line=200, longest=60_000))
    assert together(pieces(edits.paragraphs(again, 9_000)[0].text)) == text * 2 or text is KOREAN


@given(texts, st.integers(10, 60))
def test_lines_are_counted_as_they_are_broken(text, line):
    lines = rules.wrap(text, line)
    count, longest = counted(text, line)
    assert count == len(lines)
    assert (longest > line) == any(columns(each) > line for each in lines)
