"""Where a text may be broken: between words, and in writing without blanks between the pieces that people keep whole.

A text is cut into pieces. In Latin or Korean writing a piece is a word; in Chinese, Japanese, Thai, Lao, Khmer and
Burmese it is one character as it is seen, with the signs that close or open it. No dictionary of words is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from unicodedata import category, east_asian_width

import regex
from msgspec import Struct

_UNSPACED_RANGES = (
    "\u0e01-\u0e3a\u0e40-\u0e4f\u0e5a-\u0e7f\u0e81-\u0ecf\u0edc-\u0eff"  # Thai, Lao; their figures are words
    "\u1000-\u103f\u104a-\u108f\u1780-\u17df\u19e0-\u19ff"  # Burmese, Khmer
    "\u2e80-\u303e\u3041-\u312f\u3190-\u31ff\u3220-\u325f\u3280-\u4dbf\u4e00-\ua4cf\uf900-\ufaff\ufe30-\ufe4f"
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff9f\uffe0-\uffe6"  # signs of full width, narrow kana
    "\U00016fe0-\U00018cff\U0001b000-\U0001b2ff\U00020000-\U0003ffff"
)
_KOREAN = re.compile("(?=.*[\uac00-\ud7ff])[^\u3000-\u30ff\uff00-\uff9f]{1,12}")  # Chinese letters with an ending
_LETTERS = "\u0e01-\u0eff\u1000-\u17ff\u3041-\u30ff\u3400-\u9fff"
_UNSPACED = re.compile(f"[{_UNSPACED_RANGES}]")
_TIGHT = re.compile(rf"[A-Za-z0-9][{_LETTERS}]|[{_LETTERS}][A-Za-z0-9]")
_AIRY = re.compile(rf"[A-Za-z0-9] [{_LETTERS}]|[{_LETTERS}] [A-Za-z0-9]")
_CLUSTER = regex.compile(r"\X")
_UNSPACED_OR_NOT = regex.compile(rf"(?:(?=[{_UNSPACED_RANGES}])\X)+|(?:(?![{_UNSPACED_RANGES}])\X)+")
_TOKEN = re.compile(r"(\s*)(\S+)")
_NARROW_ONLY = re.compile("[\u0000-\u02ff\u0370-\u0482\u048a-\u0590\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*")

_CLOSING = frozenset(
    ",.;:!?%‰°…‥’”»›、。，．！？：；％℃・｡､･〜～‼⁇⁈⁉ーｰ々〻ゝゞヽヾぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶｧｨｩｪｫｬｭｮｯ"
    "ะาๆฯຯະາຽໆ។៕៖ៗ၊။\u200b\u2060\ufeff" + "".join(map(chr, range(0x31F0, 0x3200)))
)
_OPENING = frozenset("$£€¥￥＄￡#＃@＠‘“«‹เแโใไເແໂໃໄ\u2060\ufeff")
_JOINING = frozenset("\u17d2\u1039\u200d")  # the letter behind it stands below the one before it, or is one with it
_QUOTES = frozenset("\"'")
_SHORT = 4  # characters of a piece whose columns are remembered
_ASIDE = "“”‘’…‥—―·"  # signs of which nobody can tell the writing they belong to
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]+$")

SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "។", "။")
CLAUSE_ENDS = (",", ";", ":", "、", "，", "；", "：")
_CLOSING_QUOTES = "」』）】》〉〕］｝"


class Piece(Struct, frozen=True):
    """What no line may end in the middle of. `before` is what stands before it: a blank, nothing, or a line break that
    is no blank where lines are joined. `begins` and `ends` in milliseconds, where they are known."""

    text: str
    before: str = ""
    begins: int = 0
    ends: int = 0


def is_unspaced(text: str) -> bool:
    """Whether any of it is in writing that puts no blanks between words."""
    return not text.isascii() and _UNSPACED.search(text) is not None


def columns(text: str) -> int:
    """How long a text is: one for each character, two for a wide one, none for a mark that stands on another."""
    if text.isascii() or _NARROW_ONLY.fullmatch(text):
        return len(text)
    return _wide_columns(text) if len(text) <= _SHORT else sum(map(_width, _CLUSTER.findall(text)))


@lru_cache(maxsize=8192)
def _wide_columns(text: str) -> int:
    return sum(map(_width, _CLUSTER.findall(text)))


@lru_cache(maxsize=8192)
def _width(cluster: str) -> int:
    """An emoji of several characters is as wide as one."""
    if len(cluster) > 1 and (category(cluster[0]) == "So" or "\ufe0f" in cluster):
        return 2
    takes_none = ("Mn", "Me", "Cf")
    return sum(0 if category(each) in takes_none else 2 if east_asian_width(each) in "WF" else 1 for each in cluster)


def pieces(text: str) -> list[Piece]:
    """A text in its pieces; where it has blanks between its words, those are its words as `str.split` finds them."""
    if not is_unspaced(text):
        return [Piece(word, " " if at else "") for at, word in enumerate(text.split())]
    made: list[Piece] = []
    for blank, token in _TOKEN.findall(text):
        before = "" if not made else " "
        if before and len(f"{blank}.".splitlines()) > 1 and closes_up(made[-1].text, token, text):
            before = "\n"
        for part in _parts(token):
            made.append(Piece(part, before))
            before = ""
    return made


def _parts(token: str) -> Iterator[str]:
    if not is_unspaced(token) or _KOREAN.fullmatch(token):
        yield token
        return
    held = ""
    last = ""
    for cluster in _CLUSTER.findall(token):
        if held and _may_part(last, cluster):
            yield held
            held = ""
        held, last = held + cluster, cluster
    yield held


@lru_cache(maxsize=8192)
def _may_part(last: str, following: str) -> bool:
    """Whether a line may end between two characters that have no blank between them."""
    if not (_UNSPACED.match(last) or _UNSPACED.match(following)):
        return last[-1] == "\u200b"
    if following[0] in _CLOSING or category(following[0]) in ("Pe", "Pf"):
        return False
    if last[0] in _OPENING or last[-1] in _JOINING or category(last[0]) in ("Ps", "Pi"):
        return False
    if last[0] in _QUOTES or following[0] in _QUOTES:
        return False
    return not (_is_hangul(last) or _is_hangul(following))  # Korean endings cling to Chinese letters too


def _is_hangul(cluster: str) -> bool:
    return "\uac00" <= cluster[0] <= "\ud7ff" or "\u1100" <= cluster[0] <= "\u11ff"


def closes_up(before: str, after: str, around: str = "") -> bool:
    """Whether no blank stands between two texts where one follows the other: both without blanks in themselves, or one
    of them and their writing, `around` them too, puts none before words in other letters."""
    last = _SELECTORS.sub("", before.rstrip()).rstrip(_ASIDE)
    first = after.lstrip().lstrip(_ASIDE)
    sides = [bool(side and _UNSPACED.match(side)) for side in (last[-1:], first[:1])]
    if all(sides) or not any(sides):
        return all(sides)
    some = around or f"{before}\n{after}"
    return _TIGHT.search(some) is not None and _AIRY.search(some) is None


def together(said: Iterable[Piece]) -> str:
    """Pieces as one line."""
    parts: list[str] = []
    for piece in said:
        parts += [" ", piece.text] if parts and piece.before == " " else [piece.text]
    return "".join(parts)


def flat(text: str) -> str:
    """A text on one line, with single blanks."""
    words = text.split()
    return together(pieces(text)) if len(words) > 1 and is_unspaced(text) else " ".join(words)


def joined(texts: Iterable[str]) -> str:
    """Texts one after the other, a blank between them where their writing has blanks; empty ones left out."""
    made: list[str] = []
    for text in texts:
        if not text:
            continue
        if made and not closes_up(made[-1], text):
            made.append(" ")
        made.append(text)
    return "".join(made)


def cluster_end(text: str, at: int) -> int:
    """The place, `at` or the nearest behind it, that is not within a character as it is seen."""
    if text.isascii() or not 0 < at < len(text):
        return at
    return next(found.end() for found in _CLUSTER.finditer(text) if found.end() >= at)


def cut(text: str, line: int) -> list[str]:
    """A piece that is longer than a line in parts that are not, as far as its writing has no blanks."""
    if 2 * len(text) <= line or not is_unspaced(text) or columns(text) <= line:
        return [text]
    made: list[str] = []
    for word in _UNSPACED_OR_NOT.findall(text):
        for part in _CLUSTER.findall(word) if _UNSPACED.match(word) else [word]:
            if made and columns(made[-1] + part) <= line:
                made[-1] += part
            else:
                made.append(part)
    return made


def ends_sentence(text: str) -> bool:
    return text.rstrip(_CLOSING_QUOTES).endswith(SENTENCE_ENDS)


def ends_clause(text: str) -> bool:
    return text.rstrip(_CLOSING_QUOTES).endswith(CLAUSE_ENDS)


def harm(before: str, after: Piece) -> float:
    """How badly a text reads with a line's end between two pieces: 0 after a sentence, 1 within what may be a word."""
    if ends_sentence(before):
        return 0
    if ends_clause(before) or after.before == " " or before.endswith("\u200b"):
        return 0.1
    last, first = _kind(before[-1]), _kind(after.text[0])
    if last == first:
        return {"kana": 0.6, "katakana": 1, "han": 0.6}.get(last, 0.5)
    if first == "kana":
        return 0.8  # an ending or a particle belongs to what stands before it
    return 0.3


def _kind(character: str) -> str:
    if "\u3041" <= character <= "\u309f":
        return "kana"
    if "\u30a0" <= character <= "\u30ff" or "\uff66" <= character <= "\uff9f":
        return "katakana"
    return "han" if _UNSPACED.match(character) else "other"
