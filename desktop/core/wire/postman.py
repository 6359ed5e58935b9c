"""Collections of requests: made of calls, and read from files of other programs (Postman's form v2.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, urlencode, urlsplit

import msgspec
from msgspec import Struct

from desktop.core.calls import Part
from desktop.core.errors import BadFile, BadInput
from desktop.core.ids import new_id
from desktop.core.wire.exchange import AUTH_HEADERS, Exchange, Headers, auth_header, portable_headers

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
BASE_URL, KEY, MODEL = "BASE_URL", "OPENAI_API_KEY", "MODEL"
DEPTH = 20
REQUESTS = 5000

_VARIABLE = re.compile(r"\{\{\s*([^{}\s]{1,100})\s*\}\}")


class Saved(Struct, frozen=True, omit_defaults=True):
    """One request of a collection, its variables as `{{NAME}}`. `folder` are the folders it is in, outermost first.

    `body` is text; a form has `parts`, of which files have only a name.
    """

    id: str
    name: str
    method: str
    url: str
    folder: tuple[str, ...] = ()
    headers: Headers = ()
    body: str = ""
    content_type: str = ""
    parts: tuple[Part, ...] = ()


class Collection(Struct, frozen=True, omit_defaults=True):
    """Requests to be run with variables filled in. `left_out` names in sentences what was not taken over."""

    id: str
    name: str
    requests: tuple[Saved, ...] = ()
    variables: dict[str, str] = {}
    left_out: tuple[str, ...] = ()


# --- out


def postman(exchanges: Iterable[Exchange], name: str) -> dict[str, Any]:
    """A collection of these calls as JSON values; address, key and model are variables."""
    listed = list(exchanges)
    model = next((exchange.model for exchange in listed if exchange.model), "")
    base = next((exchange.base_url for exchange in listed if exchange.base_url), "")
    variables = [(BASE_URL, base.rstrip("/")), (KEY, ""), (MODEL, model)]
    return {
        "info": {"_postman_id": new_id(), "name": name, "schema": SCHEMA},
        "item": [_item(exchange) for exchange in listed],
        "variable": [{"key": key, "value": value, "type": "string"} for key, value in variables],
    }


def _item(exchange: Exchange) -> dict[str, Any]:
    path = exchange.endpoint.strip("/")
    url: dict[str, Any] = {"host": [f"{{{{{BASE_URL}}}}}"], "path": path.split("/")}
    url["raw"] = f"{{{{{BASE_URL}}}}}/{path}" + ("?" + urlencode(exchange.query) if exchange.query else "")
    if exchange.query:
        url["query"] = [{"key": key, "value": value} for key, value in exchange.query]
    headers = [{"key": key, "value": value} for key, value in portable_headers(exchange)]
    request: dict[str, Any] = {"method": exchange.method, "url": url}
    if name := auth_header(exchange):
        prefix = "Bearer " if name.lower() == "authorization" else ""
        headers.insert(0, {"key": name, "value": f"{prefix}{{{{{KEY}}}}}"})
    if exchange.parts:
        headers = [each for each in headers if each["key"].lower() != "content-type"]
        request["body"] = {"mode": "formdata", "formdata": [_form_field(part) for part in exchange.parts]}
    elif exchange.body:
        text = _with_model(exchange.body.decode("utf-8", "replace"), exchange.model)
        request["body"] = {"mode": "raw", "raw": text, "options": {"raw": {"language": "json"}}}
    request["header"] = headers
    return {"name": f"{exchange.method} {exchange.endpoint}", "request": request, "response": []}


def _form_field(part: Part) -> dict[str, Any]:
    if part.file_name is None:
        return {"key": part.name, "value": part.value, "type": "text"}
    return {
        "key": part.name,
        "src": part.file_name,
        "type": "file",
        **({"contentType": part.mime} if part.mime else {}),
    }


def _with_model(body: str, model: str) -> str:
    """The body with the variable in place of the model's name, where it has one."""
    if not model:
        return body
    name = re.escape(msgspec.json.encode(model).decode())
    return re.sub(rf'("model"\s*:\s*){name}', lambda found: f'{found[1]}"{{{{{MODEL}}}}}"', body, count=1)


# --- in


def read_collection(data: bytes) -> Collection:
    """Read a file of the form v2.1 (or 2.0). Raises BadFile. Scripts are never run; keys are not taken over."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadFile(f"This file is no JSON: {error}.") from None
    if not isinstance(value, dict) or not isinstance(value.get("item"), list):
        raise BadFile("This file is no Postman collection.", "Export it from Postman in the form v2.1.")
    info = value.get("info")
    name = _text(info.get("name")) if isinstance(info, dict) else ""
    reading = _Reading()
    reading.variables = _variables(value.get("variable"))
    reading.mark(value, "the collection")
    reading.items(value["item"], ())
    reading.variables.pop(KEY, None)
    return Collection(
        new_id(), name or "Collection", tuple(reading.requests), reading.variables, tuple(reading.left_out)
    )


class _Reading:
    def __init__(self) -> None:
        self.requests: list[Saved] = []
        self.left_out: list[str] = []
        self.variables: dict[str, str] = {}

    def leave(self, sentence: str) -> None:
        if sentence not in self.left_out and len(self.left_out) < 100:
            self.left_out.append(sentence)

    def mark(self, node: dict[str, Any], where: str) -> None:
        """Name what is never acted on."""
        for event in _listed(node.get("event")):
            kind = {"prerequest": "script before the request", "test": "test script"}.get(_text(event.get("listen")))
            self.leave(f"The {kind or 'script'} of {where} is not run.")
        if isinstance(node.get("auth"), dict):
            kind = _text(node["auth"].get("type")) or "unknown"
            self.leave(f"The sign-in of {where} ({kind}) was left out: the profile's key is used.")

    def items(self, items: object, folder: tuple[str, ...]) -> None:
        for item in _listed(items):
            name = _text(item.get("name")) or "Untitled"
            if "item" in item:
                self.mark(item, f"the folder “{name}”")
                self.variables = _variables(item.get("variable")) | self.variables
                if len(folder) < DEPTH:
                    self.items(item["item"], (*folder, name))
                else:
                    self.leave(f"The folder “{name}” is too deep and was left out.")
            elif len(self.requests) >= REQUESTS:
                self.leave(f"Only the first {REQUESTS:,} requests were taken.")
            else:
                self.request(item, name, folder)

    def request(self, item: dict[str, Any], name: str, folder: tuple[str, ...]) -> None:
        self.mark(item, f"“{name}”")
        request = item.get("request")
        if isinstance(request, str):
            request = {"url": request}
        if not isinstance(request, dict):
            self.leave(f"“{name}” has no request.")
            return
        self.mark(request, f"“{name}”")
        body, kind, parts = self.body(request.get("body"), name)
        headers = self.headers(request.get("header"), name)
        given = next((value for key, value in headers if key.lower() == "content-type"), "")
        self.requests.append(
            Saved(
                new_id(),
                name,
                (_text(request.get("method")) or "GET").upper(),
                _url(request.get("url")),
                folder,
                tuple((key, value) for key, value in headers if key.lower() != "content-type"),
                body,
                given if given and not parts else kind,
                parts,
            )
        )

    def headers(self, headers: object, name: str) -> list[tuple[str, str]]:
        found = []
        for each in _listed(headers):
            key, value = _text(each.get("key")), _text(each.get("value"))
            if each.get("disabled") or not key:
                continue
            if key.lower() in AUTH_HEADERS:
                self.leave(f"The header {key} of “{name}” was left out: the profile's key is used.")
            else:
                found.append((key, value))
        return found

    def body(self, body: object, name: str) -> tuple[str, str, tuple[Part, ...]]:
        """Text, content type and parts."""
        if not isinstance(body, dict) or body.get("disabled"):
            return "", "", ()
        mode = body.get("mode")
        if mode == "raw":
            return _text(body.get("raw")), "application/json", ()
        if mode == "urlencoded":
            fields = [each for each in _listed(body.get("urlencoded")) if not each.get("disabled")]
            pairs = [f"{_encoded(each.get('key'))}={_encoded(each.get('value'))}" for each in fields]
            return "&".join(pairs), "application/x-www-form-urlencoded", ()
        if mode == "formdata":
            return "", "multipart/form-data", tuple(self.parts(body.get("formdata")))
        if mode:
            self.leave(f"The body of “{name}” ({mode}) was left out.")
        return "", "", ()

    def parts(self, fields: object) -> Iterable[Part]:
        for each in _listed(fields):
            if each.get("disabled"):
                continue
            key, mime = _text(each.get("key")), _text(each.get("contentType"))
            if each.get("type") == "file":
                sources = each.get("src")
                for source in sources if isinstance(sources, list) else [sources]:
                    file_name = _text(source).replace("\\", "/").rpartition("/")[2]
                    self.leave(f"The file “{file_name}” is not read: choose it when the request is run.")
                    yield Part(key, file_name=file_name or "file", mime=mime)
            else:
                yield Part(key, _text(each.get("value")), mime=mime)


def _url(url: object) -> str:
    if isinstance(url, str):
        return url
    if not isinstance(url, dict):
        return ""
    if isinstance(url.get("query"), list):  # so that disabled fields are not sent
        fields = [each for each in _listed(url["query"]) if not each.get("disabled")]
        asked = "&".join(f"{_text(each.get('key'))}={_text(each.get('value'))}" for each in fields)
        return _bare(url) + ("?" + asked if asked else "")
    return _text(url.get("raw")) or _bare(url)


def _bare(url: dict[str, Any]) -> str:
    if raw := _text(url.get("raw")):
        return raw.partition("?")[0]
    host, path = url.get("host"), url.get("path")
    joined = ".".join(map(_text, host)) if isinstance(host, list) else _text(host)
    below = "/".join(map(_text, path)) if isinstance(path, list) else _text(path)
    scheme = _text(url.get("protocol"))
    return (f"{scheme}://" if scheme else "") + joined + ("/" + below if below else "")


def _variables(listed: object) -> dict[str, str]:
    return {_text(each.get("key")) or _text(each.get("id")): _text(each.get("value")) for each in _listed(listed)}


def _listed(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _encoded(value: object) -> str:
    """Quoted for a form, but for variables, which are filled in later."""
    text = _text(value)
    return "".join(piece if _VARIABLE.fullmatch(piece) else quote_plus(piece)
                   for piece in re.split(r"(\{\{[^{}]*\}\})", text))  # fmt: skip


# --- to be run


def filled(text: str, variables: Mapping[str, str], *, inside: str = "") -> str:
    """The text with its variables; raises BadInput that names one nobody gave. `inside` is "json" where a value goes
    into a JSON text and "url" where it goes into an address."""

    def fill(found: re.Match[str]) -> str:
        if found[1] not in variables:
            raise BadInput(f"The variable {found[1]} has no value.", "Give it one and run the request again.")
        value = variables[found[1]]
        if inside == "json":
            return msgspec.json.encode(value).decode()[1:-1]
        return quote(value, safe="") if inside == "url" and found[1] != BASE_URL else value

    return _VARIABLE.sub(fill, text)


def variables_of(request: Saved) -> tuple[str, ...]:
    """The names of the variables a request needs, in the order in which they come."""
    texts = (request.url, request.body, *(value for _, value in request.headers), *(p.value for p in request.parts))
    return tuple(dict.fromkeys(found[1] for text in texts for found in _VARIABLE.finditer(text)))


def below(url: str, base_url: str) -> str:
    """The path and query of an address below a profile's; raises BadInput for one that is elsewhere."""
    base, target = urlsplit(base_url), urlsplit(url)
    start = base.path.rstrip("/") + "/"
    same = (target.scheme.lower(), target.netloc.lower()) == (base.scheme.lower(), base.netloc.lower())
    if not same or not target.path.startswith(start) or ".." in target.path.split("/"):
        place = target.netloc or url[:80] or "nowhere"
        raise BadInput(
            f"This request goes to {place}, which is not the profile's address.",
            "Choose the profile of that address, or change the request.",
        )
    return target.path[len(start) - 1 :] + (f"?{target.query}" if target.query else "")
