"""POST /v1/embeddings."""

from __future__ import annotations

import base64
import struct
from contextlib import aclosing
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response

from desktop.local.chat import scripted
from desktop.local.embedding_engine import DIMENSIONS
from desktop.local.engines import Engine
from desktop.local.generation import Json
from desktop.local.offer import Offer
from desktop.local.requests import read_json, while_connected
from desktop.local.wire import json_reply, wrong

MOST = 2048


class EmbeddingBody(Struct, frozen=True):
    input: Any
    model: str
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    user: Any = None


class EmbeddingEndpoint:
    def __init__(self, offer: Offer) -> None:
        self._offer = offer

    async def create(self, request: Request) -> Response:
        body = await read_json(request, EmbeddingBody)
        found = self._offer.model_for(body.model, "embeddings")
        if (reply := scripted(request, found)) is not None:
            return reply
        texts, dimensions = _texts(body.input), body.dimensions or DIMENSIONS
        if dimensions > DIMENSIONS:
            raise wrong("dimensions", f"This model has {DIMENSIONS} dimensions at most.")
        work = _embed(self._offer.engine(found.model), body, texts, dimensions)
        return json_reply(await while_connected(request.receive, work))


def _texts(given: Any) -> list[str]:
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not 0 < len(texts) <= MOST:
        raise wrong("input", f"The input is a text, or a list of 1 to {MOST} texts.")
    if not all(isinstance(text, str) for text in texts):
        raise wrong("input", "The local embedding model takes texts, not token numbers.", "unsupported_value")
    if not all(texts):
        raise wrong("input", "The input must not have an empty text.")
    return texts


async def _embed(engine: Engine, body: EmbeddingBody, texts: list[str], dimensions: int) -> Json:
    entries: list[Json] = []
    tokens = 0
    async with aclosing(engine.run({"texts": texts, "dimensions": dimensions})) as frames:
        async for frame in frames:
            value = _shown(frame["vector"], body.encoding_format)
            entries.append({"object": "embedding", "index": len(entries), "embedding": value})
            tokens += frame["tokens"]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": body.model, "data": entries, "usage": usage}


def _shown(vector: bytes, form: str) -> str | tuple[float, ...]:
    if form == "base64":
        return base64.b64encode(vector).decode()
    return struct.unpack(f"<{len(vector) // 4}f", vector)
