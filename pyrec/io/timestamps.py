"""Timestamps: microseconds since 1970-01-01 UTC, from numbers of some unit and times of some zone.

What is not declared is inferred from the values, and what was inferred is told.
"""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pyrec._encode import Times
from pyrec._ids import factorize_integers
from pyrec.data.moments import isoformat
from pyrec.errors import DataError
from pyrec.io.formats import TimeFormat

__all__ = ["to_utc"]

_PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}
_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
# Numbers of today are ten times greater than 1e8 of their unit and a hundred times less than 1e11.
_LIMITS = {"s": 1e11, "ms": 1e14, "us": 1e17}
_QUARTER = 15 * 60 * 1_000_000  # of an hour: no zone has changed its offset in between since 1972
_GREATEST = 2.0**63  # microseconds that 64 bits hold


def to_utc(times: Times, form: TimeFormat) -> tuple[NDArray[np.int64], list[str]]:
    """Return a column in microseconds since 1970-01-01 UTC (0 where missing), and what to know.

    Raises
    ------
    DataError
        Naming the row, if a time is not finite or beyond what 64 bits of microseconds hold.
    """
    values = times.values
    if times.meaning != "number":
        if form.timestamp_unit and times.meaning:
            raise DataError(
                f"has times of its own; timestamp_unit={form.timestamp_unit!r} is for numbers"
            )
        local = values.astype(np.int64, copy=False)
        if times.meaning != "local":
            return local, []
        if form.timezone == "UTC":
            return local, ["times without a zone taken as UTC"]
        return _from_zone(local, ZoneInfo(form.timezone)), []
    if form.timestamp_unit:
        return _scaled(values, form.timestamp_unit), []
    there = np.delete(values, times.missing) if len(times.missing) else values
    sample = there[:: max(1, len(there) // 10_000)]
    if len(sample) and _are_dates(sample):
        return _from_dates(values), ["numbers such as 20240531 read as dates"]
    if len(sample) and _are_clock_times(sample):
        return _from_clock_times(values), ["numbers such as 20240531235959 read as dates and times"]
    unit = _inferred(sample)
    note = f"{_NAMES[unit]} since 1970 inferred"
    if len(there):
        ends = _scaled(np.array([there.min(), there.max()]), unit)
        note += f" ({isoformat(ends[0])} to {isoformat(ends[1])})"
    return _scaled(values, unit), [note]


def _inferred(sample: NDArray[Any]) -> str:
    sample = sample[np.isfinite(sample)]
    typical = float(np.median(np.abs(sample))) if len(sample) else 0.0
    return next((unit for unit, limit in _LIMITS.items() if typical < limit), "ns")


def _scaled(values: NDArray[Any], unit: str) -> NDArray[np.int64]:
    per_second = _PER_SECOND[unit]
    limit = _GREATEST * per_second / 1_000_000
    if len(values) and not (values.min() > -limit and values.max() < limit):  # NaN is neither
        at = int(np.argmin((values > -limit) & (values < limit)))
        raise DataError(f"row {at + 1}: {values[at]} is no time in {_NAMES[unit]} since 1970")
    if values.dtype.kind == "f":
        scaled = np.rint(values * (1_000_000 / per_second))
    else:
        scaled = values // 1000 if unit == "ns" else values * (1_000_000 // per_second)
    return scaled.astype(np.int64, copy=False)


def _are_dates(sample: NDArray[Any]) -> bool:
    """Tell whether all numbers are dates such as 20240531 (as seconds they would be of 1970)."""
    if not (sample.min() >= 1900_01_01 and sample.max() <= 2100_12_31):
        return False
    values = sample.astype(np.int64)
    if np.any(values != sample):
        return False
    month, day = values // 100 % 100, values % 100
    return bool(np.all((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)))


def _are_clock_times(sample: NDArray[Any]) -> bool:
    """Tell whether all are such as 20240531235959 (as milliseconds they would be of 2611)."""
    if not np.all((sample == np.rint(sample)) & (sample < 1e15)):
        return False
    dates, clock = np.divmod(sample.astype(np.int64), 1_000_000)
    hours, minutes, seconds = clock // 10_000, clock // 100 % 100, clock % 100
    return _are_dates(dates) and bool(np.all((hours < 24) & (minutes < 60) & (seconds < 60)))


def _from_clock_times(values: NDArray[Any]) -> NDArray[np.int64]:
    dates, clock = np.divmod(values.astype(np.int64), 1_000_000)
    seconds = clock // 10_000 * 3600 + clock // 100 % 100 * 60 + clock % 100
    return np.asarray(_from_dates(dates) + seconds * 1_000_000, np.int64)


def _from_dates(values: NDArray[Any]) -> NDArray[np.int64]:
    dates = values.astype(np.int64)
    months = (dates // 10_000 - 1970) * 12 + dates // 100 % 100 - 1
    start = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.where(dates == 0, 0, (start + dates % 100 - 1) * 86_400_000_000)


def _from_zone(local: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Take local times to UTC; an hour that a clock shows twice is the first of the two."""
    codes, quarters = factorize_integers(local // _QUARTER)
    try:
        offsets = [_offset(int(quarter), zone) for quarter in quarters]
    except OverflowError:
        at = int(np.argmax(np.abs(local)))
        raise DataError(f"row {at + 1}: the time is not between the years 1 and 9999") from None
    return local - np.array(offsets, dtype=np.int64)[codes]


def _offset(quarter: int, zone: ZoneInfo) -> int:
    time = dt.datetime(1970, 1, 1, tzinfo=zone) + dt.timedelta(minutes=15 * quarter)
    return (time.utcoffset() or dt.timedelta()) // dt.timedelta(microseconds=1)
