"""What fills the archive, and what to let go of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.settings.archive.card import Card, button, line, many, size_words, tell
from desktop.ui.widgets.form import NUMBER_INSET
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from desktop.services.storage import Filling, Large

LONGEST_LIST = 8
BAR_HEIGHT, SIZE_WIDTH = 6, 190
BARS_FROM = 440
"""From this width on there is room for bars between names and sizes."""


class Bar(QWidget):
    """A share of the largest one, as a bar."""

    def __init__(self, share: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._share = share
        self.setMinimumWidth(theme.current().px(80))
        self.setFixedHeight(theme.current().px(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        height = look.px(BAR_HEIGHT)
        whole = QRectF(0, (self.height() - height) / 2, self.width(), height)
        painter.setBrush(look.color("pressed"))
        painter.drawRoundedRect(whole, height / 2, height / 2)
        painter.setBrush(look.color("accent"))
        whole.setWidth(max(height, whole.width() * self._share))
        painter.drawRoundedRect(whole, height / 2, height / 2)


class Shares(QWidget):
    """Names with their sizes and bars, one under the other."""

    opened = Signal(str)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.current().gap(4))
        self._column.addWidget(plain_label(title, "group"))
        self._rows: QWidget | None = None
        self._bars: list[Bar] = []
        self._links: list[tuple[QPushButton, str]] = []

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """In a narrow place names and sizes say enough, and the names are cut."""
        look = theme.current()
        has_bars = self.width() >= look.px(BARS_FROM)
        for bar in self._bars:
            bar.setVisible(has_bars)
        for link, name in self._links:
            room = (self.width() - look.px(SIZE_WIDTH)) * (3 if has_bars else 5) // 5 - look.px(32)
            cut = link.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, max(look.px(40), room))
            link.setText(no_mnemonic(cut))

    def show_shares(self, shares: Sequence[tuple[str, int, str]], opens: Sequence[str] = ()) -> None:
        """Name, bytes, and what stands behind the size; with `opens`, ids that a click on the name gives out."""
        if self._rows is not None:
            self._column.removeWidget(self._rows)
            self._rows.deleteLater()
        self._rows = QWidget(self)
        self._bars, self._links = [], []
        grid = QGridLayout(self._rows)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.current().gap(12))
        grid.setVerticalSpacing(0)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        most = max((size for _, size, _ in shares), default=0) or 1
        for at, (name, size, more) in enumerate(shares):
            if opens:
                link = button("settings.storage-open", "", "link", f"Open {name}")
                self._links.append((link, visible(name)))
                link.clicked.connect(lambda _=False, id=opens[at]: self.opened.emit(id))
                grid.addWidget(link, at, 0, Qt.AlignmentFlag.AlignLeft)
            else:
                grid.addWidget(ElidedLabel(name), at, 0)
            self._bars.append(bar := Bar(size / most, self._rows))
            grid.addWidget(bar, at, 1)
            words = plain_label(f"{size_words(size)}{more}", "muted")
            words.setMinimumWidth(theme.current().px(SIZE_WIDTH))
            words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(words, at, 2)
        self._column.addWidget(self._rows)
        self.setVisible(bool(shares))
        self._fit()


class Choice(QWidget):
    """Something to let go of: whether, and from what age on where that matters."""

    def __init__(self, name: str, text: str, parent: QWidget | None = None, *, has_age: bool = False) -> None:
        super().__init__(parent)
        self._text = text
        self.box = QCheckBox(no_mnemonic(text))
        self.box.setObjectName(name)
        self.box.setAccessibleName(text)
        self.days = QSpinBox(self)
        self.days.setObjectName(f"{name}-days")
        self.days.setAccessibleName(f"{text} after how many days")
        self.days.setRange(0, 3650)
        self.days.setValue(90)
        self.days.setSuffix(" days")
        self.days.setFixedWidth(theme.current().px(120))
        self.days.lineEdit().setTextMargins(NUMBER_INSET, 0, 0, 0)
        self.days.setVisible(has_age)
        self.size_words = plain_label("", "muted")
        row = line(self.box, self.days, self.size_words)
        row.setContentsMargins(0, 0, 0, 0)
        self.setLayout(row)

    def show_size(self, words: str, *, is_any: bool) -> None:
        self.size_words.setText(words)
        self.box.setEnabled(is_any)
        self.days.setEnabled(is_any)
        if not is_any:
            with QSignalBlocker(self.box):
                self.box.setChecked(False)


class StorageCard(Card):
    """Shares by page, year and conversation; what can go; the cleaning itself with a way to stop."""

    look_wanted = Signal()
    clean_wanted = Signal(dict)
    stop_wanted = Signal()
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("settings.storage", "What fills it", parent)
        self.sum = self.fact("settings.storage-sum")
        self.pages = Shares("settings.storage-pages", "By page")
        self.years = Shares("settings.storage-years", "By year")
        self.largest = Shares("settings.storage-largest", "The largest")
        self.trash = Choice("settings.clean-trash", "Empty the trash")
        self.replies = Choice("settings.clean-replies", "Exact replies older than", has_age=True)
        self.exchanges = Choice("settings.clean-calls", "Recorded calls older than", has_age=True)
        self.compact = Choice("settings.clean-compact", "Make the file smaller")
        for widget in (self.pages, self.years, self.largest):
            widget.hide()
            self.column.addWidget(widget)
        self.column.addWidget(plain_label("Clean up", "group"))
        for choice in self.choices:
            self.column.addWidget(choice)
            choice.box.toggled.connect(self._fit_button)
        self.clean = button("settings.clean", "Clean up")
        self.stop = button("settings.clean-stop", "Stop", "quiet", "Stop cleaning up")
        self.stop.hide()
        self.doing = plain_label("", "muted")
        self.doing.setObjectName("settings.clean-state")
        self.column.addLayout(line(self.clean, self.stop, self.doing))
        self.clean.clicked.connect(lambda: self.clean_wanted.emit(self.wish()))
        self.stop.clicked.connect(self.stop_wanted)
        self.largest.opened.connect(self.opened)
        self._can_clean = True
        self._fit_button()

    def fix(self) -> None:
        """Nothing can be let go of."""
        self._can_clean = False
        for choice in self.choices:
            choice.setEnabled(False)
        self._fit_button()

    @property
    def choices(self) -> tuple[Choice, ...]:
        return self.trash, self.replies, self.exchanges, self.compact

    def wish(self) -> dict[str, object]:
        """What is ticked, as fields of services.storage.Wish."""
        wish: dict[str, object] = {"trash": self.trash.box.isChecked(), "compact": self.compact.box.isChecked()}
        if self.replies.box.isChecked():
            wish["replies_days"] = self.replies.days.value()
        if self.exchanges.box.isChecked():
            wish["exchanges_days"] = self.exchanges.days.value()
        return wish

    def show_filling(self, found: Filling) -> None:
        tell(
            self.sum,
            f"Texts and their index {size_words(found.database - found.free)}, "
            f"attachments {size_words(found.attachments)}. The sizes below are near the truth, not exact.",
        )
        self.pages.show_shares([(s.name.capitalize(), s.size_bytes, _in(s.count, "conversation")) for s in found.pages])
        self.years.show_shares([(s.name, s.size_bytes, _in(s.count, "conversation")) for s in found.years])
        self._show_largest(found.largest[:LONGEST_LIST])
        self.trash.show_size(
            f"{many(found.trash, 'conversation')} in it" if found.trash else "it is empty", is_any=bool(found.trash)
        )
        self.replies.show_size(_any(found.raw_replies), is_any=bool(found.raw_replies))
        self.exchanges.show_size(_any(found.exchanges), is_any=bool(found.exchanges))
        self.compact.show_size(f"{size_words(found.free)} are unused" if found.free else "", is_any=True)
        self._fit_button()

    def show_cleaning(self, words: str) -> None:
        """What is being done, "" when nothing is."""
        self.doing.setText(words)
        self.stop.setVisible(bool(words))
        for choice in self.choices:
            choice.setEnabled(self._can_clean and not words)
        self._fit_button()

    def show_done(self, freed: int) -> None:
        self.show_cleaning("")
        self.doing.setText(f"{size_words(freed)} given back." if freed else "Nothing was given back.")
        for choice in self.choices:
            choice.box.setChecked(False)

    def _show_largest(self, largest: Sequence[Large]) -> None:
        rows = [(c.title or "Untitled", c.size_bytes, _in(c.messages, "message")) for c in largest]
        self.largest.show_shares(rows, [c.id for c in largest])

    def _fit_button(self) -> None:
        is_any = any(choice.box.isChecked() for choice in self.choices)
        self.clean.setEnabled(self._can_clean and self.stop.isHidden() and is_any)


def _any(size: int) -> str:
    return f"{size_words(size)} in all" if size else "there are none"


def _in(count: int, what: str) -> str:
    return f" in {many(count, what)}"
