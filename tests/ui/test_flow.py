"""Widgets that flow over lines: where they stand, and that they may come and go in any way."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.settings.key_card import line

GAP, HEIGHT = 8, 30


@pytest.fixture(autouse=True)
def look(qapp):
    theme.install(qapp)


class Part(QPushButton):
    """A part of a fixed size."""

    def __init__(self, width: int):
        super().__init__("x")
        self.setFixedSize(width, HEIGHT)


@pytest.fixture
def room(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    column = QVBoxLayout(made)
    column.setContentsMargins(10, 10, 10, 10)
    return made


def filled(room, *widths):
    flow = line(*(Part(width) for width in widths))
    room.layout().addLayout(flow)
    room.layout().addStretch(1)
    return flow


def places(room):
    return [(part.x() - 10, part.y() - 10) for part in room.findChildren(Part) if not part.isHidden()]


def settle(room, width):
    room.resize(width + 20, 300)
    room.show()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    room.layout().activate()


def test_parts_go_on_in_the_next_line_where_there_is_no_room(room):
    flow = filled(room, 100, 100, 100)
    settle(room, 320)
    assert places(room) == [(0, 0), (108, 0), (216, 0)]
    settle(room, 250)
    assert places(room) == [(0, 0), (108, 0), (0, HEIGHT + GAP)]
    assert flow.heightForWidth(250) == flow.minimumHeightForWidth(250) == 2 * HEIGHT + GAP
    assert flow.minimumSize().width() == 100
    assert flow.sizeHint().width() == 316


def test_a_hidden_part_takes_no_room_and_hidden_parts_no_line(room):
    filled(room, 100, 100, 100)
    below = Part(50)
    room.layout().insertWidget(1, below)
    settle(room, 320)
    parts = room.findChildren(Part)
    parts[0].hide()
    settle(room, 320)
    assert places(room)[:2] == [(0, 0), (108, 0)]
    for part in parts[1:3]:
        part.hide()
    settle(room, 320)
    assert below.y() < 10 + GAP


def test_a_link_at_the_beginning_of_a_line_aligns_its_text(room):
    link, plain = Part(60), Part(60)
    theme.style_as(link, "link")
    room.layout().addLayout(line(link, plain))
    settle(room, 320)
    assert link.x() == 5
    assert plain.x() == 5 + 60 + GAP


def test_parts_that_were_deleted_or_taken_elsewhere_leave_no_item_behind(room):
    flow = filled(room, 100, 100, 100)
    settle(room, 320)
    first, second, third = room.findChildren(Part)
    first.deleteLater()
    second.setParent(None)
    del first, second
    gc.collect()
    settle(room, 320)
    assert flow.count() == 1
    assert flow.itemAt(0).widget() is third
    assert places(room) == [(0, 0)]


def test_rows_come_and_go_while_shown(room):
    """An item that Python kept after Qt had deleted it would end the process here."""
    for round_ in range(60):
        flow = filled(room, *(40 + 10 * at for at in range(6)))
        settle(room, 120 + round_)
        for at, part in enumerate(room.findChildren(Part)):
            if at % 3 == 0:
                part.deleteLater()
            elif at % 3 == 1:
                part.setParent(None)
        gc.collect()
        flow.add(Part(70))
        settle(room, 300 - round_)
        assert flow.count() == len(room.findChildren(Part)) == 3
        for part in room.findChildren(Part):
            part.deleteLater()
        room.layout().removeItem(flow)
        del flow, part
        room.layout().takeAt(0)  # the stretch
        gc.collect()
        settle(room, 200)
        assert not room.findChildren(Part)


def test_a_height_is_remembered_until_a_part_changes(room):
    asked = []

    class Asked(Part):
        def sizeHint(self):
            asked.append(self)
            return super().sizeHint()

    flow = line(Asked(100), Asked(100))
    room.layout().addLayout(flow)
    room.resize(400, 200)
    room.show()
    assert flow.heightForWidth(250) == HEIGHT
    asked.clear()
    assert flow.heightForWidth(250) == HEIGHT and asked == []
    flow.itemAt(0).widget().setFixedWidth(200)
    QCoreApplication.sendPostedEvents()
    assert flow.heightForWidth(250) == 2 * HEIGHT + GAP
    flow.itemAt(0).widget().hide()
    QCoreApplication.sendPostedEvents()
    assert flow.heightForWidth(250) == HEIGHT
