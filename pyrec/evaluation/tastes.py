"""Tastes: how far what people choose has moved from one period to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec.arguments import require, require_memory
from pyrec.data.events import Events
from pyrec.data.groups import Groups
from pyrec.data.moments import Moment, isoformat, microseconds
from pyrec.errors import DataError
from pyrec.evaluation.estimates import (
    Estimate,
    Values,
    bootstrap,
    checked_resampling,
    estimates,
    interval,
)

__all__ = ["Change", "Tastes", "taste_shift"]

_F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """A category or an item, and how large its share of each period is.

    Parameters
    ----------
    name : object
        Name of the category, or id of the item.
    before, after : float
        Its share of all events of the period.
    difference : Estimate
        `after` less `before`, with its interval over people.
    """

    name: Any
    before: float
    after: float
    difference: Estimate


@dataclass(frozen=True)
class Tastes:
    """How tastes moved between two periods.

    Distances are those of Jensen and Shannon: 0 between equal mixes of categories, 1 between mixes
    that have nothing in common. Few events make distances great by chance, so each stands beside
    the one that the same events have in random order.

    Parameters
    ----------
    at : str
        Where the second period begins.
    users : int
        How many people have events in both.
    distance : Estimate
        Between a person's two mixes, on average.
    by_chance : Estimate
        The same if each person's events are dealt to the two periods by chance.
    moved : Estimate
        The difference of the two: how much tastes moved.
    segments : dict of str to Estimate
        The same for each segment of users.
    categories : tuple of Change
        All categories, the greatest rise first.
    items : tuple of Change
        The items that rose and fell the most, the greatest rise first. Their intervals do not know
        that these are the extremes of many.
    """

    at: str
    users: int
    distance: Estimate
    by_chance: Estimate
    moved: Estimate
    segments: dict[str, Estimate]
    categories: tuple[Change, ...]
    items: tuple[Change, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""

        def told(changes: tuple[Change, ...]) -> list[dict[str, Any]]:
            return [
                {"name": str(one.name), "before": one.before, "after": one.after,
                 "difference": one.difference.to_dict()}
                for one in changes
            ]  # fmt: skip

        return {
            "at": self.at,
            "users": self.users,
            "distance": self.distance.to_dict(),
            "by_chance": self.by_chance.to_dict(),
            "moved": self.moved.to_dict(),
            "segments": {name: one.to_dict() for name, one in self.segments.items()},
            "categories": told(self.categories),
            "items": told(self.items),
        }


def taste_shift(
    events: Events,
    groups: Groups,
    at: Moment | None = None,
    *,
    segments: Mapping[Any, str] | None = None,
    top: int = 10,
    resamples: int = 1000,
    random_state: int = 0,
) -> Tastes:
    """Tell how the mix of categories that people choose moved from one period to the next.

    Parameters
    ----------
    events : Events
        With timestamps. Each event counts once; events of items without a category do not count.
    groups : Groups
        The category of each item, in the order of ``events.items``.
    at : text in ISO 8601 form, or int of microseconds, optional
        Where the second period begins; by default where half of the events are.
    segments : mapping of user id to label, optional
        Whose tastes to tell apart; who is in none is left out there.
    top : int, default 10
        How many items that rose, and how many that fell.
    resamples : int, default 1000
        Draws of the bootstrap over people for the 95% intervals; 0 for none.
    random_state : int, default 0
        Seed of the bootstrap and of what is dealt by chance.

    Returns
    -------
    Tastes

    Raises
    ------
    DataError
        If there are no timestamps, groups are not those of the items, or nobody has events with a
        category in both periods.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 1, 1], items=["a", "a", "b", "b"],
    ...                       timestamps=[0, 1, 2, 3])
    >>> found = taste_shift(log, Groups.of(["tea", "cup"]))
    >>> found.distance.mean, [(one.name, one.after - one.before) for one in found.categories]
    (1.0, [('cup', 1.0), ('tea', -1.0)])
    """
    require(events, Events, "events", "pyrec.read_events makes them")
    require(groups, Groups, "groups", "Groups.of makes them of a column")
    resamples, random_state = checked_resampling(resamples, random_state)
    if events.timestamps is None:
        raise DataError("tastes: the events have no timestamps, so there are no periods")
    if groups.memberships.shape[0] != len(events.items):
        raise DataError(
            f"groups: are of {groups.memberships.shape[0]:,} items, the events of "
            f"{len(events.items):,}"
        )
    known = events.take(np.diff(groups.memberships.offsets)[events.item_rows] > 0)
    begin = _middle(known) if at is None else microseconds(at, "at")
    known = _in_both(known, begin)
    late = np.asarray(known.timestamps) >= begin
    mixes = _mixes(known, groups, late)
    dealt = _mixes(known, groups, _dealt(known, late, random_state))
    distance, chance = _distance(*mixes), _distance(*dealt)
    moved = distance - chance
    values = {"distance": distance, "by_chance": chance, "moved": moved}
    found = estimates({k: Values(v) for k, v in values.items()}, resamples, random_state)
    return Tastes(
        at=str(isoformat(begin)),
        users=len(distance),
        **found,
        segments=_of_segments(known, moved, segments or {}, resamples, random_state),
        categories=_changes(groups.names, *mixes, resamples, random_state),
        items=_of_items(known, late, top, resamples, random_state),
    )


def _middle(events: Events) -> int:
    if len(events) == 0:
        raise DataError("tastes: no event is of an item with a category")
    return int(np.ceil(np.median(np.asarray(events.timestamps))))


def _in_both(events: Events, begin: int) -> Events:
    """Return the events of people who have some in both periods."""
    late = np.asarray(events.timestamps) >= begin
    n = len(events.users)
    before, after = (np.bincount(events.user_rows[part], minlength=n) for part in (~late, late))
    both = (before > 0) & (after > 0)
    if not np.any(both):
        raise DataError(
            f"tastes: nobody has events with a category both before and after {isoformat(begin)}"
        )
    known = events.take(both[events.user_rows])
    users, user_rows = known.users.used(known.user_rows)
    return replace(known, users=users, user_rows=user_rows)


def _dealt(events: Events, late: NDArray[np.bool_], random_state: int) -> NDArray[np.bool_]:
    """Deal each person's events to the periods by chance, as many to each as there are."""
    rng = np.random.default_rng(random_state)
    shuffled = np.lexsort((rng.random(len(events)), events.user_rows))
    in_order = np.argsort(events.user_rows, kind="stable")
    dealt = np.empty(len(late), dtype=bool)
    dealt[shuffled] = late[in_order]
    return dealt


def _mixes(events: Events, groups: Groups, late: NDArray[np.bool_]) -> tuple[Any, Any]:
    """Return how many events each person has in each category (sparse), in both periods."""
    of = groups.memberships
    membership = sp.csr_array((of.values.astype(float), of.columns, of.offsets), of.shape)
    before, after = (_counts(events, part) @ membership for part in (~late, late))
    return before, after


def _counts(events: Events, part: NDArray[np.bool_]) -> Any:
    """Return how many events of a part each person has with each item (sparse)."""
    pairs = (events.user_rows[part], events.item_rows[part])
    shape = (len(events.users), len(events.items))
    return sp.coo_array((np.ones(len(pairs[0])), pairs), shape).tocsr()


def _distance(before: Any, after: Any) -> _F64:
    """Return the distance of Jensen and Shannon between rows, in base 2.

    Lin: Divergence measures based on the Shannon entropy, IEEE Trans. Information Theory 37, 1991;
    its root is a distance (Endres, Schindelin 2003).
    """
    p, q = (sp.diags_array(1 / m.sum(axis=1)) @ m for m in (before, after))
    divergence = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return np.asarray(np.sqrt(np.clip(divergence, 0, 1)))


def _entropy(mixes: Any) -> _F64:
    """Return the entropy of each row in bits."""
    parts = sp.coo_array(mixes)
    there = parts.data > 0
    shares = parts.data[there]
    sums = np.bincount(parts.row[there], -shares * np.log2(shares), minlength=parts.shape[0])
    return sums.astype(np.float64)


def _of_segments(
    events: Events, moved: _F64, segments: Mapping[Any, str], resamples: int, random_state: int
) -> dict[str, Estimate]:
    labels = np.array([segments.get(user, "") for user in events.users.ids.tolist()], dtype=object)
    found: dict[str, Estimate] = {}
    for label in sorted({str(one) for one in labels if one != ""}):
        one = {label: Values(moved[labels == label])}
        found |= estimates(one, resamples, random_state)
    return found


def _of_items(
    events: Events, late: NDArray[np.bool_], top: int, resamples: int, random_state: int
) -> tuple[Change, ...]:
    """Return the changes of the items that rose and fell the most."""
    before, after = _counts(events, ~late), _counts(events, late)
    rise = after.sum(axis=0) / after.sum() - before.sum(axis=0) / before.sum()
    order = np.argsort(-rise, kind="stable")
    chosen = np.unique(np.concatenate([order[:top], order[max(0, len(order) - top) :]]))
    whole = (before.sum(axis=1), after.sum(axis=1))
    return _changes(
        events.items.ids[chosen], before[:, chosen], after[:, chosen], resamples, random_state,
        whole,
    )  # fmt: skip


def _changes(
    names: Any,
    before: Any,
    after: Any,
    resamples: int,
    random_state: int,
    whole: tuple[_F64, _F64] | None = None,
) -> tuple[Change, ...]:
    """Return the change of each column's share of all events, the greatest rise first."""
    totals = whole or (before.sum(axis=1), after.sum(axis=1))
    columns = [*before.toarray().T, *after.toarray().T, *totals]
    n = before.shape[1]
    require_memory(
        8 * (len(columns) * before.shape[0] + 2 * len(columns) * max(resamples, 1)),
        f"the changes of {n:,} categories", "use coarser categories",
    )  # fmt: skip
    drawn = bootstrap(columns, resamples, random_state)
    sums = np.array([column.sum() for column in columns])
    labels: list[Any] = np.asarray(names).tolist()
    found = []
    for j in range(n):
        low, high = interval(drawn[:, n + j] / drawn[:, -1] - drawn[:, j] / drawn[:, -2])
        first, second = float(sums[j] / sums[-2]), float(sums[n + j] / sums[-1])
        change = Estimate(second - first, low, high, before.shape[0])
        found.append(Change(labels[j], first, second, change))
    return tuple(sorted(found, key=lambda one: -one.difference.mean))
