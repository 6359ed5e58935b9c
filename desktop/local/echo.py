"""The scripted model, for tests and measurements: says the last message back, a sample or filler, at a set rate."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import AsyncGenerator, Iterable, Iterator

from desktop.local.generation import Ask, Piece, Tokens
from desktop.local.samples import SAMPLES

NAME = "local-echo"
_FILLER = (
    "The harbour lay still under a pale sky, and the boats turned slowly on their lines while a bell, somewhere "
    "behind the sheds, counted the quarters of an hour that nobody was waiting for. "
)
_WORDS = re.compile(r"\s*\S+|\s+$")
TICK_S = 0.02


class Echo:
    """`rate` is in tokens (words) a second; 0 is as fast as the connection takes them."""

    context = 128_000

    def __init__(self, rate: float = 0.0) -> None:
        self._rate = rate

    async def speak(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        """With `max_tokens` past the text's end, the answer goes on with filler when the message is "flood"."""
        said = _last_words(ask)
        words = _WORDS.findall(_answer(said))
        limit = len(words) if ask.max_tokens is None else ask.max_tokens
        source: Iterable[str] = itertools.chain(words, _filler()) if said.startswith("flood") else words
        count, finish = 0, "stop"
        async for word in self._paced(source):
            if count >= limit:
                finish = "length"
                break
            count += 1
            yield Piece(word, _chances(word, ask.top_logprobs))
        else:
            finish = "stop" if count < limit or ask.max_tokens is None or not said.startswith("flood") else "length"
        yield Piece(finish=finish, tokens=Tokens(await self.count(ask), count))

    async def count(self, ask: Ask) -> int:
        """Words, plus three for each message."""
        if ask.prompt is not None:
            return len(_WORDS.findall(ask.prompt))
        return sum(3 + len(_WORDS.findall(str(message["content"]))) for message in ask.messages)

    async def _paced(self, words: Iterable[str]) -> AsyncGenerator[str, None]:
        """Words on time: in small groups, so that the rate holds above what a timer can do."""
        started = time.monotonic()
        for sent, word in enumerate(words):
            if self._rate and sent >= (time.monotonic() - started) * self._rate:
                due = started + sent / self._rate
                await asyncio.sleep(max(TICK_S if self._rate > 1 / TICK_S else 0.0, due - time.monotonic()))
            yield word


def _last_words(ask: Ask) -> str:
    if ask.prompt is not None:
        return ask.prompt
    return next((str(m["content"]) for m in reversed(ask.messages) if m["role"] == "user"), "")


def _answer(said: str) -> str:
    name = said.removeprefix("sample:").strip() if said.startswith("sample:") else None
    if name is not None:
        return SAMPLES.get(name, f"There is no sample called {name}. There are: {', '.join(SAMPLES)}.")
    return _FILLER if said.startswith("flood") else said


def _filler() -> Iterator[str]:
    return itertools.cycle(_WORDS.findall(" " + _FILLER.strip()))


def _chances(word: str, top: int | None) -> tuple[dict[str, object], ...]:
    if top is None:
        return ()
    entry = {"token": word, "logprob": 0.0, "bytes": list(word.encode())}
    return ({**entry, "top_logprobs": [entry][:top]},)
