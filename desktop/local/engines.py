"""The engines as the server sees them: start at first use, one job at a time, stop at once, end when idle."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from enum import StrEnum
from pathlib import Path

import desktop
from desktop.local.engine_process import MODULES
from desktop.local.frames import Frame, pack, receive
from desktop.local.memory import resident_bytes, threads
from desktop.local.wire import WireProblem, engine_failed

STOP_S = 0.15  # an engine that has not stopped by then is ended; it loads again at the next use
LOAD_S = 120.0
END_S = 1.0


class State(StrEnum):
    MISSING = "not installed"
    STOPPED = "stopped"
    LOADING = "loading"
    READY = "ready"
    BUSY = "busy"
    FAILED = "failed"


def environment() -> dict[str, str]:
    """An engine's environment: the server's own, with threads that wait quietly and libraries that stay off line."""
    count = str(threads())
    return os.environ | {
        "PYTHONPATH": str(Path(desktop.__file__).resolve().parent.parent),
        "OMP_WAIT_POLICY": "passive",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


def command(name: str) -> list[str]:
    """How an engine's process is started; a frozen build starts itself."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--local-server", "--engine", name]
    return [sys.executable, "-P", "-m", "desktop.local", "--engine", name]


class Engine:
    """One engine and, while it is loaded, its process. `title` is what people call it, `first` what it loads from."""

    def __init__(
        self,
        name: str,
        title: str,
        first: Frame,
        *,
        is_installed: bool,
        idle_s: float,
        changed: Callable[[Engine], None],
    ) -> None:
        assert name in MODULES
        self.name, self.title, self.idle_s = name, title, idle_s
        self.state = State.STOPPED if is_installed else State.MISSING
        self.message = ""
        self.load_s = 0.0
        self._first, self._changed = first, changed
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._used = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def describe(self) -> Frame:
        """The engine's line in GET /v1/davenport/engines; memory in bytes, times in seconds."""
        idle = time.monotonic() - self._used if self.state is State.READY else None
        return {
            "name": self.name,
            "title": self.title,
            "state": self.state.value,
            "message": self.message,
            "memory_bytes": resident_bytes(self.pid) if self.pid else 0,
            "idle_seconds": idle and round(idle, 1),
            "ends_when_idle_seconds": self.idle_s,
            "load_seconds": round(self.load_s, 2) or None,
        }

    async def run(self, job: Frame) -> AsyncGenerator[Frame, None]:
        """Do one job, yielding its pieces; closing the iterator stops the engine within 0.2 s.

        Raises WireProblem when the job, or the engine, failed.
        """
        async with self._turn:
            process = await self._ready()
            number, is_over = next(self._numbers), False
            self._set(State.BUSY)
            try:
                assert process.stdin is not None and process.stdout is not None
                process.stdin.write(pack({**job, "job": number}))
                await process.stdin.drain()
                while True:
                    frame = await receive(process.stdout)
                    if frame["event"] == "piece":
                        yield frame
                        continue
                    is_over = True
                    if frame["event"] == "error":
                        raise _problem(frame)
                    return
            except (EOFError, ConnectionError) as error:
                is_over = True
                await self._end(State.STOPPED)
                raise engine_failed(f"The {self.title} was stopped before it had finished.") from error
            finally:
                try:
                    if not is_over:
                        await self._interrupt(process, number)
                finally:
                    self._rest()

    async def stop(self) -> None:
        """End the process now, whatever it is doing; its memory goes back to the system."""
        await self._end(State.STOPPED)

    async def _ready(self) -> asyncio.subprocess.Process:
        if self._idle is not None:
            self._idle.cancel()
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._set(State.LOADING)
        started = time.monotonic()
        try:
            self._process = process = await self._spawn()
            async with asyncio.timeout(LOAD_S):
                assert process.stdout is not None
                frame = await receive(process.stdout)
        except (EOFError, OSError, TimeoutError) as error:
            await self._end(State.FAILED)
            raise engine_failed(f"The {self.title} could not be loaded.") from error
        except BaseException:
            await self._end(State.STOPPED)
            raise
        if frame["event"] != "ready":
            self.message = str(frame.get("message", ""))[:300]
            await self._end(State.FAILED)
            raise engine_failed(f"The {self.title} could not be loaded. {self.message}")
        self.load_s = time.monotonic() - started
        return process

    async def _spawn(self) -> asyncio.subprocess.Process:
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command(self.name), stdin=pipe, stdout=pipe, stderr=nowhere, env=environment(), limit=1 << 20
        )
        assert process.stdin is not None
        process.stdin.write(pack(self._first))
        return process

    async def _interrupt(self, process: asyncio.subprocess.Process, number: int) -> None:
        """Ask the engine to stop; end it when it does not."""
        limit = asyncio.timeout(STOP_S)
        try:
            async with limit:
                assert process.stdin is not None and process.stdout is not None
                process.stdin.write(pack({"stop": number}))
                while (await receive(process.stdout))["event"] == "piece":
                    continue
        except (EOFError, OSError, TimeoutError):
            await self._end(State.STOPPED)
        except asyncio.CancelledError:
            await self._end(State.STOPPED)  # in an unknown state, so it is not used again
            if not limit.expired():  # early 3.11 shows a time limit in a cancelled task as a cancellation
                raise

    def _rest(self) -> None:
        self._used = time.monotonic()
        if self._process is not None:
            self._set(State.READY)
            self._idle = asyncio.get_running_loop().call_later(self.idle_s, self._idle_over)

    def _idle_over(self) -> None:
        if not self._turn.locked() and self._process is not None:
            self._kill()
            self._set(State.STOPPED)

    async def _end(self, state: State) -> None:
        process = self._process
        self._kill()
        if process is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await process.wait()
        self._set(state)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if self._idle is not None:
            self._idle.cancel()
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    def _set(self, state: State) -> None:
        if self.state is not state and self.state is not State.MISSING:
            self.state = state
            self._changed(self)


def _problem(frame: Frame) -> WireProblem:
    status = int(frame["status"])
    kind = "invalid_request_error" if status < 500 else "server_error"
    return WireProblem(status, frame["message"], kind=kind, code=frame["code"], param=frame["param"])
