"""What a log or a report says of a mistake: where it was made, and nothing of what was being worked on."""

from __future__ import annotations

import traceback

from desktop.core.traces import LONGEST, trace

CANARY = "marzipan heron"


def caught(work) -> BaseException:
    try:
        work()
    except BaseException as error:
        return error
    raise AssertionError


def fails_deep_inside() -> None:
    kept = CANARY
    try:
        int(kept)
    except ValueError as error:
        error.add_note(kept)
        raise KeyError(kept) from error


def test_a_trace_names_places_and_kinds_and_no_text_at_all():
    error = caught(fails_deep_inside)
    assert CANARY in "".join(traceback.format_exception(error)), "a common traceback does repeat it"
    told = trace(error)
    assert CANARY not in told
    assert "fails_deep_inside" in told and "test_traces.py" in told
    assert told.index("ValueError") < told.index("which led to") < told.index("KeyError")


def test_words_that_name_code_are_kept():
    assert "has no attribute 'nonsense'" in trace(caught(lambda: object().nonsense))
    assert "FileNotFoundError 2" in trace(caught(lambda: open(f"/nowhere/{CANARY}").close()))  # noqa: PTH123
    assert CANARY not in trace(caught(lambda: open(f"/nowhere/{CANARY}").close()))  # noqa: PTH123


def test_groups_and_circles_and_depth_end():
    group = ExceptionGroup(CANARY, [caught(fails_deep_inside), ValueError(CANARY)])
    group.__cause__ = group.exceptions[0]
    group.exceptions[0].__context__ = group
    assert CANARY not in trace(group) and "ExceptionGroup" in trace(group)

    def down(depth: int) -> None:
        down(depth + 1)

    told = trace(caught(lambda: down(0)))
    assert len(told) <= LONGEST and "RecursionError" in told
