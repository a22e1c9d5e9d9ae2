"""Transitions: what comes after what, from item to item."""

from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
import scipy.sparse as sp
from msgspec import Meta

from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions, as_csr, entry_rows, select
from pyrec.data.sequences import Sequences
from pyrec.models.neighbors import ItemItemModel
from pyrec.models.search import Floats, Integers, Ranges
from pyrec.models.sequential import Sequential, SequentialModel
from pyrec.runtime import resolve_threads
from pyrec.similarity import greatest_products

__all__ = ["Transitions", "TransitionsModel"]

Exponent = Annotated[float, Meta(ge=0, le=10)]


class Transitions(Sequential, frozen=True, kw_only=True):
    """Recommend what came next after the items of the running session.

    An item that came `d` events after another one in a session adds ``d ** -distance_decay`` times
    its weight to the transition from that one to it, up to `window` events apart. A transition is
    divided by how often its item was left to the power `source_exponent`, and by how often the next
    item was reached to the power `target_exponent`. An item may follow itself. With a decay of 1
    and exponents of 0 these are the sequential rules of Ludewig and Jannach (Evaluation of
    session-based recommendation algorithms, UMUAI 28, 2018, section 3.1.3); with a window of 1 and
    the source's exponent 1 they are a Markov chain.

    Parameters
    ----------
    neighbors : int, default 300
        How many next items are kept for each.
    window : int, default 10
        How many events apart two items may be.
    distance_decay : float, default 1
        How much less a transition counts over more events.
    recency : float, default 1
        How much more the latest items of the running session count: the one with `n` others after
        it weighs ``(1 + n) ** -recency``.
    source_exponent : float, default 0.5
        How much less an item that is often left says.
    target_exponent : float, default 0
        How much less popular items are recommended.

    Examples
    --------
    >>> import pyrec
    >>> log = pyrec.Events.from_ids(
    ...     users=[1, 1, 1, 2, 2], items=["tea", "cup", "pot", "cup", "pot"]
    ... )
    >>> model = Transitions().fit(log)
    >>> model.recommend_for(["pot", "tea"], k=2).ids.tolist()
    ['cup', None]
    """

    name: ClassVar[str] = "transitions"
    search: ClassVar[Ranges] = {
        "window": Integers(low=1, high=30, log=True),
        "distance_decay": Floats(low=0, high=2),
        "recency": Floats(low=0, high=3),
        "source_exponent": Floats(low=0, high=1),
        "target_exponent": Floats(low=0, high=0.6),
    }

    neighbors: Annotated[int, Meta(ge=1)] = 300
    window: Annotated[int, Meta(ge=1)] = 10
    distance_decay: Exponent = 1.0
    source_exponent: Exponent = 0.5
    target_exponent: Exponent = 0.0

    def _fit_sequences(self, sequences: Sequences, lately: Interactions) -> "TransitionsModel":
        counts = _transitions(sequences, self.window, self.distance_decay)
        n = sequences.item_count
        rows = entry_rows(counts)
        left = np.bincount(rows, counts.values, minlength=n)
        reached = np.bincount(counts.columns, counts.values, minlength=n)
        norms = left[rows] ** self.source_exponent * reached[counts.columns] ** self.target_exponent
        values = np.divide(counts.values, norms, where=norms > 0, out=np.zeros(counts.nnz))
        weighed = Csr(counts.offsets, counts.columns, owned(values.astype(np.float32)), n)
        return TransitionsModel(self, lately, _greatest(weighed, self.neighbors))


class TransitionsModel(SequentialModel, ItemItemModel):
    """A fitted `Transitions`; its `similar_items` are those that come next.

    Attributes
    ----------
    influence : Csr (n_items, n_items)
        Row `i` has how strongly item `i` leads to items, itself among them.
    """

    @cached_property
    def nearest(self) -> Csr:
        """Row `i` has how strongly item `i` leads to others."""
        rows = entry_rows(self.influence)
        return select(self.influence, rows != self.influence.columns)


def _transitions(sequences: Sequences, window: int, decay: float) -> Csr:
    """Sum what follows each item, items by items."""
    items, rows, n = sequences.item_rows, sequences.rows, sequences.item_count
    longest = int(np.diff(sequences.offsets).max(initial=0))
    total = sp.csr_array((n, n), dtype=np.float64)
    for distance in range(1, min(window, longest - 1) + 1):
        at = np.flatnonzero(rows[distance:] == rows[:-distance])
        weights = sequences.weights[at + distance] * float(distance) ** -decay
        total += sp.csr_array((weights, (items[at], items[at + distance])), shape=(n, n))
    return as_csr(total, "transitions")


def _greatest(matrix: Csr, k: int) -> Csr:
    """Keep the `k` greatest entries of each row."""
    n = matrix.shape[1]
    each = Csr(
        owned(np.arange(n + 1)),
        owned(np.arange(n, dtype=np.int32)),
        owned(np.ones(n, np.float32)),
        n,
    )
    return greatest_products(each, matrix, k, threads=resolve_threads())
