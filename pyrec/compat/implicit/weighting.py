"""Weightings of sparse matrices by the formulas of implicit; `nearest_neighbours` offers them."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec.errors import DataError

__all__ = ["bm25_weight", "normalize", "tfidf_weight"]


def tfidf_weight(X: Any) -> sp.coo_matrix:
    """Weigh entries by ``sqrt(weight) * log(N / (1 + n))``: `n` of `N` rows have the column.

    Columns that all or all but one row have get no or negative weights; `pyrec.preparation` has a
    ``tfidf`` that gives none.

    Parameters
    ----------
    X : sparse (documents, terms)
        Weights of 0 or more; for item similarity, items by users.

    Raises
    ------
    DataError
        If a weight is negative.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> tfidf_weight(sp.csr_matrix([[4, 0], [0, 1], [0, 0], [0, 0]])).data.round(2).tolist()
    [1.39, 0.69]
    """
    weighted, weights = _weights(X, "tfidf_weight")
    weighted.data = np.sqrt(weights) * _rarity(weighted)
    return weighted


def bm25_weight(X: Any, K1: float = 100, B: float = 0.8) -> sp.coo_matrix:
    """Weigh entries by ``w (K1 + 1) / (w + K1 (1 - B + B L)) * log(N / (1 + n))``.

    `L` is the row's sum of weights over the mean of all rows; `n` of `N` rows have the column.
    Columns that all or all but one row have get no or negative weights; `pyrec.preparation` has a
    ``bm25`` that gives none.

    Parameters
    ----------
    X : sparse (documents, terms)
        Weights of 0 or more; for item similarity, items by users.
    K1 : float, default 100
        How slowly great weights saturate.
    B : float, default 0.8
        How much long documents are discounted.

    Raises
    ------
    DataError
        If a weight is negative.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bm25_weight(sp.csr_matrix([[4, 0], [0, 1], [0, 0]]), B=0).data.round(2).tolist()
    [1.58, 0.41]
    """
    weighted, weights = _weights(X, "bm25_weight")
    totals = np.bincount(weighted.row, weights, minlength=weighted.shape[0])
    mean = totals.mean() if weights.any() else 1.0
    saturation = weights + K1 * (1 - B + B * totals[weighted.row] / mean)
    gained = weights * (K1 + 1)
    np.divide(gained, saturation, out=gained, where=saturation > 0)
    weighted.data = gained * _rarity(weighted)
    return weighted


def normalize(X: Any) -> sp.coo_matrix:
    """Scale rows to length 1; rows of zeros stay.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> normalize(sp.csr_matrix([[3, 4], [0, 0]])).toarray().tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    scaled = sp.coo_matrix(X, dtype=np.float64)
    norms = np.sqrt(np.bincount(scaled.row, scaled.data**2, minlength=scaled.shape[0]))
    norms[norms == 0] = 1
    scaled.data = scaled.data / norms[scaled.row]
    return scaled


def _weights(X: Any, name: str) -> tuple[sp.coo_matrix, NDArray[np.float64]]:
    matrix = sp.coo_matrix(X, dtype=np.float64)
    if np.any(matrix.data < 0):
        at = int(np.argmax(matrix.data < 0))
        raise DataError(
            f"{name}: the weight {matrix.data[at]:g} of row {matrix.row[at]}, column "
            f"{matrix.col[at]} is negative; remove such entries first"
        )
    return matrix, matrix.data


def _rarity(matrix: sp.coo_matrix) -> NDArray[np.float64]:
    """Return, for each entry, how rare its column is."""
    having = np.bincount(matrix.col, minlength=matrix.shape[1])
    rarity: NDArray[np.float64] = np.log(matrix.shape[0] / (1 + having))[matrix.col]
    return rarity
