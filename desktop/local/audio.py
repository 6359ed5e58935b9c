"""POST /v1/audio/speech, /v1/audio/transcriptions and /v1/audio/translations."""

from __future__ import annotations

import asyncio
import base64
import shutil
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from desktop.core.sizes import size_words
from desktop.core.tokens import rough
from desktop.local.chat import scripted
from desktop.local.engines import Engine
from desktop.local.generation import Json
from desktop.local.offer import Offer
from desktop.local.requests import ByteStream, EventStream, convert, read_json, while_connected
from desktop.local.subtitles import srt, vtt
from desktop.local.wire import WireProblem, json_reply, typed_event, wrong
from desktop.media.encoding import MIMES

VOICE = "joe"
KNOWN_VOICES = frozenset(
    (
        VOICE,
        "alloy",
        "ash",
        "ballad",
        "cedar",
        "coral",
        "echo",
        "fable",
        "marin",
        "nova",
        "onyx",
        "sage",
        "shimmer",
        "verse",
    )
)
LARGEST = 25 * 1024 * 1024
SUFFIXES = frozenset({".flac", ".mp3", ".mp4", ".mpeg", ".mpga", ".m4a", ".ogg", ".wav", ".webm"})
HEARD_TOKENS_A_SECOND = 10
TOKENS_A_SECOND = 20  # of sound, as the API's own models count about


class SpeechBody(Struct, frozen=True):
    model: str
    input: Annotated[str, Meta(max_length=4096)]
    voice: Any
    instructions: Annotated[str, Meta(max_length=4096)] = ""
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: Annotated[float, Meta(ge=0.25, le=4)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"


class TranscriptionForm(Struct, frozen=True):
    """The fields beside the file, read from their text."""

    model: str
    language: str = "en"
    prompt: str = ""
    response_format: Literal["json", "text", "srt", "vtt", "verbose_json"] = "json"
    temperature: Annotated[float, Meta(ge=0, le=1)] = 0.0
    stream: bool = False
    timestamp_granularities: tuple[Literal["word", "segment"], ...] = ("segment",)
    chunking_strategy: Any = None
    include: Any = None
    languages: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


class AudioEndpoint:
    def __init__(self, offer: Offer, folder: Path) -> None:
        self._offer, self._folder = offer, folder

    async def speak(self, request: Request) -> Response:
        body = await read_json(request, SpeechBody)
        found = self._offer.model_for(body.model, "speech")
        if (reply := scripted(request, found)) is not None:
            return reply
        name = body.voice.get("id") if isinstance(body.voice, dict) else body.voice
        if name not in KNOWN_VOICES:
            raise wrong("voice", f"There is no voice '{str(name)[:40]}'; every name of a voice here is '{VOICE}'.")
        if not body.input.strip():
            raise wrong("input", "There is nothing to say.")
        engine = self._offer.engine(found.model)
        if body.stream_format == "sse":
            return EventStream(_speech_events(engine, body), lambda problem: typed_event(_error(problem)))
        return ByteStream(_speech(engine, body), MIMES[body.response_format])

    async def transcribe(self, request: Request) -> Response:
        fields, path = await self._form(request)
        try:
            form = convert(fields, TranscriptionForm)
            found = self._offer.model_for(form.model, "transcription")
            reply = scripted(request, found) or await self._heard(request, form, self._offer.engine(found.model), path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if not isinstance(reply, EventStream):
            path.unlink(missing_ok=True)
        return reply

    async def translate(self, request: Request) -> Response:
        text = "The local speech recognition knows only English and cannot translate."
        raise WireProblem(400, text, code="model_not_supported", param="model")

    async def _heard(self, request: Request, form: TranscriptionForm, engine: Engine, path: Path) -> Response:
        if form.language.lower() not in ("en", "english", "en-us", "en-gb") or set(form.languages) - {"en"}:
            text = f"The local speech recognition knows only English, not '{form.language[:20]}'."
            raise wrong("language", text, "unsupported_language")
        run = _Transcription(engine, form, path)
        if form.stream:
            if form.response_format not in ("json", "text"):
                raise wrong("stream", "Only json and text can be streamed.")
            return EventStream(run.events(), lambda problem: typed_event(_error(problem)))
        return await while_connected(request.receive, run.whole()) or Response()

    async def _form(self, request: Request) -> tuple[Json, Path]:
        """The fields, lists under their plain names, and the file on the disk."""
        try:
            async with request.form(max_files=1, max_fields=64) as form:
                file = form.get("file")
                if not isinstance(file, UploadFile):
                    raise WireProblem(400, "The form has no file.", code="missing_required_parameter", param="file")
                path = await asyncio.to_thread(self._save, file)
                return _fields(form), path
        except HTTPException as error:
            raise WireProblem(400, "The form cannot be read.", code="invalid_form") from error

    def _save(self, file: UploadFile) -> Path:
        suffix = Path(file.filename or "").suffix.lower()
        if suffix not in SUFFIXES:
            known = ", ".join(sorted(each[1:] for each in SUFFIXES))
            raise wrong("file", f"Unrecognized file format. Supported formats: {known}.", "invalid_file_format")
        if (file.size or 0) > LARGEST:
            said = f"The file is larger than {size_words(LARGEST)}."
            raise WireProblem(413, said, code="file_too_large", param="file")
        path = self._folder / f"{uuid.uuid4().hex}{suffix}"
        with path.open("wb") as kept:
            shutil.copyfileobj(file.file, kept)
        return path


def _fields(form: FormData) -> Json:
    """Text of a form as the types that the shape wants."""
    fields: Json = {}
    for name in {key for key in form if key != "file"}:
        values = [value for value in form.getlist(name) if isinstance(value, str)]
        fields[name.removesuffix("[]")] = values if name.endswith("[]") else values[-1] if values else ""
    if "temperature" in fields:
        fields["temperature"] = _number(fields["temperature"])
    if "stream" in fields:
        fields["stream"] = {"true": True, "false": False, "1": True, "0": False}.get(fields["stream"].lower(), "?")
    return fields


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _error(problem: WireProblem) -> Json:
    return {"type": "error", **problem.body()}


async def _speech(engine: Engine, body: SpeechBody) -> AsyncGenerator[bytes, None]:
    job = {"text": body.input, "format": body.response_format, "speed": body.speed}
    async with aclosing(engine.run(job)) as frames:
        async for frame in frames:
            if "audio" in frame:
                yield frame["audio"]


async def _speech_events(engine: Engine, body: SpeechBody) -> AsyncGenerator[bytes, None]:
    job, seconds = {"text": body.input, "format": body.response_format, "speed": body.speed}, 0.0
    async with aclosing(engine.run(job)) as frames:
        async for frame in frames:
            seconds = frame.get("seconds", seconds)
            if "audio" in frame:
                yield typed_event({"type": "speech.audio.delta", "audio": base64.b64encode(frame["audio"]).decode()})
    heard, said = rough(body.input), round(seconds * TOKENS_A_SECOND)
    usage = {"input_tokens": heard, "output_tokens": said, "total_tokens": heard + said}
    yield typed_event({"type": "speech.audio.done", "usage": usage})


class _Transcription:
    """One file being heard; the file is removed at the end of a stream."""

    def __init__(self, engine: Engine, form: TranscriptionForm, path: Path) -> None:
        self._engine, self._form, self._path = engine, form, path
        self._seconds = 0.0

    async def _segments(self) -> AsyncGenerator[Json, None]:
        job = {
            "path": str(self._path),
            "prompt": self._form.prompt,
            "temperature": self._form.temperature,
            "words": "word" in self._form.timestamp_granularities,
        }
        async with aclosing(self._engine.run(job)) as frames:
            async for frame in frames:
                self._seconds = frame.get("seconds", self._seconds)
                if "segment" in frame:
                    yield frame["segment"]

    async def whole(self) -> Response:
        async with aclosing(self._segments()) as heard:
            segments = [segment async for segment in heard]
        text = "".join(segment["text"] for segment in segments).strip()
        form = self._form.response_format
        if form == "text":
            return PlainTextResponse(text + "\n")
        if form in ("srt", "vtt"):
            return PlainTextResponse(srt(segments) if form == "srt" else vtt(segments))
        if form == "json":
            return json_reply({"text": text, "usage": self._usage()})
        return json_reply(self._verbose(text, segments))

    def _verbose(self, text: str, segments: list[Json]) -> Json:
        reply = {
            "task": "transcribe",
            "language": "english",
            "duration": round(self._seconds, 2),
            "text": text,
            "usage": self._usage(),
        }
        if "word" in self._form.timestamp_granularities:
            reply["words"] = [word for segment in segments for word in segment["words"]]
        if "segment" in self._form.timestamp_granularities:
            reply["segments"] = [{k: v for k, v in segment.items() if k != "words"} for segment in segments]
        return reply

    async def events(self) -> AsyncGenerator[bytes, None]:
        text, tokens = "", 0
        try:
            async with aclosing(self._segments()) as heard:
                async for segment in heard:
                    delta = segment["text"] if text else segment["text"].lstrip()
                    text += delta
                    tokens += len(segment["tokens"])
                    yield typed_event({"type": "transcript.text.delta", "delta": delta})
            yield typed_event({"type": "transcript.text.done", "text": text, "usage": self._tokens(tokens)})
        finally:
            self._path.unlink(missing_ok=True)

    def _tokens(self, said: int) -> Json:
        """Streams name tokens, not seconds."""
        heard = round(self._seconds * HEARD_TOKENS_A_SECOND)
        details = {"text_tokens": 0, "audio_tokens": heard}
        return {
            "type": "tokens",
            "input_tokens": heard,
            "output_tokens": said,
            "total_tokens": heard + said,
            "input_token_details": details,
        }

    def _usage(self) -> Json:
        return {"type": "duration", "seconds": round(self._seconds, 2)}
