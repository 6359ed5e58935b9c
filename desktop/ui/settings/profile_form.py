"""One profile: where calls go, with which key, within which limits; and what has to be agreed to first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QSizePolicy, QVBoxLayout, QWidget

from desktop.core.budget import warn_share
from desktop.core.keeping import Where
from desktop.core.profile import READY_MADE, Budget, Kind, Limits, Profile, ProxyMode
from desktop.ui import theme
from desktop.ui.settings.admin_key import AdminKeyCard
from desktop.ui.settings.key_card import KeyCard, button, filled, line
from desktop.ui.widgets.form import ChoiceRow, Column, FlagRow, LineRow, NumberRow, Row, section
from desktop.ui.widgets.labels import plain_label
from desktop.ui.widgets.money_row import MoneyRow
from desktop.ui.widgets.parameter_form import Group
from desktop.ui.widgets.tooltip import no_mnemonic

if TYPE_CHECKING:
    from desktop.services.profiles import Question
    from desktop.services.verdicts import Verdict

KIND_NAMES = {kind: name for kind, name, _, _ in READY_MADE} | {
    Kind.LOCAL: "On this computer",
    Kind.ENVIRONMENT: "From the environment",
}
NOTES = {
    Kind.LOCAL: "Davenport's own server answers on this computer, with a tiny demo model or a GGUF file of yours. "
    "Nothing leaves the computer and nothing is charged.",
    Kind.ENVIRONMENT: "Made of the variables OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID and OPENAI_PROJECT_ID. "
    "It is never written anywhere: to change it, change the variables.",
}
LIMITS = (
    ("connect_s", "Connecting", "Until a connection stands."),
    ("write_s", "Sending", "Without progress while a request goes out."),
    ("notice_s", "Notice", "Without text, until the window says so and offers to stop."),
    ("silence_s", "Silence", "Without a single byte, until a reply is ended."),
    ("no_text_s", "No text", "With signs of life but no text, until a reply is ended."),
    ("reasoning_s", "Reasoning models", "The same for models that think long."),
    ("reply_s", "Whole replies", "Until a reply that is not streamed must be there."),
)
BUDGET = (("day", "A day"), ("month", "A month"), ("total", "In all"))
WARN_HELP = "Of each limit. At the limit itself a send asks first."
MODELS_SHOWN = 6


def discard(column: QVBoxLayout, at: int) -> None:
    """Take a widget out of a layout and let go of it."""
    item = column.takeAt(at)
    widget = item.widget() if item else None
    if widget is not None:
        widget.setParent(None)
        widget.deleteLater()


class Certificates(Row):
    """Files of certificates that are trusted besides the usual ones."""

    def _control(self) -> QWidget:
        self._paths: tuple[str, ...] = ()
        box = QWidget()
        self._files = QVBoxLayout(box)
        self._files.setContentsMargins(0, 0, 0, 0)
        self._files.setSpacing(theme.current().gap(4))
        self._add = button("profiles.certificates-add", "Add a certificate…")
        self._add.clicked.connect(self._open)
        self._files.addLayout(line(self._add))
        return box

    def show_value(self, value: object) -> None:
        self._paths = tuple(value)  # type: ignore[arg-type]
        while self._files.count() > 1:
            discard(self._files, 0)
        for at, path in enumerate(self._paths):
            self._files.insertWidget(at, self._file(path))

    def _file(self, path: str) -> QWidget:
        shown = QWidget()
        remove = button("profiles.certificates-remove", "Remove", "link", f"Remove {Path(path).name}")
        remove.clicked.connect(lambda: self.changed.emit(tuple(kept for kept in self._paths if kept != path)))
        row = line(plain_label(path), remove)
        row.setContentsMargins(0, 0, 0, 0)
        shown.setLayout(row)
        return shown

    def _open(self) -> None:
        dialog = QFileDialog(self, self.title, str(Path.home()), "Certificates (*.pem *.crt *.cer);;All files (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self.changed.emit((*self._paths, path)))
        dialog.open()


class ProfileForm(QWidget):
    """Shows a profile and says what the user wants of it; `pieces` makes it.

    `edited` carries the changed Profile and the row's name.
    """

    edited = Signal(object, str)
    test_wanted = Signal()
    use_wanted = Signal()
    remove_wanted = Signal()
    agreed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.profile: Profile | None = None
        self.rows: dict[str, Row] = {}

    def pieces(self) -> Iterator[None]:
        """Make the form, a part at a time; nothing can be shown before the last."""
        column = Column()
        self.setLayout(column)
        column.addLayout(self._header())
        self.note = plain_label("", "muted", wrap=True)
        column.addWidget(self.note)
        self._add(column, LineRow("profiles.name", "Name"))
        self._add(column, LineRow("profiles.base-url", "Base URL", "The address up to its version, such as …/v1"))
        self.questions = QVBoxLayout()
        self.questions.setSpacing(theme.current().gap(8))
        column.addLayout(self.questions)
        self._add(column, LineRow("profiles.api-version", "Version of the API", "Only where the resource asks for it."))
        self.needs_key = self._add(column, FlagRow("profiles.needs-key", "This server needs a key"))
        yield
        self.key = KeyCard(self)
        column.addWidget(self.key)
        yield
        column.addLayout(self._testing())
        yield
        yield from self._more(column)
        self.remove = button("profiles.remove", "Remove this profile", "danger")
        self.remove.clicked.connect(self.remove_wanted)
        column.addLayout(line(self.remove))
        column.addStretch(1)

    # What is shown

    def show_profile(self, profile: Profile, *, in_use: bool) -> None:
        if self.profile is None or self.profile.id != profile.id:
            self.show_verdict(None)
            for row in self.rows.values():
                row.set_problem("")
        self.profile = profile
        self.title.setText(profile.name)
        self.kind.setText(KIND_NAMES[profile.kind])
        self.kind.setVisible(KIND_NAMES[profile.kind] != profile.name)
        self.use.setVisible(not in_use)
        self.in_use.setVisible(in_use)
        self.note.setText(NOTES.get(profile.kind, ""))
        self.note.setVisible(profile.kind in NOTES)
        for name, value in self._values(profile).items():
            self.rows[name].show_value(value)
        self._show_rows(profile)

    def show_key(self, kept: str, where: Where | None, host: str) -> None:
        """`kept` is the key's masked form or ""; `where` its place or that of the next one."""
        may_change = self.profile is not None and self.profile.kind not in (Kind.LOCAL, Kind.ENVIRONMENT)
        self.key.show_key(kept, where, host, may_change=may_change)

    def show_questions(self, asked: Sequence[Question]) -> None:
        while self.questions.count():
            discard(self.questions, 0)
        for question in asked:
            self.questions.addWidget(self._question(question))

    def show_problem(self, row: str, sentence: str) -> None:
        """What is wrong with one row's value."""
        self.rows[row].set_problem(sentence)

    def show_testing(self, is_running: bool) -> None:
        self.test.setEnabled(not is_running)
        self.testing.setText("Asking the server for its models…" if is_running else "")
        if is_running:
            self.verdict.hide()

    def show_verdict(self, verdict: Verdict | None) -> None:
        self.verdict.setVisible(verdict is not None)
        if verdict is None:
            return
        theme.style_as(self.verdict, "banner-good" if verdict.is_good else "banner-bad")
        self.verdict_summary.setText(verdict.summary)
        more = [verdict.advice, _models_in_words(verdict.models) if verdict.is_good else ""]
        if verdict.said:
            more.append(f"The server wrote: {verdict.said}")
        self.verdict_advice.setText("\n".join(filter(None, more)))
        self.verdict_advice.setVisible(any(more))
        self.better.setVisible(bool(verdict.better_url))
        self.better.setText(no_mnemonic(f"Use {verdict.better_url}"))
        self.better.setAccessibleName(f"Use {verdict.better_url}")
        self._better_url = verdict.better_url

    # How it is built

    def _header(self) -> QVBoxLayout:
        self.title = plain_label("", "title")
        self.title.setObjectName("profiles.title")
        self.kind = plain_label("", "muted")
        self.use = button("profiles.use", "Use this profile", "primary")
        self.use.clicked.connect(self.use_wanted)
        self.in_use = plain_label("In use", "badge")
        self.in_use.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.in_use.setObjectName("profiles.in-use")
        top = filled(self.title, self.in_use)
        top.addStretch(1)
        top.addWidget(self.use)
        header = QVBoxLayout()
        header.setSpacing(theme.current().gap(4))
        header.addLayout(top)
        header.addWidget(self.kind)
        return header

    def _testing(self) -> QVBoxLayout:
        look = theme.current()
        self.test = button("profiles.test", "Test connection")
        self.test.clicked.connect(self.test_wanted)
        self.testing = plain_label("", "muted")
        self.testing.setObjectName("profiles.testing")
        self.verdict = QFrame()
        self.verdict.setObjectName("profiles.verdict")
        theme.style_as(self.verdict, "banner-good")
        self.verdict_summary = plain_label("", "strong", wrap=True)
        self.verdict_advice = plain_label("", wrap=True)
        self.better = button("profiles.better-url", "Use this address")
        self._better_url = ""
        self.better.clicked.connect(lambda: self._take("base_url", self._better_url))
        inside = QVBoxLayout(self.verdict)
        inside.setContentsMargins(look.gap(12), look.gap(8), look.gap(12), look.gap(8))
        inside.setSpacing(look.gap(4))
        inside.addWidget(self.verdict_summary)
        inside.addWidget(self.verdict_advice)
        inside.addLayout(line(self.better))
        self.verdict.hide()
        column = QVBoxLayout()
        column.setSpacing(look.gap(8))
        column.addLayout(line(self.test, self.testing))
        column.addWidget(self.verdict)
        return column

    def _more(self, column: QVBoxLayout) -> Iterator[None]:
        self.account = section("Account")
        column.addWidget(self.account)
        self._add(column, LineRow("profiles.organization", "Organization", "Its id, where your key has several."))
        self._add(column, LineRow("profiles.project", "Project", "Its id, where your key has several."))
        self.network = section("Network")
        column.addWidget(self.network)
        modes = (("As the system", ProxyMode.SYSTEM), ("None", ProxyMode.NONE), ("This one", ProxyMode.GIVEN))
        self._add(column, ChoiceRow("profiles.proxy", "Proxy", modes))
        self._add(column, LineRow("profiles.proxy-url", "Address of the proxy", "http://proxy.example.com:3128"))
        self._add(
            column,
            Certificates("profiles.certificates", "Extra certificates", "Trusted for this profile besides the usual."),
        )
        yield
        self.budget = section("Budget in dollars")
        column.addWidget(self.budget)
        for name, title in BUDGET:
            self._add(column, MoneyRow(f"profiles.{name}", title, nothing="no limit"))
        self._add(column, NumberRow("profiles.warn-share", "Warn at", (1, 100), unit="%", help_text=WARN_HELP))
        yield
        self.admin_title = section("Admin key")
        column.addWidget(self.admin_title)
        self.admin = AdminKeyCard(self)
        column.addWidget(self.admin)
        yield
        self.limits = Group("Time limits", False, self)
        self.limits.head.setObjectName("profiles.limits")
        column.addWidget(self.limits)
        for name, title, help_text in LIMITS:
            row_name = f"profiles.{name.replace('_', '-')}"
            row = NumberRow(row_name, title, (1, 14400), unit="seconds", help_text=help_text)
            self._add(self.limits.fields, row)
            yield

    def _add(self, column: QVBoxLayout, row: Row) -> Row:
        name = row.control.objectName().partition(".")[2].replace("-", "_")
        self.rows[name] = row
        column.addWidget(row)
        row.changed.connect(lambda value, changed=name: self._take(changed, value))
        row.reset_wanted.connect(lambda changed=name: self._take(changed, getattr(Limits(), changed)))
        return row

    def _question(self, question: Question) -> QFrame:
        look = theme.current()
        card = QFrame()
        card.setObjectName(f"profiles.confirm-{question.doubt.value}")
        theme.style_as(card, "banner-warn")
        column = QVBoxLayout(card)
        column.setContentsMargins(look.gap(12), look.gap(8), look.gap(12), look.gap(12))
        column.setSpacing(look.gap(8))
        column.addWidget(plain_label(question.summary, "strong", wrap=True))
        column.addWidget(plain_label(question.advice, wrap=True))
        agree = button(f"profiles.agree-{question.doubt.value}", no_mnemonic(question.action), tells=question.action)
        agree.clicked.connect(lambda: self.agreed.emit(question))
        column.addLayout(line(agree))
        return card

    def _show_rows(self, profile: Profile) -> None:
        own = profile.kind not in (Kind.LOCAL, Kind.ENVIRONMENT)
        is_local = profile.kind is Kind.LOCAL
        has_account = profile.kind in (Kind.OPENAI, Kind.COMPATIBLE, Kind.ENVIRONMENT)
        shown = {
            "name": own,
            "base_url": not is_local,
            "api_version": profile.kind is Kind.AZURE,
            "needs_key": own and profile.kind not in (Kind.OPENAI, Kind.AZURE, Kind.OPENROUTER),
            "organization": has_account,
            "project": has_account,
            "proxy": own,
            "proxy_url": own and profile.proxy is ProxyMode.GIVEN,
            "certificates": own,
            **dict.fromkeys((*(name for name, _ in BUDGET), "warn_share"), own),
        }
        for name, is_shown in shown.items():
            self.rows[name].setVisible(is_shown)
            self.rows[name].control.setEnabled(own)
        for part, is_shown in ((self.account, has_account), (self.network, own), (self.budget, own)):
            part.setVisible(is_shown)
        self.key.setVisible(not is_local)
        for part in (self.admin_title, self.admin):
            part.setVisible(profile.kind is Kind.OPENAI)
        self.test.setVisible(not is_local)
        self.remove.setVisible(own)
        for name, _, _ in LIMITS:
            self.rows[name].set_changed(getattr(profile.limits, name) != getattr(Limits(), name))

    # What the user gives

    @staticmethod
    def _values(profile: Profile) -> dict[str, object]:
        simple = ("name", "base_url", "api_version", "needs_key", "organization", "project", "proxy", "proxy_url")
        values: dict[str, object] = {name: getattr(profile, name) for name in simple}
        values["certificates"] = profile.certificates
        values |= {name: getattr(profile.budget, name) for name, _ in BUDGET}
        values["warn_share"] = round(warn_share(profile.budget) * 100)
        values |= {name: getattr(profile.limits, name) for name, _, _ in LIMITS}
        return values

    def _take(self, name: str, value: object) -> None:
        if self.profile is None:
            return
        self.rows[name].set_problem("")
        if hasattr(Limits(), name):
            changed = replace(self.profile, limits=replace(self.profile.limits, **{name: float(value)}))  # type: ignore[arg-type]
        elif name == "warn_share":
            share = Decimal(int(value)) / 100  # type: ignore[call-overload]
            changed = replace(self.profile, budget=replace(self.profile.budget, warn_share=share))
        elif hasattr(Budget(), name):
            changed = replace(self.profile, budget=replace(self.profile.budget, **{name: value}))
        else:
            changed = replace(self.profile, **{name: value})
        self.edited.emit(changed, name)


def _models_in_words(models: Sequence[str]) -> str:
    more = len(models) - MODELS_SHOWN
    return ", ".join(models[:MODELS_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
