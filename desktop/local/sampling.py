"""What chat and the old completions ask for alike: how an answer is drawn, how many, and whether they stream."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from desktop.local.generation import Ask

Penalty = Annotated[float, Meta(ge=-2, le=2)]
Stop = str | Annotated[list[str], Meta(max_length=4)]


class StreamOptions(Struct, frozen=True):
    include_usage: bool = False
    include_obfuscation: bool = True


class Sampling(Struct, frozen=True, kw_only=True):
    """The fields of both bodies that mean the same in both."""

    model: str
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    n: Annotated[int, Meta(ge=1, le=128)] = 1
    stream: bool = False
    stream_options: StreamOptions | None = None
    stop: Stop | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, Annotated[float, Meta(ge=-100, le=100)]] = field(default_factory=dict)
    seed: int | None = None
    user: Any = None

    @property
    def wants_usage(self) -> bool:
        """Whether the end of the stream tells the tokens."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def ask(self, **more: Any) -> Ask:
        """The request in the form that the models take; `more` is what only one of the two has."""
        every = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return Ask(
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            stop=tuple(text for text in every if text),
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            logit_bias=self.logit_bias,
            **more,
        )
