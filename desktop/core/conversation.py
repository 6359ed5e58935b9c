"""Conversations as trees of messages, and the rules of branches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from desktop.core.titles import title_from as title_from
from desktop.core.usage import Usage


class Role(StrEnum):
    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class State(StrEnum):
    """What is known of a message's end. Only STREAMING is not final."""

    STREAMING = "streaming"
    COMPLETE = "complete"
    LENGTH = "length"  # the server's limit of tokens
    FILTERED = "filtered"  # the provider's content filter
    CUT = "cut"  # the connection, or the application, ended first
    STOPPED = "stopped"  # by the user
    FAILED = "failed"

    @property
    def can_continue(self) -> bool:
        return self in (State.CUT, State.STOPPED, State.LENGTH)


class Text(Struct, frozen=True, tag="text", omit_defaults=True):
    text: str


class Reasoning(Struct, frozen=True, tag="reasoning", omit_defaults=True):
    text: str
    seconds: float = 0.0


class Refusal(Struct, frozen=True, tag="refusal", omit_defaults=True):
    text: str


class Picture(Struct, frozen=True, tag="picture", omit_defaults=True):
    """`blob` is the SHA-256 of the bytes in the archive, in hex."""

    blob: str
    mime: str
    name: str = ""
    detail: str = ""


class Audio(Struct, frozen=True, tag="audio", omit_defaults=True):
    blob: str
    mime: str
    name: str = ""
    transcript: str = ""
    seconds: float = 0.0


class Attachment(Struct, frozen=True, tag="file", omit_defaults=True):
    """A file that goes with a message; `file_id` where a server already has it."""

    name: str
    mime: str
    blob: str = ""
    file_id: str = ""


class ToolCall(Struct, frozen=True, tag="tool_call", omit_defaults=True):
    """`arguments` exactly as the model wrote them: perhaps no JSON."""

    call_id: str
    name: str
    arguments: str


class ToolResult(Struct, frozen=True, tag="tool_result", omit_defaults=True):
    call_id: str
    text: str
    is_error: bool = False


Part = Text | Reasoning | Refusal | Picture | Audio | Attachment | ToolCall | ToolResult


class Timing(Struct, frozen=True, omit_defaults=True):
    """Milliseconds from the moment of sending; None while unknown."""

    first_token_ms: int | None = None
    total_ms: int | None = None


class Message(Struct, frozen=True, omit_defaults=True):
    """One turn. Times are UTC microseconds; `cost_pico` picodollars, None while open or where the price is unknown.

    `error` is the sentence shown under a message that failed; `call_id` names the ledger's row and the wire's record.
    `logprobs` and other things a server may send beside the text stay in the kept raw reply.
    """

    id: str
    role: Role
    parts: tuple[Part, ...]
    parent: str | None = None
    conversation: str = ""
    state: State = State.COMPLETE
    model: str = ""
    created: int = 0
    finish_reason: str = ""
    usage: Usage | None = None
    timing: Timing = Timing()
    cost_pico: int | None = None
    is_free: bool = False
    call_id: str = ""
    error: str = ""
    advice: str = ""

    @property
    def text(self) -> str:
        """All that reads as the message's own words, in order."""
        return "".join(part.text for part in self.parts if isinstance(part, Text | Refusal))

    @property
    def reasoning(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Reasoning))


class Conversation(Struct, frozen=True, omit_defaults=True):
    """What a list shows of a conversation. `head` is the last message of the branch that is shown.

    `fork_of` is the message of another conversation whose past this one shares. `trashed` is 0 or the time it was
    moved to the trash, `archived` 0 or the time it was put away. `page` made it, `folder` is a folder's id,
    `cost_pico` what its messages came to as far as that is known, in picodollars. Times are UTC microseconds.
    """

    id: str
    title: str = ""
    created: int = 0
    updated: int = 0
    head: str | None = None
    fork_of: str | None = None
    model: str = ""
    profile: str = ""
    system: str = ""
    parameters: dict[str, object] = {}
    is_pinned: bool = False
    trashed: int = 0
    message_count: int = 0
    page: str = "chat"
    folder: str = ""
    tags: tuple[str, ...] = ()
    archived: int = 0
    cost_pico: int = 0
    snippet: str = ""  # of a search hit, plain text with the hits between U+E000 and U+E001


class Branch(Struct, frozen=True):
    """The place of a message among its siblings, counted from 1: "2 / 3"."""

    number: int
    of: int
    before: str | None
    after: str | None


def path_to(head: str | None, parents: Mapping[str, str | None]) -> list[str]:
    """Ids from the root to `head`. A parent that is missing or would close a circle ends the walk there."""
    path: list[str] = []
    seen: set[str] = set()
    at = head
    while at is not None and at in parents and at not in seen:
        seen.add(at)
        path.append(at)
        at = parents[at]
    return path[::-1]


def children_of(parents: Mapping[str, str | None]) -> dict[str | None, list[str]]:
    """Parent id to its children in the order of their ids, which is the order they were made in."""
    children: dict[str | None, list[str]] = {}
    for message in sorted(parents):
        parent = parents[message]
        children.setdefault(parent if parent in parents else None, []).append(message)
    return children


def branch_of(message: str, siblings: Sequence[str]) -> Branch:
    """Where a message stands among the children of its parent, in the order they were made in."""
    at = siblings.index(message)
    return Branch(
        number=at + 1,
        of=len(siblings),
        before=siblings[at - 1] if at else None,
        after=siblings[at + 1] if at + 1 < len(siblings) else None,
    )


def newest_leaf(message: str, children: Mapping[str | None, list[str]]) -> str:
    """The end of the branch through `message` that was made last."""
    seen = {message}
    while (below := children.get(message)) and below[-1] not in seen:
        message = below[-1]
        seen.add(message)
    return message


def edit_draft(conversation: str, message: str) -> str:
    """The name under which an unsent edit of a message is kept."""
    return f"{conversation}/{message}"


def plain(messages: Iterable[Message]) -> str:
    """Messages as plain text, each under its role, for copying and printing."""
    return "\n\n".join(f"{m.role.value.capitalize()}:\n{m.text}" for m in messages)
