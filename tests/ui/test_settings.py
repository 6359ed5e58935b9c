"""The settings page: real page, real services, real files; keys that go in do not come out."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace

import msgspec
import pytest
from key_scan import finds, finds_in_files
from msgspec.structs import replace
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAccessible, QGuiApplication, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QLabel, QLineEdit, QWidget

from desktop.core.errors import StoreError
from desktop.core.keeping import Place
from desktop.core.profile import ENVIRONMENT_ID, LOCAL_ID, Kind
from desktop.core.secret import Redactor, Secret
from desktop.core.settings import Appearance, Settings
from desktop.services.archive_state import ArchiveState
from desktop.services.conversations import Conversations
from desktop.services.copies import Copies
from desktop.services.imports.run import Imports
from desktop.services.profiles import Profiles
from desktop.services.reported import ReportedCosts
from desktop.services.salvage import Salvage
from desktop.services.settings import CurrentSettings
from desktop.services.storage import Storage
from desktop.services.verdicts import Verdict
from desktop.store.database import Database
from desktop.store.secrets import NoKeyring, Secrets
from desktop.ui.settings.page import SettingsPage

KEY = "sk-proj-T4lQx9Zb7Rw2Kv8Ny3Mu6Ha1Jc5Pd0FsGe"


class Store:
    def __init__(self):
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get(username)

    def set_password(self, service, username, password):
        self.kept[username] = password

    def delete_password(self, service, username):
        del self.kept[username]


def no_store():
    raise NoKeyring("This computer has no key store that answers.")


class Answers:
    """Stands for the network behind Test connection."""

    def __init__(self):
        self.verdict = Verdict(True, "Connected to llm.example.com: 2 models.", models=("a", "b"))
        self.asked = []

    async def run(self, profile_id):
        self.asked.append(profile_id)
        return self.verdict


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def make(qtbot, tmp_path, store):
    """A page with its services attached; `reported` is where its failures went."""
    databases = []

    def made(variables=None, find=None, is_attached=True):
        environment, folder = dict(variables or {}), tmp_path / "data"
        secrets = Secrets(
            folder, Redactor(), environment=environment, find_keyring=find or (lambda: (store, "the store"))
        )
        database = Database.open(folder)
        databases.append(database)
        profiles, kept = Profiles(folder, secrets, environment=environment), Conversations(database)
        services = SimpleNamespace(
            settings=CurrentSettings(folder),
            profiles=profiles,
            database=database,
            archive=ArchiveState(folder, ("The archive was repaired.",)),
            copies=Copies(database),
            storage=Storage(folder, database, kept, profiles, secrets),
            salvage=Salvage(database, Imports(database)),
            connection_test=Answers(),
            reported=ReportedCosts(None, secrets, connect=None),
        )
        reported = []
        page = SettingsPage(reported.append)
        page.complete()
        qtbot.addWidget(page)
        page.resize(1100, 800)
        page.show()
        if is_attached:  # which needs a running loop
            page.attach(services)
        page.reported = reported
        return page

    yield made
    for database in databases:
        database.close()


@pytest.fixture
def page(make):
    """Before its services have come."""
    return make(is_attached=False)


def find(page, name, kind=QWidget):
    found = page.findChild(kind, name)
    assert found is not None, name
    return found


def click(page, qtbot, name):
    button = find(page, name, QAbstractButton)
    assert button.isVisible(), name
    assert button.isEnabled(), name
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def enter(page, qtbot, name, text):
    line = find(page, name, QLineEdit)
    assert line.isVisible() and line.isEnabled(), name
    line.setFocus()
    line.clear()
    line.insert(text)  # pasted: keys of a keyboard have no letters of other scripts
    qtbot.keyClick(line, Qt.Key.Key_Return)


async def opened(page, kind=Kind.OPENAI):
    """A new profile, shown."""
    made = await page.services.profiles.add(kind)
    page.open_profile(made.id)
    await page.tasks.settled()
    return made


# --- settings


def test_every_setting_is_drawn_from_its_model(page):
    names = [field.name for field in msgspec.structs.fields(Settings)]
    assert list(page.form.rows) == names
    for name in names:
        control = find(page, f"settings.{name}")
        assert control.accessibleName()
    spin = find(page, "settings.text_scale", QAbstractSpinBox)
    assert (spin.minimum(), spin.maximum()) == (80, 200)
    combo = find(page, "settings.appearance", QComboBox)
    assert [combo.itemText(at) for at in range(combo.count())] == ["System", "Light", "Dark", "High contrast"]
    assert list(page.form.groups) == ["Window", "Chat", "Transcription", "Archive", "Local server"]


async def test_a_change_is_in_force_at_once_and_saved(make, qtbot, tmp_path):
    page = make()
    await page.tasks.settled()
    find(page, "settings.text_scale", QAbstractSpinBox).setValue(120)
    combo = find(page, "settings.appearance", QComboBox)
    combo.setCurrentIndex(2)
    combo.activated.emit(2)
    find(page, "settings.keep_raw", QAbstractButton).click()
    enter(page, qtbot, "settings.default_model", "own-model")
    area = find(page, "settings.default_system")
    area.setPlainText("Answer briefly.")
    page.form.finish()
    await page.tasks.settled()
    assert json.loads((tmp_path / "data" / "settings.json").read_text()) == {
        "text_scale": 120,
        "appearance": "dark",
        "keep_raw": False,
        "default_model": "own-model",
        "default_system": "Answer briefly.",
    }
    assert page.services.settings.value.appearance is Appearance.DARK
    assert page.reported == []


async def test_reset_is_offered_only_where_changed_and_resets(make, qtbot):
    page = make()
    await page.tasks.settled()
    reset = find(page, "settings.trash_days-reset")
    assert not reset.isVisible()
    find(page, "settings.trash_days", QAbstractSpinBox).setValue(60)
    await page.tasks.settled()
    assert reset.isVisible()
    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    await page.tasks.settled()
    assert not reset.isVisible()
    assert find(page, "settings.trash_days", QAbstractSpinBox).value() == 30
    assert page.services.settings.value == Settings()


async def test_a_change_made_elsewhere_is_shown(make):
    page = make()
    await page.services.settings.change(text_scale=150)
    assert find(page, "settings.text_scale", QAbstractSpinBox).value() == 150
    await page.tasks.settled()


async def test_a_save_that_fails_is_reported_and_the_change_holds_for_the_run(make, monkeypatch):
    page = make()
    await page.tasks.settled()

    def full(*_):
        raise StoreError("settings.json cannot be saved (No space left on device).")

    monkeypatch.setattr("desktop.store.settings.save", full)
    find(page, "settings.trash_days", QAbstractSpinBox).setValue(60)
    await page.tasks.settled()
    assert [error.summary for error in page.reported] == ["settings.json cannot be saved (No space left on device)."]
    assert page.services.settings.value.trash_days == 60


def test_the_wheel_over_a_control_without_focus_changes_nothing(page):
    from PySide6.QtCore import QPoint, QPointF

    page.sections.list.setFocus()
    for name in ("settings.text_scale", "settings.appearance"):
        control = find(page, name)
        before = control.value() if isinstance(control, QAbstractSpinBox) else control.currentIndex()
        middle = QPointF(control.rect().center())
        turned = QWheelEvent(
            middle, middle, QPoint(0, -120), QPoint(0, -120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(control, turned)
        assert before == (control.value() if isinstance(control, QAbstractSpinBox) else control.currentIndex())


async def test_the_archives_place_and_state_are_told(make, tmp_path):
    page = make()
    await page.tasks.settled()
    assert find(page, "settings.archive-folder", QLabel).text() == str(tmp_path / "data")
    assert "free on this disk" in find(page, "settings.archive-facts", QLabel).text()
    assert "There is no copy yet" in find(page, "settings.copies-none", QLabel).text()
    assert find(page, "settings.archive-warnings", QLabel).text() == "The archive was repaired."


def test_the_page_builds_without_services_and_says_nothing_to_them(qtbot):
    page = SettingsPage(lambda error: None)
    page.complete()
    qtbot.addWidget(page)
    find(page, "settings.trash_days", QAbstractSpinBox).setValue(60)
    page.activated()


def test_the_page_is_built_in_small_pieces(qtbot):
    """The window stalls for as long as the longest of them: about a millisecond for four widgets."""
    page = SettingsPage(lambda error: None)
    qtbot.addWidget(page)
    counts = [len(page.findChildren(QWidget))]
    counts += [len(page.findChildren(QWidget)) for _ in page._left]
    assert counts[0] < 40
    steps = [after - before for before, after in pairwise(counts)]
    assert max(steps) < 50, str(steps)
    assert page.profile_form.rows and page.archive.storage  # all of it is there


# --- profiles


async def test_profiles_are_listed_with_their_hosts_and_the_one_in_use_marked(make):
    page = make({"OPENAI_API_KEY": KEY})
    await page.tasks.settled()
    texts = [page.sections.list.item(row).text() for row in range(page.sections.list.count())]
    assert texts[texts.index("Profiles") + 1 :] == ["Local", "Environment"]
    spoken = page.sections.list.item(page.sections.list.count() - 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Environment, api.openai.com, in use"


async def test_a_profile_is_added_named_used_and_removed_with_undo(make, qtbot, store):
    page = make()
    await page.tasks.settled()
    find(page, "profiles.add-menu").findChild(QObject, "profiles.add-compatible").trigger()
    await page.tasks.settled()
    made = page.services.profiles.all[-1]
    assert page.sections.selected == f"profile:{made.id}"
    enter(page, qtbot, "profiles.name", "Laboratory")
    await page.tasks.settled()
    enter(page, qtbot, "profiles.base-url", "https://llm.example.com/v1/")
    await page.tasks.settled()
    made = page.services.profiles.get(made.id)
    assert (made.name, made.base_url) == ("Laboratory", "https://llm.example.com/v1")
    assert find(page, "profiles.title", QLabel).text() == "Laboratory"

    click(page, qtbot, "profiles.use")
    await page.tasks.settled()
    assert page.services.profiles.chosen == made
    assert find(page, "profiles.in-use").isVisible()

    find(page, "profiles.remove", QAbstractButton).click()
    await page.tasks.settled()
    assert page.services.profiles.chosen.id == LOCAL_ID
    assert "Laboratory" in find(page, "profiles.removed").findChild(QLabel).text()
    click(page, qtbot, "profiles.undo")
    await page.tasks.settled()
    assert page.services.profiles.chosen == made
    assert page.sections.selected == f"profile:{made.id}"
    assert page.reported == []


async def test_what_cannot_be_used_is_said_at_its_row_and_nothing_is_changed(make, qtbot):
    page = make()
    made = await opened(page, Kind.COMPATIBLE)
    enter(page, qtbot, "profiles.base-url", "https://user:pw@llm.example.com/v1")
    await page.tasks.settled()
    row = page.profile_form.rows["base_url"]
    assert "user name or password" in row.problem.text()
    assert row.problem.isVisible()
    assert page.services.profiles.get(made.id) == made
    assert page.reported == []


async def test_limits_and_budget_are_kept(make):
    page = make()
    made = await opened(page)
    find(page, "profiles.silence-s", QAbstractSpinBox).setValue(900)
    await page.tasks.settled()
    find(page, "profiles.month", QLineEdit).setText("$12.50")
    find(page, "profiles.month", QLineEdit).editingFinished.emit()
    await page.tasks.settled()
    kept = page.services.profiles.get(made.id)
    assert (kept.limits.silence_s, str(kept.budget.month), kept.budget.day) == (900.0, "12.50", None)


async def test_local_and_environment_cannot_be_edited_here(make):
    page = make({"OPENAI_API_KEY": KEY})
    for profile_id in (LOCAL_ID, ENVIRONMENT_ID):
        page.open_profile(profile_id)
        await page.tasks.settled()
        for name in ("profiles.name", "profiles.key", "profiles.key-remove", "profiles.remove", "profiles.seal-more"):
            assert not find(page, name).isVisible(), (profile_id, name)
    assert not find(page, "profiles.base-url", QLineEdit).isEnabled()
    assert "never written" in find(page, "profiles.key-place", QLabel).text()


# --- keys


async def test_a_key_is_kept_and_shown_as_a_mark_and_its_last_four(make, qtbot, store):
    page = make()
    made = await opened(page)
    enter(page, qtbot, "profiles.key", KEY)
    await page.tasks.settled()
    assert store.kept == {made.id: KEY}
    assert find(page, "profiles.key-kept", QLabel).text() == "Key …FsGe"
    assert find(page, "profiles.key-place", QLabel).text() == "Kept by the operating system in the store."
    assert find(page, "profiles.key-goes-to", QLabel).text() == "Goes to api.openai.com only."
    assert find(page, "profiles.key", QLineEdit).text() == ""
    click(page, qtbot, "profiles.key-remove")
    await page.tasks.settled()
    assert (store.kept, find(page, "profiles.key-kept", QLabel).text()) == ({}, "No key")


async def test_without_a_key_store_the_page_says_so_plainly(make, qtbot):
    page = make(find=no_store)
    await opened(page)
    assert find(page, "profiles.key-place", QLabel).text().startswith("It will be kept for this run only")
    enter(page, qtbot, "profiles.key", KEY)
    await page.tasks.settled()
    assert "this run only" in find(page, "profiles.key-place", QLabel).text()
    assert find(page, "profiles.seal-more").isVisible(), "the sealed file is offered"


async def test_a_bad_key_is_refused_beside_its_field_without_being_repeated(make, store):
    page = make()
    made = await opened(page)
    page.profile_form.key.entered.emit(Secret("sk\nX-Evil: 1"))
    await page.tasks.settled()
    problem = find(page, "profiles.key-problem", QLabel)
    assert "character that no key has" in problem.text()
    assert "Evil" not in problem.text()
    assert (store.kept, page.reported) == ({}, [])
    assert page.services.profiles.where_of(made.id) is None


def test_the_key_field_cannot_be_copied_undone_into_view_or_kept_by_an_input_method(page, qtbot):
    field = find(page, "profiles.key", QLineEdit)
    page.stack.setCurrentIndex(1)
    hints = Qt.InputMethodHint
    assert field.inputMethodHints() & hints.ImhHiddenText
    assert field.inputMethodHints() & hints.ImhNoPredictiveText
    assert field.inputMethodHints() & hints.ImhSensitiveData
    clipboard = QGuiApplication.clipboard()
    clipboard.setText("before")
    qtbot.keyClicks(field, KEY)
    for keys in (QKeySequence.StandardKey.Copy, QKeySequence.StandardKey.Cut, QKeySequence.StandardKey.Undo):
        field.selectAll()
        qtbot.keySequence(field, keys)
        assert (clipboard.text(), field.text()) == ("before", KEY), keys
    field.selectAll()
    field.copy()
    assert clipboard.text() == "before"
    assert KEY not in field.displayText()
    for query in Qt.InputMethodQuery:
        assert finds(KEY, str(field.inputMethodQuery(query))) == [], query
    spoken = QAccessible.queryAccessibleInterface(field)
    assert all(finds(KEY, spoken.text(part)) == [] for part in QAccessible.Text)
    assert finds(KEY, spoken.textInterface().text(0, 100)) == []

    assert field.take() == Secret(KEY)
    field.undo()
    qtbot.keySequence(field, QKeySequence.StandardKey.Undo)
    qtbot.keySequence(field, QKeySequence.StandardKey.Redo)
    assert field.text() == ""
    assert not field.isUndoAvailable()


async def test_a_key_is_nowhere_in_the_window_nor_in_what_it_wrote(make, qtbot, tmp_path, caplog):
    page = make()
    await opened(page)
    enter(page, qtbot, "profiles.key", KEY)
    await page.tasks.settled()
    shown = [page.windowTitle()]
    for widget in page.findChildren(QWidget):
        for name in ("text", "placeholderText", "toolTip", "accessibleName", "accessibleDescription", "windowTitle"):
            if callable(getattr(widget, name, None)):
                shown.append(str(getattr(widget, name)()))
    assert any("…FsGe" in text for text in shown)
    assert finds(KEY, "\n".join(shown)) == []
    assert finds_in_files(KEY, [tmp_path]) == []
    assert finds(KEY, caplog.text) == []


async def test_keys_are_sealed_and_opened_with_a_passphrase(make, qtbot, monkeypatch, tmp_path):
    import hashlib

    monkeypatch.setattr(
        "desktop.store.sealed._derive", lambda p, salt: hashlib.sha256(p.reveal().encode() + salt).digest()
    )
    page = make(find=no_store)
    made = await opened(page)
    enter(page, qtbot, "profiles.key", KEY)
    await page.tasks.settled()
    click(page, qtbot, "profiles.seal-more")
    qtbot.keyClicks(find(page, "profiles.passphrase"), "correct horse")
    qtbot.keyClicks(find(page, "profiles.passphrase-again"), "correct house")
    click(page, qtbot, "profiles.seal")
    await page.tasks.settled()
    assert "not the same" in find(page, "profiles.key-problem", QLabel).text()
    for name in ("profiles.passphrase", "profiles.passphrase-again"):
        qtbot.keyClicks(find(page, name), "correct horse")
    click(page, qtbot, "profiles.seal")
    await page.tasks.settled()
    assert page.services.profiles.where_of(made.id).place is Place.SEALED
    assert "sealed with your passphrase" in find(page, "profiles.key-place", QLabel).text()

    again = make(find=no_store)
    again.open_profile(made.id)
    await again.tasks.settled()
    assert "It is closed." in find(again, "profiles.key-place", QLabel).text()
    enter(again, qtbot, "profiles.passphrase", "wrong horse")
    await again.tasks.settled()
    assert "wrong or the file is damaged" in find(again, "profiles.key-problem", QLabel).text()
    enter(again, qtbot, "profiles.passphrase", "correct horse")
    await again.tasks.settled()
    assert find(again, "profiles.key-kept", QLabel).text() == "Key …FsGe"
    assert not find(again, "profiles.key-problem").isVisible()
    assert finds_in_files(KEY, [tmp_path]) == []
    assert again.reported == []


# --- confirmations


async def test_a_changed_origin_asks_for_the_host_by_name(make, qtbot):
    page = make()
    made = await opened(page)
    enter(page, qtbot, "profiles.key", KEY)
    await page.tasks.settled()
    assert page.findChild(QWidget, "profiles.confirm-host") is None
    enter(page, qtbot, "profiles.base-url", "https://llm.example.com/v1")
    await page.tasks.settled()
    assert page.services.profiles.get(made.id).confirmed_origin == ""
    agree = find(page, "profiles.agree-host", QAbstractButton)
    assert agree.text() == "Send the key to llm.example.com"
    click(page, qtbot, "profiles.agree-host")
    await page.tasks.settled()
    assert page.services.profiles.get(made.id).confirmed_origin == "https://llm.example.com:443"
    assert not any(label.isVisible() for label in page.findChildren(QWidget, "profiles.confirm-host"))


async def test_plain_http_asks_with_the_risk_named(make, qtbot):
    page = make()
    made = await opened(page, Kind.COMPATIBLE)
    enter(page, qtbot, "profiles.base-url", "http://llm.example.com:8080/v1")
    await page.tasks.settled()
    words = " ".join(label.text() for label in find(page, "profiles.confirm-plain-http").findChildren(QLabel))
    assert "not encrypted" in words
    assert "llm.example.com, port 8080" in words
    click(page, qtbot, "profiles.agree-plain-http")
    await page.tasks.settled()
    assert page.services.profiles.get(made.id).plain_http_confirmed


async def test_a_twin_of_a_host_is_shown_by_its_true_name(make, qtbot):
    page = make()
    await opened(page)
    enter(page, qtbot, "profiles.key", KEY)
    await page.tasks.settled()
    enter(page, qtbot, "profiles.base-url", "https://аpi.openai.com/v1")
    await page.tasks.settled()
    assert "xn--pi-6kc.openai.com" in find(page, "profiles.agree-host", QAbstractButton).text()


# --- test connection


async def test_a_verdict_is_shown_in_words_and_its_better_address_taken(make, qtbot):
    page = make()
    made = await opened(page, Kind.COMPATIBLE)
    enter(page, qtbot, "profiles.base-url", "https://llm.example.com")
    await page.tasks.settled()
    click(page, qtbot, "profiles.test")
    await page.tasks.settled()
    words = " ".join(label.text() for label in find(page, "profiles.verdict").findChildren(QLabel))
    assert "Connected to llm.example.com: 2 models. a, b" in words

    better = "https://llm.example.com/v1"
    page.services.connection_test.verdict = Verdict(False, "It answers oddly.", "Try the other.", "path", (), better)
    click(page, qtbot, "profiles.test")
    await page.tasks.settled()
    click(page, qtbot, "profiles.better-url")
    await page.tasks.settled()
    assert page.services.profiles.get(made.id).base_url == better
    assert page.services.connection_test.asked == [made.id, made.id]


async def test_what_a_server_wrote_is_shown_as_it_is_not_as_markup(make, qtbot):
    page = make()
    await opened(page)
    page.profile_form.show_verdict(Verdict(False, "<b>no</b>", said="<a href='file:///etc/passwd'>key</a>\u202e"))
    for label in find(page, "profiles.verdict").findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText
        assert "\u202e" not in label.text()


# --- for everybody


async def test_every_control_has_a_name_for_screen_readers_and_is_reached_by_keyboard(make):
    page = make()
    await opened(page, Kind.COMPATIBLE)
    controls = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox)
    for widget in page.findChildren(QWidget):
        if isinstance(widget, controls) and not widget.objectName().startswith("qt_"):
            assert widget.accessibleName(), (widget, widget.objectName())
            assert widget.objectName(), widget
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, widget.objectName()


async def test_nothing_flashes_as_a_window_of_its_own(qapp, make):
    shown = []

    class Watch(QObject):
        def eventFilter(self, watched, event):
            if event.type() is QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
                shown.append(watched)
            return False

    watch = Watch()
    qapp.installEventFilter(watch)
    try:
        page = make()
        await opened(page, Kind.AZURE)
    finally:
        qapp.removeEventFilter(watch)
    assert shown == [page]


async def test_a_name_of_markup_or_with_an_ampersand_is_shown_as_it_is(make):
    page = make()
    made = await opened(page)
    await page.services.profiles.change(replace(made, name="<b>R&D</b>"))
    await page.tasks.settled()
    assert find(page, "profiles.title", QLabel).text() == "<b>R&D</b>"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("5", "5"), ("$5", "5"), ("5.00", "5.00"), ("1,250.5", "1250.5"), ("2,50", "2.50"), ("", None), (".5", "0.5")],
)
async def test_a_budget_takes_money_as_people_write_it(make, qtbot, typed, kept):
    page = make()
    made = await opened(page)
    enter(page, qtbot, "profiles.day", "7")
    await page.tasks.settled()
    enter(page, qtbot, "profiles.day", typed)
    await page.tasks.settled()
    budget = page.services.profiles.get(made.id).budget
    assert budget.day == (None if kept is None else Decimal(kept))


async def test_what_is_no_amount_is_said_at_its_field_and_stays_there(make, qtbot):
    page = make()
    made = await opened(page)
    enter(page, qtbot, "profiles.day", "five")
    await page.tasks.settled()
    row = page.profile_form.rows["day"]
    assert row.problem.isVisible() and "no amount" in row.problem.text()
    assert row.line.text() == "five"
    assert page.services.profiles.get(made.id).budget.day is None


async def test_the_share_that_warns_is_kept(make):
    page = make()
    made = await opened(page)
    spin = find(page, "profiles.warn-share", QAbstractSpinBox)
    assert spin.value() == 80
    spin.setValue(60)
    await page.tasks.settled()
    assert page.services.profiles.get(made.id).budget.warn_share == Decimal("0.6")


async def test_an_admin_key_goes_in_and_does_not_come_out(make, qtbot, store):
    page = make()
    made = await opened(page)
    admin = "sk-admin-T4lQx9Zb7Rw2Kv8Ny3Mu6Ha1Jc5Pd0FsGe"
    enter(page, qtbot, "profiles.admin-key", admin)
    await page.tasks.settled()
    assert store.kept[f"{made.id}.admin"] == admin
    assert find(page, "profiles.admin-key-kept", QLabel).text() == "An admin key is kept"
    assert not any(admin in text for text in shown_texts(page))
    click(page, qtbot, "profiles.admin-key-remove")
    await page.tasks.settled()
    assert f"{made.id}.admin" not in store.kept
    assert find(page, "profiles.admin-key-kept", QLabel).text() == "No admin key"


def shown_texts(page) -> list[str]:
    labels = [label.text() for label in page.findChildren(QLabel)]
    return labels + [line.text() for line in page.findChildren(QLineEdit)]
