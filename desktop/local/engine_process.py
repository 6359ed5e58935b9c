"""An engine's own process: loads once, does one job after another, ends when its input closes.

A process for each engine, because only the end of a process surely gives the memory back and surely stops a
computation that does not look at the clock.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from io import FileIO, RawIOBase
from typing import Protocol

from desktop.local.frames import Frame, pack, read_frame
from desktop.local.memory import step_back

Emit = Callable[[Frame], None]
Stopped = Callable[[], bool]


class JobFailed(Exception):
    """A job that cannot be done; the fields are those of the API's error object."""

    def __init__(self, message: str, *, status: int = 400, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.fields: Frame = {"message": str(message), "status": status, "code": code, "param": param}


class Worker(Protocol):
    def run(self, job: Frame, emit: Emit, stopped: Stopped) -> None:
        """Do one job, emitting frames; return early once `stopped()` is true. Raises JobFailed."""


MODULES = {
    "chat": "desktop.local.chat_engine",
    "own": "desktop.local.chat_engine",
    "embeddings": "desktop.local.embedding_engine",
    "speech": "desktop.local.speech_engine",
    "transcription": "desktop.local.transcription_engine",
}


def main(name: str) -> int:
    """Serve jobs of one engine; `name` is a key of MODULES."""
    os.umask(0o077)
    step_back()
    return _Process(FileIO(_claim_output(), "wb")).serve(name)


def _claim_output() -> int:
    """The pipe to the server, out of reach of native code that prints."""
    pipe = os.dup(1)
    os.set_inheritable(pipe, False)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  (a device, not a path of ours)
        os.dup2(nowhere.fileno(), 1)
    return pipe


class _Process:
    def __init__(self, output: RawIOBase) -> None:
        self._output = output
        self._writing = threading.Lock()
        self._jobs: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        self._stopped: set[int] = set()

    def serve(self, name: str) -> int:
        first = read_frame(sys.stdin.buffer)
        if first is None:
            return 0
        threading.Thread(target=self._listen, name="input", daemon=True).start()
        try:
            worker: Worker = import_module(MODULES[name]).load(first)
        except Exception as error:  # noqa: BLE001  (whatever a native loader raises becomes a sentence)
            self._send({"event": "failed", "message": f"{type(error).__name__}: {error}"})
            return 1
        self._send({"event": "ready"})
        while True:
            self._do(worker, self._jobs.get())

    def _listen(self) -> None:
        while (frame := read_frame(sys.stdin.buffer)) is not None:
            if frame.get("stop") is not None:
                self._stopped.add(frame["stop"])
            else:
                self._jobs.put(frame)
        os._exit(0)

    def _do(self, worker: Worker, job: Frame) -> None:
        number = job["job"]

        def emit(frame: Frame) -> None:
            self._send({"event": "piece", **frame})

        try:
            worker.run(job, emit, lambda: number in self._stopped)
        except JobFailed as failed:
            self._send({"event": "error", **failed.fields})
        except Exception as error:  # noqa: BLE001  (the next job must find the engine in order)
            text = f"The engine failed: {type(error).__name__}"
            self._send({"event": "error", "message": text, "status": 500, "code": "engine_failed", "param": None})
        else:
            self._send({"event": "end"})
        self._stopped.discard(number)

    def _send(self, frame: Frame) -> None:
        packed = pack(frame)
        with self._writing:
            try:
                while packed:
                    packed = packed[self._output.write(packed) or 0 :]
            except OSError:
                os._exit(0)
