"""What is kept of a recording: its conversation, its transcript, its waveform; and reading and changing it later."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from desktop.api.multipart import kind_of
from desktop.core.conversation import Attachment, Audio, Conversation, Message, Role, State, Text
from desktop.core.errors import Missing
from desktop.core.ids import new_id
from desktop.core.text import scalar
from desktop.core.transcript import Transcript
from desktop.core.usage import Usage
from desktop.media.levels import Heard
from desktop.services.transcription.values import Opened, Work
from desktop.store import blobs, conversations, recordings
from desktop.store.recordings import PAGE, Peaks, Recording


def begin(db: sqlite3.Connection, job: str, work: Work, now_us: int, *, has_copy: bool) -> None:
    """The conversation of a recording, with the message that names its file; nothing where it is there already."""
    if recordings.find(db, job) is not None:
        return
    path = Path(work.path)
    kind = kind_of(path.name)
    blob = work.sha256 if has_copy else ""
    if has_copy:
        recordings.own(db, blob, work.size_bytes, now_us)
    part = Audio(blob, kind, path.name, seconds=work.sound.seconds) if blob else Attachment(path.name, kind)
    conversations.create(
        db,
        Conversation(
            work.conversation,
            title=path.name,
            created=now_us,
            updated=now_us,
            model=work.options.model,
            profile=work.options.profile,
            page=PAGE,
        ),
    )
    conversations.add_message(db, Message(new_id(), Role.USER, (part,), conversation=work.conversation, created=now_us))
    recordings.add(
        db,
        Recording(
            job,
            work.conversation,
            work.sha256,
            scalar(str(path)),
            work.size_bytes,
            work.sound.seconds,
            work.sound.channels,
            kind,
            blob,
            now_us,
            work.folder,
        ),
    )


def put(
    db: sqlite3.Connection,
    job: str,
    transcript: Transcript,
    now_us: int,
    *,
    state: State = State.COMPLETE,
    cost_pico: int | None = None,
    is_free: bool = False,
    usage: Usage | None = None,
    error: str = "",
    advice: str = "",
) -> None:
    """The transcript as it came, or as much as came, and the message that holds its text."""
    recording = recordings.get(db, job)
    before = recordings.message_of(db, job)
    message = Message(
        before.id if before else new_id(),
        Role.ASSISTANT,
        (Text(transcript.text),),
        parent=before.parent if before else conversations.get(db, recording.conversation).head,
        conversation=recording.conversation,
        state=state,
        model=transcript.model,
        created=before.created if before else now_us,
        usage=usage,
        cost_pico=cost_pico,
        is_free=is_free,
        error=error,
        advice=advice,
    )
    if before is None:
        conversations.add_message(db, message)
    else:
        conversations.finish(db, message)
    recordings.put_original(db, job, transcript, now_us)


def opened(db: sqlite3.Connection, id: str) -> Opened:
    """Raises Missing where the recording is gone or nothing came of it yet."""
    recording = recordings.get(db, id)
    kept = recordings.kept(db, id)
    return Opened(
        recording,
        kept.edited or kept.original,
        kept.original,
        kept.edited is not None,
        recordings.peaks(db, id),
        playable(db, recording),
    )


def playable(db: sqlite3.Connection, recording: Recording) -> str:
    """Where the sound can be played: the archive's own copy, the file where it was last; "" where it is missing."""
    if recording.blob:
        try:
            own = blobs.path(db, recording.blob)
        except Missing:
            own = None
        if own is not None and own.is_file():
            return str(own)
    path = Path(recording.path)
    try:
        is_same = path.is_file() and path.stat().st_size == recording.size_bytes
    except OSError:
        is_same = False
    return recording.path if is_same else ""


def peaks_of(heard: Heard) -> Peaks:
    """What is kept of one pass over a recording."""
    import numpy as np  # slow to import

    levels = np.clip(np.round(heard.levels), -96, 0).astype(np.int8)
    return Peaks(heard.lows.tobytes(), heard.highs.tobytes(), levels.tobytes(), heard.milliseconds)
