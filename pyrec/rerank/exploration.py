"""Exploration: lists that are drawn, so that what is not yet known has its chance."""

from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec.models.base import Lists
from pyrec.rerank.base import Candidates, Reranker
from pyrec.rerank.context import Context

__all__ = ["Exploration"]


class Exploration(Reranker, frozen=True, kw_only=True, tag="exploration"):
    """Draw each list from its candidates, good ones more often than others.

    A model that is fitted to what people did with its own lists learns only of what it showed.
    Here the place of an item is left to chance: an item comes before another with odds of
    ``exp((its relevance - the other's) / weight)``, which makes the list a draw of the model of
    Plackett and Luce, by adding noise of Gumbel's (Yellott: The relationship between Luce's choice
    axiom, Thurstone's theory of comparative judgment, and the double exponential distribution, J.
    Math. Psychology 15, 1977).

    The draw depends on the person, the item and the number of pairs in the log: the same log gives
    the same lists, in any batch, and one that has grown others. All who are unknown to the log
    have the same draw.

    Parameters
    ----------
    weight : float, default 0.1
        How much is left to chance, where 1 is the whole range of a list's scores; 0 is nothing.
    random_state : int, default 0
        Another number, other draws.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.rerank import Context, Exploration
    >>> log = pyrec.Interactions.from_scipy(sp.csr_array(np.eye(3)))
    >>> candidates = pyrec.Ranking(np.array([[0, 1, 2]] * 3), np.array([[3, 2, 1]] * 3), log.items,
    ...                            log.users.ids)
    >>> Exploration(weight=1.0).rerank(candidates, Context(log), k=2).ids.tolist()
    [[0, 2], [0, 1], [0, 1]]
    """

    weight: Annotated[float, Meta(ge=0)] = 0.1
    random_state: Annotated[int, Meta(ge=0)] = 0

    def _choose(self, lists: Candidates, context: Context, k: int, threads: int) -> Lists:
        seed = np.random.SeedSequence([self.random_state, context.interactions.nnz])
        pairs = lists.user_rows[:, None].astype(np.int64) * len(context.popularity) + lists.rows
        noise = -np.log(-np.log(_uniform(pairs, int(seed.generate_state(1, np.uint64)[0]))))
        drawn = (lists.relevance + self.weight * noise).astype(np.float32)
        return _kernels.rerank_by_relevance(lists.rows, drawn, k=k, threads=threads)


def _uniform(numbers: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return a draw between 0 and 1 for each number, neither included.

    By a hash rather than a generator, since a number must have the same draw in any batch: the
    finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
    OOPSLA 2014).
    """
    mixed = (numbers.view(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.uint64(seed)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return np.asarray(((mixed >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)
