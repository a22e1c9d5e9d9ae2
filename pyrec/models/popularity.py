"""Popularity: what most people had, over the whole period or lately. The baseline to beat."""

from typing import Annotated, Any, ClassVar, Self

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.bits import Words
from pyrec.data.interactions import Interactions
from pyrec.errors import DataError
from pyrec.models.abilities import FoldsIn, Refits
from pyrec.models.base import Callback, Estimator, Lists, Model
from pyrec.models.degrees import votes
from pyrec.models.query import Filter
from pyrec.models.search import Ranges

__all__ = ["Popularity", "PopularityModel"]

MICROSECONDS_PER_DAY = 86_400_000_000


class Popularity(Estimator, frozen=True, kw_only=True):
    """Rank items by how many users had them, less those who disliked them (a weight below 0).

    Parameters
    ----------
    half_life : float, optional
        In days: a user counts half if their latest event with the item lies this much before the
        latest event of all. Needs timestamps. None counts the whole period alike.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> model = Popularity().fit(sp.csr_array([[1, 0, 1], [0, 0, 1]]))
    >>> model.recommend(1, k=2).ids.tolist()
    [0, 1]
    """

    name: ClassVar[str] = "popularity"
    search: ClassVar[Ranges] = {}

    half_life: Annotated[float, Meta(gt=0)] | None = None

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "PopularityModel":
        weights = votes(interactions.csr)
        if self.half_life is not None:
            if interactions.timestamps is None:
                raise DataError("half_life: the interactions have no timestamps to decay by")
            age = interactions.timestamps.max() - interactions.timestamps
            weights *= 0.5 ** (age / (self.half_life * MICROSECONDS_PER_DAY))
        counts = np.bincount(
            interactions.csr.columns, weights=weights, minlength=len(interactions.items)
        )
        return PopularityModel(self, interactions, counts.astype(np.float32))


class PopularityModel(Model, FoldsIn, Refits):
    """A fitted `Popularity`; the score of an item is its (decayed) number of users."""

    personal = False

    def __init__(
        self, estimator: Popularity, interactions: Interactions, counts: NDArray[np.float32]
    ) -> None:
        super().__init__(estimator, interactions)
        self.counts = counts

    def _top_k(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        exclude: Csr | None,
        allowed: Words | None,
        threads: int,
    ) -> Lists:
        # A model of one factor: everyone's taste is 1, and an item's factor its count.
        everyone = np.ones((len(user_rows), 1), dtype=np.float32)
        return _kernels.recommend_dense(
            everyone, self.counts[:, None], exclude, allowed, k=k, threads=threads
        )

    def _top_k_for(self, histories: Csr, k: int, filter_: Filter, threads: int) -> Lists:
        everyone = np.ones((histories.shape[0], 1), dtype=np.float32)
        return filter_.top_k(everyone, self.counts[:, None], k)

    def _score(
        self, user_rows: NDArray[np.int32], item_rows: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        return self.counts[item_rows]

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {"counts": self.counts}

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        return cls(estimator, interactions, arrays["counts"])
