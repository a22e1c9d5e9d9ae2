"""Values: a column of a table as numbers or as texts, however it was read."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.config import suggestion
from pyrec.data.catalogue import Catalogue
from pyrec.errors import DataError

__all__ = ["numbers", "texts"]

_STRING = np.dtypes.StringDType()


def numbers(table: Catalogue, name: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where a value is missing. Text is read as numbers.

    Raises
    ------
    DataError
        If there is no such column, or a value is no finite number; names the id.

    Examples
    --------
    >>> from pyrec import Vocabulary
    >>> shop = Catalogue(Vocabulary(["cup", "tea"]), {"price": np.array(["2.50", ""])})
    >>> numbers(shop, "price").tolist()
    [2.5, nan]
    """
    column = _column(table, name)
    if column.dtype.kind in "biuf":
        values = column.astype(np.float64)
    else:
        values = _parsed(table, name, column)
    if np.any(np.isinf(values)):
        raise DataError(_refused(table, name, int(np.argmax(np.isinf(values))), "not finite"))
    return values


def texts(table: Catalogue, name: str) -> NDArray[Any]:
    """Return a column as texts, the empty one where a value is missing. 17.0 becomes "17".

    Raises
    ------
    DataError
        If there is no such column.

    Examples
    --------
    >>> from pyrec import Vocabulary
    >>> people = Catalogue(Vocabulary([1, 2, 3]), {"age": np.array([17.0, np.nan, 2.5])})
    >>> texts(people, "age").tolist()
    ['17', '', '2.5']
    """
    column = _column(table, name)
    if column.dtype.kind not in "biuf":
        return _written(column)
    distinct, codes = np.unique(column.astype(np.float64), return_inverse=True)
    written = ["" if np.isnan(v) else str(int(v)) if v.is_integer() else str(v)
               for v in distinct.tolist()]  # fmt: skip
    return np.array(written, _STRING)[codes]


def _column(table: Catalogue, name: str) -> NDArray[Any]:
    if name not in table.columns:
        known = list(table.columns)
        hint = suggestion(name, known) if known else "; the table has none"
        raise DataError(f"column {name!r}: unknown{hint}")
    return table.columns[name]


def _written(column: NDArray[Any]) -> NDArray[Any]:
    if column.dtype.kind == "O":  # numpy would write None and NaN out
        return np.array(["" if v is None or v != v else str(v) for v in column], _STRING)
    return column.astype(_STRING)


def _parsed(table: Catalogue, name: str, column: NDArray[Any]) -> NDArray[np.float64]:
    written = _written(column)
    values = np.full(len(written), np.nan)
    there = np.flatnonzero(written != "")
    try:
        values[there] = written[there].astype(np.float64)
    except ValueError:
        at = next(at for at in there.tolist() if not _is_number(written[at]))
        raise DataError(_refused(table, name, at, "no number")) from None
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _refused(table: Catalogue, name: str, at: int, what: str) -> str:
    id_ = table.items.decode(at)
    return f"column {name!r}: {str(table.columns[name][at])!r} of {id_!r} is {what}; repair it"
