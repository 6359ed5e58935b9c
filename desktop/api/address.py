"""Where a call goes and what goes with it: paths, origins and headers."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from urllib.parse import urlsplit

from desktop import __version__
from desktop.core.errors import BadInput, NoKey, Untrusted
from desktop.core.profile import Kind, Profile, is_loopback, key_may_go, origin
from desktop.core.secret import MASK, Secret

USER_AGENT = f"Davenport/{__version__}"
SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "cookie", "set-cookie", "proxy-authorization"})


def path(*parts: str) -> str:
    """A path below the base URL, each part quoted; raises BadInput for a part that could name another place."""
    for part in parts:
        if not part or set(part) <= {"."}:
            raise BadInput("This name cannot be a part of an address.")
    return "/" + "/".join(urllib.parse.quote(part, safe="") for part in parts)


def url_of(profile: Profile, below: str, query: Mapping[str, str | int] | None = None) -> str:
    """The whole URL of a call. `below` is a path made by `path`: anything that could leave the base is refused."""
    segments = below.split("/")
    is_plain = below.startswith("/") and not below.startswith("//") and below.isascii() and below.isprintable()
    if not is_plain or any(c in below for c in "\\?# :@") or {".", ".."} & set(segments):
        raise BadInput("This is not a path below the profile's address.")
    base = urlsplit(profile.base_url.strip())
    fields = urllib.parse.parse_qsl(base.query)
    if profile.api_version and profile.kind is Kind.AZURE:
        fields.append(("api-version", profile.api_version))
    fields += [(name, str(value)) for name, value in (query or {}).items()]
    asked = "?" + urllib.parse.urlencode(fields) if fields else ""
    return origin(profile.base_url) + base.path.rstrip("/") + below + asked


def host_of(url: str) -> str:
    """Host and port for a sentence or a report; never the path or a query."""
    return origin(url).partition("://")[2]


def check(profile: Profile, key: Secret | None) -> None:
    """Raises unless the profile's address may be called, and with this key."""
    address = profile.base_url
    host = host_of(address)
    if urlsplit(address).scheme.lower() == "http" and not is_loopback(address) and not profile.plain_http_confirmed:
        raise Untrusted(
            f"{host} would be called without encryption, so that others can read the key and the text.",
            "Use https://, or allow plain http for this address in the profile.",
        )
    if key is not None and not key_may_go(profile):
        raise NoKey(
            f"The key of this profile has not been allowed to go to {host}, and was not sent.",
            "Open the profile and confirm the address, or enter the key for it again.",
        )
    if key is None and profile.needs_key:
        raise NoKey(f"The profile {profile.name} has no key.")


def headers(profile: Profile, key: Secret | None, call_id: str, *, has_body: bool, packed: str) -> dict[str, str]:
    """The headers of one request. The only place in the wire layer where a key is revealed."""
    made = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": packed}
    if call_id.isascii() and call_id.isprintable() and 0 < len(call_id) <= 512:
        made["X-Client-Request-Id"] = call_id
    if has_body:
        made["Content-Type"] = "application/json"
    if key is not None:
        name, value = ("api-key", "") if profile.kind is Kind.AZURE else ("Authorization", "Bearer ")
        made[name] = value + key.reveal()
    for name, value in (("OpenAI-Organization", profile.organization), ("OpenAI-Project", profile.project)):
        if value.strip() and profile.kind is not Kind.AZURE:
            if not (value.isascii() and value.isprintable()):
                raise BadInput(f"The profile's {name.partition('-')[2].lower()} has characters that cannot be sent.")
            made[name] = value.strip()
    return made


def shown(name: str, value: str) -> tuple[str, str]:
    """A header as it may be recorded."""
    return name, (MASK if name.lower() in SECRET_HEADERS else value)


def redirect_target(url: str, location: str) -> str | None:
    """Where a redirect points, None if that is not the same origin."""
    try:
        target = urllib.parse.urljoin(url, location)
        return target if origin(target) == origin(url) else None
    except (ValueError, BadInput):
        return None
