"""Arrow: columns of numpy arrays as a stream that every data frame library reads, and back.

The stream is handed over in a PyCapsule (``__arrow_c_stream__``), so neither side needs to know the
other, and pyarrow need not be installed.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyrec import _arrow, _ids
from pyrec.data.vocabulary import Vocabulary, as_ids
from pyrec.errors import DataError

__all__ = ["Columns", "Stream", "stream"]

# An array, or rows of a vocabulary, which become its ids (and nulls where they are -1).
Columns: TypeAlias = Mapping[str, NDArray[Any] | tuple[NDArray[np.int32], Vocabulary]]
_Column: TypeAlias = tuple[int, list[NDArray[Any] | None]]

_NUMBERS = {
    np.dtype(numpy): arrow
    for numpy, arrow in zip(
        ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"), "cCsSiIlLfg", strict=True
    )
}


class Stream:
    """Columns as an Arrow stream; made by `stream`.

    Anything that takes Arrow reads it: ``polars.DataFrame(s)``, ``pyarrow.table(s)``,
    ``pandas.DataFrame.from_arrow(s)``, ``duckdb.sql("from s")``.
    """

    def __init__(self, fields: list[tuple[str, str]], batches: Iterable[Columns]) -> None:
        self._fields = fields
        self._batches = batches
        self._producer: _arrow.Producer | None = None

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [name for name, _ in self._fields]

    @property
    def error(self) -> BaseException | None:
        """What an iterator of batches raised, which a consumer can only tell as text."""
        return None if self._producer is None else self._producer.error

    def __arrow_c_schema__(self) -> object:
        """Return a PyCapsule of the schema."""
        return _arrow.schema(self._fields)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a PyCapsule of the stream. What was made of an iterator can be read once."""
        if isinstance(self._batches, Iterator) and self._producer is not None:
            raise DataError("stream: it was made of an iterator and has been read already")
        self._producer = _arrow.Producer(self._fields, self._exported())
        return self._producer.stream()

    def _exported(self) -> Iterator[tuple[int, list[_Column]]]:
        for number, batch in enumerate(self._batches):
            length, columns, fields = _export(batch)
            if fields != self._fields:
                raise DataError(f"batch {number + 1}: has the columns {fields}, not {self._fields}")
            yield length, columns


def stream(columns: Columns | Iterable[Columns]) -> Stream:
    """Return columns as an Arrow stream.

    Parameters
    ----------
    columns : mapping, or iterable of mappings
        Names to columns: numpy arrays of numbers, truth values, times (NaT is a null) or strings,
        or pairs of rows and the `Vocabulary` that they are rows of. Numbers are not copied. Several
        mappings are several batches; an iterator is asked for one when its time has come, so that
        a table that never exists as a whole can be written.

    Returns
    -------
    Stream

    Raises
    ------
    DataError
        If there are no columns, their lengths differ, or one has a type that Arrow does not.

    Examples
    --------
    >>> import polars as pl
    >>> tea = stream({"item": (np.array([1, 0], np.int32), Vocabulary(["cup", "tea"])),
    ...               "price": np.array([2.5, 4.0])})
    >>> pl.DataFrame(tea).rows()
    [('tea', 2.5), ('cup', 4.0)]
    """
    if isinstance(columns, Mapping):
        _, _, fields = _export(columns)
        return Stream(fields, [columns])
    if not isinstance(columns, Iterable):
        raise DataError(f"stream: must be columns by name, not {type(columns).__name__}")
    batches = iter(columns)
    first = next(batches, None)
    if first is None:
        raise DataError("stream: there is no batch, so its columns are unknown; give an empty one")
    _, _, fields = _export(first)
    if isinstance(columns, Iterator):
        return Stream(fields, chain([first], batches))
    return Stream(fields, columns)


def _export(columns: Columns) -> tuple[int, list[_Column], list[tuple[str, str]]]:
    """Return the length of a batch, its columns as buffers, and their names and formats."""
    if not isinstance(columns, Mapping):
        raise DataError(f"stream: a batch must be columns by name, not {type(columns).__name__}")
    if not columns:
        raise DataError("stream: a batch has no columns")
    exported, fields, lengths = [], [], {}
    for name, column in columns.items():
        if not isinstance(name, str):
            raise DataError(f"column {name!r}: its name must be a string")
        rows = column[0] if isinstance(column, tuple) else column
        if not isinstance(rows, np.ndarray) or rows.ndim != 1:
            raise DataError(f"column {name!r}: must be a 1-D numpy array")
        lengths[name] = len(rows)
        try:
            form, data = _ids_column(*column) if isinstance(column, tuple) else _column(column)
        except DataError as error:
            raise DataError(f"column {name!r}: {error}") from None
        exported.append(data)
        fields.append((name, form))
    if len(set(lengths.values())) > 1:
        raise DataError(f"stream: columns of different lengths: {lengths}")
    return lengths.popitem()[1], exported, fields


def _column(values: NDArray[Any]) -> tuple[str, _Column]:
    kind = values.dtype.kind
    if kind == "b":
        return "b", (0, [None, np.packbits(values, bitorder="little")])
    if kind == "M":
        return _times(values)
    if kind in "UTO":
        return _texts_or_integers(values)
    native = values.dtype.newbyteorder("=")
    if native not in _NUMBERS:
        raise DataError(f"{values.dtype} has no counterpart in Arrow; convert it")
    return _NUMBERS[native], (0, [None, np.ascontiguousarray(values, dtype=native)])


def _texts_or_integers(values: NDArray[Any]) -> tuple[str, _Column]:
    ids = np.ascontiguousarray(as_ids(values))
    if ids.dtype == np.int64:
        return "l", (0, [None, ids])
    data, offsets = _ids.pack_strings(ids)
    return "U", (0, [None, offsets, data])


def _times(values: NDArray[Any]) -> tuple[str, _Column]:
    unit = np.datetime_data(values.dtype)[0]
    if unit not in ("s", "ms", "us", "ns"):
        values = values.astype("datetime64[s]")
        unit = "s"
    plain = np.ascontiguousarray(values).view(np.int64)
    return f"ts{unit[0]}:", _with_nulls(np.isnat(values), [plain])


def _ids_column(rows: NDArray[np.int32], vocabulary: Vocabulary) -> tuple[str, _Column]:
    rows = np.ascontiguousarray(rows, dtype=np.int32)
    if len(rows) and (rows.min() < -1 or rows.max() >= len(vocabulary)):
        raise DataError(f"rows: must be in [-1, {len(vocabulary)})")
    missing = rows < 0
    if vocabulary.is_integer:
        # Row 0 stands in for what is missing, unless there is none.
        ids = vocabulary.ids[np.maximum(rows, 0)] if len(vocabulary) else np.zeros(len(rows), "i8")
        return "l", _with_nulls(missing, [ids])
    data, offsets = vocabulary.gather(rows)
    return "U", _with_nulls(missing, [offsets, data])


def _with_nulls(missing: NDArray[np.bool_], buffers: list[NDArray[Any]]) -> _Column:
    nulls = int(missing.sum())
    return nulls, [np.packbits(~missing, bitorder="little") if nulls else None, *buffers]
