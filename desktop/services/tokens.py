"""How many tokens a text is for a model: off line, with the ranks we ship; roughly until they are loaded."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
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
    """Counts tokens. `folder` is where the ranks are unpacked, `card` gives what is known of a model by its name.

    Safe from several threads.
    """

    def __init__(self, folder: Path, card: Callable[[str], Card]) -> None:
        self._folder, self._card = folder, card
        self._encodings: dict[str, Encoding] = {}
        self._loading = threading.Lock()
        self._counts: OrderedDict[tuple[str, int, int], int] = OrderedDict()
        self._counting = threading.Lock()

    async def load(self, model: str = "") -> None:
        """Make exact counts for a model ready; takes about a second the first time, in a thread."""
        await asyncio.to_thread(self.load_now, model)

    def load_now(self, model: str = "") -> None:
        """The same, blocking. Raises ArchiveFull when the ranks cannot be unpacked."""
        name = self._encoding_of(model)
        with self._loading:
            if name not in self._encodings:
                self._encodings[name] = _loaded(name, self._folder)

    def is_rough(self, model: str) -> bool:
        """Whether counts are no tokenizer's, or those of one that the model is not known to use."""
        return self._encoding_of(model) not in self._encodings or not self._card(model).encoding

    def count(self, text: str, model: str) -> int:
        """Tokens of one text, at once; each text is counted once. Long texts are for `of_text`, which uses a thread."""
        return self._count(text, self._encoding_of(model))

    async def of_text(self, text: str, model: str) -> int:
        name = self._encoding_of(model)
        if self._is_long([text], name):
            return await asyncio.to_thread(self._count, text, name)
        return self._count(text, name)

    async def of_chat(self, texts: Iterable[str], model: str) -> tuple[int, bool]:
        """Input tokens of a chat request with these messages' texts, and whether that is a rough count."""
        whole, name = list(texts), self._encoding_of(model)

        def count() -> int:
            return tokens.of_chat(whole, lambda text: self._count(text, name))

        counted = await asyncio.to_thread(count) if self._is_long(whole, name) else count()
        return counted, self.is_rough(model)

    def _encoding_of(self, model: str) -> str:
        named = self._card(model).encoding
        return named if named in _RANKS else USUAL

    def _count(self, text: str, name: str) -> int:
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

    def _is_long(self, texts: Iterable[str], name: str) -> bool:
        """Whether what is still to be counted would hold the window up."""
        if name not in self._encodings:
            return False
        todo = (len(text) for text in texts if (name, len(text), hash(text)) not in self._counts)
        return sum(todo) > AT_ONCE_CHARACTERS


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
