"""Portfolio: what is tried first on a log that nobody has looked at."""

import numpy as np

from pyrec.data.interactions import Interactions
from pyrec.models.base import Estimator
from pyrec.models.registry import MODELS, estimator_class

__all__ = ["family", "portfolio"]

# Multiply-adds per second of a factorisation on an ordinary core, to leave out what takes too long.
_SPEED = 2e10
# Products of two users' items per second, and how many of them a regression of a user takes as long
# as: 30,000 users of Gowalla take 8 s, 6,000 of MovieLens-1M, with nine times the products, 4 s.
_PRODUCTS = 4e9
_REGRESSION = 1e6
# Regressions of items on items err alike, whether in closed form or not.
_ALIKE = {"pyrec.models.ease": "pyrec.models.slim"}


def portfolio(interactions: Interactions, seconds: float) -> list[Estimator]:
    """Return estimators of every family with options that do well on many logs, cheap ones first.

    Parameters
    ----------
    interactions : Interactions
        The training data.
    seconds : float
        What a single fit may take: a closed form of all items by all items, regressions of users
        and a factorisation with as many factors as the data may bear, are left out beyond.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> log = Interactions.from_scipy(sp.csr_array([[1, 1, 0], [0, 1, 1]]))
    >>> [estimator.name for estimator in portfolio(log, 10)][:3]
    ['popularity', 'graph_filter', 'als']
    """
    n = len(interactions.items)
    rank = min(512, max(8, min(interactions.shape) // 8))
    normal = {"user_exponent": 0.5, "item_exponent": 0.25}
    sparse = {"user_exponent": 0.5, "item_exponent": 0.1}  # better where items are many
    choices: list[tuple[str, dict[str, object]]] = [
        # The best on new products of a grocery, and all there is where nobody has two things.
        ("popularity", {}),
        ("graph_filter", {"neighbors": 1000}),
        ("als", {"iterations": 8, "factors": min(64, rank), "regularization": 0.02}),
        ("als", {"iterations": 8, "factors": min(128, rank), "regularization": 0.003}),
        ("slim", {"l2": 30}),
        ("sparse_ease", {**normal, "regularization": 300}),
        ("slim", {"l1": 0, "l2": 30, "user_exponent": 0.25}),
        ("sparse_ease", {**sparse, "regularization": 150, "neighbors": 300}),
        ("user_knn", {"neighbors": 200}),
        ("rp3beta", {"beta": 0.2, "neighbors_of": "target", "normalize": True}),
        ("item_knn", {"neighbors": 300}),
        ("pure_svd", {"factors": min(64, rank, *interactions.shape)}),
    ]
    if n**3 / 3 <= seconds * _SPEED:
        choices += [
            ("ease", {**normal, "regularization": 1000}),
            ("ease", {**normal, "regularization": 300}),
        ]
    bought = np.diff(interactions.by_item.offsets).astype(np.float64)
    if np.sum(bought**2) + _REGRESSION * interactions.shape[0] <= seconds * _PRODUCTS:
        choices += [("user_slim", {}), ("user_slim", {"neighbors": 400, "l1": 1, "l2": 100})]
    passes = 6
    if 3 * passes * rank**2 * sum(interactions.shape) <= seconds * _SPEED:
        large: dict[str, object] = {"iterations": passes, "factors": rank, "regularization": 0.003}
        choices.append(("als", large))
    return [estimator_class(name)(**options) for name, options in choices]


def family(estimator: Estimator) -> str:
    """Return the kind of model: those of one kind err alike, and blends gain from different ones.

    Examples
    --------
    >>> family(estimator_class("p3alpha")()) == family(estimator_class("graph_filter")())
    True
    """
    module = MODELS[estimator.name][0] if estimator.name in MODELS else estimator.name
    return _ALIKE.get(module, module)
