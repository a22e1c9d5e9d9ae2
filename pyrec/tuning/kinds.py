"""Kinds of event: how much a view or a cart tells beside a purchase, learnt instead of guessed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.data.events import Events
from pyrec.errors import ConfigError, DataError
from pyrec.models.base import Estimator
from pyrec.models.sequential import weighed
from pyrec.preparation.split import LastSplit, RandomSplit, Split, split
from pyrec.preparation.weighting import Weighting
from pyrec.tuning.validation import Fold, Judge

__all__ = ["KindWeights", "learn_kind_weights"]

# By these factors weights go up and down, by the next one when one gains nothing more: coarse steps
# find the order of magnitude in few trials (Hooke, Jeeves: "Direct search" solution of numerical
# and statistical problems, J. ACM 8, 1961). Without the finest one the weights of Taobao's views,
# carts and purchases stop at 1, 4, 4 (NDCG@20 of the validation 0.116); with it 1, 4, 5.6 (0.118).
STEPS = (4.0, 2.0, 1.4)


@dataclass(frozen=True)
class KindWeights:
    """What `pyrec.learn_kind_weights` found.

    Parameters
    ----------
    weights : dict of str to float
        By kind of event. `Events.aggregate` takes them.
    metric : str
        What they are best at.
    value : float
        Its value on the validation splits.
    tried : tuple of (dict, float)
        All weights that were judged, and the metric.
    """

    weights: dict[str, float]
    metric: str
    value: float
    tried: tuple[tuple[dict[str, float], float], ...]


def learn_kind_weights(
    estimator: Estimator,
    events: Events | Sequence[Split],
    target: str,
    *,
    metric: str = "ndcg@20",
    weighting: Weighting | None = None,
    besides: Sequence[Mapping[str, Any]] | None = None,
    progress: Callable[[int], None] | None = None,
    **options: Any,
) -> KindWeights:
    """Learn how much each kind of event counts, by how well the target's events are foretold.

    All kinds weigh 1 at first. Then one weight after the other, that of the target too, is
    multiplied or divided by 4, then by 2, at last by 1.4, until nothing gains more. A change must
    gain more than its standard error over the judged users: what cannot be told stays as it is.

    Parameters
    ----------
    estimator : Estimator
        The model that shall learn from the weighted events.
    events : Events, or sequence of Split
        Training data, of which the last target item of each user (or, without times, a tenth of the
        target's pairs) is held out with all other events of such a pair, so that what is foreseen
        is new to the user; or the validation splits. What is to be foreseen decides: where items
        looked at before count, as splits with ``repeats="keep"`` have them, and
        ``exclude_seen="purchase"`` shows them, carts weigh far more.
    target : str
        The kind of event to be judged on, such as ``"purchase"``.
    metric : str, default "ndcg@20"
        What is to be as good as possible.
    weighting : Weighting, optional
        How else events become weights; its `kinds` are learnt.
    besides : sequence of mapping, optional
        What the estimator's `fit` takes besides events, such as ``item_features``: for each split.
    progress : callable, optional
        Called with the number of trials after each.
    **options
        Of the protocol, as in `pyrec.evaluate`.

    Raises
    ------
    DataError
        If there are no kinds of event besides the target, or it is unknown.

    Examples
    --------
    >>> import pyrec
    >>> shop = pyrec.simulate_shop(users=300, items=60, days=30, random_state=0)
    >>> log = shop.events.only("view", "addtocart", "purchase")
    >>> found = learn_kind_weights(pyrec.ItemKNN(), log, "purchase")
    >>> sorted(found.weights), found.value >= found.tried[0][1]
    (['addtocart', 'purchase', 'view'], True)
    """
    require(estimator, Estimator, "estimator", "name one such as pyrec.ItemKNN()")
    splits = [_validation(events, target)] if isinstance(events, Events) else list(events)
    kinds = _kinds_of(splits, target)
    search = _Search(
        estimator,
        splits,
        [{}] * len(splits) if besides is None else besides,
        weighting or Weighting(),
        Judge(metric, **options),
        progress or (lambda done: None),
    )
    best = dict.fromkeys(kinds, 1.0)
    for step in STEPS:
        before: dict[str, float] = {}
        while best != before:
            before = best
            for kind in kinds:
                best = search.best(best, kind, (step, 1 / step))
    tried = tuple((dict(key), float(np.nanmean(of))) for key, of in search.values.items())
    value = float(np.nanmean(search.of_users(best)))
    return KindWeights(best, search.judge.metric, value, tried)


class _Search:
    """Judges weights, each choice once."""

    def __init__(
        self,
        estimator: Estimator,
        splits: Sequence[Split],
        besides: Sequence[Mapping[str, Any]],
        weighting: Weighting,
        judge: Judge,
        progress: Callable[[int], None],
    ) -> None:
        self.estimator, self.splits, self.besides = estimator, splits, besides
        self.weighting = weighting
        self.judge, self.progress = judge, progress
        self.values: dict[tuple[tuple[str, float], ...], NDArray[np.float64]] = {}

    def of_users(self, weights: dict[str, float]) -> NDArray[np.float64]:
        """Return the metric of every user of every split."""
        key = tuple(sorted(weights.items()))
        if key not in self.values:
            options = self.weighting.replace(kinds=weights)
            found = []
            for part, besides in zip(self.splits, self.besides, strict=True):
                known = weighed(self.estimator, part.train, options)
                model = self.estimator.fit(known, **besides)
                judged = self.judge.part(model, Fold(known, part))
                if self.judge.metric not in judged.values:
                    raise ConfigError(
                        f"metric: {self.judge.metric} has no value for each user; choose one that "
                        "has, such as 'ndcg@20'"
                    )
                found.append(judged.values[self.judge.metric].values)
            self.values[key] = np.concatenate(found)
            self.progress(len(self.values))
        return self.values[key]

    def best(
        self, weights: dict[str, float], kind: str, factors: tuple[float, ...]
    ) -> dict[str, float]:
        """Return the weights with that of one kind changed for the better, if it can be told."""
        best = weights
        for factor in factors:
            other = {**weights, kind: weights[kind] * factor}
            now = self.of_users(best)
            gains = self.judge.sign * (self.of_users(other) - now)
            gains = gains[~np.isnan(gains)]
            if gains.mean() > gains.std() / np.sqrt(len(gains)):
                best = other
        return best


def _validation(events: Events, target: str) -> Split:
    if events.timestamps is not None:
        return split(events, LastSplit(target=target, repeats="hold_out"))
    return split(events, RandomSplit(ratio=0.1, target=target))


def _kinds_of(splits: Sequence[Split], target: str) -> list[str]:
    """Return the kinds that training has, rarest first, after checking that there are others."""
    if not splits:
        raise DataError("splits: there are none to judge by")
    events = splits[0].train
    code = events.kind_code(target)
    counts = np.bincount(np.asarray(events.kinds), minlength=len(events.kind_names))
    kinds = [int(j) for j in np.argsort(counts, kind="stable") if counts[j] > 0]
    if kinds == [code]:
        raise DataError(f"kinds: there is none besides {target!r}, so there is nothing to weigh")
    return [events.kind_names[j] for j in kinds]
