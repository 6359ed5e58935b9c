"""The places of the library as a tree: all, by page, folders, tags, saved searches, with how many each holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractItemModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

from desktop.core.text import folded
from desktop.ui.chat.meta import grouped
from desktop.ui.library import words
from desktop.ui.library.results_model import CONVERSATIONS
from desktop.ui.widgets.tooltip import tip

if TYPE_CHECKING:
    from desktop.core.library import Counts, Folder

Index = QModelIndex | QPersistentModelIndex

FOLDER_DRAG = "application/x-davenport-folder"
"""What a folder is while it is dragged: its id."""

_USER = Qt.ItemDataRole.UserRole
KIND, VALUE, TITLE, COUNT, ICON = range(_USER + 1, _USER + 6)
ROLES = {KIND: b"kind", VALUE: b"value", TITLE: b"title", COUNT: b"count", ICON: b"icon"}
HEADING = "heading"
NAMED = {"folder": "folder", "tag": "tag", "saved": "search"}
"""Kinds of places the user has named, and can name anew or remove, with their words."""

TAKES_CONVERSATIONS = {"folder", "tag", "pinned", "archived", "trash"}
PAGE_ICONS = {"chat", "images", "speech", "transcription", "batches", "completions", "files", "embeddings"}


@dataclass(frozen=True, slots=True)
class Spot:
    """One place: `kind` and `value` as the service's Place has them, or a heading, or a saved search by its id.

    `text` is a saved search's line; `total` is None where nothing is counted.
    """

    kind: str
    value: str
    title: str
    icon: str = ""
    total: int | None = None
    text: str = ""
    inside: tuple[Spot, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.value


def spots(counts: Counts) -> tuple[Spot, ...]:
    """The whole tree, as it follows from what is counted."""
    pages = tuple(
        Spot("page", each.name, words.page(each.name), each.name if each.name in PAGE_ICONS else "library", each.count)
        for each in counts.pages
    )
    tags = tuple(Spot("tag", tag.name, tag.name, "tag", tag.count) for tag in counts.tags)
    saved = tuple(Spot("saved", each.id, each.name, "search", None, each.query) for each in counts.saved)
    groups = (
        Spot(HEADING, "folders", "Folders", inside=_folders(counts.folders, "")),
        Spot(HEADING, "tags", "Tags", inside=tags),
        Spot(HEADING, "saved", "Saved searches", inside=saved),
        Spot(HEADING, "pages", "Pages", inside=pages),
    )
    return (
        Spot("all", "", "All", "library", counts.all),
        Spot("pinned", "", "Pinned", "pin", counts.pinned),
        Spot("untagged", "", "Untagged", "untagged", counts.untagged),
        Spot("archived", "", "Archived", "archive", counts.archived),
        Spot("trash", "", "Trash", "trash", counts.trash),
        *(group for group in groups if group.inside or group.value == "folders"),
    )


def _folders(folders: Sequence[Folder], parent: str) -> tuple[Spot, ...]:
    return tuple(
        Spot("folder", each.id, each.name, "folder", each.count, inside=_folders(folders, each.id))
        for each in sorted(folders, key=lambda each: folded(each.name))
        if (each.parent or "") == parent
    )


@dataclass(slots=True, eq=False)
class _Node:
    spot: Spot
    number: int
    parent: _Node | None
    inside: list[_Node] = field(default_factory=list)


class PlacesModel(QAbstractItemModel):
    """Takes dropped conversations (`dropped`: kind, value, ids) and folders (`folder_moved`: id, new parent or "")."""

    dropped = Signal(str, str, list)
    folder_moved = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = count(1)
        self._root = _Node(Spot("", "", ""), 0, None)
        self._nodes = {0: self._root}  # indexes carry numbers, never addresses of what may be gone

    # what views ask

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        node = self._node(parent)
        if node is None or column != 0 or not 0 <= row < len(node.inside):
            return QModelIndex()
        return self.createIndex(row, 0, node.inside[row].number)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        node = self._node(index) if index.isValid() else None
        return self._index_of(node.parent) if node is not None and node.parent is not None else QModelIndex()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        node = self._node(parent)
        return len(node.inside) if node is not None and parent.column() <= 0 else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 1

    def roleNames(self) -> dict[int, QByteArray]:
        return {**super().roleNames(), **{role: QByteArray(name) for role, name in ROLES.items()}}

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        node = self._node(index) if index.isValid() else None
        if node is None:
            return None
        spot = node.spot
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return spot.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return spot.title if spot.total is None else f"{spot.title}, {grouped(spot.total)}"
            case Qt.ItemDataRole.ToolTipRole:
                return tip(f"{spot.title}\n{spot.text}" if spot.text else spot.title)
        return {KIND: spot.kind, VALUE: spot.value, TITLE: spot.title, COUNT: spot.total, ICON: spot.icon}.get(role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        node = self._node(index) if index.isValid() else None
        if node is None:
            return Qt.ItemFlag.NoItemFlags
        flags, kind = Qt.ItemFlag.ItemIsEnabled, node.spot.kind
        if kind != HEADING:
            flags |= Qt.ItemFlag.ItemIsSelectable
        if kind in TAKES_CONVERSATIONS or node.spot.key == (HEADING, "folders"):
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        return flags | Qt.ItemFlag.ItemIsDragEnabled if kind == "folder" else flags

    # what is dragged and dropped

    def mimeTypes(self) -> list[str]:
        return [CONVERSATIONS, FOLDER_DRAG]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        carried = QMimeData()
        carried.setData(FOLDER_DRAG, QByteArray(str(indexes[0].data(VALUE)).encode()))
        return carried

    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def canDropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        node = self._node(parent) if parent.isValid() else None
        if node is None:
            return False
        if data.hasFormat(CONVERSATIONS):
            return node.spot.kind in TAKES_CONVERSATIONS
        if data.hasFormat(FOLDER_DRAG):
            return self._takes_folder(node, _text(data, FOLDER_DRAG))
        return False

    def _takes_folder(self, node: _Node, folder: str) -> bool:
        """Not into itself or what is inside it, nor where it already is."""
        if node.spot.key == (HEADING, "folders"):
            return any(spot.value == folder for spot in self.spots() if spot.kind == "folder")
        at: _Node | None = node
        while at is not None:
            if at.spot.key == ("folder", folder):
                return False
            at = at.parent
        return node.spot.kind == "folder" and all(below.spot.value != folder for below in node.inside)

    def dropMimeData(self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index) -> bool:
        if not self.canDropMimeData(data, action, row, column, parent):
            return False
        node = self._node(parent)
        assert node is not None
        if data.hasFormat(CONVERSATIONS):
            self.dropped.emit(node.spot.kind, node.spot.value, json.loads(_text(data, CONVERSATIONS)))
        else:
            into = node.spot.value if node.spot.kind == "folder" else ""
            self.folder_moved.emit(_text(data, FOLDER_DRAG), into)
        return False  # nothing is moved here: the new tree comes with the next counts

    # what the page gives and asks

    def show(self, wanted: Sequence[Spot]) -> None:
        """Show these places, touching only what is new, gone, moved or changed."""
        self._merge(self._root, wanted)

    def spots(self) -> Iterator[Spot]:
        """Every place, from the top down."""

        def below(node: _Node) -> Iterator[Spot]:
            for each in node.inside:
                yield each.spot
                yield from below(each)

        return below(self._root)

    def spot(self, index: Index) -> Spot | None:
        node = self._node(index) if index.isValid() else None
        return node.spot if node is not None else None

    def find(self, kind: str, value: str = "") -> QModelIndex:
        """The index of a place; an invalid one where it is not (any more)."""
        found = next((node for node in self._nodes.values() if node.spot.key == (kind, value)), None)
        return self._index_of(found) if found is not None else QModelIndex()

    def path(self, folder: str) -> str:
        """A folder's name with those it stands in: "Work › Reports"."""
        node = self._node(self.find("folder", folder))
        names: list[str] = []
        while node is not None and node.spot.kind == "folder":
            names.append(node.spot.title)
            node = node.parent
        return " › ".join(reversed(names))

    def _merge(self, node: _Node, wanted: Sequence[Spot]) -> None:
        keys = {spot.key for spot in wanted}
        place = self._index_of(node)
        for row in range(len(node.inside) - 1, -1, -1):
            if node.inside[row].spot.key not in keys:
                self.beginRemoveRows(place, row, row)
                self._forget(node.inside.pop(row))
                self.endRemoveRows()
        for row, spot in enumerate(wanted):
            was = next((n for n in range(row, len(node.inside)) if node.inside[n].spot.key == spot.key), None)
            if was is None:
                self._insert(node, place, row, spot)
            elif was != row:
                self.beginMoveRows(place, was, was, place, row)
                node.inside.insert(row, node.inside.pop(was))
                self.endMoveRows()
            self._change(node.inside[row], spot)
            self._merge(node.inside[row], spot.inside)

    def _insert(self, node: _Node, place: QModelIndex, row: int, spot: Spot) -> None:
        made = _Node(spot, next(self._numbers), node)
        self.beginInsertRows(place, row, row)
        self._nodes[made.number] = made
        node.inside.insert(row, made)
        self.endInsertRows()

    def _change(self, node: _Node, spot: Spot) -> None:
        before, node.spot = node.spot, spot
        if (before.title, before.total, before.text, before.icon) != (spot.title, spot.total, spot.text, spot.icon):
            index = self._index_of(node)
            self.dataChanged.emit(index, index, [])

    def _forget(self, node: _Node) -> None:
        self._nodes.pop(node.number, None)
        for below in node.inside:
            self._forget(below)

    def _node(self, index: Index) -> _Node | None:
        return self._nodes.get(index.internalId()) if index.isValid() else self._root

    def _index_of(self, node: _Node) -> QModelIndex:
        if node.parent is None:
            return QModelIndex()
        return self.createIndex(node.parent.inside.index(node), 0, node.number)


def matches(text: str, title: str) -> bool:
    """Whether a place's name has every word that is looked for."""
    name = folded(title)
    return all(word in name for word in folded(text).split())


class PlacesFilter(QSortFilterProxyModel):
    """Keeps the places whose name has every word, with what they stand in and what is in them."""

    def __init__(self, model: PlacesModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setRecursiveFilteringEnabled(True)
        self.setAutoAcceptChildRows(True)
        self.setSourceModel(model)

    def search(self, text: str) -> None:
        self.beginFilterChange()
        self._text = text.strip()
        self.endFilterChange()

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        if not self._text:
            return True
        index = self.sourceModel().index(row, 0, parent)
        if index.data(KIND) == HEADING:
            return False  # it comes with what is below it
        return matches(self._text, str(index.data(TITLE)))


def _text(data: QMimeData, form: str) -> str:
    return bytes(data.data(form).data()).decode()
