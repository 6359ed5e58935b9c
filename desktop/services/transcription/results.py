"""What is kept of a recording: its conversation, its transcript, its waveform; and reading and changing it later."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from desktop.api.multipart import kind_of
from desktop.core.conversation import Attachment, Audio, Conversation, Message, Role, State, Text
from desktop.core.errors import Missing
from desktop.core.ids import new_id
from desktop.core.text import scalar
from desktop.core.transcript import Segment, Transcript
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
    packed: bytes | None = None,
) -> None:
    """The transcript as it came, or as much as came, and the message that holds its text. What the user has edited of
    an earlier, shorter one stays as it is; what is new is added to it. `packed` as in `recordings.put_original`."""
    recording = recordings.get(db, job)
    edited = _with_edits(db, job, transcript)
    before = recordings.message_of(db, job)
    message = Message(
        before.id if before else new_id(),
        Role.ASSISTANT,
        (Text((edited or transcript).text),),
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
    recordings.put_original(db, job, transcript, now_us, edited, packed=packed)


def _with_edits(db: sqlite3.Connection, job: str, transcript: Transcript) -> Transcript | None:
    """The edited transcript with what came since; None where nobody edited any of it."""
    try:
        before = recordings.kept(db, job)
    except Missing:
        return None
    if before.edited is None:
        return None
    ids = {speaker.name: speaker.id for speaker in before.original.speakers}
    own = {speaker.id: speaker for speaker in before.edited.speakers}
    renamed = {speaker.id: ids.get(speaker.name, new_id()) for speaker in transcript.speakers}
    came = [replace(each, speaker=renamed.get(each.speaker, "")) for each in transcript.segments]
    new = [each for each in came if not _is_covered(each, before.original.segments)]
    speakers = [replace(speaker, id=renamed[speaker.id]) for speaker in transcript.speakers]
    spoken = {each.speaker for each in new}
    return replace(
        before.edited,
        segments=tuple(sorted((*before.edited.segments, *new), key=lambda each: each.begins)),
        speakers=(*before.edited.speakers, *(each for each in speakers if each.id in spoken and each.id not in own)),
        milliseconds=transcript.milliseconds,
    )


def _is_covered(segment: Segment, before: Sequence[Segment]) -> bool:
    """Whether an earlier transcript had this already: the same speaker, for most of its time."""
    shared = sum(
        max(0, min(segment.ends, each.ends) - max(segment.begins, each.begins))
        for each in before
        if each.speaker == segment.speaker
    )
    return shared * 2 > segment.ends - segment.begins


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
