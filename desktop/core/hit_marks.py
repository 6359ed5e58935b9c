"""Where the words of a search stand in a text, so that they can be marked and counted."""

from __future__ import annotations

import re
import unicodedata

Span = tuple[int, int]

MOST_WORDS = 24
SHORTEST_PREFIX = 3
_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
_UNSPACED = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3100-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff々〆〇]+"
)
_ACCENTS = "[\u0300-\u036f]*"
"""What may stand behind each letter of a text that writes its accents apart."""


class _Bases(dict[int, str]):
    """Each letter's base letter where that is one letter, so that every place in the text stays the same."""

    def __missing__(self, code: int) -> str:
        base = [c for c in unicodedata.normalize("NFKD", chr(code)) if not unicodedata.combining(c)]
        self[code] = base[0] if len(base) == 1 else chr(code)
        return self[code]


_BASES = _Bases()


class Finder:
    """Finds the words of a search line as the full-text search does: whole words, phrases, beginnings, accents apart.

    Scripts that put no blanks between words are found anywhere in a run.
    """

    def __init__(self, plain: str, accented: str) -> None:
        self._plain = re.compile(plain, re.IGNORECASE) if plain else None
        self._accented = re.compile(accented, re.IGNORECASE) if accented else None

    @classmethod
    def of_line(cls, line: str) -> Finder:
        """For a whole search line; its filters mark nothing."""
        from desktop.core import search_query  # the chat page finds without filters, and is there at the first paint

        return cls.of_words(search_query.parse(line).words)

    @classmethod
    def of_words(cls, words: str) -> Finder:
        terms = list(_TERM.finditer(words))[:MOST_WORDS]
        plain: list[str] = []
        accented: list[str] = []
        for term in terms:
            is_phrase = term[2] is None
            said = term[1] if is_phrase else term[2]
            plain += [re.escape(run) for run in _UNSPACED.findall(said)]
            accented += [re.escape(run) for run in _UNSPACED.findall(said)]
            is_typed = term is terms[-1] and term.end() == len(words)
            begins = not is_phrase and (said.endswith("*") or is_typed)
            latin = _tokens(_UNSPACED.sub(" ", said))
            if latin:
                is_prefix = begins and len(latin[-1]) >= SHORTEST_PREFIX
                plain.append(_pattern(latin, is_prefix, ""))
                accented.append(_pattern(latin, is_prefix, _ACCENTS))
        return cls("|".join(plain), "|".join(accented))

    @classmethod
    def of_text(cls, text: str) -> Finder:
        """For exactly this text anywhere, whatever its case."""
        return cls(re.escape(text), re.escape(text.translate(_BASES)))

    @property
    def is_empty(self) -> bool:
        return self._plain is None

    def spans(self, text: str, most: int = 500) -> list[Span]:
        """(start, end) of each hit in characters, from the beginning, at most so many."""
        pattern, looked_at = self._plain, text
        if not text.isascii():
            pattern, looked_at = self._accented, text.translate(_BASES)
        found: list[Span] = []
        for match in pattern.finditer(looked_at) if pattern else ():
            if match.end() > match.start():
                found.append(match.span())
            if len(found) >= most:
                break
        return found


def _tokens(text: str) -> list[str]:
    return "".join(c if _is_token(c) else " " for c in text.translate(_BASES)).split()


def _pattern(words: list[str], is_prefix: bool, accents: str) -> str:
    spelt = r"[\W_]+".join(accents.join(map(re.escape, word)) + accents for word in words)
    end = r"[^\W_]*" if is_prefix else r"(?![^\W_])"
    return rf"(?<![^\W_]){spelt}{end}"


def _is_token(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "Co"
