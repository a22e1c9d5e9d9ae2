"""Context: what re-rankers look at beside the candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.arguments import require
from pyrec.data.catalogue import Catalogue
from pyrec.data.groups import Groups
from pyrec.data.interactions import Interactions, as_csr
from pyrec.data.moments import DAY, Moment, microseconds
from pyrec.errors import DataError
from pyrec.features.values import numbers
from pyrec.models.base import Model
from pyrec.models.factors import FactorModel, directions

__all__ = ["Context", "unit_vectors"]


@dataclass(frozen=True, eq=False)
class Context:
    """What is known of items and users, by the rows of one training log.

    Only `interactions` are needed; each re-ranker says what else it misses.

    Parameters
    ----------
    interactions : Interactions
        What everybody had: histories, the popularity of items, and what rows mean.
    vectors : float32 (n_items, d) or scipy sparse, optional
        By which items are alike: factors or features. Without them items are alike that the same
        people had.
    groups : mapping of str to Groups, optional
        What sorts items: categories, sellers.
    prices : float (n_items,), optional
        NaN for an item without one.
    ages : float (n_items,), optional
        In days; NaN for an item whose age is unknown.

    Raises
    ------
    DataError
        If something has not one entry for each item, or a vector is not finite.

    Examples
    --------
    >>> import pyrec
    >>> shop = pyrec.simulate_shop(users=60, items=40, days=40)
    >>> model = pyrec.ALS(factors=4).fit(shop.events)
    >>> context = Context.of(model, shop.catalogue, groups=["category"], now="2024-04-10")
    >>> len(context.groups["category"]) > 3, context.vectors.shape == (len(model.items), 4)
    (True, True)
    """

    interactions: Interactions
    vectors: Any = None
    groups: Mapping[str, Groups] = field(default_factory=dict)
    prices: NDArray[Any] | None = None
    ages: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        """Check that everything is about the same items."""
        require(self.interactions, Interactions, "interactions")
        lengths = {f"groups[{name!r}]": one.memberships.shape[0] for name, one in
                   self.groups.items()}  # fmt: skip
        for name in ("vectors", "prices", "ages"):
            value = getattr(self, name)
            if value is not None:
                lengths[name] = np.shape(value)[0] if np.ndim(value) else value.shape[0]
        for name, length in lengths.items():
            if length != len(self.interactions.items):
                raise DataError(
                    f"{name}: {length:,} rows for {len(self.interactions.items):,} items"
                )

    @classmethod
    def of(
        cls,
        model: Model,
        catalogue: Catalogue | None = None,
        *,
        groups: Any = (),
        now: Moment | None = None,
        price: str = "price",
        since: str = "since",
    ) -> Self:
        """Return what a fitted model and a catalogue tell.

        Parameters
        ----------
        model : Model
            Its items' factors, if it has such, say which items are alike.
        catalogue : Catalogue, optional
            Items that it lacks have no group, price or age.
        groups : str or sequence of str
            Columns of the catalogue that sort items.
        now : date, datetime, text or numpy datetime, optional
            When lists are shown: items are as old as the time since `since` says.
        price, since : str
            Columns of prices, and of the times since when items are sold. Used if they are there;
            text is read as what it says.

        Raises
        ------
        DataError
            For a column that the catalogue lacks, or that does not hold what it should.
        """
        vectors = model.item_factors if isinstance(model, FactorModel) else None
        if catalogue is None:
            return cls(model.interactions, vectors)
        at = catalogue.items.encode(model.items.ids, missing="mark")
        names = [groups] if isinstance(groups, str) else list(groups)
        ages = None
        if now is not None and since in catalogue.columns:
            times = _times(catalogue, since)
            old = (microseconds(now) - times.view(np.int64)) / DAY
            ages = _taken(np.where(np.isnat(times), np.nan, old), at)
        prices = _taken(numbers(catalogue, price), at) if price in catalogue.columns else None
        sorted_by = {name: Groups.of(_column(catalogue, name, at)) for name in names}
        return cls(model.interactions, vectors, sorted_by, prices, ages)

    @cached_property
    def directions(self) -> NDArray[np.float32] | Csr:
        """The items' vectors, scaled to length 1."""
        return unit_vectors(self.interactions.by_item if self.vectors is None else self.vectors)

    @cached_property
    def popularity(self) -> NDArray[np.int64]:
        """How many users had each item."""
        return np.diff(self.interactions.by_item.offsets)

    def histories(self, user_rows: NDArray[np.int32]) -> Csr:
        """Return what users had; what a user outside the log had is empty."""
        csr = self.interactions.csr
        if np.all(user_rows >= 0):
            return csr.take(user_rows)
        matrix = self.interactions.to_scipy()
        stacked = sp.vstack([matrix, sp.csr_array((1, csr.shape[1]), dtype=np.float32)])
        return as_csr(stacked.tocsr()).take(
            np.where(user_rows < 0, csr.shape[0], user_rows).astype(np.int32)
        )

    def grouped_by(self, name: str, who: str) -> Groups:
        """Return the groups of that name, or raise for `who` wants them."""
        if name not in self.groups:
            there = ", ".join(map(repr, self.groups)) or "none"
            raise DataError(
                f"{who}: the context has no groups {name!r}, there are {there}; "
                "Context.of(model, catalogue, groups=[...]) takes them from columns"
            )
        return self.groups[name]

    def need(self, name: str, who: str, remedy: str) -> NDArray[np.float64]:
        """Return prices or ages, or raise for `who` wants them."""
        value = getattr(self, name)
        if value is None:
            raise DataError(f"{who}: the context has no {name}; {remedy}")
        return np.asarray(value, dtype=np.float64)


def unit_vectors(vectors: Any) -> NDArray[np.float32] | Csr:
    """Return vectors scaled to length 1, rows of zeros as they are; sparse ones as a Csr.

    Raises
    ------
    DataError
        If they are no matrix of finite numbers.

    Examples
    --------
    >>> unit_vectors(np.array([[3, 4], [0, 0]])).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    if isinstance(vectors, Csr) or sp.issparse(vectors):
        csr = as_csr(vectors, "vectors")
        matrix = sp.csr_array((csr.values, csr.columns, csr.offsets), csr.shape)
        norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        scales = np.divide(1, norms, out=np.zeros_like(norms), where=norms > 0)
        return as_csr(sp.csr_array(matrix * scales[:, None]), "vectors")
    dense = np.ascontiguousarray(vectors, dtype=np.float32)
    if dense.ndim != 2 or not np.all(np.isfinite(dense)):
        raise DataError("vectors: must be a matrix of finite numbers, a row for each item")
    return directions(dense)


def _column(catalogue: Catalogue, name: str, at: NDArray[np.int32]) -> NDArray[Any]:
    """Return labels for the model's items; those that the catalogue lacks have none."""
    if name not in catalogue.columns:
        there = ", ".join(map(repr, catalogue.columns))
        raise DataError(f"catalogue: there is no column {name!r}; there are {there}")
    found = catalogue.columns[name].astype(object)[at]
    found[at < 0] = None
    return np.asarray(found)


def _taken(values: NDArray[np.float64], at: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return numbers for the model's items; NaN for those that the catalogue lacks."""
    return np.where(at < 0, np.nan, values[at]) if len(values) else np.full(len(at), np.nan)


def _times(catalogue: Catalogue, name: str) -> NDArray[np.datetime64]:
    column = catalogue.columns[name]
    if column.dtype.kind == "M":
        return column.astype("datetime64[us]")
    if column.dtype.kind in "OUT":
        try:
            return np.array([str(v or "NaT") for v in column.tolist()], "datetime64[us]")
        except ValueError as error:
            raise DataError(f"catalogue: column {name!r} is no time: {error}") from None
    raise DataError(f"catalogue: column {name!r} is {column.dtype}, which is no time")
