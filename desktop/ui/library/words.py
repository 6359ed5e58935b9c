"""Values in the library's words: counts, money, dates, places, what was done."""

from __future__ import annotations

from datetime import date

from desktop.core import pricing
from desktop.ui.chat.meta import grouped

PAGES = {
    "chat": "Chat",
    "images": "Images",
    "speech": "Speech",
    "transcription": "Transcription",
    "batches": "Batches",
    "completions": "Completions",
}
ORDERS = {
    "newest": "Newest first",
    "oldest": "Oldest first",
    "relevance": "Best match first",
    "title": "By title",
    "cost": "Most expensive first",
}
EMPTY_PLACES = {
    "all": "No conversations here.",
    "folder": "This folder is empty. Drag conversations onto it, or put them in with Ctrl+M.",
    "tag": "Nothing has this tag any more.",
    "archived": "Nothing is archived. What is put away here is out of the usual lists and still found.",
    "trash": "The trash is empty.",
    "page": "This page has kept nothing yet.",
    "untagged": "Every conversation has a tag.",
    "pinned": "Nothing is pinned. Ctrl+Shift+P pins what you come back to.",
}


def many(count: int, noun: str) -> str:
    return f"{grouped(count)} {noun}{'s' * (count != 1)}"


def cost(pico: int) -> str:
    """Nothing where nothing is known to have been paid."""
    return pricing.shown(pricing.from_pico(pico)) if pico else ""


def page(name: str) -> str:
    return PAGES.get(name, name.capitalize())


def found(count: int, is_more: bool, seconds: float) -> str:
    """How many, and how fast: "1,000+ found in 8 ms"."""
    return f"{grouped(count)}{'+' * is_more} found in {max(1, round(seconds * 1000))} ms"


def day(when: date, today: date) -> str:
    return f"{when.day} {when:%b}" + ("" if when.year == today.year else f" {when.year}")


def emptied(when: date | None, today: date) -> str:
    """When something in the trash goes for good."""
    if when is None:
        return "kept until you delete it"
    return "deleted for good today" if when <= today else f"deleted for good on {day(when, today)}"


def done(ids: list[str], what: str) -> str:
    """ "3 conversations were archived." or "The conversation was archived."."""
    subject = f"{many(len(ids), 'conversation')} were" if len(ids) > 1 else "The conversation was"
    return f"{subject} {what}."
