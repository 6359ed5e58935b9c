"""Cyclic garbage with Qt objects in it is freed on the window's thread, whoever allocates."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QObject

from desktop.ui.garbage import Garbage


class Knot(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.me = self


@pytest.fixture
def garbage(qapp):
    made = Garbage()
    yield made
    made.close()
    assert gc.isenabled()


def test_a_worker_that_allocates_frees_no_qt_object(garbage):
    freed = []
    knot = Knot()
    weakref.finalize(knot, lambda: freed.append(threading.current_thread()))
    del knot
    worker = threading.Thread(target=lambda: [[] for _ in range(200_000)])
    worker.start()
    worker.join()
    assert freed == []
    kept = [[] for _ in range(5_000)]
    while not freed:
        garbage.look()
        kept.extend([] for _ in range(5_000))
    assert freed == [threading.main_thread()]


def test_an_idle_window_collects_nothing(garbage):
    gc.collect()
    runs = []
    gc.callbacks.append(lambda phase, facts: runs.append(phase))
    try:
        garbage.look()
    finally:
        gc.callbacks.pop()
    assert runs == []
