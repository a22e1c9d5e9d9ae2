"""The kernels on plain numpy and scipy arrays, for people who bring their own matrices.

Rows in, rows out: no ids, no vocabularies. Input is validated once here; the C++ core trusts it.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.config import build
from pyrec.data.bits import Words, pack
from pyrec.data.columns import checked_codes, owned
from pyrec.data.interactions import Interactions, as_csr
from pyrec.errors import DataError, NumericalError
from pyrec.item_index import ItemIndex, as_factors
from pyrec.preparation.weighting import Axis, bm25, tfidf
from pyrec.runtime import resolve_threads
from pyrec.similarity import Measure, most_similar

__all__ = ["ItemIndex", "neighbors", "sparse_top_k", "top_k"]


def top_k(
    users: ArrayLike,
    items: "ArrayLike | ItemIndex",
    k: int,
    *,
    exclude: Any = None,
    threads: int = 0,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return for each user the `k` items of highest inner product, exactly.

    Parameters
    ----------
    users : array_like (n_users, factors)
        User factors; float32 is taken without a copy.
    items : array_like (n_items, factors) or ItemIndex
        Item factors. Where the same items are ranked again and again, an `ItemIndex` of them is
        faster and gives the same lists, bit for bit.
    k : int
        Length of the lists, at least 1.
    exclude : array_like of rows, list of such lists, or scipy sparse, optional
        Items that shall not appear: for all users, or for each user their own, such as what they
        have already bought. Of a sparse matrix, users by items, only the pattern counts.
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
    item_factors = items.items if isinstance(items, ItemIndex) else as_factors(items, "items")
    if user_factors.shape[1] != item_factors.shape[1]:
        raise DataError(
            f"items: have {item_factors.shape[1]} factors but users have {user_factors.shape[1]}"
        )
    excluded, allowed = _excluded(exclude, len(user_factors), len(item_factors))
    k, threads = checked_k(k), resolve_threads(threads)
    if isinstance(items, ItemIndex):
        return items.recommend(user_factors, k, exclude=excluded, allowed=allowed, threads=threads)
    return _kernels.recommend_dense(
        user_factors, item_factors, excluded, allowed, k=k, threads=threads
    )


def _excluded(exclude: Any, n_users: int, n_items: int) -> tuple[Csr | None, Words | None]:
    """Return what may not appear: a pattern per user, or a bitset of what any user may get."""
    if exclude is None:
        return None, None
    if isinstance(exclude, list | tuple) and any(np.ndim(rows) for rows in exclude):
        lists = [np.unique(checked_codes(rows, n_items, np.int32, "exclude")) for rows in exclude]
        offsets = np.cumsum([0, *map(len, lists)], dtype=np.int64)
        columns = np.concatenate(lists).astype(np.int32)
        ones = np.ones(len(columns), np.float32)
        exclude = Csr(owned(offsets), owned(columns), owned(ones), n_items)
    elif not sp.issparse(exclude) and not isinstance(exclude, Csr | Interactions):
        allowed = np.ones(n_items, np.bool_)
        allowed[checked_codes(exclude, n_items, np.int32, "exclude")] = False
        return None, pack(allowed)
    excluded = as_csr(exclude, "exclude")
    if excluded.shape != (n_users, n_items):
        raise DataError(f"exclude: is {excluded.shape}, not (users, items) = {(n_users, n_items)}")
    return excluded, None


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
        ``"bm25"`` is the dot product after `weighting.bm25` of `pyrec.preparation`, ``"tfidf"`` the
        cosine after `weighting.tfidf`, with `axis` for the documents.
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
    threads = resolve_threads(threads)
    entities = csr.transposed(threads) if axis == "items" else csr
    rows = measure.prepare(entities)
    known = axis == "items" and rows.csr is entities  # then its transpose is at hand
    found = most_similar(
        rows,
        rows,
        csr if known else rows.csr.transposed(threads),
        checked_k(k),
        measure,
        mutual=True,
        threads=threads,
    )
    return sp.csr_array((found.values, found.columns, found.offsets), shape=found.shape)


def sparse_top_k(
    a: Any,
    b: Any,
    k: int,
    *,
    threshold: float | None = None,
    threads: int = 0,
) -> sp.csr_array:
    """Return the `k` largest entries of each row of the sparse product of `a` and `b`.

    The product itself is never stored (Gustavson, ACM TOMS 4, 1978). The sum of an entry runs over
    the inner dimension in increasing order, in float32 with products and sums rounded apart, so
    that results have the same bits for any number of threads and at every SIMD level.

    Parameters
    ----------
    a : scipy sparse (n, d)
        Left factor, of any sparse format and numeric dtype.
    b : scipy sparse (d, m)
        Right factor. To compare the rows of one matrix with those of another, pass its transpose.
    k : int
        How many entries to keep in a row, at least 1.
    threshold : float, optional
        Keep only entries above it.
    threads : int, default 0
        Number of threads; 0 means the default of the process.

    Returns
    -------
    csr_array (n, m), float32
        Each row in column order. Of equal entries the first are kept; negative ones rank below all
        others. An entry of exactly 0 is never stored, so a row may be short.

    Raises
    ------
    DataError
        If a matrix is not sparse or not finite, the shapes do not fit, or `k` or `threshold` is no
        such number.
    NumericalError
        If entries could overflow float32.
    OutOfMemoryError
        If the result could be larger than the memory that is left.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> a = sp.csr_array([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])
    >>> b = sp.csr_array([[1.0, -1.0], [0.0, 1.0], [-1.0, -2.0]])
    >>> sparse_top_k(a, b, k=1).toarray()
    array([[ 1.,  0.],
           [-3.,  0.]], dtype=float32)
    """
    left, right = as_csr(a, "a"), as_csr(b, "b")
    if left.shape[1] != right.shape[0]:
        raise DataError(
            f"b: has {right.shape[0]} rows but a has {left.shape[1]} columns; they must be equal"
        )
    k, least = checked_k(k), _checked_threshold(threshold)
    _check_product_range(left, right)
    found = _kernels.find_neighbors(
        left,
        np.zeros(left.shape[0], np.float32),
        right,
        np.zeros(right.shape[1], np.float32),
        np.empty(0, np.int32),
        k=k,
        denominator="none",
        shrink=0.0,
        threshold=least,
        pattern=bool(np.all(left.values == 1) and np.all(right.values == 1)),
        threads=resolve_threads(threads),
    )
    offsets, columns, values = found
    return sp.csr_array((values, columns, offsets), shape=(left.shape[0], right.shape[1]))


def _checked_threshold(threshold: float | None) -> float:
    if threshold is None:
        return -np.inf
    if isinstance(threshold, bool) or not isinstance(threshold, float | int | np.number):
        raise DataError(f"threshold: must be a number, not {threshold!r}")
    if not abs(threshold) <= float(np.finfo(np.float32).max):
        raise DataError(f"threshold: must be finite as a float32, not {threshold!r}")
    return float(threshold)


def _check_product_range(a: Csr, b: Csr) -> None:
    """Raise if an entry of the product, or a part of its sum, could overflow (Cauchy-Schwarz)."""
    largest = float(np.finfo(np.float32).max) / 2
    values = (a.values, b.values)
    bounds = [np.sqrt(len(v)) * np.abs(v).max(initial=0).astype(np.float64) for v in values]
    if bounds[0] * bounds[1] < largest:
        return
    norms = _kernels.row_norms(a)
    reach = _kernels.row_norms(b.transposed()).max(initial=0.0)
    if norms.max(initial=0.0) * reach >= largest:
        raise NumericalError(
            f"a: row {int(np.argmax(norms))} has norm {norms.max():.3g} and b has a column of norm "
            f"{reach:.3g}: their product could overflow float32; scale the values down"
        )


def checked_k(k: int) -> int:
    """Return `k` as an int of at least 1, or raise."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise DataError(f"k: must be a whole number of 1 or more, not {k!r}")
    return int(k)
