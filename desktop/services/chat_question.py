"""A question as a page asks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from desktop.core.conversation import Part
from desktop.core.profile import Profile


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be sent. `parent` is the message it follows, None for the first; without `conversation` one begins."""

    parts: tuple[Part, ...]
    model: str
    profile: Profile
    conversation: str | None = None
    parent: str | None = None
    system: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
