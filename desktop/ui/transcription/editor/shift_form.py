"""Asks by how much times are moved, and which."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QDoubleSpinBox, QRadioButton, QWidget

from desktop.ui import dialogs
from desktop.ui.transcription.editor import words


async def ask(parent: QWidget, chosen: int) -> tuple[int, bool] | None:
    """Milliseconds, and whether all segments are meant; None where the user thought better of it."""
    dialog = dialogs.Question(
        parent.window(), "Shift times", "Later by so many seconds; earlier with a minus.", "Shift", is_danger=False
    )
    seconds = QDoubleSpinBox(dialog)
    seconds.setObjectName("editor.shift-seconds")
    seconds.setAccessibleName("Seconds")
    seconds.setRange(-36_000, 36_000)
    seconds.setDecimals(3)
    seconds.setSingleStep(0.1)
    seconds.setSuffix(" s")
    told = "The selected segment" if chosen == 1 else f"The {words.many(chosen, 'selected segment')}"
    some = QRadioButton(told, dialog)
    some.setObjectName("editor.shift-some")
    everything = QRadioButton("All segments", dialog)
    everything.setObjectName("editor.shift-all")
    group = QButtonGroup(dialog)
    for button in (some, everything):
        group.addButton(button)
    (some if chosen > 1 else everything).setChecked(True)
    for widget in (seconds, some, everything):
        dialog.column.addWidget(widget)
    dialog.finish()
    seconds.setFocus()
    seconds.selectAll()
    if not await dialogs.finished(dialog):
        return None
    return round(seconds.value() * 1000), everything.isChecked()
