"""What changes a fitted model: new interactions, of which it tells how far they moved it; people
who leave.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions, entry_rows
from pyrec.errors import DataError
from pyrec.models.base import Model, checked_input
from pyrec.models.query import encode_queries

__all__ = [
    "Drift", "Forgets", "Refits", "Update", "Updates", "joined_with", "relative_change",
]  # fmt: skip

_I32 = NDArray[np.int32]
_EARLIEST = np.iinfo(np.int64).min


@dataclass(frozen=True, eq=False)
class Update:
    """Interactions with new ones among them.

    Parameters
    ----------
    interactions : Interactions
        Everything; old rows are where they were, new users and items behind them.
    users, items : int32
        Rows of those who had something new, in order.
    pairs : int
        How many pairs were given.
    """

    interactions: Interactions
    users: _I32
    items: _I32
    pairs: int

    @cached_property
    def by_user(self) -> Csr:
        """The whole histories of the touched users."""
        return self.interactions.csr.take(self.users)

    @cached_property
    def by_item(self) -> Csr:
        """The whole columns of the touched items, as rows."""
        # Only these are transposed: for the whole matrix that takes longer than all the rest.
        return self.interactions.csr.take_columns(self.items)


@dataclass(frozen=True)
class Drift:
    """How far a model has come from its last whole fit.

    Parameters
    ----------
    updates : int
        How many times it was updated since.
    given, pairs : int
        How many pairs the updates brought, and how many it knows now.
    users, items : float
        How much the factors that the latest update touched changed, relative to their length;
        those of new users and items do not count.
    """

    updates: int = 0
    given: int = 0
    pairs: int = 0
    users: float = 0.0
    items: float = 0.0

    @property
    def share(self) -> float:
        """What the updates brought, as a share of what the model knows now."""
        return min(1.0, self.given / self.pairs) if self.pairs else 0.0

    def after(self, update: Update, users: float, items: float) -> Self:
        """Return the drift after one more update."""
        given, pairs = self.given + update.pairs, update.interactions.nnz
        return type(self)(self.updates + 1, given, pairs, users, items)

    def to_array(self) -> NDArray[np.float64]:
        """Return the numbers in order, for an artefact."""
        return np.array([getattr(self, one.name) for one in fields(self)], dtype=np.float64)

    @classmethod
    def from_array(cls, array: NDArray[np.float64]) -> Self:
        """Rebuild the drift from `to_array`."""
        updates, given, pairs, users, items = array.tolist()
        return cls(int(updates), int(given), int(pairs), users, items)


class Updates(ABC):
    """Takes in new events without learning everything anew."""

    def partial_fit(self, interactions: Any) -> Self:
        """Return a model that knows further interactions; this one stays as it is.

        Known users and items keep their rows; new ones come behind them. Weights of a pair add up,
        kinds of event join, and the latest time counts. Whatever did not change is shared, but for
        arrays of which some rows did.

        Parameters
        ----------
        interactions : Interactions, Events or scipy sparse (n_users, n_items)
            What is new, weighed as `fit` was given the rest: what is given twice counts twice. Ids
            of a plain matrix are row numbers.

        Raises
        ------
        DataError
            If there are none, if only the model or only they have kinds of event or times, or if
            ids are of another type.
        NotSupportedError
            If this model, as it was fitted, cannot be updated.
        NumericalError
            If a row's equations are singular.
        OutOfMemoryError
            If a second copy of what was learnt does not fit.
        """
        assert isinstance(self, Model)
        return self._updated(joined_with(self.interactions, checked_input(interactions, None)))

    @abstractmethod
    def _updated(self, update: Update) -> Self:
        """Return the model that knows the interactions of an update."""


class Forgets:
    """Forgets people."""

    _per_user: ClassVar[tuple[str, ...]] = ()
    """Names of those of `_arrays` that have a row for each user."""

    def forget(self, users: Any) -> Self:
        """Return a model without some people; this one stays as it is.

        Their ids, histories and factors are in none of its arrays, so that a folder in which it is
        saved over its predecessor holds nothing of them. What a model learnt of items from many
        people at once (item factors, similarities, maps of features) stays as it is until the next
        fit, and with it the small part that these people had in it: fit again where that matters,
        too. Models that are fitted in one cheap pass (`Refits`) do so at once.

        Parameters
        ----------
        users : id or array_like of ids
            Whom to forget.

        Raises
        ------
        UnknownIdError
            For an unknown id.
        DataError
            If nobody is left.
        """
        assert isinstance(self, Model)
        rows, _ = encode_queries(users, self.users)
        keep = np.ones(len(self.users), dtype=bool)
        keep[rows] = False
        if not np.any(keep):
            raise DataError("users: these are all that the model knows; delete it instead")
        return self._without_others(np.flatnonzero(keep))

    def _without_others(self, rows: NDArray[np.int64]) -> Self:
        """Return the model of these users only."""
        # Through the arrays of an artefact: nothing can survive elsewhere.
        assert isinstance(self, Model)
        arrays = self._arrays()
        arrays |= {name: owned(arrays[name][rows]) for name in self._per_user}
        return self._from_arrays(self.estimator, self.interactions.take_users(rows), arrays)


class Refits(Updates, Forgets):
    """Fits so fast that whatever changes is learnt anew, exactly."""

    def _updated(self, update: Update) -> Self:
        return self._refitted(update.interactions)

    def _without_others(self, rows: NDArray[np.int64]) -> Self:
        assert isinstance(self, Model)
        return self._refitted(self.interactions.take_users(rows))

    def _refitted(self, interactions: Interactions) -> Self:
        assert isinstance(self, Model)
        again = self.estimator.fit(interactions)
        assert isinstance(again, type(self))
        return again


def joined_with(known: Interactions, new: Interactions) -> Update:
    """Join new interactions to known ones: the weights of a pair add up, its latest time stays.

    Users and items that are new come behind the known ones, so that no row is re-numbered. Weights
    are added in float32: whole numbers add up exactly as if all events had been merged at once,
    others to their last bit but one.

    Parameters
    ----------
    known, new : Interactions
        Only those of the new ids that have pairs are taken over.

    Raises
    ------
    DataError
        If only one of them has kinds of event or times, or their ids are of different types.

    Examples
    --------
    >>> import pyrec
    >>> monday = pyrec.Events.from_ids(users=[1, 2], items=["tea", "cup"]).aggregate()
    >>> tuesday = pyrec.Events.from_ids(users=[2, 3], items=["cup", "pot"]).aggregate()
    >>> both = joined_with(monday, tuesday)
    >>> both.interactions.items.ids.tolist(), both.interactions.to_scipy().toarray().tolist()
    (['cup', 'tea', 'pot'], [[0.0, 1.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> both.users.tolist(), both.items.tolist()
    ([1, 2], [0, 2])
    """
    _require_alike(known, new)
    user_ids, user_rows = new.users.used(entry_rows(new.csr))
    item_ids, item_rows = new.items.used(new.csr.columns)
    users, items = known.users.extend(user_ids.ids), known.items.extend(item_ids.ids)
    rows, columns = users.encode(user_ids.ids)[user_rows], items.encode(item_ids.ids)[item_rows]
    order = np.argsort(rows.astype(np.int64) * len(items) + columns)
    offsets = np.append(0, np.cumsum(np.bincount(rows, minlength=len(users))))
    fresh = Csr(owned(offsets), owned(columns[order]), owned(new.csr.values[order]), len(items))
    merged = _merged(known, fresh, new, order)
    everything = replace(known, users=users, items=items, **merged)
    return Update(everything, _named(rows, len(users)), _named(columns, len(items)), new.nnz)


def relative_change(
    before: NDArray[np.float32], after: NDArray[np.float32], rows: NDArray[np.int32]
) -> float:
    """Return how much rows of a matrix changed: the difference's length over that of `before`."""
    length = change = 0.0
    for first in range(0, len(rows), 1024):  # little memory, so that it stays in the cache
        chosen = rows[first : first + 1024]
        old = before[chosen].ravel()
        length += float(old @ old)
        old -= after[chosen].ravel()
        change += float(old @ old)
    return math.sqrt(change / length) if length else 0.0


def _require_alike(known: Interactions, new: Interactions) -> None:
    for side in ("users", "items"):
        ours, theirs = (getattr(of, side).type_name for of in (known, new))
        if ours != theirs:
            raise DataError(f"{side}: the new ids are {theirs}, those of the model {ours}")
    for name in ("kinds", "timestamps"):
        ours, theirs = (getattr(of, name) is not None for of in (known, new))
        if ours != theirs:
            which = ("the model has", "the new interactions have") if ours else (
                "the new interactions have", "the model has")  # fmt: skip
            raise DataError(f"{name}: {which[0]} them and {which[1]} not; give both or neither")


def _named(rows: _I32, count: int) -> _I32:
    """Return each of the rows once, in order."""
    named = np.zeros(count, dtype=bool)
    named[rows] = True
    return np.flatnonzero(named).astype(np.int32)


def _merged(
    known: Interactions, fresh: Csr, new: Interactions, order: NDArray[np.int64]
) -> dict[str, Any]:
    """Return matrix, kinds and times of both; `fresh` has the entries of `new` in that order."""
    csr, places, fresh_places = known.csr.plus(fresh)

    def joined(old: Any, given: Any, both: Any, neutral: int) -> Any:
        array = np.full(csr.nnz, neutral, dtype=old.dtype)
        array[places] = old
        array[fresh_places] = both(array[fresh_places], given[order])
        return owned(array)

    merged: dict[str, Any] = {"csr": csr}
    if known.kinds is not None:
        names, bits = _common_kinds(known, new)
        merged["kind_names"] = names
        merged["kinds"] = joined(known.kinds, bits, np.bitwise_or, 0)
    if known.timestamps is not None and new.timestamps is not None:
        merged["timestamps"] = joined(known.timestamps, new.timestamps, np.maximum, _EARLIEST)
    return merged


def _common_kinds(
    known: Interactions, new: Interactions
) -> tuple[tuple[str, ...], NDArray[np.uint32]]:
    """Return the kinds of both, the known ones first, and the new bits in this order."""
    names = tuple(dict.fromkeys(known.kind_names + new.kind_names))
    assert new.kinds is not None
    bits = np.zeros_like(new.kinds)
    for code, name in enumerate(new.kind_names):
        bits |= ((new.kinds >> np.uint32(code)) & np.uint32(1)) << np.uint32(names.index(name))
    return names, bits
