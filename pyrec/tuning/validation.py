"""Validation: judging a choice on pairs that were cut from the training data, never on a test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data.interactions import Interactions
from pyrec.errors import ConfigError, DataError
from pyrec.evaluation.evaluate import evaluate
from pyrec.evaluation.metrics import parse
from pyrec.evaluation.results import Part
from pyrec.models.base import Model

__all__ = ["Fold", "Judge", "cut", "cuts"]

# So many judged users, each counted once for each split, make the choice between two models that
# differ by a few percent a matter of the models; with fewer users more splits are made.
ENOUGH = 5000
MOST_SPLITS = 5


@dataclass(frozen=True, eq=False)
class Fold:
    """One way to learn and to be judged, both parts of the training data.

    Parameters
    ----------
    train : Interactions or Events
        What a model learns from.
    test : Interactions or Split
        What `pyrec.evaluate` judges it on.
    besides : mapping
        What `fit` takes besides, such as ``item_features`` that know nothing of the test.
    """

    train: Any
    test: Any
    besides: Mapping[str, Any] = field(default_factory=dict)


class Judge:
    """What makes one model better than another: a metric under a protocol.

    Parameters
    ----------
    metric : str
        Such as ``"ndcg@20"``, a metric of users.
    **options
        Of the protocol, as `pyrec.evaluate` takes them.

    Raises
    ------
    ConfigError
        For an unknown metric.
    """

    def __init__(self, metric: str = "ndcg@20", **options: Any) -> None:
        requests = parse(metric, 20)
        if len(requests) != 1:
            raise ConfigError(f"metric: one is tuned for, not {len(requests)}")
        self.metric = requests[0].label
        self.cutoff = requests[0].k
        self.sign = -1.0 if requests[0].metric.lower_is_better else 1.0
        self._options = {**options, "metrics": self.metric, "resamples": 0}

    def part(self, model: Model, fold: Fold) -> Part:
        """Judge a model on the held-out part of a fold."""
        return evaluate(model, fold.test, **self._options).main

    def __call__(self, model: Model, fold: Fold) -> float:
        """Return the mean of the metric.

        Raises
        ------
        DataError
            If no user has a value, so that nothing can be chosen by it.
        """
        value = self.part(model, fold)[self.metric]
        if np.isnan(value):
            raise DataError(
                f"metric: {self.metric} has no value for any user of the validation split; hold "
                "out more, or choose another metric"
            )
        return value

    def better(self, one: float, other: float) -> bool:
        """Tell whether one value of the metric is better than another."""
        return self.sign * one > self.sign * other


def cut(
    interactions: Interactions,
    ratio: float = 0.1,
    random_state: int = 0,
    target: str | None = None,
) -> Fold:
    """Hold out a share of every user's pairs by chance.

    The share is rounded up or down by chance, so that it holds on average for users with few pairs
    too, and everybody keeps at least one pair to learn from.

    Parameters
    ----------
    interactions : Interactions
        Training data.
    ratio : float, default 0.1
        Share of the pairs.
    random_state : int, default 0
        Chooses them.
    target : str, optional
        The kind of event that is held out; by default any. Pairs of negative weight never are.

    Raises
    ------
    ConfigError
        If the target is no kind of event of theirs.
    DataError
        If nothing can be held out.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> log = Interactions.from_scipy(sp.csr_array(np.ones((4, 10))))
    >>> fold = cut(log, ratio=0.2)
    >>> fold.train.nnz, np.diff(fold.test.csr.offsets).tolist()
    (32, [2, 2, 2, 2])
    """
    csr = interactions.csr
    rng = np.random.default_rng(random_state)
    sizes = np.diff(csr.offsets)
    users = np.repeat(np.arange(len(sizes)), sizes)
    candidates = csr.values > 0
    if target is not None:
        candidates &= _of_kind(interactions, target)
    wanted = np.bincount(users[candidates], minlength=len(sizes)) * ratio + rng.random(len(sizes))
    wanted = np.minimum(wanted.astype(np.int64), sizes - 1)
    chance = np.where(candidates, rng.random(csr.nnz), 2.0)  # what may not be held out comes last
    order = np.lexsort((chance, users))
    rank = np.empty(csr.nnz, np.int64)
    rank[order] = np.arange(csr.nnz) - np.repeat(csr.offsets[:-1], sizes)
    held = (rank < wanted[users]) & candidates
    if not np.any(held):
        raise DataError(
            f"validation: none of {csr.nnz:,} pairs can be held out, for users with one pair keep "
            "it; choose by hand, or gather more data"
        )
    return Fold(interactions.only(~held), interactions.only(held))


def cuts(
    interactions: Interactions, ratio: float = 0.1, random_state: int = 0, target: str | None = None
) -> list[Fold]:
    """Return one fold, or several where it has too few users to choose by (up to 5)."""
    folds = [cut(interactions, ratio, random_state, target)]
    judged = int(np.count_nonzero(np.diff(folds[0].test.csr.offsets)))
    splits = min(-(-ENOUGH // judged), MOST_SPLITS)
    more = range(random_state + 1, random_state + splits)
    return folds + [cut(interactions, ratio, seed, target) for seed in more]


def _of_kind(interactions: Interactions, kind: str) -> NDArray[np.bool_]:
    if interactions.kinds is None or kind not in interactions.kind_names:
        known = ", ".join(map(repr, interactions.kind_names)) or "no kinds of event"
        raise ConfigError(f"target: kind {kind!r} is unknown; the interactions have {known}")
    bit = np.uint32(1 << interactions.kind_names.index(kind))
    return np.asarray((interactions.kinds & bit) != 0)
