"""The embedding model's process."""

from __future__ import annotations

from pathlib import Path

from desktop.local.engine_process import Emit, JobFailed, Stopped
from desktop.local.frames import Frame

DIMENSIONS, LONGEST = 256, 8192


def load(first: Frame) -> EmbeddingEngine:
    return EmbeddingEngine()


class EmbeddingEngine:
    def __init__(self) -> None:
        import wordllama  # an optional part of the installation

        here = Path(wordllama.__file__).parent  # where it keeps its weights, and does not look by itself
        self._model = wordllama.WordLlama.load(dim=DIMENSIONS, cache_dir=here, disable_download=True)

    def run(self, job: Frame, emit: Emit, stopped: Stopped) -> None:
        """{"texts", "dimensions"} gives one piece for each text: its vector as float32 bytes, and its tokens."""
        import numpy as np  # comes with wordllama

        texts: list[str] = job["texts"]
        counts = [len(self._model.tokenizer.encode(text).ids) for text in texts]
        for number, count in enumerate(counts):
            if count > LONGEST:
                raise JobFailed(f"Input {number} has {count} tokens; the most is {LONGEST}.", param="input")
        for at in range(0, len(texts), 64):
            if stopped():
                return
            vectors = self._model.embed(texts[at : at + 64], norm=False)[:, : job["dimensions"]]
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            for vector, count in zip(vectors / np.maximum(lengths, 1e-12), counts[at : at + 64], strict=True):
                emit({"vector": vector.astype("<f4").tobytes(), "tokens": count})
