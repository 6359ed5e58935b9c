"""One real local server for a whole test session.

Load it with `pytest_plugins = ["fixtures_local"]` in tests/conftest.py (tests/ is on the path of imports there).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

import httpx
import pytest

from desktop.services import local_server as local_server_module
from desktop.services.local_server import LocalServer


class RunningServer:
    """A LocalServer on an event loop of its own in a thread, so that any test may use it, whatever its own loop is."""

    def __init__(self, server: LocalServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server, self._loop = server, loop
        self.base_url, self.token, self.profile = server.base_url, server.token, server.profile()
        self.port = httpx.URL(self.base_url).port
        self.origin = f"http://127.0.0.1:{self.port}"

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(600)

    @property
    def pid(self) -> int:
        return self.server.pid

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token.reveal()}"}

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.base_url, headers=self.headers, timeout=600, trust_env=False, **options)

    def engine(self, name: str) -> Any:
        return next(e for e in self.do(self.server.engines()) if e.name == name)

    def stop_engine(self, name: str) -> None:
        self.do(self.server.stop_engine(name))


@pytest.fixture(scope="session")
def local_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The real server, with engines that load at their first use."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="local server's loop", daemon=True)
    thread.start()
    local_server_module.START_S, local_server_module.ANSWER_S = 300.0, 60.0  # the machine may be busy
    server = LocalServer(tmp_path_factory.mktemp("local"))

    def do(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(600)

    do(server.start())
    yield RunningServer(server, loop)
    do(server.aclose())
    do(loop.shutdown_default_executor())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def local(local_server: RunningServer) -> Iterator[httpx.Client]:
    """A plain client with this run's key."""
    with local_server.client() as client:
        yield client
