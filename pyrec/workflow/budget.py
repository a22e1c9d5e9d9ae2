"""Budget: for how many users lists are made at a time, so that a cap on memory is kept."""

import numpy as np
from numpy.typing import NDArray

from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError, OutOfMemoryError
from pyrec.models.base import Model
from pyrec.runtime import resolve_threads

__all__ = ["Budget"]

# Users at a time: large enough to keep all threads busy, small enough to be no memory at all.
_PIECE = 8192

# What DuckDB takes to write Parquet: itself, and a group of rows that is not on the disk yet.
# Measured: 45 MB, and for each text about twice its length.
_WRITER = 96 << 20
_ROW_GROUP = 122_880

# Of a user's history: twice a column and a value, to score and to exclude.
_ENTRY = 16


class Budget:
    """The sizes of pieces of users, whose lists fit into a cap on memory together with all else.

    Parameters
    ----------
    model : Model
        A fitted model.
    k : int
        Length of the lists.
    memory : int, optional
        Bytes that making lists and writing them may take, beside the model.
    threads : int
        Number of threads; 0 means the default of the process.

    Raises
    ------
    OutOfMemoryError
        If not even one user's lists would fit; says what would be enough.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> model = pyrec.Popularity().fit(sp.eye_array(100_000))
    >>> Budget(model, 1000).end(0, 100_000)
    8192
    >>> Budget(model, 1000, 150_000_000, threads=1).end(0, 100_000)
    492
    """

    def __init__(self, model: Model, k: int, memory: int | None = None, threads: int = 0) -> None:
        if memory is not None and (isinstance(memory, bool) or not isinstance(memory, int | float)):
            raise DataError(f"memory: must be a number of bytes, not {memory!r}")
        threads = resolve_threads(threads)
        texts = _longest(model.users) + _longest(model.items)
        # The piece that DuckDB still has: columns (16), ids or offsets of texts (16). The next one:
        # its columns (16), while they become Arrow (4 + 2 + 16); before that, rows and scores (8),
        # which are real (1), and a count of the items (8).
        entry = 32 + 16 + 4 + 2 + 16 + 17 + 2 * texts
        none = model._scratch_bytes(0, k, threads)
        self._of_user = k * entry + model._scratch_bytes(1, k, threads) - none + 64
        self._offsets = model.interactions.csr.offsets
        # In how many lists each item is: so far, and in a piece.
        fixed = _WRITER + 2 * _ROW_GROUP * texts + none + 16 * len(model.items)
        self._room: int | None = None
        if memory is not None:
            self._room = memory - fixed
            least = fixed + self._of_user + _ENTRY * _largest_row(self._offsets)
            if memory < least:
                raise OutOfMemoryError(
                    f"memory: lists of {k:,} among {len(model.items):,} items on {threads} threads "
                    f"need {least / 1e6:,.0f} MB beside the model, not {memory / 1e6:,.0f} MB"
                )

    def end(self, start: int, stop: int) -> int:
        """Return where the piece ends that begins with user row `start`; `stop` at most."""
        stop = min(start + _PIECE, stop)
        if self._room is None:
            return stop
        entries = self._offsets[start + 1 : stop + 1] - self._offsets[start]
        needed = self._of_user * np.arange(1, stop - start + 1) + _ENTRY * entries
        return start + int(np.searchsorted(needed, self._room, side="right"))


def _longest(ids: Vocabulary) -> int:
    """Return the length of the longest id of text in bytes."""
    return 0 if ids.is_integer else _largest_row(ids.to_arrays()["offsets"])


def _largest_row(offsets: NDArray[np.int64]) -> int:
    blocks = range(0, len(offsets) - 1, 65_536)
    return int(max(np.diff(offsets[at : at + 65_537]).max() for at in blocks))
