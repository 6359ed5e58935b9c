"""A conversation as a page that needs nothing but itself and asks nothing of any network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

import msgspec

from desktop import paths
from desktop.core.conversation import (
    Attachment,
    Audio,
    Message,
    Part,
    Picture,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from desktop.core.pricing import from_pico, shown
from desktop.core.text import visible
from desktop.services.export.html_text import code, escaped, markdown, plain
from desktop.services.export.told import Bytes, Told, day, moment, name_of, state_words

PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
SOUNDS = {"audio/wav", "audio/mpeg", "audio/ogg", "audio/flac", "audio/mp4", "audio/webm"}
EMBEDDED_BYTES = 48 * 1024 * 1024
"""Of pictures and sounds in one page; what is more goes beside it."""

_COLOURS = (
    *("window", "panel", "card", "line", "edge", "hover", "text", "muted", "accent", "warn", "warn_fill", "find"),
    *("code_keyword", "code_string", "code_comment", "code_number", "code_name", "code_type"),
)

Out = Callable[[str], object]


@dataclass(slots=True)
class Embedding:
    """Puts pictures and sounds into the page itself as long as there is room."""

    room: int = EMBEDDED_BYTES

    def address(self, part: Bytes, told: Told) -> str:
        if part.mime not in PICTURES | SOUNDS:
            return ""
        content = told.content(part)
        if content is None or len(content) > self.room:
            return ""
        self.room -= len(content)
        return f"data:{part.mime};base64,{base64.b64encode(content).decode()}"


@lru_cache(maxsize=2)
def dressed(name: str, colours: tuple[str, ...]) -> str:
    """A page's rules with these colours of the application, light and dark."""
    schemes = msgspec.json.decode(paths.resource("theme.json").read_bytes())["schemes"]
    light, dark = (" ".join(f"--{each}: {schemes[scheme][each]};" for each in colours) for scheme in ("light", "dark"))
    rules = paths.resource("export", name).read_text("utf-8")
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{rules}"


def style() -> str:
    return dressed("page.css", _COLOURS)


def start(title: str, *, is_alone: bool, up: str = "", has_script: bool = False) -> Iterator[str]:
    """Up to the body's content. Alone: the style is inside; else a page of a folder, `up` is the way to its top.

    Nothing may be loaded but what the page names here: in a folder opened from a disk "file:" is what "'self'" is
    on a server.
    """
    rules = style()
    if is_alone:
        hashed = base64.b64encode(hashlib.sha256(rules.encode()).digest()).decode()
        sources = f"style-src 'sha256-{hashed}'; img-src data: 'self' file:; media-src data: 'self' file:"
    else:
        sources = "style-src 'self' file:; img-src 'self' file:; media-src 'self' file:"
        sources += "; script-src 'self' file:" if has_script else ""
    policy = f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="referrer" content="no-referrer">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{escaped(title)}</title>\n"
    yield f"<style>{rules}</style>\n" if is_alone else f'<link rel="stylesheet" href="{up}style.css">\n'
    yield "</head>\n<body>\n"


END = "</body>\n</html>\n"


def write(told: Told, out: Out, *, embedding: Embedding | None = None, up: str | None = None) -> None:
    """One page: alone where `up` is None, else a page of a folder with the way to its top."""
    for piece in start(told.title, is_alone=up is None, up=up or ""):
        out(piece)
    out("<main>\n")
    if up is not None:
        out(f'<a class="back" href="{up}index.html">All conversations</a>\n')
    out(f'<h1 dir="auto">{escaped(told.title)}</h1>\n{facts(told)}')
    if told.conversation.system.strip():
        out(_article("system", "System", "", plain(told.conversation.system.strip())))
    for stretch in told.stretches():
        if stretch.number > 1:
            where = f"after turn {stretch.after}" if stretch.after else "from the start"
            out(f'<p class="branch">Another branch, {where}</p>\n')
        for message in told.messages(stretch):
            out(_turn(message, told, embedding))
    out(f"</main>\n{END}")


def facts(told: Told) -> str:
    about = told.conversation
    said = [escaped(day(about.created)), escaped(visible(about.model))]
    said += [f'<span class="tag">{escaped(visible(tag))}</span>' for tag in about.tags]
    return f'<div class="facts">{"".join(f"<span>{fact}</span>" for fact in said if fact)}</div>\n'


def _article(kind: str, name: str, caption: str, words: str) -> str:
    about = f'<span class="caption">{caption}</span>' if caption else ""
    head = f'<div class="role">{name}{about}</div>'
    return f'<article class="turn {kind}">\n{head}\n<div class="words">{words}</div>\n</article>\n'


def _turn(message: Message, told: Told, embedding: Embedding | None) -> str:
    role = message.role.value
    cost = shown(from_pico(message.cost_pico)) if message.cost_pico else ""
    caption = " · ".join(escaped(fact) for fact in (visible(message.model), moment(message.created), cost) if fact)
    words = "".join(_part(part, message.role, told, embedding) for part in message.parts)
    if state := state_words(message):
        words += f'<p class="state">{escaped(state)}</p>'
    return _article(role, role.capitalize(), caption, words)


def _part(part: Part, role: Role, told: Told, embedding: Embedding | None) -> str:
    match part:
        case Text():
            return markdown(part.text) if role is Role.ASSISTANT else plain(part.text)
        case Refusal():
            return plain(part.text)
        case Reasoning():
            return f'<details class="reasoning"><summary>Reasoning</summary>{plain(part.text)}</details>'
        case Picture() | Audio() | Attachment():
            return _file(part, told, embedding)
        case ToolCall():
            return f'<p class="caption">Tool call: {escaped(visible(part.name))}</p>{code(part.arguments, "json")}'
        case ToolResult():
            return f'<p class="caption">{"Failed" if part.is_error else "Result"}</p>{code(part.text)}'


def _file(part: Bytes, told: Told, embedding: Embedding | None) -> str:
    name = escaped(name_of(part))
    address = embedding.address(part, told) if embedding else ""
    address = address or quote(told.link(part))
    said = plain(part.transcript) if isinstance(part, Audio) and part.transcript else ""
    if not address:
        return f'<figure><span class="remote">{name}</span>{said}</figure>'
    if isinstance(part, Picture) and part.mime in PICTURES:
        return f'<figure><img src="{address}" alt="{name}" loading="lazy"></figure>'
    if isinstance(part, Audio) and part.mime in SOUNDS:
        player = f'<audio controls preload="none" src="{address}"></audio>'
        return f'<figure>{player}<span class="caption">{name}</span>{said}</figure>'
    return f'<figure><a class="file" href="{address}" download>{name}</a>{said}</figure>'
