"""Reranker: of each list of candidates the few that are best together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec.arguments import require
from pyrec.config import Options
from pyrec.data.ranking import Ranking
from pyrec.errors import DataError
from pyrec.models.base import Lists
from pyrec.models.query import checked_k, require_room
from pyrec.rerank.context import Context
from pyrec.runtime import resolve_threads

__all__ = ["Candidates", "Reranker", "relevance"]

_F32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Valid lists to choose from.

    Parameters
    ----------
    rows : int32 (n, width)
        Items, best first, padded with -1.
    relevance : float32 (n, width)
        How good they are, from 1 for a list's first to 0 for its last; -inf where there is none.
    user_rows : int32 (n,)
        Whose lists they are; -1 for somebody unknown.
    """

    rows: NDArray[np.int32]
    relevance: _F32
    user_rows: NDArray[np.int32]


def relevance(scores: _F32) -> _F32:
    """Make scores comparable between users: 1 for the best of a list, 0 for the worst.

    Linear in between. Models score on scales of their own, and higher for users who have much, so
    neither a weight nor an exchange between lists would mean the same for everybody without this.
    Where all are equal, all are 1.

    Parameters
    ----------
    scores : float32 (n, width)
        Padded with -inf.

    Examples
    --------
    >>> relevance(np.float32([[9, 8, 5], [0.3, 0.3, -np.inf]])).tolist()
    [[1.0, 0.75, 0.0], [1.0, 1.0, -inf]]
    """
    real = scores > -np.inf
    best = scores.max(axis=1, keepdims=True, initial=-np.inf)
    worst = np.where(real, scores, np.float32(np.inf)).min(axis=1, keepdims=True, initial=np.inf)
    with np.errstate(invalid="ignore"):
        spread = np.subtract(best, worst, dtype=np.float64)
        scaled = np.subtract(scores, worst, dtype=np.float64)
        scaled /= np.where(spread > 0, spread, 1)
    found: _F32 = scaled.astype(np.float32)
    found[np.broadcast_to(spread == 0, found.shape)] = 1
    found[~real] = -np.inf
    return found


class Reranker(Options, frozen=True, kw_only=True, tag_field="method"):
    """A step from candidates to what is shown. Steps are options: in files, a table each.

    What a step returns are lists again, in order of what each item added when it was chosen, which
    is their score; so any step can follow any other (`pyrec.rerank.chain.Chain`).
    """

    def rerank(
        self, candidates: Ranking, context: Context, k: int = 20, *, threads: int = 0
    ) -> Ranking:
        """Return the `k` candidates of each list that are best together.

        Parameters
        ----------
        candidates : Ranking
            What a model returned: a list, or a batch; some five times as long as `k`. Its scores
            are compared within a list only, by `pyrec.rerank.base.relevance`.
        context : Context
            What is known of items and users.
        k : int, default 20
            Length of the lists. One that has fewer candidates keeps all.
        threads : int, default 0
            Number of threads; 0 means the default of the process.

        Returns
        -------
        Ranking
            In order of what each item added, which is its score.

        Raises
        ------
        DataError
            If lists are malformed, about other items than the context, or the context lacks
            something.
        """
        require(candidates, Ranking, "candidates", "Model.recommend makes it")
        require(context, Context, "context", "Context.of(model, catalogue) makes it")
        k, single = checked_k(k), candidates.rows.ndim == 1
        require_room(len(candidates), k)
        checked = _checked(candidates, context)
        rows, scores = self._choose(checked, context, k, resolve_threads(threads))
        if single:
            rows, scores = rows[0], scores[0]
        return Ranking(rows, scores, candidates.items, candidates.users)

    def _choose(self, lists: Candidates, context: Context, k: int, threads: int) -> Lists:
        """Return rows and scores (n, k), padded with -1 and -inf; scores never rise."""
        raise NotImplementedError


def _checked(candidates: Ranking, context: Context) -> Candidates:
    """Return candidates as kernels trust them, or raise."""
    known = context.interactions
    if candidates.items != known.items:
        raise DataError(
            "candidates: are not of the context's items; make the context of the same model"
        )
    rows = np.ascontiguousarray(np.atleast_2d(candidates.rows), dtype=np.int32)
    scores = np.ascontiguousarray(np.atleast_2d(candidates.scores), dtype=np.float32)
    if rows.shape != scores.shape or rows.ndim != 2:
        raise DataError(f"candidates: have rows {rows.shape} and scores {scores.shape}")
    _kernels.validate_lists(rows, items=len(known.items))
    scores = np.where(rows >= 0, scores, np.float32(-np.inf))
    odd = np.isfinite(scores) != (rows >= 0)
    if np.any(odd):
        at = int(np.argmax(np.any(odd, axis=1)))
        raise DataError(f"candidates: list {at} has a score that is no finite number")
    falls = scores[:, 1:] <= scores[:, :-1]
    if not np.all(falls):
        at = int(np.argmin(np.all(falls, axis=1)))
        raise DataError(f"candidates: list {at} is not in order, best first")
    return Candidates(rows, relevance(scores), _user_rows(candidates.users, context, len(rows)))


def _user_rows(users: Any, context: Context, n: int) -> NDArray[np.int32]:
    if users is None:
        return np.full(n, -1, dtype=np.int32)
    rows = context.interactions.users.encode(np.atleast_1d(np.asarray(users)), missing="mark")
    if rows.shape != (n,):
        raise DataError(f"candidates: are {n} lists of {len(rows)} users")
    return np.asarray(rows, dtype=np.int32)
