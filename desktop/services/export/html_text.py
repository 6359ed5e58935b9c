"""Texts of others as HTML: everything escaped, Markdown without HTML, links that tell nobody where one came from."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, MutableMapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from desktop.core.text import scalar, visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST_TEXT, LONGEST_LINE, LONGEST_CODE, LONGEST_CODE_LINE = 200_000, 10_000, 40_000, 2_000
MOST_MARKS, DEEPEST = 4_000, 24
"""What goes past these is shown as it was typed: reading it as Markdown could take minutes."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_MARKS = re.compile(r"[`\[\]*_~|]+")
_NESTED = re.compile(rf"^[ \t]*(?:(?:>|[-*+]|\d{{1,9}}[.)])[ \t]*){{{DEEPEST}}}", re.MULTILINE)
_SCHEMES = {"http", "https", "mailto"}
_LEXER_NAME = re.compile(r"[A-Za-z0-9_+#.-]{1,30}")
_CLASSES = {
    "Keyword": "k",
    "Operator.Word": "k",
    "Literal.String": "s",
    "Comment": "c",
    "Literal.Number": "n",
    "Name.Function": "f",
    "Name.Class": "t",
    "Name.Builtin": "f",
    "Name.Tag": "k",
    "Name.Attribute": "f",
    "Name.Decorator": "f",
}


def escaped(text: str) -> str:
    """Text between tags or in a quoted attribute. What HTML does not allow at all is U+FFFD."""
    return html.escape(_CONTROL.sub("\ufffd", scalar(text)), quote=True)


def plain(text: str) -> str:
    """Text as it was typed, with its lines."""
    return f'<div class="plain" dir="auto">{escaped(text)}</div>'


def code(text: str, language: str = "") -> str:
    """A block of code with its language above it; characters that reorder others are shown as marks."""
    name = f"<figcaption>{escaped(visible(language))}</figcaption>" if language else ""
    return f'<figure class="code">{name}<pre><code>{"".join(_coloured(visible(text), language))}</code></pre></figure>'


def markdown(text: str) -> str:
    """Markdown as HTML, or the text as it is where it is too hostile to be read."""
    if is_hostile(text):
        return plain(text)
    return str(_parser().render(_CONTROL.sub("\ufffd", scalar(text))))


def is_hostile(text: str) -> bool:
    if len(text) > LONGEST_TEXT or max(map(len, text.split("\n"))) > LONGEST_LINE or _NESTED.search(text):
        return True
    return any(count > MOST_MARKS for count, _ in enumerate(_MARKS.finditer(text), 1))


def safe_address(address: str) -> str:
    """An address a click may open, "" for any other."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return ""
    return address.strip() if parts.scheme.lower() in _SCHEMES and (parts.netloc or parts.scheme == "mailto") else ""


def _coloured(text: str, language: str) -> Iterator[str]:
    is_short = len(text) <= LONGEST_CODE and max(map(len, text.split("\n"))) <= LONGEST_CODE_LINE
    lexer = _lexer(language.lower()) if is_short else None
    if lexer is None:
        yield escaped(text)
        return
    for kind, words in lexer.get_tokens(text):
        name = _class_of(str(kind).removeprefix("Token."))
        yield f'<span class="{name}">{escaped(words)}</span>' if name and words.strip() else escaped(words)


@lru_cache(maxsize=1000)
def _class_of(kind: str) -> str:
    while kind:
        if kind in _CLASSES:
            return _CLASSES[kind]
        kind = kind.rpartition(".")[0]
    return ""


@lru_cache(maxsize=100)
def _lexer(name: str) -> Any:
    if not _LEXER_NAME.fullmatch(name):
        return None
    from pygments.lexers import get_lexer_by_name  # slow to import
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # slow to import

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}).enable(["table", "strikethrough"])
    parser.disable(["html_block", "html_inline"])
    for rule in (_fence, _code_block, _image, _link_open, _link_close, _table_open, _table_close):
        parser.add_render_rule(rule.__name__.removeprefix("_"), rule)
    parser.core.ruler.push("directions_and_sides", _directions_and_sides)
    parser.validateLink = _any_address  # type: ignore[method-assign]
    return parser


def _directions_and_sides(state: Any) -> None:
    """Each block runs the way of its own first letter; sides of cells are classes, as the page allows no styles."""
    for token in state.tokens:
        if token.nesting == 1 and token.level == 0:
            token.attrSet("dir", "auto")
        if style := token.attrs.pop("style", ""):
            token.attrSet("class", str(style).removeprefix("text-align:"))


def _any_address(url: str) -> bool:
    """`_link_open` decides; refused here, a link would be shown as it was typed."""
    return True


Tokens = Sequence["Token"]
Env = MutableMapping[str, Any]


def _fence(renderer: Any, tokens: Tokens, at: int, options: Any, env: Env) -> str:
    return code(tokens[at].content, tokens[at].info.strip().partition(" ")[0])


def _code_block(renderer: Any, tokens: Tokens, at: int, options: Any, env: Env) -> str:
    return code(tokens[at].content)


def _image(renderer: Any, tokens: Tokens, at: int, options: Any, env: Env) -> str:
    """A picture elsewhere is told, not loaded."""
    address = str(tokens[at].attrs.get("src", ""))
    try:
        host = urlsplit(address).hostname or "an address that is not on the web"
    except ValueError:
        host = "an address that cannot be read"
    words = visible(tokens[at].content or "picture")
    return f'<span class="remote">{escaped(words)} (picture from {escaped(visible(host))})</span>'


def _link_open(renderer: Any, tokens: Tokens, at: int, options: Any, env: Env) -> str:
    address = safe_address(str(tokens[at].attrs.get("href", "")))
    return f'<a href="{escaped(address)}" rel="noreferrer noopener">' if address else '<span class="remote">'


def _link_close(renderer: Any, tokens: Tokens, at: int, options: Any, env: Env) -> str:
    depth = 0
    for token in reversed(tokens[:at]):
        depth += {"link_close": 1, "link_open": -1}.get(token.type, 0)
        if depth < 0:
            return "</a>" if safe_address(str(token.attrs.get("href", ""))) else "</span>"
    return ""


def _table_open(renderer: Any, tokens: Tokens, at: int, options: Any, env: Env) -> str:
    return '<div class="table"><table dir="auto">'


def _table_close(renderer: Any, tokens: Tokens, at: int, options: Any, env: Env) -> str:
    return "</table></div>"
