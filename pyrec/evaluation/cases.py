"""Cases: test pairs in the rows of a model, and what their users had before the test.

Ids end here: what follows works in rows. Test items that the model does not know get rows behind
its own, where no list can hit them.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions, as_csr, found_in, select
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.models.base import Model

__all__ = ["Cases", "as_interactions", "rows_for"]


@dataclass(frozen=True, eq=False)
class Cases:
    """The test pairs of `n` users.

    Parameters
    ----------
    users : (n,)
        External ids.
    user_rows : int32 (n,)
        Their rows in the model; -1 for one that it does not know.
    relevant : Csr (n, n_items or more)
        The test pairs, with their weights.
    history : Csr (n, n_items)
        What each user had before: in the training data, or in the history given for them.
    hidden : Csr (n, n_items)
        The part of it that `exclude_seen` names.
    folded : bool (n,)
        Whose history was given, and not learnt from.
    """

    users: NDArray[Any]
    user_rows: NDArray[np.int32]
    relevant: Csr
    history: Csr
    hidden: Csr
    folded: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        test: Interactions,
        model: Model,
        histories: Interactions | None,
        exclude_seen: bool | str | list[str],
    ) -> Self:
        """Bring test pairs and histories into the model's rows.

        Raises
        ------
        DataError
            If there are no test pairs, or none of their users or items is known.
        """
        if test.nnz == 0:
            raise DataError("test: there are no pairs to judge on")
        present = np.flatnonzero(np.diff(test.csr.offsets)).astype(np.int32)
        users = test.users.ids[present]
        user_rows = _encoded(model.users, users, "users", allow_none=histories is not None)
        relevant = _renumbered(test, model.items, "test").take(present)

        everything = _both(model, histories, users, user_rows, True)
        named = everything
        if not isinstance(exclude_seen, bool):
            named = _both(model, histories, users, user_rows, exclude_seen)
        trained, given = everything
        folded = np.diff(given.offsets) > 0
        return cls(
            users,
            user_rows,
            relevant,
            _chosen(folded, given, trained),
            _chosen(folded, *reversed(named)),
            folded,
        )

    @property
    def cold(self) -> NDArray[np.bool_]:
        """Which users had nothing before the test."""
        return np.asarray(np.diff(self.history.offsets) == 0)

    @property
    def repeats(self) -> NDArray[np.bool_]:
        """Which pairs are among the hidden ones, so that a list without them cannot hit."""
        return found_in(self.hidden, self.relevant)

    def only(self, pairs: NDArray[np.bool_], users: NDArray[np.bool_]) -> Self:
        """Return some of the pairs of some of the users: of those who then have any."""
        relevant = select(self.relevant, pairs)
        keep = np.flatnonzero(users & (np.diff(relevant.offsets) > 0)).astype(np.int32)
        return type(self)(
            self.users[keep],
            self.user_rows[keep],
            relevant.take(keep),
            self.history.take(keep),
            self.hidden.take(keep),
            self.folded[keep],
        )

    def __len__(self) -> int:
        return len(self.users)


def as_interactions(data: Any, model: Model, name: str) -> Interactions:
    """Return test pairs, histories or candidates as Interactions.

    A plain sparse matrix is in the model's rows; anything else has ids.
    """
    if isinstance(data, Events):
        return data.aggregate()
    if isinstance(data, Interactions):
        return data
    csr = as_csr(data, name)
    expected = model.interactions.shape
    if csr.shape != expected:
        raise DataError(
            f"{name}: is {csr.shape}, the model has {expected[0]} users and {expected[1]} items"
            + ("; is it transposed?" if csr.shape == expected[::-1] else "")
            + "; with ids (as Interactions or Events) it may be of any shape"
        )
    return Interactions(model.users, model.items, csr)


def rows_for(interactions: Interactions, users: NDArray[Any], items: Vocabulary) -> Csr:
    """Return one row for each of the users, empty for an unknown one, over the rows of items."""
    csr = _renumbered(interactions, items, "")
    if csr.shape[1] > len(items):
        csr = select(csr, csr.columns < len(items))
        csr = Csr(csr.offsets, csr.columns, csr.values, len(items))
    return _taken(csr, interactions.users.encode(users, missing="mark"))


def _both(
    model: Model,
    histories: Interactions | None,
    users: NDArray[Any],
    user_rows: NDArray[np.int32],
    kinds: bool | str | list[str],
) -> tuple[Csr, Csr]:
    """Return what users had in the training data and in their histories, of the kinds named."""

    def of_kinds(interactions: Interactions) -> Interactions:
        if isinstance(kinds, bool):
            return interactions
        return interactions.left_out_with(*([kinds] if isinstance(kinds, str) else kinds))

    trained = _taken(of_kinds(model.interactions).csr, user_rows)
    if histories is None:
        return trained, _taken(trained, np.full(len(users), -1, dtype=np.int32))
    return trained, rows_for(of_kinds(histories), users, model.items)


def _encoded(
    vocabulary: Vocabulary, ids: NDArray[Any], what: str, *, allow_none: bool
) -> NDArray[np.int32]:
    try:
        rows: NDArray[np.int32] = vocabulary.encode(ids, missing="mark")
    except DataError as error:
        raise DataError(f"test {what}: {str(error).removeprefix('ids: ')}") from None
    if not allow_none and not np.any(rows >= 0):
        raise DataError(
            f"test: none of its {len(ids)} {what} is known to the model; the first is "
            f"{ids[:1].tolist()[0]!r}, the model's first {vocabulary.decode(0)!r}"
        )
    return rows


def _renumbered(interactions: Interactions, items: Vocabulary, name: str) -> Csr:
    """Return the matrix over the rows of `items`, unknown items behind them."""
    if interactions.items == items:
        return interactions.csr
    if name:
        occurring = np.unique(interactions.csr.columns)
        _encoded(items, interactions.items.ids[occurring], "items", allow_none=False)
    columns = items.extend(interactions.items.ids).encode(interactions.items.ids)
    width = max(len(items), int(columns.max(initial=-1)) + 1)
    csr = interactions.to_scipy().tocoo()
    return as_csr(sp.coo_array((csr.data, (csr.row, columns[csr.col])), (csr.shape[0], width)))


def _taken(csr: Csr, rows: NDArray[np.int32]) -> Csr:
    """Return the chosen rows; -1 chooses an empty one."""
    if np.all(rows >= 0):
        return csr.take(rows)
    offsets = owned(np.append(csr.offsets, csr.offsets[-1]))
    extended = Csr(offsets, csr.columns, csr.values, csr.shape[1])
    return extended.take(np.where(rows < 0, csr.shape[0], rows).astype(np.int32))


def _chosen(first: NDArray[np.bool_], one: Csr, other: Csr) -> Csr:
    """Return the row of `one` where `first` holds, else that of `other`."""
    if not np.any(first):
        return other
    n, width = one.shape
    stacked = Csr(
        owned(np.concatenate([one.offsets, other.offsets[1:] + one.offsets[-1]])),
        owned(np.concatenate([one.columns, other.columns])),
        owned(np.concatenate([one.values, other.values])),
        width,
    )
    return stacked.take(np.where(first, np.arange(n), n + np.arange(n)).astype(np.int32))
