"""Where the archive is, how large, how well, and the way to another folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from desktop.ui.settings.archive.card import Card, button, line, size_words, tell

if TYPE_CHECKING:
    from desktop.services.archive_state import ArchiveFacts
    from desktop.services.storage import Disk


class PlaceCard(Card):
    """Signals say what the user wants; the section asks and does."""

    move_wanted = Signal()
    former_unwanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("settings.archive-state", "Where it is", parent)
        self.folder = self.fact("settings.archive-folder", "")
        self.folder.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts = self.fact("settings.archive-facts")
        self.warnings = self.fact("settings.archive-warnings", "warn")
        self.former = self.fact("settings.archive-former")
        self.move_away = button("settings.archive-move", "Move to another folder…")
        self.remove_former = button("settings.archive-remove-former", "Remove the old files", "link")
        self.remove_former.hide()
        self.fixed = self.fact("settings.archive-fixed", "muted")
        self.column.addLayout(line(self.move_away, self.remove_former))
        self.move_away.clicked.connect(self.move_wanted)
        self.remove_former.clicked.connect(self.former_unwanted)

    def fix(self, advice: str) -> None:
        """Say why so much below cannot be chosen."""
        tell(self.fixed, f"As it can only be read, it is not moved, cleaned up, restored or removed. {advice}")

    def show_facts(self, facts: ArchiveFacts, disk: Disk, former: str) -> None:
        tell(self.folder, facts.folder)
        sizes = f"{size_words(disk.archive)}, its copies {size_words(disk.copies)}"
        tell(self.facts, f"{sizes}. {size_words(disk.free)} free on this disk.")
        tell(self.warnings, "\n".join(facts.warnings))
        tell(self.former, f"The files from before the move are still in {former}." if former else "")
        self.remove_former.setVisible(bool(former))
