"""How many tokens a text is for a model: off line, with the ranks we ship; roughly until they are loaded."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from desktop import paths
from desktop.core import tokens
from desktop.core.catalog import Card
from desktop.store.small_files import make_folder, write_whole

if TYPE_CHECKING:
    from tiktoken import Encoding

USUAL = "o200k_base"
_RANKS = {  # encoding: SHA-256 of its ranks, name under which tiktoken looks for them
    "o200k_base": (
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        "fb374d419588a4632f3f557e76b4b70aebbca790",
    ),
    "cl100k_base": (
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    ),
}
KEPT_COUNTS = 4096
PIECE_CHARACTERS = 20_000  # counted at once: a long run without a blank costs more than its length
AT_ONCE_CHARACTERS = 4_000  # uncounted text that the window's thread may count itself, below a millisecond


class Tokens:
    """Counts tokens. `folder` is where the ranks are unpacked; safe from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._encodings: dict[str, Encoding] = {}
        self._loading = threading.Lock()
        self._counts: OrderedDict[tuple[str, int, int], int] = OrderedDict()
        self._counting = threading.Lock()

    async def load(self, card: Card) -> None:
        """Make exact counts for a model ready; takes about a second the first time, in a thread."""
        await asyncio.to_thread(self.load_now, card)

    def load_now(self, card: Card) -> None:
        """The same, blocking. Raises OSError when the ranks cannot be unpacked."""
        name = _encoding_of(card)
        with self._loading:
            if name not in self._encodings:
                self._encodings[name] = _loaded(name, self._folder)

    def is_exact(self, card: Card) -> bool:
        """Whether counts are the tokenizer's own: it is loaded, and the model is known to use it."""
        return _encoding_of(card) in self._encodings and card.is_known

    def count(self, text: str, card: Card) -> int:
        """Tokens of one text; each text is counted once. Long texts are for `of_chat`, which uses a thread."""
        name = _encoding_of(card)
        encoding = self._encodings.get(name)
        if encoding is None:
            return tokens.rough(text)
        key = (name, len(text), hash(text))
        with self._counting:
            if (known := self._counts.get(key)) is not None:
                self._counts.move_to_end(key)
                return known
        counted = _counted(encoding, text)
        with self._counting:
            self._counts[key] = counted
            while len(self._counts) > KEPT_COUNTS:
                self._counts.popitem(last=False)
        return counted

    async def of_chat(self, texts: Iterable[str], card: Card) -> int:
        """Input tokens of a chat request with these messages; long uncounted texts are counted in a thread."""
        whole = list(texts)
        if sum(len(text) for text in whole if not self._is_counted(text, card)) > AT_ONCE_CHARACTERS:
            return await asyncio.to_thread(self.of_chat_now, whole, card)
        return self.of_chat_now(whole, card)

    def of_chat_now(self, texts: Iterable[str], card: Card) -> int:
        return tokens.of_chat(texts, lambda text: self.count(text, card))

    def _is_counted(self, text: str, card: Card) -> bool:
        name = _encoding_of(card)
        return name not in self._encodings or (name, len(text), hash(text)) in self._counts


def _encoding_of(card: Card) -> str:
    return card.encoding if card.encoding in _RANKS else USUAL


def _counted(encoding: Encoding, text: str) -> int:
    pieces = (text[at : at + PIECE_CHARACTERS] for at in range(0, len(text), PIECE_CHARACTERS))
    return sum(len(encoding.encode_ordinary(piece)) for piece in pieces)


def _loaded(name: str, folder: Path) -> Encoding:
    """The tokenizer with the ranks put where it looks for them, checked first: it would fetch a wrong one itself."""
    _unpack(name, folder)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    import tiktoken  # late: only who counts tokens needs it

    return tiktoken.get_encoding(name)


def _unpack(name: str, folder: Path) -> None:
    sha256, cached_as = _RANKS[name]
    make_folder(folder)
    target = folder / cached_as
    if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == sha256:
        return
    ranks = gzip.decompress(paths.resource("tokens", f"{name}.tiktoken.gz").read_bytes())
    write_whole(target, ranks)
