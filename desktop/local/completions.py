"""POST /v1/completions, the old form without messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

from msgspec import Meta, structs
from starlette.requests import Request
from starlette.responses import Response

from desktop.local.chat import FINGERPRINT, scripted, usage
from desktop.local.generation import Ask, Json, Piece, Talker, Tokens, several
from desktop.local.offer import Offer
from desktop.local.requests import EventStream, read_json, while_connected
from desktop.local.sampling import Sampling
from desktop.local.wire import DONE, event, json_reply, new_id, now, wrong

LENGTH = 16  # the API's own default


class CompletionBody(Sampling, frozen=True, kw_only=True):
    prompt: Any = ""
    max_tokens: Annotated[int, Meta(ge=0)] = LENGTH
    best_of: Annotated[int, Meta(ge=0, le=20)] = 1
    logprobs: Annotated[int, Meta(ge=0, le=5)] | None = None
    echo: bool = False
    suffix: str | None = None


class CompletionEndpoint:
    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    async def create(self, request: Request) -> Response:
        body = await read_json(request, CompletionBody)
        found = self._offer.model_for(body.model, "chat")
        if (reply := scripted(request, found)) is not None:
            return reply
        if body.suffix is not None or body.best_of > 1:
            raise wrong("suffix" if body.suffix is not None else "best_of", "Not done here.", "unsupported_parameter")
        run = _Run(self._offer.talker(found), body, _prompts(body.prompt))
        if body.stream:
            return EventStream(run.events(), lambda problem: event(problem.body()))
        return json_reply(await while_connected(request.receive, run.whole()))


def _prompts(prompt: Any) -> list[str]:
    prompts = [prompt] if isinstance(prompt, str) else prompt
    if not isinstance(prompts, list) or not prompts or not all(isinstance(text, str) for text in prompts):
        raise wrong("prompt", "The prompt is a text or a list of texts; token numbers are not taken here.")
    return prompts


class _Run:
    def __init__(self, talker: Talker, body: CompletionBody, prompts: list[str]) -> None:
        self._talker, self._body, self._prompts = talker, body, prompts
        self._base = {
            "id": new_id("cmpl-"),
            "object": "text_completion",
            "created": now(),
            "model": body.model,
            "system_fingerprint": FINGERPRINT,
        }

    def _ask(self, prompt: str) -> Ask:
        return self._body.ask(prompt=prompt, max_tokens=self._body.max_tokens, top_logprobs=self._body.logprobs)

    async def _pieces(self) -> AsyncGenerator[tuple[int, Piece], None]:
        """Pieces of every prompt's answers, numbered through."""
        for number, prompt in enumerate(self._prompts):
            base = number * self._body.n
            if self._body.echo:
                for index in range(base, base + self._body.n):
                    yield index, Piece(prompt)
            async with aclosing(several(self._talker, self._ask(prompt), self._body.n)) as pieces:
                async for index, piece in pieces:
                    yield base + index, piece

    async def whole(self) -> Json:
        texts, finishes, chances = self._empty(""), self._empty("stop"), self._empty(())
        totals: list[Tokens] = []
        async with aclosing(self._pieces()) as pieces:
            async for index, piece in pieces:
                texts[index] += piece.text
                chances[index] += piece.logprobs
                finishes[index] = piece.finish or finishes[index]
                totals += [piece.tokens] if piece.tokens else []
        choices = [
            {"text": texts[i], "index": i, "logprobs": self._chances(chances[i]), "finish_reason": finishes[i]}
            for i in range(len(texts))
        ]
        return {**self._base, "choices": choices, "usage": self._usage(totals)}

    async def events(self) -> AsyncGenerator[bytes, None]:
        totals: list[Tokens] = []
        nothing: Json = {"usage": None} if self._body.wants_usage else {}
        async with aclosing(self._pieces()) as pieces:
            async for index, piece in pieces:
                totals += [piece.tokens] if piece.tokens else []
                shown = self._chances(piece.logprobs) if piece.logprobs else None
                choice = {"text": piece.text, "index": index, "logprobs": shown, "finish_reason": piece.finish or None}
                yield event({**self._base, "choices": [choice], **nothing})
        if self._body.wants_usage:
            yield event({**self._base, "choices": [], "usage": self._usage(totals)})
        yield DONE

    def _empty(self, value: Any) -> list[Any]:
        return [value] * (len(self._prompts) * self._body.n)

    def _usage(self, totals: list[Tokens]) -> Json:
        """Each prompt counts once."""
        firsts = totals[:: self._body.n]
        whole = Tokens(sum(t.prompt for t in firsts), 0, sum(t.cached for t in firsts))
        first = structs.replace(whole, completion=sum(t.completion for t in totals))
        return usage([first])

    def _chances(self, entries: tuple[Json, ...]) -> Json | None:
        if self._body.logprobs is None:
            return None
        offsets, at = [], 0
        for entry in entries:
            offsets.append(at)
            at += len(entry["token"])
        return {
            "tokens": [entry["token"] for entry in entries],
            "token_logprobs": [entry["logprob"] for entry in entries],
            "top_logprobs": [{t["token"]: t["logprob"] for t in entry.get("top_logprobs", ())} for entry in entries],
            "text_offset": offsets,
        }
