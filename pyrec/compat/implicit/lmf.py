"""Logistic matrix factorization: not here, and this says so when it is asked for, not before.

Programs import it beside other classes, which shall work.
"""

from typing import Any

from pyrec.errors import NotSupportedError

__all__ = ["LogisticMatrixFactorization"]


class LogisticMatrixFactorization:
    """Refuses to be made."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise NotSupportedError(
            "LogisticMatrixFactorization: pyrec has none; AlternatingLeastSquares and "
            "BayesianPersonalizedRanking learn from the same matrix"
        )
