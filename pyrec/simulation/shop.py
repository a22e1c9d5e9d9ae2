"""A simulated shop: a believable log whose people's true preferences are known.

The truth is of low rank, so that it scales, and it is a probability, so that it can be checked:

- There are interests, such as cheap running gear or loose leaf tea. Each prefers products of one
  category, some kinds of product in it, and a level of price, and each follows the popularity of
  products, which is a power law. ``interest_items[a, i]`` is the chance that somebody who looks
  for `a` looks at product `i` first.
- Everybody has a few interests, and moves from one mix of them to another over the time that the
  log covers: ``user_interests[u, a]``.
- People come in visits, each for one interest of the moment's mix. They look at some products, put
  some into the cart, buy some of those at the end, and send some back days later. They also look
  again at what they saw before, and buy again what is used up.
- New people and new products arrive all the time.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec.data.catalogue import Catalogue
from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.moments import microseconds
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError
from pyrec.simulation.products import CATEGORIES, NOUNS, Products, make_products

__all__ = ["KINDS", "Shop", "drawn", "simulate_shop"]

KINDS = ("view", "addtocart", "purchase", "return")
START = microseconds("2024-03-01")

_INTERESTS = 5 * len(CATEGORIES)
_SLOTS = 4  # interests of one person
_VISITS_PER_DAY = 0.08
_VIEWS_PER_VISIT = 4.0
_LOOKS_AGAIN = 0.2
_HOURS = np.array(
    [2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 10, 9, 9, 10, 12, 14, 17, 18, 15, 9, 5]
)
_WEEKDAYS = np.array([1.0, 0.9, 0.9, 0.95, 1.1, 1.35, 1.4])


@dataclass(frozen=True, eq=False)
class Shop:
    """A simulated shop.

    Parameters
    ----------
    events : Events
        The log, in order of time: views, addtocarts, purchases and returns in sessions; weights are
        quantities. Only ids that occur are in its vocabularies.
    catalogue : Catalogue
        All products, sold or not: ``title``, ``category``, ``price`` and ``since`` (in the shop).
    users : Vocabulary
        Everybody.
    user_interests : float32 (users, interests)
        Everybody's mix of interests at the end of the log.
    user_interests_before : float32 (users, interests)
        The same at the beginning.
    item_interests : float32 (items, interests)
        How likely who visits for an interest is to buy a product when first looking.

    Examples
    --------
    >>> shop = simulate_shop(users=50, items=40, days=30)
    >>> shop.events.kind_names
    ('view', 'addtocart', 'purchase', 'return')
    >>> shop.true_scores(shop.users.ids[:2]).shape
    (2, 40)
    """

    events: Events
    catalogue: Catalogue
    users: Vocabulary
    user_interests: NDArray[np.float32]
    user_interests_before: NDArray[np.float32]
    item_interests: NDArray[np.float32]

    def true_scores(self, users: ArrayLike) -> NDArray[np.float32]:
        """Return how likely each user is to buy each product of the catalogue, at the end.

        The scores are ``user_interests @ item_interests.T``: `pyrec.kernels.top_k` of the two makes
        the best lists that any model could make of fresh looks.
        """
        rows = self.users.encode(np.atleast_1d(np.asarray(users)))
        return np.asarray(self.user_interests[rows] @ self.item_interests.T)


def simulate_shop(
    *, users: int = 2000, items: int = 1000, days: int = 120, random_state: int = 0
) -> Shop:
    """Simulate a shop; the same arguments give the same shop.

    Parameters
    ----------
    users, items : int
        How many people and products there are at the end.
    days : int
        How long the log is.
    random_state : int
        Chooses the shop.

    Returns
    -------
    Shop

    Raises
    ------
    ConfigError
        If an argument is not a whole number of at least 1 (`random_state`: 0).

    Examples
    --------
    >>> shop = simulate_shop(users=50, items=40, days=30, random_state=1)
    >>> sorted(shop.catalogue.columns)
    ['category', 'price', 'since', 'title']
    """
    given = {"users": users, "items": items, "days": days, "random_state": random_state}
    for name, value in given.items():
        least = 0 if name == "random_state" else 1
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ConfigError(f"{name}: {value!r} is not a whole number of {least} or more")

    def rng(step: int) -> np.random.Generator:
        # Every step draws from a stream of its own: a change to one does not change the others.
        seed = np.random.SeedSequence(int(random_state), spawn_key=(step,))
        return np.random.Generator(np.random.Philox(seed))

    products = make_products(items, rng(0))
    since = _arrivals(items, days, 0.75, rng(1))
    looks, appeal = _interests(products, rng(2))
    people = _people(users, days, looks.shape[0], rng(3))
    visits = _visits(people, days, rng(4))
    views = _views(visits, looks, since, rng(5))
    user_ids, item_ids = _ids("C", users), _ids("P", items)
    events = Events(
        user_ids, item_ids, **_columns(visits, views, products, appeal, days, rng(6))
    ).without_unused_ids()
    columns = {
        "title": products.title,
        "category": np.array([c.name for c in CATEGORIES])[products.category],
        "price": products.price,
        "since": _times(since).view("datetime64[us]"),
    }
    buys = (looks * appeal).T
    return Shop(
        events,
        Catalogue(item_ids, columns),
        user_ids,
        _single(people.mix_at(np.ones(users))),
        _single(people.mix_at(np.zeros(users))),
        _single(buys),
    )


@dataclass(frozen=True, eq=False)
class _People:
    """Everybody: arrival, and some interests with their shares at arrival and at the end."""

    arrival: NDArray[np.float64]
    interests: NDArray[np.int64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    n_interests: int

    def shares(self, users: Any, progress: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the shares of a user's interests; `progress` goes from arrival, 0, to end, 1."""
        p = progress[:, None]
        return np.asarray((1 - p) * self.before[users] + p * self.after[users])

    def mix_at(self, progress: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return everybody's mix of all interests."""
        mix = np.zeros((len(self.arrival), self.n_interests))
        np.put_along_axis(mix, self.interests, self.shares(slice(None), progress), axis=1)
        return mix


@dataclass(frozen=True, eq=False)
class _Visits:
    """Visits in order of user and time."""

    user: NDArray[np.int64]
    start: NDArray[np.float64]
    interest: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Views:
    """Views in the order of visits; `again` says that the user has seen the item before."""

    visit: NDArray[np.int64]
    item: NDArray[np.int64]
    time: NDArray[np.float64]
    again: NDArray[np.bool_]


def _arrivals(n: int, days: int, there: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return when each comes: a share is there from the beginning, the others come one by one."""
    late = 0.9 * days * rng.random(n)
    first = rng.random(n) < there
    first[0] = True
    return np.where(first, 0.0, late)


def _interests(
    products: Products, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how likely each interest looks at each product, and how each product tempts."""
    n = len(products.price)
    popularity = (rng.permutation(n) + 4.0) ** -0.9  # a power law, flattened at its head
    looks = np.empty((_INTERESTS, n))
    for interest in range(_INTERESTS):
        kinds = np.exp(1.3 * rng.standard_normal(NOUNS))[products.noun]
        level = 0.8 * rng.standard_normal()
        affordable = np.exp(-0.5 * ((products.tier - level) / 0.6) ** 2)
        inside = products.category == interest % len(CATEGORIES)
        wanted = np.where(inside, popularity * kinds * affordable, 0.0)
        other = np.where(inside, 0.0, popularity)
        parts = [(0.9, wanted), (0.1, other)]
        looks[interest] = sum(share * part / part.sum() for share, part in parts if part.sum() > 0)
    looks /= looks.sum(axis=1, keepdims=True)
    return looks, np.exp(np.clip(0.4 * rng.standard_normal(n), -1, 1))


def _people(n: int, days: int, n_interests: int, rng: np.random.Generator) -> _People:
    arrival = _arrivals(n, days, 0.6, rng)
    # Some interests are common: a draw without replacement by the largest of perturbed logarithms.
    common = 0.7 * rng.standard_normal(n_interests)
    drawn = common + rng.gumbel(size=(n, n_interests))
    interests = np.argpartition(-drawn, _SLOTS, axis=1)[:, :_SLOTS]
    # The first interest fades, the last one grows, and those between stay about what they are.
    shares = rng.dirichlet(np.ones(_SLOTS), n)
    before = shares * ([1.8] + [1.0] * (_SLOTS - 2) + [0.05])
    after = shares * ([0.05] + [1.0] * (_SLOTS - 2) + [1.8])
    before /= before.sum(axis=1, keepdims=True)
    after /= after.sum(axis=1, keepdims=True)
    return _People(arrival, interests, before, after, n_interests)


def _visits(people: _People, days: int, rng: np.random.Generator) -> _Visits:
    n = len(people.arrival)
    eagerness = np.exp(1.1 * rng.standard_normal(n) - 0.6)  # of mean 1: few people come often
    count = 1 + rng.poisson(_VISITS_PER_DAY * eagerness * (days - people.arrival))
    user = np.repeat(np.arange(n), count)
    # Days by their weekday, by inverting the cumulative number of visits; then an hour.
    busy = np.append(0.0, np.cumsum(_WEEKDAYS[np.arange(days) % 7]))
    since = np.interp(people.arrival, np.arange(days + 1), busy)[user]
    day = np.interp(since + (busy[-1] - since) * rng.random(len(user)), busy, np.arange(days + 1))
    hour = rng.choice(24, size=len(user), p=_HOURS / _HOURS.sum()) + rng.random(len(user))
    start = np.minimum(np.floor(day), days - 1) + hour / 24
    order = np.lexsort((start, user))
    start = start[order]
    arrival = people.arrival[user]
    shares = people.shares(user, np.clip((start - arrival) / (days - arrival), 0, 1))
    slot = np.sum(np.cumsum(shares, axis=1) < rng.random((len(user), 1)), axis=1)
    return _Visits(user, start, people.interests[user, np.minimum(slot, _SLOTS - 1)])


def _views(
    visits: _Visits,
    looks: NDArray[np.float64],
    since: NDArray[np.float64],
    rng: np.random.Generator,
) -> _Views:
    count = rng.geometric(1 / _VIEWS_PER_VISIT, len(visits.user))
    visit = np.repeat(np.arange(len(count)), count)
    n = len(visit)
    gaps = rng.exponential(45 / 86400, n)
    first_of_visit = np.cumsum(count) - count
    elapsed = np.cumsum(gaps)
    time = visits.start[visit] + elapsed - elapsed[first_of_visit][visit]
    item = drawn(looks, visits.interest[visit], rng)
    for _ in range(8):
        not_yet = np.flatnonzero(since[item] > time)
        item[not_yet] = drawn(looks, visits.interest[visit[not_yet]], rng)
    not_yet = np.flatnonzero(since[item] > time)
    always = np.where(since == 0, looks, 0.0)
    item[not_yet] = drawn(always, visits.interest[visit[not_yet]], rng)
    # Some views are of what the same user saw on an earlier visit, more often a recent one.
    first_of_user = first_of_visit[np.searchsorted(visits.user, visits.user)][visit]
    seen = first_of_visit[visit] - first_of_user
    again = (rng.random(n) < _LOOKS_AGAIN) & (seen > 0)
    back = 1 + np.floor(seen * rng.random(n) ** 2).astype(np.int64)
    item = np.where(again, item[first_of_visit[visit] - np.minimum(back, seen)], item)
    return _Views(visit, item, time, again)


def drawn(
    chances: NDArray[np.float64], rows: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw a column for each entry of `rows`, by the chances in that row."""
    n_rows, n = chances.shape
    upto = np.cumsum(chances, axis=1)
    upto /= upto[:, -1:]
    # One search for all rows: each row's distribution is moved up by its number.
    ladder = (upto + np.arange(n_rows)[:, None]).ravel()
    found = np.searchsorted(ladder, rows + rng.random(len(rows)), side="right")
    return np.asarray(np.minimum(found - rows * n, n - 1))


def _columns(
    visits: _Visits,
    views: _Views,
    products: Products,
    appeal: NDArray[np.float64],
    days: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return the columns of the log: views, and what follows from them."""
    consumed = np.array([c.consumed for c in CATEGORIES])[products.category]
    returned = np.array([c.returned for c in CATEGORIES])[products.category]
    chance = 0.11 * appeal[views.item] * np.where(views.again, consumed[views.item], 1.0)
    cart = np.flatnonzero(rng.random(len(views.item)) < chance)
    pairs = views.visit[cart] * len(appeal) + views.item[cart]
    cart = cart[np.unique(pairs, return_index=True)[1]]  # once a visit is enough
    quantity = 1 + np.where(rng.random(len(cart)) < 0.18, 1 + rng.poisson(0.6, len(cart)), 0)
    bought = rng.random(len(cart)) < 0.55
    bought_views, bought_quantity = cart[bought], quantity[bought]
    last_of_visit = np.append(np.flatnonzero(np.diff(views.visit)), len(views.visit) - 1)
    paid = views.time[last_of_visit][views.visit[bought_views]] + 90 / 86400
    back = paid + 2 + rng.exponential(6.0, len(paid))
    returns = (rng.random(len(paid)) < returned[views.item[bought_views]]) & (back < days)
    kept = rng.random(np.count_nonzero(returns))
    back_quantity = np.maximum(1, bought_quantity[returns] - np.floor(kept * 1.3).astype(np.int64))
    # Sessions are numbered in order of time; each return is one of its own.
    session = np.empty(len(visits.start), np.int64)
    session[np.argsort(visits.start, kind="stable")] = np.arange(len(visits.start))
    parts = (
        (np.arange(len(views.item)), views.time, np.ones(len(views.item))),
        (cart, views.time[cart] + 10 / 86400, quantity),
        (bought_views, paid, bought_quantity),
        (bought_views[returns], back[returns], back_quantity),
    )
    source = np.concatenate([view for view, _, _ in parts])
    time = _times(np.concatenate([time for _, time, _ in parts]))
    kind = np.repeat(np.arange(4), [len(view) for view, _, _ in parts])
    sessions = session[views.visit[source]]
    sessions[kind == 3] = len(session) + np.arange(len(parts[3][0]))
    order = np.argsort(time, kind="stable")
    return {
        "user_rows": visits.user[views.visit[source]][order].astype(np.int32),
        "item_rows": views.item[source][order].astype(np.int32),
        "kinds": kind[order].astype(np.uint8),
        "kind_names": KINDS,
        "weights": np.concatenate([amount for _, _, amount in parts])[order].astype(np.float32),
        "timestamps": time[order],
        "sessions": sessions[order],
    }


def _times(days: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn days since the start into whole seconds of the calendar, in microseconds."""
    return np.asarray(START + np.rint(days * 86400).astype(np.int64) * 1_000_000)


def _ids(letter: str, n: int) -> Vocabulary:
    """Return ids such as C0001, in order."""
    digits = max(4, len(str(n)))
    return Vocabulary([f"{letter}{number:0{digits}}" for number in range(1, n + 1)])


def _single(array: NDArray[np.float64]) -> NDArray[np.float32]:
    return owned(np.ascontiguousarray(array, dtype=np.float32))
