"""What the chat page has open: a conversation, one branch of it, and the replies that are still arriving."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from desktop.core.conversation import (
    Branch,
    Conversation,
    Message,
    Part,
    branch_of,
    children_of,
    edit_draft,
    newest_leaf,
    path_to,
)
from desktop.core.replies import Growing

if TYPE_CHECKING:
    from desktop.core.chat import Delta
    from desktop.services.conversations import Opened
    from desktop.ui.widgets.transcript_model import TranscriptModel


@dataclass(slots=True)
class Options:
    """What the next message is sent with."""

    model: str = ""
    system: str = ""
    parameters: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the composer held, to be given back if it could not be kept."""

    text: str
    parts: tuple[Part, ...]
    editing: str | None


@dataclass(slots=True)
class Sending:
    """A question on its way, from the click to the end of its reply. `draft` is the name it is kept under till then."""

    name: str
    place: OpenConversation
    conversation: str | None
    typed: Typed | None
    draft: str
    is_paid: bool
    has_begun: bool = False


@dataclass(slots=True)
class OpenConversation:
    """The conversation on the screen; without one, `conversation` is None and the next message begins it."""

    conversation: Conversation | None = None
    parents: dict[str, str | None] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    branches: dict[str, Branch] = field(default_factory=dict)
    editing: str | None = None
    options: Options = field(default_factory=Options)

    @classmethod
    def of(cls, opened: Opened) -> OpenConversation:
        found = opened.conversation
        options = Options(found.model, found.system, dict(found.parameters))
        state = cls(found, dict(opened.parents), list(opened.path), options=options)
        state.branches = state._branches()
        return state

    @property
    def identity(self) -> str | None:
        return self.conversation.id if self.conversation else None

    @property
    def draft_name(self) -> str:
        """The name the composer's text is kept under; an edit has one of its own."""
        return edit_draft(self.identity, self.editing) if self.identity and self.editing else self.identity or "new"

    @property
    def is_trashed(self) -> bool:
        """Such a conversation is read and not gone on with."""
        return bool(self.conversation and self.conversation.trashed)

    @property
    def head(self) -> str | None:
        return self.path[-1] if self.path else None

    @property
    def parent_of_next(self) -> str | None:
        """The message the next one follows: the head, or the parent of the one that is being edited."""
        return self.parents.get(self.editing) if self.editing else self.head

    def add(self, messages: list[Message]) -> None:
        """Take new messages into the tree and show the branch of the first reply among them."""
        for message in messages:
            self.parents[message.id] = message.parent
        self.show(next((m for m in messages if m.role.value == "assistant"), messages[-1]).id)

    def show(self, head: str) -> None:
        self.path = path_to(head, self.parents)
        self.branches = self._branches()

    def leaf_through(self, message: str) -> str:
        return newest_leaf(message, children_of(self.parents))

    def _branches(self) -> dict[str, Branch]:
        children = children_of(self.parents)
        siblings = {message: among for among in children.values() if len(among) > 1 for message in among}
        return {message: branch_of(message, siblings[message]) for message in self.path if message in siblings}


class Live:
    """Replies that are still arriving, in whatever conversation; the archive may be half a second behind them."""

    def __init__(self) -> None:
        self._growing: dict[str, Growing] = {}

    def begin(self, message: Message) -> None:
        self._growing[message.id] = Growing(message, kept=message.parts)

    def add(self, delta: Delta, at: float) -> None:
        if growing := self._growing.get(delta.message):
            growing.add(delta.kind, delta.text, at)

    def end(self, message_id: str) -> None:
        self._growing.pop(message_id, None)

    def newest(self, message: Message) -> Message:
        """The message as it is by now."""
        growing = self._growing.get(message.id)
        return message if growing is None else replace(growing.message, parts=growing.parts())

    def among(self, shown: TranscriptModel) -> list[Message]:
        """Those that a transcript shows, as they are by now."""
        return [self.newest(growing.message) for each, growing in self._growing.items() if shown.row_of(each) >= 0]

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._growing
