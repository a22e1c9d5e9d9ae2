"""Encodings: columns of a table as numbers, each a declared step that is fitted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import numpy as np
import scipy.sparse as sp
from msgspec import Meta
from numpy.typing import NDArray

from pyrec.config import Options
from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.data.moments import Moment
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.features.table import Matrix
from pyrec.features.values import numbers, texts

__all__ = ["Arrays", "Buckets", "Encoded", "Known", "MultiHot", "Numeric", "OneHot", "Step"]

Arrays: TypeAlias = Mapping[str, NDArray[Any]]
_STRING = np.dtypes.StringDType()


class Encoded(NamedTuple):
    """What a step makes of a table: columns, what they mean, and what should be known of them."""

    matrix: Matrix
    names: tuple[str, ...]
    counts: dict[str, int]


@dataclass(frozen=True)
class Known:
    """What a step may look at: the table, what stands before it, and, to be fitted, the log."""

    table: Catalogue
    before: Encoded | None = None
    of: Literal["users", "items"] = "items"
    events: Events | None = None
    catalogue: Catalogue | None = None
    until: Moment | None = None


class Step(Options, frozen=True, kw_only=True, tag_field="step"):
    """One step of a pipeline: hyper-parameters only; what is fitted are plain arrays beside it."""

    def fit(self, known: Known) -> Arrays:
        """Return what must be known of the training data to encode any other."""
        raise NotImplementedError

    def encode(self, known: Known, arrays: Arrays) -> Encoded:
        """Turn a table into columns of numbers; each row by itself."""
        raise NotImplementedError

    def without(self, arrays: Arrays, ids: Sequence[Any]) -> Arrays:
        """Return what was fitted without what is kept of some ids: nothing, of most steps."""
        return arrays


class _Categories(Step, frozen=True, kw_only=True):
    """What `OneHot` and `MultiHot` share: a column of ones and zeros for each category."""

    column: str
    min_count: Annotated[int, Meta(ge=1)] = 1
    other: bool = False
    missing: Literal["zero", "indicator", "error"] = "zero"

    def _labels(self, column: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return (row, label) of each label, no pair twice."""
        raise NotImplementedError

    def fit(self, known: Known) -> Arrays:
        """Return the vocabulary of the categories that have columns."""
        _, labels = self._labels(texts(known.table, self.column))
        every, codes = Vocabulary.factorize(labels)
        often = np.bincount(codes, minlength=len(every)) >= self.min_count
        if not np.any(often):
            raise DataError(
                f"column {self.column!r}: no category occurs {self.min_count} times in "
                f"{len(known.table)} rows; leave the step out or lower min_count"
            )
        return Vocabulary(every.ids[often]).to_arrays()

    def encode(self, known: Known, arrays: Arrays) -> Encoded:
        """Return the columns of the categories, then those of others and of none."""
        column = texts(known.table, self.column)
        rows, labels = self._labels(column)
        vocabulary = Vocabulary.from_arrays(arrays)
        codes = vocabulary.encode(labels, missing="mark")
        others, without = codes < 0, np.setdiff1d(np.arange(len(column)), rows)
        refuse_missing(self, self.column, known.table, without)
        counts = told(self.column, others=int(others.sum()), missing=len(without))
        names = [f"{self.column}={name}" for name in vocabulary.ids.tolist()]
        if self.other:
            codes[others] = len(names)
            names.append(f"{self.column}: other")
        else:
            rows, codes = rows[~others], codes[~others]
        if self.missing == "indicator":
            rows = np.append(rows, without)
            codes = np.append(codes, np.full(len(without), len(names)))
            names.append(f"{self.column}: missing")
        ones = np.ones(len(rows), np.float32)
        matrix = sp.csr_array((ones, (rows, codes)), shape=(len(column), len(names)))
        matrix.sum_duplicates()
        matrix.data[:] = 1  # of a row with several others
        return Encoded(matrix, tuple(names), counts)


class OneHot(_Categories, frozen=True, kw_only=True, tag="one_hot"):
    """One column of ones and zeros for each category; numbers are categories too.

    Parameters
    ----------
    column : str
        What the categories are.
    min_count : int, default 1
        How many rows must have a category for it to have a column.
    other : bool, default False
        Whether rarer ones, and those that fitting has not seen, share a column. Without it they are
        zeros. Either way the report counts them.
    missing : {"zero", "indicator", "error"}
        What stands for a row without categories: zeros, a column of its own, or an error.

    Examples
    --------
    >>> shop = Catalogue(Vocabulary([1, 2, 3]), {"kind": np.array(["tea", "", "cup"])})
    >>> step = OneHot(column="kind", missing="indicator")
    >>> encoded = step.encode(Known(shop), step.fit(Known(shop)))
    >>> encoded.names, encoded.matrix.toarray().tolist()[1]
    (('kind=cup', 'kind=tea', 'kind: missing'), [0.0, 0.0, 1.0])
    """

    def _labels(self, column: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        rows = np.flatnonzero(column != "")
        return rows, column[rows]


class MultiHot(_Categories, frozen=True, kw_only=True, tag="multi_hot"):
    """Columns of ones and zeros for each of several categories in one text: ``"tea|green"``.

    Parameters
    ----------
    column, min_count, other, missing
        See `OneHot`.
    separator : str, default "|"
        What is between two categories; blanks around it do not count.

    Examples
    --------
    >>> films = Catalogue(Vocabulary([1, 2]), {"genres": np.array(["Comedy|Drama", "Drama"])})
    >>> step = MultiHot(column="genres")
    >>> step.encode(Known(films), step.fit(Known(films))).matrix.toarray().tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """

    separator: Annotated[str, Meta(min_length=1)] = "|"

    def _labels(self, column: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        # Few texts are different: each is split once.
        distinct, codes = Vocabulary.factorize(column)
        parts = [sorted({part.strip() for part in text.split(self.separator)} - {""})
                 for text in distinct.ids.tolist()]  # fmt: skip
        labels = np.array([label for part in parts for label in part], _STRING)
        offsets = np.cumsum([0, *map(len, parts)])
        places = np.arange(len(labels))
        places_of_texts = sp.csr_array((places, places, offsets), (len(parts), len(labels)))
        found = places_of_texts[codes]
        rows = np.repeat(np.arange(len(column)), np.diff(found.indptr))
        return rows, labels[found.indices]


class Buckets(Step, frozen=True, kw_only=True, tag="buckets"):
    """A number as one of a few ranges that are about equally full.

    Parameters
    ----------
    column : str
        The numbers.
    n : int, default 10
        How many ranges, less where many numbers are equal.
    missing : {"zero", "indicator", "error"}
        See `OneHot`.

    Examples
    --------
    >>> shop = Catalogue(Vocabulary([1, 2, 3]), {"price": np.array([1.0, 2.5, 9.0])})
    >>> step = Buckets(column="price", n=2)
    >>> encoded = step.encode(Known(shop), step.fit(Known(shop)))
    >>> encoded.names, encoded.matrix.toarray().tolist()
    (('price[-inf, 2.5)', 'price[2.5, inf)'), [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    """

    column: str
    n: Annotated[int, Meta(ge=2)] = 10
    missing: Literal["zero", "indicator", "error"] = "zero"

    def fit(self, known: Known) -> Arrays:
        """Return where one range ends and the next begins."""
        values = numbers(known.table, self.column)
        present = _present(values, self.column)
        shares = np.arange(1, self.n) / self.n
        edges = np.unique(np.quantile(present, shares, method="higher"))
        return {"edges": edges[edges > present.min()]}

    def encode(self, known: Known, arrays: Arrays) -> Encoded:
        """Return a column for each range."""
        values, edges = numbers(known.table, self.column), arrays["edges"]
        bounds = ["-inf", *map(str, edges.tolist()), "inf"]
        names = [f"{self.column}[{low}, {high})"
                 for low, high in pairwise(bounds)]  # fmt: skip
        codes = np.searchsorted(edges, values, side="right")
        missing = np.isnan(values)
        refuse_missing(self, self.column, known.table, np.flatnonzero(missing))
        codes[missing] = len(names)
        if self.missing == "indicator":
            names.append(f"{self.column}: missing")
        rows = np.flatnonzero(codes < len(names))
        ones = np.ones(len(rows), np.float32)
        matrix = sp.csr_array((ones, (rows, codes[rows])), shape=(len(values), len(names)))
        return Encoded(matrix, tuple(names), told(self.column, missing=int(missing.sum())))


class Numeric(Step, frozen=True, kw_only=True, tag="numeric"):
    """A number, so scaled that its mean is 0 and its standard deviation 1.

    Parameters
    ----------
    column : str
        The numbers.
    scale : {"standard", "log", "none"}
        As said above; the same of ``sign(x) log(1 + |x|)``; or the number as it is.
    missing : {"mean", "zero", "indicator", "error"}
        What stands for a missing number: the mean, the number 0, the mean and a second column that
        says so, or an error.

    Examples
    --------
    >>> shop = Catalogue(Vocabulary([1, 2, 3]), {"price": np.array([1.0, np.nan, 3.0])})
    >>> step = Numeric(column="price")
    >>> step.encode(Known(shop), step.fit(Known(shop))).matrix.ravel().tolist()
    [-1.0, 0.0, 1.0]
    """

    column: str
    scale: Literal["standard", "log", "none"] = "standard"
    missing: Literal["mean", "zero", "indicator", "error"] = "mean"

    def fit(self, known: Known) -> Arrays:
        """Return the mean and the standard deviation."""
        values = numbers(known.table, self.column)
        return {"moments": moments(_present(values, self.column), self.scale)}

    def encode(self, known: Known, arrays: Arrays) -> Encoded:
        """Return the scaled column, and perhaps the one that tells what is missing."""
        values = numbers(known.table, self.column)
        missing = np.isnan(values)
        refuse_missing(self, self.column, known.table, np.flatnonzero(missing))
        if self.missing == "zero":
            values = np.where(missing, 0.0, values)
        names, columns = [self.column], [scaled(values, arrays["moments"], self.scale)]
        if self.missing == "indicator":
            names.append(f"{self.column}: missing")
            columns.append(missing.astype(np.float32))
        counts = told(self.column, missing=int(missing.sum()))
        return Encoded(np.stack(columns, axis=1), tuple(names), counts)


def moments(values: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    """Return mean and standard deviation, 1 where all values are equal, of logarithms if asked."""
    values = _logged(values, scale)
    return np.array([values.mean(), values.std() or 1.0])


def scaled(
    values: NDArray[np.float64], known: NDArray[np.float64], scale: str
) -> NDArray[np.float32]:
    """Return numbers on the scale, the mean where they are missing."""
    mean, deviation = known
    values = np.where(np.isnan(values), mean, _logged(values, scale))
    if scale != "none":
        values = (values - mean) / deviation
    with np.errstate(over="ignore"):  # what is too great is refused with its row
        return values.astype(np.float32)


def _logged(values: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    return np.sign(values) * np.log1p(np.abs(values)) if scale == "log" else values


def _present(values: NDArray[np.float64], column: str) -> NDArray[np.float64]:
    present = values[~np.isnan(values)]
    if not len(present):
        raise DataError(f"column {column!r}: has no value at all; leave the step out")
    return present


def refuse_missing(step: Any, column: str, table: Catalogue, rows: NDArray[Any]) -> None:
    """Raise where values are missing that the step is told to insist on; names the first id."""
    if step.missing == "error" and len(rows):
        raise DataError(
            f"column {column!r}: {len(rows)} of {len(table)} values are missing, the first of "
            f"{table.items.decode(int(rows[0]))!r}; fill them in or choose another `missing`"
        )


def told(column: str, **counts: int) -> dict[str, int]:
    """Return what is worth telling: the counts that are not 0, by column."""
    return {f"{column}: {what}": count for what, count in counts.items() if count}
