"""The one place where failures and calm news are shown: a few banners above the page, the others counted."""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, qVersion
from PySide6.QtGui import QGuiApplication, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from desktop import __version__
from desktop.core.errors import Detail, KnownError
from desktop.core.secret import Redactor
from desktop.core.text import said
from desktop.core.traces import trace
from desktop.ui import theme
from desktop.ui.banner import CALM_MS, Banner
from desktop.ui.banner import Remedy as Remedy
from desktop.ui.widgets.buttons import push_button
from desktop.ui.widgets.in_sight import kept_in_sight

log = logging.getLogger(__name__)

SHOWN, KEPT = 2, 50  # banners at once, and those that are counted with them; what comes on top lets the oldest go
SHARE, OPEN_SHARE = 0.3, 0.5  # of the height of what is worked on that they may take, and where all were asked for
LEAST = 40  # pixels of the papers: a banner of one line
MOVES_MS = 100  # how long the page below may move for a notice


class Notices(QWidget):
    """Banners, the newest at the top. Give `report` to whoever may fail.

    They take a small share of the height, whatever comes: what has no room is counted, and scrolls where all of it was
    asked for.
    """

    reported = Signal(object)  # the exception, after it was shown

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notices")
        self.setAccessibleName("Notices")
        self.redactor = Redactor()
        self.remedy_for: Callable[[KnownError], Remedy | None] = lambda error: None
        self.banners: list[Banner] = []
        self.is_open = False  # all of them were asked for
        self._back_in_sight: Callable[[], None] = lambda: None
        self._moves = QTimer(self, singleShot=True, interval=MOVES_MS)
        self._outer = QVBoxLayout(self)
        self.place = QScrollArea(self, widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        self.place.setObjectName("notices.list")
        self.place.setAccessibleName("Notices, the newest first")
        self.place.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.place.viewport().setAutoFillBackground(False)
        self._inner = _Column()
        self._inner.asked.connect(self._arrange)
        self.column = QVBoxLayout(self._inner)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.place.setWidget(self._inner)
        self._inner.setAutoFillBackground(False)
        self._outer.addWidget(self.place)
        self._build_rest()
        theme.current().changed.connect(self._measure)
        self._measure()
        self.hide()

    def _build_rest(self) -> None:
        """The line below: how many are not shown."""
        self.rest = QWidget(self)
        row = QHBoxLayout(self.rest)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        self.more = push_button(self.rest, "notices.more", "", self.open_or_close, "link")
        self.all_gone = push_button(self.rest, "notices.dismiss-all", "Dismiss all", self.clear, "link")
        row.addWidget(self.more)
        row.addWidget(self.all_gone)
        self._outer.addWidget(self.rest)
        self.rest.hide()

    def report(self, error: BaseException) -> None:
        """A failure: a known one with its advice, anything else as a bug of ours with a report to copy."""
        if isinstance(error, KnownError):
            detail = self.redactor.clean(_words_of(error.detail))
            self._show("bad", self.redactor.clean(error.summary), error.advice, detail, self.remedy_for(error))
        else:
            text = self.redactor.clean(bug_report(error))
            log.error("unexpected failure\n%s", text)
            copy = Remedy("Copy report", lambda: QGuiApplication.clipboard().setText(text))
            advice = "Your work is kept and the rest goes on. The report holds no key and no message."
            self._show("bad", "Davenport made a mistake of its own.", advice, text, copy)
        self.reported.emit(error)

    def say(self, kind: str, text: str, remedy: Remedy | None = None, *, lasts_ms: int | None = None) -> None:
        """News of a kind: "good" and "info" go by themselves after a while, "warn" and "bad" stay (`lasts_ms` 0)."""
        lasts_ms = (0 if kind in ("warn", "bad") else CALM_MS) if lasts_ms is None else lasts_ms
        self._show(kind, self.redactor.clean(text), "", "", remedy, lasts_ms)

    def clear(self) -> None:
        for banner in tuple(self.banners):
            self.dismiss(banner)

    def dismiss_newest(self) -> None:
        if self.banners:
            self.dismiss(self.banners[0])

    def dismiss(self, banner: Banner) -> None:
        if banner in self.banners:
            self.banners.remove(banner)
            self.column.removeWidget(banner)
            banner.hide()
            banner.deleteLater()
            self._arrange()

    def texts(self) -> list[str]:
        """What is shown or counted, newest first."""
        return [banner.summary for banner in self.banners]

    def _show(
        self, kind: str, summary: str, advice: str, detail: str, remedy: Remedy | None, lasts_ms: int = 0
    ) -> None:
        for banner in self.banners:
            if (banner.kind, banner.summary) == (kind, summary):
                banner.again(detail, remedy)
                return
        if not self._moves.isActive():  # else it is already another place than it was
            self._back_in_sight = kept_in_sight()
        self._moves.start()
        banner = Banner(kind, summary, advice, detail, remedy, self)
        banner.closed.connect(lambda: self.dismiss(banner))
        self.column.insertWidget(0, banner)
        self.banners.insert(0, banner)
        for old in self.banners[KEPT:]:
            self.dismiss(old)
        if lasts_ms:
            QTimer.singleShot(lasts_ms, banner, banner.leave)
        self._arrange()
        from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent  # no notice comes before the first paint

        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, f"{summary} {advice}".strip()))

    def open_or_close(self) -> None:
        self.is_open = not self.is_open
        self._arrange()

    def _arrange(self) -> None:
        """The newest are shown as far as they have room, the others are counted, unless all were asked for."""
        self.is_open = self.is_open and len(self.banners) > 1
        shown = len(self.banners) if self.is_open else self._fitting()
        for number, banner in enumerate(self.banners):
            banner.setVisible(number < shown)
        rest = len(self.banners) - shown
        self.more.setText("Show fewer" if self.is_open else f"{rest} more notice{'s' if rest != 1 else ''}")
        self.more.setAccessibleName(self.more.text())
        self.rest.setVisible(rest > 0 or self.is_open)
        self.setVisible(bool(self.banners))
        bar = self.place.verticalScrollBar().sizeHint().width()
        most, wanted = self._room(), self.column.totalHeightForWidth(self._width())
        if wanted > most:
            wanted = self.column.totalHeightForWidth(self._width() - bar)
        self.place.setFixedHeight(max(min(wanted, most), theme.current().px(LEAST)))

    def _fitting(self) -> int:
        """How many of the newest have room; the newest itself scrolls where it has not."""
        heights = [banner.heightForWidth(self._width()) for banner in self.banners[:SHOWN]]
        room = self._room(has_rest=len(self.banners) > SHOWN)
        return len(heights) if sum(heights) + self.column.spacing() * (len(heights) - 1) <= room else 1

    def _width(self) -> int:
        margins = self._outer.contentsMargins()
        return self.width() - margins.left() - margins.right()

    def _room(self, *, has_rest: bool | None = None) -> int:
        """The height the banners may take."""
        has_rest = not self.rest.isHidden() if has_rest is None else has_rest
        whole = (self.parentWidget() or self).height() * (OPEN_SHARE if self.is_open else SHARE)
        return round(whole) - (self.rest.sizeHint().height() + self._outer.spacing() if has_rest else 0)

    def _measure(self) -> None:
        gap = theme.current().gap
        self._outer.setContentsMargins(gap(12), gap(8), gap(12), gap(4))
        self._outer.setSpacing(gap(4))
        self.column.setSpacing(gap(4))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        if self._moves.isActive():
            QTimer.singleShot(0, self, lambda: self._back_in_sight())  # the page below has its new height by then

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if (parent := self.parentWidget()) is not None:
            parent.installEventFilter(self)  # only while there are notices

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if (parent := self.parentWidget()) is not None:
            parent.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Resize:
            self._arrange()
        return False


class _Column(QWidget):
    """`asked` when what stands in it would have another height."""

    asked = Signal()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:
            self.asked.emit()
        return done


def bug_report(error: BaseException) -> str:
    """What a report of a mistake of ours holds: versions and the way through our code, no values and no text."""
    made_of = f"Davenport {__version__}, Python {platform.python_version()}, Qt {qVersion()}, {sys.platform}"
    return f"{made_of}\n\n{trace(error)}"


def _words_of(detail: Detail) -> str:
    named = {
        "Status": detail.status,
        "Code": detail.code,
        "Parameter": detail.param,
        "Host": detail.host,
        "Request": detail.request_id,
        "Wait": f"{detail.retry_after_s:.0f} s" if detail.retry_after_s is not None else None,
        **detail.more,
    }
    lines = [f"{name}: {said(str(value))}" for name, value in named.items() if value not in (None, "")]
    if detail.said:
        lines.append(f"The server wrote: {said(detail.said)}")
    return "\n".join(lines)
