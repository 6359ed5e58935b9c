"""A picture in a window of its own: fitted, in its own size, nearer and farther."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from desktop.ui import icons, theme
from desktop.ui.widgets.labels import ElidedLabel, plain_label

STEP = 1.25
SMALLEST, LARGEST = 0.02, 16.0
MOVE = 64


class Canvas(QWidget):
    """The picture with what is around it; dragged and zoomed about the pointer."""

    scaled = Signal(float)

    def __init__(self, image: QImage, parent: QWidget) -> None:
        super().__init__(parent)
        self._image = image
        self._scale, self._is_fitted = 1.0, True
        self._middle = QPointF(image.width() / 2, image.height() / 2)
        self._pressed: QPointF | None = None
        self.setObjectName("picture.canvas")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def scale(self) -> float:
        """Logical pixels of the window for one of the picture."""
        return self._scale

    def fit(self) -> None:
        """The whole picture, never larger than it is."""
        self._is_fitted = True
        self._middle = QPointF(self._image.width() / 2, self._image.height() / 2)
        room = self.size() - QSize(theme.current().gap(32), theme.current().gap(32))
        share = min(room.width() / max(1, self._image.width()), room.height() / max(1, self._image.height()))
        self._set_scale(min(1.0, share))

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """About a point of the window, or else its middle."""
        self._is_fitted = False
        spot = about if about is not None else QPointF(self.width() / 2, self.height() / 2)
        held = self._inside(spot)
        self._set_scale(self._scale * factor)
        self._middle += held - self._inside(spot)
        self._keep_in_view()

    def show_at(self, scale: float) -> None:
        self.zoom(scale / self._scale)

    def move_by(self, dx: float, dy: float) -> None:
        self._middle += QPointF(dx, dy) / self._scale
        self._keep_in_view()

    def _set_scale(self, scale: float) -> None:
        self._scale = max(SMALLEST, min(LARGEST, scale))
        self.scaled.emit(self._scale)
        self.update()

    def _keep_in_view(self) -> None:
        x = max(0.0, min(self._middle.x(), float(self._image.width())))
        y = max(0.0, min(self._middle.y(), float(self._image.height())))
        self._middle = QPointF(x, y)
        self.update()

    def _inside(self, spot: QPointF) -> QPointF:
        """The point of the picture under a point of the window."""
        return self._middle + (spot - QPointF(self.width() / 2, self.height() / 2)) / self._scale

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme.current().color("panel"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._scale < 2)
        size = QPointF(self._image.width(), self._image.height()) * self._scale
        corner = QPointF(self.width() / 2, self.height() / 2) - self._middle * self._scale
        frame = QRectF(corner.x(), corner.y(), size.x(), size.y())
        if self._image.hasAlphaChannel():
            painter.fillRect(frame, QColor(theme.current().color("card")))
        painter.drawImage(frame, self._image)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._is_fitted:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        steps = event.angleDelta().y() / 120
        if steps:
            self.zoom(STEP**steps, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None:
            moved = self._pressed - event.position()
            self._pressed = event.position()
            self.move_by(moved.x(), moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._is_fitted:
            self.zoom(1 / self._scale, event.position())
        else:
            self.fit()


class PictureWindow(QWidget):
    """Esc closes; + and -, 0 for the whole, 1 for its own size, arrows move; `copied` and `saved` are wishes."""

    copy_wanted = Signal()
    save_wanted = Signal()

    def __init__(self, image: QImage, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("picture")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        theme.style_as(self, "window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(name or "Picture")
        self.setAccessibleName(f"Picture {name}".strip())
        self._build(image, name)
        look = theme.current()
        self.resize(look.px(960), look.px(720))

    def _build(self, image: QImage, name: str) -> None:
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(look.gap(16), look.gap(8), look.gap(12), look.gap(8))
        row.setSpacing(look.gap(4))
        title = ElidedLabel(name or "Picture", self)
        theme.style_as(title, "strong")
        row.addWidget(title, 1)
        row.addWidget(plain_label(f"{image.width()} × {image.height()}", "muted", self))
        self.percent = plain_label("", "muted", self)
        self.percent.setObjectName("picture.percent")
        self.percent.setMinimumWidth(look.px(56))
        self.percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.percent)
        self.canvas = Canvas(image, self)
        self.canvas.setAccessibleName(self.accessibleName())
        self.canvas.scaled.connect(lambda scale: self.percent.setText(f"{scale * 100:.0f} %"))
        row.addWidget(self._button("smaller", "Farther (-)", "minus", lambda: self.canvas.zoom(1 / STEP)))
        row.addWidget(self._button("larger", "Nearer (+)", "plus", lambda: self.canvas.zoom(STEP)))
        row.addWidget(self._button("copy", "Copy picture (Ctrl+C)", "copy", self.copy_wanted.emit))
        row.addWidget(self._button("save", "Save as … (Ctrl+S)", "download", self.save_wanted.emit))
        row.addWidget(self._button("close", "Close (Esc)", "close", self.close))
        column.addLayout(row)
        column.addWidget(self.canvas, 1)
        self.canvas.setFocus()

    def _button(self, name: str, text: str, icon: str, work: object) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"picture.{name}")
        button.setAccessibleName(text.partition(" (")[0])
        button.setToolTip(text)
        icons.put(button, icon)
        button.clicked.connect(lambda: work())  # type: ignore[operator]
        return button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, has_ctrl = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        moves = {
            Qt.Key.Key_Left: (-MOVE, 0),
            Qt.Key.Key_Right: (MOVE, 0),
            Qt.Key.Key_Up: (0, -MOVE),
            Qt.Key.Key_Down: (0, MOVE),
        }
        if key == Qt.Key.Key_Escape:
            self.close()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.canvas.zoom(STEP)
        elif key == Qt.Key.Key_Minus:
            self.canvas.zoom(1 / STEP)
        elif key == Qt.Key.Key_0:
            self.canvas.fit()
        elif key == Qt.Key.Key_1:
            self.canvas.show_at(1.0)
        elif has_ctrl and key == Qt.Key.Key_C:
            self.copy_wanted.emit()
        elif has_ctrl and key == Qt.Key.Key_S:
            self.save_wanted.emit()
        elif key in moves:
            self.canvas.move_by(*moves[Qt.Key(key)])
        else:
            super().keyPressEvent(event)
