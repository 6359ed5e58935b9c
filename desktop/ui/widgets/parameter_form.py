"""A form drawn from the catalog's parameters: label above control, reset where changed, groups that fold."""

from __future__ import annotations

import json

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.errors import BadInput
from desktop.core.parameters import Parameter, Type, parsed
from desktop.ui import icons, theme
from desktop.ui.page import tab_through
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import set_tip

SLIDER_STEPS = 100
WIDEST_SLIDER = 64.0  # a range beyond that is typed only
UNSET = "—"


def written(value: object) -> str:
    """A value as it stands in its field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return "\n".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=1)
    return f"{value:g}" if isinstance(value, float) else str(value)


class Field(QWidget):
    """One parameter. `changed` carries its name and its value, None where it is not to be sent."""

    changed = Signal(str, object)

    def __init__(self, parameter: Parameter, value: object, page: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.parameter = parameter
        self.value: object = None
        self._page = page
        self._build()
        self.show_value(value)
        self.update_parameter(parameter)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        top = QHBoxLayout()
        self.label = plain_label(self.parameter.label, "", self)
        self.reset = QToolButton(self, text="Reset")
        theme.style_as(self.reset, "caption")
        self.reset.setObjectName(f"{self._page}.{self.parameter.name}-reset")
        self.reset.setAccessibleName(f"Reset {self.parameter.label}")
        self.reset.clicked.connect(lambda: self._take(None))
        kept = self.reset.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(kept)
        top.addWidget(self.label, 1)
        top.addWidget(self.reset)
        self.control = self._control()
        self.control.setObjectName(f"{self._page}.{self.parameter.name}")
        self.control.setAccessibleName(self.parameter.label)
        self.control.setAccessibleDescription(self.parameter.help)
        self.label.setBuddy(self.control)
        self.problem = plain_label("", "bad", self, wrap=True)
        self.problem.hide()
        column.addLayout(top)
        row = self._row = QHBoxLayout()
        self.slider = self._slider()
        if self.slider is not None:
            row.addWidget(self.slider, 1)
        row.addWidget(self.control, 0 if self.slider else 1)
        column.addLayout(row)
        column.addWidget(self.problem)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setSpacing(look.gap(4))
        self._row.setSpacing(look.gap(8))
        if self.slider is not None:
            self.control.setFixedWidth(look.px(72))
        if isinstance(self.control, QPlainTextEdit):
            self.control.setFixedHeight(look.px(72))
            self.control.setFont(look.font("mono" if self.parameter.type is Type.JSON else "body"))

    def _control(self) -> QWidget:
        match self.parameter.type:
            case Type.CHOICE | Type.FLAG:
                box = QComboBox(self)
                box.activated.connect(lambda: self._typed(str(box.currentData() or "")))
                return box
            case Type.JSON | Type.TEXTS:
                area = QPlainTextEdit(self)
                theme.style_as(area, "field")
                area.setTabChangesFocus(True)
                if self.parameter.type is Type.TEXTS:
                    area.setPlaceholderText("One a line")
                area.textChanged.connect(lambda: self._typed(area.toPlainText()))
                return area
        line = QLineEdit(self)
        line.setPlaceholderText(self.parameter.default or UNSET)
        line.textEdited.connect(self._typed)
        return line

    def _slider(self) -> QSlider | None:
        low, high = self.parameter.minimum, self.parameter.maximum
        if self.parameter.type is not Type.NUMBER or low is None or high is None or high - low > WIDEST_SLIDER:
            return None
        slider = QSlider(Qt.Orientation.Horizontal, self)
        slider.setRange(0, SLIDER_STEPS)
        slider.setAccessibleName(f"{self.parameter.label}, slider")
        slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        slider.valueChanged.connect(lambda at: self._take(round(low + (high - low) * at / SLIDER_STEPS, 2)))
        return slider

    def update_parameter(self, parameter: Parameter) -> None:
        """The same parameter for another model: choices, bounds, and whether and why not it can be set."""
        self.parameter = parameter
        if isinstance(self.control, QComboBox):
            self._fill(self.control)
        elif isinstance(self.control, QLineEdit):
            self.control.setPlaceholderText(parameter.default or UNSET)
        for widget in (self.label, self.control, self.slider):
            if widget is not None:
                widget.setEnabled(parameter.is_enabled)
        set_tip(self, parameter.why_not or parameter.help)
        self._show_state()

    def _fill(self, box: QComboBox) -> None:
        choices = ("true", "false") if self.parameter.type is Type.FLAG else self.parameter.choices
        default = self.parameter.default
        with QSignalBlocker(box):
            box.clear()
            box.addItem(f"Default ({default})" if default else "Not set", "")
            for choice in choices:
                box.addItem(choice, choice)
            found = box.findData(written(self.value))
            box.setCurrentIndex(max(0, found))

    def show_value(self, value: object) -> None:
        """Show what is kept, without a sign of change."""
        self.value = value
        text = written(value)
        with QSignalBlocker(self.control):
            if isinstance(self.control, QLineEdit):
                self.control.setText(text)
            elif isinstance(self.control, QPlainTextEdit):
                self.control.setPlainText(text)
            elif isinstance(self.control, QComboBox):
                self.control.setCurrentIndex(max(0, self.control.findData(text)))
        self._show_slider()
        self._show_state()

    def _show_slider(self) -> None:
        low, high = self.parameter.minimum, self.parameter.maximum
        if self.slider is None or low is None or high is None:
            return
        shown = self.value if isinstance(self.value, int | float) else self.parameter.default
        try:
            at = (float(shown) - low) / (high - low)
        except ValueError:
            at = 0.0
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(at * SLIDER_STEPS))

    def _typed(self, text: str) -> None:
        try:
            value = parsed(self.parameter, text)
        except BadInput as error:
            self._say(error.summary)
            return
        self._say("")
        self.value = value
        self._show_slider()
        self._show_state()
        self.changed.emit(self.parameter.name, value)

    def _take(self, value: object) -> None:
        self.show_value(value)
        self._say("")
        self.changed.emit(self.parameter.name, value)

    def _say(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def _show_state(self) -> None:
        self.reset.setVisible(self.value is not None)


class Group(QWidget):
    """A heading that folds what is under it."""

    def __init__(self, title: str, is_open: bool, parent: QWidget) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.head = QToolButton(self, text=title, checkable=True, checked=is_open)
        theme.style_as(self.head, "fold")
        self.head.setProperty("icon_px", 14)
        self.head.setAccessibleName(f"{title}, group")
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.body = QWidget(self)
        self.fields = QVBoxLayout(self.body)
        column.addWidget(self.head)
        column.addWidget(self.body)
        self.head.toggled.connect(self._fold)
        self._fold(is_open)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setSpacing(look.gap(4))
        self.head.setFont(look.font("body", semibold=True))
        self.fields.setContentsMargins(0, look.gap(4), 0, look.gap(12))
        self.fields.setSpacing(look.gap(12))

    def _fold(self, is_open: bool) -> None:
        self.body.setVisible(is_open)
        icons.put(self.head, "down" if is_open else "right")


class ParameterForm(QScrollArea):
    """All parameters of an endpoint. `changed` says name and value; what is set is the caller's to keep."""

    changed = Signal(str, object)
    folds_changed = Signal()

    def __init__(self, page: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page = page
        self._parameters: dict[str, Parameter] = {}  # all that are shown, in their order
        self._values: dict[str, object] = {}
        self._fields: dict[str, Field] = {}  # of the groups that were open
        self._groups: dict[str, Group] = {}
        self._open_groups: set[str] = set()
        self.setObjectName(f"{page}.parameters")
        self.setAccessibleName("Parameters")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body = QWidget(self)
        self._column = QVBoxLayout(self._body)
        self.setWidget(self._body)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self._column.setContentsMargins(look.gap(16), look.gap(12), look.gap(16), look.gap(16))
        self._column.setSpacing(look.gap(4))

    @property
    def column(self) -> QVBoxLayout:
        """Where a page puts what comes before the catalog's parameters."""
        return self._column

    def show_parameters(self, parameters: tuple[Parameter, ...], values: dict[str, object]) -> None:
        """Show these; fields that stay are kept with their focus. Deprecated ones show only while they are set.

        The fields of a group are made when it is first open, with the values that are kept by then.
        """
        wanted = {p.name: p for p in parameters if not p.is_ours and (not p.is_deprecated or p.name in values)}
        is_same = list(wanted) == list(self._parameters)
        self._parameters, self._values = wanted, values
        if not is_same:
            self._rebuild()
            return
        for name, field in self._fields.items():
            field.update_parameter(wanted[name])
            if field.value != values.get(name) and not field.control.hasFocus():
                field.show_value(values.get(name))

    def field(self, name: str) -> Field:
        """The field of a parameter, also of one whose group was never open."""
        self._fill(self._parameters[name].group)
        return self._fields[name]

    def clear(self, name: str) -> None:
        """As if its reset had been clicked."""
        self.field(name).reset.click()

    def open_groups(self) -> list[str]:
        return sorted(name for name, group in self._groups.items() if group.head.isChecked())

    def set_open_groups(self, names: list[str]) -> None:
        self._open_groups = set(names)
        for name, group in self._groups.items():
            group.head.setChecked(name in self._open_groups)

    def _rebuild(self) -> None:
        self._open_groups |= set(self.open_groups())
        for group in self._groups.values():
            group.setParent(None)
            group.deleteLater()
        self._groups, self._fields = {}, {}
        for parameter in self._parameters.values():
            self._group(parameter.group)
        for name, group in self._groups.items():
            if group.head.isChecked():
                self._fill(name)
        self._order()

    def _fill(self, name: str) -> None:
        group = self._groups[name]
        if group.fields.count():
            return
        for parameter in (each for each in self._parameters.values() if each.group == name):
            field = Field(parameter, self._values.get(parameter.name), self._page, group.body)
            field.changed.connect(self.changed)
            self._fields[parameter.name] = field
            group.fields.addWidget(field)
        self._order()

    def _order(self) -> None:
        """Tab goes through all of it as one reads, whenever it was made."""
        above = (self._column.itemAt(at).widget() for at in range(self._column.count()))
        parts: list[QWidget | None] = [part for part in above if part is not None and not isinstance(part, Group)]
        for name, group in self._groups.items():
            parts.append(group.head)
            for field in (each for each in self._fields.values() if each.parameter.group == name):
                parts += [field.reset, field.slider, field.control]
        tab_through(*parts)

    def _group(self, name: str) -> Group:
        if name not in self._groups:
            group = self._groups[name] = Group(name, name in self._open_groups, self._body)
            group.head.setObjectName(f"{self._page}.{'-'.join(name.lower().split())}-group")
            group.head.toggled.connect(lambda is_open: self._fill(name) if is_open else None)
            group.head.toggled.connect(lambda: self.folds_changed.emit())
            at = self._column.count() - 1
            is_stretch = at >= 0 and self._column.itemAt(at).spacerItem() is not None
            self._column.insertWidget(at if is_stretch else at + 1, group)
            if not is_stretch:
                self._column.addStretch(1)
        return self._groups[name]
