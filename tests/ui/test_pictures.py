"""Pictures in a transcript: bounded, decoded elsewhere, in a place known before; never anything but pictures."""

from __future__ import annotations

import struct
import zlib

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QPoint, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QImageReader
from PySide6.QtTest import QTest

from desktop.core.conversation import Message, Picture, Role, Text
from desktop.core.errors import BadFile, KnownError, Missing
from desktop.ui import dialogs, theme
from desktop.ui.tasks import Tasks
from desktop.ui.widgets.kept_media import KeptMedia, file_name
from desktop.ui.widgets.picture_window import PictureWindow
from desktop.ui.widgets.pictures import ALLOCATION_MB, decoded, format_of, size_of
from desktop.ui.widgets.transcript import TranscriptView
from desktop.ui.widgets.transcript_media import MOST_PICTURES, Chip, PictureBlock
from desktop.ui.widgets.transcript_model import TranscriptModel

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="file:///etc/hostname"/></svg>'


def drawn(width: int, height: int, colour: str = "#cc3311", kind: str = "PNG") -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, kind)
    return bytes(buffer.data().data())


def claimed(width: int, height: int) -> bytes:
    """A PNG that says it is of some size, and has nearly nothing in it."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


class Kept:
    """Bytes by their names, as the archive has them."""

    def __init__(self, **content: bytes):
        self.content, self.reads = content, []

    async def read(self, blob: str) -> bytes:
        self.reads.append(blob)
        if blob not in self.content:
            raise Missing("This attachment is not in the archive.")
        return self.content[blob]

    async def heads(self, names, most):
        return {name: self.content[name][:most] for name in names if name in self.content}


class Shown:
    def __init__(self, qtbot, kept: Kept, *messages: Message):
        self.failures: list[BaseException] = []
        self.kept, self.messages = kept, messages
        self.tasks = Tasks(self.failures.append)
        self.model = TranscriptModel()
        self.view = TranscriptView(theme.current())
        qtbot.addWidget(self.view)
        self.view.resize(760, 700)
        self.view.set_model(self.model)
        self.media = KeptMedia(self.view, self.tasks)
        self.media.attach(kept)
        self.view.show()

    async def learn(self) -> None:
        await self.media.learn(self.messages)
        self.show()

    def show(self) -> None:
        self.model.reset([m.id for m in self.messages], self.messages)

    def blocks(self, row: int = 0):
        return [b for b in self.view.rows.row(row).blocks if isinstance(b, PictureBlock | Chip)]

    async def seen(self) -> QImage:
        """The window's picture once nothing is being decoded any more."""
        self.view.viewport().grab()
        await self.tasks.settled()
        return self.view.viewport().grab().toImage()

    def middle(self, row: int = 0, number: int = 0) -> QPoint:
        made = self.view.rows.made[row]
        at = made.blocks.index(self.blocks(row)[number])
        corner = self.view.viewport().mapFromGlobal(self.view.row_rect(row).topLeft())
        return corner + QPoint(made.x_of(made.blocks[at]) + 10, made.tops[at] + 10)


def message(*pictures: str, text: str = "Look.") -> Message:
    parts = tuple(Picture(blob, "image/png", f"{blob}.png") for blob in pictures)
    return Message(id="000001", role=Role.USER, parts=(*parts, Text(text)))


# Bounds of what is decoded


def test_the_four_kinds_are_told_by_their_first_bytes():
    assert format_of(drawn(2, 2)) == b"png"
    assert format_of(drawn(2, 2, kind="JPG")) == b"jpeg"
    assert format_of(drawn(2, 2, kind="WEBP")) == b"webp"
    assert format_of(b"GIF89a" + bytes(8)) == b"gif"
    assert format_of(drawn(2, 2, kind="BMP")) == b""


@pytest.mark.parametrize("content", [SVG, b"", b"no picture", drawn(4, 4, kind="BMP"), b"\x89PNG\r\n\x1a\n" + SVG])
def test_anything_else_is_refused_whatever_its_name(content, capfd):
    with pytest.raises(BadFile):
        decoded(content)


def test_a_picture_of_fifty_megapixels_is_refused_by_its_head():
    with pytest.raises(BadFile, match="50 megapixels"):
        decoded(claimed(10_000, 5_000))
    assert QImageReader.allocationLimit() == ALLOCATION_MB


def test_a_cut_picture_is_damaged_at_every_place(capfd):
    whole = drawn(300, 200)
    for length in (9, 20, 33, 60, len(whole) // 2):
        with pytest.raises(BadFile):
            decoded(whole[:length])


def test_a_picture_is_scaled_while_it_is_decoded_and_never_enlarged():
    assert decoded(drawn(1000, 500), QSize(200, 200)).size() == QSize(200, 100)
    assert decoded(drawn(20, 10), QSize(200, 200)).size() == QSize(20, 10)
    assert size_of(drawn(1000, 500)[:1000]) == QSize(1000, 500)


def test_of_a_moving_picture_the_first_frame_is_shown():
    gif = bytes.fromhex(
        "47494638396101000100800100ff0000ffffff21f904000a0001002c00000000010001000002024401002"
        "1f904000a0001002c000000000100010000020244010 03b".replace(" ", "")
    )
    assert decoded(gif).size() == QSize(1, 1)


def test_a_photograph_on_its_side_is_turned():
    plain = drawn(40, 20, kind="JPG")
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]
    assert size_of(turned) == QSize(20, 40)
    assert decoded(turned).size() == QSize(20, 40)
    assert decoded(turned, QSize(10, 10)).size() == QSize(5, 10)


# In the transcript


async def test_a_picture_has_its_place_before_it_is_decoded_and_nothing_moves(qtbot):
    shown = Shown(qtbot, Kept(red=drawn(400, 300)), message("red"))
    await shown.learn()
    shown.view.viewport().grab()
    before = shown.view.row_rect(0)
    assert shown.blocks()[0].height == 300
    assert shown.kept.reads == ["red"] or shown.kept.reads == [], "only its head was read for the place"
    image = await shown.seen()
    assert shown.view.row_rect(0) == before
    assert image.pixelColor(shown.middle()) == QColor("#cc3311")
    assert shown.failures == []


async def test_a_size_nobody_learned_comes_with_the_picture(qtbot):
    shown = Shown(qtbot, Kept(red=drawn(600, 120)), message("red"))
    shown.show()
    await shown.seen()
    assert shown.blocks()[0].height == 120
    assert (await shown.seen()).pixelColor(shown.middle()) == QColor("#cc3311")


async def test_a_tall_picture_is_bounded_and_keeps_its_shape(qtbot):
    shown = Shown(qtbot, Kept(tall=drawn(300, 3000)), message("tall"))
    await shown.learn()
    assert shown.blocks()[0].height == theme.current().px(480)
    await shown.seen()
    assert shown.blocks()[0]._box.width() == theme.current().px(48)


async def test_what_is_no_picture_is_its_name_and_says_why(qtbot, capfd):
    content = {"svg": SVG, "huge": claimed(10_000, 5_000), "cut": drawn(300, 200)[:120]}
    shown = Shown(qtbot, Kept(**content), message("svg", "huge", "cut", "gone"))
    await shown.learn()
    await shown.seen()
    problem = shown.media.pictures.problem
    assert problem("svg") == "not a kind of picture that is shown here"
    assert problem("huge") == "too large to show (50 megapixels)"
    assert problem("cut") == "damaged"
    assert problem("gone") == "not in the archive"
    assert {block.height for block in shown.blocks()} == {theme.current().px(32)}
    assert "svg" not in shown.kept.reads and "huge" not in shown.kept.reads, "their first bytes were enough"
    assert shown.failures == []


async def test_of_twenty_five_pictures_twenty_are_drawn_and_five_named(qtbot):
    names = [f"p{n}" for n in range(25)]
    shown = Shown(qtbot, Kept(**{name: drawn(30, 20) for name in names}), message(*names))
    await shown.learn()
    await shown.seen()
    kinds = [type(block) for block in shown.blocks()]
    assert kinds.count(PictureBlock) == MOST_PICTURES == 20
    assert [block.text() for block in shown.blocks() if isinstance(block, Chip)] == [f"p{n}.png" for n in range(20, 25)]


async def test_only_pictures_in_view_are_decoded(qtbot):
    messages = [
        Message(id=f"{n:06d}", role=Role.USER, parts=(Picture(f"p{n}", "image/png"), Text("Look."))) for n in range(60)
    ]
    kept = Kept(**{f"p{n}": drawn(200, 400) for n in range(60)})
    shown = Shown(qtbot, kept, *messages)
    await shown.learn()
    await shown.seen()
    assert 1 <= len(set(kept.reads)) < 12


async def test_a_click_shows_it_large_and_esc_closes(qtbot):
    shown = Shown(qtbot, Kept(red=drawn(1600, 900)), message("red"))
    await shown.learn()
    await shown.seen()
    QTest.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=shown.middle())
    await shown.tasks.settled()
    window = shown.view.window().findChild(PictureWindow)
    assert window is not None and window.isVisible() and window.windowTitle() == "red.png"
    canvas = window.canvas
    assert canvas.scale < 1 and window.percent.text().endswith("%")
    QTest.keyClick(canvas, Qt.Key.Key_1)
    assert canvas.scale == pytest.approx(1.0)
    QTest.keyClick(canvas, Qt.Key.Key_Plus)
    assert canvas.scale == pytest.approx(1.25)
    QTest.keyClick(canvas, Qt.Key.Key_0)
    assert canvas.scale < 1
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not window.isVisible()


async def test_a_picture_is_copied_whole_and_saved_byte_for_byte(qtbot, tmp_path, monkeypatch):
    content = drawn(1600, 900)
    shown = Shown(qtbot, Kept(red=content), message("red"))
    await shown.learn()
    picture = shown.messages[0].parts[0]
    shown.view.part_action.emit("copy", picture)
    await shown.tasks.settled()
    assert QGuiApplication.clipboard().image().size() == QSize(1600, 900)
    target = tmp_path / "saved.png"

    async def chosen(parent, title, name, pattern=""):
        assert name == "red.png"
        return str(target)

    monkeypatch.setattr(dialogs, "choose_new_file", chosen)
    shown.view.part_action.emit("save", picture)
    await shown.tasks.settled()
    assert target.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["saved.png"]


async def test_by_the_keyboard_a_picture_is_reached_in_its_messages_menu(qtbot):
    shown = Shown(qtbot, Kept(red=drawn(30, 20)), message("red"))
    await shown.learn()
    await shown.seen()
    words = [action.text() for action in shown.view.menu_of(0).actions()]
    assert words[:3] == ["Show picture large", "Copy picture", "Save “red.png” as …"]


async def test_what_cannot_be_shown_large_says_so(qtbot, capfd):
    shown = Shown(qtbot, Kept(cut=drawn(300, 200)[:120]), message("cut"))
    shown.view.part_action.emit("show", shown.messages[0].parts[0])
    await shown.tasks.settled()
    [failure] = shown.failures
    assert isinstance(failure, KnownError) and "cut.png" in failure.summary


def test_a_name_to_save_under_is_harmless_and_has_an_ending():
    assert file_name(Picture("x", "image/jpeg", "../../.ssh/id")) not in ("", "../../.ssh/id.jpg")
    assert "/" not in file_name(Picture("x", "image/jpeg", "../../.ssh/id"))
    assert file_name(Picture("x", "image/jpeg")) == "picture.jpg"
