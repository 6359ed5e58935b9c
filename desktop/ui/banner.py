"""One notice: sign, sentence, advice, a button that helps, details that fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import icons, theme
from desktop.ui.widgets.flow import Flow
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic

CALM_MS = 6000
BESIDE_FROM = 560  # pixels of the papers: so wide a banner has its buttons beside the words
ICONS = {"bad": "error", "warn": "warning", "good": "check", "info": "info"}


@dataclass(frozen=True, slots=True)
class Remedy:
    """A button that does what the advice says."""

    text: str
    work: Callable[[], object]


class Banner(QFrame):
    """One notice: sign, sentence, advice, a button that helps, details that fold."""

    closed = Signal()

    def __init__(
        self, kind: str, summary: str, advice: str, detail: str, remedy: Remedy | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.kind, self.summary, self._count = kind, summary, 1
        self.setObjectName("notices.banner")
        self.setAccessibleName(f"{summary} {advice}".strip())
        theme.style_as(self, f"banner-{kind}")
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(12), look.gap(4), look.gap(4), look.gap(4))
        column.setSpacing(look.gap(4))
        row = QHBoxLayout()
        row.setSpacing(look.gap(8))
        self.sign = QLabel(self)
        row.addWidget(self.sign)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.label = plain_label(summary, "strong" if advice else "", self, wrap=True)
        words.addWidget(self.label)
        if advice:
            words.addWidget(plain_label(advice, "", self, wrap=True))
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._body.setSpacing(look.gap(8))
        self._body.addLayout(words, 1)
        row.addLayout(self._body, 1)
        self.detail = plain_label(detail, "caption", self, wrap=True)
        self.detail.setTextInteractionFlags(self.detail.textInteractionFlags().TextSelectableByMouse)
        self.detail.setObjectName("notices.detail")
        self.more = self._button("Details", "notices.details", self._fold)
        self.more.setVisible(bool(detail))
        self._remedy = remedy
        self.act = self._button(remedy.text if remedy else "", "notices.action", self._do)
        self.act.setVisible(remedy is not None)
        buttons = Flow()
        buttons.add(self.more)
        buttons.add(self.act)
        self._body.addLayout(buttons)
        row.addWidget(self._close_button())
        column.addLayout(row)
        column.addWidget(self.detail)
        self.detail.hide()
        look.changed.connect(self._draw_sign)
        self._draw_sign()

    def again(self, detail: str, remedy: Remedy | None) -> None:
        """The same has happened once more: one banner, counted."""
        self._count += 1
        self.label.setText(f"{self.summary} ({self._count} times)")
        self.detail.setText(detail)
        self._remedy = remedy or self._remedy

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room the buttons stand under the words, which would be a narrow column otherwise."""
        super().resizeEvent(event)
        is_narrow = event.size().width() < theme.current().px(BESIDE_FROM)
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        if way is not self._body.direction():
            self._body.setDirection(way)

    def leave(self) -> None:
        """Go by itself, unless somebody is reading it just now."""
        focus = QApplication.focusWidget()
        if self.underMouse() or (focus is not None and self.isAncestorOf(focus)):
            QTimer.singleShot(CALM_MS, self, self.leave)
        else:
            self.closed.emit()

    def _button(self, text: str, name: str, work: Callable[[], object]) -> QPushButton:
        button = QPushButton(no_mnemonic(text), self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        theme.style_as(button, "link")
        button.clicked.connect(lambda: work())
        return button

    def _close_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("notices.close")
        button.setAccessibleName("Dismiss this notice")
        button.setToolTip("Dismiss")
        icons.put(button, "close")
        button.clicked.connect(lambda: self.closed.emit())
        return button

    def _do(self) -> None:
        if self._remedy is not None:
            self._remedy.work()
            self.closed.emit()

    def _fold(self) -> None:
        self.detail.setVisible(self.detail.isHidden())
        self.more.setText("Fewer details" if self.detail.isVisible() else "Details")

    def _draw_sign(self) -> None:
        look = theme.current()
        colour = look.color("muted" if self.kind == "info" else self.kind)
        self.sign.setPixmap(icons.pixmap(ICONS[self.kind], colour, look.size("icon")))
