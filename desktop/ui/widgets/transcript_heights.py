"""Where each row of a long transcript begins, though most rows have never been laid out."""

from __future__ import annotations

from collections.abc import Iterable

REBUILT_FROM = 10
"""Adding a row at the end costs as much as so many rows cost when all are summed up anew."""


class Heights:
    """Heights in px of any number of rows: change one, sum those above, find the row at a place, each in log n."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = list(heights)
        self._tree: list[int] = []
        self._rebuild()

    @classmethod
    def uniform(cls, rows: int, height: int) -> Heights:
        """Many rows of one height, which a new conversation begins with."""
        made = cls()
        made._heights = [height] * rows
        made._tree = [(at & -at) * height for at in range(rows + 1)]
        return made

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, row: int) -> int:
        return self._heights[row]

    def __setitem__(self, row: int, height: int) -> None:
        change = height - self._heights[row]
        if not change:
            return
        self._heights[row] = height
        at = row + 1
        while at < len(self._tree):
            self._tree[at] += change
            at += at & -at

    def splice(self, row: int, removed: int, added: Iterable[int]) -> None:
        added = list(added)
        if not removed and row == len(self._heights) and len(added) * REBUILT_FROM < row:
            for height in added:
                self._append(height)
            return
        self._heights[row : row + removed] = added
        self._rebuild()

    @property
    def total(self) -> int:
        return self.top(len(self._heights))

    def top(self, row: int) -> int:
        """Sum of the heights of the rows above."""
        total, at = 0, row
        while at > 0:
            total += self._tree[at]
            at &= at - 1
        return total

    def row_at(self, y: float) -> int:
        """The row that a place falls into; the nearest one outside."""
        row, step = 0, 1 << len(self._heights).bit_length()
        rest = y
        while step:
            at = row + step
            if at < len(self._tree) and self._tree[at] <= rest:
                row, rest = at, rest - self._tree[at]
            step >>= 1
        return max(0, min(row, len(self._heights) - 1))

    def _append(self, height: int) -> None:
        self._heights.append(height)
        at = len(self._heights)
        low = at - (at & -at)
        self._tree.append(self.top(at - 1) - self.top(low) + height)

    def _rebuild(self) -> None:
        tree = [0, *self._heights]
        for at in range(1, len(tree)):
            up = at + (at & -at)
            if up < len(tree):
                tree[up] += tree[at]
        self._tree = tree
