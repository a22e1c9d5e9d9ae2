"""Grouping: the distinct pairs of a log, and the events of each."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec.runtime import resolve_threads

__all__ = ["PairGroups", "group_pairs"]


class PairGroups(NamedTuple):
    """The distinct pairs in order of row and column.

    Row `i` has the pairs ``offsets[i]:offsets[i + 1]``. Pair `p` is that of its row with
    ``columns[p]``, and has the events ``order[starts[p]:starts[p + 1]]``, in arrival order.
    """

    offsets: NDArray[np.int64]
    columns: NDArray[np.int32]
    starts: NDArray[np.int64]
    order: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each pair."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @property
    def sizes(self) -> NDArray[np.int64]:
        """How many events each pair has."""
        return np.diff(self.starts)


def group_pairs(rows: NDArray[np.int32], columns: NDArray[Any], row_count: int) -> PairGroups:
    """Group events by pair; rows and columns are known to be in range.

    Examples
    --------
    >>> groups = group_pairs(np.array([1, 0, 1], np.int32), np.array([4, 4, 4], np.int32), 2)
    >>> groups.rows.tolist(), groups.columns.tolist(), groups.order.tolist()
    ([0, 1], [4, 4], [1, 0, 2])
    """
    found = _kernels.group_pairs(
        rows, columns.astype(np.int32, copy=False), row_count=row_count, threads=resolve_threads()
    )
    return PairGroups(*found)
