"""Early stopping: a training ends when a validation metric no longer improves."""

from typing import Any

from pyrec.arguments import require
from pyrec.errors import ConfigError
from pyrec.models.base import Step
from pyrec.tuning.validation import Fold, Judge

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """A callback of `fit` that ends a training which no longer gets better on held-out pairs.

    Judges the model after every pass. Afterwards `iteration` says which pass was the best: so many
    are right for a fit on everything.

    Parameters
    ----------
    fold : Fold
        What the model is fitted on and judged on (see `pyrec.tuning.validation.cut`).
    metric : str, default "ndcg@20"
        What is to get better.
    patience : int, default 2
        After so many passes without a new best it ends.
    **options
        Of the protocol, as in `pyrec.evaluate`.

    Attributes
    ----------
    value : float or None
        The best value of the metric so far.
    iteration : int
        The pass that had it; 0 before the first.

    Raises
    ------
    ConfigError
        For an unknown metric, or a patience below 1.

    Examples
    --------
    >>> import pyrec, numpy as np, scipy.sparse as sp
    >>> from pyrec.tuning.validation import cut
    >>> log = pyrec.Interactions.from_scipy(
    ...     sp.random_array((80, 30), density=0.3, rng=np.random.default_rng(0)))
    >>> stopping, als = EarlyStopping(fold := cut(log)), pyrec.ALS(factors=8, iterations=50)
    >>> _ = als.fit(fold.train, callback=stopping)
    >>> model = als.replace(iterations=stopping.iteration).fit(log)
    >>> model.estimator.iterations < 50
    True
    """

    def __init__(
        self, fold: Fold, metric: str = "ndcg@20", patience: int = 2, **options: Any
    ) -> None:
        require(fold, Fold, "fold", "pyrec.tuning.validation.cut makes it")
        if patience < 1:
            raise ConfigError(f"patience: must be 1 or more, not {patience}")
        self._fold, self._judge = fold, Judge(metric, **options)
        self.patience = patience
        self.value: float | None = None
        self.iteration = 0

    def __call__(self, step: Step) -> bool:
        """Judge the model as it stands; True ends the training."""
        value = self._judge(step.model(), self._fold)
        if self.value is None or self._judge.better(value, self.value):
            self.value, self.iteration = value, step.iteration
        return step.iteration - self.iteration >= self.patience
