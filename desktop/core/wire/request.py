"""A request that is to be sent from the wire view: of a call again, changed, or of a collection."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from desktop.core.calls import Part
from desktop.core.errors import BadInput
from desktop.core.ids import new_id
from desktop.core.profile import Profile


@dataclass(frozen=True, slots=True)
class WireRequest:
    """`endpoint` is the path below the profile's address; `body` is sent as it is.

    `conversation` is the one whose call it repeats: deleted for good with it.
    """

    profile: Profile
    method: str
    endpoint: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    model: str = ""
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Began:
    """The call is about to be sent and can be looked at under this id."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Pause:
    """So many seconds until the next try; `skip` tries at once."""

    call_id: str
    reason: str
    seconds: float
    skip: Callable[[], None]


Tell = Callable[[Began | Pause], None]


def check_json(body: bytes) -> None:
    """Raises BadInput with line and column for a body that is no JSON."""
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        raise BadInput(f"This is no JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"This is no text: byte {error.start + 1:,} cannot be read.") from None
    except (ValueError, RecursionError):
        raise BadInput("This is JSON that cannot be read: too deep, or with a number that is too long.") from None


def form(parts: tuple[Part, ...], contents: Mapping[int, bytes]) -> tuple[str, bytes]:
    """A form as content type and body; `contents` are those of the files, by their place among the parts."""
    mark = f"davenport-{new_id()}"
    pieces = []
    for at, part in enumerate(parts):
        head = f'Content-Disposition: form-data; name="{_quoted(part.name)}"'
        if part.file_name is not None:
            head += f'; filename="{_quoted(part.file_name)}"\r\nContent-Type: {part.mime or "application/octet-stream"}'
        content = part.value.encode() if part.file_name is None else contents[at]
        pieces.append(f"--{mark}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    return f"multipart/form-data; boundary={mark}", b"".join(pieces) + f"--{mark}--\r\n".encode()


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
