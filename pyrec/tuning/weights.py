"""Weights: how much each model of a blend counts, learnt from validation users."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.errors import ConfigError
from pyrec.evaluation.evidence import Lists, PerUser
from pyrec.evaluation.metrics import parse
from pyrec.models.base import Estimator, Model
from pyrec.models.composite import besides_of
from pyrec.models.query import Filter
from pyrec.tuning.pools import Normalisation, Pool, Users, pooled, union
from pyrec.tuning.validation import Fold

__all__ = ["Examination", "Learnt", "checked_metric", "climb", "examine", "learn", "weigh"]

# More users make the weights no better: a draw of these judges them as well.
MOST_USERS = 10_000
# Weights are shares of 1; a change of less than this is lost in the noise of any validation split.
SMALLEST_STEP = 0.02

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Examination:
    """Pools of the validation users of one fold, and what they turned out to want."""

    pool: Pool
    relevant: Csr
    users: NDArray[np.int32]

    def values(self, weights: Weights, metric: str) -> PerUser:
        """Return the metric of each user under these weights."""
        request = parse(metric, 20)[0]
        assert request.k is not None
        rows, _ = self.pool.ranked(weights, request.k)
        found: PerUser = request.of(Lists(rows, self.relevant, cutoffs=[request.k]))
        return found


@dataclass(frozen=True)
class Learnt:
    """Weights, and what they are worth on the validation users.

    Parameters
    ----------
    weights : float64 (m,)
        Shares of 1.
    value : float
        The metric of the blend.
    alone : tuple of float
        The metric of each member by itself.
    gain, error : float
        How much the blend is better than the best member, and the standard error of that, over
        users: one who is in several folds counts once.
    """

    weights: Weights
    value: float
    alone: tuple[float, ...]
    gain: float
    error: float


def learn(
    members: Sequence[Estimator],
    folds: Sequence[Fold],
    metric: str,
    size: int,
    normalisation: Normalisation,
) -> Learnt:
    """Fit the members on each fold, and find the weights that rank its held-out pairs best."""
    models = (
        [member.fit(fold.train, **besides_of(member, fold.besides)) for member in members]
        for fold in folds
    )
    return weigh(models, folds, metric, size, normalisation)


def weigh(
    fitted: Iterable[Sequence[Model]],
    folds: Sequence[Fold],
    metric: str,
    size: int,
    normalisation: Normalisation,
) -> Learnt:
    """Find the weights of models, fitted on each fold, that rank its held-out pairs best."""
    pairs = zip(fitted, folds, strict=True)
    seen = [examine(models, fold, size, normalisation) for models, fold in pairs]
    n = len(seen[0].pool.opinions)

    def values(weights: Weights) -> PerUser:
        return np.concatenate([one.values(weights, metric) for one in seen])

    weights, value = climb(lambda tried: float(np.nanmean(values(tried))), n)
    alone = [values(corner) for corner in np.eye(n)]
    means = tuple(float(np.nanmean(one)) for one in alone)
    gains = values(weights) - alone[int(np.argmax(means))]
    users = np.concatenate([one.users for one in seen])
    gain, error = _mean_and_error(gains, users)
    return Learnt(weights, value, means, gain, error)


def _mean_and_error(values: PerUser, users: NDArray[np.int32]) -> tuple[float, float]:
    """Return the mean over all values, and its standard error over users."""
    there = ~np.isnan(values)
    _, who = np.unique(users[there], return_inverse=True)
    counts = np.bincount(who)
    mean = float(values[there].mean())
    residuals = np.bincount(who, values[there] - mean)
    return mean, float(np.sqrt(np.sum(residuals**2)) / counts.sum())


def checked_metric(metric: str) -> None:
    """Raise unless a metric is one of users' lists."""
    request = parse(metric, 20)[0]
    if request.k is None or request.metric.name in ("coverage", "novelty"):
        raise ConfigError(f"metric: must be one of users' lists, such as 'ndcg@20', not {metric!r}")


def examine(
    models: Sequence[Model], fold: Fold, size: int, normalisation: Normalisation
) -> Examination:
    """Ask models that were fitted on a fold for their opinions on its validation users."""
    test = fold.test.csr
    trained = np.diff(fold.train.csr.offsets) > 0
    users = np.flatnonzero((np.diff(test.offsets) > 0) & trained).astype(np.int32)
    if len(users) > MOST_USERS:
        drawn = np.random.default_rng(0).permutation(len(users))[:MOST_USERS]
        users = np.sort(users[drawn])
    parts = np.array_split(users, max(1, len(users) // 2048))
    pools = []
    for part in parts:
        asked = Users(models, part)
        items = union(asked, size, Filter(exclude=asked.history))
        pools.append(pooled(asked, items, size, normalisation))
    return Examination(_joined(pools), test.take(users), users)


def climb(objective: Callable[[Weights], float], n: int) -> tuple[Weights, float]:
    """Return the best weights, shares of 1, and what the objective is there.

    Every model alone and all alike are looked at first; from the best of them the search goes up
    one weight at a time, by steps that halve when none helps any more.
    """
    starts = [*np.eye(n), np.full(n, 1 / n)]
    values = [objective(start) for start in starts]
    at = int(np.argmax(values))
    best, value = starts[at], values[at]
    step = 0.5
    while n > 1 and step > SMALLEST_STEP:
        improved = False
        for i in range(n):
            for sign in (1, -1):
                tried = best.copy()
                tried[i] = max(0.0, tried[i] + sign * step)
                if tried.sum() == 0:
                    continue
                tried /= tried.sum()
                found = objective(tried)
                if found > value:
                    best, value, improved = tried, found, True
        if not improved:
            step /= 2
    return best, value


def _joined(pools: Sequence[Pool]) -> Pool:
    """Put pools of different persons one under the other."""
    sizes = np.concatenate([np.diff(pool.items.offsets) for pool in pools])
    columns = np.concatenate([pool.items.columns for pool in pools])
    ones = np.ones(len(columns), np.float32)
    items = Csr(
        owned(np.append(0, np.cumsum(sizes))), owned(columns), owned(ones), pools[0].items.shape[1]
    )
    return Pool(
        items,
        np.concatenate([pool.opinions for pool in pools], axis=1),
        np.concatenate([pool.scales for pool in pools], axis=1),
    )
