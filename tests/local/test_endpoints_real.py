"""Every endpoint over the real engines, judged by the description of the API."""

from __future__ import annotations

import base64
import json
import struct

import pytest
from local_events import events_of, text_of

CHAT, ECHO = "smollm2-135m-instruct", "local-echo"
SEA = [{"role": "user", "content": "Tell me about the sea."}]
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 30}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


def chat(judged, **body):
    """The likeliest words where nothing else is asked for: others are other ones each time, and end when they like."""
    body = {"model": CHAT, "messages": SEA, "max_completion_tokens": 12, "temperature": 0, "seed": 7, **body}
    return judged("POST", "chat/completions", json=body)


def test_models_are_listed_with_readable_ids(judged):
    listed = judged("GET", "models").json()["data"]
    names = [model["id"] for model in listed]
    assert names == ["smollm2-135m-instruct", "wordllama-256", "piper-joe", "whisper-tiny.en", "local-echo"]
    assert listed[0]["davenport"]["note"] == "tiny demo model"
    assert judged("GET", f"models/{names[0]}").json() == listed[0]


def test_an_unknown_model_is_not_found_in_the_api_s_words(judged):
    for reply in (judged("GET", "models/gpt-nowhere"), chat(judged, model="gpt-nowhere")):
        assert reply.status_code == 404
        assert reply.json()["error"]["code"] == "model_not_found"


def test_chat_answers_whole(judged):
    reply = chat(judged).json()
    assert reply["choices"][0]["message"]["content"]
    assert reply["choices"][0]["finish_reason"] == "length"
    assert reply["usage"]["completion_tokens"] == 12


def test_chat_streams_and_ends_with_its_usage(judged):
    reply = chat(judged, stream=True, stream_options={"include_usage": True})
    chunks = events_of(reply)
    assert reply.text.endswith("data: [DONE]\n\n")
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] == 12
    assert chunks[-2]["choices"][0]["finish_reason"] == "length"


def test_the_same_seed_says_the_same_and_streams_say_what_whole_replies_say(judged):
    one = chat(judged, seed=7, temperature=0).json()["choices"][0]["message"]["content"]
    assert text_of(chat(judged, seed=7, temperature=0, stream=True)) == one


def test_stop_words_end_an_answer(judged):
    message = {"role": "user", "content": "Count: one, two, three, four."}
    reply = chat(judged, messages=[message], stop=["a", "e"], max_completion_tokens=40).json()
    choice = reply["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert not {"a", "e"} & set(choice["message"]["content"])


def test_several_choices_are_numbered_and_charged_together(judged):
    reply = chat(judged, n=2, max_completion_tokens=4, temperature=1).json()
    assert [choice["index"] for choice in reply["choices"]] == [0, 1]
    assert reply["usage"]["completion_tokens"] == 8
    chunks = events_of(chat(judged, n=2, max_completion_tokens=4, stream=True))
    assert {choice["index"] for chunk in chunks for choice in chunk["choices"]} == {0, 1}


def test_log_probabilities_come_with_their_rivals(judged):
    reply = chat(judged, logprobs=True, top_logprobs=2, max_completion_tokens=3)
    entries = reply.json()["choices"][0]["logprobs"]["content"]
    assert len(entries) == 3 and all(len(entry["top_logprobs"]) == 2 for entry in entries)
    assert all(entry["logprob"] <= 0 for entry in entries)


def test_a_schema_is_followed(judged):
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 12}, "is_old": {"type": "boolean"}},
        "required": ["name", "is_old"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema, "strict": True}}
    reply = chat(judged, response_format=form, max_completion_tokens=60).json()["choices"][0]
    value = json.loads(reply["message"]["content"])
    assert set(value) == {"name", "is_old"} and isinstance(value["is_old"], bool)


def test_a_json_object_is_json(judged):
    ask = [{"role": "user", "content": "Answer with a small JSON object with one key."}]
    reply = chat(judged, messages=ask, response_format={"type": "json_object"}, max_completion_tokens=60)
    choice = reply.json()["choices"][0]
    if choice["finish_reason"] == "stop":
        assert isinstance(json.loads(choice["message"]["content"]), dict)
    else:
        assert choice["message"]["content"].lstrip().startswith("{")


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_weather"}}])
def test_a_forced_tool_is_called_with_arguments_of_its_schema(judged, choice):
    ask = [{"role": "user", "content": "What is the weather in Paris?"}]
    body = {"tools": [{"type": "function", "function": WEATHER}], "tool_choice": choice, "max_completion_tokens": 60}
    reply = chat(judged, messages=ask, **body).json()["choices"][0]
    call = reply["message"]["tool_calls"][0]
    assert reply["finish_reason"] == "tool_calls" and call["function"]["name"] == "get_weather"
    assert set(json.loads(call["function"]["arguments"])) == {"city"}


def test_a_tool_call_streams_in_pieces(judged):
    ask = [{"role": "user", "content": "What is the weather in Paris?"}]
    tools = [{"type": "function", "function": WEATHER}]
    reply = chat(judged, messages=ask, tools=tools, tool_choice="required", max_completion_tokens=60, stream=True)
    deltas = [c["choices"][0]["delta"] for c in events_of(reply)]
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert calls[0]["id"] and calls[0]["function"]["name"] == "get_weather"
    assert len(calls) > 2
    assert set(json.loads("".join(call["function"]["arguments"] for call in calls))) == {"city"}


def test_with_a_free_choice_the_model_may_answer_in_words(judged):
    reply = chat(judged, tools=[{"type": "function", "function": WEATHER}]).json()["choices"][0]
    assert reply["message"]["content"] or reply["message"]["tool_calls"]


def test_a_tool_result_is_read_by_the_model(judged):
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    messages = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "Sunny, 21 degrees"},
    ]
    reply = chat(judged, messages=messages, max_completion_tokens=30).json()
    assert reply["choices"][0]["message"]["content"]


def test_too_long_a_conversation_is_refused_by_name(judged):
    reply = chat(judged, messages=[{"role": "user", "content": "word " * 6000}])
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "context_length_exceeded"


def test_completions_in_both_forms(judged):
    body = {"model": CHAT, "prompt": "The sea is", "max_tokens": 6, "logprobs": 2, "temperature": 0, "seed": 1}
    whole = judged("POST", "completions", json=body).json()
    assert len(whole["choices"][0]["logprobs"]["tokens"]) == 6
    streamed = judged("POST", "completions", json={**body, "stream": True, "stream_options": {"include_usage": True}})
    chunks = events_of(streamed)
    assert "".join(c["text"] for chunk in chunks for c in chunk["choices"]) == whole["choices"][0]["text"]
    assert chunks[-1]["usage"]["completion_tokens"] == 6


def respond(judged, **body):
    usual = {"model": CHAT, "input": "Say hello.", "max_output_tokens": 16, "temperature": 0}
    return judged("POST", "responses", json={**usual, **body})


def test_a_response_is_whole_and_can_be_read_again(judged):
    reply = respond(judged).json()
    assert reply["output"][0]["content"][0]["text"]
    assert judged("GET", f"responses/{reply['id']}").json() == reply
    items = judged("GET", f"responses/{reply['id']}/input_items").json()["data"]
    assert items[0]["content"][0]["text"] == "Say hello."
    assert judged("DELETE", f"responses/{reply['id']}").status_code == 200
    assert judged("GET", f"responses/{reply['id']}").status_code == 404


def test_a_response_streams_numbered_events_that_build_the_reply(judged):
    events = events_of(respond(judged, stream=True, max_output_tokens=20))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:4]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert events[-1]["type"] in ("response.completed", "response.incomplete")
    text = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
    assert text == events[-1]["response"]["output"][0]["content"][0]["text"] != ""
    assert events[-1]["response"]["usage"]["output_tokens"] > 0


def test_a_response_goes_on_from_the_one_before(judged):
    first = respond(judged, model=ECHO, input="my name is Ada").json()
    second = respond(judged, model=ECHO, input="who am I?", previous_response_id=first["id"]).json()
    alone = respond(judged, model=ECHO, input="who am I?").json()
    assert second["usage"]["input_tokens"] > alone["usage"]["input_tokens"]
    lost = respond(judged, previous_response_id="resp_nowhere")
    assert (lost.status_code, lost.json()["error"]["code"]) == (404, "previous_response_not_found")


def test_a_response_that_is_not_stored_is_forgotten(judged):
    reply = respond(judged, model=ECHO, store=False).json()
    assert judged("GET", f"responses/{reply['id']}").status_code == 404


def test_a_response_calls_a_forced_tool_and_takes_its_result(judged):
    tool = {"type": "function", "strict": True, **WEATHER}
    body = {"input": "What is the weather in Paris?", "tools": [tool], "max_output_tokens": 60}
    events = events_of(respond(judged, **body, tool_choice="required", stream=True))
    call = events[-1]["response"]["output"][0]
    assert (call["type"], call["name"]) == ("function_call", "get_weather")
    pieces = [e["delta"] for e in events if e["type"] == "response.function_call_arguments.delta"]
    assert "".join(pieces) == call["arguments"] and set(json.loads(call["arguments"])) == {"city"}
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny, 21 degrees"}
    following = respond(judged, input=[result], previous_response_id=events[-1]["response"]["id"]).json()
    assert following["output"][0]["content"][0]["text"]


def test_tokens_are_counted_as_the_model_will_see_them(judged):
    body = {"model": CHAT, "input": "Say hello."}
    counted = judged("POST", "responses/input_tokens", json=body).json()
    assert counted["input_tokens"] == respond(judged).json()["usage"]["input_tokens"]


def test_embeddings_in_both_forms_say_the_same(judged, local):
    body = {"model": "wordllama-256", "input": ["a boat on the sea", "a ship on the ocean", "tax law"]}
    plain = judged("POST", "embeddings", json=body).json()
    vectors = [entry["embedding"] for entry in plain["data"]]
    assert [len(vector) for vector in vectors] == [256] * 3
    coded = local.post("embeddings", json={**body, "encoding_format": "base64"}).json()  # in no description
    unpacked = struct.unpack("<256f", base64.b64decode(coded["data"][0]["embedding"]))
    assert unpacked == pytest.approx(vectors[0], abs=1e-6)

    def nearness(a, b):
        return sum(x * y for x, y in zip(vectors[a], vectors[b], strict=True))

    assert nearness(0, 1) > nearness(0, 2)
    short = judged("POST", "embeddings", json={**body, "dimensions": 64}).json()["data"][0]["embedding"]
    assert len(short) == 64 and sum(x * x for x in short) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("given", ["", [], ["a", ""], [1, 2]])
def test_embeddings_refuse_what_is_no_text(judged, given):
    reply = judged("POST", "embeddings", json={"model": "wordllama-256", "input": given}, good_request=False)
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "input"


SAID = "The quick brown fox jumps over the lazy dog."


def speak(judged, **body):
    body = {"model": "piper-joe", "input": SAID, "voice": "alloy", **body}
    return judged("POST", "audio/speech", json=body, good_request=False)


@pytest.fixture(scope="module")
def recording(local_server):
    with local_server.client() as client:
        body = {"model": "piper-joe", "input": SAID, "voice": "joe", "response_format": "mp3"}
        return client.post("audio/speech", json=body).content


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav"])
def test_speech_is_a_file_of_the_form_asked_for(judged, form):
    import io

    import av

    reply = speak(judged, input="Good morning.", response_format=form)
    with av.open(io.BytesIO(reply.content)) as sound:
        seconds = sum(frame.samples for frame in sound.decode(audio=0)) / sound.streams.audio[0].rate
    assert 0.4 < seconds < 3


def test_raw_speech_is_24_khz_and_faster_speech_is_shorter(judged):
    plain = speak(judged, response_format="pcm").content
    fast = speak(judged, response_format="pcm", speed=2.0).content
    assert 1.5 < len(plain) / 48_000 < 6
    assert len(fast) < len(plain) * 0.7


def test_speech_streams_as_events(judged):
    events = events_of(speak(judged, stream_format="sse", response_format="mp3"))
    audio = b"".join(base64.b64decode(e["audio"]) for e in events if e["type"] == "speech.audio.delta")
    assert len(audio) > 5_000
    assert events[-1]["type"] == "speech.audio.done" and events[-1]["usage"]["total_tokens"] > 0


def transcribe(judged, recording, name="said.mp3", **fields):
    return judged(
        "POST",
        "audio/transcriptions",
        data={"model": "whisper-tiny.en", **fields},
        files={"file": (name, recording, "audio/mpeg")},
    )


def test_what_was_spoken_is_heard(judged, recording):
    reply = transcribe(judged, recording).json()
    assert "quick brown fox" in reply["text"].lower()
    assert reply["usage"]["type"] == "duration" and reply["usage"]["seconds"] > 1


def test_transcripts_as_text_and_subtitles(judged, recording):
    assert "fox" in transcribe(judged, recording, response_format="text").text
    assert transcribe(judged, recording, response_format="srt").text.startswith("1\n00:00:00,")
    assert transcribe(judged, recording, response_format="vtt").text.startswith("WEBVTT\n\n00:00:00.")


def test_a_verbose_transcript_has_segments_and_words(judged, recording):
    fields = {"response_format": "verbose_json", "timestamp_granularities[]": ["word", "segment"]}
    reply = transcribe(judged, recording, **fields).json()
    words = [word["word"].strip(".,").lower() for word in reply["words"]]
    assert "fox" in words and reply["segments"][0]["end"] <= reply["duration"] + 0.1
    starts = [word["start"] for word in reply["words"]]
    assert starts == sorted(starts)


def test_a_transcript_streams(judged, recording):
    events = events_of(transcribe(judged, recording, stream="true"))
    assert "".join(e["delta"] for e in events[:-1]) == events[-1]["text"] != ""
    assert events[-1]["type"] == "transcript.text.done"


def test_other_languages_and_translations_are_refused_honestly(judged, recording):
    reply = transcribe(judged, recording, language="de")
    assert reply.status_code == 400 and "only English" in reply.json()["error"]["message"]
    reply = judged("POST", "audio/translations", data={"model": "whisper-1"}, files={"file": ("a.mp3", recording)})
    assert reply.status_code == 400 and "only English" in reply.json()["error"]["message"]


def test_what_is_no_sound_is_refused(judged):
    reply = transcribe(judged, b"this is no sound at all")
    assert reply.status_code == 400 and reply.json()["error"]["param"] == "file"
    assert transcribe(judged, b"x", name="letter.pdf").status_code == 400
