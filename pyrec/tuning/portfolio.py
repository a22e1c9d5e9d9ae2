"""Portfolio: what is tried first on a log that nobody has looked at."""

from pyrec.data.interactions import Interactions
from pyrec.models.base import Estimator
from pyrec.models.registry import MODELS, estimator_class

__all__ = ["family", "portfolio"]

# Multiply-adds per second of a factorisation on an ordinary core, to leave out what takes too long.
_SPEED = 2e10


def portfolio(interactions: Interactions, seconds: float) -> list[Estimator]:
    """Return estimators of every family with options that do well on many logs, cheap ones first.

    Parameters
    ----------
    interactions : Interactions
        The training data.
    seconds : float
        What a single fit may take: a closed form of all items by all items is left out beyond.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> log = Interactions.from_scipy(sp.csr_array([[1, 1, 0], [0, 1, 1]]))
    >>> [estimator.name for estimator in portfolio(log, 10)][:3]
    ['graph_filter', 'als', 'als']
    """
    n = len(interactions.items)
    rank = min(512, max(8, min(interactions.shape) // 8))
    als = {"iterations": 8}
    ease = {"user_exponent": 0.5, "item_exponent": 0.25}
    choices: list[tuple[str, dict[str, object]]] = [
        ("graph_filter", {"neighbors": 1000}),
        ("als", {**als, "factors": min(128, rank), "regularization": 0.003}),
        ("als", {**als, "factors": min(64, rank), "regularization": 0.02}),
        ("item_knn", {"neighbors": 300}),
        ("rp3beta", {"neighbors": 500}),
        ("user_knn", {"neighbors": 200}),
        ("ease", {**ease, "regularization": 300}),
        ("ease", {**ease, "regularization": 1000}),
        ("sparse_ease", {**ease, "regularization": 100}),
        ("slim", {}),
    ]
    if n**3 / 3 > seconds * _SPEED:
        choices = [(name, options) for name, options in choices if name != "ease"]
    return [estimator_class(name)(**options) for name, options in choices]


def family(estimator: Estimator) -> str:
    """Return the kind of model: those of one kind err alike, and blends gain from different ones.

    Examples
    --------
    >>> family(estimator_class("p3alpha")()) == family(estimator_class("graph_filter")())
    True
    """
    return MODELS[estimator.name][0] if estimator.name in MODELS else estimator.name
