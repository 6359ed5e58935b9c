"""Connections of one profile: TLS, proxy, socket options, and a pool that can be dropped."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

import httpx

from desktop.api.pacing import PacedBackend
from desktop.core.errors import ProxyFailed, Untrusted
from desktop.core.profile import Profile, ProxyMode, is_loopback
from desktop.core.secret import Redactor, Secret

# Below the 5 s after which common servers close an idle connection, so that a request seldom meets a closing one.
KEEPALIVE_S = 4.0
MAX_CONNECTIONS = 64

SystemProxy = Callable[[str], str | None]
"""The proxy for a URL, as the system has it; called in a worker thread, since it may have to run a script."""

VARIABLES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
)
"""Variables of the environment that bear on calls or on the profile Environment. SSLKEYLOGFILE has no effect here."""


def variables_in_force(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The names of those that are set, for diagnostics; never their values."""
    return tuple(name for name in VARIABLES if environ.get(name) or environ.get(name.lower()))


def trust(certificates: tuple[str, ...]) -> ssl.SSLContext:
    """A context that verifies chain and name: the public issuers, the system's, and the profile's own beside them.

    Slow (tens of milliseconds). `certificates` are PEM texts or paths. Made by hand because
    `ssl.create_default_context` would write session keys where SSLKEYLOGFILE points.
    """
    import certifi  # only calls over https need it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    context.load_verify_locations(certifi.where())
    for certificate in certificates:
        try:
            if "-----BEGIN" in certificate:
                context.load_verify_locations(cadata=certificate)
            else:
                context.load_verify_locations(certificate)
        except (OSError, ValueError) as error:
            raise Untrusted("A certificate of the profile cannot be read.", "Choose its PEM file again.") from error
    return context


def socket_options() -> list[tuple[int, int, int]]:
    """Keep-alive probes from 15 s of silence on, and an end to unanswered data after a minute, where there is such."""
    wanted = (
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 15),
        (socket.IPPROTO_TCP, "TCP_KEEPALIVE", 15),  # the same on macOS
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 6),
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 60_000),
    )
    return [(level, getattr(socket, name), value) for level, name, value in wanted if hasattr(socket, name)]


def probe(response: httpx.Response) -> None:
    """Let the system ask the other side at once whether the connection still stands; a dead one fails in 4 s."""
    stream = response.extensions.get("network_stream")
    raw = stream.get_extra_info("socket") if stream is not None else None
    if raw is None:
        return
    wanted = (("TCP_KEEPIDLE", 1), ("TCP_KEEPALIVE", 1), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 3))
    for name, value in wanted:
        if hasattr(socket, name):
            raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class Connections:
    """Lends out the transport; one that was dropped is closed when its last user has given it back."""

    def __init__(
        self,
        profile: Profile,
        redactor: Redactor,
        *,
        given: httpx.AsyncBaseTransport | None = None,
        system_proxy: SystemProxy | None = None,
    ) -> None:
        self._profile, self._redactor, self._given, self._system_proxy = profile, redactor, given, system_proxy
        self._now: httpx.AsyncBaseTransport | None = given
        self._dropped: list[httpx.AsyncBaseTransport] = []
        self._users: dict[httpx.AsyncBaseTransport, int] = {}
        self._lock = asyncio.Lock()
        self._trust: ssl.SSLContext | None = None
        self.uses_proxy = False  # known once the first connection is made

    async def borrow(self) -> httpx.AsyncBaseTransport:
        async with self._lock:
            await self._close_dropped()
            if self._now is None:
                self._now = await asyncio.to_thread(self._build)
            transport = self._now
        self._users[transport] = self._users.get(transport, 0) + 1
        return transport

    async def give_back(self, transport: httpx.AsyncBaseTransport) -> None:
        left = self._users.get(transport, 1) - 1
        if left:
            self._users[transport] = left
            return
        self._users.pop(transport, None)
        await self._close_dropped()

    def drop(self) -> None:
        """The next call uses new connections; those in use go on until they end."""
        if self._now is not None and self._now is not self._given:
            self._dropped.append(self._now)
            self._now = None

    async def aclose(self) -> None:
        self.drop()
        self._users.clear()
        await self._close_dropped()
        if self._given is not None:
            await self._given.aclose()

    async def _close_dropped(self) -> None:
        for transport in [t for t in self._dropped if t not in self._users]:
            self._dropped.remove(transport)
            await transport.aclose()

    def _proxy_url(self) -> str | None:
        profile = self._profile
        if is_loopback(profile.base_url) or profile.proxy is ProxyMode.NONE:
            return None
        if profile.proxy is ProxyMode.GIVEN:
            return profile.proxy_url.strip()
        return (self._system_proxy(profile.base_url) or None) if self._system_proxy else None

    def _build(self) -> httpx.AsyncBaseTransport:
        """Blocking: imports, certificates, the system's search for a proxy. Runs in a worker."""
        import anyio._backends._asyncio  # noqa: F401 - else the first connection would import it on the window's thread

        proxy_url = self._proxy_url()
        self.uses_proxy = proxy_url is not None
        proxy = self._proxy(proxy_url) if proxy_url is not None else None
        try:
            made = httpx.AsyncHTTPTransport(
                verify=self._context(proxy_url),
                trust_env=False,
                proxy=proxy,
                limits=httpx.Limits(
                    max_connections=MAX_CONNECTIONS, max_keepalive_connections=8, keepalive_expiry=KEEPALIVE_S
                ),
                socket_options=socket_options(),
            )
            made._pool._network_backend = PacedBackend()  # httpx 0.28 hands no backend on to httpcore
            return made
        except (ImportError, ValueError):
            pass
        raise ProxyFailed("This kind of proxy cannot be used.", "Use a proxy whose address begins with http://.")

    def _context(self, proxy_url: str | None) -> ssl.SSLContext:
        if not any(urlsplit(url or "").scheme.lower() == "https" for url in (self._profile.base_url, proxy_url)):
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used; it verifies, and trusts nobody
        if self._trust is None:
            self._trust = trust(self._profile.certificates)
        return self._trust

    def _proxy(self, url: str) -> httpx.Proxy:
        try:
            parts = urlsplit(url)
            if parts.password:
                self._redactor.learn(Secret(unquote(parts.password)))
            made = httpx.Proxy(url) if parts.hostname else None
        except (ValueError, httpx.InvalidURL):
            made = None
        if made is None:
            raise ProxyFailed("The proxy's address cannot be used.")
        return made
