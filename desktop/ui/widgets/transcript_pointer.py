"""The mouse over a transcript: what a press selects, a click opens, a drag scrolls and a hover shows."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, QPointF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QScrollBar, QWidget

from desktop.ui.widgets import links
from desktop.ui.widgets.transcript_block import Block
from desktop.ui.widgets.transcript_fold import Fold
from desktop.ui.widgets.transcript_media import PictureBlock
from desktop.ui.widgets.transcript_selection import Selection, to_clipboard
from desktop.ui.widgets.transcript_sight import Sight

COPIED_MS = 1_500
DRAG_MS = 30
DRAG_PX = 4
"""The mouse moves as far before a press becomes a drag."""


class Pointer(QObject):
    link = Signal(object)  # the verdict over a link that was clicked
    picture = Signal(str)  # the address of a picture that is not loaded
    shown = Signal(object)  # a kept picture that is to be seen large
    folded = Signal(object)  # a folded line that was clicked
    pressed = Signal(int)  # the row
    hovered = Signal(int)  # the row, -1 for none
    released = Signal()

    def __init__(self, sight: Sight, selection: Selection, viewport: QWidget, bar: QScrollBar, parent: QObject) -> None:
        super().__init__(parent)
        self._sight, self._selection, self._viewport, self._bar = sight, selection, viewport, bar
        self.is_dragging = False
        self.row = -1
        """The row under the mouse."""
        self._at = self._pressed_at = QPointF(-1, -1)
        self._since_double = QElapsedTimer()
        self._drag_timer = QTimer(self, interval=DRAG_MS)
        self._drag_timer.timeout.connect(self._drag_on)

    def press(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        place = self._sight.place_at(event.position())
        if self._is_third(event) and self._selection.take_block(place):
            pass
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._selection.anchor is not None:
            self._selection.cursor = place
        else:
            self._selection.begin(place)
        self._pressed_at = event.position()
        self.is_dragging = False
        self.pressed.emit(place[0])
        self._viewport.update()

    def move(self, event: QMouseEvent) -> None:
        self._at = event.position()
        if not (event.buttons() & Qt.MouseButton.LeftButton and self._selection.anchor is not None):
            self._hover()
            return
        if not self.is_dragging and (self._at - self._pressed_at).manhattanLength() > DRAG_PX:
            self.is_dragging = True
            self._drag_timer.start()
        if self.is_dragging:
            self._select_to_here()

    def release(self, event: QMouseEvent) -> None:
        self._drag_timer.stop()
        was_dragging, self.is_dragging = self.is_dragging, False
        if event.button() is Qt.MouseButton.LeftButton and not was_dragging and self._selection.stretch is None:
            self._click(event.position())
        self.released.emit()

    def double_click(self, event: QMouseEvent) -> None:
        place = self._sight.place_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton and self._selection.take_word(place):
            self._pressed_at = event.position()
            self._since_double.start()
            self._viewport.update()

    def _is_third(self, event: QMouseEvent) -> bool:
        """A press right after a double click, in the same place."""
        interval = QGuiApplication.styleHints().mouseDoubleClickInterval()
        is_soon = self._since_double.isValid() and self._since_double.elapsed() < interval
        self._since_double.invalidate()
        return is_soon and (event.position() - self._pressed_at).manhattanLength() <= DRAG_PX

    def leave(self) -> None:
        self.row = -1
        self.hovered.emit(-1)

    def wheel(self, event: QWheelEvent) -> bool:
        """True where it was meant for a block that scrolls sideways."""
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
        sideways = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if not sideways or abs(sideways) < abs(delta.y() if delta.x() else 0):
            return False
        spot = self._sight.inside(event.position())
        if spot is not None and spot[0].wheel(-sideways):
            self._viewport.update()
        return True

    @Slot()
    def _drag_on(self) -> None:
        """Scroll while the mouse drags a selection beyond an edge."""
        y, height = self._at.y(), self._sight.page
        beyond = y if y < 0 else y - height if y > height else 0
        if beyond:
            self._bar.setValue(self._bar.value() + int(beyond / 2) + (1 if beyond > 0 else -1))
            self._select_to_here()

    def _select_to_here(self) -> None:
        self._selection.cursor = self._sight.place_at(self._at)
        self._viewport.update()

    def _hover(self) -> None:
        row = self._sight.row_at(self._at.y())
        if row != self.row:
            self.row = row
            self.hovered.emit(row)
        self._viewport.setCursor(self._shape())

    def _shape(self) -> Qt.CursorShape:
        spot = self._sight.inside(self._at)
        if spot is None:
            return Qt.CursorShape.ArrowCursor
        block, x, y = spot
        if isinstance(block, PictureBlock) and block.is_at(x, y):
            return Qt.CursorShape.PointingHandCursor
        if isinstance(block, Fold) or block.link_at(x, y) or block.picture_at(x, y) or block.is_copy_at(x, y):
            return Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.IBeamCursor

    def _click(self, at: QPointF) -> None:
        spot = self._sight.inside(at)
        if spot is None:
            return
        block, x, y = spot
        if isinstance(block, Fold):
            self.folded.emit(block)
        elif isinstance(block, PictureBlock):
            if block.is_at(x, y):
                self.shown.emit(block.picture)
        elif block.is_copy_at(x, y):
            to_clipboard(block.text())
            self._say_copied(block)
        elif found := block.link_at(x, y):
            self.link.emit(links.decide(*found))
        elif address := block.picture_at(x, y):
            self.picture.emit(address)

    def _say_copied(self, block: Block, is_said: bool = True) -> None:
        block.said_copied = is_said
        self._sight.repaint_blocks(block)
        if is_said:
            QTimer.singleShot(COPIED_MS, self, lambda: self._say_copied(block, False))
