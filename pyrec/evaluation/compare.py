"""compare: whether one model is better than another, judged by the same users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels, runtime
from pyrec.arguments import require
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError
from pyrec.evaluation.estimates import Estimate, Values, bootstrap, checked_resampling, interval
from pyrec.evaluation.evidence import PerUser
from pyrec.evaluation.results import Part, Report

__all__ = ["Comparison", "Difference", "compare", "holm"]

# What may differ between two reports that judge the same thing.
_FREE = ("metrics", "k", "definitions", "pairs", "resamples", "random_state")


@dataclass(frozen=True)
class Difference:
    """How a metric of the first model differs from the second's.

    Parameters
    ----------
    first, second : float
        Both means, over the users that both have a value for.
    difference : Estimate
        First minus second, with its 95% interval.
    p_value : float
        How likely a difference as large as this is if it does not matter which model is which.
    p_adjusted : float
        The same, adjusted for the number of metrics looked at (Holm).
    """

    first: float
    second: float
    difference: Estimate
    p_value: float
    p_adjusted: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {"first": self.first, "second": self.second, **self.difference.to_dict(),
                "p_value": self.p_value, "p_adjusted": self.p_adjusted}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """What `pyrec.compare` found.

    Parameters
    ----------
    names : tuple of str
        Of the two models.
    title : str
        Which pairs were judged by which lists.
    differences : mapping of str to Difference
        By metric.
    """

    names: tuple[str, str]
    title: str
    differences: Mapping[str, Difference]

    def __getitem__(self, metric: str) -> Difference:
        if metric not in self.differences:
            raise ConfigError(
                f"metrics: {metric!r} was not compared; there are "
                + ", ".join(map(repr, self.differences))
            )
        return self.differences[metric]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        found = {label: one.to_dict() for label, one in self.differences.items()}
        return {"models": list(self.names), "title": self.title, "metrics": found}

    def __str__(self) -> str:
        width = max(len("metric"), *map(len, self.differences))
        lines = [
            f"{self.names[0]} minus {self.names[1]}, {self.title}",
            f"  {'metric':<{width}}   first  second  difference  95% interval        p (Holm)",
        ]
        for label, one in self.differences.items():
            gap = one.difference
            between = "" if gap.low is None else f"[{gap.low:+.4f}, {gap.high:+.4f}]"
            lines.append(
                f"  {label:<{width}}  {one.first:6.4f}  {one.second:6.4f}     {gap.mean:+.4f}"
                f"  {between:<18}  {one.p_adjusted:8.4f}"
            )
        return "\n".join(lines)


def compare(
    first: Report,
    second: Report,
    *,
    metrics: str | Sequence[str] | None = None,
    part: str | None = None,
    resamples: int = 2000,
    random_state: int = 0,
    threads: int = 0,
) -> Comparison:
    """Compare two models on the users and test pairs that judged both.

    The difference of two means is far more certain than either mean, because a user who is hard to
    please is so for both models. Its interval is a bootstrap of the users' differences; the p-value
    is a paired randomisation test, which swaps the two models at random for each user (Fisher 1935;
    recommended for ranked lists by Smucker, Allan and Carterette 2007). Several metrics are looked
    at together, so the p-values are adjusted (Holm 1979).

    Parameters
    ----------
    first, second : Report
        From `pyrec.evaluate` on the same test with the same protocol.
    metrics : str or sequence of str, optional
        Metrics of users to compare; all that both reports have, if not given.
    part : {"new", "repeat", "all"}, optional
        The part to compare; the first report's main one if not given.
    resamples : int, default 2000
        Draws of the bootstrap and of the test, at least 1.
    random_state : int, default 0
        Seed of both.
    threads : int, default 0
        Number of threads; 0 means the default of the process.

    Raises
    ------
    DataError
        If the reports have no users in common, or judge different test pairs or by different rules.
    ConfigError
        If a metric or the part was not measured by both.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> train = sp.csr_array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]])
    >>> test = sp.csr_array([[0, 0, 1, 0], [0, 1, 0, 0], [0, 1, 0, 0]])
    >>> report = pyrec.evaluate(pyrec.Popularity().fit(train), test, metrics="mrr")
    >>> pyrec.compare(report, report)["mrr@20"].p_value
    1.0
    """
    require(first, Report, "first", "pyrec.evaluate makes it")
    require(second, Report, "second", "pyrec.evaluate makes it")
    resamples, random_state = checked_resampling(resamples, random_state)
    if resamples == 0:
        raise ConfigError("resamples: must be 1 or more: a comparison is made of draws")
    name = first.main.name if part is None else part
    one, other = first.part(name), second.part(name)
    _require_same_rules(first, second)
    labels = _shared_metrics(one, other, metrics)
    ours, theirs = _shared_users(one, other)
    pairs = {
        label: _paired(one.values[label].take(ours), other.values[label].take(theirs))
        for label in labels
    }
    with runtime.threads(runtime.resolve_threads(threads)):
        intervals = _intervals(list(pairs.values()), resamples, random_state)
        p_values = _p_values(list(pairs.values()), resamples, random_state)
    adjusted = holm(p_values)
    differences = {}
    for i, (label, (a, b)) in enumerate(pairs.items()):
        gap = Estimate(a.mean() - b.mean(), *intervals[i], int(a.defined.sum()))
        differences[label] = Difference(a.mean(), b.mean(), gap, p_values[i], adjusted[i])
    names = (str(first.model["name"]), str(second.model["name"]))
    return Comparison(names, one.title, differences)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number (Holm, "A simple sequentially rejective ...", 1979).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    stepped = np.maximum.accumulate(np.asarray(p_values)[order] * factors)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(p) for p in adjusted]


def _require_same_rules(first: Report, second: Report) -> None:
    for rule in dict.fromkeys([*first.protocol, *second.protocol]):
        ours, theirs = first.protocol.get(rule), second.protocol.get(rule)
        if rule not in _FREE and ours != theirs:
            raise DataError(
                f"compare: the reports follow different rules: {rule} is {ours!r} in the first "
                f"and {theirs!r} in the second; evaluate both models in the same way"
            )


def _shared_metrics(one: Part, other: Part, metrics: str | Sequence[str] | None) -> list[str]:
    if metrics is None:
        labels = [label for label in one.values if label in other.values]
    else:
        labels = [metrics] if isinstance(metrics, str) else list(metrics)
    for label in labels:
        for part in (one, other):
            if label not in part.values:
                raise ConfigError(
                    f"metrics: {label!r} has no value for each user in both reports; there are "
                    + ", ".join(map(repr, part.values))
                )
    if not labels:
        raise ConfigError(
            "metrics: the reports have no metric of users in common: the first has "
            f"{', '.join(one.values)}, the second {', '.join(other.values)}"
        )
    return labels


def _shared_users(one: Part, other: Part) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return positions of the users that both parts have, in the same order."""
    at = Vocabulary(other.users).encode(one.users, missing="mark")
    ours, theirs = np.flatnonzero(at >= 0), at[at >= 0]
    if len(ours) == 0:
        raise DataError("compare: the reports have no users in common")
    if not np.array_equal(one.pairs[ours], other.pairs[theirs]):
        raise DataError("compare: the reports judge different test pairs of the same users")
    return ours, theirs


def _paired(a: Values, b: Values) -> tuple[Values, Values]:
    """Leave out users for whom either has no value."""
    both = a.defined & b.defined
    return (
        replace(a, values=np.where(both, a.values, np.nan)),
        replace(b, values=np.where(both, b.values, np.nan)),
    )


def _intervals(
    pairs: list[tuple[Values, Values]], resamples: int, random_state: int
) -> list[tuple[float | None, float | None]]:
    columns = [column for a, b in pairs for column in (*a.columns(), b.columns()[0])]
    sums = bootstrap(columns, resamples, random_state).T.reshape(len(pairs), 3, resamples)
    return [
        interval(a.mean_of(sum_a, weights) - b.mean_of(sum_b, weights))
        for (a, b), (sum_a, weights, sum_b) in zip(pairs, sums, strict=True)
    ]


def _p_values(pairs: list[tuple[Values, Values]], resamples: int, random_state: int) -> list[float]:
    """Swap the models at random for each user, and count how often the gap is as large.

    A swap moves half the difference of the two columns from one sum to the other, so that a random
    sign of that half, per user, is all there is to draw.
    """
    halves = np.stack([(a.columns()[0] - b.columns()[0]) / 2 for a, b in pairs], axis=1)
    moved = _kernels.sign_flip_sums(
        halves, replicates=resamples, seed=random_state, threads=runtime.resolve_threads()
    )
    p_values = []
    for i, (a, b) in enumerate(pairs):
        (sum_a, weights), (sum_b, _) = a.columns(), b.columns()
        gaps = _gaps(a, (sum_a + sum_b).sum() / 2, moved[:, i], weights.sum())
        observed = abs(a.mean() - b.mean())
        # Sums in another order differ in their last bits: a gap that is equal shall count as equal.
        as_large = np.count_nonzero(gaps >= observed - 1e-9 * (abs(a.mean()) + abs(b.mean())))
        p_values.append(float((1 + as_large) / (1 + resamples)))
    return p_values


def _gaps(one: Values, middle: float, moved: PerUser, weights: float) -> PerUser:
    """Return the gap between both means, half of the difference of their sums having moved."""
    return np.asarray(
        np.abs(one.mean_of(middle + moved, weights) - one.mean_of(middle - moved, weights))
    )
