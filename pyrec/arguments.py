"""Arguments: what public functions check of theirs before anything else."""

import os
from os import fspath
from pathlib import Path
from typing import Any

from pyrec.errors import DataError, OutOfMemoryError

__all__ = ["as_path", "require", "require_memory"]


def require(value: object, kinds: type | tuple[type, ...], name: str, remedy: str = "") -> None:
    """Raise unless a value is of one of the kinds.

    Raises
    ------
    DataError
        Naming the argument, what it is, and the remedy.

    Examples
    --------
    >>> require("events.csv", list, "events", "read_events makes them")
    Traceback (most recent call last):
    ...
    pyrec.errors.DataError: events: must be of type list, not str; read_events makes them
    """
    if isinstance(value, kinds):
        return
    known = kinds if isinstance(kinds, tuple) else (kinds,)
    raise DataError(
        f"{name}: must be of type {' or '.join(kind.__name__ for kind in known)}, not "
        f"{type(value).__name__}" + (f"; {remedy}" if remedy else "")
    )


def as_path(path: Any, name: str = "path") -> Path:
    """Return a path, or raise.

    Raises
    ------
    DataError
        If it is none.

    Examples
    --------
    >>> as_path("lists.csv").suffix
    '.csv'
    """
    try:
        return Path(os.fsdecode(fspath(path))).expanduser()
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(f"{name}: {path!r} is no path ({error})") from None


def require_memory(needed: int, what: str, remedy: str) -> None:
    """Raise where memory would be asked for that the machine has not: Linux would grant it first.

    Parameters
    ----------
    needed : int
        Bytes.
    what : str
        What needs them, in the plural.
    remedy : str
        What to do about it.

    Raises
    ------
    OutOfMemoryError
        With both numbers.

    Examples
    --------
    >>> require_memory(8 * 1000 * 10, "lists", "ask for fewer at a time")
    """
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise OutOfMemoryError(
            f"the {what} need {needed / 1e9:,.1f} GB, more than this machine has "
            f"({there / 1e9:,.1f} GB); {remedy}"
        )
