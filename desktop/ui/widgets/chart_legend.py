"""Beside a chart: which part is which, each with its sum, and the card that reads one bar out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.chart_scale import MOST_PARTS, OTHER, Bars, Unit
from desktop.ui.widgets.labels import ElidedLabel, plain_label
from desktop.ui.widgets.tooltip import no_mnemonic, set_tip

ROW, SWATCH = 24, 10
PATTERNS = (
    Qt.BrushStyle.SolidPattern,
    Qt.BrushStyle.BDiagPattern,
    Qt.BrushStyle.Dense4Pattern,
    Qt.BrushStyle.HorPattern,
    Qt.BrushStyle.DiagCrossPattern,
    Qt.BrushStyle.VerPattern,
    Qt.BrushStyle.Dense6Pattern,
    Qt.BrushStyle.FDiagPattern,
    Qt.BrushStyle.NoBrush,  # the rest
)


def tone(at: int, name: str) -> QColor:
    """The colour of the part at a place in the order."""
    is_rest = at >= MOST_PARTS or (name == OTHER and at == MOST_PARTS)
    return theme.current().color("chart_other" if is_rest else f"chart_{at + 1}")


def is_patterned() -> bool:
    """In high contrast parts differ by their pattern, not only by colour."""
    return theme.current().scheme.startswith("contrast")


def paint_part(painter: QPainter, box: QRectF, at: int, name: str) -> None:
    """Fill a box as the part at that place in the order is drawn everywhere."""
    colour = tone(at, name)
    if not is_patterned():
        painter.fillRect(box, colour)
        return
    painter.fillRect(box, theme.current().color("card"))
    painter.fillRect(box, QBrush(colour, PATTERNS[min(at, len(PATTERNS) - 1)]))
    painter.setPen(QPen(colour, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))


class LegendRow(QAbstractButton):
    """One part: its swatch, its name, its sum. Checked while its part is drawn."""

    def __init__(self, name: str, part: str, at: int, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.part, self._at, self._words = part, at, words
        self.setObjectName(name)
        self.setText(no_mnemonic(part))
        self.setCheckable(True)
        self.setChecked(True)
        self.setAccessibleName(f"{visible(part)}, {words}")
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        set_tip(self, f"{part}: {words}. Click to hide or show it.")

    def sizeHint(self) -> QSize:
        look = theme.current()
        return QSize(look.px(160), look.px(ROW))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("hover"))
            painter.drawRoundedRect(self.rect(), look.radius("control"), look.radius("control"))
        if self.hasFocus():
            painter.setPen(QPen(look.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), look.radius("control"), look.radius("control"))
        side, gap = look.px(SWATCH), look.gap(8)
        box = QRectF(gap, (self.height() - side) // 2, side, side)
        if self.isChecked():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            paint_part(painter, box, self._at, self.part)
        else:
            painter.setPen(QPen(look.color("edge"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        self._draw_words(painter, int(box.right()) + gap)

    def _draw_words(self, painter: QPainter, left: int) -> None:
        look = theme.current()
        figures = look.font("figures")
        value = QFontMetrics(figures).horizontalAdvance(self._words)
        place = self.rect().adjusted(left, 0, -look.gap(8), 0)
        upright = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(figures)
        painter.setPen(look.color("muted"))
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | upright, self._words)
        painter.setFont(look.font("body"))
        painter.setPen(look.color("text" if self.isChecked() else "muted"))
        room = place.adjusted(0, 0, -value - look.gap(8), 0)
        shown = painter.fontMetrics().elidedText(visible(self.part), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | upright, shown)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class Legend(QWidget):
    """The parts one under the other; `hidden_changed` carries the names that are not drawn."""

    hidden_changed = Signal(frozenset)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("Parts of the chart")
        self.rows: list[LegendRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)

    def set_bars(self, bars: Bars, unit: Unit) -> None:
        """A row a part; what was hidden before stays hidden."""
        hidden = self.hidden
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [
            LegendRow(f"{self.objectName()}-{at}", part.name, at, unit.words(part.sum), self)
            for at, part in enumerate(bars.parts)
        ]
        for at, row in enumerate(self.rows):
            row.setChecked(row.part not in hidden)
            row.toggled.connect(lambda: self.hidden_changed.emit(self.hidden))
            self._column.insertWidget(at, row)
        self.hidden_changed.emit(self.hidden)

    @property
    def hidden(self) -> frozenset[str]:
        return frozenset(row.part for row in self.rows if not row.isChecked())


class Swatch(QWidget):
    """How a part is drawn, as a small square."""

    def __init__(self, at: int, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._at, self._name = at, name
        side = theme.current().px(SWATCH)
        self.setFixedSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_part(QPainter(self), QRectF(self.rect()), self._at, self._name)


class Readout(QFrame):
    """One bar in figures: what it is, its parts, their sum. It never takes the mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        theme.style_as(self, "popover")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._content: QWidget | None = None
        self._column = QVBoxLayout(self)
        self.hide()

    def fill(self, title: str, rows: Sequence[tuple[int, str, str]], sum_words: str, note: str) -> None:
        """`rows` are a part's place in the order, its name and its value in words."""
        look = theme.current()
        if self._content is not None:
            self._column.removeWidget(self._content)
            self._content.hide()
            self._content.deleteLater()
        self._content = QWidget(self)
        grid = QGridLayout(self._content)
        grid.setContentsMargins(look.gap(12), look.gap(8), look.gap(12), look.gap(8))
        grid.setHorizontalSpacing(look.gap(8))
        grid.setVerticalSpacing(look.gap(4))
        grid.setColumnStretch(1, 1)
        grid.addWidget(plain_label(title, "caption"), 0, 0, 1, 3)
        for line, (at, name, words) in enumerate(rows, 1):
            grid.addWidget(Swatch(at, name, self._content), line, 0)
            label = ElidedLabel(name)
            label.setMaximumWidth(look.px(200))
            label.setMinimumWidth(min(label.sizeHint().width(), look.px(200)))
            grid.addWidget(label, line, 1)
            self._figure(grid, line, words)
        if len(rows) != 1 and sum_words:
            grid.addWidget(plain_label("Sum", "strong"), len(rows) + 1, 0, 1, 2)
            self._figure(grid, len(rows) + 1, sum_words)
        if note:
            grid.addWidget(plain_label(note, "caption"), len(rows) + 2, 0, 1, 3)
        self._column.setContentsMargins(look.hair, look.hair, look.hair, look.hair)
        self._column.addWidget(self._content)
        self._content.show()
        self.adjustSize()

    def _figure(self, grid: QGridLayout, line: int, words: str) -> None:
        label = plain_label(words)
        label.setFont(theme.current().font("figures"))
        grid.addWidget(label, line, 2, Qt.AlignmentFlag.AlignRight)
