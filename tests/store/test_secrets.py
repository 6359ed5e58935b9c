"""Keys: which stores may have them, what happens without one, and that they show up nowhere else."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import pickle
import subprocess
import sys
import threading
import traceback
from contextlib import closing
from pathlib import Path

import keyring
import pytest
from key_scan import encodings, finds, finds_in_files
from keyring.backends import chainer, fail, null
from secret_service import locked_secret_service, secret_service, secret_service_address  # noqa: F401

from desktop.core.errors import BadKey, KeyProblem, KeyringFailed, SealFailed
from desktop.core.keeping import Place
from desktop.core.profile import ENVIRONMENT_ID
from desktop.core.secret import Redactor, Secret
from desktop.store import sealed, secrets
from desktop.store.secrets import SERVICE, NoKeyring, Secrets

KEY = "sk-proj-T4lQx9Zb7Rw2Kv8Ny3Mu6Ha1Jc5Pd0FsGe"
OTHER = "sk-or-v1-8d1f0c6b2a9e4735f6c1b0a9d8e7f6a5"


class Store(keyring.backend.KeyringBackend):
    """A key store in memory, to be replaced by worse ones."""

    priority = 9

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


class Plaintext(Store):
    """What keyrings.alt brings: writes where everybody can read."""

    def set_password(self, service, username, password):
        Path(os.environ["PLAINTEXT_FILE"]).write_text(password)


class Failing(Store):
    """Repeats the key in its error, as some do."""

    def set_password(self, service, username, password):
        raise RuntimeError(f"could not store {password!r} for {username}")

    def get_password(self, service, username):
        raise OSError("the bus is gone")


class Forgetful(Store):
    def set_password(self, service, username, password):
        pass


class Garbling(Store):
    def set_password(self, service, username, password):
        self.kept[service, username] = password[:-1]


class Asleep(Store):
    """Waits for its own prompt for a minute; `woken` ends it with the test."""

    def __init__(self):
        super().__init__()
        self.woken = threading.Event()
        self.asked = threading.Event()
        self.threads = []

    def get_password(self, service, username):
        self.threads.append(threading.current_thread())
        self.asked.set()
        self.woken.wait(60)
        return super().get_password(service, username)


def found(store, name="the store of the test"):
    return lambda: (store, name)


def none_found():
    raise NoKeyring("This computer has no key store that answers.")


@pytest.fixture
def redactor():
    return Redactor()


@pytest.fixture
def make(tmp_path, redactor):
    def made(store=None, **more):
        find = none_found if store is None else found(store)
        more.setdefault("environment", {})
        return Secrets(tmp_path / "data", redactor, find_keyring=find, **more)

    return made


# --- the allow-list


@pytest.fixture
def hostile_defaults(monkeypatch, tmp_path):
    """Every way in which the keyring package can be made to choose badly, with no allowed store within reach."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    monkeypatch.setenv("PLAINTEXT_FILE", str(tmp_path / "plaintext"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "python_keyring").mkdir()
    (tmp_path / "python_keyring" / "keyringrc.cfg").write_text(
        "[backend]\ndefault-keyring=keyring.backends.null.Keyring\n"
    )


@pytest.mark.usefixtures("hostile_defaults")
@pytest.mark.parametrize(
    "backend", [Plaintext, null.Keyring, fail.Keyring, chainer.ChainerBackend], ids=lambda b: b.__module__
)
async def test_a_plaintext_null_failing_or_chained_backend_is_not_used_and_the_user_is_told(
    tmp_path, redactor, backend, monkeypatch
):
    before = keyring.core._keyring_backend
    keyring.set_keyring(backend())
    monkeypatch.setattr(type(keyring.get_keyring()), "set_password", explode)
    try:
        kept = Secrets(tmp_path / "data", redactor, environment={})
        where = await kept.put("01A", Secret(KEY))
    finally:
        keyring.core._keyring_backend = before
    assert where.place is Place.RUN
    assert where.words.startswith("Kept for this run only")
    assert "no key store" in where.words
    assert finds_in_files(KEY, [tmp_path]) == []
    assert await kept.get("01A") == Secret(KEY), "it works for this run all the same"


def explode(*_):
    raise AssertionError("a key was given to a backend that is not allowed")


@pytest.mark.usefixtures("hostile_defaults")
@pytest.mark.parametrize(
    "name",
    [
        "keyrings.alt.file.PlaintextKeyring",
        "keyring.backends.null.Keyring",
        "keyring.backends.fail.Keyring",
        "keyring.backends.SecretService.Keyring.Evil",
        "keyring.backends.secretservice.Keyring",
        "os.path",
        "\u202egnirk",
    ],
)
async def test_a_variable_that_names_another_backend_is_refused_and_told(tmp_path, redactor, name):
    kept = Secrets(tmp_path, redactor, environment={"PYTHON_KEYRING_BACKEND": name})
    where = await kept.put("01A", Secret(KEY))
    assert where.place is Place.RUN
    assert "PYTHON_KEYRING_BACKEND" in where.words
    assert "\u202e" not in where.words


def test_a_variable_may_choose_among_the_allowed_and_a_chain_is_taken_apart():
    name = "keyring.backends.kwallet.DBusKeyring"
    assert secrets.allowed_names({"PYTHON_KEYRING_BACKEND": name}) == (name,)
    assert secrets.allowed_names({"PYTHON_KEYRING_BACKEND": secrets.CHAINER}) == tuple(secrets.ALLOWED)
    assert secrets.allowed_names({}) == tuple(secrets.ALLOWED)
    assert secrets.CHAINER not in secrets.ALLOWED


def test_an_allowed_name_with_another_class_behind_it_is_not_used(monkeypatch):
    from keyring.backends import SecretService

    monkeypatch.setattr(SecretService, "Keyring", Store)
    with pytest.raises(NoKeyring):
        secrets.open_keyring({"PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"})


def test_the_allowed_classes_exist_under_these_names():
    """So that a renamed backend is noticed. Those of other systems cannot be imported here or have no base."""
    from importlib import import_module

    for name in secrets.ALLOWED:
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), name


def test_what_other_packages_bring_is_not_even_loaded(tmp_path, monkeypatch):
    """An entry point of another package must not run: the package's own discovery would import it."""
    info = tmp_path / "alt-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: alt\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[keyring.backends]\nevil = evil_keyring\n")
    (tmp_path / "evil_keyring.py").write_text("raise SystemExit('loaded')")
    code = "from desktop.store.secrets import open_keyring, NoKeyring\n"
    code += "try: open_keyring({})\nexcept NoKeyring: print('none')"
    environment = {**os.environ, "PYTHONPATH": f"{Path.cwd()}:{tmp_path}", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "none\n"


# --- writes are read back


@pytest.mark.parametrize("store", [Forgetful, Garbling, Failing])
async def test_every_write_is_read_back_and_a_store_that_forgets_is_told(make, store):
    kept = make(store())
    where = await kept.put("01A", Secret(KEY))
    assert where.place is Place.RUN
    assert "this run only" in where.words
    assert finds(KEY, where.words) == []


async def test_a_good_store_keeps_the_key_and_is_named(make):
    store = Store()
    where = await make(store).put("01A", Secret(KEY))
    assert where.words == "Kept by the operating system in the store of the test."
    assert store.kept == {(SERVICE, "01A"): KEY}
    again = make(store)
    assert await again.get("01A") == Secret(KEY)
    assert again.where_of("01A").place is Place.KEYRING
    await again.delete("01A")
    assert store.kept == {}
    assert await again.get("01A") is None


async def test_a_deleted_key_can_be_restored_only_where_that_was_asked_for(make):
    store = Store()
    kept = make(store)
    await kept.put("01A", Secret(KEY))
    await kept.delete("01A", can_restore=True)
    assert (store.kept, await kept.get("01A")) == ({}, None)
    await kept.restore("01A")
    assert store.kept == {(SERVICE, "01A"): KEY}
    await kept.delete("01A")
    await kept.restore("01A")
    assert store.kept == {}


async def test_clear_forgets_every_key(make, tmp_path):
    store = Store()
    kept = make(store)
    await kept.put("01A", Secret(KEY))
    await kept.put("01B", Secret(OTHER))
    await kept.clear(["01A", "01B"])
    assert store.kept == {}
    assert await kept.get("01A") is None


# --- a key store that does not answer


async def test_a_backend_that_sleeps_for_a_minute_holds_up_neither_the_loop_nor_the_end(make):
    store = Asleep()
    kept = make(store, limit_s=0.2)
    beats = 0

    async def heart():
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.005)

    async with asyncio.timeout(30):  # half of what the store takes
        beating = asyncio.get_running_loop().create_task(heart())
        with pytest.raises(KeyringFailed, match="did not answer within") as failed:
            await kept.get("01A")
        where = await kept.put("01A", Secret(KEY))
        beating.cancel()
    assert beats > 3, "the loop went on"
    assert "this run only" in failed.value.advice
    assert where.place is Place.RUN
    assert all(thread.daemon for thread in store.threads), "so that the interpreter can end"
    assert await kept.get("01A") == Secret(KEY), "from memory, without asking again"
    store.woken.set()
    for thread in store.threads:
        thread.join(60)


async def test_the_loops_own_executor_is_not_used_for_the_key_store(make):
    store = Asleep()
    store.woken.set()
    await make(store).get("01A")
    assert [thread.name for thread in store.threads] == ["keyring"]
    assert asyncio.get_running_loop()._default_executor is None


def test_the_limit_is_ten_seconds():
    assert secrets.LIMIT_S == 10.0


async def test_an_answer_that_comes_too_late_disturbs_nobody(make, caplog):
    store = Asleep()
    kept = make(store, limit_s=0.01)
    with pytest.raises(KeyringFailed):
        await kept.get("01A")
    assert store.asked.wait(60)
    store.woken.set()
    store.threads[0].join(60)
    await asyncio.sleep(0)
    assert caplog.records == []


# --- a real Secret Service


@pytest.mark.usefixtures("secret_service")
async def test_a_real_secret_service_stores_reads_replaces_and_deletes(tmp_path, redactor):
    def anew():
        return Secrets(tmp_path, redactor, environment={})

    assert (await anew().where()).place is Place.KEYRING
    where = await anew().put("01REAL", Secret(KEY))
    assert where.words == "Kept by the operating system in the desktop's key store (Secret Service)."
    assert await anew().get("01REAL") == Secret(KEY)
    await anew().put("01REAL", Secret(OTHER))
    assert await anew().get("01REAL") == Secret(OTHER)
    await anew().delete("01REAL")
    assert await anew().get("01REAL") is None
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.usefixtures("secret_service")
async def test_two_profiles_have_two_keys_in_a_real_secret_service(tmp_path, redactor):
    kept = Secrets(tmp_path, redactor, environment={})
    await kept.put("01ONE", Secret(KEY))
    await kept.put("01TWO", Secret(OTHER))
    await kept.delete("01ONE")
    assert await Secrets(tmp_path, redactor, environment={}).get("01TWO") == Secret(OTHER)
    await kept.clear(["01ONE", "01TWO"])


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # the keyring package leaves the bus to the collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("locked_secret_service")
async def test_a_locked_keyring_is_told_and_the_key_is_kept_for_this_run(tmp_path, redactor):
    kept = Secrets(tmp_path, redactor, environment={})
    with pytest.raises(KeyringFailed, match="locked") as failed:
        await kept.get("01A")
    assert "this run only" in failed.value.advice
    where = await kept.put("01A", Secret(KEY))
    assert where.place is Place.RUN
    assert "locked" in where.words
    assert await kept.get("01A") == Secret(KEY)
    assert finds_in_files(KEY, [tmp_path]) == []
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(60)
    gc.collect()


async def test_without_d_bus_the_key_is_kept_for_this_run_only_and_nothing_is_written(tmp_path, redactor, monkeypatch):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    kept = Secrets(tmp_path / "data", redactor, environment={})
    assert await kept.get("01A") is None
    where = await kept.put("01A", Secret(KEY))
    assert where.place is Place.RUN
    assert finds_in_files(KEY, [tmp_path]) == []


# --- the sealed file


@pytest.fixture
def quick_seal(monkeypatch):
    """The file's form and care are tested with the file; here its half second of scrypt only costs time."""
    import hashlib

    monkeypatch.setattr(sealed, "_derive", lambda p, salt: hashlib.sha256(p.reveal().encode() + salt).digest())


PASSPHRASE = Secret("correct horse battery")


@pytest.mark.usefixtures("quick_seal")
async def test_by_choice_keys_go_into_a_sealed_file_and_leave_the_key_store(make, tmp_path):
    store = Store()
    kept = make(store)
    await kept.put("01A", Secret(KEY))
    await make(store).put("01B", Secret(OTHER))  # in the store, and not read in this run
    await kept.seal(PASSPHRASE, ["01A", "01B", ENVIRONMENT_ID])
    assert store.kept == {}
    assert finds_in_files(KEY, [tmp_path]) == []
    assert finds_in_files(PASSPHRASE.reveal(), [tmp_path]) == []

    again = make(store)
    assert not (await again.where()).is_open
    with pytest.raises(SealFailed, match="not open"):
        await again.get("01A")
    with pytest.raises(SealFailed):
        await again.put("01A", Secret(KEY))
    with pytest.raises(SealFailed, match="wrong or the file is damaged"):
        await again.open_sealed(Secret("wrong horse battery"))
    await again.open_sealed(PASSPHRASE)
    assert (await again.get("01A"), await again.get("01B")) == (Secret(KEY), Secret(OTHER))
    assert again.where_of("01A").words == "Kept in a file sealed with your passphrase."
    assert (await again.put("01C", Secret(KEY))).place is Place.SEALED
    await again.delete("01B")
    assert store.kept == {}

    third = make(store)
    await third.open_sealed(PASSPHRASE)
    assert (await third.get("01B"), await third.get("01C")) == (None, Secret(KEY))


@pytest.mark.usefixtures("quick_seal")
async def test_a_key_kept_for_the_run_can_be_sealed_where_the_key_store_fails(make):
    kept = make(Failing())
    await kept.put("01A", Secret(KEY))
    with pytest.raises(KeyringFailed):
        await make(Failing()).get("01A")
    await kept.seal(PASSPHRASE, ["01A", "01B"])
    assert kept.where_of("01A").place is Place.SEALED


@pytest.mark.usefixtures("quick_seal")
async def test_the_passphrase_can_be_changed_and_the_old_one_opens_nothing(make):
    kept = make()
    await kept.put("01A", Secret(KEY))
    await kept.seal(PASSPHRASE)
    await kept.seal(Secret("another long one"))
    again = make()
    with pytest.raises(SealFailed):
        await again.open_sealed(PASSPHRASE)
    await again.open_sealed(Secret("another long one"))
    assert await again.get("01A") == Secret(KEY)


@pytest.mark.usefixtures("quick_seal")
async def test_sealed_keys_go_back_to_the_key_store_whole_or_not_at_all(make, tmp_path):
    kept = make()
    await kept.put("01A", Secret(KEY))
    await kept.seal(PASSPHRASE)
    with pytest.raises(KeyringFailed, match="The sealed file stays"):
        await kept.unseal()
    assert (tmp_path / "data" / sealed.NAME).exists()

    store = Store()
    able = make(store)
    await able.open_sealed(PASSPHRASE)
    assert (await able.unseal()).place is Place.KEYRING
    assert store.kept == {(SERVICE, "01A"): KEY}
    assert not (tmp_path / "data" / sealed.NAME).exists()


@pytest.mark.usefixtures("quick_seal")
async def test_a_sealed_file_whose_passphrase_is_lost_is_set_aside_not_deleted(make, tmp_path):
    kept = make()
    await kept.put("01A", Secret(KEY))
    await kept.seal(PASSPHRASE)
    before = (tmp_path / "data" / sealed.NAME).read_bytes()
    again = make()
    again.give_up_sealed()
    assert await again.get("01A") is None
    assert [path.read_bytes() for path in (tmp_path / "data").iterdir()] == [before]


# --- bad keys


BAD_KEYS = [
    "sk\nabc",
    "sk\r\nX-Evil: 1",
    "sk\0abc",
    "sk-abc…wxyz",
    "sk\u200babc",
    "sk\u202eabc",
    "sk abc",
    "ключ",
    "\x1b[2J",
]


@pytest.mark.parametrize("value", BAD_KEYS, ids=ascii)
async def test_a_key_with_control_blank_or_foreign_characters_is_refused_and_not_repeated(make, value):
    store = Store()
    kept = make(store)
    with pytest.raises(BadKey) as failed:
        await kept.put("01A", Secret(value))
    assert value not in "".join(traceback.format_exception(failed.value))
    assert store.kept == {}
    assert await kept.get("01A") is None


async def test_a_pasted_key_is_trimmed(make):
    store = Store()
    await make(store).put("01A", Secret(f"  {KEY}\r\n"))
    assert store.kept == {(SERVICE, "01A"): KEY}


@pytest.mark.parametrize("value", BAD_KEYS, ids=ascii)
async def test_a_bad_key_in_the_key_store_or_the_environment_is_refused_too(make, value):
    store = Store()
    store.kept[SERVICE, "01A"] = value
    kept = make(store, environment={"OPENAI_API_KEY": value})
    for profile_id in ("01A", ENVIRONMENT_ID):
        with pytest.raises(BadKey) as failed:
            await kept.get(profile_id)
        assert value not in str(failed.value)


# --- the environment


async def test_the_environments_key_is_used_and_never_written_anywhere(make, tmp_path):
    store = Store()
    kept = make(store, environment={"OPENAI_API_KEY": KEY})
    assert await kept.get(ENVIRONMENT_ID) == Secret(KEY)
    assert kept.where_of(ENVIRONMENT_ID).words == "From the environment. It is never written anywhere."
    with pytest.raises(KeyProblem):
        await kept.put(ENVIRONMENT_ID, Secret(OTHER))
    assert store.kept == {}
    assert finds_in_files(KEY, [tmp_path]) == []


async def test_the_key_is_in_no_child_environment_and_no_argument_list(tmp_path, redactor, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    kept = Secrets(tmp_path, redactor, environment=os.environ, find_keyring=none_found)
    assert kept.has_environment_key
    code = "import os, sys; from pathlib import Path; me = Path('/proc/self')\n"
    code += "print(dict(os.environ), sys.argv, (me / 'environ').read_bytes() if me.exists() else '')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "PATH" in done.stdout
    assert finds(KEY, done.stdout) == []
    assert await kept.get(ENVIRONMENT_ID) == Secret(KEY)


@pytest.mark.parametrize("value", ["", "   ", None])
async def test_an_empty_variable_is_no_key(make, value):
    kept = make(Store(), environment={} if value is None else {"OPENAI_API_KEY": value})
    assert not kept.has_environment_key
    assert await kept.get(ENVIRONMENT_ID) is None


# --- where a key must not show up


async def test_a_key_appears_in_no_repr_traceback_or_log(make, redactor, caplog):
    caplog.set_level(logging.DEBUG)
    kept = make(Failing(), environment={"OPENAI_API_KEY": OTHER})
    shown = [
        repr(kept),
        str(await kept.put("01A", Secret(KEY))),
        repr(await kept.get("01A")),
        repr(kept.where_of("01A")),
    ]
    try:
        await kept.get("01B")
    except KeyringFailed as failed:
        report = traceback.TracebackException.from_exception(failed, capture_locals=True)
        shown += ["".join(report.format()), repr(failed.__dict__), repr(failed.__context__), repr(failed.__cause__)]
    shown += [record.getMessage() for record in caplog.records]
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))
    everything = "\n".join(shown)
    assert "could not store" not in everything, "a backend's own words may repeat the key"
    assert finds(KEY, everything) == []
    assert finds(OTHER, everything) == []


async def test_a_key_in_any_of_ten_encodings_is_taken_out_of_reports(make, redactor):
    """Everything the store ever saw was learned: kept, read, refused, or given by the environment."""
    store = Store()
    store.kept[SERVICE, "01B"] = OTHER
    kept = make(store, environment={"OPENAI_API_KEY": "sk-env-Q7w8E9r0T1y2U3i4O5p6"})
    await kept.put("01A", Secret(KEY))
    await kept.get("01B")
    assert len(encodings(KEY)) == 10
    for key in (KEY, OTHER, "sk-env-Q7w8E9r0T1y2U3i4O5p6"):
        report = f"header was: Bearer {key}, cut: {key[5:20]}"
        assert finds(key, report)
        assert finds(key, redactor.clean(report)) == []


def test_core_files_are_off():
    code = "import resource; from desktop.store.secrets import no_core_files\n"
    code += "resource.setrlimit(resource.RLIMIT_CORE, (4096, 4096)); assert no_core_files()\n"
    code += "print(resource.getrlimit(resource.RLIMIT_CORE))"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "(0, 0)\n"


def test_the_module_imports_no_key_store_by_itself():
    """The window's first paint imports this module's neighbours; the key store comes in its own thread."""
    code = "import sys, desktop.store.secrets; print([m for m in ('keyring', 'cryptography') if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"


def test_the_scan_finds_what_it_is_for():
    with closing(_Hidden(KEY)) as hidden:
        for form in hidden.forms:
            assert finds(KEY, form), form


class _Hidden:
    def __init__(self, key):
        import base64

        raw = key.encode()
        self.forms = [raw, raw[4:20], raw[::-1], base64.b64encode(b"x" + raw), raw.hex(), key.encode("utf-16"),
                      "".join(f"%{b:02x}" for b in raw), key.encode("utf-32")]  # fmt: skip

    def close(self):
        self.forms.clear()
