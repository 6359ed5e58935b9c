"""profiles.json: the profiles and the chosen one; never a key, never the environment's."""

from __future__ import annotations

import json
import stat
from decimal import Decimal

from msgspec.structs import replace

from desktop.core.profile import ENVIRONMENT_ID, LOCAL_ID, Budget, Kind, Limits, new_profile
from desktop.services.profiles import environment_profile
from desktop.store import profiles


def test_what_was_saved_is_loaded_in_its_order(tmp_path):
    first = replace(new_profile(Kind.OPENAI), budget=Budget(day=Decimal("2.50")), limits=Limits(silence_s=600))
    second = replace(new_profile(Kind.AZURE), api_version="2026-05-01", certificates=("/etc/own.pem",))
    profiles.save(tmp_path, [profiles.LOCAL, first, second], second.id)
    kept = profiles.load(tmp_path)
    assert kept.profiles == (profiles.LOCAL, first, second)
    assert (kept.chosen, kept.notices) == (second.id, ())
    assert stat.S_IMODE((tmp_path / profiles.NAME).stat().st_mode) == 0o600


def test_local_is_always_there_and_chosen_is_open_at_first(tmp_path):
    kept = profiles.load(tmp_path)
    assert [profile.id for profile in kept.profiles] == [LOCAL_ID]
    assert kept.chosen == ""


def test_local_cannot_be_turned_into_another_server_by_the_file(tmp_path):
    evil = replace(profiles.LOCAL, base_url="https://evil.example/v1", kind=Kind.OPENAI, limits=Limits(silence_s=9))
    profiles.save(tmp_path, [evil], LOCAL_ID)
    assert profiles.load(tmp_path).profiles == (replace(profiles.LOCAL, limits=Limits(silence_s=9)),)


def test_the_environment_profile_is_never_written_anywhere(tmp_path):
    environment = environment_profile({"OPENAI_BASE_URL": "https://canary.example/v1", "OPENAI_ORG_ID": "org-canary"})
    profiles.save(tmp_path, [profiles.LOCAL, environment], ENVIRONMENT_ID)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"canary" not in written
    assert profiles.load(tmp_path).profiles == (profiles.LOCAL,)


def test_an_environment_profile_planted_in_the_file_is_not_read(tmp_path):
    planted = {"id": ENVIRONMENT_ID, "name": "Environment", "kind": "environment", "base_url": "https://evil.example"}
    (tmp_path / profiles.NAME).write_text(json.dumps({"profiles": [planted]}))
    assert [profile.id for profile in profiles.load(tmp_path).profiles] == [LOCAL_ID]


def test_a_chosen_profile_that_is_gone_is_as_if_none_was_chosen(tmp_path):
    profiles.save(tmp_path, [profiles.LOCAL], "01GONE")
    assert profiles.load(tmp_path).chosen == ""


def test_unknown_keys_and_unreadable_profiles_stay_in_the_file(tmp_path):
    mine = new_profile(Kind.OLLAMA)
    profiles.save(tmp_path, [profiles.LOCAL, mine], "")
    content = json.loads((tmp_path / profiles.NAME).read_text())
    content["later"] = True
    content["profiles"][1]["colour"] = "green"
    content["profiles"].append({"id": "01X", "name": "From tomorrow", "kind": "telepathy", "base_url": "x"})
    (tmp_path / profiles.NAME).write_text(json.dumps(content))

    kept = profiles.load(tmp_path)
    assert kept.profiles == (profiles.LOCAL, mine)
    assert "From tomorrow" in kept.notices[0]

    profiles.save(tmp_path, [profiles.LOCAL, replace(mine, name="Mine")], mine.id)
    after = json.loads((tmp_path / profiles.NAME).read_text())
    assert after["later"] is True
    assert after["profiles"][1]["colour"] == "green"
    assert after["profiles"][1]["name"] == "Mine"
    assert after["profiles"][2]["kind"] == "telepathy"


def test_a_removed_profile_leaves_the_file(tmp_path):
    mine = new_profile(Kind.OLLAMA)
    profiles.save(tmp_path, [profiles.LOCAL, mine], "")
    profiles.save(tmp_path, [profiles.LOCAL], "")
    assert mine.id not in (tmp_path / profiles.NAME).read_text()


def test_a_damaged_file_is_set_aside_whole_and_said(tmp_path):
    (tmp_path / profiles.NAME).write_bytes(b'{"profiles": [{"id": "01')
    kept = profiles.load(tmp_path)
    assert kept.profiles == (profiles.LOCAL,)
    assert "set aside" in kept.notices[0]
    assert any(path.read_bytes() == b'{"profiles": [{"id": "01' for path in tmp_path.iterdir())


def test_two_profiles_of_one_id_do_not_shadow_each_other(tmp_path):
    mine = new_profile(Kind.OPENAI)
    profiles.save(tmp_path, [profiles.LOCAL, mine], "")
    content = json.loads((tmp_path / profiles.NAME).read_text())
    content["profiles"].append({**content["profiles"][1], "base_url": "https://evil.example/v1"})
    (tmp_path / profiles.NAME).write_text(json.dumps(content))
    assert profiles.load(tmp_path).profiles == (profiles.LOCAL, mine)
