"""The transcript: a conversation of any length as lazy rows, with one selection over all of them."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from PySide6.QtCore import (
    QElapsedTimer,
    QEvent,
    QModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPagedPaintDevice,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QMenu, QPushButton, QScrollBar, QWidget

from desktop.core.conversation import Message, Picture, plain
from desktop.core.hit_marks import Finder
from desktop.core.text import visible
from desktop.ui.theme import Theme
from desktop.ui.widgets import links, transcript_accessible
from desktop.ui.widgets.highlight import Colouring
from desktop.ui.widgets.markdown import Kind
from desktop.ui.widgets.safe_text import clipboard_text
from desktop.ui.widgets.tooltip import no_mnemonic
from desktop.ui.widgets.transcript_actions import ACTIONS, ActionBar, names_for
from desktop.ui.widgets.transcript_blocks import Block, Code, Ink, Marks, Reading, Span
from desktop.ui.widgets.transcript_heights import Heights
from desktop.ui.widgets.transcript_media import Chip, Kept, Media, PictureBlock, SoundBlock
from desktop.ui.widgets.transcript_model import TranscriptModel
from desktop.ui.widgets.transcript_overlays import Overlays
from desktop.ui.widgets.transcript_print import print_pages
from desktop.ui.widgets.transcript_rows import NOWHERE, Fold, Row

FRAME_MS = 33
"""Between two pictures of a growing text; twice meanwhile the blocks that are finished are laid out already."""
STEPS = 3
MUCH = 400
"""Characters in one frame from which on the work is spread over it; less is read and drawn at once."""
AHEAD_FRAMES = 8
"""While a text grows, what is wanted later is looked after once in so many frames."""
GUESS = 160
"""Height of a row nobody has seen yet, in px at 100 %."""
READING_S = 0.012
"""How long one layout may read new text; the rest follows in small pieces."""
COPIED_MS = 1_500
MOST_IN_MENU = 6
KEPT_ROWS = 48

WHOLE = (1 << 30, 0)
"""The end of a row, whatever it holds."""
Place = tuple[int, int, int]
"""(row, block, character)"""


class OpaqueBar(QScrollBar):
    """A scroll bar that paints its own ground: what lies behind it need not be painted when it moves."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._theme = theme

    def event(self, event: QEvent) -> bool:
        is_heard = super().event(event)
        if event.type() in (QEvent.Type.Polish, QEvent.Type.StyleChange):
            self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # a style sheet takes it away
        return is_heard

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._theme.color("window"))
        painter.end()
        super().paintEvent(event)


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
        self._theme, self._page, self._is_reading = theme, page, is_reading
        self._reading = Reading()
        self._ink = Ink(theme, self._reading)
        self._media: Media | None = None
        self._folds: frozenset[str] = frozenset({"reasoning"})
        self._unfolded: set[str] = set()
        self._marked = ""
        self._place = ("", "")
        self._menu_more: Callable[[QMenu, str], None] | None = None
        self._model: TranscriptModel | None = None
        self._heights = Heights()
        self._rows: dict[int, Row] = {}
        self._known: dict[str, tuple[int, array[int]]] = {}  # id: width, heights of its blocks
        self._asked: set[int] = set()
        self._top = 0
        self._sticks = True
        self._is_arranging = False
        self._current = -1
        self._hovered = -1
        self._anchor: Place | None = None
        self._cursor: Place | None = None
        self._is_dragging = False
        self._finder: Finder | None = None
        self._hit: tuple[str, int, Span] | None = None  # message, block, stretch: the one that is looked at
        self._pointer = self._pressed = QPointF(-1, -1)
        self._has_colours = True
        self._until = 0.0
        self._is_due = False
        self._wanted, self._wanted_hit = "", 0
        self._wanted_block: Callable[[Block], bool] | None = None
        self._since_let_go = QElapsedTimer()
        self._colouring: list[tuple[Code, Colouring]] = []
        self._build()

    def _build(self) -> None:
        self.setObjectName(f"{self._page}.transcript")
        self.setAccessibleName("Conversation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBar(OpaqueBar(self._theme, self))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.viewport().setMouseTracking(True)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._bar = ActionBar(self._theme, self.viewport(), self._page)
        self._bar.chosen.connect(self._bar_chosen)
        self._bar.left.connect(lambda: self.setFocus())
        self._overlays = Overlays(self._theme, self.viewport(), self._page, has_buttons=not self._is_reading)
        self._overlays.action.connect(self.action)
        self._pill = QPushButton("↓ new", self.viewport())
        self._pill.setObjectName(f"{self._page}.transcript.new")
        self._pill.setAccessibleName("Scroll to the newest text")
        self._pill.clicked.connect(lambda: self.scroll_to_end())
        self._pill.hide()
        self._streams: dict[str, list[tuple[str, str]]] = {}
        self._step_of_frame = 0
        self._steps = 1
        self._frames = 0
        self._taken = 0
        self._is_unlike = False
        self._frame = QTimer(self, singleShot=True, interval=FRAME_MS)
        self._frame.setTimerType(Qt.TimerType.PreciseTimer)
        self._frame.timeout.connect(self._part_of_frame)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._work_ahead)
        self._drag_timer = QTimer(self, interval=30)
        self._drag_timer.timeout.connect(self._drag_on)
        self._theme.changed.connect(self._restyle)

    # Model

    def set_model(self, model: TranscriptModel) -> None:
        self._model = model
        model.modelReset.connect(self._reset)
        model.rowsInserted.connect(self._inserted)
        model.rowsRemoved.connect(self._removed)
        model.dataChanged.connect(self._changed)
        self._reset()

    def set_code_colours(self, has_colours: bool) -> None:
        """The setting "Colour code"."""
        if has_colours != self._has_colours:
            self._has_colours = has_colours
            self._restyle()

    def set_media(self, media: Media) -> None:
        """From now on pictures are drawn and sounds have players; see `media_changed`."""
        self._media = self._overlays.media = media
        self._restyle()

    def set_reading(self, reading: Reading) -> None:
        """Width of the lines and the type."""
        if reading != self._reading:
            self._reading = reading
            self._restyle()

    def set_folds(self, folds: frozenset[str]) -> None:
        """Fold turns of these roles, and "reasoning", to one line each; a click unfolds one."""
        if folds != self._folds:
            self._folds = folds
            self._unfolded.clear()
            self._restyle()

    def set_menu_more(self, add: Callable[[QMenu, str], None]) -> None:
        """`add` puts further entries into the menu of a message, whose id it is given."""
        self._menu_more = add

    def mark(self, message_id: str) -> None:
        """Show which message was looked for; an empty id ends that."""
        self._marked = message_id
        self.viewport().update()

    def model(self) -> TranscriptModel | None:
        return self._model

    @Slot()
    def _reset(self) -> None:
        self._forget_rows()
        self._known.clear()
        self._streams.clear()
        count = self._model.rowCount() if self._model else 0
        self._heights = Heights.uniform(count, self._ink.px(GUESS))
        self._top, self._sticks = 0, True
        self._current = self._hovered = -1
        self._anchor = self._cursor = self._hit = None
        self._overlays.close_all()
        self._unfolded.clear()
        self._marked, self._wanted, self._place = "", "", ("", "")
        self._arrange()

    @Slot(QModelIndex, int, int)
    def _inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        count = last - first + 1
        if first < len(self._heights):
            self._shift_rows(first, count)
        self._heights.splice(first, 0, [self._ink.px(GUESS)] * count)
        self._arrange()

    @Slot(QModelIndex, int, int)
    def _removed(self, parent: QModelIndex, first: int, last: int) -> None:
        for row in range(first, last + 1):
            self._drop(row)
        self._shift_rows(first, first - last - 1)
        self._heights.splice(first, last - first + 1, [])
        self._anchor = self._cursor = None
        self._hovered = -1
        self._current = min(self._current, len(self._heights) - 1)
        self._arrange()

    @Slot(QModelIndex, QModelIndex, list)
    def _changed(self, first: QModelIndex, last: QModelIndex, roles: Sequence[int] = ()) -> None:
        model = self._model
        assert model is not None
        for at in range(first.row(), last.row() + 1):
            self._asked.discard(at)
            row, message = self._rows.get(at), model.message(at)
            if message is None:
                continue
            if row is not None and (row.message == message or (roles and TranscriptModel.MESSAGE not in roles)):
                row.meta, row.branch = model.meta(at), model.branch(at)
            elif row is not None:
                self._replace(at, row, message)
        self._arrange()
        if self._wanted and model.message(model.row_of(self._wanted)) is not None:
            self._show_wanted()

    def _show_wanted(self) -> None:
        meant, self._wanted_block = self._wanted_block, None
        if meant is not None:
            self.show_block(self._wanted, meant)
        else:
            self.show_message(self._wanted, self._wanted_hit)

    def _replace(self, at: int, old: Row, message: Message) -> None:
        """The same message, changed: what was open, coloured and measured stays where the text is the same."""
        assert self._model is not None
        self._streams.pop(message.id, None)
        known = old.known_heights() if old.width else None
        row = self._made_row(at, message, known)
        row.adopt(old)
        self._rows[at] = row
        self._overlays.close(message.id)

    def _made_row(self, at: int, message: Message, known: array[int] | None = None) -> Row:
        assert self._model is not None
        return Row(
            message,
            self._ink,
            meta=self._model.meta(at),
            branch=self._model.branch(at),
            known=known,
            media=self._media,
            folds=self._folds,
            is_unfolded=message.id in self._unfolded,
        )

    def _shift_rows(self, first: int, by: int) -> None:
        self._rows = {row + by if row >= first else row: made for row, made in self._rows.items()}
        self._asked.clear()

    def _drop(self, row: int) -> None:
        made = self._rows.pop(row, None)
        if made is not None and made.width and not made.waiting:
            self._known[made.message.id] = (made.width, made.known_heights())

    def _forget_rows(self) -> None:
        self._rows.clear()
        self._asked.clear()
        self._colouring.clear()

    # Streaming

    def extend(self, message_id: str, text: str, kind: str = "text") -> None:
        """Add to a message that is arriving; drawn at most thirty times a second. Kinds: text, reasoning, refusal."""
        self._streams.setdefault(message_id, []).append((kind, text))
        if not self._is_due and self.isVisible():
            self._is_due = True
            self._frame.start()

    def showEvent(self, event: QShowEvent) -> None:
        """What came while nobody looked is drawn now."""
        super().showEvent(event)
        if self._streams and not self._is_due:
            self._is_due = True
            self._frame.start()

    def flush(self) -> None:
        """Draw what has been added without waiting for the next frame."""
        self._frame.stop()
        self._step_of_frame, self._is_due = 0, False
        self._take_stream()
        self._arrange(has_news=True)

    @Slot()
    def _part_of_frame(self) -> None:
        """Read what has come and lay out what is finished of it; the last part only draws."""
        self._step_of_frame = (self._step_of_frame + 1) % self._steps
        before = self._sight()
        is_spread = self._steps > 1
        if not is_spread or self._step_of_frame:
            for row in self._take_stream():
                if is_spread and self._sticks and row.width:
                    row.prepare_ahead()
        if self._step_of_frame:
            self._frame.start()
            return
        self._arrange(has_news=True, before=before)
        self._steps = STEPS if self._taken > MUCH else 1
        self._taken = 0
        self._frame.setInterval(FRAME_MS // self._steps)
        self._is_due = bool(self._streams) or self._steps > 1
        if self._is_due:
            self._frame.start()

    def _take_stream(self) -> list[Row]:
        """Give the rows what has been added; those that took something."""
        taken = []
        for message_id in list(self._streams):
            row = self._row(self._model.row_of(message_id)) if self._model is not None else None
            if row is None:
                continue
            for kind, parts in groupby(self._streams.pop(message_id), key=itemgetter(0)):
                text = "".join(text for _, text in parts)
                self._taken += len(text)
                row.extend(text, kind)
            taken.append(row)
        return taken

    def _sight(self) -> tuple[Row, int] | None:
        """The last row while it grows, and where it stands in the window: what is above its end only moves."""
        last = len(self._heights) - 1
        row = self._rows.get(last)
        if row is None or not row.width or not row.is_streaming:
            return None
        return row, self._heights.top(last) - self._top

    def _repaint(self, before: tuple[Row, int] | None) -> None:
        """Draw again what is new; where only the end grew, the rest is moved as it is."""
        last = len(self._heights) - 1
        row = self._rows.get(last)
        moved = None if row is None or before is None or before[0] is not row or self._is_unlike else before[1]
        self._is_unlike = False
        top = self._heights.top(last) - self._top if row is not None else 0
        is_covered = self._pill.isVisible() or self._bar.isVisible() or self._overlays
        if row is None or moved is None or (moved != top and is_covered):
            self.viewport().update()
        else:
            if moved != top:
                self.viewport().scroll(0, top - moved)
            self._repaint_end(row, top)
        if row is not None:
            row.was_drawn()

    def _repaint_end(self, row: Row, top: int) -> None:
        first, last = row.unlike()
        if self._finder and row.blocks:  # a hit may begin a line above
            first = min(first, row.tops[row.block_at(first)])
        edge = self._ink.px(8)
        y, bottom = top + int(first) - edge, top + last + edge
        self.viewport().update(QRect(self._left - edge, y, self._column + 2 * edge, bottom - y))

    # Rows and places

    def _row(self, at: int) -> Row | None:
        """The row, made if its message is loaded; else asked for."""
        if at < 0 or self._model is None or at >= len(self._heights):
            return None
        row = self._rows.get(at)
        if row is None:
            message = self._model.message(at)
            if message is None:
                return None
            width, known = self._known.get(message.id, (0, None))
            row = self._made_row(at, message, known if width == self._column else None)
            self._rows[at] = row
        return row

    @property
    def _column(self) -> int:
        margin = self._ink.px(16)
        return max(self._ink.px(160), min(self._ink.column, self.viewport().width() - 2 * margin))

    @property
    def _left(self) -> int:
        return max(0, (self.viewport().width() - self._column) // 2)

    @property
    def _foot(self) -> int:
        """Room under the last row."""
        return self._ink.px(24)

    @property
    def _whole(self) -> int:
        return self._heights.total + self._foot if len(self._heights) else 0

    @property
    def _farthest(self) -> int:
        return max(0, self._whole - self.viewport().height())

    def _arrange(self, *, has_news: bool = False, before: tuple[Row, int] | None = None) -> None:
        """Lay out what is in view, without moving what the reader sees."""
        if self._is_arranging:
            return
        self._is_arranging = True
        self._until = time.perf_counter() + READING_S
        try:
            for _ in range(16):
                if self._sticks:
                    self._top = self._farthest
                held = self._hold()
                is_settled = not self._lay_out_view()
                self._top = self._farthest if self._sticks else self._return_to(held)
                if is_settled:
                    break
            self._update_bar()
        finally:
            self._is_arranging = False
        self._ask()
        self._place_widgets()
        if self._sticks:
            self._pill.hide()
        elif has_news and self._top < self._farthest:
            self._show_pill()
        self._frames += 1
        if before is None or self._steps > 1 or before[0].waiting or not self._frames % AHEAD_FRAMES:
            self._soon.start()
        self._repaint(before)

    def _hold(self) -> tuple[int, int, int]:
        """What stands at the top of the window: (row, block or -1, px from its top)."""
        if not len(self._heights):
            return 0, -1, 0
        at = self._heights.row_at(self._top)
        inside = self._top - self._heights.top(at)
        row = self._rows.get(at)
        if row is None or not row.tops or inside < row.tops[0]:
            return at, -1, inside
        block = row.block_at(inside)
        return at, block, inside - row.tops[block] if block >= 0 else inside

    def _return_to(self, held: tuple[int, int, int]) -> int:
        at, block, inside = held
        if at >= len(self._heights):
            return min(self._top, self._farthest)
        y = self._heights.top(at)
        row = self._rows.get(at)
        if block >= 0 and row is not None and block < len(row.tops):
            y += row.tops[block]
        return max(0, min(y + inside, self._farthest))

    def _lay_out_view(self) -> bool:
        """True where a height changed."""
        if not len(self._heights):
            return False
        bottom = self._top + self.viewport().height()
        at = self._heights.row_at(self._top)
        y = self._heights.top(at)
        has_changed = False
        while at < len(self._heights) and y < bottom:
            has_changed |= self._lay_out_row(at, self._top - y, bottom - y)
            y += self._heights[at]
            at += 1
        return has_changed

    def _lay_out_row(self, at: int, top: float, bottom: float) -> bool:
        row = self._row(at)
        if row is None:
            return False
        row.is_followed = self._sticks
        is_last = at == len(self._heights) - 1
        if not is_last:
            row.changed_y = NOWHERE
        row.lay_out(self._column, top, bottom, until=self._until)
        self._is_unlike |= not is_last and row.changed_y < NOWHERE
        before = self._heights[at]
        self._heights[at] = row.height
        return before != row.height

    def _update_bar(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, self._farthest)
        bar.setEnabled(self._farthest > 0)  # its place stays, so that the text does not move when it is needed
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._ink.px(48))
        bar.setValue(self._top)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        if self._is_arranging:
            return
        self._top = self.verticalScrollBar().value()
        self._sticks = self._top >= self._farthest - self._ink.px(4)
        self._arrange()

    def _ask(self) -> None:
        """Tell which rows in view, and a page around it, are not loaded."""
        if self._model is None or not len(self._heights):
            return
        page = self.viewport().height()
        first = self._heights.row_at(self._top - page)
        last = self._heights.row_at(self._top + 2 * page)
        missing = [at for at in range(first, last + 1) if at not in self._asked and self._model.message(at) is None]
        if missing:
            self._asked.update(missing)
            self.needed.emit(missing)

    @Slot()
    def _work_ahead(self) -> None:
        """One small piece of what will be wanted soon: colours in view, then rows above and below."""
        if self._colour_some() or self._read_some():
            self._soon.start()
        else:
            self._let_go()

    def _read_some(self) -> bool:
        """Read further characters of a long message, or lay out one block near the view."""
        page = self.viewport().height()
        for at in self._rows_between(self._top - page, self._top + 2 * page):
            row = self._row(at)
            if row is None:
                continue
            held, y = self._hold(), self._heights.top(at)
            if row.waiting and row.width:
                row.pump(3_000)
            elif (spot := row.next_guess(self._top - page - y, self._top + 2 * page - y, self._column)) is not None:
                row.lay_out(self._column, spot, spot)
            else:
                continue
            self._take_height(at, row, held)
            return True
        return False

    def _take_height(self, at: int, row: Row, held: tuple[int, int, int]) -> None:
        if self._heights[at] == row.height:
            return
        self._heights[at] = row.height
        before = self._top
        self._top = self._farthest if self._sticks else self._return_to(held)
        self._is_arranging = True
        self._update_bar()
        self._is_arranging = False
        if self._sticks or before != self._top:
            self._arrange()

    def _rows_between(self, top: float, bottom: float) -> range:
        if not len(self._heights):
            return range(0)
        return range(self._heights.row_at(max(0, top)), self._heights.row_at(bottom) + 1)

    def _let_go(self) -> None:
        """Forget what is far from the view; at most twice a second."""
        if self._since_let_go.isValid() and self._since_let_go.elapsed() < 500:
            return
        self._since_let_go.start()
        page = self.viewport().height()
        near = self._rows_between(self._top - 3 * page, self._top + 4 * page)
        for at, row in list(self._rows.items()):
            if at in near:
                y = self._heights.top(at)
                row.release(self._top - 3 * page - y, self._top + 4 * page - y)
            elif len(self._rows) > KEPT_ROWS and not row.is_streaming:
                self._drop(at)

    # Colours

    def _colour_some(self) -> bool:
        """Colour a piece of the code in view; an unfinished block waits for its end."""
        if self._colouring:
            code, colouring = self._colouring[0]
            found = colouring.step()
            if found is None:
                self._colouring.pop(0)
                self._update_blocks(code)
            else:
                code.set_colours(found)
            return True
        for _, block, _, _ in self._blocks_in_view() if self._has_colours else ():
            if isinstance(block, Code) and block.wants_colours:
                block.wants_colours = False
                self._colouring.append((block, Colouring(block.piece.source, block.piece.language)))
                return True
        return False

    def _blocks_in_view(self) -> Iterator[tuple[int, Block, int, int]]:
        """(row, block, top, bottom) in the window's px."""
        page = self.viewport().height()
        for at in self._rows_between(self._top, self._top + page):
            row = self._rows.get(at)
            if row is None or not row.tops:
                continue
            y = self._heights.top(at) - self._top
            for each in row.between(-y, page - y):
                yield at, row.blocks[each], y + row.tops[each], y + row.tops[each + 1]

    def _update_blocks(self, block: Block) -> None:
        for _, each, top, bottom in self._blocks_in_view():
            if each is block:
                self.viewport().update(QRect(0, top, self.viewport().width(), bottom - top))

    # Small widgets over the rows

    def _place_widgets(self) -> None:
        self._place_bar()
        self._place_overlays()
        self._tell_place()
        if self._pill.isVisible():
            self._place_pill()

    def _place_bar(self) -> None:
        at = self._hovered if self._hovered >= 0 else self._current if self._has_focus_within() else -1
        row = self._rows.get(at)
        if row is None or self._is_dragging or row.is_streaming or not row.width:
            if not self._bar.has_inside_focus():
                self._bar.hide()
            return
        if self._bar.property("row") != at or self._bar.isHidden():
            self._bar.setProperty("row", at)
        self._bar.show_for(row.message, row.branch, is_reading=self._is_reading)
        self._bar.move(self._bar_place(at, row))
        self._bar.show()

    def _bar_place(self, at: int, row: Row) -> QPoint:
        px = self._theme.px
        y = self._heights.top(at) - self._top
        x = self._left + self._column - px(16) - self._bar.width() + px(6)
        if row.is_card:
            return QPoint(x, y + row.caption_top - px(6))
        return QPoint(x, y + row.height - px(32))

    def _place_overlays(self) -> None:
        inside = self._rows_between(self._top, self._top + self.viewport().height())
        rows = [(row, self._heights.top(at) - self._top) for at in inside if (row := self._rows.get(at)) is not None]
        self._overlays.place(rows, self._left, self._column)

    def _tell_place(self) -> None:
        """Which message is read, and under which of its headings; nobody asks while it is written."""
        if not self._is_reading or self._model is None or not len(self._heights):
            return
        y = self._top + self._ink.px(40)
        at = self._heights.row_at(y)
        row, heading = self._rows.get(at), ""
        if row is not None and row.tops:
            last = row.block_at(y - self._heights.top(at))
            headings = (block for block in reversed(row.blocks[: last + 1]) if block.piece.kind is Kind.HEADING)
            heading = next((block.piece.source for block in headings), "")
        place = (self._model.id(at), heading)
        if place != self._place:
            self._place = place
            self.place_changed.emit(*place)

    def place(self) -> str:
        """The message that is read: the one at the top of the window."""
        return self._place[0]

    def heading(self) -> str:
        """The last heading above what is read, in the same message."""
        return self._place[1]

    def media_changed(self, blob: str) -> None:
        """A picture has come, or what is known of it: draw it, and make room where its size is new."""
        is_sized = False
        for at, row in self._rows.items():
            for block in row.blocks:
                if not isinstance(block, PictureBlock) or block.picture.blob != blob:
                    continue
                if row.width and block.is_exact and block.guess(row.width_of(block)) != block.height:
                    block.is_exact, is_sized = False, True
                    row.refold()
                    self._heights[at] = row.height
        if is_sized:
            self._arrange()
        else:
            for _, block, top, bottom in self._blocks_in_view():
                if isinstance(block, PictureBlock) and block.picture.blob == blob:
                    self.viewport().update(QRect(0, top, self.viewport().width(), bottom - top))

    def _show_pill(self) -> None:
        self._pill.show()
        self._place_pill()

    def _place_pill(self) -> None:
        self._pill.adjustSize()
        room = self.viewport().rect()
        self._pill.move(
            (room.width() - self._pill.width()) // 2, room.height() - self._pill.height() - self._ink.px(12)
        )
        self._pill.raise_()

    def _has_focus_within(self) -> bool:
        return self.hasFocus() or self._bar.has_inside_focus()

    @Slot(str)
    def _bar_chosen(self, name: str) -> None:
        at = self._bar.property("row")
        if at is not None:
            self._act(int(at), name)

    def _act(self, at: int, name: str) -> None:
        row = self._row(at)
        if row is None:
            return
        if name == "copy":
            QGuiApplication.clipboard().setMimeData(clipboard_text(row.message.text))
        elif name == "more":
            place = self._bar.button("more")
            self._menu(at).popup(place.mapToGlobal(place.rect().bottomLeft()))
        self.action.emit(row.message.id, name)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self._ink.color["window"])
        clip = QRectF(event.rect())
        for at in self._rows_between(self._top + clip.top(), self._top + clip.bottom()):
            row = self._rows.get(at)
            if row is None or not row.width:
                continue
            y = self._heights.top(at) - self._top
            painter.save()
            painter.translate(self._left, y)
            has_focus = (at == self._current and self._has_focus_within()) or row.message.id == self._marked
            row.paint(painter, clip.translated(-self._left, -y), self._marks(at, row), has_focus=has_focus)
            painter.restore()
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._known.clear()
        self._arrange()

    @Slot()
    def _restyle(self) -> None:
        """Colours or sizes are new: everything is made again, the reader stays where they are."""
        self._ink = Ink(self._theme, self._reading)
        self._known.clear()
        self._overlays.restyle()
        held_row = self._heights.row_at(self._top) if len(self._heights) else 0
        self._forget_rows()
        self._bar.dress()
        self._colouring.clear()
        self._heights = Heights.uniform(len(self._heights), self._ink.px(GUESS))
        self._top = self._heights.top(held_row)
        self._arrange()

    def _marks(self, at: int, row: Row) -> dict[int, Marks]:
        """What is selected and found in a row, by block."""
        marks: dict[int, Marks] = {}
        chosen = self._selected()
        if chosen is not None and chosen[0][0] <= at <= chosen[1][0]:
            first = chosen[0][1:] if chosen[0][0] == at else (0, 0)
            last = chosen[1][1:] if chosen[1][0] == at else (len(row.blocks), 0)
            for block in range(first[0], min(last[0] + 1, len(row.blocks))):
                start = first[1] if block == first[0] else 0
                end = last[1] if block == last[0] else 1 << 30
                marks[block] = Marks(selection=(start, end))
        if self._finder:
            hit = self._hit if self._hit and self._hit[0] == row.message.id else None
            top = self._top - self._heights.top(at)
            for block in row.between(top, top + self.viewport().height()):
                if hits := tuple(row.blocks[block].find(self._finder)):
                    made = marks.setdefault(block, Marks())
                    made.hits, made.current = hits, hit[2] if hit and hit[1] == block else None
        return marks

    # Selection

    def _selected(self) -> tuple[Place, Place] | None:
        if self._anchor is None or self._cursor is None or self._anchor == self._cursor:
            return None
        return min(self._anchor, self._cursor), max(self._anchor, self._cursor)

    def has_selection(self) -> bool:
        return self._selected() is not None

    def selected_ids(self) -> list[str]:
        """The messages that the selection touches."""
        chosen = self._selected()
        if chosen is None or self._model is None:
            return []
        return [self._model.id(at) for at in range(chosen[0][0], chosen[1][0] + 1)]

    def select_all(self) -> None:
        """The whole conversation, also what is not loaded."""
        if len(self._heights):
            self._anchor, self._cursor = (0, 0, 0), (len(self._heights) - 1, *WHOLE)
            self.viewport().update()

    def clear_selection(self) -> None:
        self._anchor = self._cursor = None
        self.viewport().update()

    def selected_text(self, lent: Mapping[str, Message] | None = None) -> str | None:
        """The selection as plain text; None while some of it is neither loaded nor `lent` (see `copy_needed`)."""
        chosen = self._selected()
        if chosen is None or self._model is None:
            return ""
        start, end = chosen
        said = []
        for at in range(start[0], end[0] + 1):
            first = start[1:] if at == start[0] else (0, 0)
            last = end[1:] if at == end[0] else WHOLE
            message = self._model.message(at) or (lent or {}).get(self._model.id(at))
            if message is None:
                return None
            is_whole = first == (0, 0) and last == WHOLE
            said.append(plain([message]) if is_whole else self._part(at, message, first, last))
        return "\n\n".join(words for words in said if words)

    def _part(self, at: int, message: Message, first: tuple[int, int], last: tuple[int, int]) -> str:
        row = self._row(at) or Row(message, self._ink, meta="", branch=None)
        while row.pump(1 << 20):
            pass
        return row.text(first, None if last == WHOLE else last)

    def copy(self) -> None:
        """The selection to the clipboard, plain text first."""
        text = self.selected_text()
        if text is None:
            self.copy_needed.emit(self.selected_ids())
        elif text:
            QGuiApplication.clipboard().setMimeData(clipboard_text(text))

    def copy_messages(self, messages: Iterable[Message]) -> None:
        """Answer to `copy_needed`: copy the selection, with these messages for what is not loaded."""
        text = self.selected_text({message.id: message for message in messages})
        if text:
            QGuiApplication.clipboard().setMimeData(clipboard_text(text))

    def to_plain(self, messages: Iterable[Message] | None = None) -> str:
        """The conversation as plain text: of the messages given, else of those that are loaded."""
        if messages is None:
            model = self._model
            messages = [m for at in range(len(self._heights)) if model and (m := model.message(at)) is not None]
        return plain(messages)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        place = self._place_at(event.position())
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._anchor is not None:
            self._cursor = place
        else:
            self._anchor = self._cursor = place
        self._pressed = event.position()
        self._is_dragging = False
        self._set_current(place[0], scroll=False)
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if event.buttons() & Qt.MouseButton.LeftButton and self._anchor is not None:
            if not self._is_dragging and (event.position() - self._pressed).manhattanLength() > 4:
                self._is_dragging = True
                self._drag_timer.start()
            if self._is_dragging:
                self._cursor = self._place_at(event.position())
                self.viewport().update()
            return
        self._hover(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag_timer.stop()
        was_dragging, self._is_dragging = self._is_dragging, False
        if event.button() is Qt.MouseButton.LeftButton and not was_dragging and not self.has_selection():
            self._click(event.position())
        self._place_bar()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row, block, position = self._place_at(event.position())
        made = self._row(row)
        if event.button() is Qt.MouseButton.LeftButton and made is not None and block < len(made.blocks):
            start, end = made.blocks[block].word_at(position)
            self._anchor, self._cursor = (row, block, start), (row, block, end)
            self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:
        if not self.viewport().rect().contains(self.viewport().mapFromGlobal(self.cursor().pos())):
            self._hovered = -1
            self._place_bar()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
        sideways = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways and abs(sideways) >= abs(delta.y() if delta.x() else 0):
            spot = self._inside(event.position())
            if spot is not None and spot[0].wheel(-sideways):
                self.viewport().update()
            event.accept()
            return
        super().wheelEvent(event)

    @Slot()
    def _drag_on(self) -> None:
        """Scroll while the mouse drags a selection beyond an edge."""
        y, height = self._pointer.y(), self.viewport().height()
        beyond = y if y < 0 else y - height if y > height else 0
        if beyond:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + int(beyond / 2) + (1 if beyond > 0 else -1))
            self._cursor = self._place_at(self._pointer)
            self.viewport().update()

    def _hover(self, at: QPointF) -> None:
        y = at.y() + self._top
        row = self._heights.row_at(y) if 0 <= y < self._heights.total else -1
        if row != self._hovered:
            self._hovered = row
            self._place_bar()
        self.viewport().setCursor(self._shape_at(at))

    def _shape_at(self, at: QPointF) -> Qt.CursorShape:
        spot = self._inside(at)
        if spot is None:
            return Qt.CursorShape.ArrowCursor
        block, x, y = spot
        if isinstance(block, PictureBlock) and block.is_at(x, y):
            return Qt.CursorShape.PointingHandCursor
        if isinstance(block, Fold) or block.link_at(x, y) or block.picture_at(x, y) or block.is_copy_at(x, y):
            return Qt.CursorShape.PointingHandCursor
        return Qt.CursorShape.IBeamCursor

    def _click(self, at: QPointF) -> None:
        spot = self._inside(at)
        if spot is None:
            return
        block, x, y = spot
        if isinstance(block, Fold):
            self._toggle(block)
        elif isinstance(block, PictureBlock):
            if block.is_at(x, y):
                self.part_action.emit("show", block.picture)
        elif block.is_copy_at(x, y):
            QGuiApplication.clipboard().setMimeData(clipboard_text(block.text()))
            self._say_copied(block)
        elif found := block.link_at(x, y):
            self.link.emit(links.decide(*found))
        elif address := block.picture_at(x, y):
            self.picture.emit(address)

    def _say_copied(self, block: Block, is_said: bool = True) -> None:
        block.said_copied = is_said
        self._update_blocks(block)
        if is_said:
            QTimer.singleShot(COPIED_MS, self, lambda: self._say_copied(block, False))

    def _toggle(self, fold: Fold) -> None:
        fold.is_open = not fold.is_open
        fold.is_exact = True
        self._sticks = False
        for at, row in self._rows.items():
            if row.cover is fold:
                (self._unfolded.add if fold.is_open else self._unfolded.discard)(row.message.id)
            if row.cover is fold or any(section.fold is fold for section in row.sections):
                row.refold()
                self._heights[at] = row.height
        self._arrange()

    def _folds_of(self, at: int) -> list[Fold]:
        """The folded lines of a row that are shown, from above."""
        row = self._row(at)
        return [block for block in row.blocks if isinstance(block, Fold)] if row is not None else []

    def _place_at(self, at: QPointF) -> Place:
        if not len(self._heights):
            return 0, 0, 0
        y = at.y() + self._top
        index = self._heights.row_at(y)
        row = self._row(index)
        if row is None or not row.width:
            return index, 0, 0
        block, position = row.hit(at.x() - self._left, y - self._heights.top(index))
        return index, block, position

    def _inside(self, at: QPointF) -> tuple[Block, float, float] | None:
        y = at.y() + self._top
        if not 0 <= y < self._heights.total:
            return None
        index = self._heights.row_at(y)
        row = self._rows.get(index)
        found = row.inside(at.x() - self._left, y - self._heights.top(index)) if row is not None and row.width else None
        if found is None or not 0 <= found[1] <= row.width_of(found[0]):
            return None
        return found

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif event.key() == Qt.Key.Key_Escape and self.has_selection():
            self.clear_selection()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step(
                -1 if event.key() == Qt.Key.Key_Up else 1, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            )
        elif event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            bar = self.verticalScrollBar()
            page = self.viewport().height() - self._ink.px(32)
            bar.setValue(bar.value() + (page if event.key() == Qt.Key.Key_PageDown else -page))
        elif event.key() == Qt.Key.Key_Home:
            self._set_current(0)
            self.verticalScrollBar().setValue(0)
        elif event.key() == Qt.Key.Key_End:
            self._set_current(len(self._heights) - 1, scroll=False)
            self.scroll_to_end()
        elif event.key() == Qt.Key.Key_Space and self._current >= 0 and self._folds_of(self._current):
            self._toggle(self._folds_of(self._current)[0])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current >= 0:
            self._place_bar()
            self._bar.focus_first()
        else:
            event.ignore()

    def _step(self, by: int, extends: bool) -> None:
        if not len(self._heights):
            return
        bar = self.verticalScrollBar()
        if extends:
            row = self._current if self._current >= 0 else 0
            if self._anchor is None:
                self._anchor = (row, 0, 0)
            after = max(0, min(row + by, len(self._heights) - 1))
            end = (after, *WHOLE)
            self._cursor = end if end > self._anchor else (after, 0, 0)
            self._set_current(after)
            self.viewport().update()
        elif self._is_tall(self._current) and self._has_more(self._current, by):
            bar.setValue(bar.value() + by * bar.singleStep())  # read on inside a message taller than the window
        else:
            self._set_current(
                max(0, min(self._current + by if self._current >= 0 else self._first_in_view(), len(self._heights) - 1))
            )

    def _is_tall(self, row: int) -> bool:
        return 0 <= row < len(self._heights) and self._heights[row] > self.viewport().height()

    def _has_more(self, row: int, by: int) -> bool:
        top = self._heights.top(row)
        bottom = top + self._heights[row]
        page = self.viewport().height()
        in_view = top < self._top + page and bottom > self._top
        return in_view and (bottom > self._top + page if by > 0 else top < self._top)

    def _first_in_view(self) -> int:
        return self._heights.row_at(self._top + self._ink.px(32))

    def _set_current(self, row: int, *, scroll: bool = True) -> None:
        if row == self._current or row < 0 or row >= len(self._heights):
            return
        self._current = row
        if scroll:
            self._bring(row)
        self._place_bar()
        self.viewport().update()
        if self._model is not None:
            self.current_changed.emit(self._model.id(row))

    def current_id(self) -> str:
        return self._model.id(self._current) if self._model is not None and self._current >= 0 else ""

    def set_current(self, message_id: str) -> None:
        if self._model is not None:
            self._set_current(self._model.row_of(message_id))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if self._current < 0 and len(self._heights):
            self._current = len(self._heights) - 1 if self._sticks else self._first_in_view()
        self._place_bar()
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._place_bar()
        self.viewport().update()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes into the actions of the current message, then on."""
        if forward and self.hasFocus() and self._current >= 0:
            self._place_bar()
            if self._bar.isVisible():
                self._bar.focus_first()
                return True
        return super().focusNextPrevChild(forward)

    # Going to places

    def scroll_to_end(self) -> None:
        """To the newest text, and stay there while it grows."""
        self._sticks = True
        self._pill.hide()
        self._arrange()

    def is_at_end(self) -> bool:
        return self._sticks

    def _bring(self, row: int) -> None:
        """Scroll as little as shows a row."""
        self._sticks = False
        top, page = self._heights.top(row), self.viewport().height()
        if top < self._top or self._heights[row] > page:
            self._top = top
        elif top + self._heights[row] > self._top + page:
            self._top = top + self._heights[row] - page
            self._arrange()
            self._top = max(0, min(self._heights.top(row) + self._heights[row] - page, self._heights.top(row)))
        self._top = min(self._top, self._farthest)
        self._arrange()
        self._sticks = row == len(self._heights) - 1 and self._top >= self._farthest

    def show_message(self, message_id: str, hit: int = 0) -> bool:
        """Scroll to a message, or to one of the hits in it (see `find_marks`).

        False if it is not loaded yet: it is asked for, and shown when it has come.
        """
        self._wanted, self._wanted_block = "", None
        at = self._model.row_of(message_id) if self._model is not None else -1
        if at < 0:
            return False
        self._sticks = False
        self._top = max(0, min(self._heights.top(at) - self._ink.px(32), self._farthest))
        self._set_current(at, scroll=False)
        self._arrange()
        row = self._row(at)
        if row is None:
            self._wanted, self._wanted_hit = message_id, hit
            return False
        self._top = max(0, min(self._heights.top(at) - self._ink.px(8), self._farthest))
        if hit >= 0 and self._finder:
            self._show_hit(at, row, hit)
        self._arrange()
        return True

    def find_marks(self, looked_for: str | Finder) -> None:
        """Mark every occurrence of a text, or of what a finder finds, in what is shown; empty: none."""
        finder = Finder.of_text(looked_for) if isinstance(looked_for, str) else looked_for
        self._finder = None if finder.is_empty else finder
        self._hit = None
        self.viewport().update()

    def hit_count(self, message_id: str) -> int:
        """How often what is looked for is seen in a loaded message once its turn is unfolded."""
        row = self._row(self._model.row_of(message_id)) if self._model is not None and self._finder else None
        if row is None:
            return 0
        if row.is_shut:
            row = Row(row.message, self._ink, meta="", branch=None, folds=self._folds & {"reasoning", "tool"})
        return len(self._hits(row))

    def _hits(self, row: Row) -> list[tuple[int, Span]]:
        """(block, stretch) of each hit."""
        if not row.width:
            row.lay_out(self._column, -1, -1)
        while row.pump(1 << 20):
            pass
        finder = self._finder
        return [(at, hit) for at, block in enumerate(row.blocks) for hit in block.find(finder)] if finder else []

    def _show_hit(self, at: int, row: Row, hit: int) -> None:
        self._unfold(row)
        found = self._hits(row)
        if not found:
            self._heights[at] = row.height
            return
        block, stretch = found[min(hit, len(found) - 1)]
        self._hit = (row.message.id, block, stretch)
        self._show_place(at, row, block, stretch[0])

    def _unfold(self, row: Row) -> None:
        """Open a turn that is folded: what is looked for stands in it."""
        if row.cover is not None and not row.cover.is_open:
            row.cover.is_open = True
            self._unfolded.add(row.message.id)
            row.refold()

    def _show_place(self, at: int, row: Row, block: int, position: int) -> None:
        row.lay_out(self._column, row.tops[block], row.tops[block])
        self._heights[at] = row.height
        made = row.blocks[block]
        if isinstance(made, Code):
            made.reveal(position)
        y = self._heights.top(at) + row.tops[block] + made.top_of(position)
        self._top = max(0, min(int(y) - self.viewport().height() // 3, self._farthest))

    def show_block(self, message_id: str, is_meant: Callable[[Block], bool]) -> bool:
        """Scroll to the first block of a message that is meant; False if the message is not loaded yet."""
        if not self.show_message(message_id, -1):
            self._wanted_block = is_meant
            return False
        at = self._model.row_of(message_id) if self._model is not None else -1
        row = self._row(at)
        if row is None:
            return False
        self._unfold(row)
        if not row.width:
            row.lay_out(self._column, -1, -1)
        while row.pump(1 << 20):
            pass
        found = next((number for number, block in enumerate(row.blocks) if is_meant(block)), -1)
        if found >= 0:
            self._show_place(at, row, found, 0)
            self._top = max(0, min(self._heights.top(at) + row.tops[found] - self._ink.px(24), self._farthest))
        self._arrange()
        return True

    # For screen readers and tests

    def row_count(self) -> int:
        return len(self._heights)

    def is_current(self, row: int) -> bool:
        return row == self._current

    def row_words(self, row: int) -> tuple[str, str]:
        """(who speaks, what is said) of a row; empty words while it is not loaded."""
        made = self._row(row)
        return (made.caption, made.message.text) if made is not None else ("", "")

    def row_rect(self, row: int) -> QRect:
        """Where a row is on the screen."""
        if not 0 <= row < len(self._heights):
            return QRect()
        corner = self.viewport().mapToGlobal(QPoint(self._left, self._heights.top(row) - self._top))
        return QRect(corner, QSize(self._column, self._heights[row]))

    def row_at_global(self, x: int, y: int) -> int:
        at = self.viewport().mapFromGlobal(QPoint(x, y)).y() + self._top
        return self._heights.row_at(at) if 0 <= at < self._heights.total else -1

    # Printing

    def print_messages(self, printer: QPagedPaintDevice, messages: Iterable[Message]) -> int:
        """Paint messages onto pages, always in black on white; the number of pages."""
        return print_pages(printer, messages)

    # Menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        is_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        at = self._current if is_key else self._place_at(QPointF(event.pos()))[0]
        if 0 <= at < len(self._heights):
            spot = None if is_key else self._inside(QPointF(event.pos()))
            where = self.viewport().mapToGlobal(self._row_corner(at)) if is_key else event.globalPos()
            self._menu(at, spot).popup(where)

    def _row_corner(self, at: int) -> QPoint:
        return QPoint(self._left, max(0, self._heights.top(at) - self._top))

    def _menu(self, at: int, spot: tuple[Block, float, float] | None = None) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self.has_selection():
            self._entry(menu, "Copy selection").triggered.connect(lambda: self.copy())
        if spot is not None and (found := spot[0].link_at(spot[1], spot[2])):
            verdict = links.decide(*found)
            self._entry(menu, "Open link …").triggered.connect(lambda: self.link.emit(verdict))
            copy = self._entry(menu, "Copy link address")
            copy.triggered.connect(lambda: QGuiApplication.clipboard().setText(verdict.address))
        if spot is not None and isinstance(spot[0], Code):
            block = spot[0]
            copy = self._entry(menu, "Copy code")
            copy.triggered.connect(lambda: QGuiApplication.clipboard().setMimeData(clipboard_text(block.text())))
        row = self._row(at)
        for kept in self._kept_in(row, spot[0] if spot is not None else None):
            self._part_entries(menu, kept)
        menu.addSeparator()
        if row is not None:
            own = () if self._is_reading else ("fork", *row.state_line[2])
            for name in [*names_for(row.message, row.branch, is_reading=self._is_reading), *own]:
                if name not in ("more", "quote"):
                    words = (
                        ACTIONS[name][1] if name in ACTIONS else {"retry": "Try again", "continue": "Continue"}[name]
                    )
                    words = "Copy message" if name == "copy" else words
                    self._entry(menu, words).triggered.connect(lambda _=False, name=name: self._act(at, name))
            if self._menu_more is not None:
                self._menu_more(menu, row.message.id)
        menu.addSeparator()
        self._entry(menu, "Select all").triggered.connect(lambda: self.select_all())
        return menu

    def _kept_in(self, row: Row | None, block: Block | None) -> list[Kept]:
        """Pictures, sounds and files of a menu: the one under the pointer, else all of the message."""
        if self._media is None:
            return []
        if isinstance(block, PictureBlock | SoundBlock | Chip):
            return [block.kept] if block.kept is not None else []
        found = [each.kept for each in (row.blocks if row is not None and block is None else ())]
        return [kept for kept in found if kept is not None and kept.blob][:MOST_IN_MENU]

    def _part_entries(self, menu: QMenu, kept: Kept) -> None:
        name = no_mnemonic(visible(kept.name)[:60])
        offers = [("save", f"Save “{name}” as …" if name else "Save as …")]
        if isinstance(kept, Picture):
            offers = [("show", "Show picture large"), ("copy", "Copy picture"), *offers]
        for action, words in offers:
            entry = self._entry(menu, words)
            entry.triggered.connect(lambda _=False, action=action: self.part_action.emit(action, kept))

    def _entry(self, menu: QMenu, words: str) -> QAction:
        return menu.addAction(words)
