"""How the reader wants to read: width, type, size and what is folded; chosen in a menu, kept for the next time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from desktop.ui.widgets.transcript_ink import Reading
from desktop.ui.widgets.transcript_words import FOLDABLE

WIDTHS = {"narrow": 60, "usual": 76, "wide": 110}
SMALLEST, LARGEST, STEP = 70, 200, 10
WIDTH_NAMES = {
    "narrow": "Narrow, 60 characters a line",
    "usual": "Usual, 76 characters a line",
    "wide": "Wide, 110 characters a line",
}
FONT_NAMES = {"system": "System type", "serif": "Serif type", "mono": "Type of one width"}
FOLD_NAMES = {
    "user": "Fold your turns",
    "assistant": "Fold answers",
    "tool": "Fold tool messages",
    "reasoning": "Fold reasoning",
}


@dataclass(frozen=True, slots=True)
class Options:
    """`width` and `font` by name, `percent` of the usual size, `folds`: what is one line until it is clicked."""

    width: str = "usual"
    font: str = "system"
    percent: int = 100
    folds: frozenset[str] = frozenset({"reasoning"})

    @property
    def reading(self) -> Reading:
        return Reading(WIDTHS[self.width], self.font, self.percent)

    def kept(self) -> dict[str, Any]:
        return {"width": self.width, "font": self.font, "percent": self.percent, "folds": sorted(self.folds)}

    @classmethod
    def of(cls, kept: object) -> Options:
        """What was kept; whatever of it is unknown now is as usual."""
        found, usual = (kept if isinstance(kept, dict) else {}), cls()
        percent = found.get("percent", 100)
        folds = found.get("folds", ["reasoning"])
        return cls(
            found["width"] if found.get("width") in WIDTHS else usual.width,
            found["font"] if found.get("font") in FONT_NAMES else usual.font,
            max(SMALLEST, min(LARGEST, percent)) if isinstance(percent, int) else 100,
            frozenset(fold for fold in folds if fold in FOLDABLE) if isinstance(folds, list) else usual.folds,
        )


class OptionsMenu(QObject):
    """The menu, and its actions for keys and the palette; `changed` carries the new options."""

    changed = Signal(object)

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self.options = Options()
        self.menu = QMenu(owner)
        self.menu.setObjectName("library.reading.options-menu")
        self._checks: list[tuple[QAction, Callable[[], bool]]] = []
        self._owner = owner
        self._choice("width", WIDTH_NAMES, lambda: self.options.width, lambda o, name: replace(o, width=name))
        self._choice("font", FONT_NAMES, lambda: self.options.font, lambda o, name: replace(o, font=name))
        self._size("larger", "Larger text", STEP)
        self._size("smaller", "Smaller text", -STEP)
        self._size("usual-size", "Usual text size", 0)
        self.menu.addSeparator()
        for name, text in FOLD_NAMES.items():
            self._fold(name, text)
        self._check()

    def set_options(self, options: Options) -> None:
        """Without telling."""
        self.options = options
        self._check()

    def _choice(
        self, kind: str, names: dict[str, str], now: Callable[[], str], with_: Callable[[Options, str], Options]
    ) -> None:
        group = QActionGroup(self)
        for name, text in names.items():
            action = self._action(f"{kind}-{name}", text)
            action.setCheckable(True)
            group.addAction(action)
            action.triggered.connect(lambda _=False, name=name: self._take(with_(self.options, name)))
            self._checks.append((action, lambda name=name: now() == name))  # type: ignore[misc]
        self.menu.addSeparator()

    def _size(self, name: str, text: str, by: int) -> None:
        def work() -> None:
            percent = max(SMALLEST, min(LARGEST, self.options.percent + by)) if by else 100
            self._take(replace(self.options, percent=percent))

        self._action(name, text).triggered.connect(lambda: work())

    def _fold(self, name: str, text: str) -> None:
        action = self._action(f"fold-{name}", text)
        action.setCheckable(True)
        action.triggered.connect(lambda: self._take(replace(self.options, folds=self.options.folds ^ {name})))
        self._checks.append((action, lambda: name in self.options.folds))

    def _action(self, name: str, text: str) -> QAction:
        action = QAction(text, self._owner)
        action.setObjectName(f"library.reading.{name}")
        self.menu.addAction(action)
        self._owner.addAction(action)
        return action

    def _take(self, options: Options) -> None:
        self.options = options
        self._check()
        self.changed.emit(options)

    def _check(self) -> None:
        for action, is_so in self._checks:
            action.setChecked(is_so())
