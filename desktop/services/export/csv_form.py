"""Turns as rows of a table. No cell is a formula to a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

from desktop.core.conversation import Attachment, Audio, Message, Picture, ToolCall, ToolResult
from desktop.services.export.told import Told, dollars, iso, name_of

COLUMNS = (
    "conversation_id",
    "conversation",
    "branch",
    "turn",
    "message_id",
    "role",
    "created",
    "model",
    "state",
    "text",
    "reasoning",
    "tools",
    "files",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "error",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # the last four are wide ones


def header() -> str:
    return _line(COLUMNS)


def write(told: Told, out: Callable[[str], object]) -> None:
    """A row for each message; one that several branches share stands once, in the first."""
    for stretch in told.stretches():
        for turn, message in enumerate(told.messages(stretch), stretch.after + 1):
            out(_line(list(_cells(told, stretch.number, turn, message))))


def guarded(cell: str) -> str:
    """A cell as text: what a spreadsheet might carry out gets an apostrophe in front."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _line(cells: list[str] | tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow([guarded(cell) for cell in cells])
    return written.getvalue()


def _cells(told: Told, branch: int, turn: int, message: Message) -> Iterator[str]:
    yield from (told.conversation.id, told.conversation.title, str(branch), str(turn), message.id)
    yield from (message.role.value, iso(message.created), message.model, message.state.value)
    results = [part.text for part in message.parts if isinstance(part, ToolResult)]
    yield "\n".join([text for text in (message.text, *results) if text])
    yield message.reasoning
    yield "\n".join(f"{part.name}({part.arguments})" for part in message.parts if isinstance(part, ToolCall))
    yield "\n".join(
        told.link(part) or name_of(part) for part in message.parts if isinstance(part, Picture | Audio | Attachment)
    )
    usage = message.usage
    yield from ("", "") if usage is None else (str(usage.input), str(usage.output))
    yield from ("0" if message.is_free else dollars(message.cost_pico), message.error)
