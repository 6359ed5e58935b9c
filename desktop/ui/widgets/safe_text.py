"""SafeText: the one view for untrusted rich text. It opens no file, no connection and no link by itself."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QMimeData, QObject, QTimer, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QTextCursor
from PySide6.QtWidgets import QTextBrowser, QTextEdit, QWidget

from desktop.core.text import visible
from desktop.ui.widgets import links
from desktop.ui.widgets.links import Verdict
from desktop.ui.widgets.safe_document import PIECE, SafeDocument, span

OnLink = Callable[[Verdict], None]


class SafeText(QTextBrowser):
    """Untrusted text, as Markdown without HTML or as plain text. A click hands its verdict to `on_link`."""

    def __init__(self, on_link: OnLink | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._on_link = on_link
        self._rest = ""
        self.is_plain = True
        self._document = SafeDocument(self)
        self.setDocument(self._document)
        self.setReadOnly(True)
        self.setAcceptDrops(False)
        self.setUndoRedoEnabled(False)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.anchorClicked.connect(self._clicked)
        self._more = QTimer(self, singleShot=True, interval=0)
        self._more.timeout.connect(self._show_more)

    def loadResource(self, kind: int, name: QUrl) -> object:
        return self._document.loadResource(kind, name)

    def show_markdown(self, text: str) -> bool:
        """False where the text was too hostile to parse; it is then shown plain."""
        from desktop.ui.widgets.safe_document import hostile

        if hostile(text):
            self.show_plain(text)
            return False
        self._more.stop()
        self.is_plain = False
        self.setLineWrapMode(QTextEdit.LineWrapMode.WidgetWidth)
        return self._document.show_markdown(text)

    def show_plain(self, text: str, *, marks: bool = True) -> None:
        """Text as it is, without wrapping, 40 kB at a time; hidden characters as marks where `marks`."""
        shown = visible(text) if marks else text
        self.is_plain = True
        self.setLineWrapMode(QTextEdit.LineWrapMode.NoWrap)
        first, self._rest = _pieced(shown)
        self._document.setPlainText(first)
        if self._rest:
            self._more.start()

    def link_at(self, position: int) -> Verdict | None:
        """What a click at a character of the document would do."""
        cursor = span(self._document, position, 1)
        href = cursor.charFormat().anchorHref()
        return links.decide(href, self._anchor_text(href)) if href else None

    def createMimeDataFromSelection(self) -> QMimeData:
        """Plain text first; the HTML is built from the plain text, so that no address or picture travels with it."""
        text = self.textCursor().selectedText().replace("\u2029", "\n").replace("\u2028", "\n")
        return clipboard_text(text)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return False

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Nothing is pasted or dropped into a view."""

    def doSetSource(self, name: QUrl, kind: object) -> None:
        """Nothing is a source: neither a click nor a call replaces the page."""

    @Slot(QUrl)
    def _clicked(self, url: QUrl) -> None:
        if self._on_link is not None:
            href = url.toString()
            self._on_link(links.decide(href, self._anchor_text(href)))

    def _anchor_text(self, href: str) -> str:
        from desktop.ui.widgets.safe_document import fragments

        for start, length, form in fragments(self._document):
            if form.isAnchor() and form.anchorHref() == href:
                return span(self._document, start, length).selectedText()
        return ""

    @Slot()
    def _show_more(self) -> None:
        piece, self._rest = _pieced(self._rest)
        cursor = QTextCursor(self._document)
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(piece)
        if self._rest:
            self._more.start()


def _pieced(text: str) -> tuple[str, str]:
    """The next 40 kB, cut at the end of a line where there is one; a line of more than 4,000 characters is broken."""
    if len(text) <= PIECE:
        return _broken(text), ""
    cut = text.rfind("\n", 0, PIECE) + 1 or PIECE
    return _broken(text[:cut]), text[cut:]


def _broken(text: str, longest: int = 2000) -> str:
    if max(map(len, text.split("\n")), default=0) <= longest:
        return text
    return "\n".join(
        "\n".join(line[i : i + longest] for i in range(0, len(line), longest)) for line in text.split("\n")
    )


def clipboard_text(text: str) -> QMimeData:
    """Plain text first, and the same as HTML without one address."""
    made = QMimeData()
    made.setText(text)
    made.setHtml(f'<pre style="white-space:pre-wrap">{escape(text)}</pre>')
    return made


class _Refusal(QObject):
    """Hears of every file that something asked to open, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.on_refused: Callable[[str], None] | None = None

    @Slot(QUrl)
    def refuse(self, url: QUrl) -> None:
        self.refused = [*self.refused[-9:], url.toString()]
        if self.on_refused is not None:
            self.on_refused(url.toString())


_refusal: _Refusal | None = None


def refuse_files(on_refused: Callable[[str], None] | None = None) -> None:
    """From now on opening a file by its address does nothing but tell `on_refused`. Called once, by the application."""
    global _refusal
    if _refusal is None:
        _refusal = _Refusal()
        QDesktopServices.setUrlHandler("file", _refusal, "refuse")  # type: ignore[arg-type] # bytes are refused
    _refusal.on_refused = on_refused


def open_link(verdict: Verdict) -> bool:
    """Hand an address to the system's browser or mail program: the only place that does. The caller has shown it."""
    return verdict.may_open and QDesktopServices.openUrl(QUrl(verdict.address))
