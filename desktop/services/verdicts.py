"""Test connection: ask a profile's server for its models, and say in words what is wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from desktop.api.client import Client
from desktop.api.models import list_models
from desktop.core.calls import CallStart, Fate, Recorder
from desktop.core.errors import (
    BadReply,
    Forbidden,
    KeyProblem,
    KeyRefused,
    KnownError,
    NotFound,
    Offline,
    Overloaded,
    ProxyFailed,
    QuotaSpent,
    RateLimited,
    Redirected,
    ServerFailed,
    UnknownHost,
    Unreachable,
    Untrusted,
)
from desktop.core.profile import Kind, Profile, is_loopback
from desktop.core.secret import Secret
from desktop.services.profiles import Profiles, host_in_words, origin_or_nothing, questions

ClientFactory = Callable[[Profile, Secret | None, Recorder], Client]
"""Makes a client for one test; it is closed afterwards."""

LIMIT_S = 30.0
CLOCK_OFF_S = 300.0

_STARTED_BY = {
    Kind.OLLAMA: "Start Ollama (ollama serve), or correct the port.",
    Kind.LM_STUDIO: "Start the server in LM Studio's developer tab, or correct the port.",
    Kind.LLAMA_CPP: "Start llama-server, or correct the port.",
}


class Verdict(Struct, frozen=True):
    """What a test found. `cause` names the part that is wrong: key, host, tls, proxy, path, clock, network, server or
    profile; "" where all is well. `better_url` is an address of the same host that did answer."""

    is_good: bool
    summary: str
    advice: str = ""
    cause: str = ""
    models: tuple[str, ...] = ()
    better_url: str = ""
    said: str = ""


class _Heads:
    """A Recorder that looks at nothing but the server's clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.clock_off_s = 0.0

    def sending(self, call: CallStart, attempt: int) -> None: ...

    def answered(self, call_id: str, status: int, headers: tuple[tuple[str, str], ...], at_ms: float) -> None:
        dates = [value for name, value in headers if name.lower() == "date"]
        try:
            self.clock_off_s = self._now() - parsedate_to_datetime(dates[0]).timestamp()
        except (IndexError, ValueError, OverflowError):
            self.clock_off_s = 0.0  # no date, or none that can be read: nothing is known

    def received(self, call_id: str, chunk: bytes, at_ms: float) -> None: ...

    def waiting(self, call_id: str, seconds: float, reason: str, at_ms: float) -> None: ...

    def ended(self, call_id: str, fate: Fate, at_ms: float) -> None: ...


async def test_connection(
    profile: Profile,
    key: Secret | None,
    client_factory: ClientFactory,
    *,
    now: Callable[[], float] = time.time,
    limit_s: float = LIMIT_S,
) -> Verdict:
    """Lists the server's models; at most one more address of the same host is tried where the path looks wrong."""
    if not origin_or_nothing(profile.base_url):
        return Verdict(False, "The address of this profile is not finished.", "Enter its base URL.", "profile")
    if asked := questions(profile, key is not None):
        return Verdict(False, asked[0].summary, "Nothing was sent. Confirm it first.", "profile")
    if key is None and profile.needs_key:
        return Verdict(False, "This profile has no key.", "Enter the key and test again.", "key")
    heads = _Heads(now)
    try:
        async with asyncio.timeout(limit_s):
            verdict = await _ask(profile, key, client_factory, heads)
    except TimeoutError:
        summary = f"{host_in_words(profile.base_url)} did not answer within {limit_s:g} seconds."
        verdict = Verdict(False, summary, "Check the address and the network.", "host")
    return _with_clock(verdict, heads.clock_off_s)


async def _ask(profile: Profile, key: Secret | None, factory: ClientFactory, heads: _Heads) -> Verdict:
    try:
        return _good(profile, await _models(profile, key, factory, heads))
    except (NotFound, BadReply) as error:
        return await _other_path(profile, key, factory, heads, error)
    except KnownError as error:
        return _bad(profile, error)


async def _models(profile: Profile, key: Secret | None, factory: ClientFactory, heads: _Heads) -> tuple[str, ...]:
    client = await asyncio.to_thread(factory, profile, key, heads)
    try:
        return tuple(model.id for model in await list_models(client))
    finally:
        await client.aclose()


def _good(profile: Profile, models: tuple[str, ...]) -> Verdict:
    host = host_in_words(profile.base_url)
    if not models:
        return Verdict(True, f"{host} answers, and offers no model.", "Load or install a model on that server.")
    count = "1 model" if len(models) == 1 else f"{len(models):,} models"
    return Verdict(True, f"Connected to {host}: {count}.", models=models)


async def _other_path(
    profile: Profile, key: Secret | None, factory: ClientFactory, heads: _Heads, error: KnownError
) -> Verdict:
    """What to say of an answer that is no list of models: often the path lacks its /v1."""
    better = better_path(profile)
    summary = f"{host_in_words(profile.base_url)} answers, but not with a list of models."
    if better:
        try:
            models = await _models(replace(profile, base_url=better), key, factory, heads)
        except KnownError:
            models = ()
        if models:
            return Verdict(False, summary, f"This address does: {better}", "path", models, better)
    advice = "Check the path of the address. It mostly ends with /v1"
    if profile.kind is Kind.AZURE:
        advice = "Check the path of the address. It ends with /openai/v1"
    return Verdict(False, summary, f"{advice}.", "path", said=error.detail.said or "")


def better_path(profile: Profile) -> str:
    """An address of the same host whose path is the usual one; "" where it is that already."""
    usual = "/openai/v1" if profile.kind is Kind.AZURE else "/v1"
    url = profile.base_url.rstrip("/")
    before, found, after = url.partition(usual)
    if found and (not after or after.startswith("/")):
        return before + found if after else ""
    return url + usual if urlsplit(url).path in ("", "/") or "/v1" not in url else ""


def _bad(profile: Profile, error: KnownError) -> Verdict:
    cause, advice = _cause(profile, error)
    return Verdict(False, error.summary, advice or error.advice, cause, said=error.detail.said or "")


def _cause(profile: Profile, error: KnownError) -> tuple[str, str]:
    """The part that is wrong and, where we know better than the error itself, what to do."""
    match error:
        case KeyRefused():
            return "key", f"Check that the key belongs to {host_in_words(profile.base_url)} and was copied whole."
        case Forbidden():
            return "key", "The key may not list models here, or not from this place. Check its rights."
        case QuotaSpent() | RateLimited() | Overloaded() | ServerFailed():
            return "server", ""
        case KeyProblem():
            return "key", ""
        case Untrusted():
            return _certificate(error.detail.said or "")
        case ProxyFailed():
            return "proxy", ""
        case Offline():
            return "network", "Connect to a network and test again."
        case UnknownHost():
            return "host", ""
        case Redirected():
            return "path", ""
        case Unreachable() if is_loopback(profile.base_url):
            return "host", _STARTED_BY.get(profile.kind, "Start the server on this computer, or correct the port.")
        case Unreachable() if "secure connection" in error.summary:
            return "tls", "The server may not speak https at this port. Check scheme and port of the address."
        case Unreachable():
            return "host", ""
    return "server", ""


def _certificate(reason: str) -> tuple[str, str]:
    reason = reason.lower()
    if "not yet valid" in reason:
        return "clock", "Its certificate begins in the future. Check date and time of this computer."
    if "expired" in reason:
        return (
            "tls",
            "Its certificate has expired. Check this computer's date; if that is right, the server must renew.",
        )
    if "hostname mismatch" in reason or "ip address mismatch" in reason or "doesn't match" in reason:
        return "tls", "Its certificate is for another name. Check the spelling of the host."
    return "tls", "Nobody this computer trusts vouches for it. If the server is yours, add its certificate here."


def _with_clock(verdict: Verdict, off_s: float) -> Verdict:
    if abs(off_s) <= CLOCK_OFF_S:
        return verdict
    minutes = round(abs(off_s) / 60)
    span = f"{minutes:,} minutes" if minutes < 180 else f"{round(minutes / 60):,} hours"
    word = "fast" if off_s > 0 else "slow"
    sentence = f"This computer's clock is {span} {word} compared with the server's: set it right."
    cause = verdict.cause if verdict.is_good or verdict.cause else "clock"
    return replace(verdict, advice=f"{verdict.advice} {sentence}".strip(), cause=cause)


class ConnectionTest:
    """Tests profiles as they are kept, with their own keys."""

    def __init__(self, profiles: Profiles, client_factory: ClientFactory) -> None:
        self._profiles, self._client_factory = profiles, client_factory

    async def run(self, profile_id: str) -> Verdict:
        """Raises KeyringFailed or SealFailed where the key cannot be read."""
        key = await self._profiles.read_key(profile_id)
        return await test_connection(self._profiles.get(profile_id), key, self._client_factory)
