"""What stands beside a conversation that is read: outline, code, figures, attachments, each part foldable."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core import pricing
from desktop.core.conversation import Audio, Picture
from desktop.ui import icons, theme
from desktop.ui.chat.meta import grouped
from desktop.ui.library.reading import words
from desktop.ui.library.reading.lists import Line, LinesModel, LinesView
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import set_tip

if TYPE_CHECKING:
    from desktop.core.conversation import Attachment
    from desktop.core.library import ModelFigures, Statistics
    from desktop.core.markdown_parts import CodeBlock, Heading

PARTS = ("outline", "code", "statistics", "attachments")


class Part(QWidget):
    """A heading that folds what is below it, with small buttons at its right."""

    folded = Signal()

    def __init__(self, name: str, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = title
        self.name = name
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.head = QHBoxLayout()
        self.toggle = QToolButton(self)
        self.toggle.setObjectName(f"library.reading.{name}-fold")
        self._is_open = True
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggle.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.toggle.clicked.connect(self._turn)
        self.head.addWidget(self.toggle, 1)
        self.column.addLayout(self.head)
        self.body: QWidget | None = None
        self._buttons: list[QToolButton] = []
        self.set_count(0)
        self.set_open(True)

    def hold(self, body: QWidget) -> None:
        self.body = body
        self.column.addWidget(body, 1)

    def add_button(self, button: QToolButton) -> None:
        self._buttons.append(button)
        self.head.addWidget(button)

    def set_count(self, count: int) -> None:
        """Beside the title; 0 is not shown."""
        text = f"{self._title}  {grouped(count)}" if count else self._title
        self.toggle.setText(text)
        self.toggle.setAccessibleName(text)

    def is_open(self) -> bool:
        return self._is_open

    def _turn(self) -> None:
        self.set_open(not self._is_open)
        self.folded.emit()

    def set_open(self, is_open: bool) -> None:
        self._is_open = is_open
        self.toggle.setAccessibleDescription("Shown" if is_open else "Folded")
        icons.put(self.toggle, "down" if is_open else "right")
        for each in (self.body, *self._buttons):
            if each is not None:
                each.setVisible(is_open)
        self.fit()

    def fit(self) -> None:
        """No higher than what is in it."""
        high = self.head.sizeHint().height() + theme.current().gap(8)
        if isinstance(self.body, LinesView):
            self.setMaximumHeight(high + (self.body.maximumHeight() if self._is_open else 0))

    def measure(self) -> None:
        look = theme.current()
        self.head.setContentsMargins(look.gap(8), look.gap(4), look.gap(8), look.gap(4))
        self.fit()
        self.head.setSpacing(look.gap(4))
        self.toggle.setFont(look.font("body", semibold=True))
        self.toggle.setIconSize(QSize(look.px(14), look.px(14)))


class Details(QWidget):
    """`place_wanted` carries a row of the outline or the code list; the copying and saving is done by the view."""

    heading_wanted = Signal(object)  # Heading
    code_wanted = Signal(object)  # CodeBlock
    part_wanted = Signal(str)  # the message of an attachment
    copy_wanted = Signal(list)  # CodeBlocks
    save_wanted = Signal(object)  # CodeBlock, Picture, Audio or Attachment
    folds_changed = Signal()
    shown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("library.reading.details")
        self.setAccessibleName("About this conversation")
        self.outline, self.code, self.kept = LinesModel(self), LinesModel(self), LinesModel(self)
        self._rows: dict[str, int] = {}
        self._order: list[int] = []  # of each line of the outline: the row of its message
        self._build()
        theme.current().changed.connect(self._measure)
        self._measure()
        self.clear()

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.area = QScrollArea(self)
        self.area.setObjectName("library.reading.details-scroll")
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer.addWidget(self.area)
        inner = QWidget(self.area)
        self.column = QVBoxLayout(inner)
        self.area.setWidget(inner)
        self.empty = plain_label("What a conversation holds is listed here.", "muted", inner, wrap=True)
        self.column.addWidget(self.empty)
        self.parts = {name: Part(name, title, inner) for name, title in self._titles().items()}
        self.outline_view = LinesView("library.reading.outline", "Outline", self.outline, inner, rows_shown=8)
        self.code_view = LinesView(
            "library.reading.code", "Blocks of code", self.code, inner, is_double=True, is_code=True
        )
        self.kept_view = LinesView("library.reading.attachments", "Attachments", self.kept, inner, is_double=True)
        self.figures = QWidget(inner)
        self.figures.setObjectName("library.reading.statistics")
        self.grid = QGridLayout(self.figures)
        bodies = (self.outline_view, self.code_view, self.figures, self.kept_view)
        for (name, part), body in zip(self.parts.items(), bodies, strict=True):
            part.hold(body)
            part.folded.connect(self._part_folded)
            self.column.addWidget(part, {"outline": 3, "code": 2}.get(name, 1 if name == "attachments" else 0))
        self.column.addStretch(0)
        self._build_buttons()
        self.outline_view.chosen.connect(lambda row: self.heading_wanted.emit(self.outline.line(row).value))
        self.code_view.chosen.connect(lambda row: self.code_wanted.emit(self.code.line(row).value))
        self.kept_view.chosen.connect(lambda row: self.part_wanted.emit(self.kept.line(row).message))

    def reading_order(self) -> Iterable[QWidget | QLayout]:
        return (each for part in self.parts.values() for each in (part.head, part.body) if each is not None)

    def _titles(self) -> dict[str, str]:
        return {"outline": "Outline", "code": "Code", "statistics": "Figures", "attachments": "Attachments"}

    def _build_buttons(self) -> None:
        code, kept = self.parts["code"], self.parts["attachments"]
        code.add_button(
            self._button("copy-code", "Copy this block of code", "copy", lambda: self.copy_wanted.emit(self._chosen()))
        )
        code.add_button(self._button("copy-all-code", "Copy all blocks of code", "copy-all", self._copy_all))
        code.add_button(self._button("save-code", "Save this block of code as …", "download", self._save_code))
        kept.add_button(self._button("save-attachment", "Save this attachment as …", "download", self._save_kept))

    def _button(self, name: str, text: str, icon: str, work: object) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"library.reading.{name}")
        button.setAccessibleName(text)
        set_tip(button, text)
        icons.put(button, icon)
        button.clicked.connect(lambda: work())  # type: ignore[operator]
        return button

    def _measure(self) -> None:
        look = theme.current()
        self.column.setContentsMargins(0, look.gap(8), 0, look.gap(8))
        self.column.setSpacing(look.gap(4))
        self.empty.setContentsMargins(look.gap(16), look.gap(8), look.gap(16), 0)
        self.grid.setContentsMargins(look.gap(16), 0, look.gap(16), look.gap(8))
        self.grid.setHorizontalSpacing(look.gap(12))
        self.grid.setVerticalSpacing(look.gap(4))
        for part in self.parts.values():
            part.measure()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit()

    # What is shown

    def clear(self) -> None:
        for model in (self.outline, self.code, self.kept):
            model.replace(())
        for part in self.parts.values():
            part.hide()
        self.empty.show()
        self._rows, self._order = {}, []

    def show_path(self, path: Sequence[str], outline: Sequence[Heading], code: Sequence[CodeBlock]) -> None:
        """The outline and the code of a branch."""
        self.empty.hide()
        self._rows = {message: row for row, message in enumerate(path)}
        self._order = [self._rows.get(each.message, 0) for each in outline]
        self.outline.replace([Line(each.message, each.text, "", each.level, each) for each in outline])
        self.code.replace([Line(each.message, _first_line(each.text), _about(each), 0, each) for each in code])
        self._show_part("outline", len(outline))
        self._show_part("code", len(code))

    def show_kept(self, kept: Sequence[tuple[str, Picture | Audio | Attachment]]) -> None:
        self.kept.replace([Line(message, part.name or _kind(part), _kind(part), 0, part) for message, part in kept])
        self._show_part("attachments", len(kept))

    def show_statistics(self, found: Statistics) -> None:
        while (item := self.grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for name, value in _figures(found):
            self._figure(name, value)
        for model in found.models:
            self._model(model)
        self.parts["statistics"].show()
        self.empty.hide()

    def show_place(self, message: str, heading: str) -> None:
        """Mark where in the outline one is: the last line at or before a message and a heading in it."""
        wanted = self._rows.get(message, -1)
        first, last = bisect.bisect_left(self._order, wanted), bisect.bisect_right(self._order, wanted)
        lines = self.outline.lines[first:last]
        at = first - 1
        if lines and lines[0].level == 0:
            at = first
        if heading:
            at = next((first + row for row, line in enumerate(lines) if line.level and _same(line.text, heading)), at)
        if at != self.outline.current:
            self.outline.set_current(at)
            self.outline_view.bring(at)

    def folds(self) -> dict[str, bool]:
        """Which parts are open."""
        return {name: part.is_open() for name, part in self.parts.items()}

    def set_folds(self, is_open: Mapping[str, bool]) -> None:
        for name, part in self.parts.items():
            part.set_open(bool(is_open.get(name, True)))

    def _show_part(self, name: str, count: int) -> None:
        part = self.parts[name]
        part.set_count(count)
        part.fit()
        part.setVisible(count > 0)

    def _part_folded(self) -> None:
        self.folds_changed.emit()

    def _figure(self, name: str, value: str) -> None:
        row = self.grid.rowCount()
        label, figure = plain_label(name, "muted", self.figures), plain_label(value, "", self.figures, wrap=True)
        figure.setFont(theme.current().font("figures"))
        self.grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self.grid.addWidget(figure, row, 1)
        self.grid.setColumnStretch(1, 1)

    def _model(self, model: ModelFigures) -> None:
        row = self.grid.rowCount()
        name = plain_label(model.model, "strong", self.figures, wrap=True)
        self.grid.addWidget(name, row, 0, 1, 2)
        said = plain_label(_model_words(model), "muted", self.figures, wrap=True)
        self.grid.addWidget(said, row + 1, 0, 1, 2)

    # What is done with code and attachments

    def _chosen(self) -> list[object]:
        """The block that is selected in the list, or else the first."""
        row = max(0, self.code_view.currentIndex().row())
        return [self.code.line(row).value] if self.code.rowCount() else []

    def _copy_all(self) -> None:
        self.copy_wanted.emit([line.value for line in self.code.lines])

    def _save_code(self) -> None:
        for block in self._chosen():
            self.save_wanted.emit(block)

    def _save_kept(self) -> None:
        if self.kept.rowCount():
            self.save_wanted.emit(self.kept.line(max(0, self.kept_view.currentIndex().row())).value)


def _same(outlined: str, shown: str) -> bool:
    """A heading of the outline may be cut short."""
    return bool(shown) and words.bare(shown).startswith(outlined)


def _first_line(code: str) -> str:
    return next((line.strip() for line in code.splitlines() if line.strip()), "")


def _about(block: CodeBlock) -> str:
    lines = block.text.count("\n") + 1
    return f"{block.language or 'text'} · {grouped(lines)} line{'s' * (lines != 1)}"


def _kind(part: object) -> str:
    return {Picture: "Picture", Audio: "Recording"}.get(type(part), "File")


def _figures(found: Statistics) -> list[tuple[str, str]]:
    said = [("Dates", words.dates(found.first, found.last))]
    said += [(words.ROLES.get(role, role.capitalize()), grouped(count)) for role, count in found.messages.items()]
    said += [("Words", grouped(found.words)), ("Characters", grouped(found.characters))]
    said += [("Branches", grouped(found.branches))] if found.branches > 1 else []
    said += [(words.KINDS.get(kind, kind.capitalize()), grouped(count)) for kind, count in found.attachments.items()]
    if found.cost_pico or found.unpriced:
        dollars = pricing.shown(pricing.from_pico(found.cost_pico)) if found.cost_pico else ""
        more = f"{grouped(found.unpriced)} unpriced" if found.unpriced else ""
        said.append(("Cost", " + ".join(each for each in (dollars, more) if each)))
    return [(name, value) for name, value in said if value]


def _model_words(model: ModelFigures) -> str:
    said = [f"{grouped(model.replies)} repl{'ies' if model.replies != 1 else 'y'}"]
    if model.input or model.output:
        said.append(f"{grouped(model.input)} in, {grouped(model.output)} out")
    if model.cost_pico:
        said.append(pricing.shown(pricing.from_pico(model.cost_pico)))
    if model.unpriced:
        said.append(f"{grouped(model.unpriced)} unpriced")
    return " · ".join(said)
