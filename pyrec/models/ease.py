"""EASE: the linear model in closed form, for catalogues whose items by items fit into memory."""

from typing import Annotated, Any, ClassVar

import numpy as np
import scipy.sparse as sp
from msgspec import Meta
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions
from pyrec.errors import NumericalError
from pyrec.models.base import Callback, Estimator
from pyrec.models.degrees import relative, require_no_negative
from pyrec.models.neighbors import ItemItemModel
from pyrec.models.search import Floats, Ranges

__all__ = ["EASE", "EASEModel"]

# Rows of a matrix of items by items that are worked on at a time.
_BLOCK = 1024
# LAPACK inverts no more items at once: scipy's crashed at 38,000, and it does not hear Ctrl-C.
_WHOLE = 8192
# Up to this condition number single precision does, with half the memory and time: at 9,900 (items
# of MovieLens-1M, a regularisation of 48) no entry is off by more than 2e-5 of the greatest, and
# 3,000 lists of 20 have the same items. Regularisations that rank well are at 1,000 and below.
_SINGLE = 1e4


class EASE(Estimator, frozen=True, kw_only=True):
    """Recommend by the linear model that best explains each item by all the others.

    Minimises ``|X - X B|^2 + regularization |B|^2`` under a zero diagonal of `B`, items by items;
    the solution is ``B = I - P diag(1 / diag(P))`` with ``P = (X'X + regularization I)^-1`` (Steck:
    Embarrassingly shallow autoencoders for sparse data, WWW 2019, equation 8). Negative entries
    count: what speaks against an item is often what makes the model good.

    With exponents `X` is the interactions normalised by degrees, ``D_u^(-user_exponent / 2) R
    D_i^(-item_exponent)``, where a degree is a sum of weights relative to the mean. On MovieLens-1M
    0.5 and 0.25 raise NDCG@20 by 2%.

    It takes 6 bytes and about ``2 n_items / 3`` multiply-adds for each pair of items: seconds for
    3,000 items, minutes for 20,000; twice both, as all is in double precision, where single would
    not do, since `regularization` is small beside what popular items have in common. The entries
    that are kept take 8 bytes each: all, or with `neighbors` that many of each item. `SparseEASE`
    is for catalogues too large for this.

    Parameters
    ----------
    regularization : float, default 500
        Weight of the entries of `B`, above 0. Greater ones are for sparser data.
    user_exponent : float, default 0
        How much less a user who has much says about two items.
    item_exponent : float, default 0
        How much more the weights of popular items are held down, and how much less popular items
        are recommended.
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
    search: ClassVar[Ranges] = {
        "regularization": Floats(low=10, high=5000, log=True),
        "user_exponent": Floats(low=0, high=1),
        "item_exponent": Floats(low=0, high=0.5),
    }

    regularization: Annotated[float, Meta(gt=0)] = 500.0
    user_exponent: Annotated[float, Meta(ge=0, le=2)] = 0.0
    item_exponent: Annotated[float, Meta(ge=0, le=1)] = 0.0
    neighbors: Annotated[int, Meta(ge=1)] | None = None

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "EASEModel":
        if self.user_exponent or self.item_exponent:
            require_no_negative(interactions, "a degree")
        users = relative(interactions.csr) ** -self.user_exponent
        items = relative(interactions.by_item)
        # The normalised problem in the weights of the one that is not: there w_ij = b_ij d_j^q /
        # d_i^q, so |B|^2 becomes the sum of d_i^2q w_ij^2, each column times a constant.
        ridges = self.regularization * items ** (2 * self.item_exponent)
        single = _condition(interactions, users, ridges) <= _SINGLE
        dtype = np.dtype(np.float32 if single else np.float64)
        n = len(items)
        require_memory(
            dtype.itemsize * n * n * 3 // 2 + 8 * n * min(n, self.neighbors or n),
            f"weights of {n:,} items by {n:,}",
            "ask for fewer `neighbors`, use SparseEASE, RP3Beta or ALS, or fewer items (cleaning, "
            "min_item_count)",
        )
        inverse = _gram(interactions, users, dtype)
        inverse[np.diag_indices(n)] += ridges
        _invert(inverse)
        inverse /= -np.diag(inverse)
        np.fill_diagonal(inverse, 0)
        inverse *= items**-self.item_exponent
        return EASEModel(self, interactions, _kept(inverse, self.neighbors or n))


class EASEModel(ItemItemModel):
    """A fitted `EASE`.

    Attributes
    ----------
    influence : Csr (n_items, n_items)
        `B`: row `i` has what item `i` in a history adds to the scores of other items.
    """


def _condition(
    interactions: Interactions, users: NDArray[np.float64], ridges: NDArray[np.float64]
) -> float:
    """Return what the condition number of the regularised Gram matrix is at most.

    No eigenvalue is above the greatest sum of a row (Gershgorin), nor below the least ridge.
    """
    sizes = abs(interactions.to_scipy().astype(np.float64))
    rows = sizes.T @ (users * sizes.sum(axis=1))
    return float(np.max(rows + ridges) / np.min(ridges))


def _gram(
    interactions: Interactions, users: NDArray[np.float64], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return the products of items, each user weighing as much as is said."""
    matrix = interactions.to_scipy().astype(np.float64)
    weighted, items = sp.csr_array(matrix * users[:, None]), sp.csr_array(matrix.T)
    gram = np.empty((len(interactions.items),) * 2, dtype)
    for begin in range(0, len(gram), _BLOCK):
        gram[begin : begin + _BLOCK] = (items[begin : begin + _BLOCK] @ weighted).toarray()
    return gram


def _invert(matrix: NDArray[Any], item: int = 0) -> None:
    """Make a symmetric positive definite matrix, that of items from `item` on, its own inverse.

    By halves: that of the first, that of what the first leaves of the second (its Schur
    complement), and what the latter adds to the former. All else is four products of matrices.
    """
    half = len(matrix) // 2
    if len(matrix) <= _WHOLE:
        matrix[:] = _inverse(matrix, item)
        return
    first, second, across = matrix[:half, :half], matrix[half:, half:], matrix[half:, :half]
    _invert(first, item)
    solved = across @ first
    second -= solved @ across.T
    _invert(second, item + half)
    across[:] = second @ solved
    first += solved.T @ across
    across *= -1
    matrix[:half, half:] = across.T


def _inverse(matrix: NDArray[Any], item: int) -> NDArray[Any]:
    """Return the inverse of a matrix that LAPACK copes with, by Cholesky."""
    factorize, invert = get_lapack_funcs(("potrf", "potri"), (matrix,))
    factor, failed = factorize(matrix, lower=1)
    inverse, singular = invert(factor, lower=1, overwrite_c=1)
    if failed or singular or not np.all(np.isfinite(np.diag(inverse))):
        raise NumericalError(
            f"item {item + max(failed, singular, 1) - 1}: the equations are singular; raise "
            "`regularization`, or scale the weights down"
        )
    whole: NDArray[Any] = np.tril(inverse) + np.tril(inverse, -1).T  # the lower half is filled
    return whole


def _kept(weights: NDArray[Any], k: int) -> Csr:
    """Return the entries of greatest size of each row, in column order."""
    n = len(weights)
    k = n if k >= n - 1 else k  # all but the diagonal: all
    columns, values = np.empty((n, k), np.int32), np.empty((n, k), np.float32)
    for begin in range(0, n, _BLOCK):
        rows = weights[begin : begin + _BLOCK]
        if k == n:
            chosen = np.tile(np.arange(n), (len(rows), 1))
        else:
            chosen = np.sort(np.argpartition(-np.abs(rows), k - 1, axis=1)[:, :k], axis=1)
        columns[begin : begin + _BLOCK] = chosen
        values[begin : begin + _BLOCK] = np.take_along_axis(rows, chosen, axis=1)
    offsets = np.arange(n + 1, dtype=np.int64) * k
    return Csr(owned(offsets), owned(columns.ravel()), owned(values.ravel()), n)
