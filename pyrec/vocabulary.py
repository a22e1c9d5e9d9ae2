"""Vocabulary: external ids and row numbers are different things, and this converts between them."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec.errors import DataError, UnknownIdError

__all__ = ["Vocabulary"]

_STRING = np.dtypes.StringDType()


class Vocabulary:
    """Unique ids of one kind, ``int64`` or string, each with a row number.

    Rows are in sorted id order when a vocabulary is made, so the order in which a reader delivers
    its batches cannot change a result. A row, once given, never changes: `extend` appends.

    Parameters
    ----------
    ids : array_like
        Unique ids, integers or strings, in row order.

    Raises
    ------
    DataError
        If the ids are neither integers nor strings, or one is repeated.

    Examples
    --------
    >>> items = Vocabulary.from_ids(["tea", "cup", "tea"])
    >>> len(items), items.encode("tea")
    (2, 1)
    >>> items.decode([0, 1]).tolist()
    ['cup', 'tea']
    """

    def __init__(self, ids: ArrayLike) -> None:
        self._ids = _as_ids(ids)
        self._order = np.argsort(self._ids, kind="stable")
        self._sorted = self._ids[self._order]
        if len(self._ids) > 1 and np.any(self._sorted[1:] == self._sorted[:-1]):
            raise DataError("vocabulary: an id is repeated; use Vocabulary.from_ids")
        for array in (self._ids, self._order, self._sorted):
            array.flags.writeable = False

    @classmethod
    def from_ids(cls, ids: ArrayLike) -> Self:
        """Make a vocabulary of the distinct ids in `ids`, rows in sorted order."""
        return cls(np.unique(_as_ids(ids)))

    @classmethod
    def range(cls, n: int) -> Self:
        """Make the vocabulary in which ids and rows are the same numbers, 0 to `n` - 1."""
        return cls(np.arange(n, dtype=np.int64))

    @property
    def ids(self) -> NDArray[Any]:
        """All ids in row order: ``int64`` or numpy's variable-width string dtype."""
        return self._ids

    @property
    def is_integer(self) -> bool:
        """Whether the ids are integers (else strings)."""
        return self._ids.dtype.kind == "i"

    def encode(self, ids: Any, *, missing: str = "raise") -> Any:
        """Return the rows of `ids`: an ``int32`` array, or an int for a scalar.

        Parameters
        ----------
        ids : scalar or array_like
            External ids, of this vocabulary's kind.
        missing : {"raise", "mark"}
            What an unknown id does: raise, or become row -1.

        Raises
        ------
        UnknownIdError
            For an unknown id, unless ``missing="mark"``.
        DataError
            If the ids are of the other kind (strings for integers, say).
        """
        scalar = np.ndim(ids) == 0
        wanted = _as_ids(np.atleast_1d(np.asarray(ids)))
        if wanted.size and wanted.dtype.kind != self._ids.dtype.kind:
            names = ("integers", "strings") if self.is_integer else ("strings", "integers")
            raise DataError(f"ids: the vocabulary holds {names[0]}, these are {names[1]}")
        rows = np.full(len(wanted), -1, dtype=np.int32)
        if len(self._ids):
            at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._ids) - 1)
            found = self._sorted[at] == wanted
            rows[found] = self._order[at[found]]
        if missing == "raise" and np.any(rows < 0):
            unknown = wanted[rows < 0]
            raise UnknownIdError(
                f"{len(unknown)} of {len(wanted)} ids are unknown; the first is {unknown[0]!r}"
            )
        return int(rows[0]) if scalar else rows

    def decode(self, rows: Any) -> Any:
        """Return the ids of `rows`, in an array of the same shape, or one id for a scalar."""
        rows = np.asarray(rows)
        if rows.size and (rows.min() < 0 or rows.max() >= len(self)):
            raise DataError(f"rows: must be in [0, {len(self)})")
        found = self._ids[rows]
        return found if rows.ndim else (int(found) if self.is_integer else str(found))

    def extend(self, ids: ArrayLike) -> Self:
        """Return a vocabulary with the new ones of `ids` appended, in sorted order."""
        more = np.unique(_as_ids(ids))
        new = more[self.encode(more, missing="mark") < 0]
        return type(self)(np.concatenate([self._ids, new]))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays that hold the vocabulary, for an artefact."""
        if self.is_integer:
            return {"ids": self._ids}
        encoded = [str(i).encode() for i in self._ids]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(e) for e in encoded], out=offsets[1:])
        return {"blob": np.frombuffer(b"".join(encoded), dtype=np.uint8), "offsets": offsets}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild a vocabulary from `to_arrays`."""
        if "ids" in arrays:
            return cls(arrays["ids"])
        blob, offsets = arrays["blob"].tobytes(), arrays["offsets"].tolist()
        ids = [blob[a:b].decode() for a, b in pairwise(offsets)]
        return cls(np.array(ids, dtype=_STRING))

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, item: object) -> bool:
        try:
            return bool(self.encode(item, missing="mark") >= 0)
        except (DataError, TypeError):
            return False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self is other or (
            self._ids.dtype.kind == other._ids.dtype.kind and np.array_equal(self._ids, other._ids)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} {'integers' if self.is_integer else 'strings'})"


def _as_ids(ids: ArrayLike) -> NDArray[Any]:
    array = np.asarray(ids)
    if array.dtype.kind in "iu" or (array.dtype.kind == "O" and _all(array, int)):
        return array.astype(np.int64)
    if array.dtype.kind in "UT" or (array.dtype.kind == "O" and _all(array, str)):
        return array.astype(_STRING)
    if array.size == 0:
        return array.astype(np.int64)
    raise DataError(f"ids: must be all integers or all strings, not {array.dtype}")


def _all(array: NDArray[Any], kind: type) -> bool:
    return array.size > 0 and all(
        isinstance(i, kind) and not isinstance(i, bool) for i in array.ravel()
    )
