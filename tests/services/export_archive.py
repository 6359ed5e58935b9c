"""An archive with something of every kind, for the tests of exports and imports."""

from __future__ import annotations

import sqlite3

from desktop.core.calls import Fate
from desktop.core.conversation import (
    Attachment,
    Audio,
    Conversation,
    Message,
    Picture,
    Reasoning,
    Refusal,
    Role,
    State,
    Text,
    Timing,
    ToolCall,
    ToolResult,
)
from desktop.core.usage import Usage
from desktop.store import blobs, conversations, exporting, ledger
from desktop.store.database import Database
from desktop.store.ledger import LedgerRow

HOSTILE = (
    "<script>alert(1)</script> & \"quotes\" 'too' \u202egnp.exe\u202c \x00\x1b[31m \ufffd </textarea><!-- -->"
    " =1+1 `code` $x$ {{name}} %s \\ \U0001f9d1\u200d\U0001f680 日本語 עברית ¨\u0301 \x85\u2028end"
)
SMALL, LARGE = b"\x89PNG\r\n\x1a\n" + b"small", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 200
SOUND = b"RIFF\x00\x00\x00\x00WAVE" + b"\x01" * 40_000
MICROS = 1_790_000_000_000_000


def fill(database: Database) -> list[str]:
    """Make it; returns the ids of its conversations in the order they were made."""
    database.write_now(_talk)
    database.write_now(_fork)
    database.write_now(_hostile)
    database.write_now(_long)
    database.write_now(_places)
    return ["C1TALK", "C2FORK", "C3HOSTILE", "C4LONG", "C5EMPTY"]


def turn(conversation: str, id: str, parent: str | None, role: Role, *parts: object, **fields: object) -> Message:
    return Message(
        id=id, role=role, parts=tuple(parts), parent=parent, conversation=conversation, created=MICROS, **fields
    )


def _talk(db: sqlite3.Connection) -> None:
    small, large, sound = (blobs.put(db, content, MICROS) for content in (SMALL, LARGE, SOUND))
    conversations.create(
        db,
        Conversation(
            "C1TALK",
            "Herons and other birds",
            created=MICROS,
            updated=MICROS,
            model="gpt-heron",
            profile="P1",
            system="Be brief.\nBe kind.",
            parameters={"temperature": 0.7, "tools": [{"type": "function", "name": "näme"}], "max": None},
            is_pinned=True,
        ),
    )
    say = lambda *given, **fields: conversations.add_message(db, turn("C1TALK", *given, **fields))  # noqa: E731
    user, assistant = Role.USER, Role.ASSISTANT
    say("M01", None, Role.SYSTEM, Text("Be brief."))
    say("M02", None, Role.DEVELOPER, Text("Never shout."))
    say(
        "M03",
        "M01",
        user,
        Text("What is on this picture?"),
        Picture(small, "image/png", "heron.png", detail="high"),
        Picture(large, "image/png", "../../heron two.png"),
        Attachment("notes.pdf", "application/pdf", file_id="file-1"),
        Audio(sound, "audio/wav", "call.wav", transcript="kraa", seconds=1.25),
    )
    say(
        "M04",
        "M03",
        assistant,
        Reasoning("A long bill, so …", seconds=0.5),
        Text("A **heron**, with code:\n\n```python\nprint('heron')\n```\n"),
        Text("And more."),
        model="gpt-heron-2026",
        finish_reason="stop",
        usage=Usage(input=100, cached=50, output=20, reasoning=5, image_input=60, seconds=0.125, is_estimate=True),
        timing=Timing(120, 900),
        cost_pico=123_456_789_012,
        call_id="call-1",
    )
    say("M05", "M03", assistant, Refusal("I can't."), state=State.FILTERED, is_free=True)
    say("M06", "M04", user, Text("Weather?"))
    say("M07", "M06", assistant, ToolCall("t1", "weather", '{"place": "Köln"}'), ToolCall("t2", "broken", "{no json"))
    say("M08", "M07", Role.TOOL, ToolResult("t1", "rain"))
    say("M09", "M08", Role.TOOL, ToolResult("t2", "no such tool", is_error=True))
    say("M10", "M09", assistant, Text("It rains"), state=State.CUT, error="The connection was cut.", advice="Retry.")
    say("M11", "M09", assistant, Text("It "), state=State.STREAMING)
    conversations.append_piece(db, "M11", "is raining")
    conversations.update(db, "C1TALK", head="M10")
    usage = Usage(input=100, cached=50, output=20)
    for call in (
        LedgerRow("call-1", MICROS, profile="P1", model="gpt-heron", conversation="C1TALK", message="M04"),
        LedgerRow("call-2", MICROS + 1, page="images", conversation="C1TALK", estimate_pico=5, tier="batch"),
    ):
        ledger.open_row(db, call)
    closed = LedgerRow("call-1", MICROS, profile="P1", model="gpt-heron", conversation="C1TALK", message="M04")
    closed = _with(closed, ended=MICROS + 9, fate=Fate.COMPLETE, status=200, usage=usage, cost_pico=10**13 + 1)
    ledger.close_row(db, _with(closed, price_version="2026-09-01", request_id="req_1", tries=2, total_ms=900))
    ledger.reprice(db, "call-1", MICROS + 20, "2026-10-01", 42)
    ledger.reprice(db, "call-1", MICROS + 30, "2026-11-01", None)


def _with(row: LedgerRow, **fields: object) -> LedgerRow:
    from msgspec import structs

    return structs.replace(row, **fields)


def _fork(db: sqlite3.Connection) -> None:
    conversations.fork(db, "C1TALK", "M04", "C2FORK", MICROS + 5)
    conversations.add_message(db, turn("C2FORK", "M20", "M04", Role.USER, Text("And otherwise?")))
    conversations.add_message(db, turn("C2FORK", "M21", "M03", Role.ASSISTANT, Text("Another try in the shared past")))


def _hostile(db: sqlite3.Connection) -> None:
    small = blobs.put(db, SMALL, MICROS)
    conversations.create(db, Conversation("C3HOSTILE", HOSTILE, created=MICROS, system=HOSTILE, model=HOSTILE))
    conversations.add_message(
        db,
        turn("C3HOSTILE", "M30", None, Role.USER, Text(HOSTILE), Attachment(HOSTILE, "text/html", small)),
    )
    conversations.add_message(
        db, turn("C3HOSTILE", "M31", "M30", Role.ASSISTANT, Text("w" * 200_000 + HOSTILE), model=HOSTILE, error=HOSTILE)
    )
    conversations.add_message(db, turn("C3HOSTILE", "M32", "M31", Role.TOOL, ToolResult("t", HOSTILE)))


def _long(db: sqlite3.Connection) -> None:
    conversations.create(db, Conversation("C4LONG", "A long talk", created=MICROS))
    for n in range(1200):
        role = Role.ASSISTANT if n % 2 else Role.USER
        parent = f"L{n - 1:04}" if n else None
        conversations.add_message(db, turn("C4LONG", f"L{n:04}", parent, role, Text(f"line {n}")))


def _places(db: sqlite3.Connection) -> None:
    conversations.create(db, Conversation("C5EMPTY", "Nothing said", created=MICROS))
    db.execute("INSERT INTO folder (no, id, name) VALUES (1, 'F1', 'Animals')")
    db.execute("INSERT INTO folder (no, id, name, parent) VALUES (2, 'F2', 'Birds / <b>', 1)")
    db.execute("INSERT INTO folder (no, id, name) VALUES (3, 'F3', 'Unused')")
    db.execute("INSERT INTO tag (no, name) VALUES (1, 'wading'), (2, 'Äsche'), (3, 'unused')")
    db.execute("INSERT INTO saved_search VALUES (1, 'S1', 'Dear ones', 'cost:>1 heron', ?)", (MICROS,))
    db.execute("UPDATE conversation SET folder = 2 WHERE id = 'C1TALK'")
    db.execute("UPDATE conversation SET archived = ?, page = 'images' WHERE id = 'C2FORK'", (MICROS,))
    db.execute("UPDATE conversation SET trashed = ? WHERE id = 'C5EMPTY'", (MICROS,))
    db.execute("INSERT INTO conversation_tag SELECT no, 1 FROM conversation WHERE id = 'C1TALK'")
    db.execute("INSERT INTO conversation_tag SELECT no, 2 FROM conversation WHERE id = 'C1TALK'")
    assert exporting.ids(db)
