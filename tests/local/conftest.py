"""The real server for these tests, and the judge of what it answers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fixtures_local import local, local_server  # noqa: F401


class Judged:
    """A client that has every exchange judged by the description of the API."""

    def __init__(self, client: httpx.Client, spec: Any) -> None:
        self._client, self._spec = client, spec

    def __call__(self, method: str, path: str, *, good_request: bool = True, **options: Any) -> httpx.Response:
        request = self._client.build_request(method, path, **options)
        if good_request:
            assert self._spec.check_httpx(request) == []
        reply = self._client.send(request)
        kind = reply.headers.get("content-type", "")
        for body, form in self._bodies(request.url.path, reply.content, kind):
            problems = self._spec.check_response(method, request.url.path, reply.status_code, body, form)
            assert problems == [], reply.text[:2000]
        assert reply.headers["x-request-id"].startswith("req_")
        return reply

    def _bodies(self, path: str, content: bytes, kind: str) -> list[tuple[bytes, str]]:
        """The description knows no stream of the old completions: its events are whole objects of the other form."""
        if path != "/v1/completions" or not kind.startswith("text/event-stream"):
            return [(content, kind)]
        events = [line[6:] for line in content.split(b"\n") if line.startswith(b"data: {")]
        assert events
        return [(event, "application/json") for event in events]


@pytest.fixture
def judged(local: httpx.Client, spec: Any) -> Judged:  # noqa: F811
    return Judged(local, spec)
