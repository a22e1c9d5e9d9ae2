"""Statistics: what a log tells of each of its users or items in a few numbers."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.config import suggestion
from pyrec.data.catalogue import Catalogue
from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.grouping import group_pairs
from pyrec.data.moments import DAY, Moment, isoformat, microseconds
from pyrec.data.sequences import in_sessions
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError
from pyrec.features.encodings import Arrays, Encoded, Known, Step, moments, scaled, told
from pyrec.features.table import Features, rows_of, take_rows
from pyrec.features.values import numbers

__all__ = ["Statistics", "log_statistics", "require_before"]

_F64 = NDArray[np.float64]

# Whoever does nothing for half an hour has left: the usual end of a web session.
_LONGEST_DWELL = 1800.0


class Statistics(Step, frozen=True, kw_only=True, tag="statistics"):
    """What the log of the training period tells of each id: `log_statistics`, scaled.

    The numbers are found when the pipeline is fitted and kept by id; later events change them when
    it is fitted again. An id that had no events has zeros, and is counted.

    Parameters
    ----------
    columns : tuple of str
        Which of the columns of `log_statistics`; none for all that the log has.
    scale : {"standard", "log", "none"}
        See `Numeric`; what is missing becomes the mean.
    price, view, target, window, smoothing
        See `log_statistics`.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 2], items=[7, 8, 8])
    >>> step, known = Statistics(columns=("events",), scale="none"), Catalogue(log.users, {})
    >>> arrays = step.fit(Known(known, of="users", events=log))
    >>> step.encode(Known(known), arrays).matrix.tolist()
    [[2.0], [1.0]]
    """

    columns: tuple[str, ...] = ()
    scale: Literal["standard", "log", "none"] = "log"
    price: str | None = None
    view: str | None = None
    target: str | None = None
    window: Annotated[float, Meta(gt=0)] = 30.0
    smoothing: Annotated[float, Meta(gt=0)] = 10.0

    def fit(self, known: Known) -> Arrays:
        """Return the scaled numbers of all ids that had events, as `Features`."""
        if known.events is None:
            raise DataError("statistics: need the log: fit(table, events=...)")
        table = log_statistics(
            known.events.without_unused_ids(), known.of, catalogue=known.catalogue,
            price=self.price, view=self.view, target=self.target, until=known.until,
            window=self.window, smoothing=self.smoothing,
        )  # fmt: skip
        for name in self.columns:
            if name not in table.columns:
                raise DataError(
                    f"statistics: there is no {name!r} in this log"
                    + suggestion(name, list(table.columns))
                )
        names = self.columns or tuple(table.columns)
        matrix = np.zeros((len(table), len(names)), np.float32)
        for at, name in enumerate(names):
            values = table.columns[name]
            present = values[~np.isnan(values)]
            if len(present):
                matrix[:, at] = scaled(values, moments(present, self.scale), self.scale)
        return Features(table.items, matrix, names).to_arrays()

    def encode(self, known: Known, arrays: Arrays) -> Encoded:
        """Return the numbers of each id, zeros for one that had no events."""
        found = Features.from_arrays(arrays)
        rows = rows_of(known.table.items, found.ids, "statistics")
        counts = told("statistics", **{"without events": int(np.count_nonzero(rows < 0))})
        return Encoded(take_rows(found.matrix, rows), found.names, counts)

    def without(self, arrays: Arrays, ids: Sequence[Any]) -> Arrays:
        """Return the numbers of all other ids."""
        found = Features.from_arrays(arrays)
        others = found.ids.ids[~np.isin(found.ids.ids, np.asarray(ids))]
        rows = found.ids.encode(others)
        return Features(Vocabulary(others), take_rows(found.matrix, rows), found.names).to_arrays()


def log_statistics(
    events: Events,
    of: Literal["users", "items"],
    *,
    catalogue: Catalogue | None = None,
    price: str | None = None,
    view: str | None = None,
    target: str | None = None,
    until: Moment | None = None,
    window: float = 30,
    smoothing: float = 10,
) -> Catalogue:
    """Describe every user or every item of a log; the order of the log plays no part.

    ===================== ==================================================== =====================
    column                is                                                   where there are
    ===================== ==================================================== =====================
    events                number of events
    events:view           number of those of a kind                            kinds
    distinct items        number of different items (of an item: users)
    mean weight           mean weight of an event                              weights
    recency               days from the last event to the end                  timestamps
    tenure                days from the first event to the end                 timestamps
    events per active day events, by days (UTC) that have some; also week      timestamps
    trend                 log((a + 1) / (b + 1)): a events in the last window,
                          b in the one before                                  timestamps
    dwell                 mean seconds to the next event of the session,
                          at most half an hour                                 times and sessions
    conversion            target events by views, smoothed                     `view` and `target`
    spent                 price times weight, of target events                 `price`
    price level           mean share of the catalogue that is cheaper than
                          what is bought (of an item: than it)                 `price`
    ===================== ==================================================== =====================

    Parameters
    ----------
    events : Events
        The log of the training period.
    of : {"users", "items"}
        Whom to describe.
    catalogue : Catalogue, optional
        The items with their prices.
    price : str, optional
        The column of prices.
    view, target : str, optional
        The kinds of event that lead to, and that are, a purchase. Without a target every event
        counts as one.
    until : date or time, optional
        The end of the period; by default the last event. It must be later than all events, so that
        nothing of a test can be in the numbers.
    window : float
        Days that make a trend.
    smoothing : float
        How many views an id is given beforehand that convert at the rate of the whole log.

    Returns
    -------
    Catalogue
        Float64 columns for each id of the log's vocabulary; NaN where there is nothing to go by.

    Raises
    ------
    DataError
        If an event is not before `until`, a kind is unknown, or a price is no number.
    ConfigError
        If an option is wrong, or lacks what it needs.

    Examples
    --------
    >>> log = Events.from_ids(
    ...     users=["ann", "ann", "bob"], items=[7, 7, 8], kinds=["view", "buy", "view"],
    ...     timestamps=np.array(["2024-05-01", "2024-05-01", "2024-05-03"], "datetime64[D]"),
    ... )
    >>> people = log_statistics(log, "users", view="view", target="buy", until="2024-05-04")
    >>> people.columns["recency"].tolist(), people.columns["events:buy"].tolist()
    ([3.0, 1.0], [1.0, 0.0])
    """
    require(events, Events, "events", "pyrec.read_events makes them")
    if of not in ("users", "items"):
        raise ConfigError(f"of: must be 'users' or 'items', not {of!r}")
    if window <= 0 or smoothing <= 0:
        raise ConfigError("window, smoothing: must be greater than 0")
    if view is not None and target is None:
        raise ConfigError("view: needs a target, the kind of event that views lead to")
    if price is not None and catalogue is None:
        raise ConfigError("price: needs the catalogue that has the column")
    if until is not None:
        require_before(events, until)
    ids, rows = getattr(events, of), getattr(events, f"{of[:-1]}_rows")
    columns = _counts(events, of, rows, len(ids))
    if events.timestamps is not None and len(events):
        end = events.timestamps.max() if until is None else microseconds(until, "until")
        columns |= _times(events.timestamps, rows, len(ids), int(end), window)
        if events.sessions is not None:
            columns["dwell"] = _dwell(events, rows, len(ids))
    if view is not None and target is not None:
        columns["conversion"] = _conversion(events, rows, len(ids), view, target, smoothing)
    if catalogue is not None and price is not None:
        bought = events if target is None else events.only(target)
        columns |= _money(bought, of, catalogue, price)
    return Catalogue(ids, {name: owned(column) for name, column in columns.items()})


def require_before(events: Events, until: Moment) -> None:
    """Raise unless all events are before a moment.

    Raises
    ------
    DataError
        If one is not, or there are no timestamps to tell.
    """
    end = microseconds(until, "until")
    if events.timestamps is None:
        raise DataError("until: the events have no timestamps to tell that they are earlier")
    late = int(np.count_nonzero(events.timestamps >= end))
    if late:
        raise DataError(
            f"events: {late} of {len(events)} are not before {isoformat(end)}, the end of the "
            "training period; leave them out (pyrec.preparation.split does), or features would "
            "know what is to be foreseen"
        )


def _counts(events: Events, of: str, rows: NDArray[np.int32], n: int) -> dict[str, _F64]:
    counts = np.bincount(rows, minlength=n).astype(np.float64)
    columns = {"events": counts}
    for code, name in enumerate(events.kind_names):
        chosen = rows[events.kinds == code]
        columns[f"events:{name}"] = np.bincount(chosen, minlength=n).astype(np.float64)
    other, theirs = ("items", events.item_rows) if of == "users" else ("users", events.user_rows)
    columns[f"distinct {other}"] = _distinct(rows, theirs, n)
    if events.weights is not None:
        columns["mean weight"] = _ratio(_sums(rows, events.weights, n), counts)
    return columns


def _times(
    times: NDArray[np.int64], rows: NDArray[np.int32], n: int, end: int, window: float
) -> dict[str, _F64]:
    first, last = np.full(n, np.iinfo(np.int64).max), np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(first, rows, times)
    np.maximum.at(last, rows, times)
    counts = np.bincount(rows, minlength=n).astype(np.float64)
    there = counts > 0
    columns = {
        "recency": np.where(there, (end - np.where(there, last, 0)) / DAY, np.nan),
        "tenure": np.where(there, (end - np.where(there, first, 0)) / DAY, np.nan),
    }
    days = group_pairs(rows, ((times - times.min()) // DAY).astype(np.int32), n)
    columns["events per active day"] = _ratio(counts, np.diff(days.offsets))
    columns["events per active week"] = _ratio(counts, _distinct(days.rows, days.columns // 7, n))
    ago = (end - times) / (window * DAY)
    recent = np.bincount(rows[ago <= 1], minlength=n)
    before = np.bincount(rows[(ago > 1) & (ago <= 2)], minlength=n)
    columns["trend"] = np.where(there, np.log((recent + 1) / (before + 1)), np.nan)
    return columns


def _dwell(events: Events, rows: NDArray[np.int32], n: int) -> _F64:
    assert events.timestamps is not None
    offsets, order = in_sessions(events)
    followed = np.ones(len(order), bool)
    followed[offsets[1:] - 1] = False  # but for the last event of each session
    gaps = np.diff(events.timestamps[order], append=0)[followed] / 1e6
    whose = rows[order][followed]
    spent = _sums(whose, np.minimum(gaps, _LONGEST_DWELL), n)
    return _ratio(spent, np.bincount(whose, minlength=n))


def _conversion(
    events: Events, rows: NDArray[np.int32], n: int, view: str, target: str, smoothing: float
) -> _F64:
    viewed, bought = (
        np.bincount(rows[events.kinds == events.kind_code(kind)], minlength=n)
        for kind in (view, target)
    )
    if not viewed.sum():
        raise DataError(f"conversion: the log has no event of kind {view!r}")
    overall = bought.sum() / viewed.sum()
    return _ratio(bought + smoothing * overall, viewed + smoothing)


def _money(bought: Events, of: str, catalogue: Catalogue, price: str) -> dict[str, _F64]:
    """Return what was spent, and at which level of prices; items without a price play no part."""
    known = numbers(catalogue, price)
    ordered = np.sort(known[~np.isnan(known)])
    below, above = (np.searchsorted(ordered, known, side) for side in ("left", "right"))
    levels = np.where(np.isnan(known), np.nan, (below + above) / 2 / max(1, len(ordered)))
    found = rows_of(bought.items, catalogue.items, "catalogue")
    prices, levels = (np.append(column, np.nan)[found] for column in (known, levels))
    rows = bought.user_rows if of == "users" else bought.item_rows
    n = len(bought.users if of == "users" else bought.items)
    paid = prices[bought.item_rows] * bought.weights_or_ones()
    priced = ~np.isnan(paid)
    spent = _sums(rows[priced], paid[priced], n)
    if of == "items":
        return {"spent": spent, "price level": levels}
    total = _sums(rows[priced], levels[bought.item_rows][priced], n)
    return {
        "spent": spent,
        "price level": _ratio(total, np.bincount(rows[priced], minlength=n)),
    }


def _distinct(rows: NDArray[Any], others: NDArray[np.int32], n: int) -> _F64:
    pairs = group_pairs(rows.astype(np.int32, copy=False), others, n)
    return np.diff(pairs.offsets).astype(np.float64)


def _sums(rows: NDArray[np.int32], values: NDArray[Any], n: int) -> _F64:
    return np.bincount(rows, values, minlength=n).astype(np.float64, copy=False)


def _ratio(a: NDArray[Any], b: NDArray[Any]) -> _F64:
    """Return ``a / b``, NaN where `b` is 0."""
    ratio = np.full(len(a), np.nan)
    np.divide(a, b, out=ratio, where=b > 0)
    return ratio
