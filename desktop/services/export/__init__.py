"""Conversations as files: a module for each form, one service that writes them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import structs

from desktop.core.conversation import Conversation, Message
from desktop.services.export import csv_form, html_form, json_form, jsonl_form, markdown_form, text_form
from desktop.services.export.formats import OF_TERMINAL as FORMATS
from desktop.services.export.service import Export as Export
from desktop.services.export.told import Told
from desktop.services.export.work import Exported as Exported
from desktop.services.export.work import Progress as Progress
from desktop.services.export.work import Selection as Selection

__all__ = ["FORMATS", "Export", "Exported", "Progress", "Selection", "exported"]


def exported(conversation: Conversation, messages: Sequence[Message], format: str) -> str:
    """One conversation that is at hand, in one of FORMATS; `messages` are a branch, for json perhaps the whole tree."""
    if format == "json":
        file = io.BytesIO()
        about = json_form.Entry(conversation, tuple(messages))
        json_form.write(file, json_form.Head(count=1, files="left out"), [about])
        return file.getvalue().decode()
    written: list[str] = [csv_form.header()] if format == "csv" else []
    told = _at_hand(conversation, messages)
    if format == "jsonl":
        jsonl_form.write(told, written.append, Counter())
    else:
        forms = {"md": markdown_form.write, "txt": text_form.write, "csv": csv_form.write, "html": html_form.write}
        forms[format](told, written.append)
    return "".join(written)


def _at_hand(conversation: Conversation, messages: Sequence[Message]) -> Told:
    """The messages as one branch, whatever their parents are."""
    ids = [message.id for message in messages]
    known = dict(zip(ids, messages, strict=True))

    def read(wanted: Sequence[str]) -> Iterator[Message]:
        return (known[id] for id in wanted)

    parents = dict(zip(ids, [None, *ids], strict=False))
    head = ids[-1] if ids else None
    return Told(structs.replace(conversation, head=head), parents, "path", read)
