"""A pasted or kept call as what a page's form is filled with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from desktop.core.calls import Part
from desktop.core.wire.endpoints import page_of
from desktop.core.wire.exchange import Exchange
from desktop.core.wire.pasted import Parsed, guessed_endpoint
from desktop.core.wire.views import loaded

_OURS = {"stream": "The page always asks for a stream.", "stream_options": ""}


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a request; `content` is the wire's own form where it is more than text."""

    role: str
    text: str
    content: Any = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a form is filled with. `page` is empty where no page takes such a call.

    For chat: `system`, the `messages` before the last one of the user, and that one as `draft`. `parameters` is the
    rest of the body, as the catalog names it. `ignored` names in sentences what was not taken over.
    """

    page: str
    endpoint: str
    model: str = ""
    system: str = ""
    messages: tuple[Said, ...] = ()
    draft: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    ignored: tuple[str, ...] = ()


def request_for_page(call: Parsed | Exchange) -> PageRequest:
    """Which page a call belongs to and what its form would hold; never raises, whatever the body is."""
    if isinstance(call, Exchange):
        body, endpoint, ignored = loaded(call.body), call.endpoint, tuple[str, ...]()
    else:
        body, endpoint, ignored = call.json, call.endpoint, call.ignored
    page = page_of(endpoint or guessed_endpoint(body))
    given = dict(body) if isinstance(body, dict) else {part.name: part.value for part in call.parts if part.value}
    model = given.pop("model", "")
    model = model if isinstance(model, str) else ""
    said = ignored + tuple(sentence for name, sentence in _OURS.items() if name in given and sentence)
    if page == "chat":
        return _chat(endpoint, model, {k: v for k, v in given.items() if k not in _OURS}, said)
    return PageRequest(page, endpoint, model, parameters=given, parts=call.parts, ignored=said)


def _chat(endpoint: str, model: str, given: dict[str, Any], ignored: tuple[str, ...]) -> PageRequest:
    """Chat completions and responses alike: a list of messages, or one text."""
    listed = given.pop("messages", None)
    if listed is None:
        listed = given.pop("input", given.pop("prompt", None))
    messages = [_said(each) for each in listed] if isinstance(listed, list) else []
    if isinstance(listed, str):
        messages = [Said("user", listed)]
    system = given.pop("instructions", "") if isinstance(given.get("instructions"), str) else ""
    while messages and messages[0].role in ("system", "developer"):
        system = "\n\n".join(filter(None, (system, messages.pop(0).text)))
    draft = ""
    if messages and messages[-1].role == "user":
        last = messages.pop()
        draft = last.text
        if last.content is not None and any(not _is_text(part) for part in last.content):
            ignored += ("Pictures and files of the message were left out; attach them again.",)
    return PageRequest("chat", endpoint, model, system, tuple(messages), draft, given, ignored=ignored)


def _said(message: Any) -> Said:
    if not isinstance(message, dict):
        return Said("user", message if isinstance(message, str) else "")
    role, content = message.get("role"), message.get("content")
    role = role if isinstance(role, str) else "user"
    if isinstance(content, str):
        return Said(role, content)
    parts = content if isinstance(content, list) else []
    texts = (part.get("text") for part in parts if isinstance(part, dict))
    return Said(role, "".join(text for text in texts if isinstance(text, str)), parts or None)


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)
