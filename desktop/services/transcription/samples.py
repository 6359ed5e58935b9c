"""Samples of a short stretch of a recording, for looking at it closely."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from desktop.services.transcription.intake import in_worker

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Samples(Struct, frozen=True):
    """Mono, 16,000 a second, from `begins` milliseconds on."""

    begins: float
    samples: npt.NDArray[np.float32]


async def piece(path: Path, begins: int, ends: int) -> Samples:
    """Decoded in a worker, which ends with who waits for it. Times in milliseconds; raises BadFile."""
    from desktop.media import pieces  # only for who looks that closely

    return Samples(*await in_worker(lambda stop: pieces.piece(path, begins, ends, tell=stop.look)))
