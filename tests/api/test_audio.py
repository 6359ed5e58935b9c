"""Forms with a file: each family and response format as the description wants it, streamed from the disk, judged."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from quickness import quickest
from wire_fakes import KEY, profile_for

from desktop.api import audio
from desktop.api.audio import Request
from desktop.api.client import Client
from desktop.api.multipart import READ_BYTES, Form
from desktop.core.calls import Fate
from desktop.core.errors import BadFile, BadReply, Cut, MayHaveRun, TooLarge, Unreachable
from desktop.core.secret import Secret
from desktop.services.catalog import Catalogs
from desktop.services.transcription import Options, plan
from desktop.services.transcription.values import KnownSpeaker

FORMS = [
    ("whisper-1", form, task)
    for form in ("json", "text", "srt", "verbose_json", "vtt")
    for task in ("transcribe", "translate")
]
FORMS += [(model, "json", "transcribe") for model in ("gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")]
FORMS += [("gpt-4o-transcribe-diarize", form, "transcribe") for form in ("json", "text", "diarized_json")]


@pytest.fixture
def sound(tmp_path) -> Path:
    path = tmp_path / 'tälk "one".wav'
    path.write_bytes(b"RIFF" + os.urandom(700_000))
    return path


def client_of(url: str, **options) -> Client:
    return Client(profile_for(url), Secret(KEY), random=lambda: 0.0, **options)


@pytest.mark.parametrize(("model", "form", "task"), FORMS)
async def test_each_family_and_form_is_accepted(api, tmp_path, sound, model, form, task):
    """With all that the user can set: the server is strict, and the fixture fails on anything it did not like."""
    card = Catalogs(tmp_path).current.card(model)
    options = Options(
        model=model,
        task=task,
        language="de",
        languages=("en",),
        prompt="Names: Ada, Grace",
        keywords=("qubit", "Fußgänger"),
        temperature=0.2,
        form=form,
        speakers=(KnownSpeaker("ada", "a.wav"),),
    )
    voices = (("ada", "data:audio/wav;base64,UklGRg=="),)
    request = plan.request(options, card, 45.0, voices=voices)
    client = client_of(api.url)
    if request.stream:
        pieces = [piece async for piece in audio.stream(client, sound, request)]
        reply = pieces[-1].whole
        assert reply is not None
    else:
        reply = await audio.transcribe(client, sound, request)
    assert reply.text
    await client.aclose()
    sent = api.log[-1]["body"]
    assert sent["file"]["size"] == sound.stat().st_size and sent["model"] == model
    assert ("chunking_strategy" in sent) == model.endswith("diarize")
    assert ("timestamp_granularities[]" in sent) == (form == "verbose_json" and task == "transcribe")
    assert ("languages[]" in sent) == (model == "gpt-transcribe")
    assert ("known_speaker_names[]" in sent) == (form == "diarized_json")
    assert "prompt" not in sent or not model.endswith("diarize")


async def test_a_verbose_reply_has_segments_and_words(api, sound):
    client = client_of(api.url)
    reply = await audio.transcribe(client, sound, Request(model="whisper-1", form="verbose_json", times=("segment",)))
    await client.aclose()
    assert reply.segments[0].end > reply.segments[0].start and reply.language


@pytest.mark.parametrize(
    ("form", "body", "times"),
    [
        (
            "srt",
            "1\n00:00:01,500 --> 00:00:02,000\nOne\nline\n\n2\n00:01:00,000 --> 01:00:01,250\nTwo\n",
            (1.5, 3601.25),
        ),
        (
            "vtt",
            "WEBVTT\n\n01:02.500 --> 01:03.000 align:left\n<v Ann>One</v>\n\n00:01:04.000 --> 00:01:05.000\nTwo",
            (62.5, 65.0),
        ),
    ],
)
def test_cues_are_read(form, body, times):
    reply = audio.read_reply(body.replace("\n", "\r\n").encode(), form)
    assert (reply.segments[0].start, reply.segments[-1].end) == times
    assert reply.text.split()[0] == "One" and reply.text.endswith("Two")


def test_replies_are_read_with_patience():
    segment = b'{"id": 1, "start": 0, "end": 1.5, "text": "hi", "avg_logprob": null}'
    body = b'{"text": "hi", "segments": [%s], "words": null}'
    assert audio.read_reply(body % segment, "verbose_json").segments[0].end == 1.5
    with pytest.raises(BadReply):
        audio.read_reply(b"<html>busy</html>", "json")


class Recorder:
    def __init__(self) -> None:
        self.start, self.fates = None, []

    def sending(self, call, attempt):
        self.start = call

    def answered(self, *_):
        pass

    def received(self, *_):
        pass

    def waiting(self, *_):
        pass

    def ended(self, call_id, fate, at_ms):
        self.fates.append(fate)


@asynccontextmanager
async def serving(handle, **options):
    """A server whose connections are all ended with it, and a client of it."""
    tasks = []

    async def connected(reader, writer):
        tasks.append(asyncio.current_task())
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**24)
    client = client_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", **options)
    try:
        yield client
    finally:
        await client.aclose()
        server.close()
        await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def head_of(reader) -> tuple[str, int]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    return head, int(
        next(line.partition(":")[2] for line in head.splitlines() if line.lower().startswith("content-length"))
    )


async def test_the_body_goes_out_with_its_length_and_progress_is_told(tmp_path):
    path = tmp_path / "large.flac"
    path.write_bytes(os.urandom(6 * READ_BYTES + 17))
    got, told, recorder = {}, [], Recorder()

    async def handle(reader, writer):
        got["head"], size = await head_of(reader)
        got["body"] = await reader.readexactly(size)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n" + b'{"text":"ok"}')
        await writer.drain()

    async with serving(handle, recorder=recorder) as client:
        reply = await audio.transcribe(
            client,
            path,
            Request(model="m", prompt=f"my key is {KEY}"),
            told=lambda a, b: told.append((a, b)),
            sha256="ab" * 32,
        )
        assert reply.text == "ok" and path.read_bytes() in got["body"]
        assert "transfer-encoding" not in got["head"].lower() and "multipart/form-data" in got["head"]
        assert told[-1][0] == told[-1][1] == len(got["body"])
        assert [sent for sent, _ in told] == sorted(sent for sent, _ in told)
        assert recorder.start.body == b"" and recorder.start.parts[-1].sha256 == "ab" * 32
        assert KEY not in str(recorder.start.parts)


async def test_a_file_that_changes_while_it_is_sent_never_ends_as_a_request(tmp_path):
    path = tmp_path / "growing.wav"
    path.write_bytes(os.urandom(40 * READ_BYTES))  # more than the sockets on the way hold
    got = {}

    async def handle(reader, writer):
        _, size = await head_of(reader)
        got["first"] = await reader.readexactly(1024)
        with path.open("ab") as file:
            file.write(b"more")
        rest = await reader.read(-1)
        got["missing"] = size - 1024 - len(rest)

    async with serving(handle) as client:
        with pytest.raises(BadFile, match="changed while"):
            await audio.transcribe(client, path, Request(model="m"))
    assert got["missing"] > 0


async def test_half_a_form_is_sent_again_and_a_whole_one_is_not(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(os.urandom(40 * READ_BYTES))
    times = []

    async def half(reader, writer):
        await head_of(reader)
        await reader.readexactly(1000)
        times.append(1)
        writer.transport.abort()

    async with serving(half) as client:
        with pytest.raises(Unreachable):
            await audio.transcribe(client, path, Request(model="m"))
        assert len(times) == 3

    async def whole(reader, writer):
        _, size = await head_of(reader)
        await reader.readexactly(size)
        times.append(2)
        writer.transport.abort()

    recorder = Recorder()
    async with serving(whole, recorder=recorder) as client:
        with pytest.raises(MayHaveRun):
            await audio.transcribe(client, path, Request(model="m"))
        assert times.count(2) == 1 and recorder.fates == [Fate.UNKNOWN]


async def test_a_cancel_ends_an_upload_at_once(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(os.urandom(40 * READ_BYTES))
    begun, reads, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(reader, writer):
        await head_of(reader)
        begun.set()
        await reads.wait()  # a server that does not read
        while await reader.read(65536):
            pass
        ended.set()

    async def stop(client) -> float:
        task = asyncio.ensure_future(audio.transcribe(client, path, Request(model="m")))
        await begun.wait()
        at = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        took = time.monotonic() - at
        reads.set()
        await asyncio.wait_for(ended.wait(), 60)
        for event in (begun, reads, ended):
            event.clear()
        return took

    async with serving(handle) as client:
        assert await quickest(lambda: stop(client), 0.2) < 0.2


async def test_a_refusal_while_sending_is_read(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(os.urandom(8 * READ_BYTES))

    async def handle(reader, writer):
        await head_of(reader)
        body = b'{"error": {"message": "too large"}}'
        writer.write(b"HTTP/1.1 413 Large\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        await writer.drain()
        while await reader.read(65536):
            pass

    async with serving(handle) as client:
        with pytest.raises(TooLarge):
            await audio.transcribe(client, path, Request(model="m"))


async def test_a_stream_that_ends_early_is_cut(sound):
    events = b'data: {"type":"transcript.text.delta","delta":"He"}\n\n'
    reply = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=events)
    client = client_of("https://api.example.com/v1", transport=httpx.MockTransport(lambda _: reply))
    heard = []
    with pytest.raises(Cut):
        async for piece in audio.stream(client, sound, Request(model="m", stream=True)):
            heard.append(piece.delta)
    assert heard == ["He"]
    await client.aclose()


async def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(BadFile):
        await Form.of([], "file", tmp_path / "none.wav")
