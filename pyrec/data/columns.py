"""Columns: the checks that every array of a log passes once, before anything trusts it."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec.errors import DataError

__all__ = [
    "checked_codes",
    "checked_positions",
    "checked_timestamps",
    "checked_weights",
    "frozen",
    "owned",
]


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array if it is read-only, else a read-only copy: nobody can change it later."""
    if not array.flags.writeable and array.flags.c_contiguous:
        return array
    return owned(np.array(array, order="C", copy=True))


def owned(array: NDArray[Any]) -> NDArray[Any]:
    """Make an array read-only that nobody else has, so that it need not be copied."""
    if isinstance(array.base, np.ndarray) and array.base.flags.writeable:
        return frozen(array)
    array.flags.writeable = False
    return array


def _unmasked(values: Any, name: str) -> NDArray[Any]:
    """Return an array, or raise where numpy would forget that some of its values are masked."""
    if np.ma.is_masked(values):
        raise DataError(f"{name}: some are masked; leave those events out")
    return np.asarray(values)


def checked_codes(values: Any, limit: int | None, dtype: Any, name: str) -> NDArray[Any]:
    """Check integers, each below `limit` if there is one, before they are narrowed."""
    array = _unmasked(values, name)
    if array.ndim != 1:
        raise DataError(f"{name}: must be 1-D, not {array.ndim}-D")
    if array.dtype.kind not in "iu" and array.size:
        raise DataError(f"{name}: must be integers, not {array.dtype}")
    if limit is not None and array.size and (array.min() < 0 or array.max() >= limit):
        at = int(np.argmax((array < 0) | (array >= limit)))
        raise DataError(f"{name}[{at}] = {array[at]} is outside [0, {limit})")
    if limit is None and array.dtype.kind == "u" and np.any(array > np.iinfo(dtype).max):
        at = int(np.argmax(array > np.iinfo(dtype).max))
        raise DataError(f"{name}[{at}] = {array[at]} is too great for {np.dtype(dtype)}")
    return frozen(array if array.dtype == dtype else owned(array.astype(dtype)))


def checked_weights(values: Any) -> NDArray[np.float32]:
    """Check real numbers that are finite as float32."""
    array = _unmasked(values, "weights")
    if array.ndim != 1 or (array.dtype.kind not in "biuf" and array.size):
        raise DataError(f"weights: must be 1-D real numbers, not {array.ndim}-D {array.dtype}")
    with np.errstate(over="ignore"):
        single = array if array.dtype == np.float32 else owned(array.astype(np.float32))
    if not np.all(np.isfinite(single)):
        at = int(np.argmax(~np.isfinite(single)))
        raise DataError(f"weights[{at}] = {array[at]} is not a finite float32 number")
    return frozen(single)


def checked_timestamps(values: Any) -> NDArray[np.int64]:
    """Check times: microseconds since 1970-01-01 UTC, or numpy datetimes of any unit."""
    array = _unmasked(values, "timestamps")
    if array.dtype.kind == "M":
        if np.any(np.isnat(array)):
            at = int(np.argmax(np.isnat(array)))
            raise DataError(f"timestamps[{at}] is missing (NaT); leave such events out")
        wide = array.astype("datetime64[us]")
        # numpy wraps around silently where 64 bits of microseconds do not reach.
        wrong = wide.astype("datetime64[D]") != array.astype("datetime64[D]")
        if np.any(wrong):
            at = int(np.argmax(wrong))
            raise DataError(f"timestamps[{at}] = {array[at]} is out of range")
        array = owned(wide.view(np.int64).copy())
    elif array.dtype.kind not in "iu" and array.size:
        raise DataError(
            f"timestamps: must be integers (microseconds since 1970 UTC) or numpy datetimes, not "
            f"{array.dtype}; pyrec.read_events takes other forms"
        )
    return checked_codes(array, None, np.int64, "timestamps")


def checked_positions(chosen: ArrayLike, n: int, name: str = "events") -> NDArray[Any]:
    """Check what chooses among `n` things: a mask, or positions in any order."""
    index = np.asarray(chosen)
    if index.size == 0 and index.dtype.kind == "f":
        index = index.astype(np.int64)
    if index.ndim != 1 or index.dtype.kind not in "biu":
        raise DataError(f"{name}: choose them by a mask or by positions")
    if index.dtype.kind == "b":
        if len(index) != n:
            raise DataError(f"{name}: the mask has {len(index)} entries for {n} {name}")
    elif index.size and (index.min() < 0 or index.max() >= n):
        raise DataError(f"{name}: positions must be in [0, {n})")
    return index
