"""Moments: points in time as options give them and as logs count them."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

import numpy as np

from pyrec.errors import ConfigError

__all__ = ["DAY", "Moment", "clock", "isoformat", "microseconds"]

# A date or time in ISO 8601 form (of UTC, unless it says otherwise), or microseconds since 1970.
# Dates of TOML and of Python's datetime module become the former in any options struct.
Moment: TypeAlias = str | int

DAY = 86_400_000_000
"""A day in microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def clock() -> int:
    """Return the moment that it is, in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def microseconds(moment: Moment | date | np.datetime64, name: str = "time") -> int:
    """Return a moment in microseconds since 1970-01-01 UTC.

    Raises
    ------
    ConfigError
        If it is not a date or time in ISO 8601 form; begins with `name`.

    Examples
    --------
    >>> microseconds("1970-01-02"), microseconds("1970-01-01T01:00:00+01:00"), microseconds(5)
    (86400000000, 0, 5)
    """
    if isinstance(moment, int | np.integer) and not isinstance(moment, bool | np.timedelta64):
        return int(moment)
    try:
        if not isinstance(moment, str | date | np.datetime64):
            raise ValueError
        parsed = datetime.fromisoformat(moment if isinstance(moment, str) else str(moment))
    except ValueError:
        raise ConfigError(
            f"{name}: {moment!r} is not a date or time such as 2024-05-31 or 2024-05-31T18:30:00Z"
        ) from None
    return (parsed.replace(tzinfo=parsed.tzinfo or UTC) - _EPOCH) // _MICROSECOND


def isoformat(time: int) -> str:
    """Return microseconds since 1970-01-01 UTC in ISO 8601 form.

    Examples
    --------
    >>> isoformat(86_400_000_000)
    '1970-01-02T00:00:00Z'
    """
    try:
        return (_EPOCH + timedelta(microseconds=int(time))).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return f"{int(time)} microseconds since 1970"
