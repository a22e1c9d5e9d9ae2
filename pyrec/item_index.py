"""Items prepared for exact top-k: by norm, and quantised. `pyrec.kernels` is the public door."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.bits import Words
from pyrec.data.columns import frozen, owned
from pyrec.errors import DataError
from pyrec.runtime import resolve_threads

__all__ = ["ItemIndex", "as_factors"]


class ItemIndex:
    """Item factors prepared once for many calls of `top_k`: the same lists, sooner.

    Items are put in order of norm and quantised to one byte per factor. Most items are then ruled
    out by their norm (Cauchy-Schwarz) or by an integer inner product with a rigorous bound of its
    error; the few that are left are scored in full. An index holds the factors and a quarter of
    their memory more, never changes, and may be used by any number of threads.

    Parameters
    ----------
    items : array_like (n_items, factors)
        Item factors; a read-only float32 array is shared, any other copied.
    threads : int, default 0
        Number of threads that prepare it; 0 means the default of the process.

    Raises
    ------
    DataError
        If a factor is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from pyrec.kernels import ItemIndex, top_k
    >>> index = ItemIndex([[1, 0], [3, 1], [0, 2]])
    >>> rows, scores = top_k(np.eye(2), index, k=2)
    >>> rows.tolist()
    [[1, 0], [2, 1]]
    """

    def __init__(self, items: ArrayLike, *, threads: int = 0) -> None:
        self.items: NDArray[np.float32] = frozen(_as_matrix(items, "items"))
        """The factors."""
        order, codes, bounds = _kernels.index_items(self.items, threads=resolve_threads(threads))
        # The largest norm comes first, and is finite if all factors are, but for overflow: looking
        # at it spares a pass over them.
        if not np.all(np.isfinite(bounds[:3])):
            _require_finite(self.items, "items")
        self._order, self._codes, self._bounds = owned(order), owned(codes), owned(bounds)

    def recommend(
        self,
        users: NDArray[np.float32],
        k: int,
        *,
        exclude: Csr | None = None,
        allowed: Words | None = None,
        threads: int,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return rows and scores as `top_k` does, for validated arguments."""
        return self.search(users, k, exclude=exclude, allowed=allowed, threads=threads)[:2]

    def search(
        self,
        users: NDArray[np.float32],
        k: int,
        *,
        exclude: Csr | None = None,
        allowed: Words | None = None,
        threads: int,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], tuple[int, int]]:
        """Return what `top_k` does for validated arguments, and how little work it was.

        Returns
        -------
        rows, scores
            As in `top_k`.
        counts : tuple of two ints
            Of all pairs of user and item, how many were screened by their codes, and how many of
            those were scored in full. They depend on the number of threads; the lists do not.
        """
        return _kernels.recommend_indexed(
            users, self.items, self._order, self._codes, self._bounds, exclude, allowed,
            k=k, threads=threads,
        )  # fmt: skip

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays that hold the index, for an artefact."""
        return {
            "items": self.items,
            "order": self._order,
            "codes": self._codes,
            "bounds": self._bounds,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Take the arrays of `to_arrays`, such as memory-mapped ones, without copying them.

        Raises
        ------
        DataError
            If their shapes do not fit, or the order is none. That the codes are those of the items
            is not checked: where files may have changed, load them with their hashes verified.
        """
        index = cls.__new__(cls)
        index.items = frozen(arrays["items"])
        index._order, index._codes, index._bounds = (
            frozen(arrays[name]) for name in ("order", "codes", "bounds")
        )
        n, factors = index.items.shape
        panels, groups = -(-n // 64), -(-factors // 4)
        shapes = ((n,), (panels * groups * 256,), (panels * 3,))
        if (index._order.shape, index._codes.shape, index._bounds.shape) != shapes:
            raise DataError("order, codes, bounds: their shapes are not those of an index of items")
        named = np.zeros(n, dtype=np.bool_)
        named[index._order[(index._order >= 0) & (index._order < n)]] = True
        if not np.all(named):
            raise DataError("order: does not name each item once")
        return index

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        return f"ItemIndex({self.items.shape[0]} items, {self.items.shape[1]} factors)"


def as_factors(array: ArrayLike, name: str) -> NDArray[np.float32]:
    """Return a finite, C-contiguous float32 matrix, or raise naming the argument."""
    matrix = _as_matrix(array, name)
    _require_finite(matrix, name)
    return matrix


def _as_matrix(array: ArrayLike, name: str) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what overflows is named by _require_finite
        matrix = np.ascontiguousarray(array, dtype=np.float32)
    if matrix.ndim != 2:
        raise DataError(f"{name}: must be a matrix (2-D), not {matrix.ndim}-D")
    return matrix


def _require_finite(matrix: NDArray[np.float32], name: str) -> None:
    if not np.all(np.isfinite(matrix)):
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise DataError(f"{name}[{row}, {column}] is not a finite float32 number")
