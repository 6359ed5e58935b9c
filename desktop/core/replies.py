"""A reply while it grows: the pieces that arrived, in order, and what they make when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from desktop.core.conversation import Message, Part, Reasoning, Refusal, State, Text, Timing, ToolCall
from desktop.core.errors import KnownError
from desktop.core.usage import Usage

FINISHED = {
    "stop": State.COMPLETE,
    "tool_calls": State.COMPLETE,
    "function_call": State.COMPLETE,
    "length": State.LENGTH,
    "content_filter": State.FILTERED,
}


@dataclass(slots=True)
class Growing:
    """One reply of a call. `kept` are parts of an earlier, cut try that this one goes on from; times as of `clock`."""

    message: Message
    kept: tuple[Part, ...] = ()
    finish_reason: str = ""
    usage: Usage | None = None
    first_token_at: float | None = None
    _pieces: list[tuple[str, list[str]]] = field(default_factory=list)
    _thinking: tuple[float, float] | None = None
    _calls: tuple[ToolCall, ...] = ()

    def add(self, kind: str, text: str, at: float) -> None:
        """Take a piece; consecutive ones of a kind are joined."""
        if self.first_token_at is None:
            self.first_token_at = at
        if kind == "reasoning":
            self._thinking = (self._thinking[0] if self._thinking else at, at)
        if not self._pieces or self._pieces[-1][0] != kind:
            self._pieces.append((kind, []))
        self._pieces[-1][1].append(text)

    def call(self, calls: tuple[ToolCall, ...]) -> None:
        """The tool calls as joined so far."""
        self._calls = calls

    @property
    def text(self) -> str:
        return "".join("".join(pieces) for kind, pieces in self._pieces if kind != "reasoning")

    @property
    def everything(self) -> str:
        """All that was made, for counting: text, reasoning and tool arguments."""
        pieces = "".join("".join(texts) for _, texts in self._pieces)
        return pieces + "".join(call.name + call.arguments for call in self._calls)

    @property
    def is_empty(self) -> bool:
        return not self._pieces and not self._calls

    def parts(self) -> tuple[Part, ...]:
        """Everything that arrived; text that goes on from an earlier try is joined to it."""
        made: list[Part] = list(self.kept)
        for kind, texts in self._pieces:
            text = "".join(texts)
            last = made[-1] if made else None
            if kind == "reasoning":
                begun, ended = self._thinking or (0.0, 0.0)
                made.append(Reasoning(text, round(ended - begun, 1)))
            elif kind == "refusal":
                made.append(Refusal(text))
            elif isinstance(last, Text):
                made[-1] = Text(last.text + text)
            else:
                made.append(Text(text))
        return (*made, *self._calls)

    def ended(self, state: State, started: float, at: float, error: KnownError | None = None) -> Message:
        """The message in its final form, without its cost. `started` and `at` are of the same clock, in seconds."""
        first = self.first_token_at
        timing = Timing(
            first_token_ms=None if first is None else round((first - started) * 1000),
            total_ms=round((at - started) * 1000),
        )
        return replace(
            self.message,
            parts=self.parts(),
            state=state,
            finish_reason=self.finish_reason,
            timing=timing,
            usage=self.usage,
            error=error.summary if error else "",
            advice=error.advice if error else "",
        )
