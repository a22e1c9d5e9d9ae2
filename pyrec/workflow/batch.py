"""Batch: everybody's lists, computed piece by piece and streamed to a file in bounded memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data import arrow
from pyrec.io.writing import write_table
from pyrec.models.base import Model

__all__ = ["Lists", "Written", "write_recommendations"]

# Users per piece: large enough to keep all threads busy, small enough to be no memory at all.
_PIECE = 8192

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Written:
    """What `write_recommendations` wrote.

    Parameters
    ----------
    rows : int
        Recommendations.
    users : int
        Users who got at least one.
    exposure : int64 (n_items,)
        In how many lists each item is.
    """

    rows: int
    users: int
    exposure: NDArray[np.int64]


class Lists:
    """Everybody's lists as columns, one piece after the other: ``for columns in Lists(model, 10)``.

    Parameters
    ----------
    model : Model
        A fitted model.
    k : int
        Length of the lists.
    exclude_seen : bool, str or list of str
        As in `Model.recommend`.
    threads : int
        Number of threads; 0 means the default of the process.
    progress : callable, optional
        Called as ``progress(users_done, users)``.

    Attributes
    ----------
    written : Written
        The sums over the pieces so far.
    """

    def __init__(
        self,
        model: Model,
        k: int,
        *,
        exclude_seen: bool | str | list[str] = True,
        threads: int = 0,
        progress: Progress | None = None,
    ) -> None:
        self._model, self._k, self._progress = model, k, progress
        self._options: dict[str, Any] = {"exclude_seen": exclude_seen, "threads": threads}
        self.written = Written(0, 0, np.zeros(len(model.items), dtype=np.int64))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the columns user_id, item_id, score and rank of the next users."""
        n = len(self._model.users)
        for start in range(0, n, _PIECE):
            users = np.arange(start, min(start + _PIECE, n), dtype=np.int32)
            rows, scores = self._model.recommend_rows(users, self._k, **self._options)
            real = rows >= 0
            self._count(rows, real)
            ranks = np.broadcast_to(np.arange(1, self._k + 1, dtype=np.int32), rows.shape)
            yield {
                "user_id": (np.repeat(users, real.sum(axis=1)), self._model.users),
                "item_id": (rows[real], self._model.items),
                "score": scores[real],
                "rank": ranks[real],
            }
            if self._progress is not None:
                self._progress(int(users[-1]) + 1, n)

    def _count(self, rows: NDArray[np.int32], real: NDArray[np.bool_]) -> None:
        sofar = self.written
        shown = np.bincount(rows[real], minlength=len(sofar.exposure))
        self.written = Written(
            sofar.rows + int(real.sum()),
            sofar.users + int(real.any(axis=1).sum()),
            sofar.exposure + shown,
        )


def write_recommendations(
    model: Model,
    path: str | Path,
    k: int,
    *,
    exclude_seen: bool | str | list[str] = True,
    threads: int = 0,
    progress: Progress | None = None,
) -> Written:
    """Write everybody's `k` best items to a Parquet, CSV or TSV file, whole or not at all.

    The columns are user_id, item_id, score and rank (1 is best), in the order of the user ids and,
    for each, of the ranks. Memory does not grow with the number of users.

    Parameters
    ----------
    model : Model
        A fitted model.
    path : path
        The file; its suffix says what is written: ``.parquet``, ``.csv``, ``.tsv``, the last two
        also with ``.gz`` or ``.zst``.
    k, exclude_seen, threads, progress
        As in `Lists`.

    Raises
    ------
    DataError
        If the file cannot be written; none, or an earlier one, is then there.
    """
    lists = Lists(model, k, exclude_seen=exclude_seen, threads=threads, progress=progress)
    write_table(arrow.stream(iter(lists)), path)
    return lists.written
