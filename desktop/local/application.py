"""The routes."""

from __future__ import annotations

import os
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from desktop.local.audio import AudioEndpoint
from desktop.local.chat import ChatEndpoint
from desktop.local.completions import CompletionEndpoint
from desktop.local.embeddings import EmbeddingEndpoint
from desktop.local.engines import Engine
from desktop.local.faults import Faults
from desktop.local.guard import App, Guard
from desktop.local.memory import resident_bytes
from desktop.local.offer import Offer
from desktop.local.requests import Handler, endpoint
from desktop.local.responses import ResponseEndpoint
from desktop.local.wire import WireProblem, json_reply


class Listing:
    """GET /v1/models and what the window shows of the engines."""

    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    async def models(self, request: Request) -> Response:
        return json_reply({"object": "list", "data": [model.reply() for model in self._offer.models.values()]})

    async def model(self, request: Request) -> Response:
        name = request.path_params["model"]
        return json_reply(self._offer.find(name).model.reply(name))

    async def engines(self, request: Request) -> Response:
        memory = resident_bytes(os.getpid())
        data = [_described(engine) for engine in self._offer.engines.values()]
        return json_reply({"object": "list", "server": {"memory_bytes": memory}, "data": data})

    async def stop(self, request: Request) -> Response:
        engine = self._offer.engine_named(request.path_params["engine"])
        await engine.stop()
        return json_reply(_described(engine))


def _described(engine: Engine) -> dict[str, object]:
    return {"object": "davenport.engine", **engine.describe()}


def routes(offer: Offer) -> list[Route]:
    responses = ResponseEndpoint(offer)
    listing, chat, audio = Listing(offer), ChatEndpoint(offer), AudioEndpoint(offer, offer.folder)
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/v1/models", listing.models),
        ("GET", "/v1/models/{model}", listing.model),
        ("GET", "/v1/davenport/engines", listing.engines),
        ("POST", "/v1/davenport/engines/{engine}/stop", listing.stop),
        ("POST", "/v1/chat/completions", chat.create),
        ("POST", "/v1/completions", CompletionEndpoint(offer).create),
        ("POST", "/v1/responses", responses.create),
        ("POST", "/v1/responses/input_tokens", responses.count),
        ("GET", "/v1/responses/{response}", responses.get),
        ("DELETE", "/v1/responses/{response}", responses.delete),
        ("POST", "/v1/responses/{response}/cancel", responses.cancel),
        ("GET", "/v1/responses/{response}/input_items", responses.items),
        ("POST", "/v1/embeddings", EmbeddingEndpoint(offer).create),
        ("POST", "/v1/audio/speech", audio.speak),
        ("POST", "/v1/audio/transcriptions", audio.transcribe),
        ("POST", "/v1/audio/translations", audio.translate),
    ]
    return [Route(path, endpoint(handler), methods=[method]) for method, path, handler in table]


async def _not_found(request: Request, error: Exception) -> Response:
    problem = WireProblem(404, f"There is no {request.method} {request.url.path[:200]} here.", code="unknown_url")
    return problem.response()


async def _wrong_method(request: Request, error: Exception) -> Response:
    return WireProblem(405, f"{request.method} is not used at this path.", code="method_not_allowed").response()


def build(offer: Offer, token: str, hosts: Iterable[str]) -> App:
    """The whole of it, from the gate to the routes."""
    handlers = {404: _not_found, 405: _wrong_method}
    application = Starlette(routes=routes(offer), exception_handlers=handlers)
    application.router.redirect_slashes = False
    return Guard(Faults(application), token, hosts)
