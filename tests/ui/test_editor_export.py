"""The form with which a transcript is exported: which of its languages, and on what paper."""

from __future__ import annotations

import json

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from test_editor import recording, table  # noqa: F401  (fixtures)

from desktop.core.transcript import Segment, Transcript

TALK = Transcript(
    (Segment("1", 0, 1000, "Good morning.", second="Guten Morgen."), Segment("2", 2000, 3000, "Yes.")),
    milliseconds=4000,
    language="english",
    second_language="de",
)


async def exported(table, tmp_path, at):  # noqa: F811
    view = await table.open()
    view.open_export()
    await table.until(lambda: QApplication.activeModalWidget() is not None)
    form = QApplication.activeModalWidget()
    form.set_folder(str(tmp_path / "out"))
    form.forms["verbose_json"].setChecked(True)
    box = form.column_of
    names = [] if box.isHidden() else [box.itemText(number) for number in range(box.count())]
    box.setCurrentIndex(at)
    QTest.mouseClick(form.confirm, Qt.MouseButton.LeftButton)
    await view.tasks.settled()
    written = {path.suffix: path.read_text() for path in (tmp_path / "out").iterdir()}
    await table.close()
    return names, written


async def test_both_languages_are_offered_by_their_names_and_written(table, tmp_path):  # noqa: F811
    table.transcript = TALK
    names, written = await exported(table, tmp_path, 2)
    assert names == ["English", "German", "English and German"]
    assert "Good morning.\nGuten Morgen.\n" in written[".srt"]
    assert [each.get("second") for each in json.loads(written[".json"])["segments"]] == ["Guten Morgen.", None]


async def test_the_other_language_is_written_alone(table, tmp_path):  # noqa: F811
    table.transcript = TALK
    _, written = await exported(table, tmp_path, 1)
    assert "Guten Morgen." in written[".srt"] and "Good" not in written[".srt"] + written[".txt"]


async def test_with_one_language_nothing_is_to_be_chosen(table, tmp_path):  # noqa: F811
    table.transcript = replace(TALK, segments=(Segment("1", 0, 1000, "Good morning."),), second_language="")
    names, written = await exported(table, tmp_path, 0)
    assert names == [] and written[".txt"] == "[0:00] Good morning.\n"
