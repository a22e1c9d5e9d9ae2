"""Diversity: lists whose items are good and unlike each other."""

from typing import Annotated

from msgspec import Meta

from pyrec import _kernels
from pyrec.models.base import Lists
from pyrec.rerank.base import Candidates, Reranker
from pyrec.rerank.context import Context

__all__ = ["DPP", "MMR"]


class MMR(Reranker, frozen=True, kw_only=True, tag="mmr"):
    """Maximal marginal relevance: what is good and unlike everything above it.

    The next item has the greatest ``trade_off * relevance - (1 - trade_off) * s``, where `s` is its
    greatest cosine with an item above it, 0 at least (Carbonell, Goldstein: The use of MMR,
    diversity-based reranking for reordering documents and producing summaries, SIGIR 1998).

    Parameters
    ----------
    trade_off : float, default 0.7
        1 for relevance alone, 0 for diversity alone.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.rerank import MMR, Context
    >>> log = pyrec.Interactions.from_scipy(sp.csr_array([[1, 1, 0], [0, 0, 1]]))
    >>> context = Context(log, vectors=np.array([[1, 0], [1, 0.1], [0, 1]]))
    >>> candidates = pyrec.Ranking(np.array([0, 1, 2]), np.array([0.9, 0.8, 0.7]), log.items)
    >>> MMR(trade_off=0.5).rerank(candidates, context, k=2).ids.tolist()
    [0, 2]
    """

    trade_off: Annotated[float, Meta(ge=0, le=1)] = 0.7

    def _choose(self, lists: Candidates, context: Context, k: int, threads: int) -> Lists:
        return _kernels.rerank_mmr(
            lists.rows, lists.relevance, context.directions, k=k, trade_off=self.trade_off,
            threads=threads,
        )  # fmt: skip


class DPP(Reranker, frozen=True, kw_only=True, tag="dpp"):
    """A determinantal point process: good items whose vectors span much room together.

    Where `MMR` looks at the most similar item, this looks at all of them at once: the next item
    raises ``trade_off * sum(relevance) + (1 - trade_off) * log(det(S))`` the most, where `S` has
    ones on its diagonal and 0.99 times the cosines beside it, so that lists stay full when items
    outnumber dimensions (Chen, Zhang, Zhou: Fast greedy MAP inference for determinantal point
    process to improve recommendation diversity, NeurIPS 2018).

    Parameters
    ----------
    trade_off : float, default 0.9
        1 for relevance alone, 0 for diversity alone. Nearer to 1 than that of `MMR`: a logarithm
        falls faster than a cosine rises.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.rerank import DPP, Context
    >>> log = pyrec.Interactions.from_scipy(sp.csr_array([[1, 1, 0], [0, 0, 1]]))
    >>> context = Context(log, vectors=np.array([[1, 0], [1, 0.1], [0, 1]]))
    >>> candidates = pyrec.Ranking(np.array([0, 1, 2]), np.array([0.9, 0.8, 0.7]), log.items)
    >>> DPP(trade_off=0.5).rerank(candidates, context, k=2).ids.tolist()
    [0, 2]
    """

    trade_off: Annotated[float, Meta(ge=0, le=1)] = 0.9

    def _choose(self, lists: Candidates, context: Context, k: int, threads: int) -> Lists:
        return _kernels.rerank_dpp(
            lists.rows, lists.relevance, context.directions, k=k, trade_off=self.trade_off,
            threads=threads,
        )  # fmt: skip
