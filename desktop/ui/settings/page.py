"""The settings page: the groups of settings and the profiles, everything in force as soon as it is changed."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.core.errors import BadInput, KeyProblem, KnownError
from desktop.core.keeping import Where
from desktop.core.profile import Kind, Profile
from desktop.core.secret import Secret
from desktop.ui import icons, theme
from desktop.ui.page import Page
from desktop.ui.settings.archive.section import ArchiveSection
from desktop.ui.settings.key_card import button
from desktop.ui.settings.profile_form import KIND_NAMES, ProfileForm
from desktop.ui.settings.sections import Jump, Sections
from desktop.ui.settings.settings_form import SettingsForm
from desktop.ui.tasks import Report
from desktop.ui.widgets.labels import plain_label

if TYPE_CHECKING:
    from desktop.core.settings import Settings
    from desktop.services.bundle import Services
    from desktop.services.profiles import Question

COLUMN = 640


class SettingsPage(Page):
    """Sections at the left; the settings or one profile in the middle."""

    name = "settings"
    title = "Settings"

    reopen_wanted = Signal(str, object)  # words, and the work to be done while nothing is open
    conversation_wanted = Signal(str, str)

    def __init__(self, report: Report, parent: QWidget | None = None) -> None:
        super().__init__(report, parent)
        self._shown_profile = ""
        self._removed: Profile | None = None
        self._columns: list[QWidget] = []

    # What others ask for

    def open_group(self, group: str) -> None:
        """Show a group of settings."""
        self.sections.select(f"group:{group}")

    def open_profile(self, profile_id: str) -> None:
        """Show a profile, as a click on the footer asks."""
        self.sections.select(f"profile:{profile_id}")

    def open_damaged(self) -> None:
        """Show the damaged archives, as the notice about one asks."""
        self.sections.select("group:Archive")
        self._do(self._show_damaged(), "damaged")

    def offer_key(self, key: Secret) -> None:
        """Put a key that was found elsewhere into the key field of the profile that is shown; the user may keep it."""
        self.profile_form.key.offer(key)

    def attach(self, services: Services) -> None:
        super().attach(services)
        services.settings.listen(self._settings_changed)
        services.profiles.listen(self._profiles_changed)
        self._settings_changed(services.settings.value)
        self._profiles_changed()
        self.archive.attach(services)
        self._settings_area.setEnabled(True)

    def activated(self) -> None:
        (self.jump.choice if self.jump.isVisible() else self.sections.list).setFocus()
        if self.services is not None:
            self.archive.refresh()

    def fit(self, window_width: int) -> None:
        """The sections are the way about here: in a narrow window they are a list that opens, above the settings."""
        is_narrow = window_width < theme.current().px(theme.tokens()["fold_below"]["history"])
        self._fitted["history"] = not is_narrow
        self.jump.setVisible(is_narrow)
        self._show_sides()

    async def close_down(self) -> None:
        self.form.finish()
        await self.tasks.settled()

    # How it is built

    def pieces(self) -> Iterator[None]:
        self._build_places()
        yield
        yield from self.form.pieces()
        self._archive_rows()
        yield from self.archive.pieces()
        yield
        yield from self.profile_form.pieces()
        yield
        self._build_sections()
        yield
        self._connect()
        theme.current().changed.connect(self._measure)
        self._measure()
        yield
        self._settings_area.setEnabled(False)  # what is chosen before the services are there would be lost
        self.sections.select(f"group:{next(iter(self.form.groups))}")

    def _build_places(self) -> None:
        """The two areas that scroll, with forms that are still empty."""
        self.stack = QStackedWidget(self.work)
        self._settings_area, settings_column = self._scrolled("settings.scroll")
        self.form = SettingsForm(self._columns[-1])
        settings_column.addWidget(plain_label("Settings", "title", self._columns[-1]))
        settings_column.addWidget(self.form)
        self._profile_area, profile_column = self._scrolled("profiles.scroll")
        self.profile_form = ProfileForm(self._columns[-1])
        profile_column.addWidget(self.profile_form)

    def _build_sections(self) -> None:
        self.sections = Sections(list(self.form.groups), self.history)
        self.undo_bar = self._undo_bar()
        self.jump = Jump(self.sections, self.work)
        for place, shown in ((self.history, (self.sections,)), (self.work, (self.jump, self.undo_bar, self.stack))):
            column = place.layout()
            assert column is not None
            for widget in shown:
                column.addWidget(widget)

    def _scrolled(self, name: str) -> tuple[QScrollArea, QVBoxLayout]:
        """A scrolling area whose content keeps to a column of a readable width."""
        look = theme.current()
        area = QScrollArea(self.stack)
        area.setObjectName(name)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget(area)
        inner = QWidget(content)
        self._columns.append(inner)
        across = QHBoxLayout(content)
        across.setContentsMargins(look.gap(32), look.gap(24), look.gap(32), look.gap(32))
        across.addWidget(inner, 1)
        across.addStretch(0)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.gap(8))
        area.setWidget(content)
        self.stack.addWidget(area)
        return area, column

    def _measure(self) -> None:
        for inner in self._columns:
            inner.setMaximumWidth(theme.current().px(COLUMN))

    def _archive_rows(self) -> None:
        self.archive = ArchiveSection(self.tasks, self.form)
        self.form.groups["Archive"].addWidget(self.archive)
        self.archive.reopen_wanted.connect(self.reopen_wanted)
        self.archive.conversation_wanted.connect(self.conversation_wanted)
        self.archive.export_wanted.connect(lambda: self._do(self._export_all(), "export"))

    async def _show_damaged(self) -> None:
        await self.archive.read()
        self._scroll_to(self.archive.damaged)

    async def _export_all(self) -> None:
        from desktop.ui.library import export_dialog  # of the library's page, which most starts do not show

        assert self.services is not None
        await export_dialog.ask(self, self.services, None, self.report)

    def _undo_bar(self) -> QWidget:
        look = theme.current()
        place = QWidget(self.work)
        bar = QFrame(place)
        around = QVBoxLayout(place)
        around.setContentsMargins(look.gap(32), look.gap(12), look.gap(32), 0)
        around.addWidget(bar)
        bar.setObjectName("profiles.removed")
        theme.style_as(bar, "banner-info")
        self.removed_name = plain_label("")
        self.undo = button("profiles.undo", "Undo", "link", "Undo: bring the profile back")
        row = QHBoxLayout(bar)
        row.setContentsMargins(look.gap(12), look.gap(4), look.gap(4), look.gap(4))
        row.addWidget(self.removed_name)
        row.addWidget(self.undo)
        row.addStretch(1)
        close = QToolButton()
        close.setObjectName("profiles.removed-close")
        close.setAccessibleName("Close this message")
        close.clicked.connect(place.hide)
        icons.put(close, "close")
        row.addWidget(close)
        place.hide()
        return place

    def _connect(self) -> None:
        self.sections.group_wanted.connect(self._show_group)
        self.sections.profile_wanted.connect(self._show_profile)
        self.sections.add_wanted.connect(lambda kind: self._do(self._add(kind), "add"))
        self.form.changed.connect(lambda name, value: self._do(self._change(name, value), f"setting:{name}"))
        form, key = self.profile_form, self.profile_form.key
        form.edited.connect(lambda profile, row: self._do(self._edit(profile, row), f"profile:{profile.id}:{row}"))
        form.use_wanted.connect(lambda: self._do(self._profiles.choose(self._shown_profile), "use"))
        form.remove_wanted.connect(lambda: self._do(self._remove(self._shown_profile), "remove"))
        form.agreed.connect(lambda question: self._do(self._agree(question), "agree"))
        form.test_wanted.connect(lambda: self._do(self._test(self._shown_profile), "test"))
        self.undo.clicked.connect(lambda: self._do(self._bring_back(), "undo"))
        key.entered.connect(lambda secret: self._do(self._keyed(self._keep(self._shown_profile, secret)), "key"))
        key.removed.connect(lambda: self._do(self._keyed(self._profiles.remove_key(self._shown_profile)), "key"))
        key.sealed.connect(lambda secret: self._do(self._keyed(self._profiles.seal(secret)), "key"))
        key.opened.connect(lambda secret: self._do(self._keyed(self._profiles.open_sealed(secret)), "key"))
        key.unsealed.connect(lambda: self._do(self._keyed(self._profiles.unseal()), "key"))
        key.given_up.connect(self._give_up_sealed)
        admin = form.admin
        admin.entered.connect(lambda secret: self._do(self._admin_key(secret), "admin-key"))
        admin.removed.connect(lambda: self._do(self._admin_key(None), "admin-key"))

    def _do(self, work: Coroutine[Any, Any, object], name: str) -> None:
        if self.services is None:
            work.close()
        else:
            self.tasks.start(work, name=name)

    # Settings

    def _show_group(self, group: str) -> None:
        self.stack.setCurrentWidget(self._settings_area)
        if group == next(iter(self.form.groups)):
            self._settings_area.verticalScrollBar().setValue(0)
        else:
            self._scroll_to(self.form.heading(group))

    def _scroll_to(self, widget: QWidget) -> None:
        """Bring the top of a part of the settings to the top of what is seen."""
        content = self._settings_area.widget()
        assert content is not None
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)  # where it is, is not known before that
        self._settings_area.verticalScrollBar().setValue(widget.mapTo(content, widget.rect().topLeft()).y())

    def _settings_changed(self, settings: Settings) -> None:
        self.form.show_settings(settings)

    async def _change(self, name: str, value: object) -> None:
        assert self.services is not None
        try:
            await self.services.settings.change(**{name: value})
        except BadInput as error:
            self.form.rows[name].set_problem(error.summary)

    # Profiles

    @property
    def _profiles(self) -> Any:
        assert self.services is not None
        return self.services.profiles

    def _profiles_changed(self) -> None:
        chosen = self._profiles.chosen.id
        self.sections.show_profiles([(p.id, p.name, _detail(p), p.id == chosen) for p in self._profiles.all])
        if self._shown_profile:
            if all(profile.id != self._shown_profile for profile in self._profiles.all):
                self._shown_profile = ""
                self.sections.select(f"profile:{chosen}")
            else:
                self._refresh()

    def _show_profile(self, profile_id: str) -> None:
        self._shown_profile = profile_id
        self.stack.setCurrentWidget(self._profile_area)
        self._profile_area.verticalScrollBar().setValue(0)
        self.profile_form.key.show_problem("")
        self.profile_form.admin.show_problem("")
        self._refresh()

    def _refresh(self) -> None:
        profile = self._profiles.get(self._shown_profile)
        self.profile_form.show_profile(profile, in_use=profile.id == self._profiles.chosen.id)
        self.tasks.start(self._read_key(profile.id), name="read-key")
        if profile.kind is Kind.OPENAI:
            self.tasks.start(self._read_admin_key(profile), name="read-admin-key")

    async def _read_key(self, profile_id: str) -> None:
        """Where the key is, and what has to be agreed to: the key store is asked in its own time."""
        kept, problem = "", ""
        where: Where = await self._profiles.where()
        try:
            secret = await self._profiles.read_key(profile_id)
            kept = str(secret) if secret else ""
            where = self._profiles.where_of(profile_id) or where
        except KeyProblem as error:
            problem = f"{error.summary} {error.advice}"
        if profile_id != self._shown_profile:
            return
        profile = self._profiles.get(profile_id)
        self.profile_form.show_key(kept, where, self._profiles.host_of(profile) if kept else "")
        self.profile_form.show_questions(self._profiles.questions(profile, bool(kept)))
        if problem:
            self.profile_form.key.show_problem(problem)

    async def _add(self, kind: Kind) -> None:
        made = await self._profiles.add(kind)
        self.open_profile(made.id)
        self.profile_form.rows["name"].control.setFocus()

    async def _edit(self, profile: Profile, row: str) -> None:
        try:
            await self._profiles.change(profile)
        except BadInput as error:
            self.profile_form.show_problem(row, f"{error.summary} {error.advice}")

    async def _remove(self, profile_id: str) -> None:
        self._removed = await self._profiles.remove(profile_id)
        self.removed_name.setText(f"“{self._removed.name}” and its key were removed.")
        self.undo_bar.show()

    async def _bring_back(self) -> None:
        removed, self._removed = self._removed, None
        self.undo_bar.hide()
        if removed is not None:
            await self._profiles.restore(removed)
            self.open_profile(removed.id)

    async def _agree(self, question: Question) -> None:
        confirm = {"host": self._profiles.confirm_host, "plain-http": self._profiles.confirm_plain_http}
        await confirm[question.doubt.value](self._shown_profile, question.origin)

    async def _test(self, profile_id: str) -> None:
        assert self.services is not None
        self.profile_form.show_testing(True)
        try:
            verdict = await self.services.connection_test.run(profile_id)
        finally:
            self.profile_form.show_testing(False)
        if profile_id == self._shown_profile:
            self.profile_form.show_verdict(verdict)

    # Keys

    async def _keep(self, profile_id: str, secret: Secret) -> None:
        await self._profiles.set_key(profile_id, secret)

    async def _keyed(self, work: Coroutine[Any, Any, object]) -> None:
        """Work on keys: what goes wrong is said beside the field."""
        card = self.profile_form.key
        card.show_problem("")
        try:
            await work
        except KnownError as error:
            card.show_problem(f"{error.summary} {error.advice}")

    async def _admin_key(self, secret: Secret | None) -> None:
        """Keep the key that reads the bill, or with None forget it; what goes wrong is said beside its field."""
        assert self.services is not None
        card, profile = self.profile_form.admin, self._profiles.get(self._shown_profile)
        card.show_problem("")
        try:
            if secret is None:
                await self.services.reported.remove_key(profile)
            else:
                await self.services.reported.set_key(profile, secret)
        except KnownError as error:
            card.show_problem(f"{error.summary} {error.advice}")
        await self._read_admin_key(profile)

    async def _read_admin_key(self, profile: Profile) -> None:
        assert self.services is not None
        card = self.profile_form.admin
        try:
            has_key = await self.services.reported.has_key(profile)
        except KeyProblem as error:
            has_key = False
            card.show_problem(f"{error.summary} {error.advice}")
        if profile.id == self._shown_profile:
            card.show_key(has_key)

    def _give_up_sealed(self) -> None:
        self._profiles.give_up_sealed()


def _detail(profile: Profile) -> str:
    if profile.kind is Kind.LOCAL:
        return KIND_NAMES[Kind.LOCAL]
    return urlsplit(profile.base_url).netloc or "no address yet"
