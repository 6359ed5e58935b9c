"""What the first picture needs, read by itself: the same as the settings say, whatever stands in the file."""

from __future__ import annotations

import json

import pytest

from desktop.core.appearance import Appearance, Look
from desktop.core.settings import Settings
from desktop.store import first_look, settings


@pytest.mark.parametrize("appearance", list(Appearance))
@pytest.mark.parametrize(("scale", "reduced"), [(80, False), (100, True), (200, False)])
def test_the_look_is_what_was_saved(tmp_path, appearance, scale, reduced):
    settings.save(tmp_path, Settings(appearance=appearance, text_scale=scale, reduced_motion=reduced))
    assert first_look.look(tmp_path) == Look(appearance, scale, reduced)


@pytest.mark.parametrize(
    "wrong",
    [
        {"appearance": "pink", "text_scale": 79, "reduced_motion": 1},
        {"appearance": ["dark"], "text_scale": True, "reduced_motion": "yes"},
        {"appearance": None, "text_scale": 1e300, "reduced_motion": None},
    ],
)
def test_what_cannot_be_used_is_as_the_settings_have_it_too(tmp_path, wrong):
    (tmp_path / settings.NAME).write_text(json.dumps(wrong))
    found, notices = settings.load(tmp_path)
    usual = Look(found.appearance, found.text_scale, found.reduced_motion)
    assert first_look.look(tmp_path) == usual == Look()
    assert len(notices) == 3


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'"text"', b"\x00" * 100, b"\xff\xfe{}", b"[" * 100_000])
def test_a_bad_file_is_left_for_those_who_say_so(tmp_path, content):
    (tmp_path / settings.NAME).write_bytes(content)
    assert first_look.look(tmp_path) == Look()
    assert (tmp_path / settings.NAME).read_bytes() == content


def test_a_file_that_is_far_too_large_is_not_read(tmp_path):
    (tmp_path / "window.json").write_text(json.dumps({"page": "x" * first_look.LARGEST_BYTES}))
    assert first_look.read(tmp_path / "window.json") == {}


def test_the_file_is_the_settings_own():
    assert first_look.SETTINGS == settings.NAME
