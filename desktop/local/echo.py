"""The scripted model, for tests and measurements: says the last message back, a sample or filler, at a set rate."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing

from desktop.local.generation import Ask, Piece, Tokens
from desktop.local.samples import SAMPLES

NAME, FLOOD = "local-echo", "flood"
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
        """The message "flood" has filler without end, up to `max_tokens`."""
        asked = _last_words(ask)
        words: Iterable[str] = _answer(asked) if asked != FLOOD else _filler(ask.max_tokens)
        count, said, finish = 0, "", "stop"
        async with aclosing(self._paced(words)) as paced:
            async for word in paced:
                if count == ask.max_tokens:
                    finish = "length"
                    break
                count += 1
                end = _stopped_at(said + word, ask.stop) if ask.stop else None
                shown = word if end is None else (said + word)[len(said) : end]
                said += word if ask.stop else ""
                yield Piece(shown, _chances(shown, ask.top_logprobs))
                if end is not None:
                    break
        if asked == FLOOD and count == ask.max_tokens:
            finish = "length"
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
            elif sent % 64 == 63:
                await asyncio.sleep(0)  # a connection that takes everything must not keep the others waiting
            yield word


def _last_words(ask: Ask) -> str:
    if ask.prompt is not None:
        return ask.prompt
    return next((str(m["content"]) for m in reversed(ask.messages) if m["role"] == "user"), "")


def _answer(asked: str) -> list[str]:
    """The words of the answer; "sample: NAME" is one of the samples, "call: NAME {…}" a call of a function."""
    kind, _, rest = asked.partition(":")
    name = rest.strip()
    if kind == "sample":
        return _WORDS.findall(SAMPLES.get(name, f"There is no sample '{name}'. There are: {', '.join(SAMPLES)}."))
    if kind == "call":
        function, _, arguments = name.partition(" ")
        return [f'{{"name": "{function}", "arguments": ', *_WORDS.findall(arguments or "{}"), "}"]
    return _WORDS.findall(asked)


def _filler(most: int | None) -> Iterator[str]:
    words = itertools.cycle(_WORDS.findall(" " + _FILLER.strip()))
    return words if most is None else itertools.islice(words, most)


def _stopped_at(text: str, stops: tuple[str, ...]) -> int | None:
    found = [at for stop in stops if (at := text.find(stop)) >= 0]
    return min(found) if found else None


def _chances(word: str, top: int | None) -> tuple[dict[str, object], ...]:
    if top is None:
        return ()
    entry = {"token": word, "logprob": 0.0, "bytes": list(word.encode())}
    return ({**entry, "top_logprobs": [entry][:top]},)
