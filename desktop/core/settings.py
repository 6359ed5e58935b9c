"""The settings: type, default, bounds and help of each in one place; the settings page is drawn from this model."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from desktop.core.appearance import LARGEST_SCALE, SMALLEST_SCALE
from desktop.core.appearance import Appearance as Appearance


class SendKey(StrEnum):
    ENTER = "Enter"
    CTRL_ENTER = "Ctrl+Enter"


def _field(
    title: str,
    description: str,
    group: str,
    ge: int | None = None,
    le: int | None = None,
    unit: str = "",
    shape: str = "",
) -> Meta:
    """`unit` stands behind a number; `shape` says how a text is entered: on a "line", in a "text" area, as a "file"."""
    drawn = {"group": group, "unit": unit, "shape": shape}
    return Meta(title=title, description=description, extra_json_schema=drawn, ge=ge, le=le)


class Settings(Struct, frozen=True):
    """All that the user can set, but for profiles. Groups in the order of the page."""

    appearance: Annotated[
        Appearance, _field("Appearance", "Light and dark follow the system unless set here.", "Window")
    ] = Appearance.SYSTEM
    text_scale: Annotated[
        int,
        _field(
            "Text size",
            "Ctrl+plus and Ctrl+minus change it too.",
            "Window",
            ge=SMALLEST_SCALE,
            le=LARGEST_SCALE,
            unit="%",
        ),
    ] = 100
    reduced_motion: Annotated[bool, _field("Reduced motion", "Nothing slides or fades.", "Window")] = False
    send_key: Annotated[SendKey, _field("Send with", "The other one starts a new line.", "Chat")] = SendKey.ENTER
    default_model: Annotated[str, _field("Model for new conversations", "Empty: the model used last.", "Chat")] = ""
    default_system: Annotated[
        str, _field("System text for new conversations", "Tells the model how to answer.", "Chat", shape="text")
    ] = ""
    highlight_code: Annotated[bool, _field("Colour code", "Keywords, strings and comments in colour.", "Chat")] = True
    title_model: Annotated[
        str,
        _field(
            "Titles by a model",
            "Empty: made from the first question, at no cost. A model named here is asked when you choose “Title by a"
            " model”; each conversation is then a short call that costs money.",
            "Chat",
        ),
    ] = ""
    transcription_jobs: Annotated[
        int,
        _field("Recordings at once", "How many are worked on beside each other.", "Transcription", ge=1, le=16),
    ] = 2
    transcription_parts: Annotated[
        int,
        _field(
            "Parts at once",
            "Of a long recording that is cut. Sent one after another, each part is told how the last one ended.",
            "Transcription",
            ge=1,
            le=16,
        ),
    ] = 3
    transcription_ask_above: Annotated[
        int,
        _field("Ask above", "Before recordings that cost more together are sent.", "Transcription", ge=0, unit="$"),
    ] = 5
    watch_folder: Annotated[
        str,
        _field(
            "Watched folder",
            "Recordings that appear in it are transcribed, each once. Empty: none is watched.",
            "Transcription",
            shape="line",
        ),
    ] = ""
    notify: Annotated[
        bool,
        _field(
            "Messages of the desktop",
            "When recordings are done or one fails, and another window is in front.",
            "Transcription",
        ),
    ] = True
    keep_recordings: Annotated[
        bool,
        _field(
            "Copy recordings into the archive",
            "Else a transcript knows where its file is, and says so when it is missing.",
            "Transcription",
        ),
    ] = False
    trash_days: Annotated[
        int,
        _field("Empty the trash after", "0 keeps all of it until you empty it.", "Archive", ge=0, le=3650, unit="days"),
    ] = 30
    daily_backups: Annotated[
        int, _field("Daily copies kept", "Verified copies of the archive.", "Archive", ge=1, le=60)
    ] = 7
    weekly_backups: Annotated[int, _field("Weekly copies kept", "Beside the daily ones.", "Archive", ge=0, le=52)] = 4
    keep_raw: Annotated[
        bool, _field("Keep the exact replies", "Condensed, for the wire view and exports.", "Archive")
    ] = True
    keep_calls_days: Annotated[
        int,
        _field("Keep calls for", "For the wire view; 0 keeps none.", "Archive", ge=0, le=3650, unit="days"),
    ] = 30
    keep_calls_mb: Annotated[
        int,
        _field("Keep calls up to", "The oldest go first.", "Archive", ge=1, le=100_000, unit="MB"),
    ] = 200
    local_model: Annotated[
        str,
        _field(
            "Own language model",
            "A GGUF file for the Local profile, from the next start of Davenport on. Empty: the demo model.",
            "Local server",
            shape="file",
        ),
    ] = ""
    local_idle_minutes: Annotated[
        int,
        _field(
            "Free memory after",
            "An engine nobody used for so long is ended.",
            "Local server",
            ge=1,
            le=1440,
            unit="minutes",
        ),
    ] = 10
