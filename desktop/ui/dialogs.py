"""Dialogs that are opened and awaited: the loop goes on meanwhile, and no other loop is nested in it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QDir, Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from desktop.core.text import visible
from desktop.ui import theme
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import no_mnemonic


async def shown(dialog: QDialog) -> bool:
    """Open a dialog and wait for its end; True if it was accepted. It is deleted afterwards."""
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    dialog.finished.connect(lambda result: done.done() or done.set_result(result))
    dialog.open()
    try:
        return await done == QDialog.DialogCode.Accepted.value
    finally:
        dialog.close()
        dialog.deleteLater()


class Asking(QDialog):
    """A sentence, perhaps a field, and two buttons. The harmless one has the focus."""

    def __init__(self, parent: QWidget, title: str, text: str, action: str, *, is_harmless: bool = False) -> None:
        super().__init__(parent)
        look = theme.current()
        self.setWindowTitle(title)
        self.setObjectName("dialog")
        self.setModal(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(24), look.gap(24), look.gap(24), look.gap(16))
        column.setSpacing(look.gap(16))
        self.text = plain_label(text, "", self, wrap=True)
        self.text.setMinimumWidth(look.px(360))
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.middle = QVBoxLayout()
        row = QHBoxLayout()
        row.setSpacing(look.gap(8))
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setObjectName("dialog.cancel")
        self.act = QPushButton(no_mnemonic(visible(action)), self)
        self.act.setObjectName("dialog.action")
        theme.style_as(self.act, "primary" if is_harmless else "danger")
        self.act.setAutoDefault(is_harmless)
        self.act.setDefault(is_harmless)
        self.cancel.setAutoDefault(not is_harmless)
        self.cancel.setDefault(not is_harmless)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.act)
        column.addWidget(self.text)
        column.addLayout(self.middle)
        column.addLayout(row)
        self.cancel.clicked.connect(self.reject)
        self.act.clicked.connect(self.accept)
        (self.act if is_harmless else self.cancel).setFocus()


async def confirm(parent: QWidget, text: str, action: str, title: str = "Davenport") -> bool:
    """Ask before something that cannot be undone; `action` names what it does. Enter is Cancel."""
    return await shown(Asking(parent, title, text, action))


async def ask_text(parent: QWidget, title: str, label: str, text: str = "") -> str | None:
    """One line of text, or None."""
    dialog = Asking(parent, title, label, title.split()[0], is_harmless=True)
    field = QLineEdit(text, dialog)
    field.setObjectName("dialog.text")
    field.setAccessibleName(label)
    field.selectAll()
    dialog.middle.addWidget(field)
    field.setFocus()
    return field.text() if await shown(dialog) else None


async def choose_files(parent: QWidget, title: str, kinds: str = "") -> list[str]:
    """Files to read; none if the user thought better of it."""
    dialog = QFileDialog(parent, title, QDir.homePath(), kinds)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    return dialog.selectedFiles() if await shown(dialog) else []


async def choose_target(parent: QWidget, title: str, name: str, kinds: str = "") -> Path | None:
    """A file to write; the system's dialog asks before one that is there."""
    dialog = QFileDialog(parent, title, str(Path(QDir.homePath()) / name), kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.selectFile(name)
    return Path(dialog.selectedFiles()[0]) if await shown(dialog) else None


async def choose_printer(parent: QWidget) -> object | None:
    """A QPrinter as the user set it up, or None."""
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter  # rarely needed

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    return printer if await shown(QPrintDialog(printer, parent)) else None
