"""How a recording is sent: as it is, or in parts that a server takes; and what a model can be asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from desktop.api import audio
from desktop.core import pricing
from desktop.core.catalog import TRANSCRIPTIONS, TRANSLATIONS, Card, serves
from desktop.core.hearing import SOUND_TOKENS_A_SECOND, TOKENS_A_SECOND, Hearing
from desktop.core.pricing import Cost, Unpriced
from desktop.core.transcript import Sound, Stretch
from desktop.core.usage import Usage
from desktop.media import cutting
from desktop.services.transcription.values import Options

PART_MS = 600_000
"""No part of a recording that is cut is longer: what is lost with one is little, and its progress is seen."""

SHORTEST_MS = 20_000  # a part that is refused as too large is halved down to this
FULL = 0.95  # of a server's limit that a part may be expected to fill
CHANNEL = 1_000_000_000
APART = 1000
"""Numbers of parts leave room for those of a part that is cut again; each channel has a million parts of its own."""

_CHANNELS: dict[str, tuple[int | None, ...]] = {"mixed": (None,), "left": (0,), "right": (1,), "each": (0, 1)}
_PREFERRED = ("verbose_json", "json", "text", "vtt", "srt")


class Piece(Struct, frozen=True):
    """One part of one channel, None for all of them mixed. Times in milliseconds."""

    number: int
    begins: int
    ends: int
    overlap: int = 0

    @property
    def channel(self) -> int | None:
        return side_of(self.number)

    @property
    def seconds(self) -> float:
        return (self.ends - self.begins) / 1000

    @property
    def stretch(self) -> Stretch:
        return Stretch(self.begins, self.ends, self.overlap)


def side_of(number: int) -> int | None:
    """The channel that a part's number belongs to, None for all of them mixed."""
    side = number // CHANNEL
    return None if side == 0 else side - 1


def hearing_of(card: Card) -> Hearing:
    """What the model can be asked for; of one that nobody knows, everything."""
    return card.hearing or Hearing()


def longest_ms(card: Card) -> int | None:
    """Of one request, by the model's own limits; None where only the size counts."""
    found = hearing_of(card).longest_s(card.max_input, card.max_output)
    return None if found is None else int(found * 1000)


def channels(options: Options, sound: Sound) -> tuple[int | None, ...]:
    """The sides of a recording that are heard by themselves."""
    return (None,) if sound.channels < 2 else _CHANNELS[options.channel]


def is_accepted(name: str, size_bytes: int, sound: Sound, card: Card, options: Options) -> bool:
    """Whether a file can be sent as it is."""
    hearing, longest = hearing_of(card), longest_ms(card)
    return (
        Path(name).suffix.lower().lstrip(".") in hearing.containers
        and size_bytes <= hearing.max_bytes
        and (longest is None or sound.seconds * 1000 <= longest)
        and channels(options, sound) == (None,)
    )


def encoding(sound_ms: int, card: Card) -> str:
    """ "flac" or "opus": what the server takes; the smaller one where the recording is too long for one part."""
    hearing = hearing_of(card)
    takes_opus = "ogg" in hearing.containers
    if not takes_opus:
        return "flac"
    fits = sound_ms <= min(_longest(card, "flac"), PART_MS)
    return "flac" if "flac" in hearing.containers and fits else "opus"


def pieces(
    milliseconds: int, silent: Sequence[tuple[int, int]], card: Card, form: str, side: int | None
) -> list[Piece]:
    """The parts of one channel, cut in its silences."""
    found = cutting.plan(milliseconds, silent, min(_longest(card, form), PART_MS))
    first = 0 if side is None else (side + 1) * CHANNEL
    return [Piece(first + n * APART, each.begins, each.ends, each.overlap) for n, each in enumerate(found)]


def halves(piece: Piece, silent: Sequence[tuple[int, int]], after: int) -> tuple[Piece, Piece] | None:
    """A part that came out too large, as two; None where it is too short for that. `after` is the next number."""
    length = piece.ends - piece.begins
    number = (piece.number + after) // 2
    if length < 2 * SHORTEST_MS or number in (piece.number, after):
        return None
    inside = [(max(a, piece.begins), min(b, piece.ends)) for a, b in silent if a < piece.ends and b > piece.begins]
    middle = [(a, b) for a, b in inside if piece.begins + length * 0.3 <= (a + b) / 2 <= piece.ends - length * 0.3]
    if middle:
        a, b = max(middle, key=lambda each: each[1] - each[0])
        cut, overlap = (a + b) // 2, 0
    else:
        cut, overlap = piece.begins + length // 2, min(cutting.OVERLAP_MS, length // 8)
    return (
        Piece(piece.number, piece.begins, cut, piece.overlap),
        Piece(number, cut - overlap, piece.ends, overlap),
    )


def many(name: str, size_bytes: int, sound: Sound, card: Card, options: Options) -> int:
    """About how many requests a recording takes."""
    if is_accepted(name, size_bytes, sound, card, options):
        return 1
    length = int(sound.seconds * 1000)
    each = min(_longest(card, encoding(length, card)), PART_MS)
    return len(channels(options, sound)) * max(1, -(-length // each))


def estimate(heard: float, card: Card) -> Cost | Unpriced:
    """Dollars of so many seconds of sound."""
    tokens = round(heard * SOUND_TOKENS_A_SECOND) if card.prices.tokens else 0
    said = round(heard * TOKENS_A_SECOND) if card.prices.tokens else 0
    usage = Usage(input=tokens, audio_input=tokens, output=said, seconds=round(heard, 3), is_estimate=True)
    return pricing.cost(usage, card)


def problem(options: Options, card: Card) -> tuple[str, str]:
    """Why a model cannot do what is asked, and what to do; two empty texts where it can."""
    hearing, model = hearing_of(card), card.id
    if not model:
        return "No model is chosen.", "Choose one that transcribes."
    if not serves(card, TRANSCRIPTIONS) and not serves(card, TRANSLATIONS):
        return f"{model} does not transcribe.", "Choose a model for speech."
    if options.task == "translate" and not serves(card, TRANSLATIONS):
        return f"{model} cannot translate while it listens.", "Transcribe first, or choose a model that translates."
    if options.task == "transcribe" and not serves(card, TRANSCRIPTIONS):
        return f"{model} does not transcribe.", "Choose a model for speech."
    for language in filter(None, (options.language, *options.languages)):
        if hearing.languages and language.partition("-")[0].lower() not in hearing.languages:
            return f"{model} does not know the language “{language}”.", "Choose another model, or no language."
    if options.form and options.form not in hearing.forms:
        return f"{model} does not answer as {options.form}.", f"It knows {', '.join(hearing.forms)}."
    if options.diarize and not hearing.diarizes:
        return f"{model} does not tell speakers apart.", "Choose a model that does, or each channel as a speaker."
    if len(options.speakers) > hearing.max_speakers:
        return f"{model} takes at most {hearing.max_speakers} known speakers.", "Name fewer."
    return "", ""


def warning(options: Options, card: Card, sound: Sound | None = None) -> str:
    """What is left out because the model has no use for it."""
    hearing = hearing_of(card)
    left = []
    if options.language and not hearing.takes_language and not hearing.takes_languages:
        left.append("the language")
    if options.prompt and not hearing.takes_prompt:
        left.append("the prompt")
    if options.keywords and not hearing.takes_keywords and not hearing.takes_prompt:
        left.append("the keywords")
    if options.temperature is not None and not hearing.takes_temperature:
        left.append("the temperature")
    said = f"{card.id} has no use for {' and '.join(left)}." if left else ""
    if options.channel != "mixed" and sound is not None and sound.channels < 2:
        said += " It has one channel only: that one is heard."
    return said.strip()


def request(
    options: Options, card: Card, seconds: float, *, before: str = "", voices: tuple[tuple[str, str], ...] = ()
) -> audio.Request:
    """The fields for a part of so many seconds; only what the model takes. `before` is how the last part ended."""
    hearing, translates = hearing_of(card), options.task == "translate"
    form = form_of(options, card)
    named = filter(None, (options.language, *options.languages))
    languages = tuple(dict.fromkeys(each.partition("-")[0].lower() for each in named))
    many = hearing.takes_languages and not translates
    needs_chunking = hearing.chunking_over_s is not None and seconds > hearing.chunking_over_s
    return audio.Request(
        model=card.id,
        task=options.task,
        form="" if form == "json" else form,
        language=languages[0] if languages and hearing.takes_language and not translates and not many else "",
        languages=languages if many else (),
        prompt=prompt(options, hearing, before),
        keywords=options.keywords if hearing.takes_keywords and not translates else (),
        temperature=options.temperature if hearing.takes_temperature else None,
        times=() if translates or form != "verbose_json" else tuple(hearing.times),
        chunking="auto" if needs_chunking and not translates else "",
        logprobs=hearing.gives_logprobs and form == "json" and not translates,
        speakers=voices if form == "diarized_json" else (),
        stream=hearing.streams and not translates and form in ("json", "diarized_json"),
    )


def prompt(options: Options, hearing: Hearing, before: str) -> str:
    """The user's words, keywords where the model has no place of their own for them, and how the last part ended."""
    if not hearing.takes_prompt:
        return ""
    words = ", ".join(options.keywords) if options.keywords and not hearing.takes_keywords else ""
    return " ".join(filter(None, (options.prompt.strip(), words, before)))


def form_of(options: Options, card: Card) -> str:
    """The response format that is asked for: the one chosen, else the one that tells most."""
    forms = hearing_of(card).forms
    if options.form:
        return options.form
    if options.diarize and "diarized_json" in forms:
        return "diarized_json"
    return next((form for form in _PREFERRED if form in forms), "json")


def many_voices(options: Options, card: Card) -> int:
    """How many voices of speakers a request may name."""
    return hearing_of(card).max_speakers if form_of(options, card) == "diarized_json" else 0


def _longest(card: Card, form: str) -> int:
    by_size = int(hearing_of(card).max_bytes * FULL / cutting.BYTES_A_SECOND[form] * 1000)
    return min(by_size, longest_ms(card) or by_size)
