"""Models whose score is an inner product: what they have in common, however factors are learnt."""

from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.bits import Words
from pyrec.data.interactions import Interactions, frozen
from pyrec.io.artifact import part_of
from pyrec.kernels import ItemIndex
from pyrec.models.abilities import FoldsIn, Forgets, SimilarItems, SimilarUsers
from pyrec.models.base import Estimator, Lists, Model, Step
from pyrec.models.query import Filter
from pyrec.runtime import resolve_threads

__all__ = ["FactorModel", "FactorStep", "directions"]

_F32 = NDArray[np.float32]


class FactorModel(Model, FoldsIn, SimilarItems, SimilarUsers, Forgets):
    """A model whose score of a pair is the inner product of its factors.

    An author of a family writes `fold_in`.

    Attributes
    ----------
    user_factors : float32 (n_users, factors)
        Read-only.
    item_factors : float32 (n_items, factors)
        Read-only.
    """

    _per_user = ("user_factors",)

    def __init__(
        self,
        estimator: Estimator,
        interactions: Interactions,
        user_factors: _F32,
        item_factors: _F32,
    ) -> None:
        super().__init__(estimator, interactions)
        self.user_factors = frozen(user_factors)
        self.item_factors = frozen(item_factors)

    @abstractmethod
    def fold_in(self, histories: Csr, threads: int = 0) -> _F32:
        """Return factors (n, factors) of people from their histories (n, n_items)."""

    def _top_k(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        exclude: Csr | None,
        allowed: Words | None,
        threads: int,
    ) -> Lists:
        return self._index.recommend(
            self.user_factors[user_rows], k, exclude=exclude, allowed=allowed, threads=threads
        )

    def _scratch_bytes(self, n: int, k: int, threads: int) -> int:
        # Copies of the users' factors; each thread's bit per item and block of at most 192 users;
        # codes, order and bounds of an index of the allowed items, made where a filter leaves few.
        factors, items = int(self.item_factors.shape[1]), len(self.items)
        block = 192 * (16 * min(k, items) + 16 * factors + 128)
        index = (factors + 24) * (items + 64)
        return (4 * factors + 32) * n + threads * (block + items // 8) + index

    @cached_property
    def _index(self) -> ItemIndex:
        """The items as repeated top-k wants them: a quarter of the item factors more."""
        return ItemIndex(self.item_factors)

    def _score(self, user_rows: NDArray[np.int32], item_rows: NDArray[np.int32]) -> _F32:
        return _kernels.score_pairs(
            self.user_factors, self.item_factors, user_rows, item_rows, threads=resolve_threads()
        )

    def _top_k_for(self, histories: Csr, k: int, filter_: Filter, threads: int) -> Lists:
        return self._top_k_of(self.fold_in(histories, threads), k, filter_, threads)

    def _top_k_of(self, people: _F32, k: int, filter_: Filter, threads: int) -> Lists:
        """Rank all items for people of given factors."""
        if filter_.candidates is not None:
            return filter_.top_k(people, self.item_factors, k)
        return self._index.recommend(
            people, k, exclude=filter_.exclude, allowed=filter_.allowed, threads=threads
        )

    def _similar_items(self, item_rows: NDArray[np.int32], k: int, threads: int) -> Lists:
        return _most_similar(self._item_directions, item_rows, k, threads)

    def _similar_users(self, user_rows: NDArray[np.int32], k: int, threads: int) -> Lists:
        return _most_similar(self._user_directions, user_rows, k, threads)

    @cached_property
    def _item_directions(self) -> ItemIndex:
        return ItemIndex(directions(self.item_factors))

    @cached_property
    def _user_directions(self) -> ItemIndex:
        return ItemIndex(directions(self.user_factors))

    def _arrays(self) -> dict[str, NDArray[Any]]:
        index = {f"index.{name}": array for name, array in self._index.to_arrays().items()}
        return {"user_factors": self.user_factors, **index}

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        index = ItemIndex.from_arrays(part_of(arrays, "index"))
        model = cls(estimator, interactions, arrays["user_factors"], index.items)
        model._index = index
        return model


class FactorStep(Step):
    """One pass of a training, as a callback sees it.

    Attributes
    ----------
    iteration : int
        From 1.
    seconds : float
        What it took.
    """

    def __init__(
        self,
        iteration: int,
        seconds: float,
        loss: Callable[[], float],
        model: Callable[[], FactorModel],
    ) -> None:
        self.iteration = iteration
        self.seconds = seconds
        self._loss, self._model = loss, model

    @property
    def loss(self) -> float:
        """What the training lowers, a mean over interactions."""
        return self._loss()

    def model(self) -> FactorModel:
        """Return the model as it stands."""
        return self._model()


def directions(factors: _F32) -> _F32:
    """Return the rows scaled to length 1; zero rows stay zero."""
    norms = np.linalg.norm(factors, axis=1, keepdims=True)
    directions: _F32 = np.divide(factors, norms, out=np.zeros_like(factors), where=norms > 0)
    return directions


def _most_similar(of: ItemIndex, rows: NDArray[np.int32], k: int, threads: int) -> Lists:
    """Rank by cosine, each query itself left out."""
    n = len(rows)
    offsets = np.arange(n + 1, dtype=np.int64)
    ones = np.ones(n, dtype=np.float32)
    itself = Csr(frozen(offsets), frozen(rows), frozen(ones), len(of))
    found, scores = of.recommend(of.items[rows], k, exclude=itself, threads=threads)
    return found, np.minimum(scores, np.float32(1))
