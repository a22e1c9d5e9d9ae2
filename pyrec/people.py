"""A few people, from little to much activity, with their history and list: a look at the result."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.events import Events
from pyrec.models.base import Model
from pyrec.report import Entry, Person

__all__ = ["choose", "people"]

_SHOWN = 10


def people(
    model: Model,
    events: Events,
    n: int,
    *,
    exclude_seen: bool | str | list[str] = True,
    titles: Mapping[Any, str] | None = None,
) -> list[Person]:
    """Return `n` people with their latest events and the head of their list.

    Parameters
    ----------
    model : Model
        Makes the lists.
    events : Events
        The log, in the model's vocabularies.
    n : int
        How many people; fewer if there are fewer.
    exclude_seen : bool, str or list of str
        As in `Model.recommend`.
    titles : mapping, optional
        Item id to title; an item without one shows its id.
    """
    rows = choose(np.bincount(events.user_rows, minlength=len(events.users)), n)
    found, scores = model.recommend_rows(rows, _SHOWN, exclude_seen=exclude_seen)
    titles = titles or {}
    return [
        _person(events, int(row), titles, _list(model, items[items >= 0], best, titles))
        for row, items, best in zip(rows, found, scores, strict=True)
    ]


def choose(events_per_user: NDArray[Any], n: int) -> NDArray[np.int32]:
    """Return the rows of `n` users spread evenly from little activity to much.

    Examples
    --------
    >>> choose(np.array([5, 0, 1, 9]), 2).tolist()
    [2, 3]
    """
    active = np.flatnonzero(events_per_user)
    by_activity = active[np.argsort(events_per_user[active], kind="stable")]
    if n < len(by_activity):
        at = (np.linspace(0.1, 0.95, n) * len(by_activity)).astype(int)
        by_activity = by_activity[np.unique(at)]
    return np.asarray(by_activity, dtype=np.int32)


def _list(
    model: Model, items: NDArray[np.int32], scores: NDArray[np.float32], titles: Mapping[Any, str]
) -> list[Entry]:
    ids = model.items.decode(items).tolist()
    return [
        Entry(str(item), titles.get(item, str(item)), score=float(score))
        for item, score in zip(ids, scores, strict=False)
    ]


def _person(events: Events, row: int, titles: Mapping[Any, str], ranked: list[Entry]) -> Person:
    at = np.flatnonzero(events.user_rows == row)
    if events.timestamps is not None:
        at = at[np.argsort(events.timestamps[at], kind="stable")]
    latest = at[::-1][:_SHOWN]
    return Person(
        id=str(events.users.decode(row)),
        events=len(at),
        items=len(np.unique(events.item_rows[at])),
        history=[_entry(events, int(event), titles) for event in latest],
        list=ranked,
        more=len(at) - len(latest),
    )


def _entry(events: Events, event: int, titles: Mapping[Any, str]) -> Entry:
    item = events.items.decode(int(events.item_rows[event]))
    entry = Entry(str(item), titles.get(item, str(item)))
    if events.kinds is not None:
        entry = replace(entry, kind=events.kind_names[events.kinds[event]])
    if events.timestamps is not None:
        date = np.datetime64(int(events.timestamps[event]), "us").astype("datetime64[D]")
        entry = replace(entry, date=str(date))
    return entry
