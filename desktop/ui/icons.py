"""Our own line icons: SVG in one colour, drawn sharp in whatever colour and size is asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QApplication, QToolButton, QWidget

from desktop.paths import resource

ACTION_PX = 18  # of a button that shows an action
WORN = "davenport_icon"
"""The dynamic property that remembers which icon, in which tones, a button or action wears."""


@lru_cache(maxsize=128)
def source(name: str) -> str:
    """The SVG of an icon, as text."""
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def names() -> list[str]:
    """Every icon there is."""
    return sorted(path.stem for path in resource("icons").glob("*.svg"))


@lru_cache(maxsize=256)
def _shape(name: str, side: int) -> QPixmap:
    """An icon in black, `side` pixels of the screen wide."""
    renderer = QSvgRenderer(QByteArray(source(name).replace("currentColor", "#000000").encode()))
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(pixmap.rect()))
    painter.end()
    return pixmap


@lru_cache(maxsize=512)
def _drawn(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    """The shape in a colour: six times as fast as reading and drawing the SVG again for each tone."""
    pixmap = QPixmap(_shape(name, round(size * ratio)))
    painter = QPainter(pixmap)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(pixmap.rect(), QColor(colour))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def pixmap(name: str, colour: QColor, size: int) -> QPixmap:
    """An icon of `size` logical pixels, at the sharpest ratio any screen here needs."""
    ratio = max((screen.devicePixelRatio() for screen in QGuiApplication.screens()), default=1.0)
    return _drawn(name, colour.name(), size, ratio)


def icon(name: str, colour: QColor, disabled: QColor, size: int, checked: QColor | None = None) -> QIcon:
    made = QIcon()
    made.addPixmap(pixmap(name, colour, size), QIcon.Mode.Normal)
    made.addPixmap(pixmap(name, disabled, size), QIcon.Mode.Disabled)
    if checked is not None:
        made.addPixmap(pixmap(name, checked, size), QIcon.Mode.Normal, QIcon.State.On)
    return made


class Painter(Protocol):
    """What the theme offers icons; `put` and `refresh` need no more of it."""

    def icon(self, name: str, tone: str = "text", checked: str = "") -> QIcon: ...
    def px(self, size: float) -> int: ...


def put(
    wearer: QAbstractButton | QAction, name: str, tone: str = "muted", checked: str = "", *, later: bool = False
) -> None:
    """Give a button or an action an icon that follows every later change of the theme.

    With `later` it is drawn at the next `refresh`: for actions that are on no button.
    """
    wearer.setProperty(WORN, f"{name}|{tone}|{checked}")
    if later:
        return
    from desktop.ui import theme  # theme draws icons, so it imports this module

    _dress(wearer, theme.current())


def _dress(wearer: QObject, painter: Painter) -> None:
    worn = wearer.property(WORN)
    if worn is None and isinstance(wearer, QToolButton) and wearer.defaultAction() is not None:
        side = painter.px(ACTION_PX)
        wearer.setIconSize(QSize(side, side))
    if not isinstance(worn, str) or not isinstance(wearer, QAbstractButton | QAction):
        return
    name, tone, checked = worn.split("|")
    wearer.setIcon(painter.icon(name, tone, checked))
    if isinstance(wearer, QAbstractButton):
        side = painter.px(wearer.property("icon_px") or 18)
        wearer.setIconSize(QSize(side, side))


def refresh(painter: Painter, only: QWidget | None = None) -> None:
    """Dress everything, or one widget with all in it, again after the theme changed."""
    for window in QApplication.topLevelWidgets() if only is None else [only]:
        _dress(window, painter)
        for kind in (QAbstractButton, QAction):
            for child in window.findChildren(kind):
                _dress(child, painter)


def application() -> QIcon:
    """The application's own icon, in the sizes windows and task bars ask for."""
    return QIcon(str(resource("davenport.svg")))
