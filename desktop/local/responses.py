"""The Responses API: create, its stream of events, what is kept for the next turn, and counting."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from desktop.local.chat import choosing, form_of, scripted
from desktop.local.generation import Ask, Json, Piece, Talker, Tokens
from desktop.local.messages import plain_messages
from desktop.local.offer import Offer
from desktop.local.requests import EventStream, read_json, while_connected
from desktop.local.response_items import as_messages, input_items
from desktop.local.response_stream import Answer
from desktop.local.tools import Tools, read_tools
from desktop.local.wire import WireProblem, encode, json_reply, new_id, now, typed_event, wrong

KEPT, KEPT_BYTES = 500, 64 * 1024 * 1024


class TextFormat(Struct, frozen=True):
    type: Literal["text", "json_object", "json_schema"] = "text"
    schema: Json | None = None
    name: str = ""
    description: str | None = None
    strict: bool | None = None


class TextOptions(Struct, frozen=True):
    format: TextFormat = TextFormat()
    verbosity: Any = None


class ResponseBody(Struct, frozen=True):
    """Every parameter of the API; those that mean nothing for a small local model are taken and left."""

    model: str = ""
    input: str | list[Any] = ""
    instructions: str | None = None
    previous_response_id: str | None = None
    max_output_tokens: Annotated[int, Meta(ge=16)] | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    include: list[str] | None = None
    stream: bool = False
    stream_options: Any = None
    store: bool = True
    metadata: dict[str, str] | None = None
    text: TextOptions = TextOptions()
    tools: list[Any] | None = None
    tool_choice: str | Json | None = None
    parallel_tool_calls: bool = True
    background: bool = False
    conversation: Any = None
    context_management: Any = None
    max_tool_calls: Any = None
    moderation: Any = None
    prompt: Any = None
    prompt_cache_key: str | None = None
    prompt_cache_options: Any = None
    prompt_cache_retention: Any = None
    reasoning: Any = None
    safety_identifier: str | None = None
    service_tier: Any = None
    truncation: Any = None
    user: str | None = None


class Kept(Struct, frozen=True):
    """A response with all that came before it: `items` are its whole input, `reply` the wire's object."""

    items: tuple[Json, ...]
    own_items: tuple[Json, ...]
    reply: Json


class Memory:
    """Responses of this run, the newest KEPT of them; nothing is written anywhere."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Kept, int]] = OrderedDict()
        self._size = 0

    def keep(self, kept: Kept) -> None:
        size = len(encode([kept.own_items, kept.reply]))
        self._kept[kept.reply["id"]] = (kept, size)
        self._size += size
        while len(self._kept) > KEPT or (self._size > KEPT_BYTES and len(self._kept) > 1):
            self._size -= self._kept.popitem(last=False)[1][1]

    def get(self, name: str, param: str = "response_id") -> Kept:
        if name in self._kept:
            return self._kept[name][0]
        code = "previous_response_not_found" if param == "previous_response_id" else None
        raise WireProblem(404, f"Response with id '{name[:100]}' not found.", code=code, param=param)

    def forget(self, name: str) -> None:
        self.get(name)
        self._size -= self._kept.pop(name)[1]


class ResponseEndpoint:
    def __init__(self, offer: Offer) -> None:
        self._offer, self._memory = offer, Memory()

    async def create(self, request: Request) -> Response:
        body = await read_json(request, ResponseBody)
        found = self._offer.model_for(body.model, "chat")
        if (reply := scripted(request, found)) is not None:
            return reply
        _check(body)
        run = self._run(body, self._offer.talker(found))
        if body.stream:
            return EventStream(run.events(), run.failed)
        return json_reply(await while_connected(request.receive, run.whole()))

    async def count(self, request: Request) -> Response:
        """POST /v1/responses/input_tokens: the exact number, by the model's own tokenizer."""
        body = await read_json(request, ResponseBody)
        found = self._offer.model_for(body.model, "chat")
        run = self._run(body, self._offer.talker(found))
        tokens = await while_connected(request.receive, run.count())
        return json_reply({"object": "response.input_tokens", "input_tokens": tokens})

    def _run(self, body: ResponseBody, talker: Talker) -> Run:
        own = input_items(body.input)
        before: tuple[Json, ...] = ()
        if body.previous_response_id is not None:
            previous = self._memory.get(body.previous_response_id, "previous_response_id")
            before = (*previous.items, *previous.reply["output"])
        tools = read_tools(body.tools, body.tool_choice, is_flat=True)
        ask = _ask(body, (*before, *own), tools)
        return Run(choosing(talker, ask, tools), body, ask, tools, self._memory, before, own)

    async def get(self, request: Request) -> Response:
        if request.query_params.get("stream") == "true":
            raise wrong("stream", "A finished response is not streamed again here.", "unsupported_parameter")
        return json_reply(self._memory.get(request.path_params["response"]).reply)

    async def delete(self, request: Request) -> Response:
        self._memory.forget(request.path_params["response"])
        return Response(status_code=200)

    async def cancel(self, request: Request) -> Response:
        self._memory.get(request.path_params["response"])
        raise WireProblem(400, "Only responses in the background can be cancelled.", code="invalid_value")

    async def items(self, request: Request) -> Response:
        kept = list(self._memory.get(request.path_params["response"]).own_items)
        if request.query_params.get("order", "desc") == "desc":
            kept.reverse()
        names = [item["id"] for item in kept]
        start = names.index(after) + 1 if (after := request.query_params.get("after")) in names else 0
        limit = int(given) if (given := request.query_params.get("limit", "20")).isdigit() else 20
        page = kept[start : start + max(1, min(limit, 100))]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {"first_id": "", "last_id": ""}
        has_more = start + len(page) < len(kept)
        return json_reply({"object": "list", "data": page, "has_more": has_more, **ends})


def _check(body: ResponseBody) -> None:
    if body.background:
        raise wrong("background", "The local server answers at once, not in the background.", "unsupported_value")
    for name in ("conversation", "prompt"):
        if getattr(body, name) is not None:
            raise wrong(name, f"'{name}' is not kept by the local server.", "unsupported_parameter")
    if body.input in ("", []):
        raise WireProblem(400, "Missing required parameter: 'input'.", code="missing_required_parameter", param="input")


def _ask(body: ResponseBody, items: tuple[Json, ...], tools: Tools | None) -> Ask:
    system = "\n\n".join(text for text in (body.instructions or "", tools.system_text() if tools else "") if text)
    form = body.text.format
    schema = form_of(form.type, {"schema": form.schema} if form.schema is not None else None, "text.format")
    if tools and tools.is_forced:
        schema = tools.schema()
    wants_chances = "message.output_text.logprobs" in (body.include or ())
    return Ask(
        messages=plain_messages(as_messages(items), extra_system=system, where="input"),
        max_tokens=body.max_output_tokens,
        temperature=body.temperature,
        top_p=body.top_p,
        top_logprobs=(body.top_logprobs or 0) if wants_chances else None,
        schema=schema,
    )


class Run:
    """One response in the making."""

    def __init__(
        self,
        talker: Talker,
        body: ResponseBody,
        ask: Ask,
        tools: Tools | None,
        memory: Memory,
        before: tuple[Json, ...],
        own: tuple[Json, ...],
    ) -> None:
        self._talker, self._body, self._ask, self._tools = talker, body, ask, tools
        self._memory, self._before, self._own = memory, before, own
        self._id, self._made = new_id("resp_"), now()
        self._answer = Answer(
            self._id, reads_calls=bool(tools) and (ask.schema is None or bool(tools and tools.is_forced))
        )

    async def count(self) -> int:
        return await self._talker.count(self._ask)

    async def whole(self) -> Json:
        last: Json = {}
        async with aclosing(self._steps()) as steps:
            async for step in steps:
                last = step
        reply: Json = last["response"]
        return reply

    async def events(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._steps()) as steps:
            async for step in steps:
                yield typed_event(step)

    def failed(self, problem: WireProblem) -> bytes:
        """The last event of a response that failed in the middle."""
        error = {"code": "server_error", "message": problem.message}
        return typed_event(self._answer.step("response.failed", response=self._reply("failed", error=error)))

    async def _steps(self) -> AsyncGenerator[Json, None]:
        is_first, last = True, Piece()
        async with aclosing(self._talker.speak(self._ask)) as pieces:
            async for piece in pieces:
                if is_first:
                    is_first = False
                    for name in ("response.created", "response.in_progress"):
                        yield self._answer.step(name, response=self._reply("in_progress"))
                for step in self._answer.take(piece):
                    yield step
                last = piece
        status = "completed" if last.finish == "stop" else "incomplete"
        reply = self._reply(status, tokens=last.tokens or Tokens())
        if self._body.store:
            self._memory.keep(Kept((*self._before, *self._own), self._own, reply))
        yield self._answer.step(f"response.{status}", response=reply)

    def _reply(self, status: str, *, tokens: Tokens | None = None, error: Json | None = None) -> Json:
        body = self._body
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._made,
            "completed_at": now() if status == "completed" else None,
            "status": status,
            "background": False,
            "error": error,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": body.instructions,
            "max_output_tokens": body.max_output_tokens,
            "max_tool_calls": None,
            "model": body.model,
            "output": list(self._answer.items()),
            "parallel_tool_calls": body.parallel_tool_calls,
            "previous_response_id": body.previous_response_id,
            "reasoning": {"effort": None, "summary": None},
            "service_tier": "default",
            "store": body.store,
            "temperature": 1.0 if body.temperature is None else body.temperature,
            "text": {"format": _format(body.text.format)},
            "tool_choice": body.tool_choice or "auto",
            "tools": [_tool(tool) for tool in body.tools or ()],
            "top_logprobs": body.top_logprobs or 0,
            "top_p": 1.0 if body.top_p is None else body.top_p,
            "truncation": "disabled",
            "usage": _usage(tokens) if tokens else None,
            "user": body.user,
            "metadata": body.metadata or {},
        }


def _format(form: TextFormat) -> Json:
    if form.type != "json_schema":
        return {"type": form.type}
    return {
        "type": "json_schema",
        "name": form.name,
        "description": form.description,
        "schema": form.schema or {},
        "strict": bool(form.strict),
    }


def _tool(tool: Any) -> Json:
    return {"strict": False, "description": None, **tool}


def _usage(tokens: Tokens) -> Json:
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": 0},
        "output_tokens": tokens.completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens.prompt + tokens.completion,
    }
