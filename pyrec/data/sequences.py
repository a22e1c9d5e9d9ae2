"""Sequences: what was met one after the other, session by session."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions, entry_rows
from pyrec.errors import DataError

__all__ = ["Sequences", "in_sessions"]


@dataclass(frozen=True, eq=False, repr=False)
class Sequences:
    """The items of each session in the order of its events; the session that ended first is first.

    Parameters
    ----------
    offsets : int64 (n + 1,)
        Session `s` has the events ``offsets[s]:offsets[s + 1]``.
    item_rows : int32 (m,)
        What each event was about.
    weights : float32 (m,)
        How much it counts.
    item_count : int
        Number of items.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 2, 1, 2], items=[7, 7, 8, 9], timestamps=[4, 2, 3, 1])
    >>> found = Sequences.of(log)
    >>> found.offsets.tolist(), log.items.decode(found.item_rows).tolist()
    ([0, 2, 4], [9, 7, 8, 7])
    """

    offsets: NDArray[np.int64]
    item_rows: NDArray[np.int32]
    weights: NDArray[np.float32]
    item_count: int

    @classmethod
    def of(cls, data: Events | Interactions) -> Self:
        """Put events in order: by time, and by arrival where times are equal or absent.

        A sequence is what one user did in one session, or, where the log has no sessions, all that
        the user did. Of interactions, only each pair's latest event is known.

        Raises
        ------
        DataError
            If interactions have no timestamps, or a weight is negative.
        """
        if isinstance(data, Interactions):
            data = _events_of(data)
        weights = data.weights_or_ones()
        if weights.min(initial=0) < 0:
            raise DataError(
                f"weights: {weights.min():g} is negative; what comes after what is counted, so "
                "leave dislikes out (weight 0) and remove returns in cleaning"
            )
        offsets, order = in_sessions(data)
        items, counted = owned(data.item_rows[order]), owned(weights[order])
        return cls(offsets, items, counted, len(data.items))

    @property
    def rows(self) -> NDArray[np.int64]:
        """The session of each event."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def __len__(self) -> int:
        return len(self.offsets) - 1


def in_sessions(events: Events) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of events session by session, and where each session begins.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 2, 1, 2], items=[7, 7, 8, 9], timestamps=[4, 2, 3, 1])
    >>> [array.tolist() for array in in_sessions(log)]
    [[0, 2, 4], [3, 1, 2, 0]]
    """
    times = np.arange(len(events)) if events.timestamps is None else events.timestamps
    visits = events.user_rows if events.sessions is None else events.sessions
    order = np.lexsort((times, visits, events.user_rows))
    starts = np.flatnonzero(_changes(events.user_rows[order]) | _changes(visits[order]))
    sizes = np.diff(np.append(starts, len(order)))
    by_end = np.argsort(times[order[starts + sizes - 1]], kind="stable")
    offsets = np.append(0, np.cumsum(sizes[by_end]))
    shifts = np.repeat(starts[by_end] - offsets[:-1], sizes[by_end])
    return owned(offsets), owned(order[np.arange(len(order)) + shifts])


def _events_of(interactions: Interactions) -> Events:
    if interactions.timestamps is None:
        raise DataError(
            "interactions: have no timestamps, and so no order; fit the events themselves"
        )
    csr = interactions.csr
    users = entry_rows(csr)
    return Events(
        interactions.users,
        interactions.items,
        owned(users),
        csr.columns,
        weights=csr.values,
        timestamps=interactions.timestamps,
    )


def _changes(codes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell where a code differs from the one before; the first does."""
    return np.concatenate([np.ones(min(1, len(codes)), bool), codes[1:] != codes[:-1]])
