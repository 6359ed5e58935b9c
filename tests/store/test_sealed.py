"""The sealed key file: opened by its passphrase alone, whole or not at all."""

from __future__ import annotations

import json
import os
import stat

import pytest

from desktop.core.errors import ArchiveFull, SealFailed
from desktop.core.secret import Secret
from desktop.store import sealed
from desktop.store.sealed import SealedKeys

KEY = "sk-proj-AbCdEfGhIjKlMnOpQrStUvWx0123456789"
PASSPHRASE = Secret("correct horse battery")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / sealed.NAME
    SealedKeys.make(path, PASSPHRASE, {"01A": KEY, "01B": "other"})
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, made):
    path = tmp_path / sealed.NAME
    path.write_bytes(made)
    return path


@pytest.fixture
def quick(monkeypatch):
    """The slow derivation once for all: what is tested is what comes after it."""
    derived = {}
    slow = sealed._derive

    def derive(passphrase, salt):
        found = (passphrase.reveal(), salt)
        if found not in derived:
            derived[found] = slow(passphrase, salt)
        return derived[found]

    monkeypatch.setattr(sealed, "_derive", derive)


def test_what_was_sealed_comes_out(path):
    opened = SealedKeys.open(path, PASSPHRASE)
    assert opened.get("01A") == Secret(KEY)
    assert opened.get("nobody") is None
    assert sorted(opened.names()) == ["01A", "01B"]
    assert KEY not in repr(opened)


def test_the_file_is_scrypt_2_17_8_1_and_aes_gcm_with_the_header_authenticated(made):
    """Opened here without our code, so that neither the cost of a guess nor the form can change unseen."""
    import hashlib

    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    header, content = made[:52], made[52:]
    assert header[:24] == b"Davenport sealed keys 1\n"
    derived = hashlib.scrypt(b"correct horse battery", salt=header[24:40], n=2**17, r=8, p=1, maxmem=2**28, dklen=32)
    assert json.loads(AESGCM(derived).decrypt(header[40:], content, header)) == {"01A": KEY, "01B": "other"}


def test_nothing_of_the_key_is_in_the_file_and_no_two_files_are_alike(path, made, quick):
    assert KEY.encode() not in made
    assert b"01A" not in made
    opened = SealedKeys.open(path, PASSPHRASE)
    opened.put("01A", Secret(KEY))
    assert path.read_bytes() != made, "each write has a nonce of its own"


def test_the_file_is_0600_and_replaced_in_one_step(path, quick):
    before = path.stat().st_ino
    SealedKeys.open(path, PASSPHRASE).put("01C", Secret("new"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_ino != before
    assert [each.name for each in path.parent.iterdir()] == [sealed.NAME]
    assert SealedKeys.open(path, PASSPHRASE).get("01C") == Secret("new")


def test_put_and_delete_are_on_disk(path, quick):
    opened = SealedKeys.open(path, PASSPHRASE)
    opened.put("01C", Secret("third"))
    opened.delete("01A")
    opened.delete("01A")
    again = SealedKeys.open(path, PASSPHRASE)
    assert sorted(again.names()) == ["01B", "01C"]


PLAIN = "The sealed key file was not opened: the passphrase is wrong or the file is damaged."


@pytest.mark.parametrize("passphrase", ["", "correct horse batterY", "correct horse battery ", "\ud800", "x" * 10_000])
def test_a_wrong_passphrase_gives_one_plain_message_and_changes_nothing(path, made, passphrase):
    with pytest.raises(SealFailed) as failed:
        SealedKeys.open(path, Secret(passphrase))
    assert failed.value.summary == PLAIN
    assert path.read_bytes() == made


def test_a_cut_file_gives_one_plain_message_and_changes_nothing(path, made, quick):
    for length in [*range(0, len(made), 7), len(made) - 1]:
        path.write_bytes(made[:length])
        with pytest.raises(SealFailed) as failed:
            SealedKeys.open(path, PASSPHRASE)
        assert failed.value.summary == PLAIN
        assert path.read_bytes() == made[:length]


def test_a_flipped_file_gives_one_plain_message_and_changes_nothing(path, made, monkeypatch):
    """Every byte once, the header's too: magic, salt, nonce, content and tag. The derivation is a quick stand-in for
    speed, of passphrase and salt as the real one."""
    import hashlib

    monkeypatch.setattr(sealed, "_derive", lambda p, salt: hashlib.sha256(p.reveal().encode() + salt).digest())
    SealedKeys.make(path, PASSPHRASE, {"01A": KEY})
    whole = path.read_bytes()
    for at in range(len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]
        path.write_bytes(flipped)
        with pytest.raises(SealFailed) as failed:
            SealedKeys.open(path, PASSPHRASE)
        assert failed.value.summary == PLAIN
        assert path.read_bytes() == flipped
    path.write_bytes(whole)
    assert SealedKeys.open(path, PASSPHRASE).names() == ("01A",)


def test_a_longer_file_is_not_taken(path, made, quick):
    path.write_bytes(made + b"\0")
    with pytest.raises(SealFailed, match="not opened"):
        SealedKeys.open(path, PASSPHRASE)


def test_a_huge_file_is_refused_without_being_read(path):
    with path.open("r+b") as file:
        file.truncate(10 * 1024**3)
    with pytest.raises(SealFailed, match="not opened"):
        SealedKeys.open(path, PASSPHRASE)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(SealFailed, match="cannot be read"):
        SealedKeys.open(tmp_path / sealed.NAME, PASSPHRASE)


@pytest.mark.parametrize("passphrase", ["", "short", "7 chars"])
def test_a_short_passphrase_makes_no_file(tmp_path, passphrase):
    with pytest.raises(SealFailed, match="at least 8"):
        SealedKeys.make(tmp_path / sealed.NAME, Secret(passphrase), {"01A": KEY})
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_keeps_the_old_file_and_the_old_keys(path, made, quick, monkeypatch):
    opened = SealedKeys.open(path, PASSPHRASE)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArchiveFull):
        opened.put("01A", Secret("replaced"))
    monkeypatch.undo()
    assert path.read_bytes() == made
    assert opened.get("01A") == Secret(KEY)
