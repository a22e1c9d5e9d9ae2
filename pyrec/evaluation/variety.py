"""Variety: how unlike each other the items of lists are, and how like a person's own mix."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.groups import Groups
from pyrec.data.interactions import as_csr
from pyrec.rerank.calibration import mixes_of

__all__ = ["intra_list_diversity", "miscalibration"]

_PerUser = NDArray[np.float64]

# Numbers of one block of lists: 32 MB in double precision.
_AT_ONCE = 1 << 22

# The part of a person's mix that a list counts as having, which keeps the divergence finite
# (Steck 2018, equation 3, who takes 0.01).
_SMOOTHING = 0.01


def intra_list_diversity(
    rows: NDArray[np.int32], directions: NDArray[np.float32] | Csr
) -> _PerUser:
    """Return the mean of 1 minus the cosine over all pairs of items of each list (n,).

    The sum of the cosines of all pairs is half of what the squared length of the sum of the
    vectors exceeds the sum of their squared lengths by, so that no pair is looked at. Items whose
    vector is zero, of which nothing is known, are left out; a list with fewer than two others has
    NaN.

    Parameters
    ----------
    rows : int32 (n, k)
        Items, padded with -1.
    directions : float32 (n_items, d) or Csr
        Of length 1 or 0.

    Examples
    --------
    >>> lists = np.array([[0, 1, -1], [0, 1, 2], [2, -1, -1]], dtype=np.int32)
    >>> intra_list_diversity(lists, np.float32([[1, 0], [1, 0], [0, 1]])).round(3).tolist()
    [0.0, 0.667, nan]
    """
    vectors: Any = _matrix(directions) if isinstance(directions, Csr) else directions
    lengths = np.asarray((vectors * vectors).sum(axis=1), dtype=np.float64).ravel()
    known = lengths > 0
    found = np.full(len(rows), np.nan)
    size = max(1, _AT_ONCE // max(1, vectors.shape[1]))
    for begin in range(0, len(rows), size):
        block = slice(begin, begin + size)
        shown = _indicator(rows[block], len(known))
        sums = shown @ vectors
        squares = np.asarray((sums * sums).sum(axis=1)).ravel()
        items = shown @ known.astype(np.float64)
        pairs = np.where(items > 1, items * (items - 1), np.nan)
        found[block] = 1 - (squares - shown @ lengths) / pairs
    return np.asarray(np.maximum(found, 0))


def miscalibration(rows: NDArray[np.int32], histories: Csr, groups: Groups) -> _PerUser:
    """Return the divergence KL(p, q) of each list's mix of groups `q` from its user's mix `p` (n,).

    NaN for a user whose history has no group, and for a list that shows none.

    Parameters
    ----------
    rows : int32 (n, k)
        Items, padded with -1.
    histories : Csr (n, n_items)
        What the users had, by weight.
    groups : Groups
        Of all items.

    Examples
    --------
    >>> from pyrec.data.interactions import as_csr
    >>> had = as_csr(sp.csr_array([[1, 1, 0, 0], [1, 1, 0, 0]]))
    >>> kinds = Groups.of(["tea", "cup", "tea", "cup"])
    >>> miscalibration(np.array([[2, 3], [2, -1]]), had, kinds).round(3).tolist()
    [0.0, 1.959]
    """
    wanted, shown = (
        _matrix(mixes_of(had, groups))
        for had in (histories, as_csr(_indicator(rows, groups.memberships.shape[0])))
    )
    mixed = _SMOOTHING * wanted + (1 - _SMOOTHING) * shown
    wanted.sort_indices()
    of_wanted = sp.csr_array(mixed.multiply(wanted.sign()))
    of_wanted.sort_indices()  # entry by entry those of `wanted`: a smoothed share is never 0
    users = np.repeat(np.arange(len(rows)), np.diff(wanted.indptr))
    parts = wanted.data * np.log(wanted.data / of_wanted.data)
    sums = np.bincount(users, weights=parts, minlength=len(rows))
    defined = (np.diff(wanted.indptr) > 0) & (np.diff(shown.indptr) > 0)
    return np.where(defined, np.maximum(sums, 0), np.nan)


def _indicator(rows: NDArray[np.int32], n_items: int) -> sp.csr_array:
    """Return 1 for each item of each list (n, n_items)."""
    real = rows >= 0
    offsets = np.append(0, np.cumsum(real.sum(axis=1)))
    columns = rows[real]
    return sp.csr_array((np.ones(len(columns)), columns, offsets), (len(rows), n_items))


def _matrix(csr: Csr) -> sp.csr_array:
    values = csr.values.astype(np.float64)
    return sp.csr_array((values, csr.columns, csr.offsets), csr.shape)
