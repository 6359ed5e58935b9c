"""The left of the library: a field that finds a place, and the tree of places."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from desktop.core.text import visible
from desktop.ui import icons, theme
from desktop.ui.chat.meta import grouped
from desktop.ui.library.places_model import (
    COUNT,
    HEADING,
    ICON,
    KIND,
    NAMED,
    TITLE,
    PlacesFilter,
    PlacesModel,
    Spot,
    matches,
)

Index = QModelIndex | QPersistentModelIndex

ROW, HEADING_ROW = 30, 38


class PlaceDelegate(QStyledItemDelegate):
    """Icon, name, and at the right how many, in digits of one width."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, theme.current().px(HEADING_ROW if index.data(KIND) == HEADING else ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look = theme.current()
        painter.save()
        rect: QRect = option.rect
        if index.data(KIND) == HEADING:
            painter.setFont(look.font("caption", semibold=True))
            painter.setPen(look.color("muted"))
            line = rect.adjusted(look.px(4), 0, 0, -look.px(6))
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, str(index.data(TITLE)))
        else:
            self._place(painter, rect, option, index)
        painter.restore()

    def _place(self, painter: QPainter, rect: QRect, option: QStyleOptionViewItem, index: Index) -> None:
        look = theme.current()
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        inner = rect.adjusted(look.px(4), 0, -look.px(12), 0)
        side = look.px(16)
        tone = look.color("accent" if is_chosen else "muted")
        picture = icons.pixmap(str(index.data(ICON)), tone, side)
        painter.drawPixmap(QRect(inner.left(), inner.center().y() - side // 2 + 1, side, side), picture)
        inner = inner.adjusted(side + look.px(8), 0, 0, 0)
        total = index.data(COUNT)
        if total:
            painter.setFont(look.font("figures"))
            painter.setPen(look.color("muted"))
            shown = grouped(total)
            painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, shown)
            inner = inner.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(shown) - look.px(8), 0)
        painter.setFont(look.font("body", semibold=is_chosen))
        painter.setPen(look.color("text"))
        name = painter.fontMetrics().elidedText(
            visible(str(index.data(TITLE))), Qt.TextElideMode.ElideRight, inner.width()
        )
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)


class PlacesView(QTreeView):
    """The tree itself: signs of our own for what is open, drops onto places, a menu by mouse and keyboard."""

    menu_wanted = Signal(object)

    def __init__(self, model: PlacesFilter, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("library.places")
        self.setAccessibleName("Places")
        self.setModel(model)
        self.setItemDelegate(PlaceDelegate(self))
        self.setHeaderHidden(True)
        self.setMouseTracking(True)
        self.setExpandsOnDoubleClick(True)
        self.setAutoExpandDelay(600)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.setDragDropOverwriteMode(True)  # onto a place, never between two
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self._target = QPersistentModelIndex()
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        self.setIndentation(theme.current().px(16))
        self.scheduleDelayedItemsLayout()

    def drawRow(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Hover and selection fill the whole width, the indentation included."""
        look = theme.current()
        rect = QRect(0, option.rect.top(), self.viewport().width(), option.rect.height())
        is_place = index.data(KIND) != HEADING
        is_target = self._target.isValid() and index == self._target
        if is_target or (is_place and self.selectionModel().isSelected(index)):
            painter.fillRect(rect, look.color("selection"))
        elif is_place and self.indexAt(self.viewport().mapFromGlobal(self.cursor().pos())) == index:
            painter.fillRect(rect, look.color("hover"))
        super().drawRow(painter, option, index)
        if is_target or (self.hasFocus() and index == self.currentIndex()):
            painter.setPen(look.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        if not self.model().hasChildren(index):
            return
        look = theme.current()
        side = look.px(12)
        picture = icons.pixmap("down" if self.isExpanded(index) else "right", look.color("muted"), side)
        top = rect.center().y() - side // 2
        if index.data(KIND) == HEADING:
            top = rect.bottom() - look.px(6) - side
        painter.drawPixmap(QRect(rect.right() - side, top, side, side), picture)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Without Qt's own frame, whose switch also says whether drops are taken at all."""
        self.setDropIndicatorShown(False)
        super().paintEvent(event)
        self.setDropIndicatorShown(True)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)
        self._aim(self.indexAt(event.position().toPoint()) if event.isAccepted() else QModelIndex())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._aim(QModelIndex())

    def dropEvent(self, event: QDropEvent) -> None:
        super().dropEvent(event)
        self._aim(QModelIndex())

    def _aim(self, index: QModelIndex) -> None:
        self._target = QPersistentModelIndex(index)
        self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and (port := self.viewport()):
            port.setBackgroundRole(QPalette.ColorRole.NoRole)


class Places(QWidget):
    """Signals carry the place (a Spot) or ids; what they mean is the page's matter."""

    chosen = Signal(object)  # Spot
    new_folder_wanted = Signal(str)  # the folder it goes into, or ""
    rename_wanted = Signal(object)
    remove_wanted = Signal(object)
    empty_trash_wanted = Signal()
    folds_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = PlacesModel(self)
        self.filter = PlacesFilter(self.model, self)
        self._is_expanded = self._is_changing = False
        self._chosen: Spot | None = None
        self._folds: dict[tuple[str, str], bool] = {}  # places the user has folded (True) or unfolded
        self._build()
        self._actions()
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self._take_first)
        self.view.selectionModel().currentChanged.connect(lambda *_: self._moved())
        self.view.expanded.connect(lambda index: self._folded(index, False))
        self.view.collapsed.connect(lambda index: self._folded(index, True))
        self.view.menu_wanted.connect(lambda place: self.menu().popup(place))
        self.new_button.clicked.connect(lambda: self.new_folder_wanted.emit(self._folder()))

    def _build(self) -> None:
        column = QVBoxLayout(self)
        top = self._top = QHBoxLayout()
        self.search = QLineEdit(self, placeholderText="Find a place", clearButtonEnabled=True)
        self.search.setObjectName("library.find-place")
        self.search.setAccessibleName("Find a place")
        self.search.setAcceptDrops(False)
        self.new_button = QToolButton(self)
        self.new_button.setObjectName("library.new-folder-button")
        self.new_button.setAccessibleName("New folder")
        self.new_button.setToolTip("New folder (Ctrl+Shift+D)")
        icons.put(self.new_button, "folder-add", "text")
        top.addWidget(self.search, 1)
        top.addWidget(self.new_button)
        self.view = PlacesView(self.filter, self)
        column.addLayout(top)
        column.addWidget(self.view, 1)
        theme.current().changed.connect(self._measure)
        self._measure()

    def _measure(self) -> None:
        look = theme.current()
        self.layout().setContentsMargins(0, look.gap(12), 0, look.gap(8))
        self.layout().setSpacing(look.gap(8))
        self._top.setContentsMargins(look.gap(12), 0, look.gap(12), 0)
        self._top.setSpacing(look.gap(8))

    def _actions(self) -> None:
        self.rename_action = self._action("place-rename", "Rename this place", "F2", "rename", self._rename)
        self.remove_action = self._action("place-remove", "Remove this place", "Delete", "trash", self._remove)
        self.inside_action = self._action(
            "folder-inside", "New folder inside", "", "folder-add", lambda: self.new_folder_wanted.emit(self._folder())
        )
        self.empty_action = self._action(
            "empty-trash", "Empty the trash now", "", "trash", self.empty_trash_wanted.emit
        )

    def _action(self, name: str, text: str, keys: str, icon: str, work: Callable[[], object]) -> QAction:
        action = QAction(text, self.view)
        action.setObjectName(f"library.{name}")
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        icons.put(action, icon)
        action.triggered.connect(lambda: work())
        self.view.addAction(action)
        return action

    # what the page gives and asks

    def follow(self, making: QAction) -> None:
        """Offer new folders as the page's action does, and say the same of it."""
        for part in (self.new_button, self.inside_action):
            part.setEnabled(making.isEnabled())
            part.setToolTip(making.toolTip())

    def show_places(self, wanted: tuple[Spot, ...]) -> None:
        """The places as they are by now; what is chosen and unfolded stays."""
        self._is_changing = True  # rows that come and go choose nothing by themselves
        self.model.show(wanted)
        self._is_changing = False
        if not self._is_expanded:
            self._is_expanded = True
            self._unfold()
        if self._chosen is None or not self.model.find(*self._chosen.key).isValid():
            self.select("all")
        else:
            self._mark_chosen()

    def folds(self) -> list[tuple[str, str, bool]]:
        """What the user has folded (True) or unfolded (False), for the next start."""
        return [(*key, is_folded) for key, is_folded in self._folds.items()]

    def set_folds(self, folds: list[tuple[str, str, bool]]) -> None:
        self._folds = {(kind, value): is_folded for kind, value, is_folded in folds}
        self._unfold()

    def _unfold(self) -> None:
        """Headings stand open and folders closed, but where the user left it otherwise."""
        self._is_changing = True
        self.view.collapseAll()
        self.view.expandToDepth(0)
        for key, is_folded in self._folds.items():
            self.view.setExpanded(self.filter.mapFromSource(self.model.find(*key)), not is_folded)
        self._is_changing = False

    def _folded(self, index: QModelIndex, is_folded: bool) -> None:
        spot = self.model.spot(self.filter.mapToSource(index))
        if spot is not None and not self._is_changing and not self.search.text():
            self._folds[spot.key] = is_folded
            self.folds_changed.emit()

    def current(self) -> Spot | None:
        return self.model.spot(self.filter.mapToSource(self.view.currentIndex()))

    def select(self, kind: str, value: str = "") -> None:
        index = self.filter.mapFromSource(self.model.find(kind, value))
        if index.isValid():
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.view.selectionModel().setCurrentIndex(index, flags)
            self.view.scrollTo(index)

    def reveal_folder(self, folder: str) -> None:
        """Unfold what a folder stands in."""
        index = self.filter.mapFromSource(self.model.find("folder", folder))
        while (index := index.parent()).isValid():
            self.view.expand(index)

    def menu(self) -> QMenu:
        """The context menu of the current place."""
        spot, menu = self.current(), QMenu(self.view)
        kind = spot.kind if spot else ""
        if kind in ("folder", "", "all"):
            self.inside_action.setText("New folder inside" if kind == "folder" else "New folder")
            menu.addAction(self.inside_action)
        if kind in NAMED:
            self.rename_action.setText(f"Rename the {NAMED[kind]}")
            self.remove_action.setText(f"Remove the {NAMED[kind]}")
            menu.addActions([self.rename_action, self.remove_action])
        if kind == "trash":
            menu.addAction(self.empty_action)
        return menu

    def _search(self, text: str) -> None:
        self._is_changing = True
        self.filter.search(text)
        self._is_changing = False
        self._mark_chosen()
        if text.strip():
            self.view.expandAll()
        else:
            self._unfold()

    def _mark_chosen(self) -> None:
        """The chosen place is marked where it is; where it is hidden, nothing is."""
        key = self._chosen.key if self._chosen else ("", "")
        index = self.filter.mapFromSource(self.model.find(*key))
        if index != self.view.currentIndex():
            self._is_changing = True
            self.view.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
            self._is_changing = False

    def _take_first(self) -> None:
        """Enter in the field: the first place that is left."""
        text = self.search.text()
        first = next((spot for spot in self.model.spots() if spot.kind != HEADING and matches(text, spot.title)), None)
        if first is not None and text.strip():
            self.select(*first.key)
            self.view.setFocus()

    def _moved(self) -> None:
        spot = self.current()
        if not self._is_changing and spot is not None and spot.kind != HEADING:
            self._chosen = spot
            self.rename_action.setEnabled(spot.kind in NAMED)
            self.remove_action.setEnabled(spot.kind in NAMED)
            self.chosen.emit(spot)

    def _folder(self) -> str:
        spot = self.current()
        return spot.value if spot is not None and spot.kind == "folder" else ""

    def _rename(self) -> None:
        if (spot := self.current()) is not None and spot.kind in NAMED:
            self.rename_wanted.emit(spot)

    def _remove(self) -> None:
        if (spot := self.current()) is not None and spot.kind in NAMED:
            self.remove_wanted.emit(spot)
