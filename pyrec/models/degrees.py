"""Degrees of users and items, the sums of their weights, and interactions scaled by powers of them.

Models normalise by degrees so that neither people who have much nor popular items outweigh others.
"""

import numpy as np
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions, entry_rows, place_of
from pyrec.errors import DataError

__all__ = [
    "degrees", "inverse_powers", "relative", "require_no_negative", "scaled", "shares", "to_mean",
    "votes",
]  # fmt: skip


def degrees(csr: Csr) -> NDArray[np.float64]:
    """Return the sum of each row."""
    rows = entry_rows(csr)
    return np.bincount(rows, csr.values, minlength=csr.shape[0]).astype(np.float64)


def relative(csr: Csr) -> NDArray[np.float64]:
    """Return the sum of each row over the mean of those above 0; 1 for a row without.

    Powers of them leave sums over all rows where they are, more or less, and so the size that a
    regularisation should have.
    """
    return to_mean(degrees(csr))


def to_mean(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums over the mean of those above 0; 1 for the others."""
    there = sums > 0
    return np.where(there, sums / sums[there].mean() if np.any(there) else 1.0, 1.0)


def votes(csr: Csr) -> NDArray[np.float64]:
    """Return what each stored pair counts where people are counted: 1, a dislike -1."""
    return np.where(csr.values < 0, -1.0, 1.0)


def inverse_powers(sums: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    """Return what to multiply by for dividing by a power; 0 for what has no edges."""
    there = sums > 0
    return np.where(there, np.where(there, sums, 1.0) ** -exponent, 0.0)


def scaled(csr: Csr, rows: NDArray[np.float64] | None, columns: NDArray[np.float64] | None) -> Csr:
    """Return the matrix with its rows, or columns, or both, multiplied."""
    values = csr.values.astype(np.float64)
    if rows is not None:
        values *= np.repeat(rows, np.diff(csr.offsets))
    if columns is not None:
        values *= columns[csr.columns]
    return Csr(csr.offsets, csr.columns, owned(values.astype(np.float32)), csr.shape[1])


def shares(csr: Csr) -> Csr:
    """Return the matrix with rows whose absolute values sum to 1, but for rows without any."""
    sums = np.bincount(entry_rows(csr), np.abs(csr.values), minlength=csr.shape[0])
    return scaled(csr, inverse_powers(sums.astype(np.float64), 1.0), None)


def require_no_negative(interactions: Interactions, what: str) -> None:
    """Raise unless all weights are 0 or more, which `what` needs.

    Raises
    ------
    DataError
        Naming the first pair that has another weight.
    """
    values = interactions.csr.values
    if np.any(values < 0):
        at = int(np.argmax(values < 0))
        user, item = place_of(interactions.csr, at)
        raise DataError(
            f"interactions: user {interactions.users.decode(user)!r} and item "
            f"{interactions.items.decode(item)!r} have the weight {values[at]:g}; {what} needs "
            "weights of 0 or more: give dislikes the weight 0 and remove returns in cleaning"
        )
