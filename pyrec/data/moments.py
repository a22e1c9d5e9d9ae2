"""Moments: points in time as options give them and as logs count them."""

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from pyrec.errors import ConfigError

__all__ = ["DAY", "Moment", "isoformat", "microseconds"]

# A date or time in ISO 8601 form (of UTC, unless it says otherwise), or microseconds since 1970.
# Dates of TOML and of Python's datetime module become the former in any options struct.
Moment: TypeAlias = str | int

DAY = 86_400_000_000
"""A day in microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: Moment, name: str = "time") -> int:
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
    if not isinstance(moment, str):
        return moment
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        raise ConfigError(
            f"{name}: {moment!r} is not a date or time such as 2024-05-31 or 2024-05-31T18:30:00Z"
        ) from None
    return (time.replace(tzinfo=time.tzinfo or UTC) - _EPOCH) // _MICROSECOND


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
