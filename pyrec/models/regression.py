"""Regressions over candidate neighbours: every item explained by the few that are most like it.

So memory and time grow with the neighbours, not with the square of the catalogue, and every item is
a problem of its own. With the sides changed users are explained by users.
"""

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions, entry_rows, select
from pyrec.errors import NumericalError
from pyrec.models.degrees import scaled
from pyrec.runtime import resolve_threads
from pyrec.similarity import greatest_products

__all__ = ["SWEEPS", "TOLERANCE", "Products"]

# Rows of the products of items that are made at a time.
_BLOCK = 1024
# Of the products of all items with one another no more than this are kept (4 GB), those of each
# item with the most others in common. Kept are all below 23,000 items, and on Gowalla's 41,000 the
# quality is the same to three digits with 1,024 of each.
_PRODUCTS = 2**29
# When coordinate descent ends: after so many sweeps, or changes that are so small a part of the
# greatest weight.
SWEEPS = 100
TOLERANCE = 1e-4


class Products:
    """The inner products of items, each user weighing as much as is said.

    Items are numbered by falling popularity here: then the rows of a lower triangle of the products
    are short, since what has little in common with others comes late, and each product is found in
    the shorter of two rows.
    """

    def __init__(
        self, interactions: Interactions, user_weights: NDArray[np.float64], side: str = "item"
    ) -> None:
        n = len(interactions.items)
        counts = np.diff(interactions.by_item.offsets)
        order = np.argsort(-counts, kind="stable").astype(np.int32)
        self.rank = np.empty(n, np.int32)
        self.rank[order] = np.arange(n, dtype=np.int32)
        self.items = interactions.by_item.take(order)
        weighted = scaled(self.items, None, user_weights)
        self.users = weighted.transposed()
        of = entry_rows(self.items)
        squares = weighted.values.astype(np.float64) * self.items.values
        diagonal = np.bincount(of, squares, minlength=n)
        if diagonal.max() > 1e30:  # products of float32 would overflow on the way
            one = interactions.items.decode(int(order[np.argmax(diagonal)]))
            raise NumericalError(
                f"{side} {one!r}: its weights have squares that sum to {diagonal.max():.3g}; scale "
                "all weights down"
            )
        self.diagonal = diagonal.astype(np.float32)

    def regress(
        self, neighbors: int, ridges: NDArray[np.float64], *, l1: float, nonnegative: bool
    ) -> Csr:
        """Return the weights of the candidates of every item, by row of what has them."""
        candidates = self._candidates(neighbors)
        weights = _kernels.regress_on_neighbors(
            self._lower(),
            self.diagonal,
            ridges[np.argsort(self.rank)].astype(np.float32),
            candidates,
            l1=l1,
            nonnegative=nonnegative,
            sweeps=SWEEPS,
            tolerance=TOLERANCE,
            threads=resolve_threads(),
        )
        n = len(self.rank)
        found = Csr(candidates.offsets, candidates.columns, owned(weights), n)
        return select(found, weights != 0).take(self.rank).transposed().take(self.rank)

    def _candidates(self, k: int) -> Csr:
        """Return the `k` items of highest cosine for each."""
        n, norms = len(self.rank), np.sqrt(self.diagonal)
        offsets, columns, values = _kernels.find_neighbors(
            self.items, norms, self.users, norms, np.arange(n, dtype=np.int32), k=k,
            denominator="product", shrink=0.0, pattern=False, threads=resolve_threads(),
        )  # fmt: skip
        return Csr(owned(offsets), owned(columns), owned(values), n)

    def _lower(self) -> Csr:
        """Return the greatest products of each item, those with items before it."""
        n = len(self.rank)
        most = max(_PRODUCTS // n, 1)
        counts, columns, values = [np.zeros(1, np.int64)], [], []
        for begin in range(0, n, _BLOCK):
            rows = np.arange(begin, min(begin + _BLOCK, n), dtype=np.int32)
            found = greatest_products(
                self.items.take(rows), self.users, most, selves=rows, threads=resolve_threads()
            )
            of = np.repeat(rows, np.diff(found.offsets))
            before = found.columns < of
            counts.append(np.bincount(of[before] - begin, minlength=len(rows)))
            columns.append(found.columns[before])
            values.append(found.values[before])
        offsets = np.cumsum(np.concatenate(counts), dtype=np.int64)
        return Csr(owned(offsets), owned(np.concatenate(columns)), owned(np.concatenate(values)), n)
