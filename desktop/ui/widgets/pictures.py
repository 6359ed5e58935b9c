"""Pictures from the clipboard as bytes that can be kept."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage, QPixmap


def png_of(picture: object) -> bytes:
    """PNG of a QImage or QPixmap; nothing for an empty one or anything else."""
    image = picture.toImage() if isinstance(picture, QPixmap) else picture
    if not isinstance(image, QImage) or image.isNull():
        return b""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())
