"""The kernels on plain numpy and scipy arrays, for people who bring their own matrices.

Rows in, rows out: no ids, no vocabularies. Input is validated once here; the C++ core trusts it.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from pyrec import _kernels
from pyrec.config import build
from pyrec.errors import DataError
from pyrec.interactions import as_csr
from pyrec.runtime import resolve_threads
from pyrec.similarity import Measure, most_similar
from pyrec.weighting import Axis, bm25, tfidf

__all__ = ["neighbors", "top_k"]


def top_k(
    users: ArrayLike, items: ArrayLike, k: int, *, exclude: Any = None, threads: int = 0
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return for each user the `k` items of highest inner product, exactly.

    Parameters
    ----------
    users : array_like (n_users, factors)
        User factors; float32 is taken without a copy.
    items : array_like (n_items, factors)
        Item factors.
    k : int
        Length of the lists, at least 1.
    exclude : scipy sparse (n_users, n_items), optional
        Pairs that shall not appear, such as what a user has already bought. Only the pattern
        counts.
    threads : int, default 0
        Number of threads; 0 means the default of the process.

    Returns
    -------
    rows : int32 (n_users, k)
        Item rows, best first, equal scores in row order. A list with fewer than `k` entries ends
        in -1.
    scores : float32 (n_users, k)
        Inner products; -inf where the row is -1.

    Raises
    ------
    DataError
        If a factor is not finite, or the shapes do not fit.
    NumericalError
        If an inner product overflows float32.

    Examples
    --------
    >>> import numpy as np
    >>> rows, scores = top_k(np.eye(2), [[1, 0], [3, 1], [0, 2]], k=2)
    >>> rows.tolist()
    [[1, 0], [2, 1]]
    """
    user_factors = as_factors(users, "users")
    item_factors = as_factors(items, "items")
    if user_factors.shape[1] != item_factors.shape[1]:
        raise DataError(
            f"items: have {item_factors.shape[1]} factors but users have {user_factors.shape[1]}"
        )
    excluded = None
    if exclude is not None:
        excluded = as_csr(exclude, "exclude")
        if excluded.shape != (len(user_factors), len(item_factors)):
            raise DataError(
                f"exclude: is {excluded.shape}, not (users, items) = "
                f"{(len(user_factors), len(item_factors))}"
            )
    return _kernels.recommend_dense(
        user_factors,
        item_factors,
        excluded,
        None,
        k=checked_k(k),
        threads=resolve_threads(threads),
    )


def neighbors(
    matrix: Any,
    k: int,
    *,
    axis: Axis = "items",
    metric: str = "cosine",
    shrink: float = 0.0,
    alpha: float = 0.5,
    threads: int = 0,
) -> sp.csr_array:
    """Return for each item (or user) the `k` most similar others, exactly.

    The product of the matrix with itself is never stored (Gustavson, ACM TOMS 4, 1978), and the
    results have the same bits for any number of threads and at every SIMD level.

    Parameters
    ----------
    matrix : scipy sparse (n_users, n_items)
        Weights, of any sparse format and numeric dtype; negative ones count like any other.
    k : int
        How many neighbours, at least 1.
    axis : {"items", "users"}
        Whose neighbours: of columns or of rows.
    metric : {"cosine", "asymmetric", "jaccard", "dot", "bm25", "tfidf"}
        The measure; `pyrec.similarity.Measure` has the formulas and sources of the first four.
        ``"bm25"`` is the dot product after `pyrec.weighting.bm25`, ``"tfidf"`` the cosine after
        `pyrec.weighting.tfidf`, with `axis` for the documents.
    shrink : float, default 0
        Added to the denominator of the measure.
    alpha : float, default 0.5
        Exponent of the asymmetric cosine.
    threads : int, default 0
        Number of threads; 0 means the default of the process.

    Returns
    -------
    csr_array (n, n), float32
        Row `i` has the neighbours of `i`, in column order, `i` itself left out; of equally similar
        ones the first. A similarity of exactly 0 is never stored, so a row may be short; negative
        ones rank below all others.

    Raises
    ------
    DataError
        If the matrix is not sparse or not finite, or has negative weights where a weighting is to
        be applied.
    ConfigError
        If an option is out of range.
    NumericalError
        If weights are so large or small that similarities leave the range of float32.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0], [1, 1, 0], [0, 1, 1]])
    >>> neighbors(bought, k=1).toarray().round(2)
    array([[0.  , 0.82, 0.  ],
           [0.82, 0.  , 0.  ],
           [0.  , 0.58, 0.  ]], dtype=float32)
    """
    csr = as_csr(matrix)
    if axis not in ("items", "users"):
        raise DataError(f"axis: must be 'items' or 'users', not {axis!r}")
    if metric == "bm25":
        csr, metric = bm25(csr, axis=axis), "dot"
    elif metric == "tfidf":
        csr, metric = tfidf(csr, axis=axis), "cosine"
    measure = build(Measure, {"metric": metric, "shrink": shrink, "alpha": alpha})
    rows = measure.prepare(csr.transposed() if axis == "items" else csr)
    n = rows.csr.shape[0]
    found = most_similar(
        rows,
        rows,
        rows.csr.transposed(),
        checked_k(k),
        measure,
        selves=np.arange(n, dtype=np.int32),
        threads=resolve_threads(threads),
    )
    return sp.csr_array((found.values, found.columns, found.offsets), shape=found.shape)


def as_factors(array: ArrayLike, name: str) -> NDArray[np.float32]:
    """Return a finite, C-contiguous float32 matrix, or raise naming the argument."""
    matrix = np.ascontiguousarray(array, dtype=np.float32)
    if matrix.ndim != 2:
        raise DataError(f"{name}: must be a matrix (2-D), not {matrix.ndim}-D")
    if not np.all(np.isfinite(matrix)):
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise DataError(f"{name}[{row}, {column}] is not a finite float32 number")
    return matrix


def checked_k(k: int) -> int:
    """Return `k` as an int of at least 1, or raise."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise DataError(f"k: must be a whole number of 1 or more, not {k!r}")
    return int(k)
