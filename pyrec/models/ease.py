"""EASE: the linear model in closed form, for catalogues whose items by items fit into memory."""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray
from scipy.linalg import lapack

from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions
from pyrec.errors import NumericalError
from pyrec.models.base import Callback, Estimator
from pyrec.models.neighbors import ItemKNNModel
from pyrec.models.search import Floats, Ranges

__all__ = ["EASE", "EASEModel"]


class EASE(Estimator, frozen=True, kw_only=True):
    """Recommend by the linear model that best explains each item by all the others.

    Minimises ``|X - X B|^2 + regularization |B|^2`` under a zero diagonal of `B`, items by items;
    the solution is ``B = I - P diag(1 / diag(P))`` with ``P = (X'X + regularization I)^-1`` (Steck:
    Embarrassingly shallow autoencoders for sparse data, WWW 2019, equation 8). Negative entries
    count: what speaks against an item is often what makes the model good.

    It takes 8 bytes and ``n_items / 3`` multiply-adds for each pair of items: seconds for 3,000
    items, minutes for 20,000. With `neighbors` only that many entries are kept afterwards.

    Parameters
    ----------
    regularization : float, default 500
        Weight of the entries of `B`, above 0. Greater ones are for sparser data.
    neighbors : int, optional
        How many entries of each row of `B` to keep, those of greatest size; all by default.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 0]])
    >>> EASE(regularization=0.5).fit(bought).recommend(3, k=2).ids.tolist()
    [1, 2]
    """

    name: ClassVar[str] = "ease"
    search: ClassVar[Ranges] = {"regularization": Floats(low=10, high=5000, log=True)}

    regularization: Annotated[float, Meta(gt=0)] = 500.0
    neighbors: Annotated[int, Meta(ge=1)] | None = None

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "EASEModel":
        n = len(interactions.items)
        require_memory(
            8 * n * n + 8 * n * min(n, self.neighbors or n),
            f"weights of {n:,} items by {n:,}",
            "use ItemKNN, RP3Beta or ALS, or fewer items (cleaning, min_item_count)",
        )
        inverse = _inverse(interactions, self.regularization)
        inverse /= -np.diag(inverse)
        np.fill_diagonal(inverse, 0)
        return EASEModel(self, interactions, _kept(inverse, self.neighbors or n))


class EASEModel(ItemKNNModel):
    """A fitted `EASE`.

    Attributes
    ----------
    influence : Csr (n_items, n_items)
        `B`: row `i` has what item `i` in a history adds to the scores of other items.
    """


def _inverse(interactions: Interactions, regularization: float) -> NDArray[np.float64]:
    """Return the inverse of the regularised Gram matrix, by Cholesky."""
    matrix = interactions.to_scipy().astype(np.float64)
    gram = np.asfortranarray((matrix.T @ matrix).toarray())
    gram[np.diag_indices_from(gram)] += regularization
    factor, failed = lapack.dpotrf(gram, lower=1, overwrite_a=1)
    inverse, singular = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed or singular or not np.all(np.isfinite(np.diag(inverse))):
        raise NumericalError(
            f"item {max(failed, singular, 1) - 1}: the equations are singular; raise "
            "`regularization`, or scale the weights down"
        )
    for begin in range(0, len(inverse), 1024):  # LAPACK fills the lower half only
        block = slice(begin, begin + 1024)
        inverse[block, begin + 1024 :] = inverse[begin + 1024 :, block].T
        square = inverse[block, block]
        square[:] = np.tril(square) + np.tril(square, -1).T
    return np.asarray(inverse)


def _kept(weights: NDArray[np.float64], k: int) -> Csr:
    """Return the entries of greatest size of each row, in column order."""
    n = len(weights)
    if k >= n - 1:  # all but the diagonal
        columns = np.tile(np.arange(n, dtype=np.int32), (n, 1))
        values = weights.astype(np.float32)
    else:
        chosen = np.argpartition(-np.abs(weights), k - 1, axis=1)[:, :k]
        columns = np.sort(chosen, axis=1).astype(np.int32)
        values = np.take_along_axis(weights, columns, axis=1).astype(np.float32)
    offsets = np.arange(n + 1, dtype=np.int64) * columns.shape[1]
    return Csr(owned(offsets), owned(columns.ravel()), owned(values.ravel()), n)
