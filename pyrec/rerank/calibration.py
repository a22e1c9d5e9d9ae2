"""Calibration: lists that have a user's interests in their proportions."""

from typing import Annotated

import numpy as np
import scipy.sparse as sp
from msgspec import Meta

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.groups import Groups
from pyrec.data.interactions import as_csr
from pyrec.models.base import Lists
from pyrec.rerank.base import Candidates, Reranker
from pyrec.rerank.context import Context

__all__ = ["Calibration", "mixes_of"]


class Calibration(Reranker, frozen=True, kw_only=True, tag="calibration"):
    """Show groups of items in the proportions in which a user had them.

    Who has watched 70 dramas and 30 comedies would see dramas only, if each place went to the item
    of highest score. The next item raises ``(1 - weight) * sum(relevance) - weight * KL(p, q)`` the
    most, where `p` is the user's mix of groups and `q` that of the list, one hundredth of `p` added
    (Steck: Calibrated recommendations, RecSys 2018, equations 4, 5, 7). Shares are of the list of
    `k` items from the beginning on; so what an item adds never rises, and greedy choice is within
    ``1 - 1/e`` of the best list.

    Users without a history keep the order of relevance.

    Parameters
    ----------
    groups : str, default "category"
        The groups of the context.
    weight : float, default 0.5
        0 for relevance alone, 1 for calibration alone.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.data.groups import Groups
    >>> from pyrec.rerank import Calibration, Context
    >>> log = pyrec.Interactions.from_scipy(sp.csr_array([[0, 0, 0, 1, 1]]))
    >>> kinds = {"category": Groups.of(["tea", "tea", "cup", "tea", "cup"])}
    >>> candidates = pyrec.Ranking(np.array([[0, 1, 2]]), np.array([[3, 2, 1]]), log.items, [0])
    >>> Calibration(weight=0.6).rerank(candidates, Context(log, groups=kinds), k=2).ids.tolist()
    [[0, 2]]
    """

    groups: str = "category"
    weight: Annotated[float, Meta(ge=0, le=1)] = 0.5

    def _choose(self, lists: Candidates, context: Context, k: int, threads: int) -> Lists:
        groups = context.grouped_by(self.groups, "calibration")
        mixes = mixes_of(context.histories(lists.user_rows), groups)
        return _kernels.rerank_calibrated(
            lists.rows, lists.relevance, groups.memberships, mixes, k=k, weight=self.weight,
            threads=threads,
        )  # fmt: skip


def mixes_of(histories: Csr, groups: Groups) -> Csr:
    """Return each history's shares of groups (n, n_groups), by weight; negative weights count 0.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> had = as_csr(sp.csr_array([[3, 1, 0], [0, 0, 1]]))
    >>> mixes_of(had, Groups.of(["tea", "cup", None])).values.tolist()
    [0.25, 0.75]
    """
    weights = np.maximum(histories.values, 0)
    had = sp.csr_array((weights, histories.columns, histories.offsets), histories.shape)
    of = groups.memberships
    mixes = sp.csr_array(had @ sp.csr_array((of.values, of.columns, of.offsets), of.shape))
    mixes.eliminate_zeros()
    sums = np.asarray(mixes.sum(axis=1)).ravel()
    scaled = mixes * np.divide(1, sums, out=np.zeros_like(sums), where=sums > 0)[:, None]
    return as_csr(sp.csr_array(scaled))
