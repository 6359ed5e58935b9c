"""A call as a program: Python with the openai SDK, Python with httpx, JavaScript with the openai SDK."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from desktop.core.calls import Part
from desktop.core.errors import BadInput
from desktop.core.wire.curl import KEY_VARIABLE
from desktop.core.wire.exchange import Exchange, auth_header, header, portable_headers

WIDTH = 100
_SDK_HEADERS = frozenset({"content-type", "openai-organization", "openai-project"})

_METHODS = {
    ("POST", "/chat/completions"): "chat.completions.create",
    ("POST", "/responses"): "responses.create",
    ("POST", "/completions"): "completions.create",
    ("POST", "/embeddings"): "embeddings.create",
    ("POST", "/moderations"): "moderations.create",
    ("POST", "/images/generations"): "images.generate",
    ("POST", "/images/edits"): "images.edit",
    ("POST", "/audio/speech"): "audio.speech.create",
    ("POST", "/audio/transcriptions"): "audio.transcriptions.create",
    ("POST", "/audio/translations"): "audio.translations.create",
    ("POST", "/files"): "files.create",
    ("POST", "/batches"): "batches.create",
    ("POST", "/fine_tuning/jobs"): "fine_tuning.jobs.create",
    ("GET", "/models"): "models.list",
    ("GET", "/files"): "files.list",
    ("GET", "/batches"): "batches.list",
    ("GET", "/fine_tuning/jobs"): "fine_tuning.jobs.list",
}
_CHAT_NAMES = frozenset(
    {
        "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
        "max_tokens", "messages", "metadata", "modalities", "model", "n", "parallel_tool_calls", "prediction",
        "presence_penalty", "prompt_cache_key", "reasoning_effort", "response_format", "safety_identifier", "seed",
        "service_tier", "stop", "store", "stream", "stream_options", "temperature", "tool_choice", "tools",
        "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
    }
)  # fmt: skip
"""What the SDK's method for chat takes by name; all else goes as `extra_body`, which it sends as it is."""


def python_openai(exchange: Exchange) -> str:
    """A program for the openai package. Raises BadInput for a body that is no JSON object."""
    body, sdk = _body(exchange), _METHODS.get((exchange.method, exchange.endpoint))
    lines = ["import os", "", "from openai import OpenAI", "", "client = OpenAI("]
    lines += [f"    {line}," for line in _python_client(exchange)]
    lines += [")"]
    arguments = [(part.name, _python_file(part)) for part in exchange.parts]
    if sdk is None:
        arguments = [("cast_to", "object")]
        if isinstance(body, dict) or exchange.query:
            arguments.append(("body", _python(body, 1))) if body is not None else None
            arguments.append(("options", _python({"params": dict(exchange.query)}, 1))) if exchange.query else None
        call = f"client.{exchange.method.lower()}({_python(exchange.endpoint, 0)}"
        return _joined(lines, call + ", ", arguments, is_stream=False)
    named, other = _named(exchange, body or {})
    arguments += [(name, _python(value, 1)) for name, value in named.items()]
    if other:
        arguments.append(("extra_body", _python(other, 1)))
    if exchange.query:
        arguments.append(("extra_query", _python(dict(exchange.query), 1)))
    if extra := _extra_headers(exchange):
        arguments.append(("extra_headers", _python(extra, 1)))
    return _joined(lines, f"client.{sdk}(", arguments, is_stream=bool((body or {}).get("stream")))


def _joined(lines: list[str], call: str, arguments: list[tuple[str, str]], *, is_stream: bool) -> str:
    lines += ["", f"reply = {call}", *(f"    {name}={value}," for name, value in arguments), ")"]
    lines += ["for event in reply:", "    print(event)"] if is_stream else ["print(reply)"]
    return "\n".join(lines) + "\n"


def _python_client(exchange: Exchange) -> list[str]:
    made = [f'api_key=os.environ["{KEY_VARIABLE}"]', f"base_url={_python(_base(exchange), 0)}"]
    for name, argument in (("openai-organization", "organization"), ("openai-project", "project")):
        if value := header(exchange.request_headers, name):
            made.append(f"{argument}={_python(value, 0)}")
    return made


def python_httpx(exchange: Exchange) -> str:
    """A program for httpx that sends exactly the same body."""
    lines = ["import os", "", "import httpx", ""]
    given = [f"    {_python(name, 0)}: {_python(value, 0)}," for name, value in _plain_headers(exchange)]
    if name := auth_header(exchange):
        value = f'os.environ["{KEY_VARIABLE}"]'
        value = f'"Bearer " + {value}' if name.lower() == "authorization" else value
        given.insert(0, f"    {_python(name, 0)}: {value},")
    lines += ["headers = {", *given, "}"]
    arguments = ["headers=headers", *_httpx_body(exchange), "timeout=600"]
    target = f"{_python(exchange.method, 0)}, {_python(exchange.url, 0)}"
    inner = [f"    {target},", *(f"    {argument}," for argument in arguments)]
    if exchange.is_stream:
        lines += ["with httpx.stream(", *inner, ") as reply:", "    for line in reply.iter_lines():"]
        lines += ["        print(line)"]
    else:
        lines += ["reply = httpx.request(", *inner, ")", "print(reply.status_code, reply.text)"]
    return "\n".join(lines) + "\n"


def _httpx_body(exchange: Exchange) -> list[str]:
    if exchange.parts:
        values = [(part.name, part.value) for part in exchange.parts if part.file_name is None]
        fields: dict[str, Any] = {}
        for name, value in values:
            fields[name] = [*fields[name], value] if name in fields else [value]
        files = ", ".join(
            f"({_python(p.name, 0)}, {_python_file(p)})" for p in exchange.parts if p.file_name is not None
        )
        fields = {name: found[0] if len(found) == 1 else found for name, found in fields.items()}
        made = [f"data={_python(fields, 1)}"] if fields else []
        return [*made, f"files=[{files}]"] if files else made
    if not exchange.body:
        return []
    try:
        text = exchange.body.decode("utf-8")
        value = json.loads(text)
        # httpx writes JSON in this form: where it is the body's own, the program can show it as values.
        if json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False) == text:
            return [f"json={_python(value, 1)}"]
        return [f"content={_python(text, 0)}.encode()"]
    except (ValueError, RecursionError):
        return [f"content={exchange.body!r}"]


def javascript_openai(exchange: Exchange) -> str:
    """A module for the openai package. Raises BadInput for a body that is no JSON object."""
    body, sdk = _body(exchange), _METHODS.get((exchange.method, exchange.endpoint))
    has_files = any(part.file_name is not None for part in exchange.parts)
    lines = ['import fs from "node:fs";'] if has_files else []
    lines += ['import OpenAI from "openai";', "", "const client = new OpenAI({"]
    lines += [f"  apiKey: process.env.{KEY_VARIABLE},", f"  baseURL: {_script(_base(exchange), 1)},"]
    for name, option in (("openai-organization", "organization"), ("openai-project", "project")):
        if value := header(exchange.request_headers, name):
            lines.append(f"  {option}: {_script(value, 1)},")
    lines += ["});", ""]
    fields = [(part.name, _script_file(part)) for part in exchange.parts]
    fields += [(name, _script(value, 1)) for name, value in (body or {}).items()]
    given = "".join(f"\n  {_script_name(name)}: {value}," for name, value in fields)
    given = f"{{{given}\n}}" if fields else ""
    options = {"query": dict(exchange.query)} if exchange.query else {}
    options |= {"headers": extra} if (extra := _extra_headers(exchange)) else {}
    if sdk is None:
        more = ([f"body: {given}"] if given else []) + [f"{name}: {_script(v, 0)}" for name, v in options.items()]
        rest = f", {{ {', '.join(more)} }}" if more else ""
        call = f"{exchange.method.lower()}({_script(exchange.endpoint, 0)}{rest})"
    else:
        extra_argument = [_script(options, 0)] if options else []
        call = f"{_camel(sdk)}({', '.join(filter(None, [given or ('{}' if options else ''), *extra_argument]))})"
    lines.append(f"const reply = await client.{call};")
    if (body or {}).get("stream") and sdk:
        lines += ["for await (const event of reply) {", "  console.log(JSON.stringify(event));", "}"]
    else:
        lines.append("console.log(reply);")
    return "\n".join(lines) + "\n"


# --- what the three share


def _body(exchange: Exchange) -> dict[str, Any] | None:
    if not exchange.body or exchange.parts:
        return None
    try:
        value = json.loads(exchange.body)
        json.dumps(value, allow_nan=False)  # a number that no program can write as it is
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadInput("This request's body is no JSON object, so the SDK cannot send it.", "Copy it as curl or httpx.")
    return value


def _base(exchange: Exchange) -> str:
    """The address that the endpoint is below."""
    if exchange.base_url:
        return urlunsplit(urlsplit(exchange.base_url)._replace(query="", fragment=""))
    parts = urlsplit(exchange.url)
    return urlunsplit((parts.scheme, parts.netloc, exchange.path.removesuffix(exchange.endpoint), "", ""))


def _plain_headers(exchange: Exchange) -> list[tuple[str, str]]:
    return [(n, v) for n, v in portable_headers(exchange) if not (exchange.parts and n.lower() == "content-type")]


def _extra_headers(exchange: Exchange) -> dict[str, str]:
    return {name: value for name, value in portable_headers(exchange) if name.lower() not in _SDK_HEADERS}


def _named(exchange: Exchange, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that the SDK's method takes by name, and the others."""
    is_chat = exchange.endpoint == "/chat/completions"
    named = {name: value for name, value in body.items() if (name in _CHAT_NAMES if is_chat else _is_argument(name))}
    return named, {name: value for name, value in body.items() if name not in named}


def _is_argument(name: str) -> bool:
    """Python would change a name with letters beyond ASCII, and some arguments are the SDK's own."""
    is_name = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return is_name and name not in ("self", "timeout", "extra_body", "extra_headers", "extra_query")


def _python_file(part: Part) -> str:
    if part.file_name is None:
        return _python(part.value, 0)
    name = _python(part.file_name, 0)
    opened = f'open({name}, "rb")'
    return f"({name}, {opened}, {_python(part.mime, 0)})" if part.mime else f"({name}, {opened})"


def _script_file(part: Part) -> str:
    if part.file_name is None:
        return _script(part.value, 0)
    return f"fs.createReadStream({_script(part.file_name, 0)})"


def _python(value: Any, level: int) -> str:
    """A JSON value as Python writes it; one that is too long for a line is laid out."""
    return _literal(value, level, "    ", _python_one, _python_one)


def _python_one(value: Any) -> str:
    return repr(value)


def _script(value: Any, level: int) -> str:
    return _literal(value, level, "  ", lambda each: json.dumps(each), lambda name: _script_name(str(name)))


def _script_name(name: str) -> str:
    """A key of an object. `__proto__` would otherwise set the object's prototype."""
    if name == "__proto__":
        return '["__proto__"]'
    return name if re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", name) else json.dumps(name)


def _literal(value: Any, level: int, step: str, one: Callable[[Any], str], key: Callable[[Any], str]) -> str:
    if not isinstance(value, dict | list) or not value:
        return one(value)
    if isinstance(value, dict):
        pieces = [f"{key(name)}: {_literal(inner, level + 1, step, one, key)}" for name, inner in value.items()]
    else:
        pieces = [_literal(inner, level + 1, step, one, key) for inner in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    flat = first + ", ".join(pieces) + last
    if "\n" not in flat and len(flat) + level * len(step) < WIDTH:
        return flat
    inside = "".join(f"{step * (level + 1)}{piece},\n" for piece in pieces)
    return f"{first}\n{inside}{step * level}{last}"


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
