"""What a call used, and what a server said of its limits."""

from __future__ import annotations

from datetime import timedelta

from msgspec import Struct


class Usage(Struct, frozen=True, omit_defaults=True):
    """Units of one call. Tokens are counts; `cached` and `cache_write` are part of `input`, `reasoning` of `output`,
    audio and image tokens of the side they name. `is_estimate`: counted by us because the server named no usage."""

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0
    image_input: int = 0
    image_output: int = 0
    cached_audio: int = 0
    cached_image: int = 0
    characters: int = 0
    seconds: float = 0.0
    images: int = 0
    web_searches: int = 0
    is_estimate: bool = False

    @property
    def total(self) -> int:
        return self.input + self.output


class RateLimit(Struct, frozen=True):
    """The rate-limit headers of one reply; None where the server named none. Resets count from the reply."""

    limit_requests: int | None = None
    remaining_requests: int | None = None
    reset_requests: timedelta | None = None
    limit_tokens: int | None = None
    remaining_tokens: int | None = None
    reset_tokens: timedelta | None = None
