"""A few people, from little to much activity, with their history and list: a look at the result."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.data.moments import isoformat
from pyrec.data.ranking import Ranking
from pyrec.models.base import Model
from pyrec.models.fallback import FallbackRanking
from pyrec.report.page import Entry, Person
from pyrec.rules.rules import CompiledRules

__all__ = ["choose", "people", "people_of"]

_SHOWN = 10


def people(
    model: Model,
    events: Events,
    n: int,
    *,
    exclude_seen: bool | str | list[str] = True,
    rules: CompiledRules | None = None,
    catalogue: Catalogue | None = None,
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
    rules : CompiledRules, optional
        What the shop wants of the lists; a segment, where there are some, for each user.
    catalogue : Catalogue, optional
        Has the column ``title``, perhaps ``category``; an item without a title shows its id.
    """
    rows = choose(np.bincount(events.user_rows, minlength=len(events.users)), n)
    found = model.recommend(
        model.users.decode(rows), _SHOWN, exclude_seen=exclude_seen,
        rules=rules and rules.take(rows),
    )  # fmt: skip
    label = _Labels(catalogue)
    sources = found.sources if isinstance(found, FallbackRanking) else [[""] * _SHOWN] * len(rows)
    return [
        _person(events, int(row), label, _list(model, items[items >= 0], best, label, of))
        for row, items, best, of in zip(rows, found.rows, found.scores, sources, strict=True)
    ]


def people_of(
    lists: Ranking,
    events: Events,
    *,
    catalogue: Catalogue | None = None,
    reasons: Sequence[Sequence[str]] | None = None,
) -> list[Person]:
    """Return the people of lists that have been made, with their latest events and the lists.

    Parameters
    ----------
    lists : Ranking
        Of several people; some may be unknown to the log.
    events : Events
        The log.
    catalogue : Catalogue, optional
        As in `people`.
    reasons : sequence of sequence of str, optional
        For each list, what is to be said of each entry (`pyrec.report.reasons`).
    """
    label = _Labels(catalogue)
    rows = events.users.encode(np.asarray(lists.users), missing="mark")
    shown = []
    for number, (user, row, ranked) in enumerate(zip(lists.users, rows, lists, strict=True)):
        told = reasons[number] if reasons is not None else [""] * len(ranked)
        entries = [
            label(item, score=score, reason=reason)
            for (item, score), reason in zip(ranked, told, strict=False)
        ]
        shown.append(replace(_person(events, int(row), label, entries), id=str(user)))
    return shown


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


class _Labels:
    """Makes the line of an item from what the catalogue knows of it."""

    def __init__(self, catalogue: Catalogue | None) -> None:
        # The ids of two files may have different types: text in one, numbers in the other.
        self._known = {
            column: {str(item): text for item, text in catalogue.titles(column).items()}
            for column in ("title", "category")
            if catalogue is not None and column in catalogue.columns
        }

    def __call__(self, item: Any, **facts: Any) -> Entry:
        key = str(item)
        title = self._known.get("title", {}).get(key) or key
        return Entry(key, title, category=self._known.get("category", {}).get(key), **facts)


def _list(
    model: Model,
    items: NDArray[np.int32],
    scores: NDArray[np.float32],
    label: _Labels,
    sources: Sequence[str],
) -> list[Entry]:
    ids = model.items.decode(items).tolist()
    return [
        label(item, score=float(score), reason=source)
        for item, score, source in zip(ids, scores, sources, strict=False)
    ]


def _person(events: Events, row: int, label: _Labels, ranked: list[Entry]) -> Person:
    at = np.flatnonzero(events.user_rows == row)
    if events.timestamps is not None:
        at = at[np.argsort(events.timestamps[at], kind="stable")]
    latest = at[::-1][:_SHOWN]
    return Person(
        id=str(events.users.decode(row)) if row >= 0 else "",
        events=len(at),
        items=len(np.unique(events.item_rows[at])),
        history=[_entry(events, int(event), label) for event in latest],
        list=ranked,
        more=len(at) - len(latest),
    )


def _entry(events: Events, event: int, label: _Labels) -> Entry:
    facts = {}
    if events.kinds is not None:
        facts["kind"] = events.kind_names[events.kinds[event]]
    if events.timestamps is not None:
        facts["date"] = isoformat(int(events.timestamps[event]))[:10]
    return label(events.items.decode(int(events.item_rows[event])), **facts)
