"""GET and DELETE /models: which models a server offers."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from desktop.api.client import Client, OnWait
from desktop.api.decoding import UNREADABLE
from desktop.core.errors import BadReply


class ModelReply(Struct, frozen=True):
    """A model as a server names it; times are Unix seconds. Other servers leave most of it out."""

    id: str
    created: float | None = None
    owned_by: str = ""
    shutdown_date: str | float | None = None


class ModelDeleted(Struct, frozen=True):
    id: str = ""
    deleted: bool = False


class _List(Struct, frozen=True):
    data: list[Any] | None = None
    models: list[Any] | None = None  # the same, as some servers call it


async def list_models(
    client: Client, *, call_id: str | None = None, on_wait: OnWait | None = None
) -> tuple[ModelReply, ...]:
    """All models of a server, in its order; entries that cannot be read are passed over."""
    reply = await client.get("/models", _List, call_id=call_id, on_wait=on_wait)
    listed = reply.data if reply.data is not None else reply.models
    if listed is None:
        raise BadReply("The server's list of models cannot be read.")
    found = (model for entry in listed if (model := _model(entry)) is not None)
    return tuple(msgspec.structs.replace(model, id=client.redactor.running().feed(model.id)) for model in found)


def _model(entry: Any) -> ModelReply | None:
    if isinstance(entry, dict):
        entry = {name: value for name, value in entry.items() if value is not None}
        entry.setdefault("id", entry.get("name"))
    try:
        model = msgspec.convert(entry, ModelReply, strict=False)
    except UNREADABLE:
        return None
    return model if model.id else None


async def retrieve_model(client: Client, model: str, *, call_id: str | None = None) -> ModelReply:
    """One model. Ids of tuned models have colons; they are quoted."""
    return await client.get(client.path("models", model), ModelReply, call_id=call_id)


async def delete_model(client: Client, model: str, *, call_id: str | None = None) -> bool:
    """Delete one's own tuned model; whether the server says that it is gone."""
    reply = await client.delete(client.path("models", model), ModelDeleted, call_id=call_id)
    return reply.deleted
