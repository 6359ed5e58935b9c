"""A request for text in one form, whatever endpoint it came by, and the pieces that answer it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

from msgspec import Struct, structs

Json = dict[str, Any]


class Ask(Struct, frozen=True):
    """What is to be generated: from `messages` (role and plain text), or from `prompt` for the old completions.

    `top_logprobs` is None where no log probabilities were asked for. `schema` is the JSON schema that the answer must
    follow.
    """

    messages: tuple[Json, ...] = ()
    prompt: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] = {}
    top_logprobs: int | None = None
    schema: Json | bool | None = None


class Tokens(Struct, frozen=True):
    """What one answer used; `cached` is part of `prompt`."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0


class Piece(Struct, frozen=True):
    """A bit of one answer. The last one has `finish` ("stop" or "length") and `tokens`."""

    text: str = ""
    logprobs: tuple[Json, ...] = ()
    finish: str = ""
    tokens: Tokens | None = None


class Talker(Protocol):
    """Something that answers: the language model, or the scripted one."""

    context: int

    def speak(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Pieces of one answer; closing the iterator stops the work."""

    async def count(self, ask: Ask) -> int:
        """Tokens of the request as the model will see it."""


async def several(talker: Talker, ask: Ask, n: int) -> AsyncGenerator[tuple[int, Piece], None]:
    """`n` answers to one request, one after another, each piece with the number of its answer."""
    for index in range(n):
        own = ask if index == 0 or ask.seed is None else structs.replace(ask, seed=ask.seed + index)
        async with aclosing(talker.speak(own)) as pieces:
            async for piece in pieces:
                yield index, piece


def chance(entry: Json) -> Json:
    """A token's log probability in the wire's form."""
    top = [{key: each.get(key) for key in ("token", "logprob", "bytes")} for each in entry.get("top_logprobs") or ()]
    return {"token": entry["token"], "logprob": entry["logprob"], "bytes": entry.get("bytes"), "top_logprobs": top}
