"""The subtitle check: the rules, what breaks them, and ways to mend it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec.structs import replace
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QListView,
    QSpinBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.subtitles import rules as subtitle_rules
from desktop.core.subtitles.rules import Rules
from desktop.core.transcript import Transcript
from desktop.ui import theme
from desktop.ui.tasks import Tasks
from desktop.ui.transcription.editor import words
from desktop.ui.transcription.editor.breaches_model import AT, SEGMENT, BreachesModel
from desktop.ui.transcription.editor.state import EditState
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.form import NUMBER_INSET
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import set_tip

FIELDS = (
    ("line", "Characters a line", 10, 200, ""),
    ("lines", "Lines", 1, 4, ""),
    ("speed", "Characters a second", 5, 60, ""),
    ("shortest", "Shortest", 0, 10_000, " ms"),
    ("longest", "Longest", 500, 60_000, " ms"),
    ("gap", "Gap", 0, 2000, " ms"),
)
COUNTED = ("line", "speed")
WIDE = "A wide character, such as a Chinese one, counts as two."


class _Breaches(QStyledItemDelegate):
    """The moment, then what is wrong."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, theme.current().size("row"))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look, rect = theme.current(), QRect(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("hover"))
        inner = rect.adjusted(look.px(8), look.px(5), -look.px(4), -look.px(5))
        painter.setFont(look.font("caption"))
        painter.setPen(look.color("muted"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignTop, str(index.data(AT)))
        painter.setFont(look.font("body"))
        painter.setPen(look.color("text"))
        told = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignBottom, told)


class CheckPanel(QWidget):
    """`went` carries the segment of a breach, `checked` the words of all breaches by segment. What was mended, or why
    nothing could be, is said in the panel itself: nothing else moves."""

    went = Signal(str)
    checked = Signal(object)
    rules_changed = Signal(object)

    def __init__(self, state: EditState, tasks: Tasks, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("editor.check")
        self._state, self._tasks = state, tasks
        self._is_watching = False
        self.model = BreachesModel(state, self)
        self.fields: dict[str, QSpinBox | QDoubleSpinBox] = {}
        self._build()
        self._soon = QTimer(self, singleShot=True, interval=150)
        self._soon.timeout.connect(self._check)
        state.changed.connect(self._changed)
        theme.current().changed.connect(self._measure)
        self._measure()
        self.set_rules(state.rules)

    def _build(self) -> None:
        column = self._column = QVBoxLayout(self)
        grid = self._grid = QGridLayout()
        for at, (name, title, low, high, unit) in enumerate(FIELDS):
            label = plain_label(title, "", self)
            field: QSpinBox | QDoubleSpinBox
            if name == "speed":
                field = QDoubleSpinBox(self)
                field.setDecimals(1)
            else:
                field = QSpinBox(self)
            field.setRange(low, high)
            field.setSuffix(unit)
            field.setKeyboardTracking(False)
            field.lineEdit().setTextMargins(NUMBER_INSET, 0, 0, 0)
            field.setObjectName(f"editor.rule-{name}")
            field.setAccessibleName(title)
            if name in COUNTED:
                set_tip(field, WIDE)
                field.setAccessibleDescription(WIDE)
            field.valueChanged.connect(self._rules_typed)
            label.setBuddy(field)
            self.fields[name] = field
            grid.addWidget(label, at, 0)
            grid.addWidget(field, at, 1)
        grid.setColumnStretch(0, 1)
        self.count = plain_label("", "strong", self, wrap=True)
        self.count.setObjectName("editor.breaches-count")
        self.told = plain_label("", "muted", self, wrap=True)
        self.told.setObjectName("editor.check-told")
        self.told.hide()
        self.list = QListView(self)
        self.list.setObjectName("editor.breaches")
        self.list.setAccessibleName("What breaks the rules")
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Breaches(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.selectionModel().currentChanged.connect(self._went)
        self.fix_one = push_button(self, "editor.fix-one", "Fix this one", self._fix_one)
        self.fix_all = push_button(self, "editor.fix-all", "Fix all", self._fix_all)
        self.reflow = push_button(self, "editor.reflow", "Re-flow from the words", self._reflow)
        self.reflow.setToolTip("Sets all text anew into subtitles that keep the rules, from the times of its words")
        column.addLayout(grid)
        column.addWidget(self.count)
        column.addWidget(self.told)
        column.addWidget(self.list, 1)
        row = self._row = QHBoxLayout()
        row.addWidget(self.fix_one, 1)
        row.addWidget(self.fix_all, 1)
        column.addLayout(row)
        column.addWidget(self.reflow)

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(12), look.gap(12), look.gap(16), look.gap(16))
        self._column.setSpacing(look.gap(8))
        self._grid.setHorizontalSpacing(look.gap(8))
        self._grid.setVerticalSpacing(look.gap(4))
        self._row.setSpacing(look.gap(8))
        for field in self.fields.values():
            field.setFixedWidth(look.px(112))

    # Rules

    def set_rules(self, rules: Rules) -> None:
        """Show rules without taking them for typed."""
        self._state.rules = rules
        for name, field in self.fields.items():
            field.blockSignals(True)
            field.setValue(getattr(rules, name))
            field.blockSignals(False)
        if self._is_watching:
            self._soon.start()

    def _rules_typed(self) -> None:
        self._state.rules = replace(self._state.rules, **{name: field.value() for name, field in self.fields.items()})
        self.rules_changed.emit(self._state.rules)
        self._soon.start()

    # Checking

    def set_watching(self, is_watching: bool) -> None:
        """The panel is in front: breaches are looked for, and marked in the list."""
        self._is_watching = is_watching
        if is_watching:
            self._soon.start()
        else:
            self.checked.emit({})

    def _changed(self) -> None:
        self._say("")
        if self._is_watching:
            self._soon.start()

    def _say(self, sentence: str, kind: str = "muted") -> None:
        theme.style_as(self.told, kind)
        self.told.setText(sentence)
        self.told.setVisible(bool(sentence))

    def _check(self) -> None:
        self._tasks.start(self._checked(), name="check")

    async def _checked(self) -> None:
        found = await asyncio.to_thread(subtitle_rules.check, self._state.transcript, self._state.rules)
        self.model.show(found)
        by_segment: dict[str, list[str]] = {}
        for breach in found:
            by_segment.setdefault(breach.segment, []).append(breach.words)
        if self._is_watching:
            self.checked.emit(by_segment)
        told = f"{words.many(len(found), 'breach', 'breaches')} in {words.many(len(by_segment), 'segment')}"
        self.count.setText(told if found else "All segments keep the rules.")
        self.fix_all.setEnabled(bool(found))
        self.fix_one.setEnabled(bool(found) and self.list.currentIndex().isValid())

    def _went(self, index: QModelIndex) -> None:
        self.fix_one.setEnabled(index.isValid())
        if index.isValid():
            self.went.emit(str(index.data(SEGMENT)))

    # Mending, in a worker

    def _fix_one(self) -> None:
        if (index := self.list.currentIndex()).isValid():
            only = {str(index.data(SEGMENT))}
            self._mend("Fix a segment", lambda now, rules: subtitle_rules.fix(now, rules, only), is_all=False)

    def _fix_all(self) -> None:
        self._mend("Fix all segments", subtitle_rules.fix)

    def _reflow(self) -> None:
        self._mend("Re-flow", subtitle_rules.reflow)

    def _mend(self, told: str, change: Callable[[Transcript, Rules], Transcript], *, is_all: bool = True) -> None:
        if self._state.may_change():
            self._tasks.start(self._mended(told, change, is_all=is_all), name="mend")

    async def _mended(self, told: str, change: Callable[[Transcript, Rules], Transcript], *, is_all: bool) -> None:
        before = self._state.transcript
        rules = self._state.rules
        changed = await asyncio.to_thread(change, before, rules)
        left = await asyncio.to_thread(subtitle_rules.check, changed, rules)
        if self._state.transcript is not before:
            self._say("The transcript has changed meanwhile. Try again.", "warn")
            return
        known = {each.id: each for each in before.segments}
        count = sum(known.get(each.id) != each for each in changed.segments)
        if self._state.do(told, changed):
            rest = " What is left needs fewer words, or other rules." if left and is_all else ""
            self._say(f"{words.many(count, 'segment')} changed; undo takes it back.{rest}")
        else:
            self._say("There is no room to mend this by times alone. Shorten the words.", "warn")
