"""Feedback loop: what becomes of a shop whose model learns from what people did with its lists."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions
from pyrec.errors import ConfigError, DataError
from pyrec.evaluation.groups import by_popularity
from pyrec.evaluation.metrics import measure
from pyrec.kernels import top_k
from pyrec.models import abilities
from pyrec.models.base import Estimator, Model
from pyrec.models.query import checked_k
from pyrec.models.sequential import weighed
from pyrec.models.updating import Updates
from pyrec.preparation.weighting import Weighting
from pyrec.rerank.base import Reranker
from pyrec.rerank.chain import Chain
from pyrec.rerank.context import Context
from pyrec.simulation.shop import Shop
from pyrec.simulation.visitors import appeal, visit

__all__ = ["Policy", "Round", "feedback_loop"]

_CANDIDATES = 100
_WEIGHTING = Weighting(kinds={"view": 1, "addtocart": 3, "purchase": 5, "return": 0},
                       scheme="log1p")  # fmt: skip
_BOUGHT = "purchase"

_Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Policy:
    """How the lists of a round are made.

    Parameters
    ----------
    estimator : Estimator, optional
        What learns. Without it lists are the best ones by the truth, which no shop knows: what a
        model is to be compared with.
    steps : Chain or Reranker, optional
        What chooses among the model's 100 best.
    update : {"refit", "partial"}
        How the model learns of a week: fitted anew to the whole log, or given what happened by
        `partial_fit`, as ``pyrec update`` does. The weights of a week are then added to those
        before.
    """

    estimator: Estimator | None = None
    steps: Chain | Reranker | None = None
    update: Literal["refit", "partial"] = "refit"

    def __post_init__(self) -> None:
        """Check how it learns."""
        if self.update not in ("refit", "partial"):
            raise ConfigError(f"update: must be 'refit' or 'partial', not {self.update!r}")


@dataclass(frozen=True)
class Round:
    """What a round showed, and what came of it.

    Items are head or tail, and popular or not, by the shop's log before the first round, so that
    rounds can be compared.

    Parameters
    ----------
    number : int
        From 1.
    utility : float
        How much people like what they are shown, as a share of the most that lists of the same
        length could have: both by the truth.
    popularity : float
        Which share of all people had the item at a place of a list, on average.
    tail : float
        The share of all places that items of the tail have.
    coverage : float
        The share of the catalogue that is in any list.
    gini : float
        Gini index of how often items are shown.
    overlap : float
        The share of a list that is also in that of somebody else, on average over all pairs of
        people: how much everybody is shown the same (one less the personalization of Zhou et al.:
        Solving the apparent diversity-accuracy dilemma, PNAS 107, 2010).
    events, tail_events : int, float
        How many events the round added to the log, and the share of them that the tail has.
    """

    number: int
    utility: float
    popularity: float
    tail: float
    coverage: float
    gini: float
    overlap: float
    events: int
    tail_events: float


def feedback_loop(
    shop: Shop,
    policies: Mapping[str, Policy],
    *,
    rounds: int = 10,
    k: int = 20,
    elsewhere: float = 2.0,
    weighting: Weighting = _WEIGHTING,
    random_state: int = 0,
    progress: Callable[[str, Round], None] | None = None,
) -> dict[str, list[Round]]:
    """Let policies make lists week after week, each in its own copy of a shop.

    In every round a policy's model learns the log so far and makes lists without what people
    bought; people do with them what `pyrec.simulation.visitors.visit` says, and the log grows by
    that. So a model learns from what it caused, as in Chaney, Stewart, Engelhardt: How algorithmic
    confounding in recommendation systems increases homogeneity and decreases utility, RecSys 2018,
    and in Mansoury et al.: Feedback loop and bias amplification in recommender systems, CIKM 2020.
    All policies meet the same people with the same luck.

    Parameters
    ----------
    shop : Shop
        Where it begins.
    policies : mapping of str to Policy
        By name.
    rounds : int, default 10
        How many weeks.
    k : int, default 20
        Length of the lists.
    elsewhere : float, default 2
        How many products a person finds without lists each week, on average.
    weighting : Weighting, optional
        How events become weights; by default views count 1, carts 3 and purchases 5, then log1p.
    random_state : int, default 0
        Seed of what people do.
    progress : callable, optional
        Called with the policy's name and each round.

    Returns
    -------
    dict of str to list of Round

    Raises
    ------
    ConfigError
        If `rounds` is not a whole number above 0.
    NotSupportedError
        If a model is to be updated that cannot be.

    Examples
    --------
    >>> import pyrec
    >>> from pyrec.rerank import PopularityControl
    >>> shop = pyrec.simulate_shop(users=200, items=80, days=40)
    >>> found = feedback_loop(shop, {
    ...     "als": Policy(pyrec.ALS(factors=8)),
    ...     "calmer": Policy(pyrec.ALS(factors=8), PopularityControl(weight=0.5)),
    ...     "truth": Policy(),
    ... }, rounds=2, k=5)
    >>> found["calmer"][1].popularity < found["als"][1].popularity
    True
    >>> round(found["truth"][0].utility, 3)
    1.0
    """
    require(shop, Shop, "shop", "pyrec.simulate_shop makes one")
    if isinstance(rounds, bool) or not isinstance(rounds, int | np.integer) or rounds < 1:
        raise ConfigError(f"rounds: must be a whole number of 1 or more, not {rounds!r}")
    if not policies:
        raise DataError("policies: there are none")
    k = checked_k(k)
    known = _with_everybody(shop)
    judge = _Judge(shop, known.aggregate())
    found: dict[str, list[Round]] = {}
    for name, policy in policies.items():
        require(policy, Policy, f"policies[{name!r}]", "name a model as Policy(pyrec.ALS())")
        log, found[name] = known, []
        learner = _Learner(policy, weighting, k)
        happened = known
        for number in range(rounds):
            seen = log.aggregate().having(_BOUGHT)
            best = _best(shop, k, seen)
            rows = best if policy.estimator is None else learner.lists(log, happened)
            happened = visit(
                shop, rows, week=number, elsewhere=elsewhere, random_state=random_state
            )
            log = Events.concat([log, happened])
            found[name].append(judge.round(number + 1, rows, best, happened))
            if progress is not None:
                progress(name, found[name][-1])
    return found


def _with_everybody(shop: Shop) -> Events:
    """Return the log with rows of all people and of the whole catalogue."""
    log = shop.events
    return replace(
        log,
        users=shop.users,
        items=shop.catalogue.items,
        user_rows=shop.users.encode(log.users.ids)[log.user_rows],
        item_rows=shop.catalogue.items.encode(log.items.ids)[log.item_rows],
    )


def _best(shop: Shop, k: int, seen: Interactions) -> _Rows:
    """Return the best lists by the truth."""
    return top_k(shop.user_interests, shop.item_interests, k, exclude=seen.to_scipy())[0]


class _Learner:
    """The model of a policy, from round to round."""

    def __init__(self, policy: Policy, weighting: Weighting, k: int) -> None:
        self.policy, self.weighting, self.k = policy, weighting, k
        self.model: Model | None = None

    def lists(self, log: Events, happened: Events) -> _Rows:
        """Learn what the log says, of which something happened since the last time: all lists."""
        estimator, steps = self.policy.estimator, self.policy.steps
        assert estimator is not None
        model = self.model
        if model is None or self.policy.update == "refit":
            model = estimator.fit(weighed(estimator, log, self.weighting))
        elif len(happened):
            able: Any = abilities.require(model, Updates, "be updated")  # type: ignore[type-abstract]
            model = able.partial_fit(weighed(estimator, happened, self.weighting))
        assert isinstance(model, Model)
        self.model = model
        width = self.k if steps is None else max(self.k, _CANDIDATES)
        lists = model.recommend(log.users.ids, width, exclude_seen=_BOUGHT, unknown="popular")
        if steps is not None:
            lists = steps.rerank(lists, Context.of(model), self.k)
        return lists.rows


class _Judge:
    """Knows what was popular before the first round."""

    def __init__(self, shop: Shop, known: Interactions) -> None:
        self.shop, self.known = shop, known
        self.popularity = np.bincount(known.csr.columns, minlength=len(known.items))
        groups = by_popularity(self.popularity)
        self.tail = groups.names[groups.codes] == "tail"

    def round(self, number: int, rows: _Rows, best: _Rows, happened: Events) -> Round:
        shown = rows[rows >= 0]
        whole = measure(rows, self.known.to_scipy(), ["coverage", "gini"])
        most = appeal(self.shop, best).sum()
        return Round(
            number=number,
            utility=float(appeal(self.shop, rows).sum() / most),
            popularity=float(np.mean(self.popularity[shown]) / len(rows)),
            tail=float(np.mean(self.tail[shown])),
            **{name.partition("@")[0]: value for name, value in whole.items()},
            overlap=_overlap(rows, len(self.tail)),
            events=len(happened),
            tail_events=float(np.mean(self.tail[happened.item_rows])) if len(happened) else 0.0,
        )


def _overlap(rows: _Rows, n_items: int) -> float:
    """Return the mean share of a list that is in another: from how often each item is shown."""
    times: NDArray[Any] = np.bincount(rows[rows >= 0], minlength=n_items).astype(np.float64)
    pairs = times.sum() * (len(rows) - 1)
    return float(np.sum(times * (times - 1)) / pairs) if pairs else 0.0
