"""The rail of pages at the left: an icon over a name each, the current one marked, a dot for running work."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFrame,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import icons, theme

TALL, SHORT = 54, 43
BAR, DOT = 3, 7


class Place(NamedTuple):
    """One page as the rail lists it. `module` is imported when the page is first shown; "" is a page to come."""

    name: str
    icon: str
    title: str
    module: str = ""
    cls: str = ""


MAIN = (
    Place("chat", "chat", "Chat", "desktop.ui.chat.page", "ChatPage"),
    Place("images", "images", "Images"),
    Place("speech", "speech", "Speech"),
    Place("transcription", "transcription", "Transcription", "desktop.ui.transcription.page", "TranscriptionPage"),
    Place("files", "files", "Files"),
    Place("finetuning", "fine-tuning", "Fine-tuning"),
    Place("batches", "batches", "Batches"),
    Place("library", "library", "Library", "desktop.ui.library.page", "LibraryPage"),
)
LAB = (
    Place("models", "models", "Models"),
    Place("embeddings", "embeddings", "Embeddings"),
    Place("moderation", "moderation", "Moderation"),
    Place("completions", "completions", "Completions"),
)
FOOT = (
    Place("usage", "usage", "Usage", "desktop.ui.usage.page", "UsagePage"),
    Place("settings", "settings", "Settings", "desktop.ui.settings.page", "SettingsPage"),
)
PLACES = (*MAIN, *LAB, *FOOT)


class RailButton(QAbstractButton):
    """One page of the rail; `entered` when the pointer comes to it."""

    entered = Signal()

    def __init__(self, place: Place, parent: QWidget) -> None:
        super().__init__(parent)
        self.place = place
        self._is_working = False
        self.setObjectName(f"rail.{place.name}")
        self.setText(place.title)
        self.setAccessibleName(place.title)
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_working(self, is_working: bool) -> None:
        if is_working != self._is_working:
            self._is_working = is_working
            self.setAccessibleDescription("Work is running" if is_working else "")
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme.current().size("rail"), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        gap = look.gap(4)
        box = self.rect().adjusted(gap + 2, 1, -gap, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(look.color("selection" if self.isChecked() else "hover"))
            painter.drawRoundedRect(box, look.radius("control"), look.radius("control"))
        if self.isChecked():
            painter.setBrush(look.color("accent"))
            inset = self.height() // 4
            painter.drawRoundedRect(QRect(0, inset, look.px(BAR), self.height() - 2 * inset), 1.5, 1.5)
        if self.hasFocus():
            painter.setPen(QPen(look.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), look.radius("control"), look.radius("control"))
        self._draw_content(painter, box)

    def _draw_content(self, painter: QPainter, box: QRect) -> None:
        look = theme.current()
        tone = look.color("accent" if self.isChecked() else "text" if self.underMouse() else "muted")
        side = look.size("rail_icon") if self.height() >= look.px(48) else look.px(20)
        font = look.font("caption")
        line = QFontMetrics(font).height()
        top = (self.height() - side - line - look.px(2)) // 2
        left = box.center().x() - side // 2
        painter.drawPixmap(left, top, icons.pixmap(self.place.icon, tone, side))
        painter.setFont(font)
        painter.setPen(tone)
        place = QRect(0, top + side + look.px(2), self.width(), line)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self.place.title)
        if self._is_working:
            dot = look.px(DOT)
            painter.setPen(QPen(look.color("panel"), 2))
            painter.setBrush(look.color("accent"))
            painter.drawEllipse(QRect(QPoint(left + side - dot // 2, top - dot // 3), QSize(dot, dot)))

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.entered.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class Rail(QFrame):
    """All pages; `chosen` names the one that was clicked, `neared` the one the pointer came to."""

    chosen = Signal(str)
    neared = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAccessibleName("Pages")
        theme.style_as(self, "rail")
        self.buttons: dict[str, RailButton] = {}
        self._group = QButtonGroup(self)
        self._build()
        self._group.buttonClicked.connect(lambda button: self.chosen.emit(button.place.name))
        theme.current().changed.connect(self._measure)
        self._measure()

    def show_current(self, name: str) -> None:
        button = self.buttons[name]
        button.setChecked(True)
        self.area.ensureWidgetVisible(button, 0, 0)

    def set_working(self, name: str, is_working: bool) -> None:
        self.buttons[name].set_working(is_working)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._condense()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.area = QScrollArea(self)
        self.area.setObjectName("rail.scroll")
        self.area.setWidgetResizable(True)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget(self.area)
        pages = QVBoxLayout(inner)
        pages.setContentsMargins(0, 0, 0, 0)
        pages.setSpacing(0)
        for place in MAIN:
            pages.addWidget(self._button(place, inner))
        self.rule = QFrame(inner)
        theme.style_as(self.rule, "line")
        pages.addSpacing(4)
        pages.addWidget(self.rule)
        self.lab = QLabel("Lab", inner)
        theme.style_as(self.lab, "group")
        pages.addWidget(self.lab)
        for place in LAB:
            pages.addWidget(self._button(place, inner))
        pages.addStretch(1)
        self.area.setWidget(inner)
        column.addWidget(self.area, 1)
        for place in FOOT:
            column.addWidget(self._button(place, self))
        self._column, self._pages = column, pages

    def _button(self, place: Place, parent: QWidget) -> RailButton:
        button = RailButton(place, parent)
        button.entered.connect(lambda: self.neared.emit(place.name))
        self._group.addButton(button)
        self.buttons[place.name] = button
        return button

    def _measure(self) -> None:
        """As wide as the papers say, or as the longest name needs in this font."""
        look = theme.current()
        metrics = QFontMetrics(look.font("caption"))
        widest = max(metrics.horizontalAdvance(place.title) for place in PLACES)
        self.setFixedWidth(max(look.size("rail"), widest + look.gap(12)))
        self.rule.setFixedHeight(look.hair)
        self.lab.setFixedHeight(look.px(22))
        self.lab.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
        self._column.setContentsMargins(0, look.gap(4), look.hair, look.gap(4))
        self._condense()

    def _condense(self) -> None:
        """Lower rows where the window is low; below that the pages scroll and the foot stays."""
        look = theme.current()
        besides = look.hair + look.px(22) + 4 + 2 * look.gap(4)
        row = (self.height() - besides) // len(PLACES)
        row = max(look.px(SHORT), min(look.px(TALL), row))
        for button in self.buttons.values():
            button.setFixedHeight(row)
