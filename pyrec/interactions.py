"""Interactions: the validated sparse matrix that models learn from, with its vocabularies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.errors import DataError
from pyrec.vocabulary import Vocabulary

__all__ = ["Interactions", "as_csr", "frozen", "select"]


@dataclass(frozen=True, eq=False)
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
        Names of the bits.
    timestamps : int64 (nnz,), optional
        The time of each pair's latest event, in microseconds since 1970-01-01 UTC.
    """

    users: Vocabulary
    items: Vocabulary
    csr: Csr
    kinds: NDArray[np.uint32] | None = None
    kind_names: tuple[str, ...] = ()
    timestamps: NDArray[np.int64] | None = None

    @cached_property
    def by_item(self) -> Csr:
        """The transpose: items by users."""
        return self.csr.transposed()

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
            If the matrix is not sparse, not numeric, not finite, or does not fit the vocabularies.
        """
        csr = as_csr(matrix)
        users = Vocabulary.range(csr.shape[0]) if users is None else users
        items = Vocabulary.range(csr.shape[1]) if items is None else items
        if csr.shape != (len(users), len(items)):
            raise DataError(
                f"matrix: {csr.shape} does not fit {len(users)} users and {len(items)} items"
                + ("; is it transposed?" if csr.shape == (len(items), len(users)) else "")
            )
        return cls(users, items, csr)

    def having(self, *kinds: str) -> Self:
        """Return the pairs that had an event of at least one of the kinds.

        Raises
        ------
        DataError
            If a kind is unknown, or kinds were not recorded.
        """
        wanted = 0
        for kind in kinds:
            if self.kinds is None or kind not in self.kind_names:
                raise DataError(
                    f"kind {kind!r} is unknown; the interactions have "
                    + (", ".join(map(repr, self.kind_names)) or "no kinds of event")
                )
            wanted |= 1 << self.kind_names.index(kind)
        assert self.kinds is not None
        keep = (self.kinds & np.uint32(wanted)) != 0
        csr = select(self.csr, keep)
        times = None if self.timestamps is None else frozen(self.timestamps[keep])
        return replace(self, csr=csr, kinds=frozen(self.kinds[keep]), timestamps=times)

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
        """Return the weights as a scipy ``csr_array`` that shares the arrays."""
        arrays = (self.csr.values, self.csr.columns, self.csr.offsets)
        return sp.csr_array(arrays, shape=self.csr.shape)


def select(csr: Csr, keep: NDArray[np.bool_]) -> Csr:
    """Return the matrix of those entries for which `keep` (nnz,) is true."""
    kept_before = np.concatenate([[0], np.cumsum(keep, dtype=np.int64)])
    return Csr(
        frozen(kept_before[csr.offsets]),
        frozen(csr.columns[keep]),
        frozen(csr.values[keep]),
        csr.shape[1],
    )


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array if it is read-only, else a read-only copy: nobody can change it later."""
    if not array.flags.writeable and array.flags.c_contiguous:
        return array
    copy = np.array(array, order="C", copy=True)
    copy.flags.writeable = False
    return copy


def as_csr(matrix: Any, name: str = "matrix") -> Csr:
    """Validate a scipy sparse matrix or array of any format and numeric dtype as a `Csr`.

    Raises
    ------
    DataError
        If it is not sparse, not numeric, or has values that are not finite as float32.
    """
    if isinstance(matrix, Csr):
        return matrix
    if not sp.issparse(matrix):
        raise DataError(f"{name}: must be a scipy sparse matrix, not {type(matrix).__name__}")
    if matrix.dtype.kind not in "biuf":
        raise DataError(f"{name}: values must be real numbers, not {matrix.dtype}")
    if matrix.ndim != 2:
        raise DataError(f"{name}: must have 2 dimensions, not {matrix.ndim}")
    csr = sp.csr_array(matrix)
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    with np.errstate(over="ignore"):
        values = csr.data.astype(np.float32)
    return Csr(
        frozen(csr.indptr.astype(np.int64)),
        frozen(csr.indices.astype(np.int32)),
        frozen(values),
        csr.shape[1],
    )
