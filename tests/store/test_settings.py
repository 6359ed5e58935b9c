"""settings.json: what is kept, what survives, what a bad file does."""

from __future__ import annotations

import json
import stat

import pytest

from desktop.core.errors import ArchiveFull, StoreError
from desktop.core.settings import Appearance, Settings
from desktop.store import settings


def at_noon() -> float:
    return 1_782_000_000.0


def test_what_was_saved_is_loaded(tmp_path):
    wanted = Settings(appearance=Appearance.DARK, text_scale=125, default_system="Answer briefly.", trash_days=0)
    settings.save(tmp_path, wanted)
    assert settings.load(tmp_path) == (wanted, ())


def test_a_missing_file_gives_the_defaults_without_a_word(tmp_path):
    assert settings.load(tmp_path / "new") == (Settings(), ())


def test_only_what_differs_from_the_defaults_is_written(tmp_path):
    settings.save(tmp_path, Settings(text_scale=110))
    assert json.loads((tmp_path / settings.NAME).read_text()) == {"text_scale": 110}
    settings.save(tmp_path, Settings())
    assert json.loads((tmp_path / settings.NAME).read_text()) == {}


def test_unknown_keys_are_kept(tmp_path):
    (tmp_path / settings.NAME).write_text('{"of_a_later_version": {"a": [1, null]}, "text_scale": 150}')
    found, notices = settings.load(tmp_path)
    assert (found.text_scale, notices) == (150, ())
    settings.save(tmp_path, Settings(text_scale=90))
    assert json.loads((tmp_path / settings.NAME).read_text()) == {
        "of_a_later_version": {"a": [1, None]},
        "text_scale": 90,
    }


@pytest.mark.parametrize("value", ["79", "201", '"large"', "null", "1e400", "[]"])
def test_a_value_out_of_bounds_falls_back_alone_and_is_named(tmp_path, value):
    (tmp_path / settings.NAME).write_text(f'{{"text_scale": {value}, "trash_days": 3}}')
    found, notices = settings.load(tmp_path, at_noon)
    if value == "1e400":  # no JSON number of ours: the file as a whole is damaged
        assert found == Settings()
    else:
        assert found == Settings(trash_days=3)
        assert "text_scale" in notices[0]
    assert len(notices) == 1


BAD = [b"", b"{", b"[1]", b'"text"', b"\x00" * 100, b"\xff\xfe{}", b"[" * 100_000, b'{"text_scale": ' + b"[" * 100_000]


@pytest.mark.parametrize("content", BAD, ids=lambda c: repr(c[:12]))
def test_a_damaged_file_is_set_aside_whole_and_said(tmp_path, content):
    (tmp_path / settings.NAME).write_bytes(content)
    found, notices = settings.load(tmp_path, at_noon)
    assert found == Settings()
    aside = [path for path in tmp_path.iterdir() if "set-aside" in path.name]
    assert [path.read_bytes() for path in aside] == [content]
    assert aside[0].name in notices[0]


def test_two_damaged_files_of_one_second_are_both_kept(tmp_path):
    for content in (b"{1", b"{2"):
        (tmp_path / settings.NAME).write_bytes(content)
        settings.load(tmp_path, at_noon)
    assert sorted(path.read_bytes() for path in tmp_path.iterdir()) == [b"{1", b"{2"]


def test_saving_over_a_damaged_file_sets_it_aside_first(tmp_path):
    (tmp_path / settings.NAME).write_bytes(b"{oh")
    settings.save(tmp_path, Settings(text_scale=120), at_noon)
    assert settings.load(tmp_path)[0].text_scale == 120
    assert any(path.read_bytes() == b"{oh" for path in tmp_path.iterdir())


def test_a_mark_of_an_editor_at_the_beginning_does_no_harm(tmp_path):
    (tmp_path / settings.NAME).write_bytes(b'\xef\xbb\xbf{"text_scale": 120}')
    assert settings.load(tmp_path)[0].text_scale == 120


def test_folder_0700_and_file_0600(tmp_path):
    folder = tmp_path / "a" / "data"
    settings.save(folder, Settings(text_scale=120))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / settings.NAME).stat().st_mode) == 0o600


def test_a_save_that_fails_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    settings.save(tmp_path, Settings(text_scale=120))

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ArchiveFull, match="No space left"):
        settings.save(tmp_path, Settings(text_scale=90))
    monkeypatch.undo()
    assert settings.load(tmp_path)[0].text_scale == 120
    assert [path.name for path in tmp_path.iterdir()] == [settings.NAME]


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path):
    (tmp_path / settings.NAME).mkdir()
    found, notices = settings.load(tmp_path)
    assert (found, len(notices)) == (Settings(), 1)
    with pytest.raises(StoreError, match="cannot be read"):
        settings.save(tmp_path, Settings(text_scale=120))
    assert (tmp_path / settings.NAME).is_dir()
