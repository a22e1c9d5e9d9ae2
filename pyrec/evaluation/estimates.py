"""Estimates: means over users, with the interval in which the truth probably lies.

The users of a test are a sample of those who could have come. The bootstrap (Efron, "Bootstrap
methods: another look at the jackknife", 1979) draws them again many times; the middle 95% of the
means is the interval (percentile method).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec.errors import ConfigError
from pyrec.evaluation.evidence import PerUser
from pyrec.runtime import resolve_threads

__all__ = ["CONFIDENCE", "Estimate", "Values", "bootstrap", "checked_resampling", "estimates"]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Values:
    """One number per user, and how they make one mean.

    Parameters
    ----------
    values : float64 (n,)
        NaN where the metric means nothing for the user.
    weights : float64 (n,), optional
        How much each user counts, such as by the number of their ratings; all alike if not given.
    power : float
        Of the mean: 2 for the root of a mean of squares.
    """

    values: PerUser
    weights: PerUser | None = None
    power: float = 1.0

    @property
    def defined(self) -> NDArray[np.bool_]:
        """For whom there is a value."""
        return ~np.isnan(self.values)

    def take(self, users: NDArray[Any]) -> "Values":
        """Return the values of some of the users."""
        weights = None if self.weights is None else self.weights[users]
        return Values(self.values[users], weights, self.power)

    def columns(self) -> tuple[PerUser, PerUser]:
        """Return per user the weighted power, and the weight: sums of both make a mean."""
        weights = np.ones(len(self.values)) if self.weights is None else self.weights
        weights = np.where(self.defined, weights, 0.0)
        return weights * np.where(self.defined, self.values, 0.0) ** self.power, weights

    def mean_of(self, totals: Any, weights: Any) -> Any:
        """Return the mean that sums of `columns` make; NaN where nothing was summed."""
        totals, weights = np.asarray(totals, float), np.asarray(weights, float)
        with np.errstate(invalid="ignore"):
            # A draw may hold only users without a value: 0 / 0, which is no mean.
            means: Any = np.maximum(totals, 0.0) if self.power != 1 else totals
            return (means / weights) ** (1 / self.power)

    def mean(self) -> float:
        """Return the mean over all users."""
        totals, weights = self.columns()
        return float(self.mean_of(totals.sum(), weights.sum()))


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95% interval; metrics of the whole catalogue have none.

    Parameters
    ----------
    mean : float
        The value.
    low, high : float or None
        The interval.
    users : int or None
        Over how many users, for a mean.
    """

    mean: float
    low: float | None = None
    high: float | None = None
    users: int | None = None

    def to_dict(self) -> dict[str, float | int | None]:
        """Return plain data, for JSON: what is not a number becomes None."""
        numbers = {"mean": self.mean, "low": self.low, "high": self.high}
        plain: dict[str, float | int | None] = {
            name: None if number is None or np.isnan(number) else float(number)
            for name, number in numbers.items()
        }
        return plain | {"users": self.users}


def estimates(
    values: Mapping[str, Values], resamples: int, random_state: int
) -> dict[str, Estimate]:
    """Return the mean of each metric with its bootstrap interval; 0 resamples give no intervals."""
    sums = bootstrap([column for one in values.values() for column in one.columns()],
                     resamples, random_state)  # fmt: skip
    found = {}
    for i, (label, one) in enumerate(values.items()):
        low, high = interval(one.mean_of(sums[:, 2 * i], sums[:, 2 * i + 1]))
        found[label] = Estimate(one.mean(), low, high, int(one.defined.sum()))
    return found


def bootstrap(columns: list[PerUser], resamples: int, random_state: int) -> NDArray[np.float64]:
    """Return sums (resamples, columns) over users drawn anew; one draw serves all columns."""
    # A column of equal numbers has the same sum in every draw: no need to draw it.
    varying = [i for i, column in enumerate(columns) if np.ptp(column) > 0]
    sums = np.tile([column.sum() for column in columns], (resamples, 1))
    if varying and resamples:
        sums[:, varying] = _kernels.bootstrap_sums(
            np.stack([columns[i] for i in varying], axis=1),
            replicates=resamples,
            seed=random_state,
            threads=resolve_threads(),
        )
    return sums


def interval(replicates: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the middle 95% of replicated means, or nothing where there are none."""
    replicates = replicates[~np.isnan(replicates)]
    if not len(replicates):
        return None, None
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(replicates, [tail, 100 - tail])
    return float(low), float(high)


def checked_resampling(resamples: Any, random_state: Any) -> tuple[int, int]:
    """Return both as whole numbers of 0 or more, or raise naming the one that is not."""
    for name, value in {"resamples": resamples, "random_state": random_state}.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
            raise ConfigError(f"{name}: must be a whole number of 0 or more, not {value!r}")
    return int(resamples), int(random_state)
