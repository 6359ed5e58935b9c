"""One exchange with a server: what was sent, what came back, and when."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from msgspec import Struct

from desktop.core.calls import CallRow, Fate, Part

AUTH_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"})
OUR_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "host",
        "transfer-encoding",
        "user-agent",
        "x-client-request-id",
    }
)
"""Headers that each program makes for itself; nobody who copies a call wants ours."""

Headers = tuple[tuple[str, str], ...]


class Attempt(Struct, frozen=True, omit_defaults=True):
    """One try of a call; times in milliseconds from the call's start, None for what did not happen.

    `wait_s` is the pause after it and `reason` why it was made.
    """

    began_ms: float = 0.0
    connect_start_ms: float | None = None
    connect_end_ms: float | None = None
    tls_start_ms: float | None = None
    tls_end_ms: float | None = None
    sending_ms: float | None = None
    sent_ms: float | None = None
    first_byte_ms: float | None = None
    status: int | None = None
    wait_s: float | None = None
    reason: str = ""

    @property
    def is_reused(self) -> bool:
        """Sent on a connection that was there already."""
        return self.sending_ms is not None and self.connect_start_ms is None


class Stamps(Struct, frozen=True, omit_defaults=True):
    """When the reply's bytes came: up to `ends[n]` bytes were there `at_ms[n]` milliseconds after the start."""

    at_ms: tuple[int, ...] = ()
    ends: tuple[int, ...] = ()


class Exchange(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One call as it is shown, copied and kept. No key is in it.

    `body` and `reply` are the bytes; where not all are there `is_body_cut` or `is_reply_cut`. Files of a form are in
    `parts`, by reference. `dollars` is in words. Times in milliseconds from `started` (UTC microseconds).
    """

    call_id: str
    started: int
    method: str
    url: str
    base_url: str = ""
    page: str = ""
    profile: str = ""
    model: str = ""
    request_headers: Headers = ()
    body: bytes = b""
    is_body_cut: bool = False
    parts: tuple[Part, ...] = ()
    status: int | None = None
    reply_headers: Headers = ()
    reply: bytes = b""
    is_reply_cut: bool = False
    bytes_received: int = 0
    stamps: Stamps = Stamps()
    attempts: tuple[Attempt, ...] = ()
    retries: int = 0
    total_ms: float | None = None
    fate: Fate = Fate.OPEN
    dollars: str = ""
    is_kept: bool = False

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def endpoint(self) -> str:
        """The path below the profile's address, "/chat/completions"."""
        base = urlsplit(self.base_url).path.rstrip("/")
        path = self.path
        return path.removeprefix(base) if base and path.startswith(base + "/") else path

    @property
    def query(self) -> Headers:
        return tuple(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def content_type(self) -> str:
        return header(self.request_headers, "content-type")

    @property
    def reply_type(self) -> str:
        return header(self.reply_headers, "content-type")

    @property
    def request_id(self) -> str:
        return header(self.reply_headers, "x-request-id") or header(self.reply_headers, "apim-request-id")

    @property
    def rate_limits(self) -> Headers:
        """The headers in which the server tells what is left of its limits."""
        return tuple((n, v) for n, v in self.reply_headers if "ratelimit" in n.lower() or n.lower() == "retry-after")

    @property
    def is_stream(self) -> bool:
        return "event-stream" in self.reply_type

    @property
    def row(self) -> CallRow:
        """The call as the list of calls shows it."""
        return CallRow(
            call_id=self.call_id,
            started=self.started,
            method=self.method,
            path=self.path,
            model=self.model,
            status=self.status,
            milliseconds=self.total_ms,
            bytes_received=self.bytes_received,
            dollars=self.dollars,
            retries=self.retries,
            fate=self.fate,
            page=self.page,
            profile=self.profile,
            is_kept=self.is_kept,
        )


def header(headers: Headers, name: str) -> str:
    """The value of the first header of this name, in whatever case; empty where there is none."""
    return next((value for known, value in headers if known.lower() == name), "")


def portable_headers(exchange: Exchange) -> Headers:
    """The headers that belong to the request itself: without keys, and without what every program adds."""
    return tuple(
        (name, value) for name, value in exchange.request_headers if name.lower() not in AUTH_HEADERS | OUR_HEADERS
    )


def auth_header(exchange: Exchange) -> str:
    """The name of the header that the key went in; empty where no key was sent."""
    names = (name for name, _ in exchange.request_headers if name.lower() in AUTH_HEADERS)
    return next((name for name in names if name.lower() != "cookie"), "")
