"""Groups: quality and exposure, group by group: whom a model serves, and whose items it shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec.arguments import require
from pyrec.data.groups import Groups
from pyrec.data.interactions import Interactions
from pyrec.errors import DataError
from pyrec.evaluation.estimates import Estimate, estimates
from pyrec.evaluation.results import Part

__all__ = [
    "Exposure",
    "activity",
    "by_activity",
    "by_popularity",
    "exposure",
    "exposure_of",
    "quality",
]


@dataclass(frozen=True)
class Exposure:
    """What a group of items gets.

    Parameters
    ----------
    items : int
        How many items of the catalogue are in it.
    places : float
        Its share of the places of all lists; items in several groups count in parts.
    events : float
        Its share of the pairs in the training data.
    lift : float
        Places over events: above 1 lists show the group more than people chose it; NaN for a group
        that nobody chose.
    """

    items: int
    places: float
    events: float
    lift: float


def quality(
    part: Part, groups: Mapping[Any, Any], *, resamples: int = 1000, random_state: int = 0
) -> dict[Any, dict[str, Estimate]]:
    """Return each metric's mean and interval for each group of users.

    Parameters
    ----------
    part : Part
        Of a report that `pyrec.evaluate` returned, such as ``report.main``.
    groups : mapping of user id to group
        Users that it lacks are in the group None.
    resamples : int, default 1000
        Draws of the bootstrap for the 95% intervals; 0 for none.
    random_state : int, default 0
        Seed of the bootstrap.

    Returns
    -------
    dict
        Metrics by group, groups in order of their number of users.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> train = pyrec.Interactions.from_scipy(sp.csr_array([[1, 1, 1, 0], [1, 0, 0, 0]]))
    >>> report = pyrec.evaluate(pyrec.Popularity().fit(train), metrics="mrr@1",
    ...                         test=sp.csr_array([[0, 0, 0, 1], [0, 1, 0, 0]]))
    >>> found = quality(report.main, by_activity(train, light=2))
    >>> {group: metrics["mrr@1"].users for group, metrics in found.items()}
    {'heavy': 1, 'light': 1}
    """
    require(part, Part, "part", "it is a part of what pyrec.evaluate returns")
    members: dict[Any, list[int]] = {}
    for at, user in enumerate(part.users.tolist()):
        members.setdefault(groups.get(user), []).append(at)
    in_order = sorted(members, key=lambda group: -len(members[group]))
    return {
        group: estimates(
            {name: values.take(np.array(members[group])) for name, values in part.values.items()},
            resamples,
            random_state,
        )
        for group in in_order
    }


def exposure(rows: ArrayLike, groups: Groups, popularity: NDArray[Any]) -> dict[Any, Exposure]:
    """Return how much of all lists each group of items gets, beside how much people chose it.

    Parameters
    ----------
    rows : int32 (n, k)
        Item rows of the lists, padded with -1.
    groups : Groups
        Of all items.
    popularity : (n_items,)
        How many users had each item.

    Returns
    -------
    dict
        By group, largest exposure first.

    Raises
    ------
    DataError
        If rows, groups and popularity are not about the same items.

    Examples
    --------
    >>> of = Groups.of(["head", "tail", "tail"])
    >>> exposure([[0, 1], [0, 2]], of, np.array([8, 1, 1]))["tail"].lift
    2.5
    """
    lists = np.asarray(rows)
    of = groups.memberships
    if of.shape[0] != len(popularity) or (lists.size and lists.max() >= of.shape[0]):
        raise DataError(
            f"exposure: rows up to {lists.max(initial=-1)}, groups of {of.shape[0]} items and the "
            f"popularity of {len(popularity)} are not about the same"
        )
    return exposure_of(np.bincount(lists[lists >= 0], minlength=of.shape[0]), groups, popularity)


def exposure_of(
    shown: NDArray[Any], groups: Groups, popularity: NDArray[Any]
) -> dict[Any, Exposure]:
    """Return the same of lists that have been counted: how many have each item (n_items,).

    Examples
    --------
    >>> of = Groups.of(["head", "tail", "tail"])
    >>> exposure_of(np.array([2, 1, 1]), of, np.array([8, 1, 1]))["head"].lift
    0.625
    """
    of = groups.memberships
    places, events = (
        groups.sums(amounts) / max(1, amounts.sum()) for amounts in (shown, np.asarray(popularity))
    )
    items = np.bincount(of.columns, minlength=len(groups))
    with np.errstate(divide="ignore", invalid="ignore"):
        lift = np.where(events > 0, places / events, np.nan)
    names = groups.names.tolist()
    return {
        names[g]: Exposure(int(items[g]), float(places[g]), float(events[g]), float(lift[g]))
        for g in np.argsort(-places, kind="stable")[: len(groups)]
    }


def by_activity(interactions: Interactions, *, light: int = 10) -> dict[Any, str]:
    """Return "new" (nothing in the log), "light" or "heavy" for each user.

    Parameters
    ----------
    interactions : Interactions
        What the model was trained on.
    light : int, default 10
        Up to so many items a user is light.
    """
    labels = activity(np.diff(interactions.csr.offsets), light=light)
    return dict(zip(interactions.users.ids.tolist(), labels.tolist(), strict=True))


def activity(had: ArrayLike, *, light: int = 10) -> NDArray[Any]:
    """Return "new", "light" or "heavy" for numbers of items that users had.

    Examples
    --------
    >>> activity([0, 10, 11]).tolist()
    ['new', 'light', 'heavy']
    """
    counts = np.asarray(had)
    return np.select([counts == 0, counts <= light], ["new", "light"], "heavy")


def by_popularity(popularity: NDArray[Any], *, head: float = 0.5) -> Groups:
    """Return "head" for the most popular items that make up a share of all pairs, else "tail".

    Parameters
    ----------
    popularity : (n_items,)
        How many users had each item.
    head : float, default 0.5
        The share of all pairs that the head's items have together; equal ones by row.

    Examples
    --------
    >>> by_popularity(np.array([1, 6, 2, 1])).codes.tolist()
    [1, 0, 1, 1]
    """
    order = np.argsort(-popularity, kind="stable")
    before = np.cumsum(popularity[order]) - popularity[order]
    labels = np.empty(len(order), dtype="U4")
    labels[order] = np.where(before < head * popularity.sum(), "head", "tail")
    return Groups.of(labels)
