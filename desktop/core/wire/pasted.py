"""A pasted curl command or JSON body as a call. Nothing of it is run or opened, and its key stands apart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit, urlunsplit

from desktop.core.calls import Part
from desktop.core.errors import BadInput
from desktop.core.secret import SHORTEST_PART, Redactor, Secret
from desktop.core.wire.endpoints import endpoint_of
from desktop.core.wire.exchange import Headers
from desktop.core.wire.shell_words import Command, Unclosed, commands

PASTE_CHARACTERS = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parsed:
    """A pasted call. The key is apart, in no other field; `json` is the body where it is JSON.

    `endpoint` is the path below an API's address. `ignored` names, in sentences, what was not taken over.
    """

    method: str
    url: str
    endpoint: str
    headers: Headers = ()
    body: bytes = b""
    json: Any = None
    parts: tuple[Part, ...] = ()
    ignored: tuple[str, ...] = ()
    key: Secret | None = None


def parse_curl(text: str) -> Parsed:
    """Read a curl command, or a JSON body alone. Raises BadInput that says what is wrong with it, and where.

    Files that it names are not opened, options that would act are not acted on: each is named in `ignored`.
    """
    if len(text) > PASTE_CHARACTERS:
        raise BadInput("This is too much to be pasted.", "Paste the command alone.")
    stripped = text.strip().removeprefix("$ ").strip()
    if stripped.startswith("{"):
        return _bare(stripped)
    try:
        found = commands(stripped)
    except Unclosed as error:
        raise BadInput(str(error), "Copy the whole command.") from None
    variables = _variables(found)
    at = next((n for n, c in enumerate(found) if c.words and _is_curl(c.words[0])), None)
    if at is None:
        raise BadInput("This is neither a curl command nor a JSON body.", "Paste a command that begins with curl.")
    reading = _Reading(_stdin(found, at), variables)
    reading.read(found[at].words[1:])
    if found[at].runs:
        reading.ignore("A command inside the text was not run.")
    if any(command.words for command in found[at + 1 :]):
        reading.ignore("What follows the curl command was left out.")
    return reading.parsed()


def _variables(found: list[Command]) -> dict[str, str]:
    """What is set before the commands (`NAME=value curl …`, `export NAME=value`); those words are taken off."""
    given: dict[str, str] = {}
    for command in found:
        if command.words[:1] == ["export"]:
            del command.words[0]
        while command.words and (word := _SET.fullmatch(command.words[0])):
            given[word[1]] = word[2]
            del command.words[0]
    return given


def _is_curl(word: str) -> bool:
    return word.replace("\\", "/").rpartition("/")[2] in ("curl", "curl.exe")


def _stdin(found: list[Command], at: int) -> str | None:
    """What a `printf %s` before the pipe, or a here-document, would give to curl."""
    if found[at].here is not None:
        return found[at].here
    if at and found[at - 1].operator == "|" and found[at - 1].words[:2] == ["printf", "%s"]:
        return "".join(found[at - 1].words[2:])
    return None


def _bare(text: str) -> Parsed:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"This is no JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except (ValueError, RecursionError):
        raise BadInput("This is JSON that cannot be read.") from None
    return Parsed("POST", "", guessed_endpoint(value), body=text.encode("utf-8", "replace"), json=value)


def guessed_endpoint(body: Any) -> str:
    """The endpoint that a body is for, by the fields that only it has; empty where it could be any."""
    names = set(body) if isinstance(body, dict) else set()
    for field_names, endpoint in (
        ({"messages"}, "/chat/completions"),
        ({"input", "voice"}, "/audio/speech"),
        ({"input_file_id"}, "/batches"),
        ({"training_file"}, "/fine_tuning/jobs"),
        ({"input", "dimensions"}, "/embeddings"),
        ({"input", "encoding_format"}, "/embeddings"),
        ({"input", "instructions"}, "/responses"),
        ({"input", "tools"}, "/responses"),
        ({"input", "max_output_tokens"}, "/responses"),
        ({"input", "stream"}, "/responses"),
        ({"input", "reasoning"}, "/responses"),
        ({"prompt", "size"}, "/images/generations"),
        ({"prompt", "quality"}, "/images/generations"),
        ({"prompt", "max_tokens"}, "/completions"),
    ):
        if field_names <= names:
            return endpoint
    return ""


_FLAGS = {
    "compressed": "", "fail": "", "fail-with-body": "", "globoff": "", "http1.1": "", "http2": "", "no-buffer": "",
    "no-progress-meter": "", "progress-bar": "", "show-error": "", "silent": "", "tcp-nodelay": "", "include": "",
    "verbose": "", "ipv4": "", "ipv6": "", "location": "Redirects are not followed.",
    "insecure": "Certificates are always checked; -k was left out.",
}  # fmt: skip
"""Options without a value: what is said when they are left out; nothing where they change nothing that is sent."""

_SHORT = {
    "#": "progress-bar", "0": "http1.0", "4": "ipv4", "6": "ipv6", "A": "user-agent", "b": "cookie", "C": "continue-at",
    "c": "cookie-jar", "d": "data", "D": "dump-header", "E": "cert", "e": "referer", "F": "form", "f": "fail",
    "G": "get", "g": "globoff", "H": "header", "h": "help", "I": "head", "i": "include", "j": "junk-session-cookies",
    "K": "config", "k": "insecure", "L": "location", "m": "max-time", "N": "no-buffer", "O": "remote-name",
    "o": "output", "q": "disable", "S": "show-error", "s": "silent", "T": "upload-file", "u": "user",
    "U": "proxy-user", "v": "verbose", "w": "write-out", "X": "request", "x": "proxy", "y": "speed-time",
    "Y": "speed-limit", "Z": "parallel",
}  # fmt: skip
_NAMES = (
    "abstract-unix-socket cacert capath cert cert-type ciphers config connect-timeout connect-to continue-at cookie"
    " cookie-jar create-file-mode data data-ascii data-binary data-raw data-urlencode dns-servers doh-url dump-header"
    " expect100-timeout form form-string header interface json key key-type keepalive-time limit-rate local-port"
    " max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output output-dir parallel-max pass"
    " pinnedpubkey preproxy proto proto-default proxy proxy-header proxy-user range rate referer request"
    " request-target resolve retry retry-delay retry-max-time socks4 socks4a socks5 socks5-hostname speed-limit"
    " speed-time stderr tls-max tls13-ciphers trace trace-ascii unix-socket upload-file url url-query user user-agent"
    " variable write-out"
)
_VALUED = frozenset(_NAMES.split())
"""Options with a value behind them."""

_SET = re.compile(r"(?s)([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_KEY_HEADERS = ("authorization", "api-key", "x-api-key")


@dataclass(slots=True)
class _Reading:
    """The options of one command, read one after the other."""

    stdin: str | None
    variables: dict[str, str]
    method: str = ""
    url: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    is_json: bool = False
    is_query: bool = False

    def ignore(self, sentence: str) -> None:
        if sentence and sentence not in self.ignored:
            self.ignored.append(sentence)

    def read(self, words: list[str]) -> None:
        left = iter(words)
        only_urls = False
        for word in left:
            if word.startswith("\0"):
                self.ignore(f"The redirection {word[1:]} {next(left, '')} was left out.".replace("\0", ""))
            elif word == "--" and not only_urls:
                only_urls = True
            elif word.startswith("--") and not only_urls:
                self._long(word[2:], lambda: next(left, ""))
            elif word.startswith("-") and len(word) > 1 and not only_urls:
                self._shorts(word[1:], lambda: next(left, ""))
            else:
                self._take_url(word)

    def _shorts(self, letters: str, following: Callable[[], str]) -> None:
        """`-sSXPOST` and the like: flags in one word, the last of which may have its value behind it."""
        for at, letter in enumerate(letters):
            name = _SHORT.get(letter, letter)
            if name in _VALUED:
                rest = letters[at + 1 :]
                self._option(name, rest if rest else following())
                return
            self._flag(name, "-" + letter)

    def _long(self, name: str, following: Callable[[], str]) -> None:
        name, equals, value = name.partition("=")
        if name in _VALUED:
            self._option(name, value if equals else following())
        else:
            self._flag(name, "--" + name)

    def _flag(self, name: str, written: str) -> None:
        if name == "get":
            self.is_query = True
        elif name == "head":
            self.method = self.method or "HEAD"
        else:
            self.ignore(_FLAGS.get(name.removeprefix("no-"), _FLAGS.get(name, f"The option {written} was left out.")))

    def _option(self, name: str, value: str) -> None:
        match name:
            case "request":
                self.method = value.upper()
            case "url":
                self._take_url(value)
            case "header":
                self._header(value)
            case "data" | "data-ascii" | "data-binary" | "data-raw" | "json":
                self._data(name, value)
            case "data-urlencode":
                self._encoded(value)
            case "url-query":
                self._query(value)
            case "form" | "form-string":
                self._form(name, value)
            case "oauth2-bearer":
                self.keys.append(value)
            case "user":
                self.ignore("The user name and password of -u were left out.")
            case (
                "output"
                | "output-dir"
                | "dump-header"
                | "write-out"
                | "cookie-jar"
                | "trace"
                | "trace-ascii"
                | "stderr"
            ):
                self.ignore(f"Nothing is written to files: --{name} was left out.")
            case "config" | "netrc-file" | "cert" | "key" | "cacert" | "upload-file" | "cookie":
                self.ignore(f"Files are not read and cookies not sent: --{name} was left out.")
            case "user-agent":
                self.ignore("Davenport names itself: -A was left out.")
            case _:
                self.ignore(f"The option --{name} was left out; the profile's own settings hold.")

    def _take_url(self, word: str) -> None:
        if self.url:
            self.ignore("Only the first address was taken.")
        else:
            self.url = word if "://" in word else f"https://{word}"

    def _header(self, line: str) -> None:
        if line.startswith("@"):
            self.ignore("Files are not read: the headers of -H @… were left out.")
            return
        name, colon, value = line.partition(":")
        if not colon:
            name, semicolon, _ = line.partition(";")
            if not semicolon:
                return
            value = ""
        elif not value.strip():
            return  # curl's way to leave a header out
        name, value = name.strip(), value.strip()
        if name.lower() in _KEY_HEADERS:
            self.keys.append(value.partition(" ")[2].strip() if value.lower().startswith("bearer ") else value)
        elif name.lower() in ("cookie", "proxy-authorization"):
            self.ignore(f"The header {name} was left out.")
        else:
            self.headers.append((name, value))

    def _data(self, name: str, value: str) -> None:
        self.is_json = self.is_json or name == "json"
        if value.startswith("@") and name != "data-raw":
            if value == "@-" and self.stdin is not None:
                value = self.stdin if name in ("data-binary", "json") else self.stdin.replace("\n", "")
            else:
                self.ignore(f"Files are not read: {value} was left out.")
                return
        self.data.append(value)

    def _encoded(self, value: str) -> None:
        name, equals, content = value.partition("=")
        if "@" in name or (not equals and "@" in value):
            self.ignore(f"Files are not read: {value} was left out.")
        else:
            self.data.append((f"{name}=" if name else "") + quote_plus(content) if equals else quote_plus(value))

    def _query(self, value: str) -> None:
        parts = urlsplit(self.url)
        self.url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, value.removeprefix("+"))))))

    def _form(self, option: str, value: str) -> None:
        name, equals, content = value.partition("=")
        if not equals:
            self.ignore(f"The form field {value} has no value and was left out.")
        elif option == "form" and content[:1] in ("@", "<"):
            self._form_file(name, content)
        else:
            content = content if option == "form-string" else _form_value(content)[0]
            self.parts.append(Part(name, content))

    def _form_file(self, name: str, content: str) -> None:
        path, options = _form_value(content[1:])
        self.ignore(f"Files are not read: choose the file for “{name}” ({path}) yourself.")
        if content[0] == "@":
            file_name = options.get("filename", path.replace("\\", "/").rpartition("/")[2])
            self.parts.append(Part(name, file_name=file_name, mime=options.get("type", "")))

    def parsed(self) -> Parsed:
        if not self.url:
            raise BadInput("This curl command has no address.", "Copy the whole command.")
        url, method = self._address()
        if self.is_json:
            for name, value in (("Content-Type", "application/json"), ("Accept", "application/json")):
                if all(known.lower() != name.lower() for known, _ in self.headers):
                    self.headers.append((name, value))
        text = ("" if self.is_json else "&").join(self.data) if not self.is_query else ""
        made = Parsed(
            method,
            url,
            endpoint_of(url),
            tuple(self.headers),
            text.encode("utf-8", "replace"),
            None,
            tuple(self.parts),
            tuple(self.ignored),
            _key([self.variables.get(key.strip("${}"), key) for key in self.keys]),
        )
        return _without_key(made)

    def _address(self) -> tuple[str, str]:
        try:
            parts = urlsplit(self.url)
            parts.port  # noqa: B018  (it is looked at only when asked for)
        except ValueError:
            raise BadInput("The address of this curl command cannot be read.") from None
        if parts.scheme.lower() not in ("http", "https"):
            raise BadInput("Only http and https addresses can be called.")
        if "@" in parts.netloc:
            self.ignore("The user name and password in the address were left out.")
            parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        fields = parse_qsl(parts.query, keep_blank_values=True)
        secret = [value for name, value in fields if name.lower() in ("key", "api_key", "api-key", "apikey")]
        if secret:
            self.keys += secret
            fields = [(name, value) for name, value in fields if value not in secret]
            parts = parts._replace(query=urlencode(fields))
        if self.is_query and self.data:
            parts = parts._replace(query="&".join(filter(None, (parts.query, *self.data))))
        has_body = bool((self.data and not self.is_query) or self.parts)
        return urlunsplit(parts._replace(fragment="")), self.method or ("POST" if has_body else "GET")


def _form_value(content: str) -> tuple[str, dict[str, str]]:
    """The value of -F without its quotation marks, and the options behind it (`;type=`, `;filename=`)."""
    if content.startswith('"'):
        value, at = [], 1
        while at < len(content) and content[at] != '"':
            if content[at] == "\\" and content[at + 1 : at + 2] in ('"', "\\"):
                at += 1
            value.append(content[at])
            at += 1
        rest, text = content[at + 1 :], "".join(value)
    else:
        text, _, rest = content.partition(";")
    options = (piece.partition("=") for piece in rest.split(";"))
    return text, {name.strip(): value.strip().strip('"') for name, _, value in options if name.strip()}


def _key(found: list[str]) -> Secret | None:
    """The first key that is one: not a variable, not a placeholder."""
    for text in found:
        value = text.strip()
        if value and value.isascii() and not value.startswith(("$", "<", "{{", "YOUR")) and " " not in value:
            return Secret(value) if value.isprintable() else None
    return None


def _without_key(parsed: Parsed) -> Parsed:
    """The key stands nowhere but in its own field, whatever else the command repeats; then the body is read."""
    if parsed.key is not None and len(parsed.key.reveal()) >= SHORTEST_PART:  # a shorter one is a word like others
        redactor = Redactor()
        redactor.learn(parsed.key)
        clean = redactor.clean
        parsed = replace(
            parsed,
            url=clean(parsed.url),
            endpoint=clean(parsed.endpoint),
            headers=tuple((clean(name), clean(value)) for name, value in parsed.headers),
            body=redactor.clean_bytes(parsed.body),
            parts=tuple(Part(clean(p.name), clean(p.value), p.file_name, p.mime) for p in parsed.parts),
            ignored=tuple(clean(sentence) for sentence in parsed.ignored),
        )
    try:
        value = json.loads(parsed.body) if parsed.body else None
    except (ValueError, RecursionError):
        value = None
    return replace(parsed, json=value)
