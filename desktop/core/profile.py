"""Profiles: where calls go, with which key and within which limits."""

from __future__ import annotations

import ipaddress
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from desktop.core.errors import BadInput
from desktop.core.ids import new_id


class Kind(StrEnum):
    OPENAI = "openai"
    AZURE = "azure"
    OPENROUTER = "openrouter"
    OLLAMA = "ollama"
    LM_STUDIO = "lm-studio"
    LLAMA_CPP = "llama-cpp"
    LOCAL = "local"
    COMPATIBLE = "compatible"
    ENVIRONMENT = "environment"


class ProxyMode(StrEnum):
    SYSTEM = "system"
    NONE = "none"
    GIVEN = "given"


class Limits(Struct, frozen=True, forbid_unknown_fields=False):
    """Time limits in seconds, as TRUST's table of numbers has them."""

    connect_s: Annotated[float, Meta(gt=0, le=600)] = 10.0
    write_s: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    notice_s: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    silence_s: Annotated[float, Meta(gt=0, le=7200)] = 300.0
    no_text_s: Annotated[float, Meta(gt=0, le=7200)] = 600.0
    reasoning_s: Annotated[float, Meta(gt=0, le=14400)] = 3600.0
    reply_s: Annotated[float, Meta(gt=0, le=7200)] = 120.0


class Budget(Struct, frozen=True):
    """Dollars; None is no limit. `warn_share` of a limit, from 0 to 1, is where a warning comes."""

    day: Decimal | None = None
    month: Decimal | None = None
    total: Decimal | None = None
    warn_share: Decimal = Decimal("0.8")


class Profile(Struct, frozen=True):
    """A profile as it is kept; the key itself is in the operating system's key store under `id`.

    `confirmed_origin` is the origin the user last agreed to send the key to; a key never goes anywhere else.
    """

    id: str
    name: str
    kind: Kind
    base_url: str
    needs_key: bool = True
    organization: str = ""
    project: str = ""
    api_version: str = ""
    proxy: ProxyMode = ProxyMode.SYSTEM
    proxy_url: str = ""
    certificates: tuple[str, ...] = ()
    plain_http_confirmed: bool = False
    confirmed_origin: str = ""
    limits: Limits = Limits()
    budget: Budget = Budget()

    @property
    def is_local(self) -> bool:
        """Answered on this computer by the application's own server; nothing is charged."""
        return self.kind is Kind.LOCAL


def admin_key_id(profile_id: str) -> str:
    """Under which name a profile's second key is kept, the one that may ask for the provider's own figures."""
    return f"{profile_id}.admin"


def key_ids(profile_id: str) -> tuple[str, str]:
    """The names of all keys of a profile."""
    return profile_id, admin_key_id(profile_id)


LOCAL_ID = "local"
ENVIRONMENT_ID = "environment"

READY_MADE: tuple[tuple[Kind, str, str, bool], ...] = (
    (Kind.OPENAI, "OpenAI", "https://api.openai.com/v1", True),
    (Kind.AZURE, "Azure OpenAI", "https://RESOURCE.openai.azure.com/openai/v1", True),
    (Kind.OPENROUTER, "OpenRouter", "https://openrouter.ai/api/v1", True),
    (Kind.OLLAMA, "Ollama", "http://127.0.0.1:11434/v1", False),
    (Kind.LM_STUDIO, "LM Studio", "http://127.0.0.1:1234/v1", False),
    (Kind.LLAMA_CPP, "llama.cpp", "http://127.0.0.1:8080/v1", False),
    (Kind.COMPATIBLE, "Compatible server", "https://", False),
)
"""Kind, name, address to start from, whether it needs a key."""


def new_profile(kind: Kind) -> Profile:
    """A ready-made profile with an id of its own."""
    for known, name, url, needs_key in READY_MADE:
        if known is kind:
            return Profile(id=new_id(), name=name, kind=kind, base_url=url, needs_key=needs_key)
    raise BadInput(f"There is no ready-made profile of the kind {kind}.")


def origin(url: str) -> str:
    """Scheme, host and port of a URL in one comparable form; raises BadInput for what is no http address.

    Host in lower case and ASCII (IDNA), without a trailing dot; the port always written out.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise BadInput("This is not an address that can be used.") from error
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise BadInput("An address begins with https:// or http:// and has a host.")
    if parts.username is not None or parts.password is not None:
        raise BadInput("An address must not contain a user name or password.")
    try:
        host = (
            parts.hostname.rstrip(".").encode("idna").decode().lower() if ":" not in parts.hostname else parts.hostname
        )
    except UnicodeError as error:
        raise BadInput("The host of this address cannot be used.") from error
    scheme = parts.scheme.lower()
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port or (443 if scheme == 'https' else 80)}"


def is_loopback(url: str) -> bool:
    """Whether an address is this computer itself."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_may_go(profile: Profile) -> bool:
    """Whether the profile's key belongs to the origin of its present address."""
    return bool(profile.confirmed_origin) and profile.confirmed_origin == origin(profile.base_url)
