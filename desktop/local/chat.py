"""POST /v1/chat/completions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from desktop.local.faults import IN_SCOPE
from desktop.local.generation import Ask, Json, Piece, Talker, Tokens, chance, several
from desktop.local.messages import plain_messages
from desktop.local.offer import Found, Offer
from desktop.local.requests import EventStream, read_json, while_connected
from desktop.local.sampling import Sampling
from desktop.local.tools import CallReader, Deciding, Tools, read_tools
from desktop.local.wire import DONE, event, json_reply, new_id, now, wrong

FINGERPRINT = "davenport-local"


class Format(Struct, frozen=True):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: Json | None = None


class ChatBody(Sampling, frozen=True, kw_only=True):
    """Every parameter of the API; those that mean nothing for a small local model are taken and left."""

    messages: Annotated[list[Any], Meta(min_length=1)]
    max_tokens: Annotated[int, Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Meta(ge=1)] | None = None
    logprobs: bool = False
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    response_format: Format | None = None
    tools: list[Any] | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool = True
    audio: Any = None
    function_call: Any = None
    functions: Any = None
    metadata: Any = None
    modalities: list[str] | None = None
    moderation: Any = None
    prediction: Any = None
    prompt_cache_key: Any = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    reasoning_effort: Any = None
    safety_identifier: Any = None
    service_tier: Any = None
    store: bool = False
    verbosity: Any = None
    web_search_options: Any = None


class ChatEndpoint:
    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    async def create(self, request: Request) -> Response:
        body = await read_json(request, ChatBody)
        found = self._offer.model_for(body.model, "chat")
        if (reply := scripted(request, found)) is not None:
            return reply
        tools = read_tools(body.tools, body.tool_choice, is_flat=False)
        ask, talker = ask_of(body, tools), self._offer.talker(found)
        run = _Run(choosing(talker, ask, tools), body, ask, tools)
        if body.stream:
            return EventStream(run.events(), lambda problem: event(problem.body()))
        return json_reply(await while_connected(request.receive, run.whole()))


def scripted(request: Request, found: Found) -> Response | None:
    """The reply that a model name with a scripted fault asks for; faults of the wire are left in the scope."""
    if found.fault is None:
        return None
    request.scope[IN_SCOPE] = found.fault
    return found.fault.response()


def choosing(talker: Talker, ask: Ask, tools: Tools | None) -> Talker:
    """The talker, able to call a function of its own accord where it may."""
    return Deciding(talker, tools) if tools and ask.schema is None else talker


def ask_of(body: ChatBody, tools: Tools | None) -> Ask:
    """The request in the form that the models take; raises WireProblem for what they cannot do."""
    if body.functions or body.function_call:
        raise wrong("functions", "Use tools instead of functions.", "unsupported_parameter")
    if body.modalities and "audio" in body.modalities:
        raise wrong("modalities", "The local models answer in text only.", "unsupported_value")
    if body.top_logprobs is not None and not body.logprobs:
        raise wrong("top_logprobs", "top_logprobs needs logprobs to be true.")
    if body.stream_options is not None and not body.stream:
        raise wrong("stream_options", "stream_options is only for streams.")
    kind = body.response_format or Format("text")
    system = tools.system_text() if tools else ""
    schema = form_of(kind.type, kind.json_schema)
    if tools and tools.is_forced:
        schema = tools.schema()
    return body.ask(
        messages=plain_messages(body.messages, extra_system=system),
        max_tokens=body.max_completion_tokens or body.max_tokens,
        top_logprobs=(body.top_logprobs or 0) if body.logprobs else None,
        schema=schema,
    )


def form_of(kind: str, named: Json | None, where: str = "response_format") -> Json | bool | None:
    """The JSON schema that an answer must follow, None for free text."""
    if kind == "json_object":
        return {"type": "object"}
    if kind != "json_schema":
        return None
    schema = (named or {}).get("schema", {"type": "object"})
    if not isinstance(schema, dict | bool):
        raise wrong(where, "The schema is a JSON object.", "invalid_type")
    return schema


class _Run:
    """One request being answered."""

    def __init__(self, talker: Talker, body: ChatBody, ask: Ask, tools: Tools | None) -> None:
        self._talker, self._body, self._ask, self._tools = talker, body, ask, tools
        self._base = {
            "id": new_id("chatcmpl-"),
            "created": now(),
            "model": body.model,
            "system_fingerprint": FINGERPRINT,
        }

    async def whole(self) -> Json:
        answers = [_Answer(self._tools, self._ask) for _ in range(self._body.n)]
        totals = []
        async with aclosing(several(self._talker, self._ask, self._body.n)) as pieces:
            async for index, piece in pieces:
                answers[index].take(piece)
                if piece.tokens:
                    totals.append(piece.tokens)
        choices = [answer.choice(index) for index, answer in enumerate(answers)]
        return {**self._base, "object": "chat.completion", "choices": choices, "usage": usage(totals)}

    async def events(self) -> AsyncGenerator[bytes, None]:
        totals: list[Tokens] = []
        answer, current = _Answer(self._tools, self._ask), -1
        async with aclosing(several(self._talker, self._ask, self._body.n)) as pieces:
            async for index, piece in pieces:
                if index != current:
                    answer, current = _Answer(self._tools, self._ask), index
                    yield self._chunk(index, {"role": "assistant", "content": "", "refusal": None})
                for delta, chances in answer.take(piece):
                    yield self._chunk(index, delta, chances)
                if piece.tokens:
                    totals.append(piece.tokens)
                    yield self._chunk(index, {}, finish=answer.finish)
        if self._body.wants_usage:
            yield event({**self._base, "object": "chat.completion.chunk", "choices": [], "usage": usage(totals)})
        yield DONE

    def _chunk(self, index: int, delta: Json, chances: Any = None, finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": chances, "finish_reason": finish}
        chunk = {**self._base, "object": "chat.completion.chunk", "choices": [choice]}
        return event({**chunk, "usage": None} if self._body.wants_usage else chunk)


class _Answer:
    """One choice as it grows: words, or a call of a function."""

    def __init__(self, tools: Tools | None, ask: Ask) -> None:
        self._reader = CallReader() if tools and (ask.schema is None or tools.is_forced) else None
        self._wants_chances = ask.top_logprobs is not None
        self._call_id, self._arguments, self._words = "", "", ""
        self._chances: list[Json] = []
        self.finish = "stop"

    def take(self, piece: Piece) -> list[tuple[Json, Any]]:
        """The deltas, each with its log probabilities, that a piece adds."""
        chances = [chance(entry) for entry in piece.logprobs]
        self._chances += chances
        words, arguments = piece.text, ""
        if self._reader is not None:
            words, arguments = self._reader.take(piece.text)
            if piece.finish:
                more = self._reader.rest(is_whole=piece.finish == "stop")
                words, arguments = words + more[0], arguments + more[1]
        deltas = self._deltas(words, arguments)
        if piece.finish:
            self.finish = "tool_calls" if self._call_id and piece.finish == "stop" else piece.finish
        shown = {"content": chances, "refusal": None} if self._wants_chances and chances else None
        return [(delta, shown if number == 0 else None) for number, delta in enumerate(deltas)]

    def _deltas(self, words: str, arguments: str) -> list[Json]:
        deltas: list[Json] = []
        if words:
            self._words += words
            deltas.append({"content": words})
        if self._reader is not None and self._reader.name and not self._call_id:
            self._call_id = new_id("call_")
            head = {"name": self._reader.name, "arguments": ""}
            deltas.append({"tool_calls": [{"index": 0, "id": self._call_id, "type": "function", "function": head}]})
        if arguments:
            self._arguments += arguments
            deltas.append({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]})
        return deltas

    def choice(self, index: int) -> Json:
        message: Json = {"role": "assistant", "content": self._words, "refusal": None, "annotations": []}
        if self._call_id and self._reader is not None:
            function = {"name": self._reader.name, "arguments": self._arguments}
            message["tool_calls"] = [{"id": self._call_id, "type": "function", "function": function}]
            message["content"] = self._words or None
        chances = {"content": self._chances, "refusal": None} if self._wants_chances else None
        return {"index": index, "message": message, "logprobs": chances, "finish_reason": self.finish}


def usage(totals: list[Tokens]) -> Json:
    """The prompt counts once, however many answers were asked for."""
    prompt = totals[0].prompt if totals else 0
    completion = sum(tokens.completion for tokens in totals)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": totals[0].cached if totals else 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
