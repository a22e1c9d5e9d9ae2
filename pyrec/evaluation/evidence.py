"""Evidence: what metrics are computed from.

There are three kinds: ranked `Lists` and what each user wanted, `Scores` of everything that could
have been ranked, and `Ratings` beside their predictions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.groups import Groups
from pyrec.data.interactions import as_csr
from pyrec.errors import DataError
from pyrec.rerank.context import Context, unit_vectors
from pyrec.runtime import resolve_threads

__all__ = ["Lists", "PerUser", "Ratings", "Scores"]

PerUser: TypeAlias = NDArray[np.float64]
"""One number per user; NaN where it would mean nothing."""


class Lists:
    """Ranked lists and what their users wanted, judged at all cut-offs in one pass.

    Parameters
    ----------
    rows : int32 (n, k)
        Item rows, best first; a short list ends in -1.
    relevant : scipy sparse or Csr (n, n_items)
        What each user turned out to want; values are gains, used by graded metrics only.
    cutoffs : sequence of int, optional
        The lengths at which the lists will be judged; the full length if not given.
    n_items : int, optional
        Size of the catalogue: the number of columns of `relevant` if not given.
    popularity : (n_items,), optional
        Number of training users of each item, for `novelty`.
    n_users : int, optional
        Number of training users.
    context : Context, optional
        Groups of the items and, as its vectors, their features.
    histories : Csr (n, n_items), optional
        What each user had before, for `miscalibration`.
    threads : int, default 0
        Number of threads; 0 means the default of the process.

    Raises
    ------
    DataError
        If a list is malformed (an item outside the catalogue, or twice in a list), or the shapes
        do not fit.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> lists = Lists([[2, 0], [3, 1]], sp.csr_array([[1, 1, 0, 0], [0, 0, 0, 1]]))
    >>> lists.hits(2).tolist(), lists.first_hit.tolist()
    ([1.0, 1.0], [2.0, 1.0])
    """

    def __init__(
        self,
        rows: ArrayLike,
        relevant: Any,
        *,
        cutoffs: Sequence[int] | None = None,
        n_items: int | None = None,
        popularity: ArrayLike | None = None,
        n_users: int | None = None,
        context: Context | None = None,
        histories: Csr | None = None,
        threads: int = 0,
    ) -> None:
        array = np.asarray(rows)
        if array.dtype.kind not in "iu":
            raise DataError(f"rows: must be whole numbers, rows of items, not {array.dtype}")
        self.rows = np.ascontiguousarray(array, dtype=np.int32)
        self.relevant = as_csr(relevant, "relevant")
        if self.rows.ndim != 2 or len(self.rows) != self.relevant.shape[0]:
            raise DataError(
                f"rows: are {self.rows.shape}, not (users, k) with the {self.relevant.shape[0]} "
                "users of relevant"
            )
        self.n_items = self.relevant.shape[1] if n_items is None else n_items
        self.cutoffs = sorted(set(cutoffs or [self.rows.shape[1]]))
        length = self.rows.shape[1]
        if self.cutoffs[0] < 1 or (self.cutoffs[-1] > length and length < self.n_items):
            raise DataError(
                f"cutoffs: {self.cutoffs} are not between 1 and the lists' length, {length}, which "
                f"is less than the catalogue of {self.n_items} items"
            )
        self._popularity = None if popularity is None else np.asarray(popularity)
        self._n_users = n_users
        self._context = context
        self._histories = histories
        self.threads = resolve_threads(threads)
        _kernels.validate_lists(self.rows, items=self.relevant.shape[1])

    @cached_property
    def n_relevant(self) -> PerUser:
        """Number of items that each user wanted."""
        return np.diff(self.relevant.offsets).astype(np.float64)

    @cached_property
    def first_hit(self) -> PerUser:
        """Position of the first relevant item, from 1; infinite where the list has none."""
        first = self._judged[0].astype(np.float64)
        first[first == 0] = np.inf
        return self._or_nan(first)

    def hits(self, k: int) -> PerUser:
        """Number of relevant items among the first `k`."""
        return self._or_nan(self._judged[1][:, self._at(k)].astype(np.float64))

    def precision_sum(self, k: int) -> PerUser:
        """Sum, over those hits, of the precision at their position."""
        return self._or_nan(self._judged[2][:, self._at(k)])

    def gain(self, k: int, *, graded: bool = False) -> PerUser:
        """Discounted cumulative gain of the first `k`; an item's gain is 1, or its value."""
        return self._or_nan((self._graded if graded else self._judged)[3][:, self._at(k)])

    def ideal_gain(self, k: int, *, graded: bool = False) -> PerUser:
        """Discounted cumulative gain of the best list of length `k`."""
        return self._or_nan((self._graded if graded else self._judged)[4][:, self._at(k)])

    def exposure(self, k: int, by: str | None = None) -> NDArray[Any]:
        """How many lists have each item among their first `k`, or how many places each group has.

        An item that is in several groups counts in parts.
        """
        shown = self.rows[:, :k]
        counts: NDArray[np.int64] = np.bincount(shown[shown >= 0], minlength=self.n_items)
        return counts if by is None else self.groups(by).sums(counts)

    def mean_of_items(self, amounts: NDArray[np.float64], k: int) -> PerUser:
        """Return the mean of what each of the first `k` items has; NaN for an empty list."""
        shown = self.rows[:, :k]
        real = shown >= 0
        counts = real.sum(axis=1)
        sums = np.where(real, amounts[shown], 0.0).sum(axis=1)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    @property
    def trained_pairs(self) -> NDArray[Any]:
        """Number of training users of each item."""
        return np.asarray(self._given(self._popularity, "the popularity of items in training"))

    @property
    def trained_users(self) -> int:
        """Number of training users."""
        return int(self._given(self._n_users, "the number of users in training"))

    @property
    def histories(self) -> Csr:
        """What each user had before."""
        found: Csr = self._given(self._histories, "what each user had before")
        return found

    def groups(self, by: str) -> Groups:
        """Return the groups that a column of the catalogue makes."""
        context: Context = self._given(self._context, f"a catalogue with the column {by!r}")
        return context.grouped_by(by, "metrics")

    def directions(self, by: str | None) -> NDArray[np.float32] | Csr:
        """Return the features of items, or what groups they are in, as vectors of length 1."""
        if by is not None:
            return unit_vectors(self.groups(by).memberships)
        vectors = None if self._context is None else self._context.vectors
        self._given(vectors, "features of the items; or name groups, as 'ild:category'")
        assert self._context is not None
        return self._context.directions

    def _given(self, what: Any, which: str) -> Any:
        if what is None:
            raise DataError(f"needs {which}")
        return what

    @cached_property
    def _judged(self) -> tuple[NDArray[Any], ...]:
        return self._judge(graded=False)

    @cached_property
    def _graded(self) -> tuple[NDArray[Any], ...]:
        if self.relevant.nnz and self.relevant.values.min() < 0:
            raise DataError("relevant: a graded metric takes gains of 0 or more")
        return self._judge(graded=True)

    def _judge(self, *, graded: bool) -> tuple[NDArray[Any], ...]:
        cutoffs = np.array(self.cutoffs, dtype=np.int32)
        return _kernels.judge(
            self.rows, self.relevant, cutoffs, graded=graded, threads=self.threads
        )

    def _at(self, k: int) -> int:
        if k not in self.cutoffs:
            raise DataError(f"k: {k} is not among the cut-offs {self.cutoffs} of these lists")
        return self.cutoffs.index(k)

    def _or_nan(self, values: PerUser) -> PerUser:
        return np.where(self.n_relevant > 0, values, np.nan)


@dataclass(frozen=True)
class Scores:
    """The scores of everything that could have been ranked for each user, and what they wanted."""

    scores: Csr
    relevant: Csr


@dataclass(frozen=True)
class Ratings:
    """Predicted and actual ratings; user `i` has the entries ``offsets[i]:offsets[i + 1]``."""

    predicted: NDArray[np.float64]
    actual: NDArray[np.float64]
    offsets: NDArray[np.int64]

    @cached_property
    def counts(self) -> PerUser:
        """Number of ratings of each user."""
        return np.diff(self.offsets).astype(np.float64)

    def mean(self, values: PerUser) -> PerUser:
        """Mean of values, one per rating, over each user's ratings; NaN for a user without any."""
        users = np.repeat(np.arange(len(self.counts)), np.diff(self.offsets))
        sums = np.bincount(users, weights=values, minlength=len(self.counts))
        return np.divide(sums, self.counts, where=self.counts > 0, out=np.full_like(sums, np.nan))
