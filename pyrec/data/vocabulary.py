"""Vocabulary: external ids and row numbers are different things, and this converts between them."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec import _ids
from pyrec.errors import DataError, UnknownIdError

__all__ = ["Vocabulary", "as_ids"]

_STRING = np.dtypes.StringDType()

# Integers, or strings as UTF-8 bytes and offsets: string i is bytes[offsets[i]:offsets[i + 1]].
Packed = NDArray[np.int64] | tuple[NDArray[np.uint8], NDArray[np.int64]]


class Vocabulary:
    """Unique ids of one kind, ``int64`` or string, each with a row number.

    Rows are in sorted id order when a vocabulary is made, so the order in which a reader delivers
    its batches cannot change a result. A row, once given, never changes: `extend` appends.

    Rows are found through a hash table that is stored with the ids (`to_arrays`), so a process that
    maps a stored vocabulary into memory builds nothing.

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
        array = as_ids(ids).ravel()
        self._packed = _frozen(array if array.dtype.kind == "i" else _ids.pack_strings(array))
        self._index  # noqa: B018 (made now, because that is what finds a repeated id)

    @classmethod
    def from_ids(cls, ids: ArrayLike) -> Self:
        """Make a vocabulary of the distinct ids in `ids`, rows in sorted order."""
        return cls.factorize(ids)[0]

    @classmethod
    def factorize(cls, ids: ArrayLike) -> tuple[Self, NDArray[np.int32]]:
        """Make a vocabulary of the distinct ids in `ids`, and return the rows of `ids` with it.

        Examples
        --------
        >>> items, rows = Vocabulary.factorize(["tea", "cup", "tea"])
        >>> rows.tolist()
        [1, 0, 1]
        """
        array = as_ids(ids)
        make = _ids.factorize_integers if array.dtype.kind == "i" else _ids.factorize_strings
        rows, packed = make(np.ascontiguousarray(array.ravel()))
        return cls._of(packed), rows.reshape(array.shape)

    @classmethod
    def range(cls, n: int) -> Self:
        """Make the vocabulary in which ids and rows are the same numbers, 0 to `n` - 1."""
        return cls._of(np.arange(n, dtype=np.int64))

    @classmethod
    def of_column(cls, ids: Packed) -> Self:
        """Make a vocabulary of what a reader of columns found: distinct ids, in order.

        Raises
        ------
        DataError
            If a string is not UTF-8.
        """
        if isinstance(ids, tuple):
            _require_utf8(*ids)
        return cls._of(ids)

    @classmethod
    def _of(cls, packed: Packed, table: NDArray[np.uint64] | None = None) -> Self:
        """Make a vocabulary of ids that are known to be unique, perhaps with their table."""
        self = object.__new__(cls)
        self._packed = _frozen(packed)
        if table is not None:
            self._index = _ids.Index(self._packed, table)
        return self

    @cached_property
    def _index(self) -> _ids.Index:
        return _ids.Index(self._packed)

    @cached_property
    def ids(self) -> NDArray[Any]:
        """All ids in row order: ``int64`` or numpy's variable-width string dtype."""
        if not isinstance(self._packed, tuple):
            return self._packed
        ids = _ids.unpack_strings(*self._packed, np.arange(len(self), dtype=np.int32))
        ids.flags.writeable = False
        return ids

    @property
    def is_integer(self) -> bool:
        """Whether the ids are integers (else strings)."""
        return not isinstance(self._packed, tuple)

    @property
    def type_name(self) -> str:
        """What the ids are, for messages: "integers" or "strings"."""
        return "integers" if self.is_integer else "strings"

    def encode(self, ids: Any, *, missing: str = "raise") -> Any:
        """Return the rows of `ids`: an ``int32`` array of their shape, or an int for a scalar.

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
        if missing not in ("raise", "mark"):
            raise DataError(f"missing: must be 'raise' or 'mark', not {missing!r}")
        # A service asks for one id at a time: no array is made for it.
        if type(ids) is str and not self.is_integer and (ids.isascii() or _is_unicode(ids)):
            row = self._index.find_string(ids)
        elif type(ids) is int and self.is_integer and -(2**63) <= ids < 2**63:
            row = self._index.find_integer(ids)
        else:
            return self._encode_array(ids, missing)
        if row < 0 and missing == "raise":
            raise UnknownIdError(f"the id {ids!r} is unknown")
        return row

    def _encode_array(self, ids: Any, missing: str) -> Any:
        wanted = as_ids(ids)
        flat = np.ascontiguousarray(wanted.ravel())
        integers = wanted.dtype.kind == "i"
        if flat.size and integers != self.is_integer:
            names = ("integers", "strings") if self.is_integer else ("strings", "integers")
            raise DataError(f"ids: the vocabulary holds {names[0]}, these are {names[1]}")
        if not flat.size:
            rows = np.empty(0, dtype=np.int32)
        elif integers:
            rows = self._index.find_integers(flat)
        else:
            rows = self._index.find_strings(flat)
        if missing == "raise" and rows.size and rows.min() < 0:
            unknown = flat[rows < 0]
            raise UnknownIdError(
                f"{len(unknown)} of {len(flat)} ids are unknown; the first is {unknown.item(0)!r}"
            )
        return rows.reshape(wanted.shape) if wanted.ndim else int(rows[0])

    def decode(self, rows: Any) -> Any:
        """Return the ids of `rows`, in an array of the same shape, or one id for a scalar.

        Raises
        ------
        DataError
            If a row is not one of this vocabulary.
        """
        if type(rows) is int and 0 <= rows < len(self):
            return self._id(rows)
        rows = np.asarray(rows)
        if rows.size and (rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= len(self)):
            raise DataError(f"rows: must be whole numbers in [0, {len(self)})")
        if not rows.ndim:
            return self._id(int(rows))
        if not isinstance(self._packed, tuple):
            return self._packed[rows.astype(np.intp)]
        found = _ids.unpack_strings(*self._packed, rows.astype(np.int32).ravel())
        return found.reshape(rows.shape)

    def _id(self, row: int) -> int | str:
        if not isinstance(self._packed, tuple):
            return int(self._packed[row])
        data, offsets = self._packed
        return data[offsets[row] : offsets[row + 1]].tobytes().decode()

    def texts(self, rows: NDArray[np.int32]) -> NDArray[Any]:
        """Return the ids of `rows` as numpy strings, the empty one where the row is -1."""
        if isinstance(self._packed, tuple):
            return _ids.unpack_strings(*self._packed, rows)
        texts = np.append(self._packed.astype(_STRING), np.array([""], dtype=_STRING))
        return np.asarray(texts[rows])

    def gather(self, rows: NDArray[np.int32]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the strings of `rows` as UTF-8 bytes and offsets, the form that Arrow has.

        Row -1 becomes the empty string; rows are not checked.
        """
        assert isinstance(self._packed, tuple)
        return _ids.gather_strings(*self._packed, rows)

    def extend(self, ids: ArrayLike) -> Self:
        """Return a vocabulary with the new ones of `ids` appended, in sorted order.

        Raises
        ------
        DataError
            If the ids are of the other kind.
        """
        more = type(self).from_ids(ids)
        new = more.ids[self.encode(more.ids, missing="mark") < 0]
        if not len(new):
            return self
        if not isinstance(self._packed, tuple):
            return self._of(np.concatenate([self._packed, new]))
        (data, offsets), (new_data, new_offsets) = self._packed, _ids.pack_strings(new)
        offsets = np.concatenate([offsets, offsets[-1] + new_offsets[1:]])
        return self._of((np.concatenate([data, new_data]), offsets))

    def used(self, rows: NDArray[np.int32]) -> tuple[Self, NDArray[np.int32]]:
        """Return the vocabulary without the ids that no row names, and the rows renumbered.

        Examples
        --------
        >>> fewer, rows = Vocabulary(["cup", "pot", "tea"]).used(np.array([2, 0, 2], np.int32))
        >>> fewer.ids.tolist(), rows.tolist()
        (['cup', 'tea'], [1, 0, 1])
        """
        used = np.zeros(len(self), bool)
        used[rows] = True
        if np.all(used):
            return self, rows
        ids = self.ids[used]
        packed = ids if self.is_integer else _ids.pack_strings(ids)
        return self._of(packed), (np.cumsum(used, dtype=np.int32) - np.int32(1))[rows]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return plain arrays that hold the vocabulary and its hash table, for an artefact."""
        table = self._index.table
        if not isinstance(self._packed, tuple):
            return {"ids": self._packed, "table": table}
        return {"bytes": self._packed[0], "offsets": self._packed[1], "table": table}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild a vocabulary from `to_arrays`; read-only arrays are shared, not copied.

        Raises
        ------
        DataError
            If the arrays do not fit together.
        """
        packed = arrays["ids"] if "ids" in arrays else (arrays["bytes"], arrays["offsets"])
        return cls._of(packed, arrays.get("table"))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_arrays, (self.to_arrays(),)

    def __len__(self) -> int:
        return len(self._packed[1]) - 1 if isinstance(self._packed, tuple) else len(self._packed)

    def __contains__(self, item: object) -> bool:
        try:
            return bool(self.encode(item, missing="mark") >= 0)
        except (DataError, TypeError, ValueError):
            return False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        if self is other:
            return True
        if isinstance(self._packed, tuple) and isinstance(other._packed, tuple):
            mine, theirs = self._packed, other._packed
            return np.array_equal(mine[1], theirs[1]) and np.array_equal(mine[0], theirs[0])
        return self.is_integer and other.is_integer and np.array_equal(self.ids, other.ids)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} {'integers' if self.is_integer else 'strings'})"


def as_ids(ids: ArrayLike) -> NDArray[Any]:
    """Return ids as ``int64`` or as numpy strings, in their shape.

    Raises
    ------
    DataError
        If they are neither all integers nor all strings, or a masked array with some missing.
    """
    if np.ma.is_masked(ids):
        raise DataError("ids: some are masked; leave those out")
    # Through objects, or numpy would turn [1, "a"] and [1, 2.5] into one type without a word.
    array = np.array(ids, dtype=object) if isinstance(ids, list | tuple) else np.asarray(ids)
    if array.size == 0:
        return array.astype(_STRING if array.dtype.kind in "UT" else np.int64)
    kinds = set(map(type, array.ravel())) if array.dtype.kind == "O" else {array.dtype.type}
    if all(issubclass(kind, int | np.integer) and kind is not bool for kind in kinds):
        if array.dtype.kind != "i" and array.max() > np.iinfo(np.int64).max:
            raise DataError(f"ids: {array.max()} does not fit 64 bits; make them strings")
        return array.astype(np.int64, copy=False)
    if all(issubclass(kind, str) or array.dtype.kind in "UT" for kind in kinds):
        try:
            return array.astype(_STRING, copy=False)
        except (UnicodeEncodeError, TypeError):
            wrong = next(text for text in array.ravel().tolist() if not _is_unicode(text))
            raise DataError(f"ids: {wrong!r} is no Unicode text; repair it") from None
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise DataError(f"ids: must be all integers or all strings, not {names}")


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _require_utf8(data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
    text = data.tobytes()
    try:
        text.decode()
    except UnicodeDecodeError as error:
        at = int(np.searchsorted(offsets, error.start, side="right")) - 1
        wrong = text[offsets[at] : offsets[at + 1]]
        raise DataError(f"ids: {wrong!r} is not UTF-8 text; repair it") from None
    starts = offsets[:-1][offsets[:-1] < len(data)]
    if np.any((data[starts] & 0xC0) == 0x80):  # two halves of a character make it whole by chance
        raise DataError("ids: one begins in the middle of a character; repair its encoding")


def _frozen(packed: Packed) -> Packed:
    """Make the arrays read-only and contiguous; one that somebody may still write to is copied."""
    if isinstance(packed, tuple):
        return _read_only(packed[0], np.uint8), _read_only(packed[1], np.int64)
    return _read_only(packed, np.int64)


def _read_only(array: NDArray[Any], dtype: type) -> NDArray[Any]:
    if array.flags.writeable or array.dtype != dtype or not array.flags.c_contiguous:
        array = np.array(array, dtype=dtype)
        array.flags.writeable = False
    return array
