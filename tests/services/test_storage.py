"""The end of everything: each file that a run writes into the data folder goes, and none besides."""

from __future__ import annotations

from desktop import app, wiring
from desktop.services import catalog, logs, recording, storage
from desktop.store import own_prices, profiles, sealed, settings
from desktop.store.database import Database
from desktop.store.instance import LOCK

FILES = (
    settings.NAME,
    profiles.NAME,
    sealed.NAME,
    own_prices.NAME,
    catalog.USERS_FILE,
    app.WINDOW_FILE,
    wiring.REQUESTS,
)
FOLDERS = (wiring.CACHE, logs.FOLDER, catalog.LISTS_FOLDER, recording.FOLDER)


def test_all_that_modules_name_as_theirs_is_removed_and_nothing_else(tmp_path):
    Database.open(tmp_path).close()
    ours = [tmp_path / name for name in FILES] + [tmp_path / name / "deep" / "file" for name in FOLDERS]
    kept = [tmp_path / name for name in (LOCK, "holiday.json", "mine/letter.txt")]
    for path in (*ours, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("canary")
    storage.clear_data_folder(tmp_path)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)
