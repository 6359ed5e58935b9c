"""The left of the settings page: groups of settings, then the profiles, with what adds one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from desktop.core.profile import READY_MADE
from desktop.core.text import visible
from desktop.ui import icons, theme

KEY, DETAIL, IN_USE = (Qt.ItemDataRole.UserRole + at for at in range(1, 4))


class _Rows(QStyledItemDelegate):
    """Headings, groups of one line, profiles of two with a dot at the one in use."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        if not index.data(KEY):
            return QSize(100, theme.current().px(40))
        return QSize(100, theme.current().px(44 if index.data(DETAIL) is not None else 32))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        look, rect = theme.current(), option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver and index.data(KEY):
            painter.fillRect(rect, look.color("hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(look.color("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        inner = rect.adjusted(look.px(16), 0, -look.px(12), 0)
        text, detail = visible(str(index.data())), index.data(DETAIL)
        if not index.data(KEY):
            below = inner.adjusted(0, look.px(16), 0, -look.px(4))
            self._line(painter, below, text, "caption", "muted", semibold=True)
        elif detail is None:
            self._line(painter, inner, text, "body", "text")
        else:
            self._profile(painter, inner, text, detail, bool(index.data(IN_USE)))
        painter.restore()

    def _profile(self, painter: QPainter, inner: QRect, name: str, detail: str, in_use: bool) -> None:
        look = theme.current()
        if in_use:
            size = look.px(16)
            sign = icons.pixmap("check", look.color("accent"), size)
            painter.drawPixmap(QRect(inner.right() - size, inner.center().y() - size // 2, size, size), sign)
            inner = inner.adjusted(0, 0, -size - look.px(8), 0)
        inner = inner.adjusted(0, look.px(4), 0, -look.px(4))
        half = inner.height() // 2
        self._line(painter, inner.adjusted(0, 0, 0, -half), name, "body", "text")
        self._line(painter, inner.adjusted(0, half, 0, 0), visible(detail), "caption", "muted")

    def _line(self, painter: QPainter, rect: QRect, text: str, font: str, tone: str, *, semibold: bool = False) -> None:
        painter.setFont(theme.current().font(font, semibold))
        painter.setPen(theme.current().color(tone))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


class Sections(QWidget):
    """`group_wanted` carries a group's name, `profile_wanted` a profile's id, `add_wanted` a Kind."""

    group_wanted = Signal(str)
    profile_wanted = Signal(str)
    add_wanted = Signal(object)
    changed = Signal()  # what there is, or what of it is selected

    def __init__(self, groups: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups = tuple(groups)
        self._profiles: tuple[tuple[str, str, str, bool], ...] = ()
        look = theme.current()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, look.gap(12))
        column.setSpacing(look.gap(8))
        self.list = QListWidget()
        self.list.setObjectName("settings.sections")
        self.list.setAccessibleName("Settings and profiles")
        self.list.setMouseTracking(True)
        self.list.setItemDelegate(_Rows(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentItemChanged.connect(self._moved)
        self.list.itemClicked.connect(self._moved)  # also the one that is selected: it may be scrolled away
        column.addWidget(self.list, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(look.gap(12), 0, look.gap(12), 0)
        foot.addWidget(self.add_button("profiles.add"))
        column.addLayout(foot)
        look.changed.connect(self.list.doItemsLayout)
        self._fill()

    def show_profiles(self, profiles: Sequence[tuple[str, str, str, bool]]) -> None:
        """Id, name, detail and whether it is in use of each profile; the selection stays where it was."""
        if tuple(profiles) != self._profiles:
            self._profiles = tuple(profiles)
            self._fill()

    def select(self, key: str) -> None:
        """Go to "group:NAME" or "profile:ID", also where that is selected already."""
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item.data(KEY) == key:
                if self.list.currentItem() is item:
                    self._moved(item)
                self.list.setCurrentItem(item)

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Key and words of each that can be selected."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return [(str(item.data(KEY)), item.text()) for item in items if item.data(KEY)]

    @property
    def selected(self) -> str:
        item = self.list.currentItem()
        return str(item.data(KEY) or "") if item else ""

    def _fill(self) -> None:
        before = self.selected
        with QSignalBlocker(self.list):
            self.list.clear()
            self._heading("Settings")
            for group in self._groups:
                self._item(group, f"group:{group}")
            self._heading("Profiles")
            for profile_id, name, detail, in_use in self._profiles:
                item = self._item(name, f"profile:{profile_id}")
                item.setData(DETAIL, detail)
                item.setData(IN_USE, in_use)
                spoken = f"{name}, {detail}, in use" if in_use else f"{name}, {detail}"
                item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
            for row in range(self.list.count()):
                if before and self.list.item(row).data(KEY) == before:
                    self.list.setCurrentRow(row)
        self.changed.emit()

    def _heading(self, text: str) -> None:
        self.list.addItem(item := QListWidgetItem(text))
        item.setFlags(Qt.ItemFlag.NoItemFlags)

    def _item(self, text: str, key: str) -> QListWidgetItem:
        self.list.addItem(item := QListWidgetItem(text))
        item.setData(KEY, key)
        return item

    def _moved(self, item: QListWidgetItem | None) -> None:
        self.changed.emit()
        kind, _, name = str(item.data(KEY) or "").partition(":") if item else ("", "", "")
        if kind == "group":
            self.group_wanted.emit(name)
        elif kind == "profile":
            self.profile_wanted.emit(name)

    def add_button(self, name: str) -> QPushButton:
        """A button whose menu has the kinds of profiles."""
        button = QPushButton("Add profile")
        button.setObjectName(name)
        button.setAccessibleName("Add profile")
        icons.put(button, "plus")
        menu = QMenu(button)
        menu.setObjectName(f"{name}-menu")
        for kind, words, _, _ in READY_MADE:
            action = QAction(words, menu)
            action.setObjectName(f"{name}-{kind.value}")
            action.triggered.connect(lambda _=False, wanted=kind: self.add_wanted.emit(wanted))
            menu.addAction(action)
        button.setMenu(menu)
        return button


class Jump(QWidget):
    """The same as a list that opens, where a window is too narrow for a side."""

    def __init__(self, sections: Sections, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sections = sections
        look = theme.current()
        row = QHBoxLayout(self)
        row.setContentsMargins(look.gap(16), look.gap(12), look.gap(16), 0)
        row.setSpacing(look.gap(8))
        self.choice = QComboBox()
        self.choice.setObjectName("settings.section")
        self.choice.setAccessibleName("Settings and profiles")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        row.addWidget(self.choice, 1)
        row.addWidget(sections.add_button("settings.add-profile"))
        self.choice.activated.connect(lambda at: sections.select(str(self.choice.itemData(at))))
        sections.changed.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        self.choice.clear()
        rows = self._sections.rows
        for number, (key, text) in enumerate(rows):
            if number and key.startswith("profile:") and not rows[number - 1][0].startswith("profile:"):
                self.choice.insertSeparator(self.choice.count())
            self.choice.addItem(visible(text), key)
        self.choice.setCurrentIndex(self.choice.findData(self._sections.selected))
