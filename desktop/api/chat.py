"""POST /chat/completions: the request, the whole reply, and the reply in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from desktop.api.client import Client, EventStream, OnWait
from desktop.api.decoding import UNREADABLE, decode, patient
from desktop.core.conversation import ToolCall
from desktop.core.errors import BadReply, Cut, Silent, TooMuch
from desktop.core.secret import SHORTEST_PART, Redactor, Running
from desktop.core.sizes import size_words
from desktop.core.usage import RateLimit, Usage

TEXT_BYTES = 32 * 1024 * 1024
PATH = "/chat/completions"
_DONE = b"[DONE]"
_MOST = 10**15  # more of anything than a reply can count

Json = Any


class ChatRequest(Struct, kw_only=True, omit_defaults=True):
    """The parameters of a chat completion; what is None is not sent. `extra` is sent as it is, over the others.

    `stream` is set by the function that sends. Messages and tools are in the wire's own form.
    """

    model: str
    messages: list[dict[str, Json]]
    metadata: dict[str, str] | None = None
    top_logprobs: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: dict[str, Json] | None = None
    service_tier: str | None = None
    modalities: list[str] | None = None
    verbosity: str | None = None
    reasoning_effort: str | None = None
    max_completion_tokens: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    web_search_options: dict[str, Json] | None = None
    response_format: dict[str, Json] | None = None
    audio: dict[str, Json] | None = None
    store: bool | None = None
    moderation: dict[str, Json] | None = None
    stop: str | list[str] | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = None
    max_tokens: int | None = None
    n: int | None = None
    prediction: dict[str, Json] | None = None
    seed: int | None = None
    stream_options: dict[str, Json] | None = None
    tools: list[dict[str, Json]] | None = None
    tool_choice: str | dict[str, Json] | None = None
    parallel_tool_calls: bool | None = None
    function_call: str | dict[str, Json] | None = None
    functions: list[dict[str, Json]] | None = None
    extra: dict[str, Json] = {}


def body_of(request: ChatRequest, *, is_stream: bool) -> dict[str, Json]:
    """The request as it goes over the wire, its keys in the order of the class."""
    body = {name: value for name in ChatRequest.__struct_fields__ if (value := getattr(request, name)) is not None}
    body |= body.pop("extra")
    body.pop("stream", None)
    return body | {"stream": True} if is_stream else body


class PromptDetails(Struct, frozen=True):
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    text_tokens: int = 0


class CompletionDetails(Struct, frozen=True):
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class UsageReply(Struct, frozen=True):
    """Reasoning tokens are inside `completion_tokens`, cached ones inside `prompt_tokens`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None


def usage_of(reply: UsageReply | None) -> Usage | None:
    """A reply's usage in the units of core; numbers that no reply can have become the nearest that one can."""
    if reply is None:
        return None
    of_input = reply.prompt_tokens_details or PromptDetails()
    of_output = reply.completion_tokens_details or CompletionDetails()

    def count(number: int, most: int = _MOST) -> int:
        return min(max(0, number), most)

    given, made = count(reply.prompt_tokens), count(reply.completion_tokens)
    return Usage(
        input=given,
        cached=count(of_input.cached_tokens, given),
        cache_write=count(of_input.cache_write_tokens, given),
        output=made,
        reasoning=count(of_output.reasoning_tokens, made),
        audio_input=count(of_input.audio_tokens, given),
        audio_output=count(of_output.audio_tokens, made),
        image_input=count(of_input.image_tokens, given),
        image_output=count(of_output.image_tokens, made),
    )


class FunctionPiece(Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class CustomPiece(Struct, frozen=True):
    name: str | None = None
    input: str | None = None


class ToolCallPiece(Struct, frozen=True):
    """A tool call, or a piece of one: then only the first piece of an `index` has id, type and name."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: FunctionPiece | None = None
    custom: CustomPiece | None = None


class Delta(Struct, frozen=True):
    """What one chunk adds. `reasoning_content` and `reasoning` are what compatible servers call a model's thoughts."""

    role: str | None = None
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCallPiece] | None = None
    function_call: FunctionPiece | None = None
    audio: dict[str, Json] | None = None


_NOTHING = Delta()


class ChunkChoice(Struct, frozen=True):
    index: int = 0
    delta: Delta = _NOTHING
    finish_reason: str | None = None
    logprobs: Json = None


class ChatChunk(Struct, frozen=True):
    """One event of a chat stream. The usage chunk has no choices; `error` never reaches the reader."""

    choices: list[ChunkChoice] = []
    usage: UsageReply | None = None
    id: str | None = None
    model: str | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    created: float | None = None
    error: Json = None


_decode_chunk = msgspec.json.Decoder(ChatChunk).decode


class ReplyMessage(Struct, frozen=True):
    role: str = "assistant"
    content: str | list[Json] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCallPiece] | None = None
    function_call: FunctionPiece | None = None
    annotations: list[Json] | None = None
    audio: dict[str, Json] | None = None

    @property
    def text(self) -> str:
        """The content as text, also where a server sends it in parts."""
        if isinstance(self.content, list):
            parts = (part.get("text") for part in self.content if isinstance(part, dict))
            return "".join(part for part in parts if isinstance(part, str))
        return self.content or ""


class ReplyChoice(Struct, frozen=True):
    index: int = 0
    message: ReplyMessage = field(default_factory=ReplyMessage)
    finish_reason: str | None = None
    logprobs: Json = None


class ChatReply(Struct, frozen=True):
    """A whole chat completion."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[ReplyChoice] = []
    usage: UsageReply | None = None
    service_tier: str | None = None
    system_fingerprint: str | None = None
    error: Json = None


class _Call:
    """A tool call that is still growing."""

    __slots__ = ("arguments", "call_id", "name")

    def __init__(self) -> None:
        self.call_id, self.name = "", ""
        self.arguments: list[str] = []


class ToolCallJoin:
    """Joins the pieces of tool calls by their index. Arguments stay as the model wrote them: perhaps no JSON.

    Servers that give every call the index 0 are told apart by a new id that comes with a name.
    """

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._at: dict[int, _Call] = {}

    def add(self, pieces: Iterable[ToolCallPiece]) -> None:
        for place, piece in enumerate(pieces):
            self._add(place if piece.index is None else piece.index, piece)

    def _add(self, index: int, piece: ToolCallPiece) -> None:
        named = (piece.function.name if piece.function else None) or (piece.custom.name if piece.custom else None)
        call = self._at.get(index)
        if call is None or (piece.id and named and call.call_id and piece.id != call.call_id):
            call = self._at[index] = _Call()
            self._calls.append(call)
        call.call_id = piece.id or call.call_id
        call.name = call.name or named or ""
        text = (piece.function.arguments if piece.function else None) or (piece.custom.input if piece.custom else None)
        if text:
            call.arguments.append(text)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls so far, in the order in which they began."""
        return tuple(ToolCall(c.call_id, c.name, "".join(c.arguments)) for c in self._calls)


class Echoes:
    """Masks a key that a server says back in its reply, also letter by letter, before anyone shows or keeps it."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._contents: dict[int, Running] = {}
        self._texts: dict[tuple[int, str | int], Running] = {}

    def masked(self, chunk: ChatChunk) -> ChatChunk:
        """The chunk; its choices are replaced in it where they hold something of a key."""
        for place, choice in enumerate(chunk.choices):
            delta = choice.delta
            if text := delta.content:  # nearly every event is no more than this
                running = self._contents.get(choice.index)
                if running is None:
                    running = self._contents[choice.index] = self._redactor.running()
                clean = running.feed(text)
                if clean is not text:
                    chunk.choices[place] = choice = replace(choice, delta=replace(delta, content=clean))
            if delta.refusal or delta.reasoning_content or delta.reasoning or delta.tool_calls:
                chunk.choices[place] = choice = replace(choice, delta=self._beside(choice.delta, choice.index))
            if choice.finish_reason:
                chunk.choices[place] = replace(choice, finish_reason=self._word(choice.finish_reason))
        tier = chunk.service_tier
        return replace(chunk, service_tier=self._word(tier)) if tier and len(tier) >= SHORTEST_PART else chunk

    def _beside(self, delta: Delta, choice: int) -> Delta:
        """What is not the plain text of a reply."""
        changed: dict[str, Any] = {}
        for name in ("refusal", "reasoning_content", "reasoning"):
            if text := getattr(delta, name):
                changed[name] = self._text(text, choice, name)
        if delta.tool_calls:
            changed["tool_calls"] = [self._call(call, choice, at) for at, call in enumerate(delta.tool_calls)]
        return replace(delta, **changed)

    def _call(self, call: ToolCallPiece, choice: int, at: int) -> ToolCallPiece:
        index = at if call.index is None else call.index
        function, custom = call.function, call.custom
        if function is not None and function.arguments:
            function = replace(function, arguments=self._text(function.arguments, choice, index))
        if custom is not None and custom.input:
            custom = replace(custom, input=self._text(custom.input, choice, index))
        if function is not None and function.name:
            function = replace(function, name=self._word(function.name))
        if custom is not None and custom.name:
            custom = replace(custom, name=self._word(custom.name))
        return replace(call, id=self._word(call.id) if call.id else call.id, function=function, custom=custom)

    def _text(self, text: str, choice: int, which: str | int) -> str:
        running = self._texts.get((choice, which))
        if running is None:
            running = self._texts[choice, which] = self._redactor.running()
        return running.feed(text)

    def _word(self, word: str) -> str:
        """A short word of the protocol that comes whole."""
        return self._redactor.running().feed(word) if len(word) >= SHORTEST_PART else word


async def complete(
    client: Client,
    request: ChatRequest,
    *,
    call_id: str | None = None,
    on_wait: OnWait | None = None,
    read_limit_s: float | None = None,
    on_alive: Callable[[float], None] | None = None,
) -> ChatReply:
    """The whole reply at once. `read_limit_s`: give the profile's `reasoning_s` for models that think long."""
    body = body_of(request, is_stream=False)
    reply = await client.post(
        PATH, body, ChatReply, call_id=call_id, on_wait=on_wait, read_limit_s=read_limit_s, on_alive=on_alive
    )
    if reply.error and not reply.choices:
        raise client.inside_stream(reply.error, {})
    if not reply.choices:
        raise BadReply("The server's reply has no answer in it.")
    return reply


def stream(
    client: Client,
    request: ChatRequest,
    *,
    call_id: str | None = None,
    on_wait: OnWait | None = None,
    silence_s: float | None = None,
    on_alive: Callable[[float], None] | None = None,
    on_open: Callable[[EventStream], None] | None = None,
) -> ChatStream:
    """The reply in pieces. It ends by itself only if the server said that it is complete; otherwise it raises Cut,
    Silent, TooMuch, or what the server named as its error. Use it under `contextlib.aclosing`.

    `silence_s` replaces the profile's limits for models that think long. `on_alive` hears the seconds without text,
    `on_open` the stream once its head has come.
    """
    return ChatStream(client, request, call_id, on_wait, silence_s, on_alive, on_open)


class ChatStream(AsyncIterator[ChatChunk]):
    """The chunks of one reply; what is known beside them stands in its attributes."""

    def __init__(
        self,
        client: Client,
        request: ChatRequest,
        call_id: str | None,
        on_wait: OnWait | None,
        silence_s: float | None,
        on_alive: Callable[[float], None] | None,
        on_open: Callable[[EventStream], None] | None,
    ) -> None:
        self._client, self._request, self._call_id = client, request, call_id
        self._on_wait, self._silence_s, self._on_alive, self._on_open = on_wait, silence_s, on_alive, on_open
        self.events: EventStream | None = None
        self._is_done = False
        self._text_bytes = 0
        self._open: set[int] = set()  # choices that have begun and not finished
        self._done: set[int] = set()
        self._echoes = Echoes(client.redactor)
        self._chunks = self._run()

    @property
    def request_id(self) -> str | None:
        return self.events.request_id if self.events else None

    @property
    def rate_limit(self) -> RateLimit | None:
        return self.events.rate_limit if self.events else None

    @property
    def bad_events(self) -> int:
        """Events that could not be read and were passed over."""
        return self.events.bad_events if self.events else 0

    def __aiter__(self) -> AsyncGenerator[ChatChunk, None]:
        return self._chunks

    def __anext__(self) -> Any:
        return self._chunks.__anext__()

    async def aclose(self) -> None:
        await self._chunks.aclose()

    async def _run(self) -> AsyncGenerator[ChatChunk, None]:
        body = body_of(self._request, is_stream=True)
        async with self._client.stream(
            PATH,
            body,
            call_id=self._call_id,
            silence_s=self._silence_s,
            on_wait=self._on_wait,
            on_alive=self._on_alive,
        ) as events:
            self.events = events
            if self._on_open is not None:
                self._on_open(events)
            if "json" in events.headers.get("content-type", ""):
                yield self._seen(await self._unstreamed(events), events)
            else:
                async with aclosing(aiter(events)) as reading:
                    try:
                        async for event in reading:
                            if (chunk := self._chunk(event.data, events)) is not None:
                                yield chunk
                            elif self._is_done:
                                break
                    except (Cut, Silent):
                        if not self._is_whole:  # after the last finish reason only the usage was to come
                            raise
            if not self._is_whole:
                raise events.cut("The server ended the reply before it was complete.")
            events.complete()

    def _chunk(self, data: bytes, events: EventStream) -> ChatChunk | None:
        """The chunk of an event; None at the end, and for one that cannot be read."""
        try:
            chunk = _decode_chunk(data)
        except UNREADABLE:
            if data.strip() == _DONE:
                self._is_done = True
                return None
            try:
                chunk = patient(data, ChatChunk)
            except UNREADABLE:
                events.bad_events += 1
                return None
        return self._seen(chunk, events)

    @property
    def _is_whole(self) -> bool:
        return self._is_done or (bool(self._done) and not self._open)

    def _seen(self, chunk: ChatChunk, events: EventStream) -> ChatChunk:
        """Watches a chunk go by: errors, text for the watchdog and the bound, finish reasons."""
        if chunk.error:
            raise self._client.inside_stream(chunk.error, events.headers)
        chunk = self._echoes.masked(chunk)
        for choice in chunk.choices:
            delta = choice.delta
            if text := delta.content:
                events.text_came()
                self._text_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
            if delta.reasoning_content or delta.reasoning or delta.tool_calls or delta.refusal or delta.audio:
                self._weigh(delta, events)
            if choice.finish_reason:
                self._open.discard(choice.index)
                self._done.add(choice.index)
            elif choice.index not in self._open and choice.index not in self._done:
                self._open.add(choice.index)
        if self._text_bytes > TEXT_BYTES:
            raise TooMuch(f"The reply is longer than {size_words(TEXT_BYTES)} and was stopped.")
        return chunk

    def _weigh(self, delta: Delta, events: EventStream) -> None:
        """What is not plain content: thoughts count for the bound only, the rest is text as well."""
        thoughts = (delta.reasoning_content or "") + (delta.reasoning or "")
        calls = [
            (c.function and c.function.arguments) or (c.custom and c.custom.input) or "" for c in delta.tool_calls or ()
        ]
        sound = (delta.audio or {}).get("data")
        if delta.refusal or calls or delta.audio:
            events.text_came()
        texts = [thoughts, delta.refusal or "", *calls, sound if isinstance(sound, str) else ""]
        self._text_bytes += sum(len(text.encode("utf-8", "replace")) for text in texts)

    async def _unstreamed(self, events: EventStream) -> ChatChunk:
        """The whole reply of a server that does not stream, as one chunk."""
        reply = decode(await events.whole(TEXT_BYTES * 2), ChatReply)
        choices = [
            ChunkChoice(
                index=choice.index,
                delta=Delta(
                    role=choice.message.role,
                    content=choice.message.text,
                    refusal=choice.message.refusal,
                    reasoning_content=choice.message.reasoning_content or choice.message.reasoning,
                    tool_calls=choice.message.tool_calls,
                    function_call=choice.message.function_call,
                    audio=choice.message.audio,
                ),
                finish_reason=choice.finish_reason or "stop",
                logprobs=choice.logprobs,
            )
            for choice in reply.choices
        ]
        return ChatChunk(
            choices=choices,
            usage=reply.usage,
            id=reply.id,
            model=reply.model,
            service_tier=reply.service_tier,
            error=reply.error,
        )
