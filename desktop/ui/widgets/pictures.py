"""Pictures as bytes and as images: what is kept is decoded within bounds, in workers, and drawn when it is there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageIOHandler, QImageReader, QPixmap

from desktop.core.conversation import Message, Picture
from desktop.core.errors import BadFile, KnownError

if TYPE_CHECKING:
    import asyncio

    from desktop.services.attachments import Attachments
    from desktop.ui.tasks import Tasks

T = TypeVar("T")

ALLOCATION_MB = 128
MOST_PIXELS = 40_000_000
HEAD_BYTES = 64 * 1024
"""Enough of a picture to know its size, nearly always."""
KEPT_BYTES = 96 * 1024 * 1024
AT_ONCE = 2
FORMATS = ((b"\x89PNG\r\n\x1a\n", b"png"), (b"\xff\xd8\xff", b"jpeg"), (b"GIF8", b"gif"))
TURNED = QImageIOHandler.Transformation.TransformationRotate90.value


def png_of(picture: object) -> bytes:
    """PNG of a QImage or QPixmap; nothing for an empty one or anything else."""
    image = picture.toImage() if isinstance(picture, QPixmap) else picture
    if not isinstance(image, QImage) or image.isNull():
        return b""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


def format_of(content: bytes) -> bytes:
    """Qt's name of a format that is shown, by the first bytes and nothing else; empty for all others."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return b"webp"
    return next((name for begins, name in FORMATS if content.startswith(begins)), b"")


def size_of(content: bytes) -> QSize:
    """The size of a picture as it is shown, from its first bytes; invalid where they do not tell."""
    return _Source(content).size


def decoded(content: bytes, box: QSize | None = None) -> QImage:
    """The first frame of a picture, no larger than `box`. Raises BadFile with what is wrong, for any bytes."""
    QImageReader.setAllocationLimit(ALLOCATION_MB)
    if not format_of(content):
        raise BadFile("not a kind of picture that is shown here", "PNG, JPEG, WebP and GIF are.")
    source = _Source(content)
    size = source.size
    if not size.isValid() or size.isEmpty():
        raise BadFile("damaged")
    if size.width() * size.height() > MOST_PIXELS:
        raise BadFile(f"too large to show ({size.width() * size.height() / 1e6:.0f} megapixels)")
    if box is not None and (size.width() > box.width() or size.height() > box.height()):
        scaled = size.scaled(box, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
        source.scale(scaled)
    image = source.reader.read()
    if image.isNull():
        raise BadFile("damaged" if size.width() * size.height() * 4 < ALLOCATION_MB << 20 else "too large to show")
    return image


async def in_worker(work: Callable[[], T]) -> T:
    import asyncio

    return await asyncio.to_thread(work)


class _Source:
    """A reader over bytes in memory, with what it reads from, which must live as long."""

    def __init__(self, content: bytes) -> None:
        self._content = QByteArray(content)
        self._buffer = QBuffer()
        self._buffer.setData(self._content)
        self._buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        self.reader = QImageReader(self._buffer, QByteArray(format_of(content)))
        self.reader.setAutoDetectImageFormat(False)
        self.reader.setDecideFormatFromContent(False)
        self.reader.setAutoTransform(True)

    @property
    def size(self) -> QSize:
        """As it is shown: a photograph may be stored lying on its side."""
        size = self.reader.size()
        return size.transposed() if self.is_turned else size

    @property
    def is_turned(self) -> bool:
        return bool(self.reader.transformation().value & TURNED)

    def scale(self, size: QSize) -> None:
        self.reader.setScaledSize(size.transposed() if self.is_turned else size)


@dataclass(slots=True)
class _Known:
    size: QSize | None = None
    problem: str = ""
    image: QImage | None = None
    box: QSize | None = None


class Pictures(QObject):
    """Kept pictures for a transcript: sizes first, then images in the size they are drawn in."""

    changed = Signal(str)

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._attachments: Attachments | None = None
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._wanted: dict[str, QSize] = {}
        self._count = 0
        self._turn: asyncio.Semaphore | None = None

    def attach(self, attachments: Attachments) -> None:
        import asyncio  # slow to import, and nothing is read before the first paint

        self._attachments, self._turn = attachments, asyncio.Semaphore(AT_ONCE)

    async def learn(self, messages: Iterable[Message]) -> None:
        """Read the sizes of the messages' pictures, so that their places are right from the beginning."""
        names = {part.blob for each in messages for part in each.parts if isinstance(part, Picture)}
        new = [name for name in names if name not in self._known]
        if not new or self._attachments is None:
            return
        heads = await self._attachments.heads(new, HEAD_BYTES)
        sizes = await in_worker(lambda: {name: size_of(head) for name, head in heads.items()})
        for name in new:
            known = self._known.setdefault(name, _Known())
            size = sizes.get(name)
            if size is None:
                known.problem = "not in the archive"
            elif not format_of(heads[name]):
                known.problem = "not a kind of picture that is shown here"
            elif size.isValid():
                known.size = size
                if size.width() * size.height() > MOST_PIXELS:
                    known.problem = f"too large to show ({size.width() * size.height() / 1e6:.0f} megapixels)"

    def size(self, blob: str) -> QSize | None:
        if (known := self._known.get(blob)) is None:
            self._want(blob, QSize())
            return None
        return known.size

    def problem(self, blob: str) -> str:
        return known.problem if (known := self._known.get(blob)) else ""

    def image(self, blob: str, box: QSize) -> QImage | None:
        known = self._known.get(blob)
        if known is not None and known.image is not None and known.box is not None:
            self._known.move_to_end(blob)
            is_enough = known.box.width() >= box.width() - 1 or known.image.size() == known.size
            if not is_enough:
                self._want(blob, box)
            return known.image
        if not self.problem(blob):
            self._want(blob, box)
        return None

    async def whole(self, picture: Picture) -> QImage:
        """The picture in its own size; raises KnownError."""
        content = await self.content(picture)
        try:
            return await in_worker(lambda: decoded(content))
        except BadFile as error:
            name = f"“{picture.name}”" if picture.name else "The picture"
            raise BadFile(f"{name} cannot be shown: {error.summary}.", error.advice) from error

    async def content(self, picture: Picture) -> bytes:
        assert self._attachments is not None, "the services are attached before anything is shown"
        return await self._attachments.read(picture.blob)

    def _want(self, blob: str, box: QSize) -> None:
        """Read it soon, and decode it for the size that was asked for last; one at a time for each picture."""
        is_new = blob not in self._wanted
        self._wanted[blob] = box
        if is_new and self._attachments is not None:
            self._count += 1  # a name of its own: a task that is just ending must not be cancelled by the next one
            if self._tasks.start(self._bring(blob), name=f"picture:{id(self)}:{self._count}") is None:
                self._wanted.pop(blob, None)

    async def _bring(self, blob: str) -> None:
        assert self._attachments is not None and self._turn is not None
        known = self._known.get(blob) or _Known()
        try:
            async with self._turn:
                await self._read(blob, known)
        except KnownError as error:
            known.problem = error.summary if isinstance(error, BadFile) else "not in the archive"
        finally:
            self._wanted.pop(blob, None)
        self._known[blob] = known
        self._forget_some(blob)
        self.changed.emit(blob)

    async def _read(self, blob: str, known: _Known) -> None:
        """Its size where that is new, and the picture where somebody knows how large it is to be."""
        assert self._attachments is not None
        content = await self._attachments.read(blob)
        if known.size is None:
            known.size = await in_worker(lambda: size_of(content))
        box = self._wanted.get(blob, QSize())
        if not box.isEmpty():
            known.image, known.box = await in_worker(lambda: decoded(content, box)), box

    def _forget_some(self, newest: str) -> None:
        """Images that were not drawn for long make room; sizes stay."""
        kept = sum(known.image.sizeInBytes() for known in self._known.values() if known.image is not None)
        for blob, known in self._known.items():
            if kept <= KEPT_BYTES:
                return
            if known.image is not None and blob != newest:
                kept -= known.image.sizeInBytes()
                known.image = known.box = None
