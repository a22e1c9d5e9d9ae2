"""Segments: groups of users, or of items, that are alike, and what is particular about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.data.catalogue import Catalogue
from pyrec.data.columns import frozen
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError
from pyrec.extras import need
from pyrec.features.table import Features, rows_of
from pyrec.features.values import numbers
from pyrec.io.artifact import part_of

__all__ = ["Profile", "Segments", "find_segments"]


@dataclass(frozen=True)
class Profile:
    """What is particular about a segment.

    Parameters
    ----------
    segment : int
        Its number; 0 is the largest.
    size, share : int, float
        How many it has, and of all.
    differences : tuple of (str, float, float, float)
        The features in which it differs most: name, mean in the segment, mean of all, and how many
        standard deviations lie between them.

    Examples
    --------
    >>> print(Profile(0, 12, 0.3, (("price", 7.5, 5.0, 1.25),)))
    segment 0: 12 (30.0%); price 7.5 (of all 5, +1.2 sd)
    """

    segment: int
    size: int
    share: float
    differences: tuple[tuple[str, float, float, float], ...]

    def __str__(self) -> str:
        told = [f"{name} {_short(mean)} (of all {_short(overall)}, {by:+.1f} sd)"
                for name, mean, overall, by in self.differences]  # fmt: skip
        return "; ".join([f"segment {self.segment}: {self.size} ({self.share:.1%})", *told])


@dataclass(frozen=True, eq=False)
class Segments:
    """A number for each id, and the centre of each segment: what `find_segments` returns.

    Parameters
    ----------
    features : Features
        What they were found by.
    centers : float32 (n_segments, d)
        The mean of each.
    numbers : int32 (n,)
        The segment of each id.

    Examples
    --------
    >>> people = Features(Vocabulary(["ann", "bob", "cat"]), np.array([[0], [9], [8]]), ("age",))
    >>> found = find_segments(people, n=2)
    >>> found.numbers.tolist(), found.profiles()[0].differences[0][0]
    ([1, 0, 0], 'age')
    """

    features: Features
    centers: NDArray[np.float32]
    numbers: NDArray[np.int32]

    def assign(self, features: Features) -> NDArray[np.int32]:
        """Return the segments of others: those whose centres are nearest.

        Raises
        ------
        DataError
            If their features are not the same.
        """
        if features.names != self.features.names:
            raise DataError("features: are not those that the segments were found by")
        return _nearest(features.dense(), self.centers)

    def profiles(self, top: int = 5, by: Catalogue | None = None) -> list[Profile]:
        """Return what is particular about each segment.

        Parameters
        ----------
        top : int
            How many features to tell of each: those that differ most, in standard deviations over
            all ids.
        by : Catalogue, optional
            A table of numbers to tell instead of the features, which are on a scale of their own:
            `log_statistics`, say. What is missing there plays no part.

        Raises
        ------
        DataError
            If a column of the table holds no numbers.
        """
        names, matrix = self.features.names, self.features.dense().astype(np.float64)
        if by is not None:
            rows = rows_of(self.features.ids, by.items, "by")
            names = tuple(by.columns)
            columns = [np.append(numbers(by, name), np.nan)[rows] for name in names]
            matrix = np.stack(columns, axis=1)
        means = _means(matrix)
        deviations = np.sqrt(_means(np.square(matrix - means)))
        profiles = []
        for segment in range(len(self.centers)):
            inside = _means(matrix[self.numbers == segment])
            # What is the same for all, or known of none, tells nothing.
            away = np.divide(
                inside - means, deviations, out=np.zeros(len(means)), where=deviations > 0
            )
            away = np.nan_to_num(away)
            most = np.argsort(-np.abs(away), kind="stable")[:top].tolist()
            differences = tuple(
                (names[at], float(inside[at]), float(means[at]), float(away[at])) for at in most
            )
            size = int(np.count_nonzero(self.numbers == segment))
            profiles.append(Profile(segment, size, size / max(1, len(matrix)), differences))
        return profiles

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays, for an artefact."""
        arrays = {f"features.{name}": array for name, array in self.features.to_arrays().items()}
        return {**arrays, "centers": self.centers, "numbers": self.numbers}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild segments from `to_arrays`; read-only arrays are shared, not copied."""
        features = Features.from_arrays(part_of(arrays, "features"))
        return cls(features, arrays["centers"], arrays["numbers"])

    def of(self, ids: Vocabulary) -> NDArray[np.int32]:
        """Return the segments of ids, -1 for those that were not among them."""
        rows = rows_of(ids, self.features.ids, "segments")
        numbers: NDArray[np.int32] = np.append(self.numbers, np.int32(-1))[rows]
        return numbers


def find_segments(features: Features, n: int = 8, random_state: int = 0) -> Segments:
    """Divide users, or items, into groups that are alike, by k-means.

    Distances are those of the features as they are: give them one scale, as `Numeric` does.

    Parameters
    ----------
    features : Features
        What makes them alike.
    n : int
        How many groups.
    random_state : int
        Seed of the start. The same bits come out for any number of threads.

    Returns
    -------
    Segments
        The largest first.

    Raises
    ------
    DataError
        If there are fewer different rows than groups.
    MissingPackageError
        If scikit-learn is not installed.

    Examples
    --------
    >>> people = Features(Vocabulary([1, 2, 3]), np.array([[0], [9], [8]]), ("age",))
    >>> print(find_segments(people, n=2).profiles(top=1)[1])
    segment 1: 1 (33.3%); age 0 (of all 5.67, -1.4 sd)
    """
    require(features, Features, "features", "a fitted pipeline makes them")
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ConfigError(f"n: must be a whole number of at least 1, not {n!r}")
    matrix = features.dense()
    _require_different(matrix, n)
    cluster = need("sklearn.cluster", "segments", "'pyrec[features]'")
    # Its threads add up in the order in which they end.
    with need("threadpoolctl", "segments", "'pyrec[features]'").threadpool_limits(1):
        found = cluster.KMeans(n, n_init=4, random_state=random_state).fit(matrix)
    order = np.argsort(-np.bincount(found.labels_, minlength=n), kind="stable")
    centers = found.cluster_centers_[order].astype(np.float32)
    return Segments(features, frozen(centers), frozen(_nearest(matrix, centers)))


def _means(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each column without what is missing, NaN where all is."""
    there = np.count_nonzero(~np.isnan(matrix), axis=0)
    means = np.full(matrix.shape[1], np.nan)
    np.divide(np.nansum(matrix, axis=0), there, out=means, where=there > 0)
    return means


def _short(value: float) -> str:
    return f"{round(value, 6) + 0.0:.3g}"  # no -0, and no trace of rounding where it is 0


def _require_different(matrix: NDArray[np.float32], n: int) -> None:
    found = set()
    for row in matrix:
        found.add(row.tobytes())
        if len(found) == n:
            return
    raise DataError(f"features: {n} segments of {len(found)} different rows; ask for fewer")


def _nearest(matrix: NDArray[np.float32], centers: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the row of the nearest centre, the first of equals."""
    best = np.full(len(matrix), np.inf)
    nearest = np.zeros(len(matrix), np.int32)
    for at, center in enumerate(centers):
        away = np.square(matrix - center).sum(axis=1)
        nearest[away < best] = at
        best = np.minimum(away, best)
    return nearest
