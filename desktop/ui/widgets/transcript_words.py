"""What a transcript says about a message in words of its own: who speaks, how it ended, what it thought about."""

from __future__ import annotations

import re

from PySide6.QtGui import QFontMetricsF

from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Picture,
    Role,
    State,
    ToolCall,
    ToolResult,
)
from desktop.core.text import visible

ROLE_NAMES = {
    Role.USER: "You",
    Role.ASSISTANT: "Assistant",
    Role.SYSTEM: "System",
    Role.DEVELOPER: "Developer",
    Role.TOOL: "Tool",
}

FOLDABLE = ("user", "assistant", "tool", "reasoning")
"""What a view can fold: turns by their role, and reasoning inside of answers."""
APART = " · "
SHOWN_OF_FOLDED = 240
HEADING_MARK = re.compile(r"^[ ]{0,3}#{1,6}[ ]+", re.MULTILINE)


def caption(message: Message) -> str:
    """Who speaks."""
    name = ROLE_NAMES.get(message.role, "")
    model = message.model if message.role is Role.ASSISTANT else ""
    return f"{name} · {visible(model)}" if model else name


def state_line(message: Message) -> tuple[str, str, tuple[str, ...]]:
    """(sentence, colour, names of its actions) where the message did not end well; else empty."""
    match message.state:
        case State.FAILED:
            said = " ".join(each for each in (message.error, message.advice) if each)
            return said or "This message could not be sent.", "bad", ("retry",)
        case State.CUT:
            return message.error or "The connection ended before the answer did.", "warn", ("continue", "retry")
        case State.STOPPED:
            return "Stopped.", "muted", ("continue",)
        case State.LENGTH:
            return "The answer reached its limit of tokens.", "warn", ("continue",)
        case State.FILTERED:
            return "The provider's filter ended this answer.", "warn", ("retry",)
    return "", "", ()


def thought(message: Message, seconds: float) -> str:
    """The line over what a model thought."""
    if message.state is State.STREAMING and not seconds:
        return "Thinking …"
    tokens = message.usage.reasoning if message.usage else 0
    said = [f"Thought for {_duration(seconds)}" if seconds else "Thoughts"]
    return APART.join([*said, f"{tokens:,} tokens"] if tokens else said)


def wrapped(said: str, metrics: QFontMetricsF, room: float) -> list[str]:
    """A line of pieces with " · " between them in as many lines as it needs, all about as long; a piece stays whole."""
    lines = _filled(said, metrics, room)
    while len(lines) > 1:
        narrower = _filled(said, metrics, max(map(metrics.horizontalAdvance, lines)) - 1)
        if len(narrower) > len(lines) or narrower == lines:  # as even as whole pieces allow
            break
        lines = narrower
    return lines


def _filled(said: str, metrics: QFontMetricsF, room: float) -> list[str]:
    lines: list[str] = []
    for piece in said.split(APART):
        longer = f"{lines[-1]}{APART}{piece}" if lines else piece
        if lines and metrics.horizontalAdvance(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines


def first_words(message: Message) -> str:
    """The first line that says something, for a turn that is folded."""
    said = " ".join(HEADING_MARK.sub("", message.text[: 4 * SHOWN_OF_FOLDED]).split())
    for part in message.parts if not said else ():
        match part:
            case ToolResult():
                said = " ".join(part.text[: 4 * SHOWN_OF_FOLDED].split())
            case ToolCall():
                said = f"Called {part.name}"
            case Picture() | Audio() | Attachment():
                said = part.name or ("Picture" if isinstance(part, Picture) else "Recording")
        if said:
            break
    return visible(said[:SHOWN_OF_FOLDED]) or "Nothing was said"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
