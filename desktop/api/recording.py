"""What a recorder may see: bytes of bodies without the key, headers without secrets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from desktop.api.address import shown
from desktop.core.calls import CallStart, Fate, Mark, Part, Recorder
from desktop.core.profile import Profile
from desktop.core.secret import MASK, Redactor, Secret

_HEAD = 8
_MARK = MASK.encode()


class KeyGuard:
    """Takes the key out of a stream of bytes, also where it is cut between two pieces."""

    def __init__(self, key: Secret | None) -> None:
        self._key = key.reveal().encode() if key is not None else b""
        self._head = self._key[:_HEAD]
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """The piece without the key; an end that may be the key's beginning is held back until the next one."""
        if not self._key or (not self._held and chunk.endswith(b"\n") and chunk.find(self._head) < 0):
            return chunk
        whole = (self._held + chunk).replace(self._key, _MARK)
        keep = next(
            (n for n in range(min(len(self._key) - 1, len(whole)), 0, -1) if self._key.startswith(whole[-n:])), 0
        )
        self._held = whole[len(whole) - keep :]
        return whole[: len(whole) - keep]

    def finish(self) -> bytes:
        held, self._held = self._held, b""
        return _MARK if len(held) >= _HEAD else held


class Recording:
    """One call as it is told to the recorder; does nothing where there is none."""

    def __init__(
        self,
        recorder: Recorder | None,
        call: CallStart,
        key: Secret | None,
        redactor: Redactor,
        clock: Callable[[], float],
    ) -> None:
        self._recorder, self._call, self._redactor = recorder, call, redactor
        self._clock, self._began = clock, clock()
        self._guard = KeyGuard(key)
        self._has_ended = False
        self._tell_mark: Callable[[str, Mark, float], None] | None = getattr(recorder, "marked", None)
        self.is_on = recorder is not None

    def _at_ms(self) -> float:
        return (self._clock() - self._began) * 1000

    def _shown(self, headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return tuple((name, self._redactor.clean(value)) for name, value in (shown(n, v) for n, v in headers))

    def sending(self, attempt: int) -> None:
        if self._recorder is not None:
            self._recorder.sending(self._call, attempt)
            self.marked(Mark.BEGAN)

    def marked(self, mark: Mark) -> None:
        if self._tell_mark is not None:
            self._tell_mark(self._call.call_id, mark, self._at_ms())

    def answered(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        if self._recorder is not None:
            self._recorder.answered(self._call.call_id, status, self._shown(headers), self._at_ms())

    def received(self, chunk: bytes) -> None:
        if self._recorder is not None and (clean := self._guard.feed(chunk)):
            self._recorder.received(self._call.call_id, clean, (self._clock() - self._began) * 1000)

    def waiting(self, seconds: float, reason: str) -> None:
        if self._recorder is not None:
            self._recorder.waiting(self._call.call_id, seconds, reason, self._at_ms())

    def ended(self, fate: Fate) -> None:
        if self._recorder is None or self._has_ended:
            return
        self._has_ended = True
        if held := self._guard.finish():
            self._recorder.received(self._call.call_id, held, self._at_ms())
        self._recorder.ended(self._call.call_id, fate, self._at_ms())


def start_of(
    call_id: str,
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    redactor: Redactor,
    profile: Profile | None = None,
    model: str = "",
    parts: tuple[Part, ...] = (),
) -> CallStart:
    """A request as it may be recorded. Its body is still as it goes out: who keeps or shows it cleans it first.

    `parts` are those of a form that is streamed from files, instead of a body.
    """
    seen = tuple((name, redactor.clean(value)) for name, value in (shown(n, v) for n, v in headers))
    return CallStart(
        call_id=call_id,
        method=method,
        url=redactor.clean(url),
        headers=seen,
        body=body,
        started=time.time_ns() // 1000,
        profile=profile.id if profile else "",
        base_url=redactor.clean(profile.base_url) if profile else "",
        model=model,
        parts=tuple(replace(part, value=redactor.clean(part.value)) for part in parts),
    )
