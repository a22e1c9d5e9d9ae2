"""cross_validate: fit and judge an estimator on several splits of the same log."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyrec.arguments import require
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions
from pyrec.errors import ConfigError
from pyrec.evaluation.evaluate import evaluate
from pyrec.evaluation.protocol import Protocol
from pyrec.evaluation.results import Report
from pyrec.models.base import Estimator
from pyrec.preparation.split import FoldSplit, split

__all__ = ["CrossValidation", "cross_validate"]

# Keywords of `evaluate` that are no options of a protocol.
_NOT_OF_PROTOCOL = ("candidates", "threads")


@dataclass(frozen=True)
class CrossValidation:
    """What `pyrec.cross_validate` found: a report for each fold.

    Parameters
    ----------
    reports : tuple of Report
        In the order of the folds.
    """

    reports: tuple[Report, ...]

    def values(self, metric: str, part: str | None = None) -> list[float]:
        """Return a metric's mean in each fold, of the main part or of the named one."""
        return [
            (report.main if part is None else report.part(part))[metric] for report in self.reports
        ]

    def __getitem__(self, metric: str) -> float:
        return float(np.mean(self.values(metric)))

    def deviation(self, metric: str) -> float:
        """Return the standard deviation of a metric between folds.

        The folds share most of their training data, so that it tells less than it seems to (Bengio
        and Grandvalet, "No unbiased estimator of the variance of k-fold cross-validation", 2004).
        """
        return float(np.std(self.values(metric), ddof=1))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        means = {
            label: {"mean": self[label], "deviation": self.deviation(label)}
            for label in self.reports[0].main.estimates
        }
        return {"metrics": means, "folds": [report.to_dict() for report in self.reports]}

    def __str__(self) -> str:
        labels = list(self.reports[0].main.estimates)
        width = max(len("metric"), *map(len, labels))
        lines = [
            f"{self.reports[0].model['name']}, {len(self.reports)} folds, "
            f"{self.reports[0].main.title}",
            f"  {'metric':<{width}}    mean  deviation",
        ]
        for label in labels:
            lines.append(f"  {label:<{width}}  {self[label]:6.4f}     {self.deviation(label):.4f}")
        return "\n".join(lines)


def cross_validate(
    estimator: Estimator,
    events: Events,
    *,
    folds: FoldSplit | int = 5,
    aggregate: Callable[[Events], Interactions] = Events.aggregate,
    **options: Any,
) -> CrossValidation:
    """Fit and judge an estimator on each fold of a log.

    Parameters
    ----------
    estimator : Estimator
        What to fit.
    events : Events
        The log.
    folds : FoldSplit or int, default 5
        How to deal the log; a number stands for as many folds by chance.
    aggregate : callable, optional
        Makes the training matrix of a fold's events; every event weighs alike if not given.
    **options
        As in `pyrec.evaluate`.

    Raises
    ------
    ConfigError, DataError
        As splitting, fitting and `pyrec.evaluate` do.

    Examples
    --------
    >>> import pyrec
    >>> log = pyrec.Events.from_ids(users=[1, 1, 1, 2, 2, 2] * 2, items=[*range(6)] * 2)
    >>> found = pyrec.cross_validate(pyrec.Popularity(), log, folds=3, metrics="recall@2")
    >>> len(found.reports)
    3
    """
    if not isinstance(estimator, Estimator):
        raise ConfigError(f"estimator: must be one such as pyrec.Popularity(), not {estimator!r}")
    require(events, Events, "events", "pyrec.read_events or Events.from_interactions makes them")
    Protocol(**{name: value for name, value in options.items() if name not in _NOT_OF_PROTOCOL})
    cut = folds if isinstance(folds, FoldSplit) else FoldSplit(k=folds)
    reports = []
    for fold in split(events, cut):
        model = estimator.fit(aggregate(fold.train))
        reports.append(evaluate(model, fold, **options))
    return CrossValidation(tuple(reports))
