"""Features: one row of numbers for each id, sparse or dense, and what each column means."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec.arguments import require, require_memory
from pyrec.data.columns import frozen, owned
from pyrec.data.provenance import Report
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.io.artifact import part_of

__all__ = ["Features", "Matrix", "rows_of", "take_rows"]

Matrix: TypeAlias = sp.csr_array | NDArray[np.float32]


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """Numbers about users or items: a float32 matrix with an id for each row.

    Everything is checked when it is made. The arrays are read-only; one that somebody could still
    write to is copied.

    Parameters
    ----------
    ids : Vocabulary
        Whom the rows are about.
    matrix : csr_array or ndarray, float32 (n, d)
        Finite values; other scipy formats and types of numbers are converted.
    names : tuple of str
        What the columns mean: ``"category=tea"``, ``"price"``, ``"title:mug"``; each once.
    report : Report, optional
        How the features came about: what was missing, unseen or left out.

    Raises
    ------
    DataError
        If the shapes do not fit together, a value is not finite, or a name is repeated.

    Examples
    --------
    >>> import numpy as np
    >>> tea = Features(Vocabulary(["cup", "tea"]), np.eye(2), ("kind=cup", "kind=tea"))
    >>> tea
    Features(2 strings, 2 dense columns)
    >>> other = tea.aligned(Vocabulary(["pot", "tea"]))
    >>> other.matrix.tolist(), other.report.steps[-1].counts["without features"]
    ([[0.0, 0.0], [0.0, 1.0]], 1)
    """

    ids: Vocabulary
    matrix: Matrix
    names: tuple[str, ...]
    report: Report = field(default_factory=Report)

    def __post_init__(self) -> None:
        """Check and convert everything."""
        require(self.ids, Vocabulary, "ids", "Vocabulary(ids) makes one")
        names = tuple(map(str, self.names))
        if len(set(names)) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            raise DataError(f"names: {twice!r} is there twice; rename one of the columns")
        matrix = _checked(self.matrix)
        if matrix.shape != (len(self.ids), len(names)):
            raise DataError(
                f"matrix: is {matrix.shape} for {len(self.ids)} ids and {len(names)} names"
            )
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "names", names)

    @property
    def is_sparse(self) -> bool:
        """Whether the matrix is sparse."""
        return not isinstance(self.matrix, np.ndarray)

    def sparse(self) -> sp.csr_array:
        """Return the matrix as a ``csr_array``, whichever it is."""
        return self.matrix if self.is_sparse else sp.csr_array(self.matrix)

    def dense(self) -> NDArray[np.float32]:
        """Return the matrix as an array, whichever it is.

        Raises
        ------
        OutOfMemoryError
            If the machine has not the memory for all the zeros.
        """
        if isinstance(self.matrix, np.ndarray):
            return self.matrix
        rows, columns = self.matrix.shape
        require_memory(4 * rows * columns, "features", "keep them sparse or reduce their number")
        return owned(self.matrix.toarray())

    def aligned(self, ids: Vocabulary) -> Self:
        """Return the features of the rows of another vocabulary, that of a model for instance.

        An id without features has a row of zeros. The report counts those, and the ids whose
        features are left out because the other vocabulary lacks them.

        Raises
        ------
        DataError
            If one vocabulary holds integers and the other strings, or they share no id.
        """
        require(ids, Vocabulary, "ids", "Vocabulary(ids) makes one")
        rows = rows_of(ids, self.ids, "features")
        found = int(np.count_nonzero(rows >= 0))
        if len(ids) and not found:
            raise DataError(f"features: none of the {len(ids)} ids asked for is among the {self}")
        counts = {
            "rows": len(ids), "without features": len(ids) - found,
            "left out": len(self.ids) - found,
        }  # fmt: skip
        matrix = take_rows(self.matrix, rows)
        return type(self)(ids, matrix, self.names, self.report.then("align", counts))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything but the report as plain arrays, for an artefact."""
        arrays: dict[str, NDArray[Any]] = {}
        if self.is_sparse:
            for name in ("data", "indices", "indptr"):
                arrays[f"matrix.{name}"] = getattr(self.matrix, name)
        else:
            arrays["matrix"] = self.matrix
        for part, vocabulary in (("ids", self.ids), ("names", _as_vocabulary(self.names))):
            arrays |= {f"{part}.{name}": a for name, a in vocabulary.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild features from `to_arrays`; read-only arrays are shared, not copied.

        Raises
        ------
        DataError
            If the arrays do not fit together.
        KeyError
            If one is missing.
        """
        ids, texts = (Vocabulary.from_arrays(part_of(arrays, name)) for name in ("ids", "names"))
        names = tuple(texts.ids.tolist())
        if "matrix" in arrays:
            return cls(ids, arrays["matrix"], names)
        parts = tuple(arrays[f"matrix.{name}"] for name in ("data", "indices", "indptr"))
        try:
            matrix = sp.csr_array(parts, shape=(len(ids), len(names)))
            matrix.check_format()
        except ValueError as error:
            raise DataError(f"matrix: {error}") from None
        return cls(ids, matrix, names)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        form = "sparse" if self.is_sparse else "dense"
        return f"Features({len(self)} {self.ids.type_name}, {len(self.names)} {form} columns)"


def rows_of(ids: Vocabulary, known: Vocabulary, whose: str) -> NDArray[np.int32]:
    """Return the rows of ids in a vocabulary, -1 where it lacks them.

    Raises
    ------
    DataError
        If one holds integers and the other strings.
    """
    if len(ids) and len(known) and ids.is_integer != known.is_integer:
        raise DataError(
            f"{whose}: the ids are {known.type_name}, those asked for are {ids.type_name}; read "
            "both alike (one id that is no whole number makes all of a text file strings)"
        )
    rows: NDArray[np.int32] = known.encode(ids.ids, missing="mark")
    return rows


def _checked(matrix: Any) -> Matrix:
    """Return a finite float32 matrix that nobody can change."""
    sparse = sp.issparse(matrix)
    given = matrix if sparse else np.asarray(matrix)
    if given.ndim != 2 or (given.dtype.kind not in "biuf" and given.size):
        raise DataError(f"matrix: must be 2-D real numbers, not {given.ndim}-D {given.dtype}")
    if not sparse:
        single = _finite(given)
        return frozen(single)
    csr = sp.csr_array(given)
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()
    data = frozen(_finite(csr.data, lambda at: np.searchsorted(csr.indptr, at, "right") - 1))
    result = sp.csr_array((data, frozen(csr.indices), frozen(csr.indptr)), shape=csr.shape)
    # Known from above; scipy would look again, and sort what is read-only.
    result.has_canonical_format = True
    return result


def _finite(values: NDArray[Any], row_of: Any = None) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        single = values if values.dtype == np.float32 else owned(values.astype(np.float32))
    if not np.all(np.isfinite(single)):
        at = int(np.argmax(~np.isfinite(single)))
        row = row_of(at) if row_of else at // values.shape[1]
        raise DataError(
            f"matrix: row {row} has {values.flat[at]}, which is not a finite float32 number; say "
            "what stands for a missing value"
        )
    return single


def take_rows(matrix: Matrix, rows: NDArray[np.int32]) -> Matrix:
    """Return the rows, zeros for row -1."""
    if isinstance(matrix, np.ndarray):
        padded = np.zeros((len(rows), matrix.shape[1]), np.float32)
        padded[rows >= 0] = matrix[rows[rows >= 0]]
        return owned(padded)
    there = matrix[rows[rows >= 0]]
    offsets = np.zeros(len(rows) + 1, there.indptr.dtype)
    offsets[1:][rows >= 0] = np.diff(there.indptr)
    np.cumsum(offsets, out=offsets)
    return sp.csr_array((there.data, there.indices, offsets), shape=(len(rows), matrix.shape[1]))


def _as_vocabulary(names: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(np.array(names, dtype=np.dtypes.StringDType()))
