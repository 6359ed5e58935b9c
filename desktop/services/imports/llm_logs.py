"""The log of the `llm` command: a SQLite file of prompts and responses, opened so that nothing of it can change."""

# ruff: noqa: S608  (names in statements are our own or were read from the file's own list; values are always bound)

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from desktop.core.conversation import (
    Conversation,
    Message,
    Part,
    Reasoning,
    Role,
    Text,
    Timing,
    ToolCall,
    ToolResult,
    title_from,
)
from desktop.core.errors import BadFile
from desktop.core.text import scalar
from desktop.core.usage import Usage
from desktop.services.imports.ids import id_of, micros
from desktop.services.imports.json_values import Unreadable
from desktop.services.imports.values import Asset, Draft, Notes, Piece
from desktop.store.connections import reading

KIND = "llm"
NAME = "Log of the llm command"
MAGIC = b"SQLite format 3\0"


class Log:
    """Reads whatever tables and columns a version of the command had."""

    def __init__(self, path: Path, notes: Notes) -> None:
        self._path, self._notes = path, notes
        log = path.with_name(path.name + "-wal")
        if log.is_file() and log.stat().st_size:
            notes.add("a log beside the database that was not read: end the program that writes it")
        try:
            self._conn = reading(path, is_frozen=True)
            self._conn.text_factory = lambda raw: raw.decode("utf-8", "replace")
            self._conn.row_factory = sqlite3.Row
            names = [name for (name,) in self._conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            self._columns = {name: self._columns_of(name) for name in names if name.isidentifier()}
        except sqlite3.Error as error:
            raise BadFile(f"“{path.name}” cannot be read as a database.") from error

    @property
    def is_one(self) -> bool:
        return {"prompt", "response", "model"} <= self._columns.get(self._table, set())

    @property
    def count(self) -> int:
        return int(self._conn.execute(f"SELECT count(DISTINCT {self._group}) FROM {self._table}").fetchone()[0])

    def close(self) -> None:
        self._conn.close()

    def pieces(self) -> Iterator[Piece]:
        """The oldest first."""
        at = self._time
        rows = self._conn.execute(
            f"SELECT {self._group} AS conversation, min({at}) AS began, sum(length(coalesce(response, ''))) AS size"
            f" FROM {self._table} GROUP BY 1 ORDER BY 2"
        ).fetchall()
        for row in rows:
            name = f"conversation {row['conversation']}"
            read = partial(self._draft, row["conversation"], micros(row["began"]))
            yield Piece(micros(row["began"]), name, self._path.name, 500 + int(row["size"] or 0), read)

    # The file's form

    @property
    def _table(self) -> str:
        return "responses" if "responses" in self._columns else "logs" if "logs" in self._columns else "log"

    @property
    def _group(self) -> str:
        """What responses of one conversation have in common; before there were conversations, a number of the first."""
        columns = self._columns.get(self._table, set())
        if "conversation_id" in columns:
            return "coalesce(conversation_id, id)"
        return "coalesce(chat_id, id)" if "chat_id" in columns else "id"

    @property
    def _time(self) -> str:
        columns = self._columns.get(self._table, set())
        return next((name for name in ("datetime_utc", "timestamp_utc", "timestamp") if name in columns), "''")

    def _columns_of(self, table: str) -> set[str]:
        return {row[1] for row in self._conn.execute(f"PRAGMA table_info({table})")}

    def _rows(self, question: str, *values: object) -> list[sqlite3.Row]:
        try:
            return self._conn.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise Unreadable("This part of the database is damaged.") from error

    # A conversation

    def _draft(self, source: Any, began: int) -> Draft:
        rows = self._rows(f"SELECT * FROM {self._table} WHERE {self._group} = ? ORDER BY {self._time}, rowid", source)
        messages: list[Message] = []
        assets: dict[str, dict[int, Asset]] = {}
        for row in rows:
            self._add(dict(row), str(source), began, messages, assets)
        if not messages:
            raise Unreadable("It has no messages.")
        about = self._about(source)
        first = next((m.text for m in messages if m.role is Role.USER), "")
        systems = dict.fromkeys(_text(row["system"]) for row in rows if "system" in row.keys())  # noqa: SIM118
        conversation = Conversation(
            id=id_of(began, KIND, str(source)),
            title=title_from(_text(about.get("name")) or first),
            created=began,
            updated=max(began, *(message.created for message in messages)),
            head=messages[-1].id,
            model=_text(about.get("model")) or messages[-1].model,
            system="\n\n".join(each for each in systems if each.strip()),
        )
        return Draft(conversation, messages, assets)

    def _about(self, source: Any) -> dict[str, Any]:
        if not {"id", "name", "model"} <= self._columns.get("conversations", set()):
            return {}
        rows = self._rows("SELECT name, model FROM conversations WHERE id = ?", source)
        return dict(rows[0]) if rows else {}

    def _add(
        self,
        row: dict[str, Any],
        source: str,
        began: int,
        messages: list[Message],
        assets: dict[str, dict[int, Asset]],
    ) -> None:
        response = str(row.get("id"))
        when = micros(row.get(self._time)) or began
        asked, attached = self._asked(row, response)
        if asked:
            id = id_of(when, KIND, source, response, "prompt")
            messages.append(Message(id=id, role=Role.USER, parts=asked, parent=_last(messages), created=when))
            if attached:
                assets[id] = attached
        duration = row.get("duration_ms")
        lasted = duration if isinstance(duration, int) and 0 <= duration < 86_400_000 else None
        messages.append(
            Message(
                id=id_of(when, KIND, source, response, "response"),
                role=Role.ASSISTANT,
                parts=self._answered(row, response),
                parent=_last(messages),
                created=when,
                model=_text(row.get("resolved_model")) or _text(row.get("model")),
                usage=_usage(row),
                timing=Timing(total_ms=lasted),
            )
        )

    def _asked(self, row: dict[str, Any], response: str) -> tuple[tuple[Part, ...], dict[int, Asset]]:
        parts: list[Part] = [Text(text) for text in (*self._fragments(response), _text(row.get("prompt"))) if text]
        parts += self._results(response)
        assets: dict[int, Asset] = {}
        for asset in self._attachments(response):
            assets[len(parts)] = asset
            parts.append(Text(""))
        return tuple(parts), assets

    def _answered(self, row: dict[str, Any], response: str) -> tuple[Part, ...]:
        parts: list[Part] = []
        if reasoning := _text(row.get("reasoning")):
            parts.append(Reasoning(reasoning))
        parts.append(Text(_text(row.get("response"))))
        if {"response_id", "name", "arguments"} <= self._columns.get("tool_calls", set()):
            for call in self._rows("SELECT * FROM tool_calls WHERE response_id = ? ORDER BY id", response):
                parts.append(ToolCall(_text(call["tool_call_id"]), _text(call["name"]), _text(call["arguments"])))
        return tuple(parts)

    def _results(self, response: str) -> list[Part]:
        if not {"response_id", "output", "tool_call_id"} <= self._columns.get("tool_results", set()):
            return []
        rows = self._rows("SELECT * FROM tool_results WHERE response_id = ? ORDER BY id", response)
        return [ToolResult(_text(row["tool_call_id"]), _text(row["output"])) for row in rows]

    def _fragments(self, response: str) -> list[str]:
        if "prompt_fragments" not in self._columns or "fragments" not in self._columns:
            return []
        rows = self._rows(
            "SELECT f.content FROM prompt_fragments p JOIN fragments f ON f.id = p.fragment_id"
            ' WHERE p.response_id = ? ORDER BY p."order"',
            response,
        )
        return [_text(row["content"]) for row in rows]

    def _attachments(self, response: str) -> list[Asset]:
        """Their bytes where the log has them; a path it names is not followed."""
        if "prompt_attachments" not in self._columns or "attachments" not in self._columns:
            return []
        rows = self._rows(
            "SELECT a.id, a.type, a.path, a.url, a.content FROM prompt_attachments p"
            ' JOIN attachments a ON a.id = p.attachment_id WHERE p.response_id = ? ORDER BY p."order"',
            response,
        )
        found = []
        for row in rows:
            name = _text(row["path"]).replace("\\", "/").rpartition("/")[2] or _text(row["url"]) or _text(row["type"])
            content = row["content"] if isinstance(row["content"], bytes) else None
            found.append(Asset("file", (name or "attachment")[:200], partial(_given, content)))
        return found


def _given(content: bytes | None) -> bytes | None:
    return content


def _usage(row: dict[str, Any]) -> Usage | None:
    counts = [row.get(name) for name in ("input_tokens", "output_tokens")]
    found = [each if isinstance(each, int) and 0 <= each < 2**40 else 0 for each in counts]
    return Usage(input=found[0], output=found[1]) if any(found) else None


def _last(messages: list[Message]) -> str | None:
    return messages[-1].id if messages else None


def _text(found: Any) -> str:
    return scalar(found) if isinstance(found, str) else ""
