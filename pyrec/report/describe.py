"""Describe a log: how much there is, of which kinds, when, and how it spreads over the items."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data.events import Events
from pyrec.data.grouping import group_pairs

__all__ = ["Activity", "activity", "describe", "kind_counts"]

_MAX_PERIODS = 70


@dataclass(frozen=True)
class Activity:
    """Events per period and kind.

    Parameters
    ----------
    unit : {"day", "week", "month"}
        Length of a period.
    periods : datetime64 (n,)
        First days of the periods, in UTC.
    counts : dict of str to int64 (n,)
        Kind of event to its counts; the one key is "event" where there are no kinds.
    """

    unit: str
    periods: NDArray[np.datetime64]
    counts: dict[str, NDArray[np.int64]]


def describe(events: Events) -> dict[str, Any]:
    """Return the plain facts about a log, ready for JSON.

    Returns
    -------
    dict
        ``events``, ``users`` and ``items`` (that occur), ``pairs`` (distinct), ``density``,
        ``kinds`` (name to count), ``first`` and ``last`` (ISO 8601, UTC, or None), and
        ``top_items_share``: the share of all events that the most popular tenth of the items has.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 2], items=["tea", "tea", "cup"])
    >>> facts = describe(log)
    >>> facts["events"], facts["users"], facts["items"], facts["pairs"]
    (3, 2, 2, 2)
    """
    per_item = np.bincount(events.item_rows, minlength=len(events.items))
    per_user = np.bincount(events.user_rows, minlength=len(events.users))
    users, items = int(np.count_nonzero(per_user)), int(np.count_nonzero(per_item))
    pairs = len(group_pairs(events.user_rows, events.item_rows, len(events.users)).columns)
    first, last = None, None
    if events.timestamps is not None and len(events):
        first, last = (_iso(t) for t in (events.timestamps.min(), events.timestamps.max()))
    most = np.sort(per_item)[::-1][: max(1, -(-items // 10))]
    return {
        "events": len(events),
        "users": users,
        "items": items,
        "pairs": pairs,
        "density": pairs / max(users * items, 1),
        "kinds": kind_counts(events),
        "first": first,
        "last": last,
        "top_items_share": float(most.sum() / max(len(events), 1)),
    }


def kind_counts(events: Events) -> dict[str, int]:
    """Return the number of events of each kind, most frequent first; empty without kinds."""
    if events.kinds is None:
        return {}
    counts = np.bincount(events.kinds, minlength=len(events.kind_names))
    named = zip(events.kind_names, counts.tolist(), strict=True)
    return {name: n for name, n in sorted(named, key=lambda pair: -pair[1]) if n}


def activity(events: Events) -> Activity | None:
    """Return the events per day, week or month, or None without timestamps."""
    if events.timestamps is None or not len(events):
        return None
    days = events.timestamps.astype("datetime64[us]").astype("datetime64[D]")
    span = int((days.max() - days.min()).astype(int)) + 1
    if span <= _MAX_PERIODS:
        unit, periods = "day", days
    elif span <= 7 * _MAX_PERIODS:
        # datetime64 weeks begin on the Thursday of 1970-01-01; ours begin on Monday.
        unit, periods = "week", (days + 3).astype("datetime64[W]").astype("datetime64[D]") - 3
    else:
        unit, periods = "month", days.astype("datetime64[M]").astype("datetime64[D]")
    all_periods = _between(periods.min(), periods.max(), unit)
    at = np.searchsorted(all_periods, periods)
    if events.kinds is None:
        return Activity(unit, all_periods, {"event": np.bincount(at, minlength=len(all_periods))})
    counts = {
        name: np.bincount(
            at[events.kinds == events.kind_names.index(name)], minlength=len(all_periods)
        )
        for name in kind_counts(events)
    }
    return Activity(unit, all_periods, counts)


def _between(first: Any, last: Any, unit: str) -> NDArray[np.datetime64]:
    if unit == "month":
        months = np.arange(first.astype("datetime64[M]"), last.astype("datetime64[M]") + 1)
        return months.astype("datetime64[D]")
    return np.arange(first, last + 1, 7 if unit == "week" else 1)


def _iso(microseconds: np.int64) -> str:
    return str(np.datetime64(int(microseconds), "us").astype("datetime64[s]")) + "Z"
