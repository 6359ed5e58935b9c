"""How high each row is and where it begins: exact for rows that were seen, about right for the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


class RowHeights:
    """Heights and tops in pixels. `exact` measures a row; until then its guess stands for it."""

    def __init__(self, exact: Callable[[int], int]) -> None:
        self._measured = exact
        self._heights = np.zeros(0, np.int32)
        self._is_exact = np.zeros(0, bool)
        self._tops = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def total(self) -> int:
        return int(self._tops[-1])

    def reset(self, guesses: Sequence[int]) -> None:
        self._heights = np.array(guesses, np.int32)
        self._is_exact = np.zeros(len(guesses), bool)
        self._sum()

    def insert(self, first: int, guesses: Sequence[int]) -> None:
        self._heights = np.insert(self._heights, first, guesses)
        self._is_exact = np.insert(self._is_exact, first, [False] * len(guesses))
        self._sum()

    def remove(self, first: int, last: int) -> None:
        self._heights = np.delete(self._heights, slice(first, last + 1))
        self._is_exact = np.delete(self._is_exact, slice(first, last + 1))
        self._sum()

    def forget(self, first: int, last: int) -> None:
        """These rows are to be measured again."""
        self._is_exact[first : last + 1] = False

    def measure(self, first: int, last: int) -> bool:
        """Make rows `first` to `last`, without it, exact; whether any height is another one now."""
        is_other = False
        for row in range(first, last):
            if not self._is_exact[row]:
                before, self._heights[row] = self._heights[row], self._measured(row)
                self._is_exact[row] = True
                is_other |= bool(before != self._heights[row])
        if is_other:
            self._sum()
        return is_other

    def height(self, row: int) -> int:
        return int(self._heights[row])

    def top(self, row: int) -> int:
        return int(self._tops[row])

    def row_at(self, y: int) -> int:
        """The row that a pixel is in; -1 above all, the number of rows below all."""
        return int(np.searchsorted(self._tops, y, "right")) - 1

    def _sum(self) -> None:
        self._tops = np.concatenate(([0], np.cumsum(self._heights, dtype=np.int64)))
