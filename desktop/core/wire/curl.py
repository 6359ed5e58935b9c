"""A call as a curl command for a POSIX shell, which sends exactly the same body; the key is an environment variable."""

from __future__ import annotations

from desktop.core.calls import Part
from desktop.core.errors import BadInput
from desktop.core.wire.exchange import Exchange, Headers, auth_header, portable_headers
from desktop.core.wire.shell_words import quoted

KEY_VARIABLE = "OPENAI_API_KEY"
ARGUMENT_BYTES = 100_000
"""Longer bodies go in by standard input: systems refuse a single argument of 128 KiB."""


def curl(exchange: Exchange) -> str:
    """The call as one command for a POSIX shell; the key comes from the environment.

    Raises BadInput where it holds bytes that no command line can carry.
    """
    lines = [f"curl {_word(exchange.url)}"]
    if any(letter in exchange.url for letter in "[]{}"):
        lines[0] = f"curl -g {_word(exchange.url)}"
    has_body = bool(exchange.body or exchange.parts)
    if exchange.method != ("POST" if has_body else "GET"):
        lines.append(f"-X {_word(exchange.method)}")
    if name := auth_header(exchange):
        value = f"Bearer ${KEY_VARIABLE}" if name.lower() == "authorization" else f"${KEY_VARIABLE}"
        lines.append(f'-H "{name}: {value}"')
    lines += [f"-H {_word(_header(name, value))}" for name, value in _headers(exchange)]
    if exchange.is_stream or b'"stream":true' in exchange.body[-4096:].replace(b" ", b""):
        lines.append("-N")
    lines += [_form(part) for part in exchange.parts]
    before = ""
    if exchange.body and not exchange.parts:
        body = _text(exchange.body)
        if len(exchange.body) > ARGUMENT_BYTES:
            before = f"printf %s {_always_quoted(body)} | "
            lines.append("--data-binary @-")
        else:
            lines.append(f"--data-raw {_always_quoted(body)}")
    return before + " \\\n  ".join(lines)


def _headers(exchange: Exchange) -> Headers:
    kept = portable_headers(exchange)
    if exchange.parts:  # curl makes the line with its own boundary
        kept = tuple((name, value) for name, value in kept if name.lower() != "content-type")
    return kept


def _header(name: str, value: str) -> str:
    return f"{name}: {value}" if value.strip() else f"{name};"


def _form(part: Part) -> str:
    if part.file_name is None:
        return f"--form-string {_word(f'{part.name}={part.value}')}"
    name = part.file_name.replace("\\", "\\\\").replace('"', '\\"')
    kind = f";type={part.mime}" if part.mime else ""
    field = f'{part.name}=@"{name}"{kind}'
    return f"-F {_always_quoted(_checked(field))}"


def _text(body: bytes) -> str:
    try:
        return _checked(body.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    raise BadInput("This request holds bytes that no command line can carry.", "Export it as a HAR file instead.")


def _checked(text: str) -> str:
    if "\0" in text:
        raise BadInput("This request holds bytes that no command line can carry.", "Export it as a HAR file instead.")
    return text


def _word(text: str) -> str:
    return quoted(_checked(text))


def _always_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
