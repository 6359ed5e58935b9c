"""The rail at the left edge: one button a page, the current one marked, a dot where something is working."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QScrollArea, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme


class RailButton(QToolButton):
    """Icon over an 11 px label; drawn by itself so that mark, dot and label stand exactly."""

    def __init__(self, action: QAction, icon: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.action, self.icon_name, self.is_working = action, icon, False
        self.setCheckable(True)
        self.setObjectName(f"rail.{action.objectName().partition('.')[2]}")
        self.setAccessibleName(action.text())
        self.setToolTip(action.toolTip())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(action.trigger)
        theme.current().changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        look = theme.current()
        return QSize(look.size("rail"), look.px(48))

    def set_working(self, is_working: bool) -> None:
        if is_working != self.is_working:
            self.is_working = is_working
            self.setAccessibleDescription("working" if is_working else "")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(look.px(4), look.px(2), -look.px(4), -look.px(2))
        tone = "accent" if self.isChecked() else "muted"
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(look.color("selection" if self.isChecked() else "hover"))
            painter.drawRoundedRect(area, look.radius("control"), look.radius("control"))
        if self.isChecked():
            painter.setBrush(look.color("accent"))
            painter.drawRoundedRect(
                QRectF(0, area.top() + look.px(8), look.px(3), area.height() - look.px(16)), 1.5, 1.5
            )
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(look.color("accent"))
            painter.drawRoundedRect(area, look.radius("control"), look.radius("control"))
        side = look.size("rail_icon")
        picture = icons.pixmap(self.icon_name, look.color(tone), side)
        left, top = (self.width() - side) / 2, area.top() + look.px(4)
        painter.drawPixmap(QRectF(left, top, side, side).toRect(), picture)
        painter.setFont(look.font("caption"))
        painter.setPen(look.color("text" if self.isChecked() else "muted"))
        words = QRectF(0, top + side, self.width(), area.bottom() - top - side)
        text = painter.fontMetrics().elidedText(self.action.text(), Qt.TextElideMode.ElideRight, self.width() - 2)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, text)
        if self.is_working:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("accent"))
            painter.drawEllipse(QRectF(left + side - look.px(2), top - look.px(2), look.px(8), look.px(8)))


class Rail(QFrame):
    """Buttons in groups divided by rules; the last group stands at the foot. Scrolls where the window is low."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.style_as(self, "rail")
        self.setObjectName("rail")
        self.setAccessibleName("Pages")
        self._buttons: dict[str, RailButton] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        self._area = QScrollArea(self)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget(self._area)
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(0, theme.current().gap(4), 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self._area.setWidget(body)
        self._foot = QVBoxLayout()
        self._foot.setContentsMargins(0, 0, 0, theme.current().gap(4))
        self._foot.setSpacing(0)
        outer.addWidget(self._area, 1)
        outer.addLayout(self._foot)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        self.setFixedWidth(theme.current().size("rail") + theme.current().hair)

    def add(self, name: str, action: QAction, icon: str, *, at_foot: bool = False) -> None:
        button = RailButton(action, icon, self)
        self._buttons[name] = button
        self._group.addButton(button)
        if at_foot:
            self._foot.addWidget(button)
        else:
            self._column.insertWidget(self._column.count() - 1, button)

    def add_rule(self) -> None:
        line = QFrame(self)
        theme.style_as(line, "line")
        line.setFixedHeight(theme.current().hair)
        box = QVBoxLayout()
        box.setContentsMargins(
            theme.current().gap(12), theme.current().gap(4), theme.current().gap(12), theme.current().gap(4)
        )
        box.addWidget(line)
        self._column.insertLayout(self._column.count() - 1, box)

    def select(self, name: str) -> None:
        if button := self._buttons.get(name):
            button.setChecked(True)
            self._area.ensureWidgetVisible(button, 0, 0)

    def set_working(self, name: str, is_working: bool) -> None:
        if button := self._buttons.get(name):
            button.set_working(is_working)
