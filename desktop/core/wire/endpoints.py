"""Which page an endpoint belongs to, and what a path below any address means."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from desktop.core.calls import CallRow

WIRE_PAGE = "wire"
"""The page of calls that were made from the wire view itself."""

_PAGES = (
    ("/chat/completions", "chat"),
    ("/responses", "chat"),
    ("/completions", "chat"),
    ("/audio/transcriptions", "transcription"),
    ("/audio/translations", "transcription"),
    ("/audio/speech", "speech"),
    ("/images", "images"),
    ("/videos", "images"),
    ("/files", "files"),
    ("/uploads", "files"),
    ("/vector_stores", "files"),
    ("/fine_tuning", "finetuning"),
    ("/batches", "batches"),
    ("/embeddings", "embeddings"),
    ("/moderations", "moderation"),
    ("/realtime", "realtime"),
)
_FIRST = {path.split("/")[1] for path, _ in _PAGES} | {"models", "organization", "assistants", "threads", "evals"}
_VERSION = re.compile(r"v\d+[a-z0-9]*")


def endpoint_of(url: str) -> str:
    """The path below an API's address, whatever the address: "/chat/completions" of any provider's URL."""
    segments = [part for part in urlsplit(url).path.split("/") if part]
    at = next((n for n, part in enumerate(segments) if part in _FIRST), None)
    if at is None:
        versions = [n for n, part in enumerate(segments) if _VERSION.fullmatch(part)]
        at = versions[0] + 1 if versions else 0
    return "/" + "/".join(segments[at:])


def page_of(path: str) -> str:
    """The page whose work a call of this path is; empty for those of no page, such as the list of models."""
    endpoint = endpoint_of(path)
    return next((page for start, page in _PAGES if endpoint == start or endpoint.startswith(start + "/")), "")


def belongs(row: CallRow, page: str) -> bool:
    """Whether a call is listed on a page: its own, and those that were made from the wire view in its place."""
    return row.page == page or (row.page in ("", WIRE_PAGE) and page_of(row.path) == page)
