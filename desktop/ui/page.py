"""What all pages share: history at the left, the work in the middle, parameters at the right, an owner of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.tasks import Report, Tasks

if TYPE_CHECKING:
    from desktop.services.bundle import Services


def tab_through(*parts: QWidget | QLayout | None) -> None:
    """Let Tab go through widgets, and what stands in layouts, in this order: as one reads them."""
    widgets: list[QWidget] = []
    waiting = list(reversed(parts))
    while waiting:
        part = waiting.pop()
        if isinstance(part, QLayout):
            items = (part.itemAt(at) for at in range(part.count() - 1, -1, -1))
            waiting += [item.layout() or item.widget() for item in items]
        elif part is not None and part.focusPolicy() & Qt.FocusPolicy.TabFocus:
            widgets.append(part)
    for before, after in pairwise(widgets):
        QWidget.setTabOrder(before, after)


class Side(QFrame):
    """One of the two folding columns; what stands in it goes into `layout()`."""

    def __init__(self, kind: str, size: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._size = size
        theme.style_as(self, kind)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        self.setFixedWidth(theme.current().size(self._size))


class Page(QWidget):
    """The base of every page.

    A page builds its widgets in `__init__` without any service, fills `self.history`, `self.work` and
    `self.parameters` (each a widget with an empty QVBoxLayout), and gets the services by `attach` after the first
    paint. A place left empty is not shown. Subclasses set `name`, the first part of their object names.

    Qt polishes each widget against the style sheet, about a millisecond a widget, and again each time its parent
    changes. So give every widget its parent when it is made; make what is seldom looked at when it is first shown;
    and what takes longer than some ten milliseconds moves from `__init__` into `pieces`. A page that a click asks for
    is built piece by piece, between which the window goes on, and shown when it is complete; a page that code asks
    for is completed at once. Whoever makes a page by itself calls `complete` (a test, say).
    """

    name = "page"
    title = "Page"

    working = Signal(bool)  # the rail shows a dot
    folds_changed = Signal()
    notice = Signal(str, str)  # a calm sentence for the notices: kind ("info", "good", "warn"), text

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(self.name)
        self.setAccessibleName(self.title)
        self.report = report
        self.tasks = Tasks(report, self)
        self.tasks.busy.connect(self.working)
        self.services: Services | None = None
        self._wanted = {"history": True, "parameters": True}  # as the user left them
        self._fitted = {"history": True, "parameters": True}  # as the width allows
        self._last_fit: dict[str, bool] = {}
        self._left = self.pieces()
        self._build_frame()

    def complete(self) -> None:
        """Build all that is left, now."""
        for _ in self._left:
            pass

    async def complete_in_turns(self) -> None:
        """The same, with a turn of the loop after each piece; whoever cannot wait completes it meanwhile."""
        import asyncio  # pages are made before the first paint in tests only

        await asyncio.sleep(0)  # what `__init__` built was a piece too
        for _ in self._left:
            await asyncio.sleep(0)

    # What a page overrides

    def pieces(self) -> Iterator[None]:
        """Build what `__init__` left out; each `yield` ends a piece. It is done once, before `attach`."""
        yield from ()

    def attach(self, services: Services) -> None:
        """The services are there; called once, before or after the page is first shown."""
        self.services = services

    def activated(self) -> None:
        """The page has come to the front: put the focus where one begins."""

    async def close_down(self) -> None:
        """The window ends: write what is not written yet. Tasks are cancelled afterwards."""

    def reason_to_stay(self) -> str:
        """A sentence if closing now would lose paid work, else nothing."""
        return ""

    # The frame

    def _build_frame(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.history = Side("side-left", "history", self)
        self.history.setObjectName(f"{self.name}.history-panel")
        self.work = QWidget(self)
        self.work.setObjectName(f"{self.name}.work")
        column = QVBoxLayout(self.work)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.parameters = Side("side-right", "parameters", self)
        self.parameters.setObjectName(f"{self.name}.parameters-panel")
        row.addWidget(self.history)
        row.addWidget(self.work, 1)
        row.addWidget(self.parameters)
        self.fold_history = self._fold_action("Show or hide the history", "Ctrl+Shift+H", "history", "fold-left")
        self.fold_parameters = self._fold_action("Show or hide the parameters", "Ctrl+.", "parameters", "fold-right")

    def _fold_action(self, text: str, keys: str, place: str, icon: str) -> QAction:
        action = QAction(text, self)
        action.setObjectName(f"{self.name}.fold-{place}")
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(f"{text} ({keys})")
        action.triggered.connect(lambda: self.fold(place, self._side(place).isVisibleTo(self)))
        icons.put(action, icon)
        self.addAction(action)
        return action

    def _side(self, place: str) -> Side:
        return self.history if place == "history" else self.parameters

    def fold(self, place: str, folded: bool) -> None:
        """Fold or unfold "history" or "parameters" by the user's wish; it holds until the width changes its class."""
        self._wanted[place] = not folded
        self._fitted[place] = True  # asked for in so many words: shown even in a narrow window
        self._show_sides()
        self.folds_changed.emit()

    def folds(self) -> dict[str, bool]:
        """What the user left folded, for the window state."""
        return {place: not wanted for place, wanted in self._wanted.items()}

    def set_folds(self, folded: dict[str, bool]) -> None:
        for place in self._wanted:
            self._wanted[place] = not folded.get(place, False)
        self._show_sides()

    def fit(self, window_width: int) -> None:
        """Fold what a window of this width has no room for; called by the window at each change of width."""
        limits = theme.tokens()["fold_below"]
        for place in self._fitted:
            fits = window_width >= theme.current().px(limits[place])
            if fits != self._last_fit.get(place):
                self._last_fit[place] = fits
                self._fitted[place] = fits
        self._show_sides()

    def _show_sides(self) -> None:
        for place in self._wanted:
            side = self._side(place)
            column = side.layout()
            side.setVisible(column is not None and column.count() > 0 and self._wanted[place] and self._fitted[place])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit(self.window().width())
