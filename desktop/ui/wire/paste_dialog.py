"""A pasted curl command or JSON body: what was understood of it, what was not, and where it can go."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from desktop.core.errors import KnownError
from desktop.core.text import visible
from desktop.core.wire.page_request import PageRequest, request_for_page
from desktop.core.wire.request import WireRequest, form
from desktop.ui import theme
from desktop.ui.rail import PLACES
from desktop.ui.tasks import Tasks
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.tooltip import PlainLabel
from desktop.ui.wire import words

if TYPE_CHECKING:
    from desktop.core.secret import Secret
    from desktop.core.wire.pasted import Parsed
    from desktop.services.bundle import Services

READ_MS = 200
KEY = "$OPENAI_API_KEY"
TITLES = {place.name: place.title for place in PLACES}
PAGES = frozenset({"chat"})  # those whose form takes a request
LISTED = 6


class PasteDialog(QDialog):
    """Accepted with `wants_page`, or to be sent as it is. A key leaves the text as soon as it is seen."""

    key_offered = Signal(object)

    def __init__(self, parent: QWidget, services: Services, tasks: Tasks) -> None:
        super().__init__(parent)
        self._services, self._tasks = services, tasks
        self._parsed: Parsed | None = None
        self._key: Secret | None = None
        self.request: PageRequest | None = None
        self.wants_page = False
        self.setObjectName("wire.paste-dialog")
        self.setWindowTitle("Paste a request")
        self._build()
        self._pause = QTimer(self, singleShot=True, interval=READ_MS)
        self._pause.timeout.connect(lambda: self._tasks.start(self._read(), name="paste-read"))
        self.edit.textChanged.connect(lambda: self._pause.start())
        self._show()

    def wire_request(self) -> WireRequest | None:
        """The request as it is, for the profile in use; None while there is none, or where it needs files."""
        found = self._parsed
        if found is None or any(part.file_name is not None for part in found.parts):
            return None
        kind = next((value for name, value in found.headers if name.lower() == "content-type"), "application/json")
        body = found.body or None
        if found.parts:
            kind, body = form(found.parts, {})
        query = dict(parse_qsl(urlsplit(found.url).query, keep_blank_values=True))
        model = self.request.model if self.request else ""
        return WireRequest(self._services.profiles.chosen, found.method, found.endpoint, query, body, kind, model)

    # -- building

    def _build(self) -> None:
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(look.gap(24), look.gap(16), look.gap(24), look.gap(16))
        column.setSpacing(look.gap(8))
        column.addWidget(plain_label("A curl command, or a JSON body", "strong", self))
        self.edit = QPlainTextEdit(self)
        self.edit.setObjectName("wire.paste-text")
        self.edit.setAccessibleName("A curl command, or a JSON body")
        self.edit.setPlaceholderText("curl https://api.openai.com/v1/chat/completions -d '{…}'")
        self.edit.setFont(look.font("mono"))
        self.edit.setTabChangesFocus(True)
        theme.style_as(self.edit, "field")
        column.addWidget(self.edit, 1)
        self.understood = self._label(column, "wire.paste-understood", "strong")
        self.facts = self._label(column, "wire.paste-facts", "")
        self.ignored = self._label(column, "wire.paste-ignored", "muted")
        self.problem = self._label(column, "wire.paste-problem", "bad")
        self.key_row = QWidget(self)
        key = QHBoxLayout(self.key_row)
        key.setContentsMargins(0, 0, 0, 0)
        self.key_note = plain_label("", "warn", self.key_row, wrap=True)
        self.key_note.setObjectName("wire.paste-key")
        key.addWidget(self.key_note, 1)
        self.use_key = self._button(key, "Take it to the profile", "wire.paste-use-key", self._offer_key)
        column.addWidget(self.key_row)
        row = QHBoxLayout()
        row.addStretch(1)
        self._button(row, "Cancel", "wire.paste-cancel", self.reject)
        self.send = self._button(row, "Send it as it is", "wire.paste-send", self.accept)
        self.to_page = self._button(row, "Open in Chat", "wire.paste-open", self._to_page)
        theme.style_as(self.to_page, "primary")
        column.addLayout(row)
        self.resize(look.px(680), look.px(480))

    def _label(self, column: QVBoxLayout, name: str, kind: str) -> PlainLabel:
        label = plain_label("", kind, self, wrap=True)
        label.setObjectName(name)
        column.addWidget(label)
        return label

    def _button(self, row: QHBoxLayout, text: str, name: str, work: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        button.clicked.connect(work)
        row.addWidget(button)
        return button

    # -- what was pasted

    async def _read(self) -> None:
        text = self.edit.toPlainText()
        self._parsed = self.request = None
        problem = ""
        if not text.strip():
            self._key = None
        else:
            try:
                self._parsed = await self._services.wire.parsed(text)
                self.request = request_for_page(self._parsed)
            except KnownError as error:
                problem = f"{error.summary} {error.advice or ''}".strip()
        if self._parsed is not None and self._parsed.key is not None:
            self._take_key(self._parsed.key)
        self._show(problem)

    def _take_key(self, key: Secret) -> None:
        """The key is held apart, as a Secret; the text, and what Ctrl+Z would bring back, is without it."""
        self._key = key
        text = self.edit.toPlainText()
        if key.reveal() in text:
            self.edit.blockSignals(True)
            self.edit.setPlainText(text.replace(key.reveal(), KEY))
            self.edit.blockSignals(False)

    def _show(self, problem: str = "") -> None:
        found, request = self._parsed, self.request
        page = TITLES.get(request.page, "") if request else ""
        self.understood.setText(f"{found.method} {found.endpoint or 'an endpoint nobody named'}" if found else "")
        self.facts.setText(_facts(found, request, self._services.profiles.chosen.name) if found and request else "")
        self.ignored.setText("\n".join(_ignored(request)) if request else "")
        self.problem.setText(problem)
        for label in (self.understood, self.facts, self.ignored, self.problem):
            label.setVisible(bool(label.text()))
        self.key_note.setText(f"It holds the key {self._key}, which is kept nowhere." if self._key else "")
        self.key_row.setVisible(self._key is not None)
        self.to_page.setEnabled(bool(request and request.page in PAGES))
        self.to_page.setText(f"Open in {page}" if request and request.page in PAGES else "Open in Chat")
        sendable = self.wire_request()
        self.send.setEnabled(sendable is not None and bool(sendable.endpoint.strip("/")))

    def _offer_key(self) -> None:
        """The profile's page opens behind; this stays for the rest of the request."""
        key, self._key = self._key, None
        self._show()
        if key is not None:
            self.key_offered.emit(key)

    def _to_page(self) -> None:
        self.wants_page = True
        self.accept()


def _facts(found: Parsed, request: PageRequest, profile: str) -> str:
    """What was understood, a line each."""
    lines = [f"Model {request.model}" if request.model else "No model is named."]
    if request.page == "chat":
        turns = len(request.messages) + bool(request.draft)
        lines.append(f"{words.many(turns, 'message')}{', a system text' if request.system else ''}")
    if request.parameters:
        lines.append("Parameters: " + ", ".join(list(request.parameters)[:20]))
    if any(part.file_name is not None for part in found.parts):
        lines.append("It names files, which are not read: start it from its own page.")
    host = urlsplit(found.url).hostname
    where = f"It was for {host}. " if host else ""
    lines.append(f"{where}Here it goes to the profile “{profile}”.")
    return visible("\n".join(lines))


def _ignored(request: PageRequest) -> list[str]:
    more = len(request.ignored) - LISTED
    return [*request.ignored[:LISTED], *([f"{more} more were left out."] if more > 0 else [])]
