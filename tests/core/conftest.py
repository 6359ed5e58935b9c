"""The papers beside the project, for tests that hold our data against them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def papers() -> Path:
    """The folder of the API's description and prices."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "api"
    if not folder.is_dir():
        assert "CI" not in os.environ, "the API description must be there"
        pytest.skip("the API description is not there")
    return folder


@pytest.fixture(scope="session")
def prices(papers: Path) -> Any:
    """The table that the catalog was made from."""
    return json.loads((papers / "prices.json").read_text(encoding="utf-8"))
