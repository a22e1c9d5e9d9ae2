"""Ranking: the lists that a model returns, with the vocabularies that give rows their names."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data.arrow import stream
from pyrec.data.vocabulary import Vocabulary
from pyrec.extras import need

__all__ = ["Explanation", "Explanations", "Ranking"]


@dataclass(frozen=True, eq=False)
class Ranking:
    """Ranked lists, best first: 2-D for a batch of queries, 1-D for a single one.

    Parameters
    ----------
    rows : int32 (n, k) or (k,)
        Rows of the items; a list shorter than `k` ends in -1.
    scores : float32, same shape
        Their scores; a list shorter than `k` ends in -inf.
    items : Vocabulary
        What the rows mean.
    users : array or scalar, optional
        The external ids that were asked for, in the order of the lists.

    Examples
    --------
    >>> import numpy as np, pyrec
    >>> items = pyrec.Vocabulary.from_ids(["mug", "tea", "pot"])
    >>> ranking = Ranking(np.array([2, 0, -1]), np.array([0.9, 0.5, -np.inf]), items)
    >>> ranking.ids.tolist()
    ['tea', 'mug', None]
    >>> int(ranking.counts), ranking.short
    (2, 1)
    """

    rows: NDArray[np.int32]
    scores: NDArray[np.float32]
    items: Vocabulary
    users: Any = None

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many entries each list really has."""
        return np.asarray(np.sum(self.rows >= 0, axis=-1))

    @property
    def short(self) -> int:
        """How many lists have fewer entries than were asked for."""
        return int(np.count_nonzero(self.rows[..., -1] < 0))

    @cached_property
    def ids(self) -> NDArray[Any]:
        """External ids, in the shape of `rows`.

        Integers or strings as in the input. If any list is short, an object array in which the
        missing entries are None: no id can be mistaken for one that was recommended.
        """
        real = self.rows >= 0
        if np.all(real):
            return np.asarray(self.items.decode(self.rows))
        ids = np.full(self.rows.shape, None, dtype=object)
        ids[real] = self.items.decode(self.rows[real]).tolist()
        return ids

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Return the real entries as columns: user_id (of a batch), item_id, score, rank.

        Ranks count from 1. ``pandas.DataFrame(ranking.to_columns())`` makes a data frame.
        """
        real = self.rows >= 0
        position = np.broadcast_to(np.arange(1, self.rows.shape[-1] + 1), self.rows.shape)
        columns = {
            "item_id": self.items.decode(self.rows[real]),
            "score": self.scores[real],
            "rank": position[real].astype(np.int32),
        }
        if self.rows.ndim == 1:
            return columns
        users = np.arange(len(self.rows)) if self.users is None else np.asarray(self.users)
        return {"user_id": np.repeat(users, self.counts), **columns}

    def to_frame(self) -> Any:
        """Return `to_columns` as a pandas data frame.

        Raises
        ------
        MissingPackageError
            If pandas is not installed.
        """
        pandas = need("pandas", "to_frame", install="pandas")
        return pandas.DataFrame(self.to_columns())

    def __arrow_c_schema__(self) -> object:
        """Export the schema of `to_columns`."""
        return stream(self.to_columns()).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Export `to_columns`: data frame libraries and DuckDB take a Ranking as it is."""
        return stream(self.to_columns()).__arrow_c_stream__(requested_schema)

    def __iter__(self) -> Iterator[Any]:
        """Yield (id, score) pairs of a single list, or such a list for each query of a batch."""
        if self.rows.ndim == 1:
            ids, scores = self.ids.tolist(), self.scores.tolist()
            yield from zip(ids[: int(self.counts)], scores[: int(self.counts)], strict=True)
        else:
            for rows, scores in zip(self.rows, self.scores, strict=True):
                yield list(Ranking(rows, scores, self.items))

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why an item is in a user's list: what each part of the history adds to its score.

    Parameters
    ----------
    total : float
        The score explained: the sum over the whole history, of which the largest parts are shown.
    rows : int32 (k,)
        Rows of the history's items, largest contribution first.
    contributions : float64 (k,)
        What each adds.
    items : Vocabulary
        What the rows mean.
    """

    total: float
    rows: NDArray[np.int32]
    contributions: NDArray[np.float64]
    items: Vocabulary

    @cached_property
    def ids(self) -> NDArray[Any]:
        """External ids of the history's items."""
        return np.asarray(self.items.decode(self.rows))

    def __iter__(self) -> Iterator[tuple[Any, float]]:
        """Yield (id, contribution), largest first."""
        yield from zip(self.ids.tolist(), self.contributions.tolist(), strict=True)


@dataclass(frozen=True, eq=False)
class Explanations:
    """Why items are in lists: for each what the largest parts of its user's history add.

    Parameters
    ----------
    users : array
        External ids of `n` users.
    targets : int32 (n, m)
        The items explained: rows, padded with -1.
    rows : int32 (n, m, k)
        Rows of the history's items, largest contribution first, padded with -1.
    contributions : float32 (n, m, k)
        What each adds, padded with -inf.
    totals : float64 (n, m)
        The scores explained: sums over the whole history.
    items : Vocabulary
        What the rows mean.
    """

    users: NDArray[Any]
    targets: NDArray[np.int32]
    rows: NDArray[np.int32]
    contributions: NDArray[np.float32]
    totals: NDArray[np.float64]
    items: Vocabulary

    def of(self, user: int, place: int) -> Explanation:
        """Return why an item is at a place of a list; both count from 0."""
        real = self.rows[user, place] >= 0
        return Explanation(
            float(self.totals[user, place]),
            self.rows[user, place][real],
            self.contributions[user, place][real].astype(np.float64),
            self.items,
        )

    def __len__(self) -> int:
        return len(self.targets)
