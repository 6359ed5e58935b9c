"""The voice's process: text in, a sound file out, piece by piece."""

from __future__ import annotations

import json
import re
from pathlib import Path

from desktop.local.engine_process import Emit, Stopped
from desktop.local.frames import Frame
from desktop.local.memory import threads
from desktop.media.encoding import Encoder, wav

_PIECE = re.compile(r".{1,300}(?:[.!?;:,…]+(?=\s)|\s|$)|.{1,300}", re.DOTALL)


def load(first: Frame) -> SpeechEngine:
    return SpeechEngine(Path(first["weights"]))


class SpeechEngine:
    def __init__(self, weights: Path) -> None:
        import onnxruntime  # type: ignore[import-untyped]  # with piper, an optional part of the installation
        from piper import PiperVoice
        from piper.config import PiperConfig

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads(), 1
        options.graph_optimization_level = (
            onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        )  # loads faster, runs as fast
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        config = json.loads(Path(f"{weights}.json").read_text(encoding="utf-8"))
        self._voice = PiperVoice(session=session, config=PiperConfig.from_dict(config))

    def run(self, job: Frame, emit: Emit, stopped: Stopped) -> None:
        """{"text", "format", "speed"} gives pieces of {"audio"}, and last {"seconds"} of sound."""
        from piper.config import SynthesisConfig  # loaded by now

        form, rate = job["format"], self._voice.config.sample_rate
        encoder, held, count = Encoder(form, rate), bytearray(), 0
        manner = SynthesisConfig(length_scale=1.0 / job["speed"])
        for piece in _PIECE.findall(job["text"]):
            for chunk in self._voice.synthesize(piece, manner):
                if stopped():
                    return
                count += chunk.audio_float_array.size
                _give(emit, held, encoder.take(chunk.audio_float_array), form)
        _give(emit, held, encoder.rest(), form)
        if form == "wav":
            emit({"audio": wav(bytes(held))})
        emit({"seconds": count / rate})


def _give(emit: Emit, held: bytearray, audio: bytes, form: str) -> None:
    """A WAV file names its length first, so it waits for its end."""
    if form == "wav":
        held += audio
    elif audio:
        emit({"audio": audio})
