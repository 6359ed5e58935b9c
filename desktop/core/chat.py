"""What happens while a reply arrives, as the chat page and the terminal hear it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from desktop.core.conversation import Conversation, Message
from desktop.core.errors import KnownError


@dataclass(frozen=True, slots=True)
class Started:
    """The question (None when answered again) and the empty replies are in the archive; nothing was sent yet."""

    conversation: Conversation
    question: Message | None
    replies: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a reply. `kind` is "text", "reasoning" or "refusal"."""

    message: str
    text: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing arrives for now: `seconds` until the next try, or since the last sign where `is_alive` says so.

    `skip` ends the wait and tries at once.
    """

    message: str
    reason: str
    seconds: float
    is_alive: bool = False
    skip: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A reply in its final form, already in the archive; `error` where it did not end well."""

    message: Message
    error: KnownError | None = None

    @property
    def refused_parameter(self) -> str:
        """The name of the parameter that the server would not have, where that is why it refused."""
        if self.error is None or self.error.detail.code not in ("unsupported_parameter", "unsupported_value"):
            return ""
        return (self.error.detail.param or "").partition(".")[0].partition("[")[0]


@dataclass(frozen=True, slots=True)
class Unsaved:
    """What arrives cannot be written now; it stays in memory until that works again, which is said with None."""

    error: KnownError | None


Update = Started | Delta | Waiting | Ended | Unsaved


@dataclass(frozen=True, slots=True)
class Estimate:
    """Tokens of the next request; `context` is the model's limit, None where unknown; `is_rough` while uncounted."""

    tokens: int
    context: int | None
    dollars: str
    is_rough: bool

    @property
    def fits(self) -> bool:
        return self.context is None or self.tokens <= self.context
