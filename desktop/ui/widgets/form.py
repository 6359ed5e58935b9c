"""Rows of forms: label above control, help below it, reset only where changed, what is wrong where it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic

SHORT, MIDDLE = 140, 260
"""Widths of controls whose content is short, in pixels of the papers."""

NUMBER_INSET = 6
"""Pixels between the frame and the digits of a number: the style sheet's padding does not reach inside."""


class _NoWheel(QObject):
    """Scrolling past a control must not change it: the wheel is its own only while it has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class Row(QWidget):
    """One labelled control. `changed` carries the value the user gave; `show_value` says nothing."""

    changed = Signal(object)
    reset_wanted = Signal()

    def __init__(self, name: str, title: str, help_text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        look = theme.current()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(look.gap(4))
        self.label = plain_label(title, "strong", self)
        self.reset = QPushButton("Reset", self)
        theme.style_as(self.reset, "link")
        self.reset.setObjectName(f"{name}-reset")
        self.reset.setAccessibleName(f"Reset {title}")
        self.reset.clicked.connect(self.reset_wanted)
        self.reset.hide()
        self.help = plain_label(help_text, "muted", self, wrap=True)
        self.help.setVisible(bool(help_text))
        self.problem = plain_label("", "bad", self, wrap=True)
        self.problem.hide()
        self.control = self._control()
        self.control.setObjectName(name)
        self.control.setAccessibleName(title)
        self.control.setAccessibleDescription(help_text)
        self.label.setBuddy(self.control)
        self._place()
        look.changed.connect(self._measure)
        self._measure()

    def _control(self) -> QWidget:
        raise NotImplementedError

    def _place(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(theme.current().gap(8))
        top.addWidget(self.label)
        top.addWidget(self.reset)
        top.addStretch(1)
        self._column.addLayout(top)
        self._column.addLayout(self._control_line())
        self._column.addWidget(self.problem)
        self._column.addWidget(self.help)

    def _control_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(theme.current().gap(8))
        line.addWidget(self.control)
        return line

    def _measure(self) -> None:
        """Widths and heights of the control at the present text scale."""

    def show_value(self, value: object) -> None:
        raise NotImplementedError

    def set_changed(self, is_changed: bool) -> None:
        """Whether the value is another than the usual one, and can be reset."""
        self.reset.setVisible(is_changed)

    def set_help(self, text: str) -> None:
        self.help.setText(text)
        self.help.setVisible(bool(text))
        self.control.setAccessibleDescription(text)

    def set_problem(self, sentence: str) -> None:
        """What is wrong with the value, in a sentence; "" for nothing."""
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))


class FlagRow(Row):
    """Yes or no; the title stands beside the box."""

    def _control(self) -> QCheckBox:
        self._box = QCheckBox(no_mnemonic(self.title))
        self._box.toggled.connect(lambda is_on: self.changed.emit(is_on))
        return self._box

    def _place(self) -> None:
        look = theme.current()
        self.label.hide()
        top = QHBoxLayout()
        top.setSpacing(look.gap(8))
        top.addWidget(self._box)
        top.addWidget(self.reset)
        top.addStretch(1)
        self._column.addLayout(top)
        self._column.addWidget(self.problem)
        below = QHBoxLayout()
        below.setContentsMargins(look.px(28), 0, 0, 0)
        below.addWidget(self.help)
        self._column.addLayout(below)

    def show_value(self, value: object) -> None:
        with QSignalBlocker(self._box):
            self._box.setChecked(bool(value))


class ChoiceRow(Row):
    """One of a few values, each with the words it is shown by."""

    def __init__(
        self,
        name: str,
        title: str,
        choices: Sequence[tuple[str, object]],
        help_text: str = "",
        parent: QWidget | None = None,
    ) -> None:
        self._choices = tuple(choices)
        super().__init__(name, title, help_text, parent)

    def _control(self) -> QComboBox:
        self._combo = QComboBox()
        self._combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._combo.installEventFilter(_NoWheel(self._combo))
        for words, _ in self._choices:
            self._combo.addItem(words)
        self._combo.activated.connect(lambda at: self.changed.emit(self._choices[at][1]))
        return self._combo

    def _measure(self) -> None:
        self._combo.setFixedWidth(theme.current().px(MIDDLE))

    def _control_line(self) -> QHBoxLayout:
        line = super()._control_line()
        line.addStretch(1)
        return line

    def show_value(self, value: object) -> None:
        values = [known for _, known in self._choices]
        self._combo.setCurrentIndex(values.index(value) if value in values else -1)


class NumberRow(Row):
    """A number within bounds, with its unit. `decimals` 0 gives whole numbers."""

    def __init__(
        self,
        name: str,
        title: str,
        bounds: tuple[float, float],
        *,
        unit: str = "",
        decimals: int = 0,
        help_text: str = "",
        nothing: str = "",
        parent: QWidget | None = None,
    ) -> None:
        self._bounds, self._unit, self._decimals, self._nothing = bounds, unit, decimals, nothing
        super().__init__(name, title, help_text, parent)

    def _control(self) -> QWidget:
        low, high = self._bounds
        spin: QSpinBox | QDoubleSpinBox
        if self._decimals:
            spin = precise = QDoubleSpinBox()
            precise.setDecimals(self._decimals)
            precise.setRange(low, high)
        else:
            spin = whole = QSpinBox()
            whole.setRange(int(low), int(high))
        spin.setKeyboardTracking(False)  # half a number is not a value yet
        spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        spin.installEventFilter(_NoWheel(spin))
        spin.lineEdit().setTextMargins(NUMBER_INSET, 0, 0, 0)
        spin.setSpecialValueText(self._nothing)
        spin.valueChanged.connect(lambda value: self.changed.emit(value))
        self._spin = spin
        return spin

    def _measure(self) -> None:
        self._spin.setFixedWidth(theme.current().px(SHORT))

    def _control_line(self) -> QHBoxLayout:
        line = super()._control_line()
        if self._unit:
            line.addWidget(plain_label(self._unit, "muted"))
        line.addStretch(1)
        return line

    def show_value(self, value: object) -> None:
        with QSignalBlocker(self._spin):
            self._spin.setValue(value if self._decimals else int(value))  # type: ignore[arg-type, call-overload]


class LineRow(Row):
    """A line of text; `changed` comes when the user leaves it or presses Enter."""

    def _control(self) -> QLineEdit:
        self._shown = ""
        self.line = QLineEdit()
        self.line.editingFinished.connect(self._finished)
        return self.line

    def show_value(self, value: object) -> None:
        self._shown = str(value)
        if self.line.text() != self._shown:
            self.line.setText(self._shown)
            self.line.setCursorPosition(0)

    def _finished(self) -> None:
        if self.line.text() != self._shown:
            self._shown = self.line.text()
            self.changed.emit(self._shown)


class _Area(QPlainTextEdit):
    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


class TextRow(Row):
    """Several lines of text; `changed` comes when the user leaves it."""

    def _control(self) -> QPlainTextEdit:
        self._shown = ""
        self._area = _Area()
        theme.style_as(self._area, "field")
        self._area.setTabChangesFocus(True)
        self._area.left.connect(self.finish)
        return self._area

    def show_value(self, value: object) -> None:
        self._shown = str(value)
        if self._area.toPlainText() != self._shown:
            self._area.setPlainText(self._shown)

    def _measure(self) -> None:
        self._area.setFixedHeight(theme.current().px(96))

    def finish(self) -> None:
        """Hand over what was typed and not left yet."""
        if self._area.toPlainText() != self._shown:
            self._shown = self._area.toPlainText()
            self.changed.emit(self._shown)


class FileRow(LineRow):
    """A path with a chooser beside it. `pattern` as file dialogs take it."""

    def __init__(self, name: str, title: str, help_text: str = "", *, pattern: str = "", parent: QWidget | None = None):
        self._pattern = pattern
        super().__init__(name, title, help_text, parent)

    def _control_line(self) -> QHBoxLayout:
        line = super()._control_line()
        self.choose = QPushButton("Choose…")
        self.choose.setObjectName(f"{self.control.objectName()}-choose")
        self.choose.setAccessibleName(f"Choose a file: {self.title}")
        self.choose.clicked.connect(self._open)
        line.addWidget(self.choose)
        return line

    def _open(self) -> None:
        dialog = QFileDialog(self, self.title, str(Path(self.line.text() or Path.home()).parent), self._pattern)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._chosen)
        dialog.open()

    def _chosen(self, path: str) -> None:
        self.line.setText(path)
        self._finished()


class Column(QVBoxLayout):
    """The rows of a form one under the other, with the gaps of the grid."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(theme.current().gap(16))


def section(title: str) -> QWidget:
    """A heading with a line under it, for a group of rows."""
    look = theme.current()
    heading = QWidget()
    column = QVBoxLayout(heading)
    column.setContentsMargins(0, look.gap(16), 0, 0)
    column.setSpacing(look.gap(8))
    column.addWidget(plain_label(title, "section"))
    return heading
