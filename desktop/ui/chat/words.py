"""Values in the chat page's words: money, models, waits, links."""

from __future__ import annotations

import textwrap
from datetime import date

from desktop.core import catalog, pricing
from desktop.core.catalog import Card
from desktop.core.chat import Estimate
from desktop.core.conversation import Message
from desktop.core.text import visible
from desktop.ui.chat.meta import grouped
from desktop.ui.chat.model_button import ModelChoice
from desktop.ui.widgets.links import Verdict
from desktop.ui.widgets.transcript_words import state_line

FEW_DAYS = 90
ADDRESS_LINE = 60
SPOKEN = 2_000  # characters of a reply that are read out when it has come; all of it is read at its place


def dollars(message: Message) -> str:
    if message.is_free:
        return "free"
    if message.cost_pico is None:
        return "unpriced" if message.usage else ""
    return pricing.shown(pricing.from_pico(message.cost_pico))


def choice(card: Card, today: date) -> ModelChoice:
    """A model's row: context and price in words, and its last days where they are few."""
    pieces = [f"{grouped(card.max_input)} tokens"] if card.max_input else []
    if card.is_free:
        pieces.append("free, on this computer")
    elif rates := card.prices.tokens.get(pricing.STANDARD):
        if rates.input is not None and rates.output is not None:
            pieces.append(f"${rates.input:f} in · ${rates.output:f} out per 1M")
    else:
        pieces.append("unpriced")
    left = catalog.days_left(card, today)
    warning = ""
    if left is not None and left <= FEW_DAYS:
        warning = f"{left} days left" if left > 1 else ("last day" if left >= 0 else "shut down")
    return ModelChoice(card.id, " · ".join(pieces), warning)


def waiting(reason: str, seconds: float, is_alive: bool = False) -> str:
    """Why nothing comes; `seconds` until the next try or, of a server that is alive, since the last text."""
    if is_alive:
        return f"The server is alive, no text for {seconds:.0f} s. Stop ends the wait."
    return f"{reason} Next try in {seconds:.0f} s."


def ended(message: Message) -> str:
    """What a screen reader says when a reply has come; the beginning of what came, or how it failed."""
    sentence, _, _ = state_line(message)
    return " ".join(piece for piece in (message.text[:SPOKEN], sentence) if piece)


def estimate(found: Estimate) -> tuple[str, str]:
    """Tokens and dollars of the next request, and a warning where it does not fit the model."""
    shown = f"{'≈ ' if found.is_rough else ''}{grouped(found.tokens)} tokens · {found.dollars}"
    if found.context is None or found.fits:
        return shown, ""
    return shown, f"Too long for this model: {grouped(found.tokens)} of {grouped(found.context)} tokens"


def many(count: int, noun: str) -> str:
    return f"{grouped(count)} {noun}{'s' * (count != 1)}"


def link(verdict: Verdict) -> str:
    """What must be read before a link is opened: its true host, the whole address, a warning."""
    address = "\n".join(textwrap.wrap(visible(verdict.address), ADDRESS_LINE, break_on_hyphens=False))
    pieces = (verdict.warning, f"This opens {verdict.host} outside Davenport:", address)
    return "\n\n".join(piece for piece in pieces if piece)
