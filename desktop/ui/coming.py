"""Pages that are not there yet: the name, and one sentence about what they will do. No form that does nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from desktop.ui import theme
from desktop.ui.page import Page
from desktop.ui.tasks import Report
from desktop.ui.widgets.labels import plain_label

SENTENCES = {
    "images": "Make pictures from words and change the ones you have. A later version of Davenport brings this page.",
    "speech": "Have a text read aloud and keep the recording. A later version of Davenport brings this page.",
    "transcription": "Drop recordings here and get text and subtitles. A later version of Davenport brings this page.",
    "files": "See, upload and remove the files a server keeps for you. A later version of Davenport brings this page.",
    "finetuning": "Check training data and follow a model being tuned. A later version of Davenport brings this page.",
    "batches": "Run one prompt over thousands of rows at half price. A later version of Davenport brings this page.",
    "models": "Compare what models can do and what they cost. A later version of Davenport brings this page.",
    "embeddings": "Turn texts into vectors and find what is alike. A later version of Davenport brings this page.",
    "moderation": "See what a moderation model says of a text. A later version of Davenport brings this page.",
    "completions": "Let older models go on with a text. A later version of Davenport brings this page.",
}


class ComingPage(Page):
    """Says what will be here."""

    def __init__(self, name: str, title: str, report: Report, parent: QWidget | None = None) -> None:
        self.name, self.title = name, title
        super().__init__(report, parent)
        column = self.work.layout()
        look = theme.current()
        column.setSpacing(look.gap(8))
        column.addStretch(2)
        for text, kind in ((title, "title"), (SENTENCES[name], "muted")):
            label = plain_label(text, kind, self.work, wrap=True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setMaximumWidth(look.px(520))
            row = QHBoxLayout()
            row.setContentsMargins(look.gap(32), 0, look.gap(32), 0)
            row.addStretch(1)
            row.addWidget(label, 1000)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(3)
