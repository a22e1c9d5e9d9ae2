"""Boosts: items that are raised for what they are, each by itself."""

from typing import Annotated

import numpy as np
import scipy.sparse as sp
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec.models.base import Lists
from pyrec.rerank.base import Candidates, Reranker
from pyrec.rerank.context import Context

__all__ = ["Freshness", "PopularityControl", "PriceSensitivity"]

_F64 = NDArray[np.float64]

# A user's spread of prices is estimated as if there were so many more items of the usual one:
# two purchases at one price are no habit.
_USUAL = 5.0


class _Boost(Reranker, frozen=True, kw_only=True):
    """Order by relevance plus `weight` times a merit between 0 and 1."""

    weight: Annotated[float, Meta(ge=0)] = 0.2

    def _choose(self, lists: Candidates, context: Context, k: int, threads: int) -> Lists:
        merit = self._merit(lists, context)
        raised = (lists.relevance + self.weight * merit).astype(np.float32)
        return _kernels.rerank_by_relevance(lists.rows, raised, k=k, threads=threads)

    def _merit(self, lists: Candidates, context: Context) -> _F64:
        """Return the merit of each candidate (n, width); anything where there is none."""
        raise NotImplementedError


class PopularityControl(_Boost, frozen=True, kw_only=True, tag="popularity"):
    """Raise what few people had, against the bias of models towards what is popular.

    The merit is ``1 - log(1 + users of the item) / log(1 + users of the most popular one)``.

    Parameters
    ----------
    weight : float, default 0.2
        How much an item that nobody had is raised, where 1 is the whole range of a list's scores.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.rerank import Context, PopularityControl
    >>> log = pyrec.Interactions.from_scipy(sp.csr_array([[1, 1, 0], [1, 0, 0], [1, 0, 1]]))
    >>> candidates = pyrec.Ranking(np.array([0, 1, 2]), np.array([0.9, 0.8, 0.1]), log.items)
    >>> PopularityControl(weight=0.5).rerank(candidates, Context(log), k=2).ids.tolist()
    [1, 0]
    """

    def _merit(self, lists: Candidates, context: Context) -> _F64:
        known = np.log1p(context.popularity)
        merit: _F64 = 1 - known / max(known.max(initial=0), 1e-9)
        return merit[lists.rows]


class Freshness(_Boost, frozen=True, kw_only=True, tag="freshness"):
    """Raise what is new: the merit is ``0.5 ** (age / half_life)``.

    An item of unknown age counts as old; one that is not yet sold as new.

    Parameters
    ----------
    half_life : float, default 30
        Days after which half of the boost is left.
    weight : float, default 0.2
        How much a new item is raised, where 1 is the whole range of a list's scores.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.rerank import Context, Freshness
    >>> log = pyrec.Interactions.from_scipy(sp.csr_array([[1, 1, 1]]))
    >>> candidates = pyrec.Ranking(np.array([0, 1, 2]), np.array([0.9, 0.8, 0.1]), log.items)
    >>> context = Context(log, ages=np.array([90.0, 0.0, np.nan]))
    >>> Freshness(half_life=30).rerank(candidates, context, k=2).ids.tolist()
    [1, 0]
    """

    half_life: Annotated[float, Meta(gt=0)] = 30.0

    def _merit(self, lists: Candidates, context: Context) -> _F64:
        ages = context.need(
            "ages", "freshness", "Context.of(model, catalogue, now=...) takes them from `since`"
        )
        merit = 0.5 ** (np.maximum(np.nan_to_num(ages, nan=np.inf), 0) / self.half_life)
        return np.asarray(merit[lists.rows])


class PriceSensitivity(_Boost, frozen=True, kw_only=True, tag="price"):
    """Raise what costs about what a user is used to pay.

    The merit is ``exp(-z ** 2 / 2)``, where `z` tells how far the logarithm of the price is from
    the mean of those in the user's history, in their standard deviations. That deviation is drawn
    towards the one of all histories as if five more items of it had been had. An item without a
    price has the mean merit of its list; for a user without prices nothing changes.

    Parameters
    ----------
    weight : float, default 0.2
        How much an item of the usual price is raised, where 1 is the whole range of a list's
        scores.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.rerank import Context, PriceSensitivity
    >>> log = pyrec.Interactions.from_scipy(sp.csr_array([[0, 0, 1, 1], [1, 0, 0, 0]]))
    >>> context = Context(log, prices=np.array([100.0, 10.0, 9.0, 11.0]))
    >>> candidates = pyrec.Ranking(np.array([[0, 1]]), np.array([[0.9, 0.8]]), log.items, [0])
    >>> PriceSensitivity(weight=2.0).rerank(candidates, context, k=2).ids.tolist()
    [[1, 0]]
    """

    def _merit(self, lists: Candidates, context: Context) -> _F64:
        prices = context.need(
            "prices", "price", "Context.of(model, catalogue) takes them from its column 'price'"
        )
        priced = np.nan_to_num(prices) > 0
        logs = np.log(np.where(priced, prices, 1))
        mean, spread = _habits(context, lists.user_rows, logs, priced)
        z = (logs[lists.rows] - mean[:, None]) / spread[:, None]
        there = priced[lists.rows] & (lists.rows >= 0)
        merit = np.where(there, np.exp(-(z**2) / 2), 0)
        usual = merit.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
        filled = np.where(there, merit, usual[:, None])
        return np.where(np.isfinite(mean)[:, None], filled, 0.0)


def _habits(
    context: Context, user_rows: NDArray[np.int32], logs: _F64, priced: NDArray[np.bool_]
) -> tuple[_F64, _F64]:
    """Return mean and deviation of the logarithms of the prices that users paid; NaN for none."""
    csr = context.histories(user_rows)
    had = sp.csr_array((np.ones(csr.nnz), csr.columns, csr.offsets), csr.shape)
    counts, sums, squares = (had @ np.stack([priced, logs * priced, logs**2 * priced], axis=1)).T
    means = sums / np.where(counts > 0, counts, np.nan)
    around = np.maximum(squares - np.nan_to_num(means) * sums, 0)
    bought = context.popularity * priced
    usual = 0.0
    if bought.any():
        usual = np.average((logs - np.average(logs, weights=bought)) ** 2, weights=bought)
    return means, np.sqrt((around + _USUAL * usual) / (counts + _USUAL)) + 1e-6
