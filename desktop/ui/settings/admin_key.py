"""Where a profile's admin key is entered: it reads the provider's bill for the Usage page, and nothing else."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.settings.key_card import button, filled, line
from desktop.ui.settings.key_field import KeyField
from desktop.ui.widgets.labels import plain_label

WHAT_FOR = (
    "Only the Usage page uses it, to ask OpenAI for its own figures when you press the button there. It is kept like "
    "the profile's key and goes to the same host."
)


class AdminKeyCard(QFrame):
    """`entered` carries a Secret; `removed` asks to forget the one there is."""

    entered = Signal(object)
    removed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.style_as(self, "card")
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(16), look.gap(12), look.gap(16), look.gap(12))
        column.setSpacing(look.gap(8))
        self.kept = plain_label("No admin key", "strong")
        self.kept.setObjectName("profiles.admin-key-kept")
        self.field = KeyField("profiles.admin-key", "Admin key")
        self.keep = button("profiles.admin-key-keep", "Keep admin key")
        self.remove = button("profiles.admin-key-remove", "Remove admin key", "link")
        self.problem = plain_label("", "bad", wrap=True)
        self.problem.setObjectName("profiles.admin-key-problem")
        column.addLayout(line(self.kept, self.remove))
        column.addLayout(filled(self.field, self.keep))
        column.addWidget(self.problem)
        column.addWidget(plain_label(WHAT_FOR, "muted", wrap=True))
        self.keep.clicked.connect(self.field.give)
        self.field.entered.connect(self.entered)
        self.remove.clicked.connect(self.removed)
        icons.put(self.keep, "key")
        self.show_key(False)
        self.show_problem("")

    def show_key(self, has_key: bool) -> None:
        self.kept.setText("An admin key is kept" if has_key else "No admin key")
        self.field.setPlaceholderText("Enter another one to replace it" if has_key else "Paste the admin key")
        self.remove.setVisible(has_key)

    def show_problem(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))
