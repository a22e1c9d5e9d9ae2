"""Interactions: the validated sparse matrix that models learn from, with its vocabularies."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from pyrec._kernels import Csr
from pyrec.data.columns import checked_codes, checked_positions, checked_timestamps, frozen, owned
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.runtime import resolve_threads

__all__ = ["Interactions", "as_csr", "as_scipy", "frozen", "kind_table", "place_of", "select"]

_MAX_ROWS = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False, repr=False)
class Interactions:
    """One weight for each pair of user and item that met, as compressed sparse rows.

    Parameters
    ----------
    users, items : Vocabulary
        The ids of rows and columns.
    csr : Csr
        Weights, users by items.
    kinds : uint32 (nnz,), optional
        For each pair the kinds of event it had, as bits: bit `j` is ``kind_names[j]``.
    kind_names : tuple of str
        Names of the bits, at most 32.
    timestamps : int64 (nnz,), optional
        The time of each pair's latest event, in microseconds since 1970-01-01 UTC.

    Raises
    ------
    DataError
        If the matrix does not fit the vocabularies, or an array does not fit the matrix.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> matrix = Interactions.from_scipy(sp.coo_array([[1, 0, 2], [0, 3, 0]]))
    >>> matrix.shape, matrix.nnz, matrix.by_item.shape
    ((2, 3), 3, (3, 2))
    """

    users: Vocabulary
    items: Vocabulary
    csr: Csr
    kinds: NDArray[np.uint32] | None = None
    kind_names: tuple[str, ...] = ()
    timestamps: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        """Check that everything fits together."""
        for side in ("users", "items"):
            if not isinstance(ids := getattr(self, side), Vocabulary):
                raise DataError(f"{side}: must be a Vocabulary, not {type(ids).__name__}")
        expected = (len(self.users), len(self.items))
        if self.csr.shape != expected:
            raise DataError(
                f"matrix: {self.csr.shape} does not fit {expected[0]} users and {expected[1]} items"
                + ("; is it transposed?" if self.csr.shape == expected[::-1] else "")
            )
        names = kind_table(self.kind_names)
        object.__setattr__(self, "kind_names", names)
        if self.kinds is not None:
            bits = checked_codes(self.kinds, 1 << len(names), np.uint32, "kinds")
            self._set("kinds", bits)
        if self.timestamps is not None:
            self._set("timestamps", checked_timestamps(self.timestamps))

    def _set(self, name: str, array: NDArray[Any]) -> None:
        if len(array) != self.nnz:
            raise DataError(f"{name}: has {len(array)} entries for {self.nnz} pairs")
        object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        users, items = self.shape
        return f"Interactions({self.nnz} of {users} users and {items} items)"

    @cached_property
    def by_item(self) -> Csr:
        """The transpose: items by users."""
        return self.csr.transposed(resolve_threads())

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of users and items."""
        return self.csr.shape

    @property
    def nnz(self) -> int:
        """Number of pairs."""
        return self.csr.nnz

    @classmethod
    def from_scipy(
        cls, matrix: Any, *, users: Vocabulary | None = None, items: Vocabulary | None = None
    ) -> Self:
        """Take a scipy sparse matrix or array, users by items, of any format and numeric dtype.

        Duplicates are summed and columns sorted; explicit zeros stay. Ids are row numbers unless
        vocabularies are given.

        Raises
        ------
        DataError
            If the matrix is not sparse, not numeric, not finite as float32, has 2^31 or more rows
            or columns, or does not fit the vocabularies.

        Examples
        --------
        >>> import scipy.sparse as sp
        >>> Interactions.from_scipy(sp.csc_matrix([[0, 7]])).to_scipy().toarray().tolist()
        [[0.0, 7.0]]
        """
        csr = as_csr(matrix)
        users = Vocabulary.range(csr.shape[0]) if users is None else users
        items = Vocabulary.range(csr.shape[1]) if items is None else items
        return cls(users, items, csr)

    def having(self, *kinds: str) -> Self:
        """Return the pairs that had an event of at least one of the kinds.

        Raises
        ------
        DataError
            If a kind is unknown, or kinds were not recorded.
        """
        return self.only(self._had(kinds))

    def left_out_with(self, *kinds: str) -> Self:
        """Return the pairs that had one of the kinds, and all that weigh less than 0: dislikes.

        That is what lists leave out that leave out these kinds: nobody is shown again what they
        did not like.

        Raises
        ------
        DataError
            As `having` does.
        """
        return self.only(self._had(kinds) | (self.csr.values < 0))

    def _had(self, kinds: Iterable[str]) -> NDArray[np.bool_]:
        """Tell which pairs had an event of at least one of the kinds."""
        wanted = 0
        for kind in kinds:
            if self.kinds is None or kind not in self.kind_names:
                raise DataError(
                    f"kind {kind!r} is unknown; the interactions have "
                    + (", ".join(map(repr, self.kind_names)) or "no kinds of event")
                )
            wanted |= 1 << self.kind_names.index(kind)
        assert self.kinds is not None
        return np.asarray((self.kinds & np.uint32(wanted)) != 0)

    def only(self, keep: NDArray[np.bool_]) -> Self:
        """Return the pairs for which `keep` (nnz,) is true; users and items all stay.

        Examples
        --------
        >>> import scipy.sparse as sp
        >>> matrix = Interactions.from_scipy(sp.csr_array([[1, 0], [0, 2]]))
        >>> matrix.only(matrix.csr.values > 1)
        Interactions(1 of 2 users and 2 items)
        """
        return replace(self, csr=select(self.csr, keep), **self._aligned(keep))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays, for an artefact; the names of kinds go beside."""
        arrays: dict[str, NDArray[Any]] = {
            "interactions.offsets": self.csr.offsets,
            "interactions.columns": self.csr.columns,
            "interactions.values": self.csr.values,
        }
        for name in ("kinds", "timestamps"):
            if getattr(self, name) is not None:
                arrays[f"interactions.{name}"] = getattr(self, name)
        for side in ("users", "items"):
            vocabulary = getattr(self, side).to_arrays()
            arrays |= {f"{side}.{name}": array for name, array in vocabulary.items()}
        return arrays

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], kind_names: tuple[str, ...] = ()
    ) -> Self:
        """Rebuild interactions from `to_arrays`; read-only arrays are shared, not copied."""
        parts: dict[str, dict[str, NDArray[Any]]] = {"users": {}, "items": {}, "interactions": {}}
        for name, array in arrays.items():
            part, _, inner = name.partition(".")
            if part in parts:
                parts[part][inner] = array
        users, items = (Vocabulary.from_arrays(parts[side]) for side in ("users", "items"))
        mine = parts["interactions"]
        csr = Csr(
            frozen(mine["offsets"]), frozen(mine["columns"]), frozen(mine["values"]), len(items)
        )
        return cls(users, items, csr, mine.get("kinds"), kind_names, mine.get("timestamps"))

    def to_scipy(self) -> sp.csr_array:
        """Return the weights as a scipy ``csr_array`` that shares columns and values."""
        return as_scipy(self.csr)

    def transposed(self) -> Self:
        """Return the same pairs, items by users, with their kinds and times."""
        positions = self.csr.transpose_positions()
        return replace(
            self, users=self.items, items=self.users, csr=self.by_item, **self._aligned(positions)
        )

    def take_users(self, rows: ArrayLike) -> Self:
        """Return only the users in `rows` (a mask, or row numbers), in that order.

        Examples
        --------
        >>> import scipy.sparse as sp
        >>> matrix = Interactions.from_scipy(sp.csr_array([[1, 0], [0, 2], [3, 3]]))
        >>> chosen = matrix.take_users([2, 0])
        >>> chosen.users.ids.tolist(), chosen.to_scipy().toarray().tolist()
        ([2, 0], [[3.0, 3.0], [1.0, 0.0]])
        """
        index = checked_positions(rows, len(self.users), "users")
        index = np.flatnonzero(index) if index.dtype.kind == "b" else index
        csr = self.csr.take(index.astype(np.int32))
        users = Vocabulary(self.users.ids[index])
        shifts = np.repeat(self.csr.offsets[index] - csr.offsets[:-1], np.diff(csr.offsets))
        return replace(self, users=users, csr=csr, **self._aligned(np.arange(csr.nnz) + shifts))

    def _aligned(self, chosen: NDArray[Any]) -> dict[str, Any]:
        """Return kinds and times of the chosen pairs."""
        arrays = {"kinds": self.kinds, "timestamps": self.timestamps}
        return {k: None if v is None else owned(v[chosen]) for k, v in arrays.items()}


def select(csr: Csr, keep: NDArray[np.bool_]) -> Csr:
    """Return the matrix of those entries for which `keep` (nnz,) is true."""
    kept_before = np.concatenate([[0], np.cumsum(keep, dtype=np.int64)])
    return Csr(
        owned(kept_before[csr.offsets]),
        owned(csr.columns[keep]),
        owned(csr.values[keep]),
        csr.shape[1],
    )


def entry_rows(csr: Csr) -> NDArray[np.int32]:
    """Return the row of each stored entry (nnz,)."""
    return np.repeat(np.arange(csr.shape[0], dtype=np.int32), np.diff(csr.offsets))


def found_in(pattern: Csr, pairs: Csr) -> NDArray[np.bool_]:
    """Tell of each stored pair whether the pattern has it too."""
    width = np.int64(max(pattern.shape[1], pairs.shape[1]))
    stored, wanted = (entry_rows(csr) * width + csr.columns for csr in (pattern, pairs))
    if len(stored) == 0:
        return np.zeros(len(wanted), dtype=bool)
    at = np.minimum(np.searchsorted(stored, wanted), len(stored) - 1)
    return np.asarray(stored[at] == wanted)


def place_of(csr: Csr, at: int) -> tuple[int, int]:
    """Return the row and column of the stored entry `at`, for messages."""
    return int(np.searchsorted(csr.offsets, at, side="right")) - 1, int(csr.columns[at])


def kind_table(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of kinds of event as a tuple, or raise: at most 32, each once."""
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise DataError("kind_names: must be a sequence of strings")
    if len(set(names)) != len(names):
        raise DataError("kind_names: a name is repeated")
    if len(names) > 32:
        raise DataError(f"kind_names: there are {len(names)}; at most 32 kinds are told apart")
    return tuple(names)


def as_csr(matrix: Any, name: str = "matrix") -> Csr:
    """Validate a scipy sparse matrix or array of any format and numeric dtype as a `Csr`.

    That of `Interactions` is taken as it is.

    Duplicates are summed, in double precision unless the values are float32, and so never wrap
    around; columns are sorted; explicit zeros stay.

    Raises
    ------
    DataError
        If it is not sparse, not numeric, has 2^31 or more rows or columns, or values that are not
        finite as float32; the message names the place.
    """
    if isinstance(matrix, Csr):
        return matrix
    if isinstance(matrix, Interactions):
        return matrix.csr
    _require_sparse_numbers(matrix, name)
    for indices in ("indices", "indptr", "row", "col"):
        held = getattr(matrix, indices, None)
        if isinstance(held, np.ndarray) and held.dtype.kind not in "iu":
            raise DataError(f"{name}: its {indices} are {held.dtype}; make them integers")
    if matrix.format == "csr" and matrix.indices.dtype == np.int32:
        # What is in order, as most is, passes our own check in a tenth of the time of scipy's.
        with contextlib.suppress(DataError):
            return _in_order(matrix)
    try:
        if matrix.format in ("csr", "csc", "bsr"):
            matrix.check_format(full_check=True)
        if matrix.dtype != np.float32:
            with np.errstate(over="ignore"):
                matrix = matrix.astype(np.float64)
        csr = sp.csr_array(matrix)
    except (ValueError, IndexError) as error:
        raise DataError(f"{name}: broken indices: {error}") from None
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    with np.errstate(over="ignore"):
        values = csr.data[: csr.nnz].astype(np.float32)
    if not np.all(np.isfinite(values)):
        at = int(np.argmax(~np.isfinite(values)))
        row = int(np.searchsorted(csr.indptr, at, side="right")) - 1
        raise DataError(
            f"{name}[{row}, {csr.indices[at]}] = {csr.data[at]} is not a finite float32 number"
        )
    return Csr(
        owned(csr.indptr.astype(np.int64)),
        owned(csr.indices[: csr.nnz].astype(np.int32)),
        owned(values),
        csr.shape[1],
    )


def as_scipy(csr: Csr) -> sp.csr_array:
    """Return a matrix as a scipy ``csr_array`` that shares columns and values."""
    # scipy wants offsets and columns of one type: the smaller one, where it will do.
    small = csr.nnz <= _MAX_ROWS
    offsets = csr.offsets.astype(np.int32) if small else csr.offsets
    columns = csr.columns if small else csr.columns.astype(np.int64)
    return sp.csr_array((csr.values, columns, offsets), shape=csr.shape)


def _in_order(matrix: Any) -> Csr:
    """Take the arrays of a scipy CSR matrix as they are, if a `Csr` can be made of them."""
    if len(matrix.indptr) != matrix.shape[0] + 1:
        raise DataError("indptr: has not one more entry than there are rows")
    with np.errstate(over="ignore"):  # what is not finite is refused
        values = np.asarray(matrix.data, np.float32 if matrix.dtype == np.float32 else np.float64)
        values = values.astype(np.float32)
    offsets, columns = matrix.indptr.astype(np.int64), matrix.indices.copy()
    return Csr(owned(offsets), owned(columns), owned(values), matrix.shape[1])


def _require_sparse_numbers(matrix: Any, name: str) -> None:
    if not sp.issparse(matrix):
        raise DataError(
            f"{name}: must be a scipy sparse matrix, users by items, not {type(matrix).__name__}; "
            "a dense one becomes one by scipy.sparse.csr_array(...)"
        )
    if matrix.dtype.kind not in "biuf":
        raise DataError(f"{name}: values must be real numbers, not {matrix.dtype}")
    if matrix.ndim != 2:
        raise DataError(f"{name}: must have 2 dimensions, not {matrix.ndim}")
    if max(matrix.shape) > _MAX_ROWS:
        raise DataError(
            f"{name}: is {matrix.shape}; at most 2^31 - 1 rows and columns are possible"
        )
