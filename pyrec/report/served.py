"""Served: whom a model serves and whose items it shows, as plain data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data.catalogue import Catalogue
from pyrec.evaluation.groups import Exposure, activity, by_popularity, exposure_of, quality
from pyrec.evaluation.results import Part
from pyrec.models.base import Model
from pyrec.rerank.context import Context

__all__ = ["Shares", "served", "shares", "side_by_side"]

# A person who had up to so many items is a light user.
_LIGHT = 10

# Metrics of people shown for each group of them.
_METRICS = 3

_ACTIVITY = {
    "new": "new: nothing before",
    "light": f"light: up to {_LIGHT} items",
    "heavy": f"heavy: more than {_LIGHT} items",
}

Shares = Mapping[str, Mapping[Any, Exposure]]
"""What groups get, by how items are sorted: ``"popularity"``, or a column of the catalogue."""


def served(
    part: Part,
    model: Model,
    catalogue: Catalogue | None = None,
    columns: Sequence[str] = (),
    segments: Mapping[Any, Any] | None = None,
) -> dict[str, Any]:
    """Return a model's quality by group of people, and the places of groups of items.

    Parameters
    ----------
    part : Part
        What `pyrec.evaluate` found.
    model : Model
        Of whom.
    catalogue : Catalogue, optional
        Has the columns.
    columns : sequence of str
        What sorts items, beside their popularity.
    segments : mapping of user id to segment, optional
        What sorts people, beside how much they had before.

    Returns
    -------
    dict
        ``people``: for each way to sort them ``by`` and ``groups``, each with its ``name``,
        ``users`` and ``metrics`` (mean, low, high); ``items``: `side_by_side` of this model alone.
    """
    users = part.users.tolist()
    sorts = {"activity": [_ACTIVITY[level] for level in activity(part.had, light=_LIGHT).tolist()]}
    if segments:
        sorts["segment"] = [segments.get(user, "in none") for user in users]
    people = [
        {"by": by, "groups": _people(part, dict(zip(users, labels, strict=True)))}
        for by, labels in sorts.items()
    ]
    found = {}
    if part.shown is not None:
        found = {"model": shares(part.shown, model, catalogue, columns)}
    return {"people": people, "items": side_by_side(found)}


def _people(part: Part, groups: Mapping[Any, Any]) -> list[dict[str, Any]]:
    sizes = Counter(groups.values())
    return [
        {
            "name": str(group),
            "users": sizes[group],
            "metrics": {label: metrics[label].to_dict() for label in list(metrics)[:_METRICS]},
        }
        for group, metrics in quality(part, groups).items()
    ]


def shares(
    shown: NDArray[np.int64],
    model: Model,
    catalogue: Catalogue | None = None,
    columns: Sequence[str] = (),
) -> Shares:
    """Return what the head and the tail of the catalogue get of lists, and groups of its columns.

    Parameters
    ----------
    shown : int64 (n_items,)
        How many lists have each of the model's items.
    model, catalogue, columns
        As in `served`.
    """
    csr = model.interactions.csr
    popularity = np.bincount(csr.columns, minlength=csr.shape[1])
    groups = {"popularity": by_popularity(popularity)}
    if catalogue is not None and columns:
        groups |= Context.of(model, catalogue, groups=list(dict.fromkeys(columns))).groups
    return {by: exposure_of(shown, one, popularity) for by, one in groups.items()}


def side_by_side(found: Mapping[str, Shares]) -> list[dict[str, Any]]:
    """Return what groups of items get of the lists of several models, as plain data.

    Returns
    -------
    list of dict
        For each way to sort items ``by`` and ``groups``, the most chosen first, each with its
        ``name``, how many ``items`` it has, its share of the ``events``, and of the ``places`` of
        each model's lists.

    Examples
    --------
    >>> one, other = Exposure(5, 0.75, 0.5, 1.5), Exposure(5, 0.25, 0.5, 0.5)
    >>> side_by_side({"als": {"seller": {"big": one}}, "ease": {"seller": {"big": other}}})
    [{'by': 'seller', 'groups': [{'name': 'big', 'items': 5, 'events': 0.5, \
'places': {'als': 0.75, 'ease': 0.25}}]}]
    """
    if not found:
        return []
    first = next(iter(found.values()))
    return [
        {
            "by": by,
            "groups": [
                {
                    "name": str(name),
                    "items": of.items,
                    "events": of.events,
                    "places": {label: one[by][name].places for label, one in found.items()},
                }
                for name, of in sorted(groups.items(), key=lambda pair: -pair[1].events)
            ],
        }
        for by, groups in first.items()
    ]
