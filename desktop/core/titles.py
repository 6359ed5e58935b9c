"""Titles of conversations, made of what was said first."""

from __future__ import annotations

import re

LONGEST = 60
LONGEST_BY_MODEL = 80
UNTITLED = "Untitled"

_GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|greetings|good (?:morning|afternoon|evening|day)|dear [^\s,!.]+|thanks|thank you"
    r"|hallo|moin|guten (?:morgen|tag|abend)|bonjour|bonsoir|salut|hola|buenos d[ií]as|buenas tardes|ciao|buongiorno"
    r"|ol[aá]|привет|здравствуйте|你好|您好|こんにちは|안녕하세요)"
    r"(?: (?:there|all|everyone|again|chatgpt|claude|assistant))?\s*(?:[,!.;:。！，、…]+\s*|$)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?:(?<=[^\W_]{3}[.])|(?<=[^\W_][?!]))\s+(?=[^\W_])(?![a-z])|(?<=[。？！])")
_FENCE = re.compile(r"[ \t>]*(?:```|~~~)")
_MARKS = "#*`> "


def title_from(text: str, longest: int = LONGEST) -> str:
    """A title made of the first question: without greeting and code, its first sentence, cut between words."""
    for line in _lines_to_say(text):
        said = _without_greeting(line)
        if said:
            return cut(_first_sentence(said, longest), longest)
    return first_line(text, longest)


def first_line(text: str, longest: int = LONGEST) -> str:
    """The first line that says anything; this was the whole rule once, and titles made by it are still about."""
    line = next((words for raw in text.splitlines() if (words := " ".join(raw.split()).strip(_MARKS))), "")
    return cut(line, longest)


def cut(line: str, longest: int) -> str:
    if len(line) <= longest:
        return line
    return line[:longest].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"


def is_made(title: str, question: str) -> bool:
    """Whether a title is one that we made of a question, or none: what a user has typed is another."""
    return title.strip() in ("", UNTITLED, title_from(question), first_line(question))


def from_model(reply: str) -> str:
    """What a model answered, as a title in one line; "" where it is none."""
    line = next((words for raw in reply.splitlines() if (words := " ".join(raw.split()))), "")
    line = re.sub(r"(?i)^title:\s*", "", line.strip(_MARKS)).strip("\"'“”„«»* ")
    return cut(line.removesuffix("."), LONGEST_BY_MODEL)


def _lines_to_say(text: str) -> list[str]:
    """Lines outside blocks of code that say anything."""
    found: list[str] = []
    is_code = False
    for raw in text.splitlines():
        if _FENCE.match(raw):
            is_code = not is_code
        elif not is_code and (words := " ".join(raw.split()).strip(_MARKS)):
            found.append(words)
    return found


def _without_greeting(line: str) -> str:
    said = line
    while (greeting := _GREETING.match(said)) and greeting.end():
        said = said[greeting.end() :]
    return line if said == line else said[:1].upper() + said[1:]


def _first_sentence(line: str, longest: int) -> str:
    end = _SENTENCE_END.search(line)
    sentence = line[: end.start()].rstrip() if end else line
    if len(sentence) > longest and (question := re.search(r"[?？]", sentence[:longest])):
        sentence = sentence[: question.end()]
    return sentence.removesuffix(".") if not sentence.endswith("..") else sentence
