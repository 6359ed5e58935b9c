from __future__ import annotations

import pytest

from desktop.store.database import Database


@pytest.fixture
def database(tmp_path):
    opened = Database.open(tmp_path / "data")
    yield opened
    opened.close()
