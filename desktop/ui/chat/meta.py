"""The muted line under an answer: model, tokens, dollars, speed, end."""

from __future__ import annotations

from desktop.core.conversation import Message, State

THIN = "\u202f"
ENDS = {
    State.COMPLETE: "",
    State.LENGTH: "token limit",
    State.FILTERED: "content filter",
    State.CUT: "cut",
    State.STOPPED: "stopped",
    State.FAILED: "failed",
}


def grouped(number: int) -> str:
    """A count with thin grouping: 1 204, as the foot of the window has it."""
    return f"{number:,}".replace(",", THIN)


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 100_000 else f"{milliseconds / 60_000:.0f} min"


def meta_line(message: Message, dollars: str) -> str:
    """`model · 1 204 in (800 cached) · 356 out (200 reasoning) · $0.0041 · 0.4 s to first token · 82 tok/s · stop`.

    Nothing where only the model is known: the caption above names it already.
    """
    if message.state is State.STREAMING:
        return ""
    pieces: list[str] = []
    if usage := message.usage:
        about = "~" if usage.is_estimate else ""
        cached = f" ({grouped(usage.cached)} cached)" if usage.cached else ""
        thought = f" ({grouped(usage.reasoning)} reasoning)" if usage.reasoning else ""
        pieces += [f"{about}{grouped(usage.input)} in{cached}", f"{about}{grouped(usage.output)} out{thought}", dollars]
    pieces += _speed(message)
    pieces.append(ENDS.get(message.state, "") or message.finish_reason)
    said = [piece for piece in pieces if piece]
    return " · ".join([message.model, *said] if message.model else said) if said else ""


def _speed(message: Message) -> list[str]:
    first, total = message.timing.first_token_ms, message.timing.total_ms
    if first is None:
        return []
    pieces = [f"{seconds(first)} to first token"]
    if message.usage and total is not None and total - first >= 50 and message.usage.output > 1:
        pieces.append(f"{grouped(round(message.usage.output / ((total - first) / 1000)))} tok/s")
    return pieces
