"""A passage with its source line, as a Markdown blockquote and as plain text."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.core.conversation import Message, Role
from desktop.ui.library.reading import words


@dataclass(frozen=True, slots=True)
class Source:
    """Where a passage comes from. `created` is UTC microseconds; "" where no model wrote it."""

    title: str
    created: int = 0
    model: str = ""
    is_own: bool = False

    @property
    def line(self) -> str:
        """ "Title, 3 Mar 2025, gpt-5"; what the user wrote says so."""
        said = [self.title, words.day(self.created) if self.created else ""]
        said.append(self.model or ("own words" if self.is_own else ""))
        return ", ".join(each for each in said if each)


def source_of(title: str, messages: list[Message]) -> Source:
    """Of a passage from these messages: the day of the first, the models of all that were answered."""
    models = list(dict.fromkeys(m.model for m in messages if m.role is Role.ASSISTANT and m.model))
    created = next((m.created for m in messages if m.created), 0)
    is_own = bool(messages) and all(m.role is Role.USER for m in messages)
    return Source(" ".join(title.split()), created, ", ".join(models), is_own)


def as_markdown(passage: str, source: Source) -> str:
    lines = [f"> {line}".rstrip() for line in passage.strip("\n").split("\n")]
    return "\n".join([*lines, ">", f"> — {_escaped(source.line)}"]) + "\n"


def as_plain(passage: str, source: Source) -> str:
    passage = passage.strip("\n")
    is_short = "\n" not in passage
    return f"“{passage}”\n— {source.line}\n" if is_short else f"{passage}\n\n— {source.line}\n"


def _escaped(text: str) -> str:
    """A title is text, not markup."""
    for mark in "\\`*_[]<>":
        text = text.replace(mark, f"\\{mark}")
    return text
