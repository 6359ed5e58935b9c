"""Chat completions and models: every request judged by the API's description, every reply read leniently."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_fakes import KEY, profile_for
from wire_server import piece

from desktop.api import chat, models
from desktop.api.client import Client
from desktop.core import errors
from desktop.core.conversation import ToolCall
from desktop.core.profile import Limits
from desktop.core.secret import Secret
from desktop.core.usage import RateLimit, Usage

ASK = [{"role": "user", "content": "Hello"}]
EVERYTHING = chat.ChatRequest(
    model="any-model",
    messages=[
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
                {"type": "file", "file": {"file_id": "file-1"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
    ],
    metadata={"a": "b"},
    top_logprobs=2,
    temperature=0.5,
    top_p=0.9,
    user="u",
    safety_identifier="s",
    prompt_cache_key="k",
    prompt_cache_retention="24h",
    prompt_cache_options={"ttl": "30m", "mode": "implicit"},
    service_tier="auto",
    modalities=["text", "audio"],
    verbosity="low",
    reasoning_effort="low",
    max_completion_tokens=100,
    frequency_penalty=0.1,
    presence_penalty=-0.1,
    web_search_options={"search_context_size": "low"},
    response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    audio={"voice": "alloy", "format": "wav"},
    store=False,
    moderation={"model": "m"},
    stop=["a", "b"],
    logit_bias={"50256": -100},
    logprobs=True,
    max_tokens=100,
    n=2,
    prediction={"type": "content", "content": "x"},
    seed=7,
    stream_options={"include_usage": True, "include_obfuscation": False},
    tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    tool_choice={"type": "function", "function": {"name": "f"}},
    parallel_tool_calls=False,
    function_call={"name": "f"},
    functions=[{"name": "f", "parameters": {"type": "object"}}],
)


def events(*raw: bytes, **headers) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"} | headers, content=b"".join(raw))


def event(value: object) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


def delta(finish: str | None = None, index: int = 0, **fields) -> bytes:
    return event({"choices": [{"index": index, "delta": fields, "finish_reason": finish}]})


async def read(client, request=None, **options) -> tuple[str, list[chat.ChatChunk], chat.ChatStream]:
    chunks = []
    async with aclosing(chat.stream(client, request or chat.ChatRequest(model="m", messages=ASK), **options)) as reply:
        async for chunk in reply:
            chunks.append(chunk)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    return text, chunks, reply


DONE = b"data: [DONE]\n\n"
STOP = piece("", "stop")


# --- requests


async def test_every_parameter_can_be_sent(judged):
    client = judged(events(piece("ok"), STOP, DONE))
    await read(client, EVERYTHING)
    sent = client.judge.bodies[0]
    assert set(chat.ChatRequest.__struct_fields__) - {"extra"} <= set(sent) and sent["stream"] is True


async def test_what_is_not_set_is_not_sent(judged):
    client = judged(events(STOP, DONE))
    await read(client)
    assert client.judge.bodies == [{"model": "m", "messages": ASK, "stream": True}]


async def test_time_limits_of_the_profile_are_used(judged):
    limits = Limits(connect_s=3.0, write_s=4.0)
    client = judged(events(STOP, DONE), profile=profile_for("https://api.example.com/v1", limits=limits))
    await read(client)
    given = client.judge.requests[0].extensions["timeout"]
    assert given == {"connect": 3.0, "write": 4.0, "read": None, "pool": None}  # reads are the watchdog's


def test_unknown_parameters_pass_through():
    request = chat.ChatRequest(model="m", messages=ASK, temperature=1.0, extra={"top_k": 40, "temperature": 0.2})
    body = chat.body_of(request, is_stream=False)
    assert body == {"model": "m", "messages": ASK, "temperature": 0.2, "top_k": 40}


async def test_lone_surrogates_are_refused_before_anything_is_sent(judged):
    client = judged(events(DONE))
    with pytest.raises(errors.BadInput):
        await read(client, chat.ChatRequest(model="m", messages=[{"role": "user", "content": "\ud800"}]))
    assert client.judge.requests == []


async def test_both_forms_against_the_strict_stand_in(api):
    client = Client(profile_for(api.url), Secret(KEY))
    request = chat.ChatRequest(model="gpt-5.6-luna", messages=ASK, stream_options={"include_usage": True})
    text, chunks, reply = await read(client, request)
    whole = await chat.complete(client, chat.ChatRequest(model="gpt-5.6-luna", messages=ASK))
    listed = await models.list_models(client)
    one = await models.retrieve_model(client, "ft:gpt-5.6:org::abc")
    assert await models.delete_model(client, "ft:gpt-5.6:org::abc")
    await client.aclose()
    assert text == whole.choices[0].message.text == "Hello! How can I assist you today?"
    assert chat.usage_of(chunks[-1].usage) == chat.usage_of(whole.usage) == Usage(input=19, output=10)
    assert reply.request_id and reply.rate_limit.limit_requests == 500 and client.rate_limits["gpt-5.6-luna"]
    assert listed and one.shutdown_date
    assert [entry["path"] for entry in api.log[-2:]] == ["/v1/models/ft%3Agpt-5.6%3Aorg%3A%3Aabc"] * 2


async def test_tool_calls_against_the_strict_stand_in(api):
    client = Client(profile_for(api.url), Secret(KEY))
    tools = [{"type": "function", "function": {"name": "get_current_weather", "parameters": {"type": "object"}}}]
    request = chat.ChatRequest(model="m", messages=ASK, tools=tools, tool_choice="required")
    _, chunks, _ = await read(client, request)
    await client.aclose()
    join = chat.ToolCallJoin()
    for chunk in chunks:
        for choice in chunk.choices:
            join.add(choice.delta.tool_calls or ())
    assert [call.name for call in join.calls] == ["get_current_weather"]
    assert json.loads(join.calls[0].arguments)


# --- streams


async def test_text_usage_logprobs_and_tier_are_read(judged):
    logprobs = {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]}
    client = judged(
        events(
            event({"id": "x", "model": "m-1", "service_tier": "default", "choices": [
                {"index": 0, "delta": {"role": "assistant", "content": "a"}, "logprobs": logprobs}
            ], "usage": None}),
            delta(finish="stop"),
            event({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13,
                "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": None},
                "completion_tokens_details": {"reasoning_tokens": 2}, "new": {}}}),
            DONE,
        )
    )  # fmt: skip
    text, chunks, _ = await read(client)
    assert text == "a" and chunks[0].choices[0].logprobs == logprobs and chunks[0].service_tier == "default"
    assert chat.usage_of(chunks[-1].usage) == Usage(input=9, cached=3, output=4, reasoning=2)


async def test_usage_in_the_last_normal_chunk_is_read(judged):
    last = {"choices": [{"delta": {"content": None}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3}}
    _, chunks, _ = await read(judged(events(piece("a"), event(last), DONE)))
    assert chat.usage_of(chunks[-1].usage) == Usage(input=3)


async def test_nulls_and_missing_keys_survive(judged):
    odd = [
        event({"choices": [{"delta": None}]}),
        event({"choices": None, "usage": None}),
        event({}),
        event({"choices": [{"delta": {"content": "a", "tool_calls": None}, "index": None}], "new": 1}),
    ]
    text, _, reply = await read(judged(events(*odd, STOP, DONE)))
    assert text == "a" and reply.bad_events == 0


async def test_refusals_and_thoughts_are_kept_apart(judged):
    raw = [delta(reasoning_content="hm"), delta(reasoning="mh"), delta(refusal="no"), delta(finish="stop"), DONE]
    _, chunks, _ = await read(judged(events(*raw)))
    found = [chunk.choices[0].delta for chunk in chunks]
    assert (found[0].reasoning_content, found[1].reasoning, found[2].refusal) == ("hm", "mh", "no")


async def test_several_choices_must_all_finish(judged):
    raw = [delta(content="a", index=0), delta(content="b", index=1), delta(finish="stop", index=0)]
    with pytest.raises(errors.Cut):
        await read(judged(events(*raw)))
    _, chunks, _ = await read(judged(events(*raw, delta(finish="stop", index=1))))
    assert [c.choices[0].index for c in chunks] == [0, 1, 0, 1]


BAD = {
    "broken JSON": b'{"choices": [',
    "no JSON": b"hello",
    "100,000 levels": b"[" * 100_000,
    "levels inside": b'{"choices": ' + b'{"a":' * 100_000,
    "huge integer": b'{"choices": [{"index": ' + b"9" * 100_000 + b"}]}",
    "NaN": b'{"choices": [{"index": NaN, "delta": {}}]}',
    "wrong types": b'{"choices": [{"delta": {"content": {"a": 1}}}]}',
    "choices of another kind": b'{"choices": "none"}',
    "a number": b"17",
    "empty": b"",
}


@pytest.mark.parametrize("name", BAD)
async def test_one_bad_event_costs_that_event(judged, name):
    text, _, reply = await read(judged(events(piece("be"), event(BAD[name]), piece("fore"), STOP, DONE)))
    assert text == "before" and reply.bad_events == 1


async def test_unknown_events_are_passed_over(judged):
    raw = [b"event: ping\ndata: {}\n\n", b": comment\n\n", piece("a"), event({"type": "new", "x": [1]}), STOP, DONE]
    text, _, reply = await read(judged(events(*raw)))
    assert text == "a" and reply.bad_events == 0


async def test_wrong_utf8_and_half_surrogates_are_replaced_inside_their_event(judged):
    raw = [
        b'data: {"choices":[{"delta":{"content":"a\xffb"}}]}\n\n',
        rb'data: {"choices":[{"delta":{"content":"\ud83d"}}]}',
    ]
    text, _, reply = await read(judged(events(*raw, b"\n\n", STOP, DONE)))
    assert text == "a\ufffdb\ufffd" and reply.bad_events == 0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "boom", "type": "server_error"}, errors.ServerFailed),
        ({"message": "slow", "code": "rate_limit_exceeded"}, errors.RateLimited),
        ({"message": "pay", "code": "insufficient_quota"}, errors.QuotaSpent),
        ({"message": "long", "code": "context_length_exceeded"}, errors.BadRequest),
        ({"message": "gateway", "code": 502}, errors.ServerFailed),
        ("words", errors.ServerFailed),
    ],
)
async def test_error_inside_the_stream_is_raised_after_the_text(judged, error, kind):
    client, seen = judged(events(piece("par"), piece("tial"), event({"error": error}))), []
    with pytest.raises(kind) as caught:
        async for chunk in chat.stream(client, chat.ChatRequest(model="m", messages=ASK)):
            seen.append(chunk.choices[0].delta.content)
    assert seen == ["par", "tial"] and caught.value.detail.said


async def test_reply_without_done_or_finish_reason_is_cut(judged):
    with pytest.raises(errors.Cut):
        await read(judged(events(piece("half"))))
    with pytest.raises(errors.Cut):
        await read(judged(events(b"")))


async def test_finish_reason_alone_and_done_alone_are_complete(judged):
    assert (await read(judged(events(piece("a"), STOP))))[0] == "a"
    assert (await read(judged(events(piece("a"), DONE))))[0] == "a"


async def test_chunk_after_the_finish_reason_does_not_reopen_the_choice(judged):
    text, _, _ = await read(judged(events(piece("a"), STOP, delta(content=None))))
    assert text == "a"


@pytest.mark.parametrize("reason", ["length", "content_filter", "tool_calls", "function_call", "something new"])
async def test_finish_reasons_are_named(judged, reason):
    _, chunks, _ = await read(judged(events(delta(content="a"), delta(finish=reason), DONE)))
    assert chunks[-1].choices[0].finish_reason == reason


@pytest.mark.parametrize("field", ["content", "reasoning_content", "refusal"])
async def test_endless_text_is_stopped_at_its_bound(judged, monkeypatch, field):
    monkeypatch.setattr(chat, "TEXT_BYTES", 10_000)
    with pytest.raises(errors.TooMuch, match=r"longer than 10\.0\xa0kB and"):
        await read(judged(events(*[delta(**{field: "é" * 100})] * 60, STOP, DONE)))


async def test_endless_tool_arguments_are_stopped_at_their_bound(judged, monkeypatch):
    monkeypatch.setattr(chat, "TEXT_BYTES", 10_000)
    call = delta(tool_calls=[{"index": 0, "function": {"arguments": "x" * 500}}])
    with pytest.raises(errors.TooMuch):
        await read(judged(events(*[call] * 30, STOP, DONE)))


async def test_server_that_does_not_stream_is_read_all_the_same(judged):
    whole = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}
    text, chunks, _ = await read(judged(httpx.Response(200, json=whole)))
    assert text == "hi" and chunks[0].usage.prompt_tokens == 1


async def test_rate_limits_are_kept_by_model(judged):
    headers = {"x-ratelimit-remaining-requests": "7"}
    client = judged(events(STOP, DONE, **headers))
    await read(client)
    assert client.rate_limits == {"m": RateLimit(remaining_requests=7)}


async def test_a_burst_gives_the_loop_back(judged):
    client, turns, longest = judged(events(*[piece("word ")] * 20_000, STOP, DONE)), 0, 0.0
    loop = asyncio.get_running_loop()

    async def draw():
        nonlocal turns, longest
        while True:
            began = loop.time()
            await asyncio.sleep(0)
            longest = max(longest, loop.time() - began)
            turns += 1

    window = asyncio.ensure_future(draw())
    await read(client)
    window.cancel()
    await asyncio.gather(window, return_exceptions=True)
    assert turns >= 10


# --- whole replies


async def test_whole_reply_with_unknown_missing_and_null_keys(judged):
    called = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}
    body = {"choices": [{"message": {"content": None, "tool_calls": [called]}, "new": 1}], "usage": None}
    reply = await chat.complete(judged(httpx.Response(200, json=body)), chat.ChatRequest(model="m", messages=ASK))
    message = reply.choices[0].message
    assert (
        message.text == ""
        and message.tool_calls[0].function.arguments == "{"
        and reply.choices[0].finish_reason is None
    )


async def test_content_in_parts_is_joined(judged):
    body = {"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "x"}, {"text": "b"}]}}]}
    reply = await chat.complete(judged(httpx.Response(200, json=body)), chat.ChatRequest(model="m", messages=ASK))
    assert reply.choices[0].message.text == "ab"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": 7}', b"[" * 100_000])
async def test_unreadable_replies_are_known_errors(judged, body):
    with pytest.raises(errors.BadReply):
        await chat.complete(judged(httpx.Response(200, content=body)), chat.ChatRequest(model="m", messages=ASK))


async def test_error_with_status_200_is_an_error(judged):
    with pytest.raises(errors.QuotaSpent):
        await chat.complete(
            judged(httpx.Response(200, json={"error": {"code": "insufficient_quota", "message": "m"}})),
            chat.ChatRequest(model="m", messages=ASK),
        )


def test_usage_of_nonsense_is_bounded():
    reply = chat.UsageReply(
        prompt_tokens=-5,
        completion_tokens=10**30,
        completion_tokens_details=chat.CompletionDetails(reasoning_tokens=-1),
    )
    usage = chat.usage_of(reply)
    assert usage.input == 0 and usage.reasoning == 0 and usage.output == 10**15
    assert chat.usage_of(None) is None


# --- tool calls


def call(index, arguments="", **fields):
    function = chat.FunctionPiece(name=fields.get("name"), arguments=arguments)
    return chat.ToolCallPiece(index=index, id=fields.get("id"), function=function)


def test_tool_calls_are_joined_by_index():
    join = chat.ToolCallJoin()
    join.add([call(0, id="a", name="f")])
    join.add([call(1, "{", id="b", name="g"), call(0, '{"x"')])
    join.add([call(0, ":1}"), call(1, "}")])
    assert join.calls == (ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", "{}"))


def test_calls_that_share_an_index_are_told_apart_by_their_ids():
    join = chat.ToolCallJoin()
    join.add([call(0, "{}", id="a", name="f")])
    join.add([call(0, "[]", id="b", name="f")])
    assert [c.call_id for c in join.calls] == ["a", "b"]


def test_calls_without_an_index_are_told_apart_by_their_place():
    join = chat.ToolCallJoin()
    join.add([call(None, "1", id="a", name="f"), call(None, "2", id="b", name="g")])
    assert [c.arguments for c in join.calls] == ["1", "2"]


def test_custom_tools_are_joined_as_well():
    join = chat.ToolCallJoin()
    join.add([chat.ToolCallPiece(index=0, id="a", custom=chat.CustomPiece(name="c", input="x"))])
    join.add([chat.ToolCallPiece(index=0, custom=chat.CustomPiece(input="y"))])
    assert join.calls == (ToolCall("a", "c", "xy"),)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4), st.randoms())
def test_any_interleaving_joins_to_the_same_calls(arguments, random):
    pieces = {index: [call(index, c) for c in text] for index, text in enumerate(arguments)}
    join = chat.ToolCallJoin()
    join.add([call(index, id=f"id{index}", name="f") for index in pieces])
    while left := [index for index, rest in pieces.items() if rest]:
        join.add([pieces[random.choice(left)].pop(0)])
    assert [c.arguments for c in join.calls] == arguments


# --- models


async def test_models_of_other_servers_are_listed(judged):
    body = {
        "object": "list",
        "data": [{"id": "a", "created": "17", "owned_by": None}, {"name": "b"}, {}, 5, {"id": ""}],
    }
    listed = await models.list_models(judged(httpx.Response(200, json=body)))
    assert [model.id for model in listed] == ["a", "b"] and listed[0].created == 17
    with pytest.raises(errors.BadReply):
        await models.list_models(judged(httpx.Response(200, json={"x": 1})))


async def test_shutdown_dates_are_kept(judged):
    body = {"data": [{"id": "a", "shutdown_date": "2027-01-14"}, {"id": "b", "shutdown_date": 1800000000}]}
    listed = await models.list_models(judged(httpx.Response(200, json=body)))
    assert [model.shutdown_date for model in listed] == ["2027-01-14", 1800000000]


# --- anything at all


KEYS = st.sampled_from(
    ["choices", "delta", "content", "index", "finish_reason", "tool_calls", "usage", "function", "id"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ANYTHING, max_size=4), st.binary(max_size=40))
def test_no_event_breaks_the_stream_or_loses_its_neighbours(values, raw):
    odd = [event(value) for value in values] + [b"data: " + raw.replace(b"\n", b"").replace(b"\r", b"") + b"\n\n"]
    body = b"".join([piece("before "), *odd, piece("after"), STOP, DONE])
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))

    async def run() -> str:
        text, _, _ = await read(Client(profile_for("https://api.example.com/v1"), Secret(KEY), transport=transport))
        return text

    try:
        text = asyncio.run(run())
    except errors.KnownError:
        return  # an error the stream named, or choices that did not finish
    assert text.startswith("before ")
    assert text.endswith("after") or b"[DONE]" in raw
