"""The forms conversations can be exported in, and what each is for."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["json", "md", "html", "pdf", "txt", "csv", "jsonl"]


class Format(Struct, frozen=True):
    """`is_one_file`: many conversations go into one file; else each has its own in a folder."""

    kind: Kind
    title: str
    purpose: str
    is_one_file: bool = False

    @property
    def ending(self) -> str:
        return f".{self.kind}"


ALL: tuple[Format, ...] = (
    Format("md", "Markdown", "To read and edit anywhere, headings and code as they are."),
    Format("html", "Web page", "To read in any browser; many with a list and a search."),
    Format("pdf", "PDF", "To print, to send, to file."),
    Format("json", "JSON", "To keep or import again: branches, costs, tags, folders.", True),
    Format("jsonl", "JSONL", "To fine-tune a model: one example a line.", True),
    Format("csv", "CSV", "To count and compare in a spreadsheet: one turn a row.", True),
    Format("txt", "Plain text", "Words alone."),
)
OF_TERMINAL: tuple[str, ...] = tuple(each.kind for each in ALL if each.kind != "pdf")


def named(kind: str) -> Format:
    return next(each for each in ALL if each.kind == kind)


def is_folder(kind: str, count: int) -> bool:
    """Whether so many conversations become a folder."""
    return count != 1 and not named(kind).is_one_file
