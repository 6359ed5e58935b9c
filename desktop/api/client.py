"""One profile's calls: sent, tried again where that is safe, watched, bounded, recorded."""

from __future__ import annotations

import asyncio
import random as _random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import httpx
import msgspec

from desktop.api import address, ratelimit, retry, sse
from desktop.api.connection import Connections, SystemProxy, probe
from desktop.api.decoding import decode
from desktop.api.events import Body, EventStream
from desktop.api.failures import ErrorBody, Teller
from desktop.api.multipart import Form, Upload
from desktop.api.recording import Recording, start_of
from desktop.api.retry import Failure, Stage
from desktop.api.watchdog import JUMP_S, Timers, Watchdog
from desktop.core.calls import Fate, Mark, Recorder
from desktop.core.errors import (
    BadInput,
    Cut,
    Detail,
    MayHaveRun,
    Offline,
    Redirected,
    Silent,
    TooMuch,
    WireError,
)
from desktop.core.ids import new_id
from desktop.core.profile import Profile
from desktop.core.secret import Redactor, Secret
from desktop.core.usage import RateLimit

JSON_BYTES = 64 * 1024 * 1024
ERROR_BYTES = 64 * 1024
ERROR_BODY_S = 10.0
QUICK_BYTES = 256 * 1024  # larger bodies are decoded beside the window's thread
REDIRECTS = 3

T = TypeVar("T")


class Wait:
    """A pause before the next try: the window counts it down. `attempt` is the try that comes after it."""

    def __init__(self, reason: str, seconds: float, attempt: int) -> None:
        self.reason, self.seconds, self.attempt = reason, seconds, attempt
        self._cut: Callable[[], object] = lambda: None

    def cut_short(self) -> None:
        """Try again now."""
        self._cut()


OnWait = Callable[[Wait], None]


class _Call:
    """One call with all its tries."""

    def __init__(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None,
        call_id: str,
        repeatable: bool,
        packed: str,
        model: str,
        on_wait: OnWait | None,
        content_type: str,
        form: Form | None = None,
    ) -> None:
        self.method, self.url, self.content, self.call_id = method, url, content, call_id
        self.content_type, self.form = content_type, form
        self.repeatable, self.packed, self.model, self.on_wait = repeatable, packed, model, on_wait
        self.recording: Recording


_MARKS = {
    "connect_tcp.started": Mark.CONNECT_START,
    "connect_tcp.complete": Mark.CONNECT_END,
    "start_tls.started": Mark.TLS_START,
    "start_tls.complete": Mark.TLS_END,
    "send_request_headers.started": Mark.SENDING,
    "send_request_body.complete": Mark.SENT,
}
"""What httpcore calls the steps of one try. Through a proxy some come twice: the last of each is the server's."""


class _Progress:
    """How far one try came, as httpcore's trace tells; a transport without a trace counts as having sent."""

    def __init__(self, recording: Recording) -> None:
        self.is_traced = self.has_connected = self.has_sent = False
        self._marked = recording.marked

    async def trace(self, name: str, _info: Mapping[str, object]) -> None:
        self.is_traced = True
        if (mark := _MARKS.get(name.partition(".")[2])) is not None:
            self._marked(mark)
        if name.startswith("connection.connect"):
            self.has_connected = True
        elif name.endswith(("send_request_headers.complete", "send_request_body.started")):
            self.has_sent = True

    @property
    def may_have_sent(self) -> bool:
        return self.has_sent or not self.is_traced

    @property
    def is_stale(self) -> bool:
        """A kept connection that was found closed before anything went out."""
        return self.is_traced and not self.has_connected and not self.has_sent


class _Reply:
    """The head of an answer, with the transport it was lent on."""

    def __init__(self, body: Body, transport: httpx.AsyncBaseTransport) -> None:
        self.body, self.response, self.transport = body, body.response, transport


class Client:
    """One profile's connection: base URL, headers, limits, proxy, certificates, one pool, no global state.

    `sleep`, `now` (seconds since 1970), `random` and `timers` (the loop's clock) are parameters for tests.
    """

    def __init__(
        self,
        profile: Profile,
        key: Secret | None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        recorder: Recorder | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
        random: Callable[[], float] = _random.random,
        system_proxy: SystemProxy | None = None,
        offline: bool = False,
        redactor: Redactor | None = None,
        timers: Timers | None = None,
        event_bytes: int = sse.EVENT_BYTES,
        json_bytes: int = JSON_BYTES,
    ) -> None:
        self.profile = profile
        self.rate_limits: dict[str, RateLimit] = {}
        self._key, self._recorder, self._offline = key, recorder, offline
        self._sleep, self._now, self._random, self._timers = sleep, now, random, timers
        self._event_bytes, self._json_bytes = event_bytes, json_bytes
        self._redactor = redactor or Redactor()
        if key is not None:
            self._redactor.learn(key)
        self._connections = Connections(profile, self._redactor, given=transport, system_proxy=system_proxy)
        self._open_replies: set[httpx.Response] = set()
        self._clock_offset: float | None = None

    path = staticmethod(address.path)

    @property
    def redactor(self) -> Redactor:
        """Knows this client's key, among others: whoever reads a reply masks with it what a server says back."""
        return self._redactor

    # --- calls

    async def get(
        self,
        path: str,
        reply: type[T],
        *,
        query: Mapping[str, str | int] | None = None,
        call_id: str | None = None,
        on_wait: OnWait | None = None,
    ) -> T:
        """A read; raises WireError's tree."""
        call = self._call("GET", path, query=query, call_id=call_id, on_wait=on_wait, repeatable=True)
        return await self._decoded(await self._whole(call, self.profile.limits.reply_s), reply)

    async def delete(
        self, path: str, reply: type[T], *, call_id: str | None = None, on_wait: OnWait | None = None
    ) -> T:
        call = self._call("DELETE", path, call_id=call_id, on_wait=on_wait, repeatable=True)
        return await self._decoded(await self._whole(call, self.profile.limits.reply_s), reply)

    async def post(
        self,
        path: str,
        body: object,
        reply: type[T],
        *,
        repeatable: bool = False,
        read_limit_s: float | None = None,
        call_id: str | None = None,
        on_wait: OnWait | None = None,
        on_alive: Callable[[float], None] | None = None,
    ) -> T:
        """A JSON request. Unless `repeatable` it costs or creates something: raises MayHaveRun where its fate is
        unknown. `read_limit_s` is for models that think long; the profile's limit for plain replies otherwise."""
        call = self._call("POST", path, body=body, call_id=call_id, on_wait=on_wait, repeatable=repeatable)
        raw = await self._whole(call, read_limit_s or self.profile.limits.reply_s, on_alive)
        return await self._decoded(raw, reply)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        content_type: str = "application/json",
        query: Mapping[str, str | int] | None = None,
        model: str = "",
        read_limit_s: float | None = None,
        call_id: str | None = None,
        on_wait: OnWait | None = None,
    ) -> bytes:
        """Any request with exactly this body, and the bytes of its answer, also of a stream: what the wire view
        repeats. Whatever is no GET may cost or create something, as with `post`."""
        call = self._call(
            method,
            path,
            body=content,
            query=query,
            call_id=call_id,
            on_wait=on_wait,
            repeatable=method in ("GET", "HEAD"),
            packed="identity",
            content_type=content_type,
            model=model,
        )
        return await self._whole(call, read_limit_s or self.profile.limits.reply_s)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        body: object,
        *,
        call_id: str | None = None,
        silence_s: float | None = None,
        on_wait: OnWait | None = None,
        on_alive: Callable[[float], None] | None = None,
    ) -> AsyncIterator[EventStream]:
        """A JSON request answered by events. `silence_s` replaces the profile's limit, and lengthens the one for
        bytes without text, for models that think long. Leaving the block closes the connection if events are left."""
        call = self._call("POST", path, body=body, call_id=call_id, on_wait=on_wait, packed="identity")
        async with self._streamed(call, silence_s, on_alive) as events:
            yield events

    async def upload(
        self,
        path: str,
        form: Form,
        *,
        model: str = "",
        read_limit_s: float | None = None,
        call_id: str | None = None,
        on_wait: OnWait | None = None,
        on_alive: Callable[[float], None] | None = None,
    ) -> bytes:
        """A form with a file, and the bytes of its answer. It costs or creates something: raises MayHaveRun where its
        fate is unknown, BadFile where the file changed meanwhile."""
        call = self._call("POST", path, form=form, call_id=call_id, on_wait=on_wait, model=model)
        return await self._whole(call, read_limit_s or self.profile.limits.reply_s, on_alive)

    @asynccontextmanager
    async def upload_stream(
        self,
        path: str,
        form: Form,
        *,
        model: str = "",
        call_id: str | None = None,
        silence_s: float | None = None,
        on_wait: OnWait | None = None,
        on_alive: Callable[[float], None] | None = None,
    ) -> AsyncIterator[EventStream]:
        """The same, answered by events; as `stream` otherwise."""
        call = self._call("POST", path, form=form, call_id=call_id, on_wait=on_wait, packed="identity", model=model)
        async with self._streamed(call, silence_s, on_alive) as events:
            yield events

    @asynccontextmanager
    async def _streamed(
        self, call: _Call, silence_s: float | None, on_alive: Callable[[float], None] | None
    ) -> AsyncIterator[EventStream]:
        limits = self.profile.limits
        silent = silence_s or limits.silence_s
        dog = self._watchdog(silent, max(limits.no_text_s, silent), on_alive)
        events: EventStream | None = None
        reply: _Reply | None = None
        fate = Fate.FAILED
        try:
            reply = await self._answer(call, dog)
            dog.last_byte = dog.last_text = dog.clock()
            events = EventStream(reply.body, dog, call.recording, self._event_bytes)
            yield events
            fate = events.fate or Fate.CUT
            if fate is Fate.COMPLETE:
                await reply.body.settle()
        except BaseException as error:
            is_unknown = reply is None and isinstance(error, Silent)
            fate = Fate.UNKNOWN if is_unknown else _fate_of(error)
            raise
        finally:
            dog.stop()
            if reply is not None:
                await self._close(reply)
            call.recording.ended((events.fate if events else None) or fate)

    def inside_stream(self, value: object, headers: Mapping[str, str]) -> WireError:
        """The error for an `error` object that came inside a stream."""
        return self._teller().inside_stream(value, headers)

    # --- connections

    def network_changed(self) -> None:
        """After a sleep or a changed address: the next call uses new connections, and each reply that is coming in
        is checked by the system within seconds; a dead one is cut."""
        self._connections.drop()
        for response in self._open_replies:
            probe(response)

    async def aclose(self) -> None:
        await self._connections.aclose()

    # --- inside

    async def _decoded(self, body: bytes, kind: type[T]) -> T:
        if len(body) <= QUICK_BYTES:
            return decode(body, kind)
        return await asyncio.to_thread(decode, body, kind)

    def _teller(self) -> Teller:
        return Teller(address.host_of(self.profile.base_url), self._redactor, uses_proxy=self._connections.uses_proxy)

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str | int] | None = None,
        call_id: str | None,
        on_wait: OnWait | None,
        repeatable: bool = False,
        packed: str = "gzip, deflate",
        content_type: str = "application/json",
        model: str = "",
        form: Form | None = None,
    ) -> _Call:
        address.check(self.profile, self._key)
        content = _encoded(body) if form is None and (method == "POST" or body is not None) else None
        named = body.get("model") if isinstance(body, dict) else getattr(body, "model", None)
        url = address.url_of(self.profile, path, query)
        call = _Call(
            method,
            url,
            content=content,
            call_id=call_id or new_id(),
            repeatable=repeatable,
            packed=packed,
            model=named if isinstance(named, str) else model,
            on_wait=on_wait,
            content_type=form.content_type if form is not None else content_type,
            form=form,
        )
        start = start_of(
            call.call_id,
            method,
            url,
            self._headers(call).items(),
            content or b"",
            self._redactor,
            self.profile,
            call.model,
            form.parts if form is not None else (),
        )
        call.recording = Recording(self._recorder, start, self._key, self._redactor, time.perf_counter)
        return call

    def _headers(self, call: _Call) -> dict[str, str]:
        has_body = call.content is not None or call.form is not None
        made = address.headers(self.profile, self._key, call.call_id, has_body=has_body, packed=call.packed)
        if call.form is not None:
            made["Content-Length"] = str(call.form.length)
        return made | {"Content-Type": call.content_type} if has_body else made

    def _watchdog(
        self, no_byte_s: float, no_text_s: float, on_alive: Callable[[float], None] | None = None
    ) -> Watchdog:
        return Watchdog(
            self._timers,
            no_byte_s=no_byte_s,
            no_text_s=no_text_s,
            notice_s=self.profile.limits.notice_s,
            on_alive=on_alive,
            on_jump=self.network_changed,
            wall=self._now,
        )

    async def _whole(self, call: _Call, read_limit_s: float, on_alive: Callable[[float], None] | None = None) -> bytes:
        """The body of an answer that is not streamed."""
        dog = self._watchdog(read_limit_s, max(read_limit_s, self.profile.limits.no_text_s), on_alive)
        fate = Fate.FAILED
        try:
            reply = await self._answer(call, dog)
            try:
                body = await EventStream(reply.body, dog, call.recording).whole(self._json_bytes)
            finally:
                await self._close(reply)
            fate = Fate.COMPLETE
            return body
        except (Silent, Cut) as error:
            fate = _fate_of(error)
            if call.repeatable:
                raise
            fate = Fate.UNKNOWN
            raise self._teller().may_have_run(error) from None
        except BaseException as error:
            fate = _fate_of(error)
            raise
        finally:
            dog.stop()
            call.recording.ended(fate)

    async def _answer(self, call: _Call, dog: Watchdog) -> _Reply:
        """The head of a good answer, after as many tries as are safe."""
        if self._offline:
            raise Offline("The application was started off line.")
        self._look_at_the_clock()
        attempt = 1
        while True:
            outcome = await self._try(call, dog, attempt)
            if isinstance(outcome, _Reply):
                return outcome
            error, failure, is_stale = outcome
            seconds = retry.pause_s(failure, attempt, call.repeatable, self._now(), self._random)
            if seconds is None:
                may_have_run = retry.may_have_run(failure) and not call.repeatable
                raise self._teller().may_have_run(error) if may_have_run else error
            attempt += 1
            if not is_stale:
                await self._pause(call, Wait(error.summary, seconds, attempt))

    async def _pause(self, call: _Call, wait: Wait) -> None:
        async def pause() -> None:
            await self._sleep(wait.seconds)

        call.recording.waiting(wait.seconds, wait.reason)
        async with asyncio.TaskGroup() as group:  # so that the wait can be cut short, and cancelled with its call
            wait._cut = group.create_task(pause()).cancel
            if call.on_wait is not None:
                call.on_wait(wait)

    async def _try(self, call: _Call, dog: Watchdog, attempt: int) -> _Reply | tuple[WireError, Failure, bool]:
        url = call.url
        for _ in range(REDIRECTS + 1):
            call.recording.sending(attempt)
            sent = await self._send(call, dog, url)
            if not isinstance(sent, _Reply):
                return sent
            response = sent.response
            call.recording.answered(response.status_code, response.headers.items())
            if call.model and (limit := ratelimit.parse(response.headers)) is not None:
                self.rate_limits[call.model] = limit
            if 200 <= response.status_code < 300:
                return sent
            if response.status_code not in (301, 302, 303, 307, 308):
                return await self._rejected(call, sent)
            await self._close(sent)
            target = address.redirect_target(url, response.headers.get("location", ""))
            if call.method != "GET" or target is None:
                break
            url = target
        raise Redirected(
            f"{address.host_of(call.url)} pointed elsewhere and was not followed.",
            detail=Detail(status=response.status_code, host=address.host_of(call.url)),
        )

    async def _send(self, call: _Call, dog: Watchdog, url: str) -> _Reply | tuple[WireError, Failure, bool]:
        limits, progress = self.profile.limits, _Progress(call.recording)
        timeout = {"connect": limits.connect_s, "write": limits.write_s, "read": None, "pool": None}
        transport = await self._connections.borrow()
        has_answer = False
        upload = call.form.sending(dog.moved) if call.form is not None else None
        try:
            request = self._request(call, url, upload, {"timeout": timeout, "trace": progress.trace})
            dog.last_byte = dog.last_text = dog.clock()
            response = await dog.guard(transport.handle_async_request(request))
            has_answer = True
            self._open_replies.add(response)
            detail = self._teller().detail(response.status_code, response.headers, ErrorBody())
            return _Reply(Body(response, detail), transport)
        except httpx.TransportError as error:
            found, failure = self._teller().transport(error, progress.may_have_sent)
            if upload is not None and not upload.is_whole and failure.stage is Stage.NO_ANSWER:
                failure = Failure(Stage.NOT_SENT)  # half a form is none
            return found, failure, progress.is_stale
        finally:
            if upload is not None:
                upload.close()
            if not has_answer:
                await self._connections.give_back(transport)

    def _request(self, call: _Call, url: str, upload: Upload | None, extensions: dict[str, object]) -> httpx.Request:
        headers = self._headers(call)
        if upload is None:
            return httpx.Request(call.method, url, headers=headers, content=call.content, extensions=extensions)
        host = httpx.URL(url).netloc.decode()
        return httpx.Request(call.method, url, headers={"Host": host, **headers}, stream=upload, extensions=extensions)

    async def _rejected(self, call: _Call, reply: _Reply) -> tuple[WireError, Failure, bool]:
        """An error status with as much of its body as is worth reading."""
        response, dog = reply.response, self._watchdog(ERROR_BODY_S, ERROR_BODY_S)
        body = bytearray()
        try:
            async with aclosing(reply.body.chunks(dog)) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) >= ERROR_BYTES:
                        break
        except WireError:
            pass  # what came of it is told
        finally:
            dog.stop()
            await self._close(reply)
        raw = bytes(body[:ERROR_BYTES])
        call.recording.received(self._redactor.clean(raw.decode("utf-8", "replace")).encode())
        return *self._teller().rejected(response.status_code, response.headers, raw, self._now()), False

    async def _close(self, reply: _Reply) -> None:
        self._open_replies.discard(reply.response)
        try:
            await reply.body.aclose()
        finally:
            await self._connections.give_back(reply.transport)

    def _look_at_the_clock(self) -> None:
        """A computer that slept has connections that only look alive."""
        offset = self._now() - time.monotonic()
        if self._clock_offset is not None and abs(offset - self._clock_offset) > JUMP_S:
            self._connections.drop()
        self._clock_offset = offset


def _encoded(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    try:
        return msgspec.json.encode(body)
    except (UnicodeEncodeError, TypeError, ValueError, RecursionError) as error:
        raise BadInput("This request holds something that cannot be sent.") from error


def _fate_of(error: BaseException) -> Fate:
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return Fate.STOPPED
    if isinstance(error, MayHaveRun):
        return Fate.UNKNOWN
    return Fate.CUT if isinstance(error, Cut | Silent | TooMuch) else Fate.FAILED


__all__ = ["Client", "EventStream", "OnWait", "Wait"]
