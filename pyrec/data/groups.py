"""Groups: what sorts items or users, such as a category, a seller or a segment."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.errors import DataError

__all__ = ["Groups"]

# Between the labels of one text, as in published tables of films.
_SEPARATOR = "|"


@dataclass(frozen=True, eq=False)
class Groups:
    """Which groups each row is in, and how much of it.

    Parameters
    ----------
    names : (n_groups,)
        What the groups are called, in order.
    memberships : Csr (n, n_groups)
        Each row's parts, which add up to 1; a row that is in no group is empty.

    Examples
    --------
    >>> kinds = Groups.of(["tea", "cup", "tea", None])
    >>> kinds.names.tolist(), kinds.codes.tolist()
    (['cup', 'tea'], [1, 0, 1, -1])
    """

    names: NDArray[Any]
    memberships: Csr

    @classmethod
    def of(cls, labels: ArrayLike) -> Self:
        """Return the groups that a column of labels makes; None, NaN and "" are no group.

        A text such as ``"Action|Comedy"`` is several labels, as `pyrec.features.MultiHot` reads it:
        the row is in equal parts in each of those groups.

        Raises
        ------
        DataError
            If the labels are not one for each row.

        Examples
        --------
        >>> genres = Groups.of(["Drama", "Drama|War", ""])
        >>> genres.names.tolist(), genres.memberships.values.tolist()
        (['Drama', 'War'], [1.0, 0.5, 0.5])
        """
        array = np.asarray(labels)
        if array.ndim != 1:
            raise DataError(f"groups: must be one label for each row, not {array.ndim}-D")
        rows = array.tolist()
        if any(isinstance(label, str) and _SEPARATOR in label for label in rows):
            return cls.of_lists(map(_labels, rows))
        known = np.array([_is_label(label) for label in rows], dtype=bool)
        return cls._of_pairs(array[known], np.flatnonzero(known), len(array))

    @classmethod
    def of_lists(cls, labels: Iterable[Iterable[Any]]) -> Self:
        """Return the groups of rows that are in several at once, in equal parts.

        Examples
        --------
        >>> Groups.of_lists([["tea"], ["tea", "cup"], []]).memberships.values.tolist()
        [1.0, 0.5, 0.5]
        """
        rows = [sorted({label for label in of_row if _is_label(label)}) for of_row in labels]
        flat = np.array([label for of_row in rows for label in of_row])
        return cls._of_pairs(flat, np.repeat(np.arange(len(rows)), list(map(len, rows))), len(rows))

    @classmethod
    def _of_pairs(cls, labels: NDArray[Any], rows: NDArray[Any], n: int) -> Self:
        """Build groups from labels in order of their rows, none twice in a row."""
        names, codes = np.unique(labels, return_inverse=True)
        counts = np.bincount(rows, minlength=n)
        parts = (1 / counts[rows]).astype(np.float32) if n else np.empty(0, np.float32)
        offsets = np.append(0, np.cumsum(counts)).astype(np.int64)
        memberships = Csr(
            owned(offsets), owned(codes.astype(np.int32)), owned(parts), max(1, len(names))
        )
        return cls(names, memberships)

    @cached_property
    def codes(self) -> NDArray[np.int32]:
        """The number of each row's only group (n,), -1 without one.

        Raises
        ------
        DataError
            If a row is in several.
        """
        counts = np.diff(self.memberships.offsets)
        if np.any(counts > 1):
            row = int(np.argmax(counts > 1))
            begin = int(self.memberships.offsets[row])
            few = ", ".join(repr(str(self.names[g])) for g in self.memberships.columns[begin:][:2])
            raise DataError(f"groups: row {row} is in several ({few}), where one is needed")
        codes = np.full(len(counts), -1, dtype=np.int32)
        codes[counts == 1] = self.memberships.columns
        return codes

    def sums(self, amounts: ArrayLike) -> NDArray[np.float64]:
        """Return the sum of what the rows of each group have (n_groups,), by their parts.

        Examples
        --------
        >>> Groups.of_lists([["tea"], ["tea", "cup"], []]).sums([1, 2, 4]).tolist()
        [1.0, 2.0]
        """
        of = self.memberships
        each = np.repeat(np.asarray(amounts, dtype=np.float64), np.diff(of.offsets))
        sums = np.bincount(of.columns, weights=of.values * each, minlength=len(self))
        return sums.astype(np.float64)  # of nothing they would be integers

    def __len__(self) -> int:
        return len(self.names)


def _is_label(label: Any) -> bool:
    return label is not None and label != "" and label == label


def _labels(label: Any) -> list[Any]:
    """Return the labels of one row."""
    if not isinstance(label, str):
        return [label]
    return [part.strip() for part in label.split(_SEPARATOR)]
