"""What a kept conversation is said to be: dates, models, place, and the line that names it as a source."""

from __future__ import annotations

from datetime import datetime

from desktop.core.conversation import Conversation
from desktop.ui.library.words import page

ROLES = {"user": "Your turns", "assistant": "Answers", "tool": "Tool messages", "system": "System texts"}
KINDS = {"pictures": "Pictures", "sound": "Recordings", "files": "Files"}


def day(micros: int) -> str:
    """ "3 Mar 2025", in the user's own time zone."""
    when = datetime.fromtimestamp(micros / 1_000_000)
    return f"{when.day} {when:%b} {when.year}"


def dates(first: int, last: int) -> str:
    if not first:
        return ""
    begin, end = datetime.fromtimestamp(first / 1_000_000), datetime.fromtimestamp(last / 1_000_000)
    if begin.date() == end.date() or not last:
        return day(first)
    if begin.year == end.year:
        return f"{begin.day} {begin:%b} – {day(last)}"
    return f"{day(first)} – {day(last)}"


def facts(conversation: Conversation, folder: str = "") -> str:
    """Dates, model, page, folder and tags as quiet words."""
    said = [dates(conversation.created, conversation.updated), conversation.model, page(conversation.page), folder]
    said += [f"#{tag}" for tag in conversation.tags]
    said += ["archived"] if conversation.archived else []
    said += ["in the trash"] if conversation.trashed else []
    return "  ·  ".join(each for each in said if each)


def title_of(conversation: Conversation) -> str:
    return conversation.title or "Untitled conversation"


def bare(heading: str) -> str:
    """A heading without its marks, as an outline has it."""
    return "".join(c for c in heading.lstrip("# ") if c not in "*_`").strip()
