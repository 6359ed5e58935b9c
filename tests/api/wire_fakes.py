"""Stand-ins of the wire's tests: clocks, a judge of every request, a recorder."""

from __future__ import annotations

import json

import httpx

from desktop.core.profile import Kind, Profile, origin

KEY = "sk-proj-Zq8vT3mK1xR7nB5wL9cD"


def profile_for(url: str, **fields) -> Profile:
    known = {"id": "p", "name": "Test", "kind": Kind.COMPATIBLE, "base_url": url, "confirmed_origin": origin(url)}
    return Profile(**(known | fields))


class ManualTimers:
    """A loop's clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._due: list[tuple[float, int, ManualTimer]] = []
        self._count = 0

    def time(self) -> float:
        return self.now

    def call_later(self, delay, callback):
        self._count += 1
        timer = ManualTimer(callback)
        self._due.append((self.now + delay, self._count, timer))
        return timer

    @property
    def pending(self) -> int:
        return sum(not timer.is_cancelled for _, _, timer in self._due)

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted(entry for entry in self._due if entry[0] <= end):
            entry = due[0]
            self._due.remove(entry)
            self.now = max(self.now, entry[0])
            if not entry[2].is_cancelled:
                entry[2].callback()
        self.now = end


class ManualTimer:
    def __init__(self, callback) -> None:
        self.callback, self.is_cancelled = callback, False

    def cancel(self) -> None:
        self.is_cancelled = True

    def __lt__(self, other: object) -> bool:
        return False


class Clock:
    """Sleeps that take no time and are remembered."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Tape:
    """A recorder that keeps everything."""

    def __init__(self) -> None:
        self.lines: list[tuple] = []

    def sending(self, call, attempt):
        self.lines.append(("sending", call, attempt))

    def answered(self, call_id, status, headers, at_ms):
        self.lines.append(("answered", call_id, status, headers))

    def received(self, call_id, chunk, at_ms):
        self.lines.append(("received", call_id, chunk))

    def waiting(self, call_id, seconds, reason, at_ms):
        self.lines.append(("waiting", call_id, seconds, reason))

    def ended(self, call_id, fate, at_ms):
        self.lines.append(("ended", call_id, fate))

    def named(self, name):
        return [line for line in self.lines if line[0] == name]

    @property
    def bytes(self) -> bytes:
        return b"".join(line[2] for line in self.named("received"))


class Judge(httpx.AsyncBaseTransport):
    """Answers with the next reply and lets the description of the API judge every request."""

    def __init__(self, spec, *replies) -> None:
        self.spec, self.replies = spec, list(replies)
        self.requests: list[httpx.Request] = []
        self.problems: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        self.problems += [str(problem) for problem in self.spec.check_httpx(request)]
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply

    @property
    def bodies(self) -> list[dict]:
        return [json.loads(request.content) for request in self.requests if request.content]
