"""An import in words: what was found, how far it is, how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.core.sizes import size_words as size
from desktop.ui.chat.meta import grouped
from desktop.ui.library.import_rows import Line
from desktop.ui.library.words import many
from desktop.ui.widgets.moments import relative

if TYPE_CHECKING:
    from datetime import datetime

    from desktop.services.imports.values import Found, Progress, Report, Run, Undone

STATES = {"staged": "under way", "done": "", "undone": "undone", "failed": "stopped before its end, nothing was kept"}


def left(seconds: float) -> str:
    if seconds < 5:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s left"
    return f"about {round(seconds / 60)} min left" if seconds < 5400 else f"about {seconds / 3600:.1f} h left"


def found(one: Found) -> Line:
    if not one.can_be_taken:
        return Line(one.name or one.path.name, one.problem, "cannot be imported", "bad", "error")
    count = "" if one.conversations is None else f"about {many(one.conversations, 'conversation')}"
    return Line(one.name, one.kind, " · ".join(each for each in (count, size(one.size_bytes)) if each), icon="check")


def progress(now: Progress) -> str:
    pieces = [many(now.conversations, "conversation"), many(now.messages, "message")] if now.conversations else []
    if now.of:
        pieces.append(f"{size(now.done)} of {size(now.of)}")
    if now.bytes_per_s:
        pieces.append(f"{size(now.bytes_per_s)}/s")
    if now.seconds_left is not None:
        pieces.append(left(now.seconds_left))
    return " · ".join(pieces)


def taken(report: Report) -> str:
    if not report.taken and not report.added:
        return "Nothing new was taken"
    return f"{many(report.taken, 'conversation')} with {many(report.messages, 'message')} taken"


def rest(report: Report) -> str:
    """What happened to the others, in one line."""
    pieces = []
    if report.merged:
        pieces.append(f"{many(report.added, 'new message')} in {many(report.merged, 'known conversation')}")
    if report.already:
        pieces.append(f"{many(report.already, 'conversation')} already there")
    if report.not_taken_count:
        pieces.append(f"{grouped(report.not_taken_count)} not taken")
    return " · ".join(pieces)


def lines(report: Report) -> list[Line]:
    """What was not taken, each with its reason, then what a user should know of the rest."""
    rows = [
        Line(each.name, " · ".join(part for part in (each.reason, each.file) if part), "not taken", "bad", "error")
        for each in report.not_taken
    ]
    if (more := report.not_taken_count - len(report.not_taken)) > 0:
        rows.append(
            Line(f"{grouped(more)} more that were not taken", "There are too many to name them.", "", "bad", "error")
        )
    return rows + [
        Line(note[:1].upper() + note[1:], "", grouped(count), icon="info") for note, count in report.notes.items()
    ]


def copied(report: Report) -> str:
    """The whole report as text."""
    said = [taken(report), rest(report), ""]
    said += [f"Not taken: {each.name} ({each.file}): {each.reason}" for each in report.not_taken]
    said += [f"{count} x {note}" for note, count in report.notes.items()]
    return "\n".join(said).strip() + "\n"


def brought(one: Run) -> bool:
    """Whether there is anything an undo could take away."""
    return bool(one.report.taken or one.report.added)


def run(one: Run, now: datetime) -> Line:
    counts = [many(one.report.taken, "conversation") if brought(one) else "nothing new"]
    if one.report.added:
        counts.append(many(one.report.added, "added message"))
    state = STATES.get(one.state, one.state)
    detail = " · ".join(each for each in (one.kind, relative(one.started, now), state) if each)
    return Line(one.name, detail, ", ".join(counts) if one.state in ("done", "undone") else "", key=one.id)


def undone(result: Undone) -> str:
    said = f"{many(result.conversations, 'conversation')} removed"
    if result.messages:
        said += f", {many(result.messages, 'added message')} too"
    left_over = len(result.kept)
    if left_over:
        names = ", ".join(f"“{title or 'Untitled'}”" for title in result.kept[:3])
        more = f" and {left_over - 3} more" if left_over > 3 else ""
        said += f". Kept, since they were gone on with: {names}{more}"
    if result.messages_kept:
        said += f". {many(result.messages_kept, 'added message')} stayed under what was written since"
    return said + "."
