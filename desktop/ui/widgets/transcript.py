"""The transcript: a conversation of any length as lazy rows, with one selection over all of them.

What it is made of stands in modules of its own: `_model` the ids and messages, `_lazy` the rows near the window,
`_sight` what is in view, `_stream` text that arrives, `_repaint` and `_ahead` its speed, `_selection`, `_found`,
`_going`, `_steps` (keys), `_pointer` (mouse), `_menu` and `_over` (what stands over the text) its use. A row is laid
out in `_rows`, of `_section`s of `_blocks`, and drawn by `_picture`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPoint, QPointF, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QMenu, QWidget

from desktop.core.conversation import Message, plain
from desktop.core.hit_marks import Finder
from desktop.ui.theme import Theme
from desktop.ui.widgets import transcript_accessible
from desktop.ui.widgets.transcript_ahead import Ahead
from desktop.ui.widgets.transcript_block import Block
from desktop.ui.widgets.transcript_fold import Fold
from desktop.ui.widgets.transcript_found import Found
from desktop.ui.widgets.transcript_going import Going
from desktop.ui.widgets.transcript_ink import Ink, Reading
from desktop.ui.widgets.transcript_media import Media, PictureBlock
from desktop.ui.widgets.transcript_menu import AddMore, MessageMenu, Spot
from desktop.ui.widgets.transcript_model import TranscriptModel
from desktop.ui.widgets.transcript_over import Over
from desktop.ui.widgets.transcript_picture import Picture
from desktop.ui.widgets.transcript_place import ReadingPlace
from desktop.ui.widgets.transcript_pointer import Pointer
from desktop.ui.widgets.transcript_repaint import Before, Repaint
from desktop.ui.widgets.transcript_scroll_bar import OpaqueBar
from desktop.ui.widgets.transcript_selection import Selection, to_clipboard
from desktop.ui.widgets.transcript_sight import Sight
from desktop.ui.widgets.transcript_steps import Steps
from desktop.ui.widgets.transcript_stream import Streams

AHEAD_FRAMES = 8
"""While a text grows, what is wanted later is looked after once in so many frames."""


class TranscriptView(QAbstractScrollArea):
    """Rows are painted by this widget; only those near the window are laid out.

    `action` names what the user asked of a message: copy (done here), edit, regenerate, branch_before, branch_after,
    continue, retry, more, fork, quote. `link` carries the verdict over a clicked link. `needed` lists rows that came
    into view and are not loaded. `copy_needed` lists the ids of a selection whose text is not all loaded: answer it
    with `copy_messages`. `place_changed` names the message at the top of the window and the last heading above it.
    A view that `is_reading` changes nothing: it has no edit, no second answer. `page` begins the names of its objects.
    """

    action = Signal(str, str)
    link = Signal(object)
    picture = Signal(str)
    needed = Signal(list)
    copy_needed = Signal(list)
    current_changed = Signal(str)
    place_changed = Signal(str, str)
    part_action = Signal(str, object)  # show, copy or save; the Picture, Audio or Attachment

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, *, page: str = "chat", is_reading: bool = False
    ) -> None:
        super().__init__(parent)
        transcript_accessible.install()
        self._theme, self._is_reading = theme, is_reading
        self._reading = Reading()
        self._frames = 0
        self._is_arranging = False
        self._dress(page)
        self._compose(page)
        self._connect()

    def _dress(self, page: str) -> None:
        self.setObjectName(f"{page}.transcript")
        self.setAccessibleName("Conversation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBar(OpaqueBar(self._theme, self))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def _compose(self, page: str) -> None:
        viewport, bar = self.viewport(), self.verticalScrollBar()
        self.sight = Sight(Ink(self._theme, self._reading), viewport)
        self.rows = self.sight.rows
        self.selection, self.found = Selection(self.rows), Found()
        self.over = Over(self._theme, self.sight, viewport, page, is_reading=self._is_reading)
        self.steps = Steps(self.sight, self.selection, bar, lambda: self._arrange(), self)
        self.going = Going(
            self.sight, self.found, lambda: self._arrange(), lambda at: self.steps.choose(at, scroll=False)
        )
        self.picture_of = Picture(self.sight, self.selection, self.found)
        self.reading_place = ReadingPlace(self.sight, self)
        self.pointer = Pointer(self.sight, self.selection, viewport, bar, self)
        self.menu = MessageMenu(self, is_reading=self._is_reading)
        self._repaint = Repaint(self.sight, viewport)
        self.streams = Streams(self.sight, self._repaint, self._show_news, self)
        self.ahead = Ahead(self.sight, self._moved_ahead, self)

    def _connect(self) -> None:
        self._theme.changed.connect(self._restyle)
        self.over.bar.chosen.connect(lambda name: self._act(self.over.bar_row, name))
        self.over.bar.left.connect(lambda: self.setFocus())
        self.over.widgets.action.connect(self.action)
        self.over.pill.clicked.connect(lambda: self.scroll_to_end())
        self.steps.changed.connect(self._chosen)
        self.reading_place.changed.connect(self.place_changed)
        self.pointer.link.connect(self.link)
        self.pointer.picture.connect(self.picture)
        self.pointer.shown.connect(lambda picture: self.part_action.emit("show", picture))
        self.pointer.folded.connect(self._toggle)
        self.pointer.pressed.connect(lambda at: self.steps.choose(at, scroll=False))
        self.pointer.hovered.connect(lambda _: self._place_bar())
        self.pointer.released.connect(self._place_bar)
        self.menu.part_action.connect(self.part_action)
        self.menu.link.connect(self.link)
        self.menu.copy_wanted.connect(self.copy)
        self.menu.all_wanted.connect(self.select_all)

    # How it is set

    def set_model(self, model: TranscriptModel) -> None:
        self.rows.model = model
        model.modelReset.connect(self._reset)
        model.rowsInserted.connect(self._inserted)
        model.rowsRemoved.connect(self._removed)
        model.dataChanged.connect(self._changed)
        self._reset()

    def model(self) -> TranscriptModel | None:
        return self.rows.model

    def set_code_colours(self, has_colours: bool) -> None:
        """The setting "Colour code"."""
        if has_colours != self.ahead.has_colours:
            self.ahead.has_colours = has_colours
            self._restyle()

    def set_media(self, media: Media) -> None:
        """From now on pictures are drawn and sounds have players; see `media_changed`."""
        self.rows.media = self.over.widgets.media = media
        self.menu.has_media = True
        self._restyle()

    def set_reading(self, reading: Reading) -> None:
        """Width of the lines and the type."""
        if reading != self._reading:
            self._reading = reading
            self._restyle()

    def set_folds(self, folds: frozenset[str]) -> None:
        """Fold turns of these roles, and "reasoning", to one line each; a click unfolds one."""
        if folds != self.rows.folds:
            self.rows.folds = folds
            self.rows.unfolded.clear()
            self._restyle()

    def set_menu_more(self, add: AddMore) -> None:
        """`add` puts further entries into the menu of a message, whose id it is given."""
        self.menu.add_more = add

    def mark(self, message_id: str) -> None:
        """Show which message was looked for; an empty id ends that."""
        self.picture_of.looked_for = message_id
        self.viewport().update()

    @Slot()
    def _restyle(self) -> None:
        """Colours or sizes are new: everything is made again, the reader stays where they are."""
        held = self.rows.heights.row_at(self.sight.top) if len(self.rows) else 0
        self.rows.restyle(Ink(self._theme, self._reading))
        self.ahead.forget()
        self.over.restyle()
        self.sight.top = self.rows.heights.top(held)
        self._arrange()

    # What the model tells

    @Slot()
    def _reset(self) -> None:
        self.rows.reset()
        self.ahead.forget()
        self.streams.forget_all()
        self.selection.clear()
        self.found.forget_place()
        self.going.forget()
        self.over.widgets.close_all()
        self.sight.top, self.sight.sticks = 0, True
        self.steps.current = self.pointer.row = -1
        self.picture_of.looked_for = ""
        self.reading_place.forget()
        self._arrange()

    @Slot(QModelIndex, int, int)
    def _inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        count = last - first + 1
        if first < len(self.rows):
            self._insert_above(first, count)
        else:
            self.rows.insert(first, count)
        self._arrange()

    def _insert_above(self, first: int, count: int) -> None:
        """Rows before some that are there: those stay where the reader sees them."""
        at, block, inside = self.sight.hold()
        self.rows.insert(first, count)
        self.selection.clear()
        self.sight.keep((at + count * (at >= first), block, inside))
        self.steps.current += count * (self.steps.current >= first)
        self.pointer.row += count * (self.pointer.row >= first)

    @Slot(QModelIndex, int, int)
    def _removed(self, parent: QModelIndex, first: int, last: int) -> None:
        self.rows.remove(first, last)
        self.selection.clear()
        self.pointer.row = -1
        self.steps.current = min(self.steps.current, len(self.rows) - 1)
        self._arrange()

    @Slot(QModelIndex, QModelIndex, list)
    def _changed(self, first: QModelIndex, last: QModelIndex, roles: Sequence[int] = ()) -> None:
        is_text = not roles or TranscriptModel.MESSAGE in roles
        for at in range(first.row(), last.row() + 1):
            self.rows.has_come(at)
            self._take_change(at, is_text=is_text)
        self._arrange()
        self.going.go_on()

    def _take_change(self, at: int, *, is_text: bool) -> None:
        model, row = self.rows.model, self.rows.made.get(at)
        message = model.message(at) if model is not None else None
        if model is None or row is None or message is None:
            return
        if row.message == message or not is_text:
            row.tell(model.meta(at), model.branch(at))
            return
        self.streams.forget(message.id)
        self.rows.replace(at, row, message)
        self.over.widgets.close(message.id)

    # Text that arrives

    def extend(self, message_id: str, text: str, kind: str = "text") -> None:
        """Add to a message that is arriving; drawn at most thirty times a second. Kinds: text, reasoning, refusal."""
        self.streams.add(message_id, text, kind, is_seen=self.isVisible())

    def flush(self) -> None:
        """Draw what has been added without waiting for the next frame."""
        self.streams.flush()

    def _show_news(self, before: Before | None, stands: bool) -> None:
        """`stands`: no more than the last line has grown, and everything is where it was."""
        if not stands or not (self.sight.sticks or self.over.pill.isVisible()):
            self._arrange(has_news=True, before=before)
        else:
            self._repaint.show(before, is_covered=self.over.is_covering, has_hits=self.found.finder is not None)

    def showEvent(self, event: QShowEvent) -> None:
        """What came while nobody looked is drawn now."""
        super().showEvent(event)
        self.streams.begin()

    def media_changed(self, blob: str) -> None:
        """A picture has come, or what is known of it: draw it, and make room where its size is new."""
        is_sized = False
        for at, row in self.rows.made.items():
            for block in row.blocks:
                is_meant = isinstance(block, PictureBlock) and block.picture.blob == blob
                if is_meant and row.width and block.is_exact and block.guess(row.width_of(block)) != block.height:
                    block.is_exact, is_sized = False, True
                    row.refold()
                    self.rows.take_height(at, row)
        if is_sized:
            self._arrange()
        else:
            self.viewport().update()

    # Arranging

    def _arrange(self, *, has_news: bool = False, before: Before | None = None) -> None:
        """Lay out what is in view, without moving what the reader sees; then place and draw everything."""
        if self._is_arranging:
            return
        self._is_arranging = True
        try:
            self.sight.settle()
            self._update_bar()
        finally:
            self._is_arranging = False
        if missing := self.rows.missing(self.sight.top - self.sight.page, self.sight.top + 2 * self.sight.page):
            self.needed.emit(missing)
        self._place_bar()
        self.over.place(has_news=has_news)
        if self._is_reading:  # nobody asks while it is written
            self.reading_place.look()
        self._frames += 1
        is_calm = before is None or self.streams.is_spread or before[0].waiting
        if is_calm or not self._frames % AHEAD_FRAMES:
            self.ahead.begin()
        self._repaint.show(before, is_covered=self.over.is_covering, has_hits=self.found.finder is not None)

    def _moved_ahead(self, has_moved: bool) -> None:
        self._is_arranging = True
        self._update_bar()
        self._is_arranging = False
        if has_moved:
            self._arrange()

    def _update_bar(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, self.sight.farthest)
        bar.setEnabled(self.sight.farthest > 0)  # its place stays: the text does not move when it is needed
        bar.setPageStep(self.sight.page)
        bar.setSingleStep(self.rows.ink.px(48))
        bar.setValue(self.sight.top)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        if not self._is_arranging:
            self.sight.follow_bar(self.verticalScrollBar().value())
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.rows.forget_known()
        self._arrange()

    def place(self) -> str:
        """The message that is read: the one at the top of the window."""
        return self.reading_place.message

    def heading(self) -> str:
        """The last heading above what is read, in the same message."""
        return self.reading_place.heading

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        focused = self.steps.current if self._has_focus_within() else -1
        self.picture_of.paint(painter, QRectF(event.rect()), focused)
        painter.end()

    # Actions

    def _place_bar(self) -> None:
        current = self.steps.current if self._has_focus_within() else -1
        at = self.pointer.row if self.pointer.row >= 0 else current
        self.over.place_bar(-1 if self.pointer.is_dragging else at)

    def _has_focus_within(self) -> bool:
        return self.hasFocus() or (not self.over.bar.isHidden() and self.over.bar.has_inside_focus())

    def _act(self, at: int, name: str) -> None:
        row = self.rows.row(at)
        if row is None:
            return
        if name == "copy":
            to_clipboard(row.message.text)
        elif name == "more":
            place = self.over.bar.button("more")
            self.menu_of(at).popup(place.mapToGlobal(place.rect().bottomLeft()))
        self.action.emit(row.message.id, name)

    def menu_of(self, at: int, spot: Spot | None = None) -> QMenu:
        """The menu of a row; `spot` is what is under the mouse."""
        return self.menu.made(
            self.rows.row(at), spot, has_selection=self.has_selection(), act=lambda name: self._act(at, name)
        )

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        is_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        at = self.steps.current if is_key else self.sight.place_at(QPointF(event.pos()))[0]
        if not 0 <= at < len(self.rows):
            return
        corner = QPoint(self.sight.left, max(0, self.sight.y_of(at)))
        spot = None if is_key else self.sight.inside(QPointF(event.pos()))
        self.menu_of(at, spot).popup(self.viewport().mapToGlobal(corner) if is_key else event.globalPos())

    @Slot(object)
    def _toggle(self, fold: Fold) -> None:
        self.sight.sticks = False
        self.rows.toggle(fold)
        self._arrange()

    # Selection

    def has_selection(self) -> bool:
        return self.selection.stretch is not None

    def selected_ids(self) -> list[str]:
        """The messages that the selection touches."""
        return self.selection.ids()

    def select_all(self) -> None:
        """The whole conversation, also what is not loaded."""
        if len(self.rows):
            self.selection.take_all()
            self.viewport().update()

    def clear_selection(self) -> None:
        self.selection.clear()
        self.viewport().update()

    def selected_text(self, lent: Mapping[str, Message] | None = None) -> str | None:
        """The selection as plain text; None while some of it is neither loaded nor `lent` (see `copy_needed`)."""
        return self.selection.text(lent or {})

    def copy(self) -> None:
        """The selection to the clipboard, plain text first."""
        text = self.selected_text()
        if text is None:
            self.copy_needed.emit(self.selected_ids())
        elif text:
            to_clipboard(text)

    def copy_messages(self, messages: Iterable[Message]) -> None:
        """Answer to `copy_needed`: copy the selection, with these messages for what is not loaded."""
        if text := self.selected_text({message.id: message for message in messages}):
            to_clipboard(text)

    def to_plain(self, messages: Iterable[Message] | None = None) -> str:
        """The conversation as plain text: of the messages given, else of those that are loaded."""
        if messages is None:
            model = self.rows.model
            messages = [m for at in range(len(self.rows)) if model and (m := model.message(at)) is not None]
        return plain(messages)

    # Mouse and keyboard

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.pointer.double_click(event)

    def leaveEvent(self, event: QEvent) -> None:
        if not self.viewport().rect().contains(self.viewport().mapFromGlobal(self.cursor().pos())):
            self.pointer.leave()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.pointer.wheel(event):
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        extends = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        current = self.steps.current
        match Qt.Key(event.key()):
            case _ if event.matches(QKeySequence.StandardKey.Copy):
                self.copy()
            case _ if event.matches(QKeySequence.StandardKey.SelectAll):
                self.select_all()
            case Qt.Key.Key_Escape if self.has_selection():
                self.clear_selection()
            case Qt.Key.Key_Up | Qt.Key.Key_Down as key:
                self.steps.step(-1 if key == Qt.Key.Key_Up else 1, extends=extends)
                self.viewport().update()
            case Qt.Key.Key_PageUp | Qt.Key.Key_PageDown as key:
                self.steps.page(-1 if key == Qt.Key.Key_PageUp else 1)
            case Qt.Key.Key_Home:
                self.steps.to_first()
            case Qt.Key.Key_End:
                self.steps.to_last()
                self.scroll_to_end()
            case Qt.Key.Key_Space if current >= 0 and (folds := self.rows.folds_of(current)):
                self._toggle(folds[0])
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if current >= 0:
                self._place_bar()
                self.over.bar.focus_first()
            case _:
                event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.steps.begin()
        self._place_bar()
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._place_bar()
        self.viewport().update()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes into the actions of the current message, then on."""
        if forward and self.hasFocus() and self.steps.current >= 0:
            self._place_bar()
            if self.over.bar.isVisible():
                self.over.bar.focus_first()
                return True
        return super().focusNextPrevChild(forward)

    # Going to places

    @Slot(int)
    def _chosen(self, at: int) -> None:
        self._place_bar()
        self.viewport().update()
        transcript_accessible.tell_current(self, at)
        if self.rows.model is not None:
            self.current_changed.emit(self.rows.model.id(at))

    def current_id(self) -> str:
        return self.rows.model.id(self.steps.current) if self.rows.model and self.steps.current >= 0 else ""

    def set_current(self, message_id: str) -> None:
        self.steps.choose(self.rows.row_of(message_id))

    def scroll_to_end(self) -> None:
        """To the newest text, and stay there while it grows."""
        self.sight.sticks = True
        self._arrange()

    def is_at_end(self) -> bool:
        return self.sight.sticks

    def show_message(self, message_id: str, hit: int = 0) -> bool:
        """Scroll to a message, or to one of the hits in it (see `find_marks`).

        False if it is not loaded yet: it is asked for, and shown when it has come.
        """
        return self.going.to_message(message_id, hit)

    def show_block(self, message_id: str, is_meant: Callable[[Block], bool]) -> bool:
        """Scroll to the first block of a message that is meant; False if the message is not loaded yet."""
        return self.going.to_block(message_id, is_meant)

    def find_marks(self, looked_for: str | Finder) -> None:
        """Mark every occurrence of a text, or of what a finder finds, in what is shown; empty: none."""
        self.found.look_for(Finder.of_text(looked_for) if isinstance(looked_for, str) else looked_for)
        self.viewport().update()

    def hit_count(self, message_id: str) -> int:
        """How often what is looked for is seen in a loaded message once its turn is unfolded."""
        row = self.rows.row(self.rows.row_of(message_id)) if self.found.finder else None
        return self.found.count(row, self.sight.column) if row is not None else 0

    def row_rect(self, row: int) -> QRect:
        """Where a row is on the screen."""
        if not 0 <= row < len(self.rows):
            return QRect()
        rect = self.sight.rect_of(row)
        return QRect(self.viewport().mapToGlobal(rect.topLeft()), rect.size())
