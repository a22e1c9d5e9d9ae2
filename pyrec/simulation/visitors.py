"""Visitors: what the people of a simulated shop do with lists, and besides."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.moments import DAY
from pyrec.simulation.shop import KINDS, Shop, drawn

__all__ = ["appeal", "visit"]

WEEK = 7 * DAY
_BUYS = 0.1  # of what is looked at; about the share of views in carts of the shop's own log


def appeal(shop: Shop, rows: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return how much of their best product's appeal the products of a list have for each person.

    Parameters
    ----------
    shop : Shop
        Knows the truth.
    rows : int32 (n_users, k)
        Rows of the catalogue for each of its people in order, padded with -1.

    Returns
    -------
    float64 (n_users, k)
        From 0 (and at -1) to 1: true scores over the highest of the catalogue.

    Examples
    --------
    >>> from pyrec.simulation.shop import simulate_shop
    >>> shop = simulate_shop(users=50, items=40, days=30)
    >>> everything = np.tile(np.arange(40, dtype=np.int32), (50, 1))
    >>> appeal(shop, everything).max(axis=1).round(3).tolist() == [1.0] * 50
    True
    """
    found = np.zeros(rows.shape)
    for place, items in enumerate(rows.T):  # place by place: of one, all factors fit in memory
        scores = np.sum(shop.user_interests * shop.item_interests[items], axis=1)
        found[:, place] = np.where(items >= 0, scores, 0)
    best = np.zeros(len(rows))
    for start in range(0, len(rows), 1024):
        some = slice(start, start + 1024)
        best[some] = np.max(shop.user_interests[some] @ shop.item_interests.T, axis=1)
    return np.minimum(found / best[:, None], 1)


def visit(
    shop: Shop, rows: NDArray[np.int32], *, week: int, elsewhere: float = 2.0, random_state: int = 0
) -> Events:
    """Let everybody visit the shop once, and return what they do.

    Who is shown a list looks at its places from the top: at place `r` with probability 1 / r, for
    people see what is on top (the examination of Joachims, Swaminathan, Schnabel: Unbiased
    learning-to-rank with biased feedback, WSDM 2017). What is looked at is opened with the
    probability of its `appeal`. Besides, everybody finds products without any list, by search or by
    chance, in proportion to their true preferences. A tenth of what is opened is bought.

    Parameters
    ----------
    shop : Shop
        Knows the truth.
    rows : int32 (n_users, k)
        The lists: rows of the catalogue for each of its people in order, padded with -1.
    week : int
        Which week it is, from 0 for the one after the shop's log.
    elsewhere : float, default 2
        How many products a person finds without lists, on average.
    random_state : int, default 0
        Seed. The same one draws the same for different lists: whether somebody looks at a place,
        and what they find elsewhere.

    Returns
    -------
    Events
        Views and purchases in order of time, each person's in a session of its own; rows are those
        of ``shop.users`` and ``shop.catalogue.items``.

    Examples
    --------
    >>> from pyrec.simulation.shop import simulate_shop
    >>> shop = simulate_shop(users=200, items=40, days=30)
    >>> events = visit(shop, np.tile(np.arange(5, dtype=np.int32), (200, 1)), week=0)
    >>> bool(events.timestamps.min() > shop.events.timestamps.max())
    True
    """
    rng = np.random.Generator(np.random.Philox(np.random.SeedSequence([random_state, week])))
    listed_by, listed = _opened(shop, rows, rng)
    found_by, found = _found(shop, elsewhere, rng)
    users, items = np.append(listed_by, found_by), np.append(listed, found)
    return _log(shop, users.astype(np.int32), items.astype(np.int32), week, rng)


def _opened(shop: Shop, rows: NDArray[np.int32], rng: np.random.Generator) -> tuple[Any, Any]:
    """Return who opens what of their lists."""
    seen = rng.random(rows.shape) < 1 / np.arange(1, rows.shape[1] + 1)
    opened = seen & (rng.random(rows.shape) < appeal(shop, rows))
    return np.nonzero(opened)[0], rows[opened]


def _found(shop: Shop, elsewhere: float, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return who finds what without lists: an interest by its share, then one of its products."""
    users = np.repeat(np.arange(len(shop.users)), rng.poisson(elsewhere, len(shop.users)))
    liked = shop.user_interests * shop.item_interests.sum(axis=0)
    interests = drawn(liked.astype(np.float64), users, rng)
    return users, drawn(shop.item_interests.T.astype(np.float64), interests, rng)


def _log(
    shop: Shop,
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    week: int,
    rng: np.random.Generator,
) -> Events:
    """Return views, and a tenth of them as purchases a moment later, in order of time."""
    known = shop.events
    assert known.timestamps is not None
    assert known.sessions is not None
    start = int(known.timestamps.max()) + 1 + week * WEEK
    begins = start + rng.integers(0, WEEK, len(shop.users))
    times = begins[users] + np.arange(len(users))  # in order of the draw; microseconds are no time
    bought = rng.random(len(users)) < _BUYS
    which = np.append(np.arange(len(users)), np.flatnonzero(bought))
    buys = np.arange(len(which)) >= len(users)
    times = times[which] + buys * len(users)
    order = np.argsort(times, kind="stable")
    session = int(known.sessions.max()) + 1 + week * len(shop.users)
    return Events(
        shop.users,
        shop.catalogue.items,
        owned(users[which][order]),
        owned(items[which][order]),
        owned(np.where(buys, KINDS.index("purchase"), KINDS.index("view"))[order]),
        KINDS,
        timestamps=owned(times[order]),
        sessions=owned((session + users[which])[order]),
    )
