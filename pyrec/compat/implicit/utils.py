"""What programs, and the models here, need around a fit: the form of a matrix, a seed, a bar."""

import warnings
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from pyrec.errors import DataError, MissingPackageError
from pyrec.extras import need

__all__ = ["ParameterWarning", "check_csr", "check_random_state", "tracked"]

T = TypeVar("T")


class ParameterWarning(Warning):
    """An argument that costs time in the form in which it was given."""


def check_csr(user_items: Any) -> Any:
    """Return a sparse matrix in CSR, and warn where that took a conversion.

    Raises
    ------
    DataError
        If it is not sparse.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> check_csr(sp.csr_matrix([[0, 1]])).nnz
    1
    """
    if not sp.issparse(user_items):
        raise DataError(
            f"user_items: must be a scipy sparse matrix, not {type(user_items).__name__}; a dense "
            "one becomes one by scipy.sparse.csr_matrix(...)"
        )
    if user_items.format == "csr":
        return user_items
    warnings.warn(
        f"user_items: is {user_items.format.upper()} and was converted to CSR; .tocsr() does so "
        "once for all",
        ParameterWarning,
        stacklevel=3,
    )
    return user_items.tocsr()


def check_random_state(random_state: Any) -> np.random.Generator:
    """Return a generator of random numbers.

    Parameters
    ----------
    random_state : int, numpy.random.RandomState, numpy.random.Generator or None
        A seed, or where to draw one; None draws from the system.

    Examples
    --------
    >>> check_random_state(7).integers(10)
    np.int64(9)
    """
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(2**31 - 1)
    return np.random.default_rng(random_state)


def tracked(steps: Iterable[T], show_progress: bool) -> Iterable[T]:
    """Return the steps, drawn as a bar while they are taken if tqdm is installed."""
    if not show_progress:
        return steps
    try:
        bar: Iterable[T] = need("tqdm", "a progress bar").tqdm(steps)
    except MissingPackageError:
        return steps
    return bar
