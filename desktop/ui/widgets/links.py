"""The one decision whether a link in untrusted text may be opened, and what must be said before it is."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from desktop.core.invisible import INVISIBLE
from desktop.core.text import visible

SCHEMES = frozenset({"http", "https", "mailto"})
LONGEST_ADDRESS = 8000

_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2000-\u200a\u2028\u2029\u3000]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_NAMED = re.compile(r"(?:https?://|mailto:|www\.)[^\s<>()\[\]]+|[\w.-]+\.[^\W\d_]{2,}(?=[/:?#\s,;!)]|$)", re.IGNORECASE)
_ADDRESS = re.compile(r"[^@\s/?#]+@[^@\s/?#]+\.[^@\s/?#]+\Z")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a click on a link may do.

    `address` is what would be opened, `host` its true host in ASCII, `warning` a sentence to be read before (empty:
    none). Where `may_open` is false, `warning` says why not.
    """

    may_open: bool
    address: str
    host: str
    warning: str = ""


def decide(url: str, shown_text: str = "") -> Verdict:
    """Judge a link by its address and by the text it is shown under. Pure; the only way to `open_link`."""
    address = url.strip()
    if len(address) > LONGEST_ADDRESS:
        return _refused(address[:200], "The address of this link is too long to be opened.")
    if INVISIBLE.search(address) or _BLANKS.search(address):
        return _refused(address, "The address of this link holds hidden or blank characters.")
    scheme = _SCHEME.match(address)
    if not scheme:
        return _refused(address, "This link has no web address.")
    if scheme[1].lower() not in SCHEMES:
        return _refused(address, f"Links of the kind “{visible(scheme[1].lower()[:40])}” are not opened.")
    if scheme[1].lower() == "mailto":
        return _mail(address, shown_text)
    return _web(address, shown_text)


def host_of(url: str) -> str:
    """The true host of an address in ASCII, for showing; empty where there is none."""
    try:
        return _ascii(urlsplit(url.strip()).hostname or "") or ""
    except ValueError:
        return ""


def _web(address: str, shown_text: str) -> Verdict:
    if "\\" in address or not re.match(r"(?i)https?://[^/]", address):
        return _refused(address, "The address of this link is not well formed.")
    try:
        parts = urlsplit(address)
        named, port = parts.hostname or "", parts.port
    except ValueError:
        return _refused(address, "The address of this link is not well formed.")
    host = _ascii(named)
    if not host:
        return _refused(address, "The address of this link has no valid host.")
    warnings = []
    if parts.username is not None or parts.password is not None:
        warnings.append(f"The part before “@” is not the host: this link goes to {host}.")
    if host != named.lower().rstrip("."):
        warnings.append(f"The host is written with other letters than it seems: it is {host}.")
    if port is not None and port not in (80, 443):
        warnings.append(f"This link uses port {port} of {host}.")
    other = _other_host(shown_text, host)
    if other:
        warnings.append(f"The text names {visible(other)}, but this link goes to {host}.")
    elif _is_local(host):
        warnings.append(f"This link goes to {host}, inside your own network or computer.")
    return Verdict(True, address, host, " ".join(warnings))


def _mail(address: str, shown_text: str) -> Verdict:
    to, _, fields = address[len("mailto:") :].partition("?")
    if "%0a" in address.lower() or "%0d" in address.lower() or not _ADDRESS.match(unquote(to)):
        return _refused(address, "The address of this mail link is not well formed.")
    host = _ascii(unquote(to).rpartition("@")[2])
    if not host:
        return _refused(address, "The address of this mail link has no valid host.")
    if re.search(r"(?:^|&)attach", fields, re.IGNORECASE):
        return _refused(address, "This mail link would attach a file.")
    shown = shown_text.strip().removeprefix("mailto:")
    other = shown if _ADDRESS.match(shown) and shown.lower() != unquote(to).lower() else ""
    other = other or _other_host(shown_text, host)
    return Verdict(
        True, address, host, f"The text names {visible(other)}, but this goes to {unquote(to)}." if other else ""
    )


def _refused(address: str, why: str) -> Verdict:
    return Verdict(False, visible(address), "", why)


def _ascii(host: str) -> str | None:
    """A host as the network sees it: IDNA, lower case, no dot at the end; None if there is no such host."""
    name = unicodedata.normalize("NFKC", unquote(host)).rstrip(".").lower()
    try:
        return ipaddress.ip_address(name.strip("[]")).compressed
    except ValueError:
        pass
    try:
        plain = name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return (
        plain if re.fullmatch(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*", plain) else None
    )


def _other_host(shown_text: str, host: str) -> str:
    """The host that a link's text names, where it is another than the true one."""
    text = INVISIBLE.sub("", shown_text).strip()
    for match in _NAMED.finditer(text[:2000]):
        word = match[0].removeprefix("mailto:")
        word = word if "://" in word else f"http://{word}"
        try:
            named = urlsplit(word).hostname or ""
        except ValueError:
            return match[0]
        named = named.rstrip(".")
        if named and (_ascii(named) or named).removeprefix("www.") != host.removeprefix("www."):
            return named
    return ""


def _is_local(host: str) -> bool:
    try:
        at = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or host.isdigit()
    return not at.is_global
