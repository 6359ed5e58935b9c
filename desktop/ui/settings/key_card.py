"""Where a profile's key is entered, and where keys are kept, said plainly."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.core.keeping import Place, Where
from desktop.core.secret import Secret
from desktop.ui import icons, theme
from desktop.ui.settings.key_field import KeyField
from desktop.ui.widgets.flow import Flow
from desktop.ui.widgets.labels import plain_label

SEALING = (
    "Keys go into a file in the data folder that only your passphrase opens; it is asked for at each start. "
    "Without it the keys cannot be brought back."
)


def button(name: str, text: str, kind: str = "", tells: str = "") -> QPushButton:
    """A button of one of the style sheet's kinds; `tells` is what a screen reader says where `text` is too short."""
    made = QPushButton(text)
    made.setObjectName(name)
    made.setAccessibleName(tells or text)
    if kind:
        theme.style_as(made, kind)
    return made


def line(*parts: QWidget) -> Flow:
    """Widgets beside each other, in as many lines as they need."""
    row = Flow()
    for part in parts:
        row.add(part)
    return row


def filled(*parts: QWidget) -> QHBoxLayout:
    """Widgets beside each other over the whole width, as a field and its button are."""
    row = QHBoxLayout()
    row.setSpacing(theme.current().gap(8))
    for part in parts:
        row.addWidget(part)
    return row


class KeyCard(QFrame):
    """`entered` carries a Secret, `sealed` and `opened` the passphrase as a Secret."""

    entered = Signal(object)
    removed = Signal()
    sealed = Signal(object)
    opened = Signal(object)
    unsealed = Signal()
    given_up = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.style_as(self, "card")
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(16), look.gap(12), look.gap(16), look.gap(12))
        column.setSpacing(look.gap(8))
        self.kept = plain_label("No key", "strong")
        self.kept.setObjectName("profiles.key-kept")
        self.place = plain_label("", "muted", wrap=True)
        self.place.setObjectName("profiles.key-place")
        self.goes_to = plain_label("", "muted", wrap=True)
        self.goes_to.setObjectName("profiles.key-goes-to")
        self.problem = plain_label("", "bad", wrap=True)
        self.problem.setObjectName("profiles.key-problem")
        self.field = KeyField("profiles.key", "Key")
        self.keep = button("profiles.key-keep", "Keep key")
        self.remove = button("profiles.key-remove", "Remove key", "link")
        self.seal_more = button("profiles.seal-more", "Seal keys with a passphrase…", "link")
        column.addLayout(line(self.kept, self.remove))
        self.entry = QWidget()
        entry = filled(self.field, self.keep)
        entry.setContentsMargins(0, 0, 0, 0)
        self.entry.setLayout(entry)
        column.addWidget(self.entry)
        column.addWidget(self.problem)
        column.addWidget(self.goes_to)
        column.addWidget(self.place)
        column.addWidget(self._sealing())
        column.addLayout(line(self.seal_more))
        self._connect()
        self.show_problem("")

    def show_key(self, kept: str, where: Where | None, host: str, *, may_change: bool) -> None:
        """`kept` is a key's masked form or "", `where` its place or the next key's, `host` where it goes."""
        self.kept.setText(f"Key {kept}" if kept else "No key")
        self.field.setPlaceholderText("Enter another key to replace it" if kept else "Paste the key")
        self.remove.setVisible(bool(kept) and may_change)
        self.entry.setVisible(may_change)
        self.goes_to.setText(f"Goes to {host} only." if host else "")
        self.goes_to.setVisible(bool(host))
        self._show_place(where, bool(kept), may_change)

    def offer(self, key: Secret) -> None:
        """A key that was pasted elsewhere; nothing is kept until the user says so."""
        self.field.setText(key.reveal())
        self.field.setFocus()

    def show_problem(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.setVisible(bool(sentence))

    def _show_place(self, where: Where | None, has_key: bool, may_change: bool) -> None:
        words = where.words if where else ""
        if where and not has_key and where.place is not Place.ENVIRONMENT:
            words = words.replace("Kept", "It will be kept", 1)
        self.place.setText(words)
        theme.style_as(self.place, "warn" if where and where.place is Place.RUN else "muted")
        is_sealed = where is not None and where.place is Place.SEALED
        is_closed = is_sealed and where is not None and not where.is_open
        self.again.setVisible(not is_sealed)
        self.seal.setVisible(not is_sealed)
        self.open.setVisible(is_closed)
        self.give_up.setVisible(is_closed)
        self.unseal.setVisible(is_sealed and not is_closed)
        self.passphrase.setVisible(not is_sealed or is_closed)
        self.sealing_help.setVisible(not is_sealed)
        self.seal_more.setVisible(may_change and not is_sealed and self.sealing.isHidden())
        if is_sealed:
            self.sealing.setVisible(may_change)
        if is_closed:
            self.field.setPlaceholderText("Open the sealed file first")
        self.field.setEnabled(not is_closed)
        self.keep.setEnabled(not is_closed)

    def _sealing(self) -> QWidget:
        self.sealing = QWidget()
        column = QVBoxLayout(self.sealing)
        column.setContentsMargins(0, theme.current().gap(8), 0, 0)
        column.setSpacing(theme.current().gap(8))
        self.sealing_help = plain_label(SEALING, "muted", wrap=True)
        self.passphrase = KeyField("profiles.passphrase", "Passphrase")
        self.passphrase.setPlaceholderText("Passphrase")
        self.again = KeyField("profiles.passphrase-again", "Passphrase again")
        self.again.setPlaceholderText("The same again")
        self.seal = button("profiles.seal", "Seal all keys")
        self.open = button("profiles.open-sealed", "Open", tells="Open the sealed key file")
        self.unseal = button("profiles.unseal", "Give all keys back to the key store", "link")
        self.give_up = button("profiles.give-up-sealed", "Set the sealed file aside and start anew", "link")
        column.addWidget(self.sealing_help)
        column.addLayout(filled(self.passphrase, self.again, self.seal, self.open))
        column.addLayout(line(self.unseal, self.give_up))
        self.sealing.hide()
        return self.sealing

    def _connect(self) -> None:
        self.keep.clicked.connect(self.field.give)
        self.field.entered.connect(self.entered)
        self.remove.clicked.connect(self.removed)
        self.seal_more.clicked.connect(self._unfold)
        self.seal.clicked.connect(self._seal)
        self.open.clicked.connect(lambda: self.opened.emit(self.passphrase.take()))
        self.passphrase.returnPressed.disconnect()
        self.passphrase.returnPressed.connect(self._passphrase_entered)
        self.again.returnPressed.disconnect()
        self.again.returnPressed.connect(self.seal.click)
        self.unseal.clicked.connect(self.unsealed)
        self.give_up.clicked.connect(self.given_up)
        icons.put(self.keep, "key")

    def _passphrase_entered(self) -> None:
        if self.open.isVisible():
            self.open.click()
        else:
            self.again.setFocus()

    def _unfold(self) -> None:
        self.sealing.show()
        self.seal_more.hide()
        self.passphrase.setFocus()

    def _seal(self) -> None:
        first, second = self.passphrase.take(), self.again.take()
        if first != second:
            self.show_problem("The two passphrases are not the same. Enter them again.")
            self.passphrase.setFocus()
            return
        self.show_problem("")
        self.sealed.emit(first)
