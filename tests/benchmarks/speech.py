"""Synthesised speech for measurements: paragraphs of our own, spoken once, and recordings of any length of them."""

from __future__ import annotations

import io
import re
import wave
from pathlib import Path

import httpx
import numpy as np

from desktop.services.local_server import LocalServer

PARAGRAPHS = (
    "The harbour wakes before the town does. Long before the first shop opens, the lamps along the quay are lit, and"
    " men in heavy coats carry baskets from the boats to the market hall. They speak little. The cold does not invite"
    " long stories, and everybody knows what has to be done.",
    "My grandmother kept a small notebook in the drawer beside the stove. In it she wrote the weather of every day,"
    " the price of butter, and the names of all who had come to visit. When she died we read it aloud, one year each"
    " evening, and it was as if she sat with us at the table.",
    "A good map is not a picture of the land. It is a choice. The one who draws it decides which paths are worth"
    " showing and which may be forgotten. A walker wants springs and bridges, a farmer wants fences, and a child wants"
    " to know where the dragon lives.",
    "In the spring the river carries sand from the mountains and lays it down where the water is slow. Year after year"
    " the banks move, and the old bridge now stands in a meadow. Sheep sleep under its arch. Nobody has had the heart"
    " to take it down.",
    "The machine was simple enough. A wheel turned a shaft, the shaft lifted a hammer, and the hammer fell on the iron"
    " until it was thin and bright. What made it dangerous was not its strength but its patience. It never grew tired,"
    " and those who served it did.",
    "We asked the teacher why the sky is blue, and she did not answer at once. She filled a glass with water, let a"
    " little milk fall into it, and held a lamp behind it. The light that came through was yellow, and the glass itself"
    " had a faint blue glow. That, she said, is the whole secret.",
    "On the last day of the harvest the whole village eats together. Long tables stand in the street, the windows are"
    " open, and somebody always plays the fiddle badly. The mayor gives a speech that is too long. Children fall"
    " asleep under the benches while their parents dance.",
    "To repair a clock you need a steady hand and a good memory. Every wheel that you lift out must go back to its own"
    " place, and the smallest spring will fly across the room if you breathe at the wrong moment. My father lost more"
    " springs than he would admit, and found most of them with his bare feet.",
    "The library was built for two hundred readers, and on most days it had three. One of them came to sleep. The"
    " second wrote letters that she never sent. The third, a boy of perhaps twelve, read his way along the shelves from"
    " left to right, and when he was done he asked for a larger library.",
    "After the storm the garden was hardly to be recognised. The fence lay in the pond, the apple tree had lost its"
    " crown, and the neighbour's chickens walked about as if they had always lived here. We drank our coffee on the"
    " steps and began to laugh, because there was nothing else to do.",
)
RATE = 16_000
PAUSE_S = 1.4
_NOISE = 10 ** (-66 / 20)


async def spoken(server: LocalServer, paragraphs: tuple[str, ...] = PARAGRAPHS) -> list[np.ndarray]:
    """Each paragraph as samples at RATE, said by the local speech engine."""
    await server.start()
    headers = {"authorization": f"Bearer {server.token.reveal()}"}
    made = []
    async with httpx.AsyncClient(base_url=server.base_url, headers=headers, timeout=300, trust_env=False) as client:
        for text in paragraphs:
            body = {"model": "piper-joe", "voice": "joe", "response_format": "wav", "input": text}
            reply = (await client.post("audio/speech", json=body)).raise_for_status()
            made.append(_samples(reply.content))
    return made


def recording(path: Path, said: list[np.ndarray], seconds: float, *, rate: int = RATE) -> tuple[int, ...]:
    """Paragraphs one after another with pauses between them, again and again, until it lasts so long; as WAV.

    Returns the numbers of the paragraphs in their order.
    """
    chance = np.random.default_rng(7)
    numbers: list[int] = []
    at = 0.0
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        while at < seconds:
            number = len(numbers) % len(said)
            pause = chance.standard_normal(int(RATE * PAUSE_S * (0.7 + 0.6 * chance.random()))) * _NOISE
            piece = np.concatenate([said[number], pause.astype(np.float32)])
            if rate != RATE:
                piece = np.repeat(piece, rate // RATE)
            out.writeframes((np.clip(piece, -1, 1) * 32767).astype("<i2").tobytes())
            at += piece.size / rate
            numbers.append(number)
    return tuple(numbers)


def error_rate(said: str, heard: str) -> float:
    """Words that were changed, left out or added, for each word that was said."""
    ours, theirs = words(said), words(heard)
    before = np.arange(len(theirs) + 1)
    codes: dict[str, int] = {}
    numbers = np.array([codes.setdefault(word, len(codes)) for word in theirs])
    steps = np.arange(len(theirs) + 1)
    for row, word in enumerate(ours, 1):
        cost = np.empty_like(before)
        cost[0] = row
        cost[1:] = np.minimum(before[:-1] + (numbers != codes.get(word, -1)), before[1:] + 1)
        before = np.minimum.accumulate(cost - steps) + steps  # words that were added, all at once
    return float(before[-1]) / max(len(ours), 1)


def words(text: str) -> list[str]:
    return re.sub(r"[^\w\s]", "", text.casefold().replace("-", " ")).split()


def _samples(content: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(content)) as sound:
        rate = sound.getframerate()
        raw = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float32) / 32768
    places = np.arange(int(raw.size * RATE / rate)) * rate / RATE
    return np.interp(places, np.arange(raw.size), raw).astype(np.float32)
