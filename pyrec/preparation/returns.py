"""Returns: netted out against the purchases that they cancel."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.errors import DataError

__all__ = ["net_returns"]


def net_returns(
    events: Events, return_kind: str | None = None, purchase_kind: str | None = None
) -> tuple[Events, tuple[str, ...]]:
    """Remove returns, and what they cancel of the same user's earlier purchases of the item.

    A return cancels the most recent earlier purchase of the same quantity; failing that, the most
    recent ones, one after the other, of which the last may only be reduced. What no purchase
    before it accounts for is removed too and told in a note: it was bought before the log begins.

    Parameters
    ----------
    events : Events
        A quantity is the absolute value of a weight, or 1 where there are none. Events are taken
        in order of time, and of arrival where times are equal or absent.
    return_kind : str, optional
        The kind of event that is a return; without it, events of negative weight are.
    purchase_kind : str, optional
        The kind that a return cancels; without it, every event of positive weight is a purchase.

    Returns
    -------
    events : Events
        Purchases that somebody kept, with what is left of their quantities, and all other events.
    notes : tuple of str
        How many returns there were, and what became of them.

    Raises
    ------
    DataError
        If it cannot be told what is a return or what it cancels.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 1], items=[5, 5, 5], weights=[4, 2, -3])
    >>> net_returns(log)[0].weights.tolist()
    [3.0]
    """
    weights = events.weights_or_ones()
    if return_kind is not None:
        is_return = _of_kind(events, return_kind)
    elif events.weights is None:
        raise DataError("returns: the events have neither weights nor a return_kind")
    else:
        is_return = weights < 0
    if purchase_kind is not None:
        is_purchase = _of_kind(events, purchase_kind) & (weights > 0)
    elif return_kind is not None and len(events.kind_names) > 2:
        raise DataError("returns: say by purchase_kind what a return cancels")
    else:
        is_purchase = (weights > 0) & ~is_return
    left, notes = _cancel(events, is_return, is_purchase, np.abs(weights).astype(np.float64))
    keep = ~is_return & ~(is_purchase & (left == 0))
    if events.weights is not None:
        changed = np.where(is_purchase, left, weights).astype(np.float32)
        events = replace(events, weights=owned(changed))
    return events.take(keep), notes


def _of_kind(events: Events, kind: str) -> NDArray[np.bool_]:
    code = events.kind_code(kind)  # raises if the events have no kinds
    return np.asarray(events.kinds == code)


def _cancel(
    events: Events,
    is_return: NDArray[np.bool_],
    is_purchase: NDArray[np.bool_],
    quantities: NDArray[np.float64],
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return what is left of each quantity, and what was found, in words."""
    pairs = events.user_rows.astype(np.int64) * len(events.items) + events.item_rows
    concerned = np.flatnonzero((is_return | is_purchase) & np.isin(pairs, pairs[is_return]))
    times = np.arange(len(events)) if events.timestamps is None else events.timestamps
    concerned = concerned[np.lexsort((times[concerned], pairs[concerned]))]
    left = quantities.copy()
    unmatched = 0
    pair, open_purchases = -1, _OpenPurchases(left)
    for event in concerned.tolist():
        if pairs[event] != pair:
            pair, open_purchases = pairs[event], _OpenPurchases(left)
        if is_purchase[event]:
            open_purchases.add(event)
        else:
            unmatched += open_purchases.cancel(quantities[event]) > 0
    touched = is_purchase & (left != quantities)
    notes = (
        f"{np.count_nonzero(is_return)} returns",
        f"{np.count_nonzero(touched & (left == 0))} purchases cancelled",
        f"{np.count_nonzero(touched & (left > 0))} purchases reduced",
        f"{unmatched} returns of more than was bought before",
    )
    return left, notes


class _OpenPurchases:
    """What one user has bought of one item and not yet returned, most recent last."""

    def __init__(self, left: NDArray[np.float64]) -> None:
        self._left = left
        self._all: list[int] = []
        # Purchases by what is left of them. Entries go stale as that changes, and are dropped when
        # they come up. Only the most recent purchase is ever reduced, so each list stays in order.
        self._by_quantity: dict[float, list[int]] = {}

    def add(self, event: int) -> None:
        self._all.append(event)
        self._by_quantity.setdefault(float(self._left[event]), []).append(event)

    def cancel(self, quantity: float) -> float:
        """Take back a quantity; return what no purchase accounts for."""
        equal = self._by_quantity.get(quantity, [])
        while equal:
            event = equal.pop()
            if self._left[event] == quantity:
                self._left[event] = 0
                return 0.0
        while quantity > 0 and self._all:
            event = self._all[-1]
            taken = min(quantity, float(self._left[event]))
            quantity -= taken
            self._left[event] -= taken
            if self._left[event] == 0:
                self._all.pop()
            else:
                self._by_quantity.setdefault(float(self._left[event]), []).append(event)
        return quantity
