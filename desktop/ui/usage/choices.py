"""The left of the usage page: which time, whose calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QDate, QModelIndex, QPersistentModelIndex, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QDateEdit,
    QFormLayout,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.periods import Period, Span
from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label

KEY = Qt.ItemDataRole.UserRole + 1
OWN = "own"
PERIODS = (
    ("today", "Today"),
    ("7d", "7 days"),
    ("30d", "30 days"),
    ("month", "This month"),
    ("year", "This year"),
    ("all", "All time"),
    (OWN, "From … to …"),
)
FIRST = "30d"
EVERYBODY = ""


class _Lines(QStyledItemDelegate):
    """One line a choice, the chosen one over the whole width."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, theme.current().px(32))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look, rect = theme.current(), option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(look.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setFont(look.font("body"))
        painter.setPen(look.color("text"))
        inner = rect.adjusted(look.px(16), 0, -look.px(12), 0)
        text = visible(str(index.data()))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()


class ChoiceList(QListWidget):
    """A few choices, one of them taken; `taken` carries its key."""

    taken = Signal(str)

    def __init__(self, name: str, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setMouseTracking(True)
        self.setItemDelegate(_Lines(self))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.currentItemChanged.connect(lambda item, _: self.taken.emit(self._key(item)) if item else None)

    def fill(self, choices: Sequence[tuple[str, str]], chosen: str) -> None:
        """Key and words of each; nothing is emitted."""
        with QSignalBlocker(self):
            self.clear()
            for key, words in choices:
                self.addItem(item := QListWidgetItem(words))
                item.setData(KEY, key)
        self.choose(chosen)

    def choose(self, key: str) -> None:
        """Mark a choice without saying so."""
        with QSignalBlocker(self):
            for row in range(self.count()):
                if self._key(self.item(row)) == key:
                    self.setCurrentRow(row)

    @property
    def chosen(self) -> str:
        item = self.currentItem()
        return self._key(item) if item else ""

    @staticmethod
    def _key(item: QListWidgetItem) -> str:
        return str(item.data(KEY))


class Choices(QWidget):
    """`changed` comes when another period or profile is wanted."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(0)
        self.periods_title = plain_label("Time", "group", self)
        self.periods = ChoiceList("usage.periods", "Time", self)
        self.periods.fill(PERIODS, FIRST)
        self.own = self._own_dates()
        self.profiles_title = plain_label("Profile", "group", self)
        self.profiles = ChoiceList("usage.profiles", "Profile", self)
        self.profiles.fill(((EVERYBODY, "All profiles"),), EVERYBODY)
        for part in (self.periods_title, self.periods, self.own, self.profiles_title):
            self._column.addWidget(part)
        self._column.addWidget(self.profiles, 1)
        self.periods.taken.connect(self._taken)
        self.profiles.taken.connect(lambda: self.changed.emit())
        theme.current().changed.connect(self._measure)
        self._measure()

    @property
    def period(self) -> Period:
        if self.periods.chosen == OWN:
            return Span(self._date(self.first), self._date(self.last))
        return self.periods.chosen  # type: ignore[return-value]  # the keys are the names of periods

    @property
    def profile(self) -> str | None:
        """The id of the only profile that counts, or None."""
        return self.profiles.chosen or None

    def take_period(self, key: str) -> None:
        """Choose a period as a click would."""
        if key != self.periods.chosen:
            self.periods.choose(key)
            self._taken(key)

    def show_profiles(self, profiles: Sequence[tuple[str, str]]) -> None:
        """Id and name of each; the choice stays where its profile is still there."""
        chosen = self.profiles.chosen
        self.profiles.fill(((EVERYBODY, "All profiles"), *profiles), EVERYBODY)
        self.profiles.choose(chosen)

    def _taken(self, key: str) -> None:
        self.own.setVisible(key == OWN)
        self.changed.emit()

    def _own_dates(self) -> QWidget:
        today = QDate.currentDate()
        self.first = self._date_field("usage.from", "From", today.addDays(-6))
        self.last = self._date_field("usage.to", "To", today)
        place = QWidget(self)
        self._dates = QFormLayout(place)
        self._dates.addRow(plain_label("From", "muted"), self.first)
        self._dates.addRow(plain_label("To", "muted"), self.last)
        place.hide()
        return place

    def _date_field(self, name: str, title: str, day: QDate) -> QDateEdit:
        field = QDateEdit(day, self)
        field.setObjectName(name)
        field.setAccessibleName(title)
        field.setDisplayFormat("yyyy-MM-dd")
        field.setKeyboardTracking(False)
        field.dateChanged.connect(lambda: self.changed.emit())
        return field

    @staticmethod
    def _date(field: QDateEdit) -> date:
        day = field.date()
        return date(day.year(), day.month(), day.day())

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(0, look.gap(12), 0, look.gap(12))
        for title in (self.periods_title, self.profiles_title):
            title.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(4))
        self._dates.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), look.gap(8))
        self._dates.setSpacing(look.gap(8))
        self.periods.setFixedHeight(look.px(32) * len(PERIODS))
        for each in (self.periods, self.profiles):
            each.doItemsLayout()
