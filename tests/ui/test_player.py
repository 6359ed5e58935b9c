"""The player of kept sound: real widgets and a device of the test's own; and real decoding where QtMultimedia runs."""

from __future__ import annotations

import io
import math
import struct
import sys
import wave

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop.core.conversation import Audio, Message, Role
from desktop.core.errors import KnownError, Missing
from desktop.ui import theme
from desktop.ui.tasks import Tasks
from desktop.ui.widgets.player import Player, Sounds
from desktop.ui.widgets.sound_kinds import is_sound
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_ink import Reading
from desktop.ui.widgets.transcript_media import PLAYER_HEIGHT, Media
from desktop.ui.widgets.transcript_model import TranscriptModel


def tone(seconds: float = 1.0, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (int(9000 * math.sin(n / rate * 440 * 2 * math.pi)) for n in range(int(seconds * rate)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()


class Device(QObject):
    """Plays nothing and writes down what it is told."""

    position_changed = Signal(int)
    length_changed = Signal(int)
    playing_changed = Signal(bool)
    failed = Signal(str)

    def __init__(self, parent):
        super().__init__(parent)
        self.done: list[tuple] = []
        self.content = b""

    def load(self, content):
        self.content = content
        self.length_changed.emit(60_000)

    def play(self):
        self.done.append(("play",))
        self.playing_changed.emit(True)

    def pause(self):
        self.done.append(("pause",))
        self.playing_changed.emit(False)

    def seek(self, position):
        self.done.append(("seek", position))

    def set_speed(self, speed):
        self.done.append(("speed", speed))

    def set_volume(self, volume):
        self.done.append(("volume", volume))

    def close(self):
        self.done.append(("close",))


class Table:
    """Players side by side over bytes by name."""

    def __init__(self, qtbot, **content: bytes):
        self.failures: list[BaseException] = []
        self.tasks = Tasks(self.failures.append)
        self.devices: list[Device] = []
        self.content = content
        self.sounds = Sounds(self.tasks, self.make)
        self.sounds.read = self.read
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.resize(700, 200)
        self.window.show()

    def make(self, parent):
        self.devices.append(Device(parent))
        return self.devices[-1]

    async def read(self, blob):
        if blob not in self.content:
            raise Missing("This attachment is not in the archive.")
        return self.content[blob]

    def player(self, blob: str = "a", **more) -> Player:
        made = Player(Audio(blob, "audio/wav", f"{blob}.wav", **more), self.sounds, self.window)
        made.resize(600, PLAYER_HEIGHT)
        made.show()
        return made

    async def press(self, player: Player) -> None:
        QTest.mouseClick(player.play_button, Qt.MouseButton.LeftButton)
        await self.tasks.settled()


async def test_play_and_pause(qtbot):
    table = Table(qtbot, a=tone())
    player = table.player(seconds=60.0)
    assert player.time.text() == "0:00 / 1:00" and not table.devices
    await table.press(player)
    [device] = table.devices
    assert device.content == table.content["a"] and device.done[-1] == ("play",)
    assert player.play_button.accessibleName() == "Pause"
    device.position_changed.emit(12_300)
    assert player.time.text() == "0:12 / 1:00" and player.bar.value() == 12_300
    await table.press(player)
    assert device.done[-1] == ("pause",) and player.play_button.accessibleName() == "Play"


async def test_keys_play_and_move_and_the_device_hears_of_it_once(qtbot):
    table = Table(qtbot, a=tone())
    player = table.player(seconds=60.0)
    QTest.keyClick(player, Qt.Key.Key_Space)
    await table.tasks.settled()
    [device] = table.devices
    device.done.clear()
    QTest.keyClick(player.bar, Qt.Key.Key_Right)
    assert device.done == [("seek", 5_000)]
    device.position_changed.emit(5_040)
    assert device.done == [("seek", 5_000)], "hearing of the place is no wish to go there"


async def test_speed_and_volume_hold_for_all_players_of_a_page(qtbot):
    table = Table(qtbot, a=tone(), b=tone())
    first, second = table.player("a"), table.player("b")
    await table.press(first)
    first.set_speed(1.5)
    first.loudness.setValue(40)
    assert ("speed", 1.5) in table.devices[0].done and ("volume", 0.4) in table.devices[0].done
    await table.press(second)
    assert ("speed", 1.5) in table.devices[1].done and ("volume", 0.4) in table.devices[1].done
    assert second.speed.text() == "1.5×" and second.loudness.value() == 40
    assert table.devices[0].done[-1] == ("pause",), "one sounds at a time"


async def test_no_output_is_said_in_words_and_can_be_tried_again(qtbot):
    table = Table(qtbot, a=tone())

    def nothing(parent):
        raise KnownError("This computer has no sound output.", "Connect headphones, then press Play again.")

    table.sounds.make_device = nothing
    player = table.player()
    await table.press(player)
    assert "no sound output" in player.title.text() and not player.is_playing
    table.sounds.make_device = table.make
    await table.press(player)
    assert table.devices[0].done[-1] == ("play",)
    assert table.failures == []


async def test_what_is_gone_or_no_sound_never_reaches_the_device(qtbot):
    table = Table(qtbot, a=b"#EXTM3U\nhttp://example.com/a.ts\n")
    lists, gone = table.player("a"), table.player("gone")
    await table.press(lists)
    await table.press(gone)
    assert "cannot be played" in lists.title.text() and "not in the archive" in gone.title.text()
    assert table.devices == []


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (tone(0.01), True), (b"ID3\4", True), (b"\xff\xfb\x90", True), (b"OggS\0", True), (b"fLaC", True),
        (b"\0\0\0\x20ftypM4A ", True), (b"\x1aE\xdf\xa3", True),
        (b"", False), (b"#EXTM3U", False), (b"ffconcat version 1.0", False), (b"<?xml", False),
        (b"RIFF\0\0\0\0AVI ", False),
    ],
)  # fmt: skip
def test_sound_is_told_by_its_first_bytes(content, is_one):
    assert is_sound(content) is is_one


async def test_a_transcript_places_a_player_and_keeps_the_one_that_sounds(qtbot):
    table = Table(qtbot, a=tone())
    model, view = TranscriptModel(), TranscriptView(theme.current())
    qtbot.addWidget(view)
    view.resize(700, 400)
    view.set_model(model)
    view.set_media(Media(None, lambda sound, parent: Player(sound, table.sounds, parent)))
    view.show()
    sounds = [
        Message(id=f"{n:06d}", role=Role.USER, parts=(Audio("a", "audio/wav", f"{n}.wav", "What was said. " * 40),))
        for n in range(40)
    ]
    model.reset([m.id for m in sounds], sounds)
    view.show_message("000000")

    def shown() -> list[Player]:
        return [player for player in view.findChildren(Player) if player.isVisible()]

    assert 1 <= len(shown()) <= 4 and "What was said." in view.rows.row(0).text()
    first = next(player for player in shown() if player.title.text() == "0.wav")
    rect = view.row_rect(0)
    assert rect.contains(first.mapToGlobal(first.rect().center()))
    await table.press(first)
    view.show_message("000030")
    assert first not in shown() and first.is_playing and ("close",) not in table.devices[0].done
    assert "0.wav" not in {player.title.text() for player in shown()}
    view.show_message("000000")
    assert first in shown()
    view.set_reading(Reading(percent=120))
    assert first in shown() and first.is_playing, "larger text does not end the sound"
    model.reset()
    assert ("close",) in table.devices[0].done


def test_nothing_of_multimedia_is_loaded_before_somebody_plays():
    """In a process of its own: other tests here do play."""
    import subprocess

    code = (
        "import sys, desktop.ui.widgets.player, desktop.ui.widgets.kept_media, desktop.ui.library.reading.view;"
        "sys.exit('PySide6.QtMultimedia' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.qt_log_ignore(".*")  # the player names each library of the system that is not there
async def test_a_real_wav_is_decoded_and_played_from_memory(qtbot):
    """The clock of the player runs, and the sound ends, also where there is nothing to hear it with."""
    pytest.importorskip("PySide6.QtMultimedia")
    from desktop.ui.widgets.sound_device import QtDevice

    device = QtDevice()
    lengths, places, states = [], [], []
    device.length_changed.connect(lengths.append)
    device.position_changed.connect(places.append)
    device.playing_changed.connect(states.append)
    import asyncio

    ended = asyncio.Event()
    device.playing_changed.connect(lambda is_playing: None if is_playing else ended.set())
    device.failed.connect(lambda sentence: ended.set())
    device.load(tone(0.4))
    device.set_speed(2.0)
    device.set_volume(0.5)
    device.play()
    async with asyncio.timeout(60):
        await ended.wait()
    assert lengths[-1] == 400 and max(places) >= 300 and states == [True, False]
    device.close()


@pytest.mark.qt_log_ignore(".*")
async def test_a_place_asked_for_before_the_sound_is_read_is_played_from(qtbot):
    pytest.importorskip("PySide6.QtMultimedia")
    import asyncio

    from desktop.ui.widgets.sound_device import QtDevice

    device = QtDevice()
    places: list[int] = []
    ended = asyncio.Event()
    device.position_changed.connect(places.append)
    device.playing_changed.connect(lambda is_playing: None if is_playing else ended.set())
    device.failed.connect(lambda sentence: ended.set())
    device.load(tone(2.0))
    device.seek(1700)
    device.play()
    async with asyncio.timeout(60):
        await ended.wait()
    assert min(place for place in places if place) >= 1600 and max(places) >= 1900
    device.close()
