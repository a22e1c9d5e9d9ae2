"""Weighting: pure functions from weights to better weights; the pairs stay the same.

Those that compare documents by their terms (`tfidf`, `bm25`) take items for documents and users for
terms, as item similarity does: a user who has everything says little. ``axis="users"`` turns that
around. `Interactions` come back as such, scipy sparse matrices of any format as ``csr_array``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self, TypeVar, cast

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.arguments import require
from pyrec.config import Options
from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions, as_csr, entry_rows, place_of
from pyrec.data.moments import DAY, Moment, microseconds
from pyrec.errors import DataError

__all__ = [
    "Collection",
    "Weighting",
    "binarize",
    "bm25",
    "log1p",
    "recency",
    "tfidf",
    "time_decay",
    "weigh",
    "weigh_events",
]

Matrix = TypeVar("Matrix")  # Interactions, Csr, or any scipy sparse matrix
Timed = TypeVar("Timed", Interactions, Events)
Axis = Literal["items", "users"]


def binarize(matrix: Matrix) -> Matrix:
    """Give every pair the weight 1.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> binarize(Interactions.from_scipy(sp.csr_array([[0, 7]]))).csr.values.tolist()
    [1.0]
    """
    return _with_values(matrix, np.ones(_csr(matrix).nnz, np.float32))


def log1p(matrix: Matrix, epsilon: float = 1.0) -> Matrix:
    """Dampen great weights: ``log(1 + weight / epsilon)``.

    Hu, Koren, Volinsky: Collaborative filtering for implicit feedback datasets (2008), equation 6,
    without its alpha.

    Raises
    ------
    DataError
        If a weight is negative, or `epsilon` is not above 0.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> log1p(Interactions.from_scipy(sp.csr_array([[0, 7]]))).csr.values.round(3).tolist()
    [2.0789999961853027]
    """
    if not 0 < epsilon < np.inf:
        raise DataError(f"epsilon: must be above 0, not {epsilon!r}")
    return _with_values(matrix, np.log1p(_frequencies(_csr(matrix), "log1p") / epsilon))


@dataclass(frozen=True)
class Collection:
    """What the weights of a document depend on in all the others.

    Parameters
    ----------
    documents : int
        Their number.
    having : int64 (terms,)
        How many of them have each term.
    mean_length : float
        The mean of their sums of weights.
    """

    documents: int
    having: NDArray[np.int64]
    mean_length: float

    @classmethod
    def of(cls, matrix: Interactions | Csr, axis: Axis = "items") -> Self:
        """Describe the documents of a matrix, users by items."""
        csr = _csr(matrix)
        _, term, documents, terms = _sides(csr, axis)
        total = float(csr.values.sum(dtype=np.float64))
        mean = total / documents if documents else 0.0
        return cls(documents, np.bincount(term, minlength=terms), mean)


def tfidf(matrix: Matrix, axis: Axis = "items", collection: Collection | None = None) -> Matrix:
    """Weigh pairs by ``sqrt(weight) * log((1 + N) / (1 + n))``.

    A term that `n` of `N` documents have counts the less the more do; one that all have counts
    nothing. Salton, Buckley: Term-weighting approaches in automatic text retrieval (1988), with the
    square root and the smoothing that are usual today.

    Parameters
    ----------
    matrix : Interactions, Csr or scipy sparse
        Users by items.
    axis : {"items", "users"}
        Which side are the documents.
    collection : Collection, optional
        The documents to compare with, by default those of the matrix itself.

    Raises
    ------
    DataError
        If a weight is negative.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> both = Interactions.from_scipy(sp.csr_array([[4, 0], [1, 1]]))
    >>> tfidf(both).csr.values.round(2).tolist()
    [0.8100000023841858, 0.0, 0.0]
    """
    csr = _csr(matrix)
    known = collection or Collection.of(csr, axis)
    _, term, _, _ = _sides(csr, axis)
    rarity = np.log((1 + known.documents) / (1 + known.having))
    return _with_values(matrix, np.sqrt(_frequencies(csr, "tfidf")) * rarity[term])


def bm25(
    matrix: Matrix,
    k1: float = 1.2,
    b: float = 0.75,
    axis: Axis = "items",
    collection: Collection | None = None,
) -> Matrix:
    """Weigh pairs by Okapi BM25.

    ``w (k1 + 1) / (w + k1 (1 - b + b L)) * log(1 + (N - n + 1/2) / (n + 1/2))``, where `w` is the
    weight, `L` the document's sum of weights over the mean of all documents, and `n` of `N`
    documents have the term. Robertson, Zaragoza: The probabilistic relevance framework (2009),
    equation 3.15, with the rarity of Lucene, which is never negative.

    Parameters
    ----------
    matrix : Interactions, Csr or scipy sparse
        Users by items.
    k1 : float
        How slowly great weights saturate, 0 or more; at 0 only presence counts.
    b : float
        How much long documents are discounted, 0 to 1.
    axis : {"items", "users"}
        Which side are the documents.
    collection : Collection, optional
        The documents to compare with, by default those of the matrix itself.

    Raises
    ------
    DataError
        If a weight is negative, or a parameter is out of range.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> both = Interactions.from_scipy(sp.csr_array([[1, 1], [0, 1]]))
    >>> bm25(both, b=0).csr.values.round(3).tolist()
    [0.18199999630451202, 0.18199999630451202, 0.6930000185966492]
    """
    if not (0 <= k1 < np.inf and 0 <= b <= 1):
        raise DataError(f"bm25: k1 must be 0 or more and b from 0 to 1, not {k1!r} and {b!r}")
    csr = _csr(matrix)
    known = collection or Collection.of(csr, axis)
    document, term, documents, _ = _sides(csr, axis)
    weights = _frequencies(csr, "bm25")
    rarity = np.log1p((known.documents - known.having + 0.5) / (known.having + 0.5))
    lengths = np.bincount(document, weights, minlength=documents)
    relative = lengths / known.mean_length if known.mean_length > 0 else lengths
    saturation = weights + k1 * (1 - b + b * relative[document])
    # A weight of 0 is worth nothing, also where the other summand is 0.
    gained = np.divide(
        weights * (k1 + 1), saturation, out=np.zeros_like(weights), where=weights > 0
    )
    return _with_values(matrix, gained * rarity[term])


def time_decay(data: Timed, half_life: float, now: Moment | None = None) -> Timed:
    """Halve weights for every `half_life` days of age: ``weight * 2 ** (-age / half_life)``.

    Events decay each by its own age, pairs by that of their latest event; so tastes that drift are
    followed best by decaying the events before they are merged. Ding, Li: Time weight collaborative
    filtering (2005), equation 4.

    Parameters
    ----------
    data : Events or Interactions
        With timestamps.
    half_life : float
        In days, above 0.
    now : date or time, optional
        When age is 0, by default the latest timestamp. What is later has not aged.

    Raises
    ------
    DataError
        If there are no timestamps, or `half_life` is not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> days = np.array(["2024-05-01", "2024-05-31"], "datetime64[D]")
    >>> log = Events.from_ids(users=[1, 1], items=[5, 6], timestamps=days)
    >>> time_decay(log, half_life=15).weights.tolist()
    [0.25, 1.0]
    """
    if not 0 < half_life < np.inf:
        raise DataError(f"half_life: must be above 0 days, not {half_life!r}")
    require(data, (Events, Interactions), "data", "pyrec.read_events makes events")
    times = data.timestamps
    if times is None:
        raise DataError("time_decay: there are no timestamps")
    latest = microseconds(now, "now") if now is not None else int(times.max(initial=0))
    ages = np.maximum(latest - times, 0) / DAY
    factors = np.exp2(-ages / half_life)
    if isinstance(data, Events):
        decayed = (data.weights_or_ones() * factors).astype(np.float32)
        return replace(data, weights=owned(decayed))
    return _with_values(data, data.csr.values * factors)


def recency(interactions: Interactions, exponent: float = 1.0) -> Interactions:
    """Weigh pairs by how many of the user's came later: ``(1 + later) ** -exponent``.

    The latest item of each user weighs 1, the one before it ``2 ** -exponent``. What came at the
    same time, like the items of a basket, weighs alike.

    Raises
    ------
    DataError
        If there are no timestamps.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 1], items=[5, 6, 7], timestamps=[10, 30, 20])
    >>> recency(log.aggregate()).csr.values.round(2).tolist()
    [0.33000001311302185, 1.0, 0.5]
    """
    if interactions.timestamps is None:
        raise DataError("recency: there are no timestamps")
    csr, times = interactions.csr, interactions.timestamps
    rows = entry_rows(csr)
    order = np.lexsort((-times, rows))
    places = np.arange(csr.nnz) - csr.offsets[rows]
    moved = places > 0
    moved[1:] &= times[order][1:] == times[order][:-1]  # one of several at the same time
    later = np.empty(csr.nnz)
    later[order] = np.maximum.accumulate(np.where(moved, 0, np.arange(csr.nnz))) - csr.offsets[rows]
    return _with_values(interactions, (1 + later) ** -exponent)


class Weighting(Options, frozen=True, kw_only=True):
    """How the events of a pair become its weight.

    Parameters
    ----------
    kinds : mapping
        A factor for each kind of event; 0 leaves it out, one below 0 makes it a dislike. By default
        every kind has factor 1.
    merge : {"sum", "last", "max", "count"}
        See `Events.aggregate`.
    half_life : float
        Days in which the weight of an event halves; by default it never does.
    window : float
        Events this many days before the latest, and older ones, are left out; by default none is.
    scheme : {"none", "binarize", "log1p", "tfidf", "bm25"}
        What is applied to the merged weights; where kinds are dislikes, to their size, and those
        that were below 0 are so again.
    """

    kinds: dict[str, float] | None = None
    merge: Literal["sum", "last", "max", "count"] = "sum"
    half_life: Annotated[float, Meta(gt=0)] | None = None
    window: Annotated[float, Meta(gt=0)] | None = None
    scheme: Literal["none", "binarize", "log1p", "tfidf", "bm25"] = "none"


def weigh(events: Events, options: Weighting) -> Interactions:
    """Merge events into interactions, weighted as the options say.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 2], items=[5, 5, 5], kinds=["view", "buy", "view"])
    >>> weigh(log, Weighting(kinds={"view": 1, "buy": 6}, scheme="log1p")).csr.values.round(2)
    array([2.08, 0.69], dtype=float32)
    """
    require(events, Events, "events", "pyrec.read_events makes them")
    require(options, Weighting, "options", "name them as Weighting(...)")
    merge, events = options.merge, _within(events, options.window)
    if options.half_life is not None:
        if merge == "count":  # an old event counts less than a whole one
            events, merge = replace(events, weights=None), "sum"
        events = time_decay(events, options.half_life)
    merged, scheme = events.aggregate(merge, options.kinds), _SCHEMES[options.scheme]
    if min((options.kinds or {}).values(), default=0.0) >= 0:
        return scheme(merged)
    signs = np.sign(merged.csr.values)
    sizes = scheme(_with_values(merged, np.abs(merged.csr.values)))
    return _with_values(sizes, signs * sizes.csr.values)


def weigh_events(events: Events, options: Weighting) -> Events:
    """Weigh single events by kind and age, for models of sequences, which have no merged pairs.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 2], items=[5, 5, 5], kinds=["view", "buy", "view"])
    >>> weigh_events(log, Weighting(kinds={"view": 0, "buy": 6})).weights.tolist()
    [6.0]
    """
    events = _within(events, options.window)
    if options.half_life is not None:
        events = time_decay(events, options.half_life)
    if options.kinds is None:
        return events
    factors = events.kind_factors(options.kinds)[events.kinds]
    weights = owned((events.weights_or_ones() * factors).astype(np.float32))
    return replace(events, weights=weights).take(factors != 0)


def _within(events: Events, window: float | None) -> Events:
    """Return the events of the latest `window` days."""
    if window is None:
        return events
    if events.timestamps is None:
        raise DataError("window: there are no timestamps")
    return events.take(events.timestamps > events.timestamps.max(initial=0) - window * DAY)


_SCHEMES: dict[str, Callable[[Interactions], Interactions]] = {
    "none": lambda interactions: interactions,
    "binarize": binarize,
    "log1p": log1p,
    "tfidf": tfidf,
    "bm25": bm25,
}


def _csr(matrix: Interactions | Csr | Any) -> Csr:
    return matrix.csr if isinstance(matrix, Interactions) else as_csr(matrix)


def _with_values(matrix: Matrix, values: NDArray[Any]) -> Matrix:
    csr = _csr(matrix)
    single = owned(values.astype(np.float32))
    changed: Any = Csr(csr.offsets, csr.columns, single, csr.shape[1])
    if isinstance(matrix, Interactions):
        changed = replace(matrix, csr=changed)
    elif not isinstance(matrix, Csr):
        changed = Interactions.from_scipy(changed).to_scipy()
    return cast(Matrix, changed)


def _frequencies(csr: Csr, scheme: str) -> NDArray[np.float64]:
    """Return the weights in double precision, or raise for a negative one."""
    values = csr.values.astype(np.float64)
    if np.any(values < 0):
        at = int(np.argmax(values < 0))
        row, column = place_of(csr, at)
        raise DataError(
            f"{scheme}: the weight {values[at]:g} of row {row}, column {column} is "
            "negative; remove such events in cleaning (returns, positive_weights)"
        )
    return values


def _sides(csr: Csr, axis: Axis) -> tuple[NDArray[Any], NDArray[Any], int, int]:
    """Return each pair's document and term, and the numbers of documents and terms."""
    users = entry_rows(csr)
    if axis == "items":
        return csr.columns, users, csr.shape[1], csr.shape[0]
    if axis == "users":
        return users, csr.columns, csr.shape[0], csr.shape[1]
    raise DataError(f"axis: must be 'items' or 'users', not {axis!r}")
