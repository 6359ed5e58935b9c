"""Where our prices and genai-prices are known to differ, by model, tier and kind of unit, each with its reason."""

from __future__ import annotations

NO_BATCH = "they know no batch price for it and take the standard one"
NO_CACHED_TUNED = "they give tuned models no discount for cached input"
NO_CACHED = "they know no rate for its cached input and take the whole one"
NO_LONG = "they know no price for a long input"
NO_LONG_BATCH = "they know no batch price for a long input"
SOUND_IN = "they have another rate for sound it hears; ours follows from its price by the minute"
SOUND_AS_TEXT = "they charge sound as text for it"
SPEECH = "they have one rate for all its output, ours tell text from sound"
BY_TOKENS = "they charge it by tokens alone, ours has the price by the minute"
SEARCHES_25 = "searches of older models: 25 dollars a thousand in ours, 10 in theirs"
WRONG_PLACE = "our source has its cached rate as one for writes, so ours has no cached rate; to be put right"
NO_SEARCHES = "they know no price for its searches and take nothing"

REASONS: dict[tuple[str, str, str], tuple[str, ...]] = {
    # (reason, tier, kind): models
    (NO_BATCH, "batch", "text"): (
        "babbage-002",
        "davinci-002",
        "chatgpt-image-latest",
        "ft:gpt-4o-2024-08-06",
        "gpt-4o-search-preview",
        "gpt-4o-search-preview-2025-03-11",
    ),
    (NO_BATCH, "batch", "cached"): ("chatgpt-image-latest",),
    (NO_BATCH, "batch", "image in"): ("chatgpt-image-latest",),
    (NO_BATCH, "batch", "embedded"): ("text-embedding-3-large", "text-embedding-3-small", "text-embedding-ada-002-v2"),
    (NO_CACHED_TUNED, "batch", "cached"): ("ft:gpt-4o-2024-08-06", "ft:gpt-4o-mini-2024-07-18"),
    (NO_CACHED_TUNED, "standard", "cached"): ("ft:gpt-4o-2024-08-06", "ft:gpt-4o-mini-2024-07-18"),
    (NO_CACHED, "standard", "cached"): ("gpt-4o-search-preview", "gpt-4o-search-preview-2025-03-11"),
    (NO_LONG, "standard", "long"): ("gpt-5.6-cyber",),
    (NO_LONG, "standard", "long cached"): ("gpt-5.6-cyber",),
    (NO_LONG_BATCH, "batch", "long"): ("gpt-5.5-pro", "gpt-5.5-pro-2026-04-23"),
    (SOUND_IN, "standard", "audio in"): ("gpt-4o-mini-transcribe", "gpt-4o-transcribe", "gpt-4o-transcribe-diarize"),
    (SOUND_AS_TEXT, "standard", "audio in"): (
        "gpt-4o-audio-preview-2024-12-17",
        "gpt-4o-audio-preview-2025-06-03",
        "gpt-4o-mini-audio-preview-2024-12-17",
    ),
    (SOUND_AS_TEXT, "standard", "audio out"): (
        "gpt-4o-audio-preview-2024-12-17",
        "gpt-4o-audio-preview-2025-06-03",
        "gpt-4o-mini-audio-preview-2024-12-17",
    ),
    (SPEECH, "standard", "text"): ("gpt-4o-mini-tts",),
    (SPEECH, "standard", "audio out"): ("gpt-4o-mini-tts",),
    (WRONG_PLACE, "standard", "written"): ("ft:gpt-4o-2024-11-20",),
    (NO_SEARCHES, "standard", "web searches"): (
        "gpt-4o-search-preview",
        "gpt-4o-search-preview-2025-03-11",
        "gpt-5-search-api",
        "gpt-5.3-codex",
        "o3-pro",
        "o3-pro-2025-06-10",
    ),
    (SEARCHES_25, "standard", "web searches"): (
        "gpt-4.1",
        "gpt-4.1-2025-04-14",
        "gpt-4.1-mini",
        "gpt-4.1-mini-2025-04-14",
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
        "gpt-4o-mini-search-preview",
        "gpt-4o-mini-search-preview-2025-03-11",
    ),
    (BY_TOKENS, "standard", "seconds"): ("gpt-4o-mini-transcribe", "gpt-4o-transcribe", "gpt-4o-transcribe-diarize"),
}

DIFFERENT: dict[tuple[str, str, str], str] = {
    (model, tier, kind): reason for (reason, tier, kind), models in REASONS.items() for model in models
}

UNKNOWN_TO_THEM = {
    "daybreak-blue-latest",
    "daybreak-red-latest",
    "ft:babbage-002",
    "ft:davinci-002",
    "ft:gpt-4.1-2025-04-14",
    "ft:gpt-4.1-mini-2025-04-14",
    "ft:gpt-4.1-nano-2025-04-14",
    "ft:o4-mini-2025-04-16",
    "gpt-4o-mini-transcribe-2025-03-20",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-4o-mini-tts-2025-03-20",
    "gpt-4o-mini-tts-2025-12-15",
    "gpt-5-search-api-2025-10-14",
    "gpt-5.5-cyber-preview",
    "gpt-6-astra-law",
    "gpt-daybreak-blue-latest",
    "gpt-daybreak-red-latest",
    "tts-1-1106",
    "tts-1-hd-1106",
}
"""Models that only we can price."""

WITHOUT_A_PRICE = {"gpt-6.2-astra", "gpt-6.2-sol", "gpt-image-2.6-flare", "gpt-image-2.6-sunburst"}
"""Models for which nobody knows a price; once the other table does, ours is to be completed."""

NOT_BY_UNITS = {
    "dall-e-2": "a price for each picture, which the other table lacks",
    "dall-e-3": "the same",
    "text-moderation-latest": "free of charge, without a rate for an output",
}
"""Models whose price has no unit that both tables count."""
