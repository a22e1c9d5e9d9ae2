"""ExplicitALS: what somebody would rate an item, from the ratings there are."""

from functools import cached_property
from time import perf_counter
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.data.interactions import Interactions, entry_rows
from pyrec.item_index import ItemIndex
from pyrec.models.base import Callback, Estimator
from pyrec.models.factors import FactorModel, FactorStep, directions
from pyrec.models.search import Floats, Integers, Ranges
from pyrec.runtime import resolve_threads

__all__ = ["ExplicitALS", "ExplicitALSModel"]

_F32 = NDArray[np.float32]


class ExplicitALS(Estimator, frozen=True, kw_only=True):
    """Predict ratings by a mean, biases of users and items, and factors.

    Minimises over the known ratings `r` of users and items the sum of ``(r - mean - b_u - b_i -
    u.v)^2``, plus `regularization` times ``n (|u|^2 + b^2)`` for each user and item with `n`
    ratings (Zhou, Wilkinson, Schreiber, Pan: Large-scale parallel collaborative filtering for the
    Netflix prize, AAIM 2008; biases as in Koren, Bell, Volinsky, IEEE Computer 42, 2009), solving
    for users and items in turn, each exactly. What was not rated does not count, so that lists are
    those of the highest ratings; for what people choose, implicit-feedback models are better.

    Parameters
    ----------
    factors : int, default 32
        Number of factors.
    regularization : float, default 0.05
        Weight of the penalty on large factors and biases.
    iterations : int, default 15
        Passes over users and items.
    random_state : int, default 0
        Seed of the start.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> ratings = sp.csr_array([[5.0, 1, 5], [4, 1, 4], [5, 2, 5], [4, 1, 0]])
    >>> model = ExplicitALS(factors=1).fit(ratings)
    >>> round(model.score(3, 2))
    4
    """

    name: ClassVar[str] = "explicit_als"
    search: ClassVar[Ranges] = {
        "factors": Integers(low=8, high=128, log=True),
        "regularization": Floats(low=0.005, high=0.5, log=True),
    }

    factors: Annotated[int, Meta(ge=1, le=1024)] = 32
    regularization: Annotated[float, Meta(gt=0)] = 0.05
    iterations: Annotated[int, Meta(ge=1)] = 15
    random_state: Annotated[int, Meta(ge=0)] = 0

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "ExplicitALSModel":
        require_memory(
            8 * sum(interactions.shape) * (self.factors + 2), "factors", "ask for fewer `factors`"
        )
        by_user, by_item = interactions.csr, interactions.by_item
        mean = np.float32(np.mean(by_user.values, dtype=np.float64))
        random = np.random.default_rng(self.random_state)
        # Each row: factors, then a bias.
        items = np.zeros((len(interactions.items), self.factors + 1), np.float32)
        items[:, :-1] = random.normal(0, 0.1, (len(items), self.factors))
        for iteration in range(1, self.iterations + 1):
            started = perf_counter()
            users = self.solve(by_user, items, mean)
            items = self.solve(by_item, users, mean)
            model = ExplicitALSModel(self, interactions, *_joined(users, items, mean))
            step = FactorStep(
                iteration,
                perf_counter() - started,
                lambda model=model: model.squared_error(),  # type: ignore[misc]
                lambda model=model: model,  # type: ignore[misc]
            )
            if callback is not None and callback(step):
                break
        return model

    def solve(self, ratings: Csr, others: _F32, mean: np.float32, threads: int = 0) -> _F32:
        """Return factors and bias of each row of ratings, those of its columns being fixed."""
        table = others.copy()
        table[:, -1] = 1
        return _kernels.solve_ridge(
            ratings,
            table,
            mean + others[:, -1],
            ridge=self.regularization,
            threads=resolve_threads(threads),
        )


class ExplicitALSModel(FactorModel):
    """A fitted `ExplicitALS`; the score of a pair is the predicted rating.

    Attributes
    ----------
    user_factors : float32 (n_users, factors + 2)
        A user's factors, mean plus bias, and 1. Read-only.
    item_factors : float32 (n_items, factors + 2)
        An item's factors, 1, and bias. Read-only.
    """

    estimator: ExplicitALS

    def fold_in(self, histories: Csr, threads: int = 0) -> _F32:
        """Return factors of people from their ratings: the exact minimum for fixed items.

        Parameters
        ----------
        histories : Csr (n, n_items)
            Ratings over item rows.
        threads : int, default 0
            Number of threads; 0 means the default of the process.
        """
        mean = np.float32(np.mean(self.interactions.csr.values, dtype=np.float64))
        items = np.delete(self.item_factors, -2, axis=1)
        people = self.estimator.solve(histories, items, mean, threads)
        return _joined(people, items, mean)[0]

    def squared_error(self) -> float:
        """Return the mean squared error over the ratings that it was trained on."""
        csr = self.interactions.csr
        rows = entry_rows(csr)
        return float(np.mean(np.square(self._score(rows, csr.columns) - csr.values, dtype=float)))

    @cached_property
    def _item_directions(self) -> ItemIndex:
        return ItemIndex(directions(self.item_factors[:, :-2]))

    @cached_property
    def _user_directions(self) -> ItemIndex:
        return ItemIndex(directions(self.user_factors[:, :-2]))


def _joined(users: _F32, items: _F32, mean: np.float32) -> tuple[_F32, _F32]:
    """Return factors whose inner products have the mean and the biases in them."""
    ones = (np.ones((len(side), 1), np.float32) for side in (users, items))
    return (
        np.hstack([users[:, :-1], users[:, -1:] + mean, next(ones)]),
        np.hstack([items[:, :-1], next(ones), items[:, -1:]]),
    )
