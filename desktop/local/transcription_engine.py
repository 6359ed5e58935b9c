"""The speech recognition's process: a sound file in, segments of text out as they are heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from desktop.core.errors import BadFile
from desktop.local.engine_process import Emit, JobFailed, Stopped
from desktop.local.frames import Frame
from desktop.local.memory import threads
from desktop.media.decoding import HEARD_RATE, windows


def load(first: Frame) -> TranscriptionEngine:
    return TranscriptionEngine(first["weights"])


class TranscriptionEngine:
    def __init__(self, weights: str) -> None:
        from faster_whisper import WhisperModel  # an optional part of the installation

        self._model = WhisperModel(
            weights, device="cpu", compute_type="int8", cpu_threads=threads(), local_files_only=True
        )

    def run(self, job: Frame, emit: Emit, stopped: Stopped) -> None:
        """{"path", "prompt", "temperature", "words"} gives pieces of {"segment"}, and last {"seconds"} of sound.

        Times of segments and words are seconds from the start of the file.
        """
        options: dict[str, Any] = {"language": "en", "beam_size": 1, "word_timestamps": job["words"]}
        if job["prompt"]:
            options["initial_prompt"] = job["prompt"]
        if job["temperature"]:
            options["temperature"] = [job["temperature"]]
        seconds, number = 0.0, 0
        try:
            for start, samples in windows(Path(job["path"])):
                seconds = start + samples.size / HEARD_RATE
                heard, _ = self._model.transcribe(samples, **options)
                for segment in heard:
                    if stopped():
                        return
                    emit({"segment": _described(segment, number, start)})
                    number += 1
        except BadFile as error:
            raise JobFailed(error.summary, code="invalid_file", param="file") from error
        emit({"seconds": seconds})


def _at(seconds: Any, start: float) -> float:
    return round(float(seconds) + start, 2)


def _described(segment: Any, number: int, start: float) -> Frame:
    return {
        "id": number,
        "seek": int(segment.seek + start * 100),
        "start": _at(segment.start, start),
        "end": _at(segment.end, start),
        "text": segment.text,
        "tokens": list(segment.tokens),
        "temperature": float(segment.temperature or 0.0),
        "avg_logprob": float(segment.avg_logprob),
        "compression_ratio": float(segment.compression_ratio),
        "no_speech_prob": float(segment.no_speech_prob),
        "words": [
            {"word": word.word.strip(), "start": _at(word.start, start), "end": _at(word.end, start)}
            for word in segment.words or ()
        ],
    }
