"""The many kinds of content in ChatGPT's export as parts; what is unknown stays as text under its kind's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from desktop.core.conversation import Part, Reasoning, Text
from desktop.core.text import scalar
from desktop.services.imports.assets import Assets
from desktop.services.imports.values import Asset, Notes

_CONTEXT = ("user_editable_context", "model_editable_context")
_WORDS = ("text", "content", "result", "summary", "output", "message", "body", "transcript")
_POINTERS = {
    "image_asset_pointer": "picture",
    "audio_asset_pointer": "sound",
    "video_asset_pointer": "file",
    "video_container_asset_pointer": "file",
    "file_asset_pointer": "file",
}


class Contents:
    """Reads the `content` of messages."""

    def __init__(self, assets: Assets, notes: Notes) -> None:
        self._assets, self._notes = assets, notes
        self._readers: dict[str, Callable[[dict[str, Any]], list[Part | Asset]]] = {
            "text": self._texts,
            "multimodal_text": self._texts,
            "code": _code,
            "execution_output": _plain,
            "computer_output": _plain,
            "system_error": _error,
            "tether_quote": _quote,
            "tether_browsing_display": _browsing,
            "tether_browsing_code": _plain,
            "sonic_webpage": _quote,
            "thoughts": _thoughts,
            "reasoning_recap": _recap,
        }

    def is_context(self, content: dict[str, Any]) -> bool:
        return content.get("content_type") in _CONTEXT

    def context(self, content: dict[str, Any], about: dict[str, Any]) -> str:
        """What the user told all conversations of themselves, or the model's memory."""
        kept = about.get("user_context_message_data")
        found = [text for text in kept.values() if isinstance(text, str)] if isinstance(kept, dict) else []
        found += [
            content[name]
            for name in ("user_profile", "user_instructions", "model_set_context", "structured_context", "text")
            if isinstance(content.get(name), str)
        ]
        return scalar("\n\n".join(dict.fromkeys(text.strip() for text in found if text.strip() and text != "None")))

    def parts(self, content: Any, about: dict[str, Any]) -> tuple[list[Part], dict[int, Asset]]:
        """Parts, and by their place among them what is a file of its own."""
        found = self._read(content)
        seconds = about.get("finished_duration_sec")
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            found = [_lasting(part, float(seconds)) for part in found]
        pointed = {asset.id for asset in found if isinstance(asset, Asset)}
        found += [asset for asset in self._attached(about) if asset.id not in pointed]
        parts: list[Part] = []
        assets: dict[int, Asset] = {}
        for each in found:
            if isinstance(each, Asset):
                assets[len(parts)] = each
                parts.append(Text(""))
            else:
                parts.append(each)
        return parts, assets

    def _read(self, content: Any) -> list[Part | Asset]:
        if isinstance(content, str):
            return [Text(scalar(content))]
        if not isinstance(content, dict):
            return []
        kind = content.get("content_type")
        reader = self._readers.get(kind) if isinstance(kind, str) else None
        if reader is not None:
            return reader(content)
        if kind is None and ("parts" in content or "text" in content):
            return self._texts(content)
        return self._unknown(content, kind)

    def _texts(self, content: dict[str, Any]) -> list[Part | Asset]:
        parts = content.get("parts")
        if not isinstance(parts, list):
            return _plain(content)
        found: list[Part | Asset] = []
        for part in parts:
            found += self._part(part)
        return found

    def _part(self, part: Any) -> list[Part | Asset]:
        if isinstance(part, str):
            return [Text(scalar(part))] if part else []
        if not isinstance(part, dict):
            return [] if part is None else self._unknown(part, type(part).__name__)
        kind = part.get("content_type")
        if kind == "audio_transcription":
            return _plain(part)
        if kind in _POINTERS:
            return self._pointed(part, _POINTERS[kind])
        if kind == "real_time_user_audio_video_asset_pointer":
            frames = part.get("frames_asset_pointers")
            inner = [part.get("audio_asset_pointer"), part.get("video_container_asset_pointer")]
            inner += frames if isinstance(frames, list) else []
            return [asset for each in inner if isinstance(each, dict) for asset in self._part(_named(each))]
        if kind in (None, "text") and isinstance(part.get("text"), str):
            return _plain(part)
        if isinstance(part.get("asset_pointer"), str):
            return self._pointed(part, "file")
        return self._unknown(part, kind)

    def _pointed(self, part: dict[str, Any], kind: str) -> list[Part | Asset]:
        pointer = part.get("asset_pointer")
        return [self._assets.pointed(pointer, kind)] if isinstance(pointer, str) and pointer else []

    def _attached(self, about: dict[str, Any]) -> list[Asset]:
        """Files the metadata names; a picture among them is often in the content already."""
        listed = about.get("attachments")
        found = []
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and isinstance(id := each.get("id"), str) and id:
                name = each.get("name")
                found.append(self._assets.pointed(id, "file", name if isinstance(name, str) else ""))
        return found

    def _unknown(self, content: Any, kind: Any) -> list[Part | Asset]:
        name = scalar(kind)[:40] if isinstance(kind, str) else "without a kind"
        self._notes.add(f"content of an unknown kind “{name}”, kept as text")
        return [Text(f"[{name}]\n{words_in(content)}")]


def words_in(content: Any) -> str:
    """What reads as text in any JSON, or else the JSON itself."""
    if isinstance(content, str):
        return scalar(content)
    if isinstance(content, dict):
        found = [content[name] for name in _WORDS if isinstance(content.get(name), str) and content[name].strip()]
        parts = content.get("parts")
        found += [part for part in parts if isinstance(part, str)] if isinstance(parts, list) else []
        if found:
            return scalar("\n\n".join(found))
    try:
        return msgspec.json.format(msgspec.json.encode(content)).decode()
    except (UnicodeEncodeError, RecursionError, msgspec.MsgspecError):
        return ""


def _plain(content: dict[str, Any]) -> list[Part | Asset]:
    text = words_in({name: content.get(name) for name in _WORDS})
    return [Text(text)] if text.strip() and text != "null" and _has_any(content) else []


def _has_any(content: dict[str, Any]) -> bool:
    return any(isinstance(content.get(name), str) and content[name] for name in _WORDS)


def _code(content: dict[str, Any]) -> list[Part | Asset]:
    text = content.get("text")
    if not isinstance(text, str) or not text:
        return []
    language = content.get("language")
    named = language if isinstance(language, str) and language.isalnum() and language != "unknown" else ""
    return [Text(f"```{named}\n{scalar(text)}\n```")]


def _error(content: dict[str, Any]) -> list[Part | Asset]:
    name = content.get("name")
    return [Text(": ".join(each for each in (name if isinstance(name, str) else "", words_in(content)) if each))]


def _quote(content: dict[str, Any]) -> list[Part | Asset]:
    lines = [content.get(name) for name in ("title", "url", "domain", "snippet", "text")]
    text = "\n".join(dict.fromkeys(scalar(line) for line in lines if isinstance(line, str) and line))
    return [Text(text)] if text else []


def _browsing(content: dict[str, Any]) -> list[Part | Asset]:
    text = "\n\n".join(
        scalar(content[name]) for name in ("summary", "result") if isinstance(content.get(name), str) and content[name]
    )
    return [Text(text)] if text else []


def _thoughts(content: dict[str, Any]) -> list[Part | Asset]:
    thoughts = content.get("thoughts")
    if isinstance(thoughts, str):
        return [Reasoning(scalar(thoughts))] if thoughts.strip() else []
    written = []
    for each in thoughts if isinstance(thoughts, list) else ():
        if isinstance(each, dict):
            words = [each.get("summary"), each.get("content")]
            written.append("\n".join(word for word in words if isinstance(word, str) and word.strip()))
    text = scalar("\n\n".join(each for each in written if each))
    return [Reasoning(text)] if text else []


def _recap(content: dict[str, Any]) -> list[Part | Asset]:
    text = content.get("content")
    return [Reasoning(scalar(text))] if isinstance(text, str) and text.strip() else []


def _lasting(part: Part | Asset, seconds: float) -> Part | Asset:
    return msgspec.structs.replace(part, seconds=seconds) if isinstance(part, Reasoning) else part


def _named(part: dict[str, Any]) -> dict[str, Any]:
    """An inner pointer whose kind is not written out is taken for a sound, which it is in all that was seen."""
    return part if isinstance(part.get("content_type"), str) else part | {"content_type": "audio_asset_pointer"}
