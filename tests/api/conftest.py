"""What the wire's tests share: clients of a judging transport and of a scripted server."""

from __future__ import annotations

import pytest
from wire_fakes import KEY, Clock, Judge, profile_for
from wire_server import ScriptedServer

from desktop.api.client import Client
from desktop.core.secret import Secret


@pytest.fixture
def judged(spec):
    """Makes clients of a made-up server; the test fails when any request broke the description."""
    judges = []

    def make(*replies, key=KEY, url="https://api.example.com/v1", profile=None, **options):
        judge = Judge(spec, *replies)
        judges.append(judge)
        clock = Clock()
        chosen = profile or profile_for(url)
        client = Client(
            chosen, Secret(key) if key else None, transport=judge, sleep=clock.sleep, random=lambda: 1.0, **options
        )
        client.judge, client.slept = judge, clock.slept
        return client

    yield make
    assert [problem for judge in judges for problem in judge.problems] == []


@pytest.fixture
def server():
    """A scripted server on a real socket."""
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def connect(server):
    """Makes clients of the scripted server; sleeps take no time."""

    def make(**options):
        clock = Clock()
        fields = {name: options.pop(name) for name in ("limits",) if name in options}
        url = options.pop("url", server.url)
        options.setdefault("random", lambda: 1.0)
        client = Client(profile_for(url, **fields), Secret(KEY), sleep=clock.sleep, **options)
        client.slept = clock.slept
        return client

    return make
