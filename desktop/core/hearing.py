"""What a model that hears can be asked for: forms of reply, languages, times, speakers, and how much at once."""

from __future__ import annotations

from msgspec import Struct

TOKENS_A_SECOND = 4  # of fast speech; a reply that is cut for length loses what was said last
SOUND_TOKENS_A_SECOND = 10  # as the models with tokens count about
SHARE_OF_LIMIT = 0.8  # how near to a limit of tokens a part may come


class Hearing(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Facts of the transcription endpoints for one model; the defaults are for a model that nobody knows.

    `forms` are response formats, the first one the endpoint's own default. `containers` are suffixes of files it
    takes. `max_bytes` is of the whole file. `times` are granularities it can give. `languages` it knows, empty for
    many. `chunking_over_s`: beyond it the request must say how the server cuts.
    """

    forms: tuple[str, ...] = ("json", "text", "srt", "verbose_json", "vtt")
    containers: tuple[str, ...] = ("flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm")
    max_bytes: int = 25 * 1024 * 1024
    max_seconds: float | None = None
    times: tuple[str, ...] = ("segment", "word")
    languages: tuple[str, ...] = ()
    takes_language: bool = True
    takes_languages: bool = False
    takes_keywords: bool = False
    takes_prompt: bool = True
    takes_temperature: bool = True
    streams: bool = False
    diarizes: bool = False
    max_speakers: int = 0
    chunking_over_s: float | None = None
    gives_logprobs: bool = False

    def longest_s(self, max_input: int | None, max_output: int | None) -> float | None:
        """Seconds of one request that the model's limits leave; None where only the size of the file counts."""
        bounds = [] if self.max_seconds is None else [self.max_seconds]
        if max_input is not None:
            bounds.append(max_input * SHARE_OF_LIMIT / SOUND_TOKENS_A_SECOND)
        if max_output is not None:
            bounds.append(max_output * SHARE_OF_LIMIT / TOKENS_A_SECOND)
        return min(bounds, default=None)
