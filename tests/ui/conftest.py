"""What every test of the window has besides."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(scope="module", autouse=True)
def what_lasts_is_not_looked_through_after_each_test():
    """What is alive by now, modules and the list of all tests, stays so: to look through it took half a second each."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_of_qt_is_left_to_other_threads():
    """Pages and loops that are over are garbage with timers: collected in a worker they would end the process."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()
