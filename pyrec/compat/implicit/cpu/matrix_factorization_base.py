"""Models whose score is an inner product: what is asked of their factors."""

import warnings
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pyrec._kernels import Csr
from pyrec.compat.implicit.recommender_base import (
    Answer,
    ModelFitError,
    RecommenderBase,
    UnavailableError,
    finished,
    length,
    npz,
    only,
    queries,
    rows_of,
)
from pyrec.data.bits import bits_at
from pyrec.data.interactions import frozen
from pyrec.errors import ConfigError, DataError
from pyrec.item_index import ItemIndex, as_factors
from pyrec.models.factors import directions
from pyrec.models.query import require_room
from pyrec.runtime import resolve_threads

__all__ = ["Factors", "MatrixFactorizationBase"]


class Factors:
    """The factors of all users or all items, and what is derived from them when first needed.

    Attributes
    ----------
    array : float array (n, factors)
        Read-only, so that nothing derived can be out of date.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = frozen(np.ascontiguousarray(array))
        self.prepared: dict[Any, Any] = {}
        """What a kind of model makes of them for itself."""

    @cached_property
    def single(self) -> NDArray[np.float32]:
        """The factors as kernels take them."""
        return frozen(as_factors(self.array, "factors"))

    @cached_property
    def index(self) -> ItemIndex:
        """The factors as repeated top-k wants them."""
        return ItemIndex(self.single)

    @cached_property
    def directions(self) -> ItemIndex:
        """The same scaled to length 1: their inner products are cosines."""
        return ItemIndex(directions(self.single))

    @cached_property
    def norms(self) -> NDArray[Any]:
        """Their lengths; tiny instead of 0, so that one may divide by them."""
        norms: NDArray[Any] = np.linalg.norm(self.array, axis=1)
        return np.where(norms == 0, 1e-10, norms).astype(self.array.dtype)

    def __len__(self) -> int:
        return len(self.array)

    def __getstate__(self) -> dict[str, Any]:
        return {"array": self.array, "prepared": {}}


class MatrixFactorizationBase(RecommenderBase):
    """A model whose score of a pair is the inner product of its factors.

    Attributes
    ----------
    user_factors, item_factors : float array (n, factors), or None before `fit`
        Read-only; assign another array to replace them.
    num_threads : int
        0 means the default of the process.
    """

    _STORED: tuple[str, ...] = ()
    """What `save` writes beside the factors."""

    dtype: Any
    random_state: Any

    def __init__(self, num_threads: int = 0) -> None:
        self.num_threads = num_threads
        self._users: Factors | None = None
        self._items: Factors | None = None

    @property
    def user_factors(self) -> NDArray[Any] | None:
        """The factors of users."""
        return None if self._users is None else self._users.array

    @user_factors.setter
    def user_factors(self, array: NDArray[Any] | None) -> None:
        self._users = None if array is None else Factors(array)

    @property
    def item_factors(self) -> NDArray[Any] | None:
        """The factors of items."""
        return None if self._items is None else self._items.array

    @item_factors.setter
    def item_factors(self, array: NDArray[Any] | None) -> None:
        self._items = None if array is None else Factors(array)

    @property
    def user_norms(self) -> NDArray[Any]:
        """Lengths of the users' factors."""
        return self._fitted(self._users).norms

    @property
    def item_norms(self) -> NDArray[Any]:
        """Lengths of the items' factors."""
        return self._fitted(self._items).norms

    def recommend(
        self,
        userid: Any,
        user_items: Any,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: Any = None,
        recalculate_user: bool = False,
        items: Any = None,
    ) -> Answer:
        """Return ids and scores of the best items; see `RecommenderBase.recommend`."""
        known = self._fitted(self._items)
        allowed, chosen = only(len(known), items, filter_items, ("items", "filter_items"))
        n, k = np.size(userid), length(N, chosen)
        require_room(n, k)
        liked: Csr | None = None
        if filter_already_liked_items or recalculate_user:
            liked = rows_of(user_items, n, len(known))
        if recalculate_user:
            people = np.atleast_2d(self.recalculate_user(userid, user_items))
        else:
            people = self._take(self._users, userid, "userid")
        lists = known.index.recommend(
            as_factors(people, "users"),
            k,
            exclude=liked if filter_already_liked_items else None,
            allowed=allowed,
            threads=resolve_threads(self.num_threads),
        )
        return finished(lists, np.ndim(userid) == 0, self.dtype, chosen)

    def recommend_all(
        self,
        user_items: Any,
        N: int = 10,
        recalculate_user: bool = False,
        filter_already_liked_items: bool = True,
        filter_items: Any = None,
        users_items_offset: int = 0,
    ) -> NDArray[Any]:
        """Return the ids that `recommend` returns for the users of all rows of `user_items`."""
        warnings.warn("use recommend with an array of users", DeprecationWarning, stacklevel=2)
        return self.recommend(
            np.arange(user_items.shape[0]) + users_items_offset,
            user_items,
            N,
            filter_already_liked_items,
            filter_items,
            recalculate_user,
        )[0]

    def recalculate_user(self, userid: Any, user_items: Any) -> NDArray[Any]:
        """Return factors of users from what they liked, if this kind of model can."""
        raise UnavailableError(f"{type(self).__name__}: cannot recalculate users")

    def recalculate_item(self, itemid: Any, item_users: Any) -> NDArray[Any]:
        """Return factors of items from who liked them, if this kind of model can."""
        raise UnavailableError(f"{type(self).__name__}: cannot recalculate items")

    def similar_users(
        self, userid: Any, N: int = 10, filter_users: Any = None, users: Any = None
    ) -> Answer:
        """Return ids and cosines of the users most like one or many, themselves first."""
        names = ("users", "filter_users")
        return self._similar(self._users, userid, None, N, users, filter_users, names)

    def similar_items(
        self,
        itemid: Any,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: Any = None,
        filter_items: Any = None,
        items: Any = None,
    ) -> Answer:
        """Return ids and cosines of the items most like one or many, themselves first."""
        factors = self.recalculate_item(itemid, item_users) if recalculate_item else None
        names = ("items", "filter_items")
        return self._similar(self._items, itemid, factors, N, items, filter_items, names)

    def _similar(
        self,
        side: Factors | None,
        ids: Any,
        factors: NDArray[Any] | None,
        N: int,
        wanted: Any,
        unwanted: Any,
        names: tuple[str, str],
    ) -> Answer:
        """Rank one side by cosine to some of its own, or to factors given for them."""
        known = self._fitted(side)
        allowed, chosen = only(len(known), wanted, unwanted, names)
        n, k = np.size(ids), length(N, chosen)
        require_room(n, k)
        threads = resolve_threads(self.num_threads)
        if factors is not None:
            asked = directions(as_factors(np.atleast_2d(factors), "factors"))
            lists = known.directions.recommend(asked, k, allowed=allowed, threads=threads)
            return finished(lists, np.ndim(ids) == 0, self.dtype, chosen)
        selves, scalar = queries(ids, len(known), "ids")
        asked = known.directions.items[selves]
        itself = Csr(
            frozen(np.arange(n + 1, dtype=np.int64)),
            frozen(selves),
            frozen(np.ones(n, np.float32)),
            len(known),
        )
        rows, scores = known.directions.recommend(
            asked, k, exclude=itself, allowed=allowed, threads=threads
        )
        # Rounding could put another before the one asked for, or give it a cosine other than 1.
        first = np.ones(n, bool) if allowed is None else bits_at(allowed, selves)
        own = np.any(asked != 0, axis=1).astype(np.float32)
        rows = np.where(first[:, None], np.column_stack([selves, rows])[:, :k], rows)
        scores = np.minimum(scores, np.float32(1))
        scores = np.where(first[:, None], np.column_stack([own, scores])[:, :k], scores)
        return finished((rows, scores), scalar, self.dtype, chosen)

    def save(self, file: Any) -> None:
        """Write an ``.npz`` to a path or an open file."""
        stored = {name: getattr(self, name) for name in self._STORED}
        stored |= {"user_factors": self.user_factors, "item_factors": self.item_factors}
        stored["dtype"] = np.dtype(self.dtype).name
        if not isinstance(self.random_state, int | np.integer):
            del stored["random_state"]  # a generator could only be pickled
        np.savez(npz(file), **{k: v for k, v in stored.items() if v is not None})

    @classmethod
    def load(cls, fileobj_or_path: Any) -> Self:
        """Read what `save` has written, here or in implicit."""
        model = super().load(fileobj_or_path)
        model.dtype = checked_dtype(model.dtype)
        return model

    @staticmethod
    def _fitted(side: Factors | None) -> Factors:
        if side is None:
            raise DataError("the model is not fitted: call fit(user_items) first")
        return side

    def _take(self, side: Factors | None, ids: Any, name: str) -> NDArray[np.float32]:
        known = self._fitted(side)
        return known.single[queries(ids, len(known), name)[0]]

    def _start(self, side: Factors | None, rows: int, columns: int) -> NDArray[np.float32] | None:
        """Return a copy of the factors from which a fit goes on, if there are any that fit."""
        if side is None or side.array.shape != (rows, columns):
            return None
        return side.single.copy()

    def _keep(self, users: NDArray[Any], items: NDArray[Any]) -> None:
        """Take what a fit has learnt, and does not need any more."""
        if not (np.all(np.isfinite(users)) and np.all(np.isfinite(items))):
            raise ModelFitError(
                "NaN encountered in factors: the training diverged; lower learning_rate or raise "
                "regularization"
            )
        dtype = checked_dtype(self.dtype)
        for side in (users, items):
            side.flags.writeable = False  # so that they are not copied
        self.user_factors = users.astype(dtype, copy=False)
        self.item_factors = items.astype(dtype, copy=False)


def checked_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Return the type of the factors, or raise."""
    found = np.dtype(dtype)
    if found not in (np.float32, np.float64):
        raise ConfigError(f"dtype: must be float32 or float64, not {found}")
    return found
