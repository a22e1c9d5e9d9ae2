"""Re-ranking of lists that obey rules or come from several models."""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.data.ranking import Ranking
from pyrec.models.fallback import FallbackRanking
from pyrec.models.query import checked_k
from pyrec.models.ruled import placed
from pyrec.rerank.base import Reranker, relevance
from pyrec.rerank.chain import Chain
from pyrec.rerank.context import Context
from pyrec.rules.rules import CompiledRules

__all__ = ["rerank_lists"]

_R = TypeVar("_R", bound=Ranking)


def rerank_lists(
    steps: Chain | Reranker,
    candidates: _R,
    context: Context,
    k: int = 20,
    *,
    rules: CompiledRules | None = None,
    threads: int = 0,
) -> _R:
    """Re-rank lists made under rules, or by a chain of models, and keep what these promise.

    A part of a list obeys what the whole list obeys, predicates and caps; so only pins need care,
    which are put back to their places. Scores of different models do not compare: in the lists of
    a `Fallback` each model's entries span as much of the scale of relevance as they have places,
    below those of earlier models. Every entry keeps its source.

    Parameters
    ----------
    steps : Chain or Reranker
        What chooses among the candidates.
    candidates : Ranking or FallbackRanking
        Lists under the rules; some five times as long as `k`.
    context : Context
        What the steps look at, of the items of the lists.
    k : int, default 20
        Length of the lists.
    rules : CompiledRules, optional
        Those under which the candidates were made.
    threads : int, default 0
        Number of threads; 0 means the default of the process.

    Raises
    ------
    DataError
        As `Reranker.rerank`.

    Examples
    --------
    >>> import numpy as np, pyrec
    >>> from pyrec.rerank import PopularityControl, Context, rerank_lists
    >>> shop = pyrec.simulate_shop(users=60, items=40, days=40)
    >>> model = pyrec.ALS(factors=4).fit(shop.events)
    >>> chain = pyrec.Fallback.of([model, pyrec.Popularity().fit(shop.events)])
    >>> rules = pyrec.Rules(pinned={3: "P0007"}).compile(None, chain.items)
    >>> candidates = chain.recommend([*model.users.ids[:2], "nobody"], k=20, rules=rules)
    >>> steps = PopularityControl(weight=0.2)
    >>> lists = rerank_lists(steps, candidates, Context.of(model), k=5, rules=rules)
    >>> lists.ids[:, 2].tolist()
    ['P0007', 'P0007', 'P0007']
    >>> lists.sources[[0, 2], 0].tolist()
    ['als', 'popularity']
    """
    require(candidates, Ranking, "candidates", "Model.recommend makes it")
    k = checked_k(k)
    rows = np.atleast_2d(candidates.rows)
    scores, links = np.atleast_2d(candidates.scores), np.where(rows >= 0, 0, -1)
    if isinstance(candidates, FallbackRanking):
        links = np.atleast_2d(candidates.places)
        scores = _comparable(scores, links)
    pinned, places = (np.empty(0, np.int32),) * 2 if rules is None else (rules.pinned, rules.places)
    users = None if candidates.users is None else np.atleast_1d(candidates.users)
    open_ = _without(rows, scores, pinned)
    found = steps.rerank(Ranking(*open_, candidates.items, users), context, k, threads=threads)
    pinned, places = pinned[places < k], places[places < k]
    pins = np.where(np.any(rows[:, :, None] == pinned, axis=1), pinned, np.int32(-1))
    joined = np.hstack([pins, found.rows])
    held = np.hstack([_at(rows, np.atleast_2d(candidates.scores), pins), found.scores])
    first = np.argsort(joined < 0, axis=1, kind="stable")[:, :k]
    shown, values = (np.take_along_axis(part, first, 1) for part in (joined, held))
    of = np.where(shown >= 0, _at(rows, links, shown), -1).astype(np.int32)
    lists: _R = _like(candidates, placed((shown, values, of), pins, places))
    return lists


def _comparable(scores: NDArray[np.float32], links: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return scores that fall from one model's entries to the next one's, as within each."""
    comparable = np.full(scores.shape, -np.inf, np.float32)
    top = np.sum(links >= 0, axis=1)[:, None]
    for link in range(int(links.max(initial=-1)) + 1):
        mine = links == link
        spread = np.sum(mine, axis=1)[:, None] - 1
        part = np.where(mine, relevance(np.where(mine, scores, np.float32(-np.inf))), 0)
        comparable[mine] = (top - spread * (1 - part))[mine]
        top = top - spread - 1
    return comparable


def _without(
    rows: NDArray[np.int32], scores: NDArray[np.float32], pinned: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the lists without the pins."""
    gone = np.isin(rows, pinned) | (rows < 0)
    order = np.argsort(gone, axis=1, kind="stable")
    rows, scores = np.where(gone, np.int32(-1), rows), np.where(gone, np.float32(-np.inf), scores)
    return np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)


def _at(rows: NDArray[np.int32], values: NDArray[Any], wanted: NDArray[np.int32]) -> NDArray[Any]:
    """Return, of entries that lists have, the values that stand beside them; of -1 anything."""
    width = int(rows.max(initial=0)) + 2
    start = np.arange(len(rows), dtype=np.int64)[:, None] * width + 1
    keys = (rows + start).ravel()
    order = np.argsort(keys, kind="stable")
    at = np.searchsorted(keys[order], np.minimum(wanted + start, keys.max(initial=0)))
    found: NDArray[Any] = values.ravel()[order[at]] if len(keys) else np.zeros(wanted.shape)
    return found


def _like(
    lists: Ranking,
    parts: tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]],
) -> Any:
    """Return lists of the kind, the users and the shape of others."""
    rows, scores, links = parts if lists.rows.ndim == 2 else tuple(part[0] for part in parts)
    if isinstance(lists, FallbackRanking):
        return replace(lists, rows=rows, scores=scores, places=links)
    return Ranking(rows, scores, lists.items, lists.users)
