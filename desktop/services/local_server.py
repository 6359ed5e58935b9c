"""Starts, watches and ends the embedded local server; the rest of the application sees only its address and key."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

import desktop
from desktop.core.errors import EngineMissing, LocalFailed, Offline
from desktop.core.profile import LOCAL_ID, Kind, Limits, Profile, ProxyMode, origin
from desktop.core.secret import Redactor, Secret

log = logging.getLogger(__name__)
START_S, ANSWER_S, END_S = 20.0, 5.0, 2.0
FLAG = "--local-server"  # a frozen build starts itself with it; `desktop.__main__` hands the rest to desktop.local
DEMO_NOTE = "tiny demo model"
_PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "VIRTUAL_ENV"),
    *("SYSTEMROOT", "WINDIR", "SYSTEMDRIVE", "APPDATA", "LOCALAPPDATA", "USERPROFILE", "COMSPEC", "PATHEXT"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "XDG_CACHE_HOME"),
)


class LocalState(StrEnum):
    OFF = "off"
    STARTING = "starting"
    READY = "ready"
    LOADING = "loading"
    FAILED = "failed"


class LocalStatus(msgspec.Struct, frozen=True):
    """What the footer shows; `sentence` is for people."""

    state: LocalState
    sentence: str


class EngineStatus(msgspec.Struct, frozen=True):
    """One engine. `state` is one of: not installed, stopped, loading, ready, busy, failed."""

    name: str
    title: str
    state: str
    message: str = ""
    memory_bytes: int = 0
    idle_seconds: float | None = None
    ends_when_idle_seconds: float = 0.0
    load_seconds: float | None = None


class LocalServer:
    """The child process and what is known of it. All methods belong to one event loop.

    `changed` hears of every change of `status`. After a crash the server is started again once, with the same key
    and, where it is still free, the same port; `notice` then says so.
    """

    def __init__(
        self,
        cache_folder: Path,
        *,
        gguf: str = "",
        idle_minutes: float = 10,
        changed: Callable[[LocalStatus], None] = lambda status: None,
        notice: Callable[[str], None] = lambda sentence: None,
        offline: bool = False,
        redactor: Redactor | None = None,
    ) -> None:
        self._folder, self._gguf, self._idle_minutes = cache_folder, gguf, idle_minutes
        self._changed, self._notice, self._offline = changed, notice, offline
        self._token = Secret(secrets.token_urlsafe(32))
        if redactor is not None:
            redactor.learn(self._token)
        self._child: _Child | None = None
        self._port, self._restarts = 0, 0
        self._starting = asyncio.Lock()
        self._restarting: asyncio.Task[None] | None = None
        self.status = LocalStatus(LocalState.OFF, "Local: off")

    @property
    def token(self) -> Secret:
        return self._token

    @property
    def base_url(self) -> str:
        """Where it listens; empty before the first start."""
        return f"http://127.0.0.1:{self._port}/v1" if self._port else ""

    @property
    def is_running(self) -> bool:
        return self._child is not None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    def model_note(self) -> str:
        """What stands in the footer."""
        return f"Local: {Path(self._gguf).name if self._gguf else DEMO_NOTE}"

    def profile(self) -> Profile:
        """The profile by which the ordinary client reaches the server; its key is `token`."""
        return Profile(
            id=LOCAL_ID,
            name="Local",
            kind=Kind.LOCAL,
            base_url=self.base_url,
            proxy=ProxyMode.NONE,
            confirmed_origin=origin(self.base_url) if self._port else "",
            limits=Limits(reply_s=1800.0),
        )

    async def start(self) -> None:
        """Start it unless it runs; returns when it listens. Raises EngineMissing, LocalFailed or Offline."""
        self._restarts = 0
        await self._start_once()

    async def _start_once(self) -> None:
        async with self._starting:
            if self._child is None:
                await self._start()

    async def _start(self) -> None:
        if self._offline:
            raise Offline("The local server is not started in an off-line run.")
        if any(find_spec(package) is None for package in ("starlette", "uvicorn", "python_multipart")):
            raise self._failed(EngineMissing("The local server is not installed."))
        self._set(LocalState.STARTING, "Local: starting")
        loop = asyncio.get_running_loop()
        first: asyncio.Future[dict[str, Any]] = loop.create_future()
        child = _Child(loop, first, self._heard, self._ended)
        try:
            await asyncio.to_thread(child.start, self._handover())
            async with asyncio.timeout(START_S):
                line = await first
        except (OSError, TimeoutError, EOFError) as error:
            await child.end()
            raise self._failed(LocalFailed("The local server could not be started.")) from error
        except BaseException:
            await child.end()
            raise
        if "port" not in line:
            await child.end()
            raise self._failed(_start_error(line))
        self._child, self._port = child, int(line["port"])
        self._set(LocalState.READY, self.model_note())

    def _handover(self) -> bytes:
        handed = {
            "token": self._token.reveal(),
            "gguf": self._gguf,
            "idle_minutes": self._idle_minutes,
            "cache_folder": str(self._folder),
            "port": self._port,
        }
        return msgspec.json.encode(handed)

    async def engines(self) -> tuple[EngineStatus, ...]:
        """State and memory of each engine; empty while the server is off."""
        return await self._ask({"do": "engines"})

    async def stop_engine(self, name: str) -> tuple[EngineStatus, ...]:
        """End one engine, which gives its memory back; it loads again at the next use."""
        return await self._ask({"do": "stop", "name": name})

    async def _ask(self, command: dict[str, Any]) -> tuple[EngineStatus, ...]:
        if self._child is None:
            return ()
        try:
            async with asyncio.timeout(ANSWER_S):
                return msgspec.convert(await self._child.ask(command), tuple[EngineStatus, ...])
        except (OSError, TimeoutError) as error:
            raise LocalFailed("The local server does not answer.") from error

    async def aclose(self) -> None:
        """End it, and with it every engine, within three seconds."""
        child, self._child = self._child, None
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)
            self._restarting = None
        if child is not None:
            await child.end()
        self._set(LocalState.OFF, "Local: off")

    def _heard(self, line: dict[str, Any]) -> None:
        """A line of the server about one of its engines."""
        if line.get("state") == "loading":
            self._set(LocalState.LOADING, f"Local: loading the {line['title']}")
        elif line.get("state") == "failed":
            self._notice(f"The {line['title']} could not be loaded.")
            self._set(LocalState.READY, self.model_note())
        elif "state" in line:
            self._set(LocalState.READY, self.model_note())

    def _ended(self, child: _Child) -> None:
        """The process is gone without having been asked to."""
        if child is not self._child:
            return
        self._child = None
        if self._restarts:
            self._set(LocalState.FAILED, "Local: the server ended unexpectedly")
            self._notice("The local server ended again. Start it from the footer, or choose another profile.")
            return
        self._restarts += 1
        log.warning("the local server ended with %s and is started again", child.exit_code)
        self._restarting = asyncio.get_running_loop().create_task(self._restart(), name="local server")

    async def _restart(self) -> None:
        with contextlib.suppress(LocalFailed):  # the status says it
            await self._start_once()
            self._notice("The local server had ended unexpectedly and was started again.")

    def _failed(self, error: LocalFailed) -> LocalFailed:
        self._set(LocalState.FAILED, f"Local: {error.summary}")
        return error

    def _set(self, state: LocalState, sentence: str) -> None:
        status = LocalStatus(state, sentence)
        if status != self.status:
            self.status = status
            self._changed(status)


def _start_error(line: dict[str, Any]) -> LocalFailed:
    if "missing" in line:
        return EngineMissing("The local server is not installed.")
    return LocalFailed("The local server could not be started.")


class _Child:
    """The process with its three pipes, read by threads so that any event loop will do."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        first: asyncio.Future[dict[str, Any]],
        heard: Callable[[dict[str, Any]], None],
        ended: Callable[[_Child], None],
    ) -> None:
        self._loop, self._first, self._heard, self._ended = loop, first, heard, ended
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._readers: list[threading.Thread] = []

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process is not None else None

    def start(self, handover: bytes) -> None:
        """Blocking: for a worker thread."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command(),
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            env=environment(),
            cwd=_folder_of_code(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        for target in (self._listen, self._log):
            reader = threading.Thread(target=target, name="local server", daemon=True)
            reader.start()
            self._readers.append(reader)
        self._write(handover)

    async def ask(self, command: dict[str, Any]) -> Any:
        number = next(self._numbers)
        answer = self._answers[number] = self._loop.create_future()
        try:
            await asyncio.to_thread(self._write, msgspec.json.encode({**command, "id": number}))
            return await answer
        finally:
            del self._answers[number]

    async def end(self) -> None:
        """Close its input, which ends it in order; kill it if it takes too long."""
        if self._process is not None:
            await asyncio.shield(asyncio.to_thread(self._end, self._process))

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._close_input(process)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for reader in self._readers:
            reader.join(1)

    def _close_input(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()

    def _write(self, line: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except ValueError as error:
            raise BrokenPipeError("the pipe is closed") from error

    def _listen(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                with contextlib.suppress(msgspec.DecodeError):
                    self._tell(self._take, msgspec.json.decode(line, type=dict[str, Any]))
        self._process.wait()
        self._close_input(self._process)
        self._tell(self._gone)

    def _log(self) -> None:
        """What the server writes about itself; it writes no text of anybody's."""
        assert self._process is not None and self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                log.info("%s", line.decode("utf-8", "replace").rstrip()[:300])

    def _tell(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended first
            self._loop.call_soon_threadsafe(function, *arguments)

    def _take(self, line: dict[str, Any]) -> None:
        if not self._first.done():
            self._first.set_result(line)
        elif (answer := self._answers.get(line.get("id", 0))) is not None and not answer.done():
            answer.set_result(line.get("engines", []))
        else:
            self._heard(line)

    def _gone(self) -> None:
        for waiting in (self._first, *self._answers.values()):
            if not waiting.done():
                waiting.set_exception(
                    EOFError("the local server ended") if waiting is self._first else BrokenPipeError()
                )
        self._ended(self)


def command() -> list[str]:
    """How the server is started: by its module, or by the frozen application itself."""
    own = ["--parent-pid", str(os.getpid())]
    if getattr(sys, "frozen", False):
        return [sys.executable, FLAG, *own]
    return [sys.executable, "-P", "-m", "desktop.local", *own]


def environment() -> dict[str, str]:
    """The few variables that the server needs; no key, no address, no proxy among them."""
    kept = {name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("LC_")}
    return kept | {"PYTHONPATH": _folder_of_code(), "PYTHONUTF8": "1"}


def _folder_of_code() -> str:
    return str(Path(desktop.__file__).resolve().parent.parent)
