"""Exports of other programs, made by us to their shapes: nothing in them was ever anybody's."""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import uuid
import wave
import zipfile
import zlib
from pathlib import Path
from typing import Any

BEGAN = 1_700_000_000.0
OLD_PICTURE, NEW_PICTURE, SOUND, PAPER = (
    "file-AbCdEf0123456789",
    "file_00000000aa11bb22",
    "file_00000000cc33dd44",
    "file-Zz99",
)


def ident(number: int) -> str:
    return str(uuid.UUID(int=0xA0000000000000000000000000000000 + number))


def png() -> bytes:
    """The smallest picture: one red dot."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def wav() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)
    return held.getvalue()


def said(role: str, content: Any, at: float | None = 0, **fields: Any) -> dict[str, Any]:
    """A message of ChatGPT's; a text is its usual content."""
    made = {"content_type": "text", "parts": [content]} if isinstance(content, str) else content
    name = fields.pop("name", None)
    about = fields.pop("metadata", {})
    model = fields.pop("model", None)
    return {
        "author": {"role": role, "name": name, "metadata": {}},
        "create_time": None if at is None else BEGAN + at,
        "update_time": None,
        "content": made,
        "status": "finished_successfully",
        "end_turn": True if role == "assistant" else None,
        "weight": 1.0,
        "recipient": "all",
        "metadata": about | ({"model_slug": model} if model else {}),
        **fields,
    }


def mapping(nodes: dict[str, tuple[str | None, dict[str, Any] | None]]) -> dict[str, Any]:
    """Nodes with their parents and children, as the export links them."""
    made: dict[str, Any] = {}
    for id, (parent, message) in nodes.items():
        whole = None if message is None else {"id": id, **message}
        made[id] = {"id": id, "message": whole, "parent": parent, "children": []}
    for id, (parent, _) in nodes.items():
        if parent in made:
            made[parent]["children"].append(id)
    return made


def talk(number: int, title: str | None, nodes: dict, current: str, **fields: Any) -> dict[str, Any]:
    return {
        "title": title,
        "create_time": BEGAN + 1000 * number,
        "update_time": BEGAN + 1000 * number + 500,
        "mapping": mapping(nodes),
        "moderation_results": [],
        "current_node": current,
        "plugin_ids": None,
        "conversation_id": ident(number),
        "conversation_template_id": None,
        "gizmo_id": None,
        "is_archived": False,
        "safe_urls": [],
        "default_model_slug": "gpt-4o",
        "id": ident(number),
        **fields,
    }


def simple(number: int, *turns: str) -> dict[str, Any]:
    """Question and answer in turn."""
    nodes: dict[str, Any] = {f"{number}-root": (None, None)}
    above = f"{number}-root"
    for at, text in enumerate(turns or ("Hello?", "Hello.")):
        id = f"{number}-{at}"
        role = "assistant" if at % 2 else "user"
        nodes[id] = (above, said(role, text, 1000 * number + at, model="gpt-4o" if at % 2 else None))
        above = id
    return talk(number, f"Talk {number}", nodes, above)


def branches() -> dict[str, Any]:
    """An edited question, an answer made twice by two models, the first of them shown."""
    system = said("system", "", 0, metadata={"is_visually_hidden_from_conversation": True})
    return talk(
        1,
        "Branches",
        {
            "root": (None, None),
            "sys": ("root", system),
            "q1": ("sys", said("user", "What is a heron?", 1)),
            "a1": ("q1", said("assistant", "A bird.", 2, model="gpt-4")),
            "a2": ("q1", said("assistant", "A wading bird.", 3, model="gpt-4o")),
            "q2": ("sys", said("user", "What is a stork?", 4)),
            "a3": ("q2", said("assistant", "Another bird.", 5, model="gpt-4o")),
        },
        "a1",
    )


def tools() -> dict[str, Any]:
    """Browsing, code, its output, a canvas, thoughts, a memory, instructions of the user."""
    code = {"content_type": "code", "language": "python", "text": "print(6 * 7)"}
    canvas = json.dumps({"name": "poem", "type": "document", "content": "A line"})
    context = {"content_type": "user_editable_context", "user_profile": "I paint.", "user_instructions": "Be brief."}
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Counting", "content": "six times seven"}]}
    quote = {"content_type": "tether_quote", "url": "https://example.org/h", "title": "Herons", "text": "They wade."}
    shown = {"content_type": "tether_browsing_display", "result": "# Results\nHerons", "summary": None}
    nodes = {
        "root": (None, None),
        "ctx": ("root", said("user", context, None, metadata={"is_user_system_message": True})),
        "q": ("ctx", said("user", "Compute, then look it up", 1)),
        "think": ("q", said("assistant", thoughts, 2, model="o3")),
        "recap": (
            "think",
            said(
                "assistant",
                {"content_type": "reasoning_recap", "content": "Thought for 4 seconds"},
                3,
                metadata={"finished_duration_sec": 4},
            ),
        ),
        "code": ("recap", said("assistant", code, 4, recipient="python", model="gpt-4o")),
        "out": ("code", said("tool", {"content_type": "execution_output", "text": "42"}, 5, name="python")),
        "search": ("out", said("assistant", 'search("herons")', 6, recipient="browser")),
        "shown": ("search", said("tool", shown, 7, name="browser")),
        "quote": ("shown", said("tool", quote, 8, name="browser")),
        "broke": ("quote", said("tool", {"content_type": "system_error", "name": "Timeout", "text": "too slow"}, 9)),
        "canvas": ("broke", said("assistant", canvas, 10, recipient="canmore.create_textdoc")),
        "made": ("canvas", said("tool", "Successfully created text document", 11, name="canmore.create_textdoc")),
        "new": ("made", said("assistant", {"content_type": "hologram", "text": "a turning cube", "size": 3}, 12)),
        "a": (
            "new",
            said(
                "assistant",
                "It is 42.",
                13,
                model="gpt-4o",
                metadata={"model_slug": "gpt-4o", "finish_details": {"type": "max_tokens"}},
            ),
        ),
    }
    return talk(2, "Tools", nodes, "a", is_archived=True)


def pictures(picture: str, scheme: str) -> dict[str, Any]:
    """A picture, a file beside it, a picture that is not in the export."""
    parts = [
        {"content_type": "image_asset_pointer", "asset_pointer": f"{scheme}{picture}", "size_bytes": 68, "width": 1},
        {"content_type": "image_asset_pointer", "asset_pointer": f"{scheme}file-Gone00", "size_bytes": 9},
        "What is on these?",
    ]
    about = {
        "attachments": [
            {"id": picture, "name": "dot.png", "mime_type": "image/png"},
            {"id": PAPER, "name": "paper.pdf", "mime_type": "application/pdf"},
        ]
    }
    nodes = {
        "root": (None, None),
        "q": ("root", said("user", {"content_type": "multimodal_text", "parts": parts}, 1, metadata=about)),
        "a": ("q", said("assistant", "A red dot.", 2, model="gpt-4o")),
    }
    return talk(3, "Pictures", nodes, "a")


def voice() -> dict[str, Any]:
    """Spoken turns: a sound with what was said in it."""
    heard = [
        {"content_type": "audio_transcription", "text": "How are you?", "direction": "in"},
        {
            "content_type": "real_time_user_audio_video_asset_pointer",
            "frames_asset_pointers": [],
            "video_container_asset_pointer": None,
            "audio_asset_pointer": {
                "content_type": "audio_asset_pointer",
                "asset_pointer": f"sediment://{SOUND}",
                "format": "wav",
                "metadata": {"start": 0, "end": 0.1},
            },
        },
    ]
    spoken = [
        {"content_type": "audio_transcription", "text": "Well, thank you.", "direction": "out"},
        {"content_type": "audio_asset_pointer", "asset_pointer": f"sediment://{SOUND}", "format": "wav"},
    ]
    nodes = {
        "root": (None, None),
        "q": ("root", said("user", {"content_type": "multimodal_text", "parts": heard}, 1)),
        "a": ("q", said("assistant", {"content_type": "multimodal_text", "parts": spoken}, 2, model="gpt-4o")),
    }
    return talk(4, "Voice", nodes, "a", voice="alloy")


def bare() -> dict[str, Any]:
    """What newer exports leave out: title, times, parents, ids; children are still named."""
    made = mapping(
        {
            "r": (None, None),
            "x": ("r", said("user", "No times here", None)),
            "y": ("x", said("assistant", "None at all", None)),
        }
    )
    for node in made.values():
        del node["parent"]
        if node["message"]:
            del node["message"]["id"]
    return {"mapping": made, "conversation_id": ident(5), "current_node": None}


def circle() -> dict[str, Any]:
    """Two messages that are each other's parent, beside an ordinary one."""
    return talk(
        6,
        "Circle",
        {
            "r": (None, None),
            "x": ("z", said("user", "round", 1)),
            "y": ("x", said("assistant", "and", 2)),
            "z": ("y", said("user", "round again", 3)),
            "q": ("r", said("user", "straight", 4)),
            "lost": ("nowhere", said("assistant", "an orphan", 5)),
        },
        "q",
    )


def broken() -> list[Any]:
    """Three that cannot be read, each in its own way."""
    return [
        talk(7, "No messages", {"r": (None, None)}, "r"),
        {"title": "A list for a tree", "conversation_id": ident(8), "mapping": [1, 2], "create_time": BEGAN},
        "not even an object" and {"title": "Nothing", "conversation_id": ident(9), "mapping": None},
    ]


SAFE = 7  # conversations of a ChatGPT export that can be read


def chatgpt_talks(picture: str, scheme: str) -> list[Any]:
    bad = broken()
    return [
        simple(10),
        bad[0],
        branches(),
        tools(),
        bad[1],
        pictures(picture, scheme),
        voice(),
        bare(),
        circle(),
        bad[2],
    ]


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def as_json(content: Any) -> bytes:
    return json.dumps(content).encode()


def old_chatgpt() -> dict[str, bytes]:
    """One list of everything, pictures under their pointers' names."""
    return {
        "conversations.json": as_json(chatgpt_talks(OLD_PICTURE, "file-service://")),
        "user.json": as_json({"id": "user-x", "email": "nobody@example.org"}),
        "message_feedback.json": b"[]",
        "model_comparisons.json": b"[]",
        "shared_conversations.json": b"[]",
        "chat.html": b"<html></html>",
        f"{OLD_PICTURE}-dot.png": png(),
        f"{PAPER}-paper.pdf": b"%PDF-1.4 tiny",
    }


def new_chatgpt() -> dict[str, bytes]:
    """Many lists, one conversation in a file of its own, files without endings and a list of their names."""
    talks = chatgpt_talks(NEW_PICTURE, "sediment://")
    return {
        "conversations-000.json": as_json(talks[:4]),
        "conversations-001.json": as_json({"conversations": talks[4:7]}),
        "conversations-002.json": as_json(talks[7:9]),
        "single.json": as_json(talks[9]),
        "export_manifest.json": as_json({"version": 1}),
        "user.json": as_json({"id": "user-x"}),
        "conversation_asset_file_names.json": as_json({f"{NEW_PICTURE}.dat": "dot.png"}),
        f"{NEW_PICTURE}.dat": png(),
        f"{ident(4)}/audio/{SOUND}-{ident(99)}.wav": wav(),
        f"{PAPER}.dat": b"%PDF-1.4 tiny",
    }


def claude_talks() -> list[Any]:
    def turn(number: int, sender: str, content: Any, **fields: Any) -> dict[str, Any]:
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        return {
            "uuid": ident(100 + number),
            "text": "",
            "content": blocks,
            "sender": sender,
            "created_at": f"2025-01-02T03:04:{number:02}.500000Z",
            "updated_at": f"2025-01-02T03:05:{number:02}Z",
            "attachments": [],
            "files": [],
            **fields,
        }

    first = [
        turn(
            1,
            "human",
            "Read this",
            attachments=[
                {"file_name": "notes.txt", "file_size": 5, "file_type": "txt", "extracted_content": "wombats"}
            ],
            files=[{"file_name": "photo.png"}],
        ),
        turn(
            2,
            "assistant",
            [
                {
                    "type": "thinking",
                    "thinking": "Let me see",
                    "start_timestamp": "2025-01-02T03:04:00Z",
                    "stop_timestamp": "2025-01-02T03:04:02Z",
                },
                {"type": "tool_use", "id": "toolu_1", "name": "repl", "input": {"code": "1+1"}},
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "2"}]},
                {"type": "text", "text": "Two."},
                {"type": "token_budget"},
                {"type": "sparkle", "text": "shiny"},
            ],
        ),
        turn(3, "human", [], text="An older form"),
    ]
    second = [
        turn(11, "human", "One", parent_message_uuid="00000000-0000-4000-8000-000000000000"),
        turn(12, "assistant", "First answer", parent_message_uuid=ident(111)),
        turn(13, "assistant", "Second answer", parent_message_uuid=ident(111)),
    ]
    common = {"created_at": "2025-01-02T03:04:00Z", "updated_at": "2025-01-03T00:00:00Z", "account": {"uuid": ident(1)}}
    return [
        {"uuid": ident(200), "name": "Wombats", "summary": "", **common, "chat_messages": first},
        {"uuid": ident(201), "name": "", **common, "chat_messages": second},
        {"uuid": ident(202), "name": "Empty", **common, "chat_messages": []},
        {"uuid": ident(203), "name": "Broken", **common, "chat_messages": "gone"},
    ]


def claude() -> dict[str, bytes]:
    return {
        "conversations.json": as_json(claude_talks()),
        "projects.json": as_json([{"uuid": ident(300), "name": "P", "docs": []}]),
        "users.json": as_json([{"uuid": ident(1), "full_name": "N"}]),
    }


def llm_log(path: Path, *, is_old: bool = False) -> Path:
    """The command's database: today's form, or that of before conversations, usage and attachments."""
    with sqlite3.connect(path) as db:
        if is_old:
            db.execute(
                "CREATE TABLE log (id INTEGER PRIMARY KEY, model TEXT, timestamp TEXT, prompt TEXT, system TEXT,"
                " response TEXT, chat_id INTEGER)"
            )
            db.executemany(
                "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (1, "gpt-3.5-turbo", "2023-05-01 10:00:00", "Old?", None, "Yes.", None),
                    (2, "gpt-3.5-turbo", "2023-05-01 10:01:00", "Still?", None, "Yes.", 1),
                    (3, "gpt-4", "2023-05-02 10:00:00", "Other", "Be kind", "Fine.", None),
                ],
            )
        else:
            _new_log(db)
    db.close()
    return path


def _new_log(db: sqlite3.Connection) -> None:
    db.executescript("""
        CREATE TABLE conversations (id TEXT PRIMARY KEY, name TEXT, model TEXT);
        CREATE TABLE responses (id TEXT PRIMARY KEY, model TEXT, prompt TEXT, system TEXT, prompt_json TEXT,
            options_json TEXT, response TEXT, response_json TEXT, conversation_id TEXT, duration_ms INTEGER,
            datetime_utc TEXT, input_tokens INTEGER, output_tokens INTEGER, token_details TEXT);
        CREATE TABLE attachments (id TEXT PRIMARY KEY, type TEXT, path TEXT, url TEXT, content BLOB);
        CREATE TABLE prompt_attachments (response_id TEXT, attachment_id TEXT, "order" INTEGER);
        CREATE TABLE fragments (id INTEGER PRIMARY KEY, hash TEXT, content TEXT, datetime_utc TEXT, source TEXT);
        CREATE TABLE prompt_fragments (response_id TEXT, fragment_id INTEGER, "order" INTEGER);
        CREATE TABLE tool_calls (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, arguments TEXT,
            tool_call_id TEXT);
        CREATE TABLE tool_results (id INTEGER PRIMARY KEY, response_id TEXT, tool_id INTEGER, name TEXT, output TEXT,
            tool_call_id TEXT);
        INSERT INTO conversations VALUES ('01c', 'Pelicans', 'gpt-4o-mini');
        INSERT INTO fragments VALUES (1, 'h', 'A long paper.', '2025-01-01', NULL);
        INSERT INTO prompt_fragments VALUES ('01r1', 1, 0);
        INSERT INTO prompt_attachments VALUES ('01r1', 'at1', 0), ('01r1', 'at2', 1);
        INSERT INTO tool_calls VALUES (1, '01r1', 1, 'clock', '{}', 'call_1');
        INSERT INTO tool_results VALUES (1, '01r2', 1, 'clock', 'noon', 'call_1');
    """)
    db.execute("INSERT INTO attachments VALUES ('at1', 'image/png', NULL, NULL, ?)", (png(),))
    db.execute("INSERT INTO attachments VALUES ('at2', 'text/plain', '/etc/hostname', NULL, NULL)")
    rows = [
        ("01r1", "Draw a pelican", "Be an artist", "<svg/>", "2025-02-03T04:05:06.000007+00:00", 12, 3),
        ("01r2", "", None, "It is noon.", "2025-02-03T04:06:06+00:00", None, None),
    ]
    for id, prompt, system, response, when, tokens_in, tokens_out in rows:
        db.execute(
            "INSERT INTO responses VALUES (?, 'gpt-4o-mini', ?, ?, NULL, '{}', ?, NULL, '01c', 900, ?, ?, ?, NULL)",
            (id, prompt, system, response, when, tokens_in, tokens_out),
        )
