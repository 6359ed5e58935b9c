"""Where things are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from desktop import paths


def test_the_window_listens_in_its_own_folder(tmp_path):
    folder = Path("/home/u/data")
    assert paths.window_socket(folder) == str(folder / "window.sock")


@pytest.mark.parametrize("run_time", ["/run/user/1000", ""])
def test_a_folder_with_a_long_name_has_an_address_where_only_the_user_can_write(monkeypatch, run_time):
    monkeypatch.setenv("XDG_RUNTIME_DIR", run_time)
    folder = Path("/home/u") / ("long" * 40)
    address = paths.window_socket(folder)
    assert len(os.fsencode(address)) <= paths.LONGEST_ADDRESS
    assert Path(address).parent == Path(run_time or Path.home())
    assert address == paths.window_socket(folder) != paths.window_socket(folder / "other")
