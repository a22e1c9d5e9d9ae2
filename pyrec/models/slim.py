"""Linear models over candidate neighbours: `SLIM`, and EASE for large catalogues.

Each item is explained by the items that are most like it, and by no others. So memory and time grow
with the neighbours, not with the square of the catalogue, and every item is a problem of its own.
"""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions, entry_rows, select
from pyrec.errors import NumericalError
from pyrec.models.base import Callback, Estimator
from pyrec.models.degrees import relative, require_no_negative, scaled
from pyrec.models.neighbors import ItemItemModel
from pyrec.models.search import Floats, Integers, Ranges
from pyrec.runtime import resolve_threads
from pyrec.similarity import greatest_products

__all__ = ["SLIM", "SLIMModel", "SparseEASE"]

# Rows of the products of items that are made at a time.
_BLOCK = 1024
# Of the products of all items with one another no more than this are kept (4 GB), those of each
# item with the most others in common. Kept are all below 23,000 items, and on Gowalla's 41,000 the
# quality is the same to three digits with 1,024 of each.
_PRODUCTS = 2**29


class SLIM(Estimator, frozen=True, kw_only=True):
    """Recommend by the few items that best explain each item, none of which speaks against it.

    For each item `j` finds the weights ``w >= 0`` of its candidate neighbours that minimise
    ``|x_j - X w|^2 / 2 + l2 |w|^2 / 2 + l1 |w|_1`` (Ning, Karypis: SLIM: Sparse linear methods for
    top-N recommender systems, ICDM 2011), by coordinate descent. The candidates are the items of
    highest cosine, as in their fsSLIM.

    Parameters
    ----------
    neighbors : int, default 200
        How many candidates each item has.
    l1 : float, default 1
        Weight of the sizes: the greater, the fewer neighbours remain.
    l2 : float, default 50
        Weight of the squares.
    user_exponent : float, default 0
        How much less a user who has much says about two items, as in `SparseEASE`.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> SLIM(l1=0.1, l2=0.1).fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "slim"
    search: ClassVar[Ranges] = {
        "neighbors": Integers(low=50, high=400, log=True),
        "l1": Floats(low=0.01, high=10, log=True),
        "l2": Floats(low=3, high=1000, log=True),
        "user_exponent": Floats(low=0, high=1),
    }

    neighbors: Annotated[int, Meta(ge=1)] = 200
    l1: Annotated[float, Meta(ge=0)] = 1.0
    l2: Annotated[float, Meta(ge=0)] = 50.0
    user_exponent: Annotated[float, Meta(ge=0, le=2)] = 0.0

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "SLIMModel":
        if self.user_exponent:
            require_no_negative(interactions, "a degree")
        products = _Products(interactions, relative(interactions.csr) ** -self.user_exponent)
        ridges = np.full(len(interactions.items), self.l2)
        influence = products.regress(self.neighbors, ridges, l1=self.l1, nonnegative=True)
        return SLIMModel(self, interactions, influence)


class SparseEASE(Estimator, frozen=True, kw_only=True):
    """Recommend by the linear model that best explains each item by its neighbours.

    `EASE`, whose options it shares, with a `B` that is 0 but for candidate neighbours: those of
    highest cosine. Each column is an exact ridge regression on its candidates, as in Steck
    (Markov random fields for collaborative filtering, NeurIPS 2019), here with candidates of its
    own for each item.

    Parameters
    ----------
    neighbors : int, default 200
        How many candidates each item has.
    regularization : float, default 100
        Weight of the entries of `B`. Greater ones are for sparser data.
    user_exponent : float, default 0
        How much less a user who has much says about two items.
    item_exponent : float, default 0
        How much more the weights of popular items are held down, and how much less popular items
        are recommended.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> SparseEASE(regularization=0.5).fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "sparse_ease"
    search: ClassVar[Ranges] = {
        "neighbors": Integers(low=50, high=400, log=True),
        "regularization": Floats(low=3, high=3000, log=True),
        "user_exponent": Floats(low=0, high=1),
        "item_exponent": Floats(low=0, high=0.5),
    }

    neighbors: Annotated[int, Meta(ge=1)] = 200
    regularization: Annotated[float, Meta(gt=0)] = 100.0
    user_exponent: Annotated[float, Meta(ge=0, le=2)] = 0.0
    item_exponent: Annotated[float, Meta(ge=0, le=1)] = 0.0

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "SLIMModel":
        if self.user_exponent or self.item_exponent:
            require_no_negative(interactions, "a degree")
        items = relative(interactions.by_item)
        ridges = self.regularization * items ** (2 * self.item_exponent)  # see EASE
        products = _Products(interactions, relative(interactions.csr) ** -self.user_exponent)
        influence = products.regress(self.neighbors, ridges, l1=0.0, nonnegative=False)
        influence = scaled(influence, None, items**-self.item_exponent)
        return SLIMModel(self, interactions, influence)


class SLIMModel(ItemItemModel):
    """A fitted `SLIM` or `SparseEASE`.

    Attributes
    ----------
    influence : Csr (n_items, n_items)
        Row `i` has what item `i` in a history adds to the scores of other items.
    """


class _Products:
    """The inner products of items, each user weighing as much as is said.

    Items are numbered by falling popularity here: then the rows of a lower triangle of the products
    are short, since what has little in common with others comes late, and each product is found in
    the shorter of two rows.
    """

    def __init__(self, interactions: Interactions, user_weights: NDArray[np.float64]) -> None:
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
            item = interactions.items.decode(int(order[np.argmax(diagonal)]))
            raise NumericalError(
                f"item {item!r}: its weights have squares that sum to {diagonal.max():.3g}; scale "
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
            sweeps=100,
            tolerance=1e-4,
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
