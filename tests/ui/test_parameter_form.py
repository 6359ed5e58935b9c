"""The form of parameters: fields are made when their group is first open, and nothing is lost by it."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from desktop import app
from desktop.core.options import Options
from desktop.core.parameters import Parameter, Type
from desktop.ui import theme
from desktop.ui.widgets.parameter_form import Field, ParameterForm
from tests.ui.frame import tab_order

PARAMETERS = (
    Parameter("heat", "Heat", Type.NUMBER, "Sampling", minimum=0, maximum=2),
    Parameter("seed", "Seed", Type.INTEGER, "Sampling"),
    Parameter("stop", "Stop", Type.TEXTS, "Output"),
)


@pytest.fixture
def window(qtbot):
    made = QWidget()
    column = QVBoxLayout(made)
    made.form = ParameterForm("chat", made)
    made.above, made.below = QLineEdit(made.form), QLineEdit(made)
    made.form.column.addWidget(made.above)
    column.addWidget(made.form)
    column.addWidget(made.below)
    qtbot.addWidget(made)
    made.show()
    made.values = {"seed": 7}
    made.form.show_parameters(PARAMETERS, made.values)
    return made


def fields(window):
    return [field.parameter.name for field in window.form.findChildren(Field)]


def test_fields_of_a_closed_group_are_not_made(window):
    assert fields(window) == []
    window.form.set_open_groups(["Output"])
    assert fields(window) == ["stop"]
    window.form.set_open_groups(["Sampling"])
    window.form.set_open_groups(["Output"])
    assert sorted(fields(window)) == ["heat", "seed", "stop"]


def test_a_field_shows_what_was_kept_before_it_was_made_and_what_is_changed_afterwards(window):
    window.values["heat"] = 0.5
    field = window.form.field("heat")
    assert (field.control.text(), window.form.field("seed").control.text()) == ("0.5", "7")
    window.values["heat"] = 1.0
    window.form.show_parameters(PARAMETERS, window.values)
    assert field.control.text() == "1"


def test_what_is_set_in_a_closed_group_can_be_left_out(window):
    heard = []
    window.form.changed.connect(lambda name, value: heard.append((name, value)))
    window.form.clear("seed")
    assert heard == [("seed", None)]


def test_open_groups_stay_open_when_other_parameters_come(window):
    window.form.set_open_groups(["Sampling"])
    window.form.show_parameters(PARAMETERS[1:], window.values)
    assert fields(window) == ["seed"] and window.form.open_groups() == ["Sampling"]


def test_tab_goes_through_the_form_as_it_is_read_whenever_fields_were_made(window):
    window.form.set_open_groups(["Output"])
    window.form.set_open_groups(["Output", "Sampling"])
    form = window.form
    heads = [form._groups[name].head for name in ("Sampling", "Output")]
    heat, seed, stop = (form.field(name) for name in ("heat", "seed", "stop"))
    wanted = [window.above, heads[0], heat.slider, heat.control, seed.reset, seed.control, heads[1], stop.control]
    QApplication.sendPostedEvents()  # a new field is on the screen in the next turn
    found = tab_order(window)
    at = found.index(window.above)
    assert found[at : at + len(wanted) + 1] == [*wanted, window.below]


def test_a_low_pane_scrolls_and_keeps_the_height_of_its_texts(window):
    window.form.set_open_groups(["Output", "Sampling"])
    window.resize(300, 200)
    QApplication.sendPostedEvents()
    control = window.form.field("stop").control
    assert control.height() == control.maximumHeight() == theme.current().px(72)
    assert window.form.verticalScrollBar().maximum() > 0


async def test_the_parameters_of_a_model_come_before_the_foot(qtbot, tmp_path):
    running = app.build(Options(tmp_path, offline=True))
    window = running.window
    window.resize(1400, 900)
    window.show()
    services = await running.opened()
    chat = window.pages["chat"]
    await chat.tasks.settled()
    await window.tasks.settled()
    assert services.profiles.chosen.is_local and chat.form.open_groups() == []
    name = chat.form._parameters["temperature"].group
    chat.form.set_open_groups([name])
    QApplication.sendPostedEvents()
    order = tab_order(window)
    control = order.index(chat.form.field("temperature").control)
    foot = min(order.index(each) for each in order if window.footer.isAncestorOf(each))
    assert order.index(chat.form._groups[name].head) < control < foot
    await running.aclose()
