"""Exposure: places that groups of items are guaranteed across everybody's lists."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import scipy.sparse as sp
from msgspec import Meta
from numpy.typing import NDArray
from scipy.sparse.csgraph import maximum_flow

from pyrec.config import suggestion
from pyrec.data.groups import Groups
from pyrec.errors import DataError
from pyrec.models.base import Lists
from pyrec.rerank.base import Candidates, Reranker
from pyrec.rerank.context import Context

__all__ = ["ExposureFloor"]

_Share = Annotated[float, Meta(gt=0, le=1)]


class ExposureFloor(Reranker, frozen=True, kw_only=True, tag="exposure"):
    """Guarantee groups of items, such as sellers, a share of all places shown.

    Places are reserved where they cost the least relevance, all others go to the best candidates.
    Groups ask for places in order of what those cost, a list that is asked for more than it has
    keeps the cheapest, and who is refused asks elsewhere (in the manner of Gale and Shapley).
    Where some group then lacks places, a maximum flow decides whether any allocation meets all
    floors, and gives one if so. In the spirit of the guarantees of FairRec (Patro et al.: FairRec:
    Two-sided fairness for personalized recommendations in two-sided platforms, WWW 2020), with
    floors that a shop chooses.

    The guarantee is for the lists given in one call: give it everybody's.

    Parameters
    ----------
    groups : str, default "seller"
        The groups of the context; an item is in one of them, or in none.
    share : float, or mapping of str to float
        The least share of all places: of every group, or of those named.

    Raises
    ------
    DataError
        From `rerank`, if floors cannot be met from these candidates: says by how much.

    Examples
    --------
    >>> import numpy as np, pyrec, scipy.sparse as sp
    >>> from pyrec.data.groups import Groups
    >>> from pyrec.rerank import Context, ExposureFloor
    >>> log = pyrec.Interactions.from_scipy(sp.csr_array([[1, 1, 1], [1, 0, 0]]))
    >>> context = Context(log, groups={"seller": Groups.of(["big", "big", "small"])})
    >>> lists, scores = np.array([[0, 1, 2], [0, 1, 2]]), np.array([[9, 8, 1], [9, 3, 2]])
    >>> candidates = pyrec.Ranking(lists, scores, log.items)
    >>> ExposureFloor(share=0.25).rerank(candidates, context, k=2).ids.tolist()
    [[0, 1], [0, 2]]
    >>> ExposureFloor(share={"small": 0.75}).rerank(candidates, context, k=2)
    Traceback (most recent call last):
    ...
    pyrec.errors.DataError: exposure: the floors are 3 places in all, of which 2 at most can be \
given: 'small' lacks 1 of its 3; lower `share`, or ask the model for longer lists of candidates
    """

    groups: str = "seller"
    share: _Share | dict[str, _Share] = 0.01

    def _choose(self, lists: Candidates, context: Context, k: int, threads: int) -> Lists:
        groups = context.grouped_by(self.groups, "exposure")
        room = np.minimum(k, np.sum(lists.rows >= 0, axis=1))
        floors = self._floors(groups, int(room.sum()))
        for whole in (False, True):
            asked = _Asked.of(lists, groups.codes, floors, k, whole=whole)
            reserved = _deferred(asked, floors, room)
            given = np.bincount(asked.group[reserved], minlength=len(floors))
            if np.all(given >= floors):
                break
        else:
            reserved = _by_flow(asked, floors, room, groups)
        return _filled(lists, asked, reserved, room, k)

    def _floors(self, groups: Groups, places: int) -> NDArray[np.int64]:
        """Return how many places each group is guaranteed."""
        if not isinstance(self.share, dict):
            shares = np.full(len(groups), self.share)
        else:
            names = list(map(str, groups.names))
            shares = np.zeros(len(groups))
            for name, share in self.share.items():
                if name not in names:
                    raise DataError(f"share: {name!r} is no group{suggestion(name, names)}")
                shares[names.index(name)] = share
        floors = np.ceil(shares * places - 1e-9).astype(np.int64)
        if floors.sum() > places:
            raise DataError(
                f"share: the floors of {np.count_nonzero(floors):,} groups add up to "
                f"{floors.sum():,} places, and there are {places:,}"
            )
        return floors


@dataclass(frozen=True, eq=False)
class _Asked:
    """The candidates of groups with a floor, in order of group, then of cost."""

    list: NDArray[np.int64]
    place: NDArray[np.int64]
    group: NDArray[np.int32]
    cost: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        lists: Candidates,
        codes: NDArray[np.int32],
        floors: NDArray[np.int64],
        k: int,
        *,
        whole: bool,
    ) -> "_Asked":
        """Return them; the cost is how much less relevant than the list's k-th one is.

        Unless the `whole` is asked for, those that cost something are left out of groups that have
        enough others. As long as such a group is not refused everything that is there, it does not
        come to ask for what is left out, and the answer is the same.
        """
        last = lists.relevance[:, [min(k, lists.relevance.shape[1]) - 1]]
        with np.errstate(invalid="ignore"):  # of places that are empty
            costs = np.maximum(last - lists.relevance, 0)
        free = cls._at(costs == 0, lists, codes, costs, floors > 0)
        enough = np.bincount(free.group, minlength=len(floors)) >= floors
        if whole or not np.all(enough):
            there = (lists.rows >= 0) & (costs > 0)
            rest = cls._at(there, lists, codes, costs, (floors > 0) & (whole | ~enough))
            rest = rest.take(np.argsort(rest.cost, kind="stable"))
            pairs = zip(free.columns, rest.columns, strict=True)
            free = cls(*(np.concatenate(pair) for pair in pairs))
        # numpy sorts numbers of 16 bits, and no wider ones, by radix.
        kind = np.uint16 if len(floors) <= 1 << 16 else np.int32
        return free.take(np.argsort(free.group.astype(kind), kind="stable"))

    @classmethod
    def _at(
        cls,
        where: NDArray[np.bool_],
        lists: Candidates,
        codes: NDArray[np.int32],
        costs: NDArray[np.float32],
        asks: NDArray[np.bool_],
    ) -> "_Asked":
        """Return those candidates whose group asks for them."""
        wanted = np.append(asks, False)[codes]  # the last for items without a group
        at, place = np.nonzero(where & wanted[lists.rows])
        return cls(at, place, codes[lists.rows[at, place]], costs[at, place])

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """All of it, in the order of the fields."""
        return self.list, self.place, self.group, self.cost

    def take(self, order: NDArray[np.int64]) -> "_Asked":
        """Return them in another order."""
        return type(self)(*(one[order] for one in self.columns))


def _deferred(
    asked: _Asked, floors: NDArray[np.int64], room: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return which places are reserved, by groups that ask and lists that refuse.

    A group that is refused asks for the next one. Only lists that are asked for more than they have
    look at what they hold.
    """
    ends = np.searchsorted(asked.group, np.arange(len(floors)), side="right")
    upto = np.searchsorted(asked.group, np.arange(len(floors)))
    held, lacking = np.empty(0, dtype=np.int64), floors
    while True:
        until = np.minimum(upto + lacking, ends)
        held = np.concatenate([held, _ranges(upto, until)])
        upto = until
        lists = asked.list[held]
        full = (np.bincount(lists, minlength=len(room)) > room)[lists]
        rivals = held[full]
        if len(rivals) == 0:
            return held
        by_list = rivals[np.lexsort((rivals, asked.cost[rivals], asked.list[rivals]))]
        at = asked.list[by_list]
        refused = np.arange(len(at)) - np.searchsorted(at, at) >= room[at]
        held = np.concatenate([held[~full], by_list[~refused]])
        lacking = np.bincount(asked.group[by_list[refused]], minlength=len(floors))


def _ranges(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of all ranges, one after the other."""
    sizes = ends - begins
    starts = np.cumsum(sizes) - sizes
    return np.repeat(begins - starts, sizes) + np.arange(sizes.sum())


def _by_flow(
    asked: _Asked, floors: NDArray[np.int64], room: NDArray[np.int64], groups: Groups
) -> NDArray[np.int64]:
    """Return an allocation that meets all floors, or raise because there is none."""
    n, m = len(room), len(floors)
    source, sink = m + n, m + n + 1
    pairs = asked.group.astype(np.int64) * n + asked.list
    distinct, pair, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    group, at = np.divmod(distinct, n)
    begins = np.concatenate([group, np.full(m, source), m + np.arange(n)])
    ends = np.concatenate([m + at, np.arange(m), np.full(n, sink)])
    capacity = np.concatenate([counts, floors, room]).astype(np.int32)
    edges = sp.csr_array((capacity, (begins, ends)), shape=(m + n + 2, m + n + 2))
    flow = sp.csr_array(maximum_flow(edges, source, sink).flow)
    met = np.asarray(flow[[source]].toarray()).ravel()[:m]
    if np.any(met < floors):
        raise DataError(_unmet(groups, floors, met))
    quota = np.asarray(flow[group, m + at]).ravel()
    rank = _ranks(pair)
    return np.flatnonzero(rank < quota[pair])


def _ranks(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many equal keys come before each one."""
    order = np.argsort(keys, kind="stable")
    ranks = np.empty(len(keys), dtype=np.int64)
    ranks[order] = np.arange(len(keys)) - np.searchsorted(keys[order], keys[order])
    return ranks


def _unmet(groups: Groups, floors: NDArray[np.int64], met: NDArray[Any]) -> str:
    worst = int(np.argmax(floors - met))
    return (
        f"exposure: the floors are {floors.sum():,} places in all, of which {met.sum():,} at most "
        f"can be given: {str(groups.names[worst])!r} lacks {floors[worst] - met[worst]:,} of its "
        f"{floors[worst]:,}; lower `share`, or ask the model for longer lists of candidates"
    )


def _filled(
    lists: Candidates,
    asked: _Asked,
    reserved: NDArray[np.int64],
    room: NDArray[np.int64],
    k: int,
) -> Lists:
    """Give the places that are left to the best candidates; lists stay in order of relevance."""
    chosen = np.zeros(lists.rows.shape, dtype=bool)
    chosen[asked.list[reserved], asked.place[reserved]] = True
    left = room - chosen.sum(axis=1)
    others = ~chosen & (lists.rows >= 0)
    chosen |= others & (np.cumsum(others, axis=1, dtype=np.int32) <= left[:, None])
    at, place = np.nonzero(chosen)
    rows = np.full((len(lists.rows), k), -1, dtype=np.int32)
    scores = np.full(rows.shape, -np.inf, dtype=np.float32)
    to = np.arange(len(at)) - np.searchsorted(at, at)
    rows[at, to], scores[at, to] = lists.rows[at, place], lists.relevance[at, place]
    return rows, scores
