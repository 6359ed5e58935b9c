"""Opens dialogs and awaits their end. None of them runs a loop of its own: other work goes on meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter


async def finished(dialog: QDialog) -> bool:
    """Open a dialog over its window and wait until it is accepted (True) or not. A cancelled wait closes it."""
    import asyncio  # slow to import; no dialog opens before the first paint

    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(result: int) -> None:
        if not answer.done():
            answer.set_result(result == QDialog.DialogCode.Accepted)

    dialog.finished.connect(settle)
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.close()
        dialog.deleteLater()


class Question(QDialog):
    """A sentence, perhaps a field, and two buttons. The one that destroys is never the default."""

    def __init__(self, parent: QWidget | None, title: str, text: str, action_name: str, *, is_danger: bool) -> None:
        super().__init__(parent)
        look = theme.current()
        self.setObjectName("dialog")
        self.setWindowTitle(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), look.gap(16))
        self.column.setSpacing(look.gap(16))
        self.label = plain_label(text, wrap=True)
        self.label.setMinimumWidth(look.px(360))
        self.label.setMaximumWidth(look.px(520))
        self.column.addWidget(self.label)
        row = QHBoxLayout()
        row.addStretch(1)
        self.cancel = self._button(row, "Cancel", "dialog.cancel", self.reject)
        self.confirm = self._button(row, action_name, "dialog.confirm", self.accept)
        theme.style_as(self.confirm, "danger" if is_danger else "primary")
        (self.cancel if is_danger else self.confirm).setDefault(True)
        self.buttons = row

    def _button(self, row: QHBoxLayout, text: str, name: str, work: object) -> QPushButton:
        button = QPushButton(no_mnemonic(text), self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.clicked.connect(work)
        row.addWidget(button)
        return button

    def finish(self) -> None:
        """All of the content is there: the buttons come below it."""
        self.column.addLayout(self.buttons)


async def confirm(parent: QWidget | None, text: str, action_name: str, *, is_danger: bool = True) -> bool:
    """Ask before something that cannot be undone; `action_name` says what the button does."""
    dialog = Question(_window(parent), action_name, text, action_name, is_danger=is_danger)
    dialog.finish()
    (dialog.cancel if is_danger else dialog.confirm).setFocus()
    return await finished(dialog)


async def ask_text(
    parent: QWidget | None, title: str, label: str, value: str = "", action_name: str = "Save"
) -> str | None:
    """One line of text, or None where it was not given."""
    dialog = Question(_window(parent), title, label, action_name, is_danger=False)
    field = QLineEdit(value, dialog)
    field.setObjectName("dialog.text")
    field.setAccessibleName(label)
    field.selectAll()
    dialog.column.addWidget(field)
    dialog.finish()
    field.setFocus()
    return field.text() if await finished(dialog) else None


async def choose_files(parent: QWidget | None, title: str, pattern: str = "") -> list[str]:
    """Paths of files that are there; none where the user thought better of it."""
    dialog = QFileDialog(_window(parent), title, "", pattern)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    return dialog.selectedFiles() if await finished(dialog) else []


async def choose_folder(parent: QWidget | None, title: str) -> str:
    dialog = QFileDialog(_window(parent), title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    return dialog.selectedFiles()[0] if await finished(dialog) else ""


async def choose_new_file(parent: QWidget | None, title: str, name: str, pattern: str = "") -> str:
    """Where to save; the dialog asks by itself before it names a file that is there."""
    dialog = QFileDialog(_window(parent), title, name, pattern)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    return dialog.selectedFiles()[0] if await finished(dialog) else ""


async def choose_printer(parent: QWidget | None) -> QPrinter | None:
    """A printer that is set up, or None."""
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter  # nobody prints at the start

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    return printer if await finished(QPrintDialog(printer, _window(parent))) else None


def _window(parent: QWidget | None) -> QWidget | None:
    return parent.window() if parent is not None else None
