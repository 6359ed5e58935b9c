"""Answers by the language model's engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from desktop.local.engines import Engine
from desktop.local.generation import Ask, Json, Piece, Tokens

TEMPERATURE, REPEAT_PENALTY = 0.2, 1.1
LONGEST = 1024  # tokens of an answer for which no limit was asked; a tiny model may never end by itself


class LanguageModel:
    def __init__(self, engine: Engine, context: int) -> None:
        self._engine, self.context = engine, context

    async def speak(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """Raises WireProblem, at the latest before the first piece where the request cannot be done."""
        finish, tokens = "stop", Tokens()
        job = {"chat" if ask.prompt is None else "complete": body(ask)}
        async with aclosing(self._engine.run(job)) as frames:
            async for frame in frames:
                chunk = frame["chunk"]
                if usage := chunk.get("usage"):
                    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)
                    tokens = Tokens(usage["prompt_tokens"], usage["completion_tokens"], cached)
                for choice in chunk["choices"]:
                    finish = choice.get("finish_reason") or finish
                    text = choice.get("text") or (choice.get("delta") or {}).get("content") or ""
                    chances = tuple((choice.get("logprobs") or {}).get("content") or ())
                    if text or chances:
                        yield Piece(text, chances)
        yield Piece(finish="length" if finish == "length" else "stop", tokens=tokens)

    async def count(self, ask: Ask) -> int:
        async with aclosing(self._engine.run({"count": body(ask)})) as frames:
            async for frame in frames:
                return int(frame["tokens"])
        return 0


def body(ask: Ask) -> Json:
    """The request as llama.cpp takes it; what the user left open has our defaults for a small model."""
    made: dict[str, Any] = {
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": True,
        "return_progress": True,
        "repeat_penalty": REPEAT_PENALTY,
        "temperature": TEMPERATURE if ask.temperature is None else ask.temperature,
        "max_tokens": LONGEST if ask.max_tokens is None else ask.max_tokens,
    }
    made |= {"prompt": ask.prompt} if ask.prompt is not None else {"messages": list(ask.messages)}
    for name in ("top_p", "seed", "presence_penalty", "frequency_penalty"):
        if (value := getattr(ask, name)) is not None:
            made[name] = value
    if ask.stop:
        made["stop"] = list(ask.stop)
    if ask.logit_bias:
        made["logit_bias"] = [[int(token), bias] for token, bias in ask.logit_bias.items()]
    if ask.top_logprobs is not None:
        made |= (
            {"logprobs": True, "top_logprobs": ask.top_logprobs}
            if ask.prompt is None
            else {"logprobs": ask.top_logprobs}
        )
    if ask.schema is not None:
        made["json_schema"] = ask.schema
    return made
