"""Dated: what depends on the moment, made again when an offer begins or ends and not before."""

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dated"]

T = TypeVar("T")


class Dated(Generic[T]):
    """A value for each moment, and the one that was last asked for.

    Parameters
    ----------
    make : callable
        Makes the value of a moment, in microseconds since 1970.
    changes : float64 array
        The moments from which on the value may be another; NaN for none.

    Examples
    --------
    >>> made = []
    >>> dated = Dated(lambda moment: made.append(moment) or f"of {moment}", np.array([10.0, 20.0]))
    >>> dated.at(3), dated.at(9), dated.at(10)
    ('of 3', 'of 3', 'of 10')
    """

    def __init__(self, make: Callable[[int], T], changes: NDArray[np.float64]) -> None:
        self._make = make
        self._changes = np.unique(changes[~np.isnan(changes)])
        self._latest: tuple[int, T] | None = None

    def at(self, moment: int) -> T:
        """Return the value of a moment."""
        period = int(np.searchsorted(self._changes, moment, side="right"))
        latest = self._latest  # one look: other threads may change it
        if latest is None or latest[0] != period:
            latest = self._latest = period, self._make(moment)
        return latest[1]
