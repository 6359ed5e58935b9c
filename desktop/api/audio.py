"""POST /audio/transcriptions and /audio/translations: a recording, and what was said in it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from desktop.api.client import Client, OnWait
from desktop.api.decoding import UNREADABLE, decode, patient
from desktop.api.multipart import Form, Told
from desktop.core.errors import BadReply
from desktop.core.usage import Usage

PATHS: dict[str, str] = {"transcribe": "/audio/transcriptions", "translate": "/audio/translations"}
TEXT_FORMS = frozenset({"text", "srt", "vtt"})

_CUE = re.compile(
    r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})[ \t]+-->[ \t]+(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{1,3})[^\n]*\n"
)
_MARKUP = re.compile(r"</?[a-z][^>]{0,80}>")


class Request(Struct, frozen=True, kw_only=True):
    """The fields beside the file; only those that are set are sent.

    `times` are granularities, for verbose_json alone. `speakers` are names with a data URL of each one's voice.
    """

    model: str
    task: Literal["transcribe", "translate"] = "transcribe"
    form: str = ""
    language: str = ""
    languages: tuple[str, ...] = ()
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    temperature: float | None = None
    times: tuple[str, ...] = ()
    chunking: str = ""
    logprobs: bool = False
    speakers: tuple[tuple[str, str], ...] = ()
    stream: bool = False


class SegmentReply(Struct, frozen=True):
    """`start` and `end` in seconds of the file that was sent."""

    text: str = ""
    start: float = 0.0
    end: float = 0.0
    speaker: str = ""
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None


class WordReply(Struct, frozen=True):
    word: str = ""
    start: float = 0.0
    end: float = 0.0


class InputDetails(Struct, frozen=True):
    text_tokens: int = 0
    audio_tokens: int = 0


class UsageReply(Struct, frozen=True):
    """By length ("duration") or by tokens."""

    type: str = ""
    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: InputDetails = InputDetails()


class LogprobReply(Struct, frozen=True):
    token: str = ""
    logprob: float = 0.0


class TranscriptionReply(Struct, frozen=True):
    """The answer in any of the forms; of text, srt and vtt the text, and segments where cues name them."""

    text: str = ""
    language: str = ""
    languages: tuple[Any, ...] = ()
    duration: float = 0.0
    segments: tuple[SegmentReply, ...] = ()
    words: tuple[WordReply, ...] = ()
    logprobs: tuple[LogprobReply, ...] = ()
    usage: UsageReply | None = None


class Piece(Struct, frozen=True):
    """One event of a stream: words as they are heard, a segment that is finished, or the whole at the end."""

    delta: str = ""
    segment: SegmentReply | None = None
    whole: TranscriptionReply | None = None


class _Event(Struct, frozen=True):
    type: str = ""
    delta: str = ""
    id: Any = None
    start: float = 0.0
    end: float = 0.0
    text: str = ""
    speaker: str = ""
    languages: tuple[Any, ...] = ()
    logprobs: tuple[LogprobReply, ...] = ()
    usage: UsageReply | None = None
    error: Any = None


def fields_of(request: Request) -> list[tuple[str, str]]:
    """The form's fields in the API's words."""
    found = [("model", request.model)]
    for name, value in (("language", request.language), ("prompt", request.prompt), ("response_format", request.form)):
        if value:
            found.append((name, value))
    if request.temperature is not None:
        found.append(("temperature", f"{request.temperature:g}"))
    found += [("languages[]", language) for language in request.languages]
    found += [("keywords[]", word) for word in request.keywords]
    if request.form == "verbose_json":
        found += [("timestamp_granularities[]", each) for each in request.times]
    if request.chunking:
        found.append(("chunking_strategy", request.chunking))
    if request.logprobs:
        found.append(("include[]", "logprobs"))
    found += [("known_speaker_names[]", name) for name, _ in request.speakers]
    found += [("known_speaker_references[]", voice) for _, voice in request.speakers]
    if request.stream:
        found.append(("stream", "true"))
    return found


async def form_of(
    path: Path, request: Request, *, file_name: str = "", sha256: str = "", told: Told | None = None
) -> Form:
    """What is sent: raises BadFile where the file cannot be read. `file_name` where it is not the file's own."""
    return await Form.of(fields_of(request), "file", path, file_name=file_name, sha256=sha256, told=told)


async def transcribe(
    client: Client,
    path: Path,
    request: Request,
    *,
    file_name: str = "",
    sha256: str = "",
    told: Told | None = None,
    call_id: str | None = None,
    read_limit_s: float | None = None,
    on_wait: OnWait | None = None,
    on_alive: Callable[[float], None] | None = None,
) -> TranscriptionReply:
    """Send a recording whole and read the answer. Raises WireError's tree, and BadFile where the file changed."""
    body = await client.upload(
        PATHS[request.task],
        await form_of(path, request, file_name=file_name, sha256=sha256, told=told),
        model=request.model,
        read_limit_s=read_limit_s,
        call_id=call_id,
        on_wait=on_wait,
        on_alive=on_alive,
    )
    return read_reply(body, request.form)


async def stream(
    client: Client,
    path: Path,
    request: Request,
    *,
    file_name: str = "",
    sha256: str = "",
    told: Told | None = None,
    call_id: str | None = None,
    silence_s: float | None = None,
    on_wait: OnWait | None = None,
    on_alive: Callable[[float], None] | None = None,
) -> AsyncGenerator[Piece, None]:
    """The same as it is heard; the last piece has the whole. Raises Cut where the stream ends without it."""
    form = await form_of(path, request, file_name=file_name, sha256=sha256, told=told)
    opened = client.upload_stream(
        PATHS[request.task],
        form,
        model=request.model,
        call_id=call_id,
        silence_s=silence_s,
        on_wait=on_wait,
        on_alive=on_alive,
    )
    async with opened as events:
        if "event-stream" not in events.headers.get("content-type", ""):
            body = await events.whole(len(form.head) + 64 * 1024 * 1024)  # a server that does not stream this
            events.complete()
            yield Piece(whole=read_reply(body, request.form))
            return
        segments: list[SegmentReply] = []
        said: list[str] = []
        async with aclosing(aiter(events)) as each:
            async for event in each:
                if event.data == b"[DONE]":
                    if said or segments:  # a server that says no more than that it is done
                        events.complete()
                        yield Piece(whole=_whole(_Event(), segments, said))
                        return
                    continue
                found = _event(event.data)
                if found is None:
                    events.bad_events += 1
                    continue
                if found.error is not None or found.type == "error":
                    raise client.inside_stream(found.error or {}, events.headers)
                events.text_came()
                if found.type == "transcript.text.segment":
                    segments.append(SegmentReply(found.text, found.start, found.end, found.speaker))
                    yield Piece(segment=segments[-1])
                elif found.type == "transcript.text.delta":
                    said.append(found.delta)
                    yield Piece(delta=found.delta)
                elif found.type == "transcript.text.done":
                    events.complete()
                    yield Piece(whole=_whole(found, segments, said))
                    return
        raise events.cut("The transcript ended before the server said that it was complete.")


def read_reply(body: bytes, form: str) -> TranscriptionReply:
    """A body in one of the forms; raises BadReply. JSON is read as such whatever was asked for."""
    if form in TEXT_FORMS:
        text = body.decode("utf-8", "replace").replace("\r\n", "\n").lstrip("\ufeff")
        if form == "text":
            return TranscriptionReply(text.strip())
        segments = tuple(_cues(text))
        if not segments and text.strip() and not text.startswith("WEBVTT"):
            raise BadReply(f"The server's reply is not the {form} that was asked for.")
        return TranscriptionReply(" ".join(segment.text for segment in segments), segments=segments)
    return decode(body, TranscriptionReply)


def usage_of(reply: TranscriptionReply, seconds: float) -> Usage:
    """What a call used. By length the server's own count counts, else that of what was sent, in seconds."""
    found = reply.usage or UsageReply()
    heard = found.seconds or seconds
    return Usage(
        input=found.input_tokens,
        output=found.output_tokens,
        audio_input=min(found.input_token_details.audio_tokens, found.input_tokens),
        seconds=round(heard, 3),
        is_estimate=reply.usage is None,
    )


def _event(data: bytes) -> _Event | None:
    try:
        return msgspec.json.decode(data, type=_Event, strict=False)
    except UNREADABLE:
        pass
    try:
        return patient(data, _Event)
    except UNREADABLE:
        return None


def _whole(done: _Event, segments: list[SegmentReply], said: list[str]) -> TranscriptionReply:
    """With the text that came in pieces, where the end does not repeat it."""
    text = done.text or "".join(said) or " ".join(segment.text.strip() for segment in segments)
    return TranscriptionReply(
        text, languages=done.languages, segments=tuple(segments), logprobs=done.logprobs, usage=done.usage
    )


def _cues(text: str) -> list[SegmentReply]:
    """The cues of SubRip or WebVTT; a number above a cue belongs to none."""
    found = []
    marks = list(_CUE.finditer(text))
    for mark, after in zip(marks, [*marks[1:], None], strict=True):
        lines = text[mark.end() : after.start() if after else len(text)].split("\n\n")[0].strip().splitlines()
        said = _MARKUP.sub("", " ".join(line.strip() for line in lines))
        found.append(SegmentReply(said, _seconds(*mark.groups()[:4]), _seconds(*mark.groups()[4:])))
    return found


def _seconds(hours: str | None, minutes: str, seconds: str, part: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(part.ljust(3, "0")) / 1000
