"""Lists under rules: exact, and full where they can be, for every model and for chains of models.

A model is asked for lists under a `Filter`, and nothing else of it is needed. What a rule wants of
the order is made of such lists:

- Boosts. Items fall into sets of the same boost, within which it changes no order. The best of each
  set, boosted and merged, are therefore the best of all; equal boosted scores stand as the model
  had them.
- Caps. A list is walked from its best entry on, and what is below all caps is kept. Where that
  leaves it short, the groups that are full are forbidden, and the next best are asked for: they are
  all that can still be kept, in their order. Each turn keeps an entry more, or the list is done.
- Chains. What one model leaves short the next one goes on with, below the same caps and without
  what the list has.
- Re-ranking. A model that chooses among another's candidates chooses among those that the rules
  leave: boosts are of the other one's scores, which a choice puts on a scale of its own. A part of
  a list obeys the caps that the whole obeys.
"""

import logging
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require
from pyrec.data.bits import Words, pack
from pyrec.data.columns import owned
from pyrec.data.interactions import entry_rows, select
from pyrec.data.ranking import Ranking
from pyrec.data.vocabulary import Vocabulary
from pyrec.models.query import Filter
from pyrec.rules.rules import CompiledRules
from pyrec.runtime import resolve_threads

__all__ = ["PINNED", "Link", "Rank", "Rerank", "Reranks", "chained", "placed", "ranked"]

logger = logging.getLogger("pyrec")

Rows = NDArray[np.int32]
Lists: TypeAlias = tuple[Rows, NDArray[np.float32]]

Rank: TypeAlias = Callable[[Rows, int, Filter], Lists]
"""Lists of k for some queries, by number, under the filter of these queries."""

Rerank: TypeAlias = Callable[[Rows, Lists, int], Lists]
"""The k that are chosen of candidates, for some queries by number."""


class Reranks(ABC):
    """A model that chooses among the candidates of another.

    Attributes
    ----------
    model : Model
        Makes the candidates.
    candidates : int
        How many, where a list is shorter.
    """

    model: Any
    candidates: int

    @abstractmethod
    def reranked(self, lists: Ranking, k: int, *, threads: int = 0) -> Ranking:
        """Return what is chosen of candidates."""


@dataclass(frozen=True)
class Link:
    """What one model of a chain does.

    Parameters
    ----------
    rank : Rank
        Makes its lists, or the candidates for them.
    rerank : Rerank, optional
        Chooses among the candidates.
    candidates : int
        How many.
    """

    rank: Rank
    rerank: Rerank | None = None
    candidates: int = 0


# Of lists that caps may thin out, this many times the entries are asked for at first: that costs
# a third more than the list itself, and fills nearly all where groups are many.
MARGIN = 2

# What that leaves short is asked for once more, so many times as long, before full groups are
# forbidden: every list has full groups of its own, and so would be a request of its own.
DEEPER = 4

PINNED = -2
"""The link of an entry that no model chose."""


def ranked(
    rules: CompiledRules | None,
    rank: Rank,
    items: Vocabulary,
    n: int,
    k: int,
    filter_: Filter,
    threads: int,
) -> Lists:
    """Return the lists of k of n queries under rules, or without any.

    Raises
    ------
    DataError
        If the rules are not compiled, or for other items or another number of queries.
    """
    if rules is None:
        return rank(np.arange(n, dtype=np.int32), k, filter_)
    rows, scores, _ = chained(rules, [Link(rank)], items, n, k, filter_, threads)
    return rows, scores


def chained(
    rules: CompiledRules,
    links: Sequence[Link],
    items: Vocabulary,
    n: int,
    k: int,
    filter_: Filter,
    threads: int,
) -> tuple[Rows, NDArray[np.float32], Rows]:
    """Return the lists of several models, each of which goes on where those before end.

    Returns
    -------
    rows, scores : (n, k)
        As of `ranked`.
    sources : int32 (n, k)
        Which model gave each entry; `PINNED` for a pin, -1 behind the end of a list.

    Raises
    ------
    DataError
        As `ranked`.
    """
    require(rules, CompiledRules, "rules", "Rules(...).compile(catalogue, model.items) makes them")
    rules = rules.checked(items, n)
    rows = np.full((n, k), -1, np.int32)
    scores = np.full((n, k), -np.inf, np.float32)
    sources = np.full((n, k), -1, np.int32)
    filter_ = replace(filter_, repeatable=rules.repeatable).allowing(rules.allowed)
    for queries, segment in _segments(rules, n):
        part = filter_.take(queries).allowing(segment)
        ruled = _Ruled(rules, tuple(links), queries, k, resolve_threads(threads))
        rows[queries], scores[queries], sources[queries] = ruled.lists(part)
    if short := int(np.count_nonzero(rows[:, -1] < 0)):
        logger.debug("rules: leave %d of %d lists with fewer than %d items", short, n, k)
    return rows, scores, sources


def _segments(rules: CompiledRules, n: int) -> Iterator[tuple[Rows, Words | None]]:
    """Yield the queries of each segment, and what the segment may see."""
    members: dict[str | None, list[int]] = defaultdict(list)
    for query, name in enumerate(rules.chosen or ()):
        members[name].append(query)
    if rules.chosen is None:
        yield np.arange(n, dtype=np.int32), None
    for name, queries in members.items():
        yield np.array(queries, np.int32), None if name is None else rules.segments[name]


@dataclass(frozen=True)
class _Ruled:
    """The lists of queries that may see the same items."""

    rules: CompiledRules
    links: tuple[Link, ...]
    queries: Rows
    k: int
    threads: int

    def lists(self, filter_: Filter) -> tuple[Rows, NDArray[np.float32], Rows]:
        """Return rows, scores and sources (queries, k)."""
        rules, n, k = self.rules, len(self.queries), self.k
        everyone = np.arange(n, dtype=np.int32)
        at = rules.pinned[rules.places < k]
        alone = len(self.links) == 1 and self.links[0].rerank is None
        if not len(at) and not len(rules.most) and alone:
            rows, scores = self._best(self.links[0].rank, everyone, k, filter_)
            return rows, scores, np.where(rows >= 0, np.int32(0), np.int32(-1))
        rows = np.full((n, k), -1, np.int32)
        scores = np.full((n, k), -np.inf, np.float32)
        sources = np.full((n, k), -1, np.int32)
        if len(at):
            pins = self._pinned(at, filter_)
            rows[:, : len(at)], scores[:, : len(at)] = pins
            # Behind a pin that may not appear the others move up when the list is filled.
            sources[np.arange(k) < np.sum(pins[0] >= 0, axis=1)[:, None]] = PINNED
            others = np.ones(len(rules.items), np.bool_)
            others[at] = False
            filter_ = filter_.allowing(pack(others))
        pending = [(everyone, filter_)]
        for number, link in enumerate(self.links):
            rows, scores = self._joined(link, (rows, scores), filter_, pending)
            sources[(rows >= 0) & (sources == -1)] = number
            short = everyone[rows[:, -1] < 0]
            pending = list(self._rest(short, rows[short], filter_))
        if not len(at):
            return rows, scores, sources
        return placed((rows, scores, sources), pins[0], rules.places[: len(at)])

    def _joined(
        self, link: Link, lists: Lists, filter_: Filter, pending: list[tuple[Rows, Filter]]
    ) -> Lists:
        """Return lists (n, k) with what a link puts behind their entries."""
        if link.rerank is None:
            self._fill(link.rank, *lists, filter_, pending)
            return lists
        had = np.sum(lists[0] >= 0, axis=1)[:, None]
        wide = _widened(lists, max(self.k, link.candidates))
        self._fill(link.rank, *wide, filter_, pending)
        open_ = np.arange(wide[0].shape[1]) >= had
        among = _closed_up(
            np.where(open_, wide[0], np.int32(-1)), np.where(open_, wide[1], np.float32(-np.inf))
        )
        found = link.rerank(self.queries, among, self.k)
        rows, scores = _closed_up(*(np.hstack(pair) for pair in zip(lists, found, strict=True)))
        return rows[:, : self.k], scores[:, : self.k]

    def _best(self, rank: Rank, some: Rows, k: int, filter_: Filter) -> Lists:
        """Return lists of k of some of the queries in order of boosted scores."""
        if not self.rules.boosted:
            return rank(self.queries[some], k, filter_)
        found = []
        for boosted in self.rules.boosted:
            rows, scores = rank(self.queries[some], k, filter_.allowing(boosted.words))
            changed = (scores.astype(np.float64) * boosted.times + boosted.add).astype(np.float32)
            found.append((rows, scores, np.where(rows >= 0, changed, np.float32(-np.inf))))
        rows, scores, changed = map(np.hstack, zip(*found, strict=True))
        order = np.lexsort((rows, -scores, -changed), axis=1)[:, :k]
        return np.take_along_axis(rows, order, 1), np.take_along_axis(changed, order, 1)

    def _pinned(self, pinned: Rows, filter_: Filter) -> Lists:
        """Return pinned items and their scores (queries, pins), -1 where one may not appear."""
        n, m = len(self.queries), len(self.rules.items)
        rows = np.full((n, len(pinned)), -1, np.int32)
        scores = np.full(rows.shape, -np.inf, np.float32)
        wanted = _pattern(np.broadcast_to(pinned, rows.shape), m)
        if filter_.candidates is not None:
            among = np.isin(filter_.candidates.columns, pinned)
            wanted = select(filter_.candidates, among)
        everything = pack(np.ones(m, np.bool_))
        asked = replace(filter_, candidates=wanted, repeatable=everything)
        there = asked.remaining_candidates()
        place = np.full(m, -1, np.int32)
        place[pinned] = np.arange(len(pinned))
        owner = entry_rows(there)
        rows[owner, place[there.columns]] = there.columns
        scores[rows >= 0] = 0.0  # who has no history has no scores, and the pins all the same
        for link in reversed(self.links):  # the score of the first model that has one
            found, known = link.rank(self.queries, len(pinned), asked)
            query, entry = np.nonzero(found >= 0)
            scores[query, place[found[query, entry]]] = known[query, entry]
        return rows, scores

    def _fill(
        self,
        rank: Rank,
        rows: Rows,
        scores: NDArray[np.float32],
        filter_: Filter,
        pending: list[tuple[Rows, Filter]],
    ) -> None:
        """Go on with lists, in place, below all caps: those pending, under their own filters."""
        first = rows.shape[1] * (MARGIN if len(self.rules.most) else 1)
        turns = [(some, allowed, first) for some, allowed in pending]
        while turns:
            some, allowed, asked = turns.pop()
            found = self._best(rank, some, asked, allowed)
            kept, values, short = self._kept((rows[some], scores[some]), found)
            if asked == first and len(short) and len(self.rules.most):
                turns.append((some[short], allowed.take(short), asked * DEEPER))
                kept[short], values[short] = rows[some[short]], scores[some[short]]
                short = short[:0]
            rows[some], scores[some] = kept, values
            short = some[short]
            turns += [(*rest, first) for rest in self._rest(short, rows[short], filter_)]

    def _kept(self, lists: Lists, found: Lists) -> tuple[Rows, NDArray[np.float32], Rows]:
        """Return lists with what is below all caps behind them, and which have room for more.

        A list of which less was found than asked for shows all there is.
        """
        k = lists[0].shape[1]
        rows, scores = np.hstack([lists[0], found[0]]), np.hstack([lists[1], found[1]])
        at = _kernels.cap_lists(
            rows, self.rules.groups, self.rules.most, fixed=k, k=k, threads=self.threads
        )
        short = np.flatnonzero((at[:, -1] < 0) & (found[0][:, -1] >= 0)).astype(np.int32)
        rows = np.where(at >= 0, np.take_along_axis(rows, at, 1), np.int32(-1))
        scores = np.where(at >= 0, np.take_along_axis(scores, at, 1), np.float32(-np.inf))
        return rows, scores, short

    def _rest(self, some: Rows, kept: Rows, filter_: Filter) -> Iterator[tuple[Rows, Filter]]:
        """Yield short lists that have the same full groups, and what may still join them."""
        members: dict[tuple[tuple[int, ...], ...], list[int]] = defaultdict(list)
        for number, rows in enumerate(kept):
            members[tuple(self._full_groups(rows[rows >= 0]))].append(number)
        for full, lists in members.items():
            at = np.array(lists, np.int32)
            closed = np.zeros(len(self.rules.items), np.bool_)
            for of, groups in zip(self.rules.groups, full, strict=True):
                closed |= np.isin(of, groups)
            part = filter_.take(some[at]).allowing(pack(~closed))
            yield some[at], part.excluding(_pattern(kept[at], len(self.rules.items)))

    def _full_groups(self, rows: Rows) -> Iterator[tuple[int, ...]]:
        """Yield for each cap the groups of which a list has as many as it may."""
        for of, most in zip(self.rules.groups, self.rules.most, strict=True):
            groups, counts = np.unique(of[rows], return_counts=True)
            yield tuple(groups[(counts >= most) & (groups >= 0)].tolist())


def placed(
    lists: tuple[Rows, NDArray[np.float32], Rows], pins: Rows, places: Rows
) -> tuple[Rows, NDArray[np.float32], Rows]:
    """Move the pins (n, pins), which stand first, to their places, or to the end of what there is.

    `lists` are rows and what belongs to them, of shape (n, k).
    """
    rows = lists[0]
    at_place = np.zeros(rows.shape, np.bool_)
    query, pin = np.nonzero(pins >= 0)
    at_place[query, places[pin]] = True
    # For entry after entry its place: first those of pins, in order, then the free ones.
    place = np.where(rows >= 0, np.argsort(~at_place, axis=1, kind="stable"), rows.shape[1])
    order = np.argsort(place, axis=1, kind="stable")
    take = np.take_along_axis
    return take(rows, order, 1), take(lists[1], order, 1), take(lists[2], order, 1)


def _widened(lists: Lists, width: int) -> Lists:
    """Return lists with room for more entries."""
    rows, scores = lists
    more = ((0, 0), (0, width - rows.shape[1]))
    return np.pad(rows, more, constant_values=-1), np.pad(scores, more, constant_values=-np.inf)


def _closed_up(rows: Rows, scores: NDArray[np.float32]) -> Lists:
    """Return lists with all that there is in front, in the same order."""
    order = np.argsort(rows < 0, axis=1, kind="stable")
    return np.take_along_axis(rows, order, 1), np.take_along_axis(scores, order, 1)


def _pattern(rows: Rows, items: int) -> Csr:
    """Return the pattern of rows (n, k), in any order and padded with -1."""
    ordered = np.sort(rows, axis=1)
    columns = ordered[ordered >= 0].astype(np.int32)
    offsets = np.append(0, np.cumsum(np.sum(rows >= 0, axis=1, dtype=np.int64)))
    return Csr(owned(offsets), owned(columns), owned(np.ones(len(columns), np.float32)), items)
