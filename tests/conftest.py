"""What every test has: off-screen Qt, an owner for each coroutine, a data folder of its own."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
    os.environ.pop(name, None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell: children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(  # how long an example takes, or to think it out, says more of the machine
    "davenport", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("davenport")

SHARED = Path(__file__).resolve().parents[2] / "shared"
TOOLS = SHARED / "tools"


def pytest_configure(config: pytest.Config) -> None:
    """Where the system's locale is C, Qt says once that it took another."""
    config.addinivalue_line("qt_log_ignore", "Detected locale")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests in a Runner each, on a Qt loop where the test uses Qt; a task left over fails it."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    factory = None
    if {"qapp", "qtbot"} & set(pyfuncitem.fixturenames):
        import qasync  # only tests with Qt pay for it
        from PySide6.QtWidgets import QApplication

        factory = lambda: qasync.QEventLoop(QApplication.instance())  # noqa: E731

    async def run() -> None:
        await pyfuncitem.obj(**arguments)
        for _ in range(3):
            await asyncio.sleep(0)
        left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task() and not t.done()]
        assert not left, f"tasks left running: {left}"

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())
    return True


@pytest.fixture(scope="session")
def spec():
    """The description of the API, as a judge."""
    if not TOOLS.exists():
        assert "CI" not in os.environ, "the API description must be there"
        pytest.skip("the API description is not there")
    sys.path.insert(0, str(TOOLS))
    from spec_check import SpecCheck

    return SpecCheck.load()


@pytest.fixture
def api(spec):
    """A strict stand-in for the API; the test fails when any request broke the description."""
    from spec_server import SpecServer

    with SpecServer(spec) as server:
        yield server
        assert server.problems == []
