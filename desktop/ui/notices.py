"""The one place where failures and news are shown: banners above the page, the newest on top."""

from __future__ import annotations

import logging
import platform
import traceback
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop import __version__
from desktop.core.errors import Detail, KnownError
from desktop.core.secret import Redactor
from desktop.ui import icons, theme
from desktop.ui.widgets.labels import plain_label

log = logging.getLogger(__name__)

MOST = 3
STAYS_MS = 6000  # of a notice that needs no answer
SIGNS = {"bad": "error", "warn": "warning", "good": "check", "info": "info"}


class Banner(QFrame):
    """One notice: a sign, the sentence, the advice, what can be done about it, and details that fold."""

    def __init__(self, kind: str, summary: str, advice: str, detail: str, parent: QWidget) -> None:
        super().__init__(parent)
        theme.style_as(self, f"banner-{kind}")
        self.setObjectName("notices.banner")
        self.kind, self.summary = kind, summary
        self.setAccessibleName(f"{summary} {advice}".strip())
        look = theme.current()
        row = QHBoxLayout(self)
        row.setContentsMargins(look.gap(12), look.gap(8), look.gap(8), look.gap(8))
        row.setSpacing(look.gap(12))
        self.sign = QLabel(self)
        self.sign.setPixmap(icons.pixmap(SIGNS[kind], look.color("text" if kind == "info" else kind), look.px(18)))
        row.addWidget(self.sign, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(look.gap(4))
        self.text = plain_label(summary, "strong" if advice else "", self, wrap=True)
        column.addWidget(self.text)
        if advice:
            column.addWidget(plain_label(advice, "", self, wrap=True))
        self.detail = plain_label(detail, "caption", self, wrap=True)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.detail.hide()
        column.addWidget(self.detail)
        row.addLayout(column, 1)
        self.actions = QHBoxLayout()
        self.actions.setSpacing(look.gap(4))
        row.addLayout(self.actions)
        if detail:
            self.add_action("Details", lambda: self.detail.setVisible(self.detail.isHidden()), closes=False)
        self.close_button = QToolButton(self)
        self.close_button.setObjectName("notices.close")
        self.close_button.setAccessibleName("Close this notice")
        icons.put(self.close_button, "close")
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)

    def add_action(self, text: str, work: Callable[[], object], *, closes: bool = True) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(f"notices.{text.lower().replace(' ', '-')}")
        theme.style_as(button, "quiet")
        button.clicked.connect(lambda: (work(), closes and self.close_button.click()))
        self.actions.addWidget(button)
        return button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_button.click()
        else:
            super().keyPressEvent(event)


class Notices(QWidget):
    """Stacks banners, at most three; a repeated one replaces itself."""

    def __init__(self, redactor: Redactor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notices")
        self.setAccessibleName("Notices")
        self.redactor = redactor
        self._remedies: list[tuple[type[KnownError], str, Callable[[], object]]] = []
        look = theme.current()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), 0)
        self._column.setSpacing(look.gap(8))
        self.hide()

    def remedy(self, of: type[KnownError], text: str, work: Callable[[], object]) -> None:
        """Offer a button that helps with errors of a class."""
        self._remedies.append((of, text, work))

    def report(self, error: BaseException) -> None:
        """A failure, from wherever: a known one in its own words, a bug with a report to copy."""
        if isinstance(error, KnownError):
            self._known(error)
        else:
            self._bug(error)

    def say(self, kind: str, text: str, *, advice: str = "", stays: bool = False) -> Banner:
        """A calm sentence: "info" and "good" go by themselves."""
        banner = self._show(Banner(kind, self.redactor.clean(text), advice, "", self))
        if kind in ("info", "good") and not stays:
            QTimer.singleShot(STAYS_MS, banner, banner.close_button.click)
        return banner

    def offer(self, text: str, action: str, work: Callable[[], object]) -> Banner:
        """Something was done that can be undone."""
        banner = Banner("info", text, "", "", self)
        banner.add_action(action, work)
        self._show(banner)
        QTimer.singleShot(2 * STAYS_MS, banner, banner.close_button.click)
        return banner

    def banners(self) -> list[Banner]:
        """Newest first."""
        places = (self._column.itemAt(at) for at in range(self._column.count()))
        return [place.widget() for place in places if place is not None and isinstance(place.widget(), Banner)]

    def _known(self, error: KnownError) -> None:
        detail = self.redactor.clean(detail_words(error.detail))
        banner = Banner("bad", self.redactor.clean(error.summary), self.redactor.clean(error.advice), detail, self)
        for of, text, work in self._remedies:
            if isinstance(error, of):
                banner.add_action(text, work)
        self._show(banner)

    def _bug(self, error: BaseException) -> None:
        report = self.redactor.clean(report_of(error))
        log.error("unexpected: %s", report)
        banner = Banner(
            "bad",
            "Something in Davenport went wrong.",
            "Other work goes on. The report names the place and holds nothing of what you wrote.",
            "",
            self,
        )
        banner.add_action("Copy report", lambda: QGuiApplication.clipboard().setText(report), closes=False)
        self._show(banner)

    def _show(self, banner: Banner) -> Banner:
        for other in self.banners():
            if (other.kind, other.summary) == (banner.kind, banner.summary):
                self._remove(other)
        banner.close_button.clicked.connect(lambda: self._remove(banner))
        self._column.insertWidget(0, banner)
        for old in self.banners()[MOST:]:
            self._remove(old)
        self.show()
        return banner

    def _remove(self, banner: Banner) -> None:
        self._column.removeWidget(banner)
        banner.hide()
        banner.deleteLater()
        self.setVisible(bool(self.banners()))


def detail_words(detail: Detail) -> str:
    """Status, code, parameter, request id and the server's own words, each on its line."""
    named = (
        ("Status", detail.status),
        ("Code", detail.code),
        ("Parameter", detail.param),
        ("Request", detail.request_id),
        ("Host", detail.host),
        ("The server says", detail.said),
        *sorted(detail.more.items()),
    )
    return "\n".join(f"{name}: {value}" for name, value in named if value not in (None, ""))


def report_of(error: BaseException) -> str:
    """What a developer needs: kinds and places, without values of variables and without the messages of errors.

    Messages may repeat what the user wrote, so only our own classes' are taken in.
    """
    lines = [f"Davenport {__version__}, Python {platform.python_version()}, {platform.system()}"]
    seen: BaseException | None = error
    while seen is not None and len(lines) < 60:
        words = f": {seen}" if isinstance(seen, KnownError) else ""
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}{words}")
        for frame in traceback.extract_tb(seen.__traceback__)[-12:]:
            lines.append(
                f"  {'/'.join(frame.filename.replace(chr(92), '/').split('/')[-3:])}:{frame.lineno} {frame.name}"
            )
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(lines)
