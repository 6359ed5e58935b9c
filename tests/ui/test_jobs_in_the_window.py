"""Jobs in the real window: the foot counts them and leads to their page."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import Qt

from desktop import app
from desktop.core.options import Options


async def test_the_foot_counts_jobs_and_a_click_leads_to_their_page(qtbot, tmp_path):
    running = app.build(Options(tmp_path / "data", offline=True))
    window = running.window
    window.show()
    services = await running.opened()
    gate = asyncio.Event()

    async def work(handle):
        handle.works("Works", 0.5)
        await gate.wait()

    services.jobs.register("settings", work)  # any page's name; the settings are the cheapest to build
    (job,) = await services.jobs.add("settings", [("", "a long one", {})])
    while not window.footer.jobs.isVisible() or "50" not in window.footer.jobs.text():
        await asyncio.sleep(0)
    assert window.footer.jobs.text().startswith("1 job")
    qtbot.mouseClick(window.footer.jobs, Qt.MouseButton.LeftButton)
    assert window.current == "settings"
    gate.set()
    await services.jobs.settled([job])
    while window.footer.jobs.isVisible():
        await asyncio.sleep(0)
    await running.aclose()


async def test_a_page_with_work_is_there_though_nobody_has_opened_it(qtbot, tmp_path):
    """It is what looks into the watched folder, and tells how jobs ended."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    running = app.build(Options(tmp_path / "data", offline=True))
    window = running.window
    window.show()
    services = await running.opened()
    assert "transcription" not in window.pages
    await services.settings.change(watch_folder=str(inbox))
    while "transcription" not in window.pages:
        await asyncio.sleep(0)
    assert window.current == "chat" and window.pages["transcription"].services is services
    await running.aclose()
