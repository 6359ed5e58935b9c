"""What a conversation is asked with: the system text and the parameters of its model, kept a moment after a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QPlainTextEdit

from desktop.core import catalog
from desktop.ui import theme
from desktop.ui.chat.state import OpenConversation
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.parameter_form import ParameterForm

if TYPE_CHECKING:
    from desktop.ui.chat.page import ChatPage

PAUSE_MS = 400
GROUPS = "chat.parameter-groups"


class OptionsPane(QObject):
    """At the right edge of the page."""

    def __init__(self, page: ChatPage) -> None:
        super().__init__(page)
        self._page = page
        self.form = ParameterForm("chat", page.parameters)
        self.system = self._system_field()
        page.parameters.layout().addWidget(self.form)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(lambda: page.start(self.keep(page.open), "options"))
        self.form.changed.connect(self._set_parameter)
        self.form.folds_changed.connect(self._keep_groups)
        self.system.textChanged.connect(self._set_system)

    def _system_field(self) -> QPlainTextEdit:
        form = self.form
        field = QPlainTextEdit(form)
        theme.style_as(field, "field")
        field.setObjectName("chat.system")
        field.setAccessibleName("System text")
        field.setPlaceholderText("How the model should answer")
        field.setTabChangesFocus(True)
        label = plain_label("System text", "", form)
        label.setBuddy(field)
        form.column.addWidget(plain_label("Parameters", "section", form))
        form.column.addSpacing(theme.current().gap(8))
        form.column.addWidget(label)
        form.column.addWidget(field)
        return field

    def measure(self) -> None:
        """Sizes that follow the text's scale."""
        self.system.setFixedHeight(theme.current().px(96))

    async def restore_groups(self) -> None:
        self.form.set_open_groups(await self._page.services.remembered(GROUPS, []))

    def show_system(self) -> None:
        """That of the conversation that is open now."""
        self.system.blockSignals(True)
        self.system.setPlainText(self._page.open.options.system)
        self.system.blockSignals(False)

    def soon(self) -> None:
        """Keep what was changed, when the changing rests."""
        self._pause.start()

    def flush(self) -> None:
        """Keep it now, with the conversation it belongs to at this moment."""
        page = self._page
        if self._pause.isActive() and page.services is not None:
            self._pause.stop()
            page.start(self.keep(page.open), f"options:{page.open.draft_name}")

    def show(self) -> None:
        page = self._page
        if page.services is None:
            return
        models = page.catalog
        values = page.open.options.parameters
        card = models.card(page.open.options.model)
        kind = page.services.profiles.chosen.kind.value
        self.form.show_parameters(catalog.parameters(models, card, "chat", values, kind), values)

    def _set_parameter(self, name: str, value: object) -> None:
        page = self._page
        if value is None:
            page.open.options.parameters.pop(name, None)
        else:
            page.open.options.parameters[name] = value
        self.show()
        self.soon()

    def _set_system(self) -> None:
        page = self._page
        page.open.options.system = self.system.toPlainText()
        self.soon()
        page.estimating.soon()

    def _keep_groups(self) -> None:
        page = self._page
        page.start(page.services.remember(GROUPS, self.form.open_groups()), "remember-groups")

    async def keep(self, place: OpenConversation) -> None:
        """Options changed in a conversation that exists are kept without a send."""
        if place.identity:
            options = place.options
            await self._page.said.save_options(
                place.identity, model=options.model, system=options.system, parameters=dict(options.parameters)
            )
