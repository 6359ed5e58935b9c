"""Every known failure says what happened and what to try."""

from __future__ import annotations

import re

import pytest

from desktop.core import errors
from desktop.core.errors import Detail, KnownError


def tree(kind: type[KnownError] = KnownError) -> list[type[KnownError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in tree(below))]


CLASSES = [kind for kind in tree() if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", [k for k in CLASSES if k is not KnownError], ids=lambda k: k.__name__)
def test_every_class_has_advice_in_a_plain_sentence(kind):
    advice = kind.advice_by_default
    assert advice.endswith(".") or advice.startswith("Run: ")
    assert len(advice) < 120


def test_the_drawn_tree_is_the_tree():
    assert errors.__doc__ is not None
    parents: dict[int, str] = {}
    drawn = {}
    for line in errors.__doc__.splitlines():
        if match := re.match(r"^([│├└─ ]*)([A-Z]\w+)\b(?= |$)", line):
            depth = len(match[1]) // 4
            parents[depth] = match[2]
            if match[2] in {kind.__name__ for kind in CLASSES}:
                drawn[match[2]] = parents.get(depth - 1, "Exception")
    assert drawn == {kind.__name__: kind.__bases__[0].__name__ for kind in CLASSES}


def test_an_error_keeps_summary_advice_and_detail():
    error = errors.RateLimited("Too many requests.", detail=Detail(status=429, retry_after_s=2.5))
    assert (str(error), error.summary) == ("Too many requests.", "Too many requests.")
    assert error.advice == errors.RateLimited.advice_by_default
    assert error.detail.retry_after_s == 2.5
    assert errors.RateLimited("x", "").advice == ""
    assert errors.RateLimited("x").detail == Detail()


def test_only_one_handler_is_needed_for_all_of_them():
    assert all(issubclass(kind, KnownError) for kind in CLASSES)
    assert not issubclass(errors.KnownError, (OSError, ValueError))
