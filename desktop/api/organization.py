"""GET /organization/costs and /organization/usage/completions: what a provider says an organization used, by UTC day.

They want an admin key, which can do far more than read: nothing but these two readings is sent with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from msgspec import Struct

from desktop.api.client import Client
from desktop.core.errors import BadReply

T = TypeVar("T")

COST_DAYS, USAGE_DAYS = 180, 31  # the most that a page has
MOST_PAGES = 60


class Cost(Struct, frozen=True):
    """US dollars of one UTC day for one line of the bill."""

    day: date
    line_item: str
    dollars: Decimal


class Tokens(Struct, frozen=True):
    """What one model was asked on one UTC day; `cached` is part of `input`."""

    day: date
    model: str
    requests: int
    input: int
    cached: int
    output: int


class _Amount(Struct, frozen=True):
    value: Decimal = Decimal(0)
    currency: str = "usd"


class _CostResult(Struct, frozen=True):
    amount: _Amount | None = None
    line_item: str | None = None


class _UsageResult(Struct, frozen=True):
    model: str | None = None
    num_model_requests: int = 0
    input_tokens: int = 0
    input_cached_tokens: int = 0
    output_tokens: int = 0


class _Bucket(Struct, Generic[T], frozen=True):
    start_time: float
    results: list[T] = []


class _Page(Struct, Generic[T], frozen=True):
    data: list[_Bucket[T]] = []
    has_more: bool = False
    next_page: str | None = None


async def costs(client: Client, first: date, end: date, project: str = "") -> tuple[Cost, ...]:
    """The bill from a UTC day up to, not including, another; of one project, or of the whole organization.

    Raises Forbidden for a key that is no admin's, and the rest of WireError's tree.
    """
    query = _query(first, end, "line_item", COST_DAYS, project)
    found = []
    async for bucket in _buckets(client, "/organization/costs", _Page[_CostResult], query):
        for result in bucket.results:
            if result.amount is None:
                continue
            if result.amount.currency.lower() != "usd":
                raise BadReply("The bill is not in US dollars.", "Look at it in the provider's own pages.")
            found.append(Cost(_day(bucket.start_time), _clean(client, result.line_item), result.amount.value))
    return tuple(found)


async def completions(client: Client, first: date, end: date, project: str = "") -> tuple[Tokens, ...]:
    """Tokens by day and model of chat completions and responses. Raises as `costs` does."""
    query = _query(first, end, "model", USAGE_DAYS, project)
    found = []
    async for bucket in _buckets(client, "/organization/usage/completions", _Page[_UsageResult], query):
        for result in bucket.results:
            found.append(
                Tokens(
                    _day(bucket.start_time),
                    _clean(client, result.model),
                    result.num_model_requests,
                    result.input_tokens,
                    result.input_cached_tokens,
                    result.output_tokens,
                )
            )
    return tuple(found)


async def _buckets(client: Client, path: str, kind: Any, query: dict[str, str | int]) -> AsyncIterator[_Bucket[Any]]:
    for _ in range(MOST_PAGES):
        page = await client.get(path, kind, query=query)
        for bucket in page.data:
            yield bucket
        if not page.has_more or not page.next_page:
            return
        query = {**query, "page": page.next_page}
    raise BadReply("The server's list of days does not end.", "Choose a shorter time.")


def _query(first: date, end: date, group_by: str, most: int, project: str) -> dict[str, str | int]:
    query: dict[str, str | int] = {
        "start_time": _unix(first),
        "end_time": _unix(end),
        "bucket_width": "1d",
        "group_by[]": group_by,
        "limit": max(1, min(most, (end - first).days)),
    }
    return {**query, "project_ids[]": project} if project else query


def _unix(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _day(seconds: float) -> date:
    try:
        return datetime.fromtimestamp(seconds, UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        raise BadReply("The server names a day that there is not.") from error


def _clean(client: Client, text: str | None) -> str:
    """A name as it may be shown: without anything of the key."""
    return client.redactor.running().feed(text or "")[:200]
