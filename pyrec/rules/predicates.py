"""Predicates over the columns of a catalogue, as values: ``where("price").between(5, 20)``."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from math import isfinite
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from pyrec.config import suggestion
from pyrec.data.moments import Moment, microseconds
from pyrec.errors import DataError

__all__ = ["NOW", "Predicate", "predicate_of", "valid_at", "where"]

NOW = "now"
"""The moment of a request."""

Mask = NDArray[np.bool_]
Value = str | int | float | bool


class Columns(Protocol):
    """What a predicate looks at: columns with an entry for each item."""

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers, NaN where they are missing."""

    def codes(self, column: str) -> tuple[dict[Any, int], NDArray[np.int32]]:
        """Return a number for each distinct value of a column, and that of each item, or -1."""

    def times(self, column: str) -> NDArray[np.float64]:
        """Return a column as microseconds since 1970, NaN where they are missing."""

    def missing(self, column: str) -> Mask:
        """Tell where a column has no value."""

    def is_text(self, column: str) -> bool:
        """Tell whether a column holds text."""

    def note_absent(self, column: str, values: Iterable[Any]) -> None:
        """Note values that no item has."""


class Predicate(ABC):
    """Something that is true of some items: combine with ``&``, ``|`` and ``~``.

    A missing value (an empty text, a NaN) satisfies no comparison. ``~`` is plain negation: what is
    not known to be of the region CN is let through by ``~where("region").equals("CN")``; add
    ``& ~where("region").missing()`` to ask for a known one.
    """

    @property
    def dated(self) -> tuple[str, ...]:
        """The columns that it compares with the moment of a request, if there are any."""
        return ()

    @abstractmethod
    def holds(self, columns: Columns, now: int) -> Mask:
        """Tell of which items it is true at a moment, in microseconds since 1970."""

    def __and__(self, other: "Predicate") -> "Predicate":
        return _Both(self, _checked(other))

    def __or__(self, other: "Predicate") -> "Predicate":
        return _Either(self, _checked(other))

    def __invert__(self) -> "Predicate":
        return _Not(self)

    def __bool__(self) -> NoReturn:
        raise DataError(
            "a predicate is neither true nor false: join predicates by & and |, not by and, or"
        )


@dataclass(frozen=True)
class where:
    """A column of a catalogue, to make predicates of.

    Parameters
    ----------
    column : str
        Its name.

    Examples
    --------
    >>> cheap_tea = where("price").between(5, 20) & where("category").isin(["tea"])
    >>> shown = cheap_tea & ~where("region").equals("CN") & (where("stock") > 0)
    """

    column: str

    def __post_init__(self) -> None:
        """Check the name."""
        if not isinstance(self.column, str):
            raise DataError(f"where: takes the name of a column, not {self.column!r}")

    def equals(self, value: Value) -> Predicate:
        """Be this value."""
        return self.isin([value])

    def isin(self, values: Iterable[Value]) -> Predicate:
        """Be one of these values; one that no item has is named in a warning."""
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise DataError(f"{self.column}: isin takes a list of values, not {values!r}")
        return _OneOf(self.column, tuple(_value(self.column, value) for value in values))

    def between(self, low: float, high: float) -> Predicate:
        """Be from `low` to `high`, both included."""
        if _number(self.column, low) > _number(self.column, high):
            raise DataError(f"{self.column}: nothing is between {low} and {high}; turn them round")
        return (self >= low) & (self <= high)

    def missing(self) -> Predicate:
        """Have no value."""
        return _Missing(self.column)

    def __lt__(self, number: float) -> Predicate:
        return _Compared(self.column, "<", _number(self.column, number))

    def __le__(self, number: float) -> Predicate:
        return _Compared(self.column, "<=", _number(self.column, number))

    def __gt__(self, number: float) -> Predicate:
        return _Compared(self.column, ">", _number(self.column, number))

    def __ge__(self, number: float) -> Predicate:
        return _Compared(self.column, ">=", _number(self.column, number))


def valid_at(
    moment: Moment = "now", since: str = "valid_from", until: str = "valid_until"
) -> Predicate:
    """Return the predicate of what is on offer at a moment: from `since` on, before `until`.

    An offer without a beginning has always begun, one without an end never ends.

    Parameters
    ----------
    moment : str or int, default "now"
        ISO 8601, of UTC unless it says otherwise, or microseconds since 1970. "now" is the moment
        of each request, or the one for which rules are compiled.
    since, until : str
        Columns of text in ISO 8601, of numpy datetimes, or of microseconds.

    Raises
    ------
    ConfigError
        If it is no moment.

    Examples
    --------
    >>> on_offer = valid_at() & (where("age_limit") <= 16)
    >>> summer = valid_at("2026-07-01", until="season_ends")
    """
    for name, column in (("since", since), ("until", until)):
        if not isinstance(column, str):
            raise DataError(f"valid_at: {name} must be the name of a column, not {column!r}")
    fixed = None if isinstance(moment, str) and moment == NOW else microseconds(moment, "valid_at")
    return _ValidAt(fixed, since, until)


@dataclass(frozen=True)
class _Both(Predicate):
    left: Predicate
    right: Predicate

    @property
    def dated(self) -> tuple[str, ...]:
        return self.left.dated + self.right.dated

    def holds(self, columns: Columns, now: int) -> Mask:
        return self.left.holds(columns, now) & self.right.holds(columns, now)


@dataclass(frozen=True)
class _Either(Predicate):
    left: Predicate
    right: Predicate

    @property
    def dated(self) -> tuple[str, ...]:
        return self.left.dated + self.right.dated

    def holds(self, columns: Columns, now: int) -> Mask:
        return self.left.holds(columns, now) | self.right.holds(columns, now)


@dataclass(frozen=True)
class _Not(Predicate):
    other: Predicate

    @property
    def dated(self) -> tuple[str, ...]:
        return self.other.dated

    def holds(self, columns: Columns, now: int) -> Mask:
        return ~self.other.holds(columns, now)


@dataclass(frozen=True)
class _Missing(Predicate):
    column: str

    def holds(self, columns: Columns, now: int) -> Mask:
        return columns.missing(self.column)


@dataclass(frozen=True)
class _Compared(Predicate):
    column: str
    sign: str
    number: float

    def holds(self, columns: Columns, now: int) -> Mask:
        compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}
        found: Mask = compare[self.sign](columns.numbers(self.column), self.number)
        return found


@dataclass(frozen=True)
class _OneOf(Predicate):
    column: str
    values: tuple[Value, ...]

    def holds(self, columns: Columns, now: int) -> Mask:
        texts = [value for value in self.values if isinstance(value, str)]
        numbers = [value for value in self.values if not isinstance(value, str)]
        if texts and not columns.is_text(self.column):
            raise DataError(
                f"{self.column}: is a column of numbers; compare it with numbers, not {texts[0]!r}"
            )
        if numbers:
            found = ~columns.missing(self.column)
            found &= np.isin(columns.numbers(self.column), numbers)
            columns.note_absent(self.column, self.values)
            return found
        numbered, codes = columns.codes(self.column)
        if absent := [text for text in texts if text not in numbered]:
            columns.note_absent(self.column, absent)
        return np.isin(codes, [numbered[text] for text in set(texts) & numbered.keys()])


@dataclass(frozen=True)
class _ValidAt(Predicate):
    time: int | None
    since: str
    until: str

    @property
    def dated(self) -> tuple[str, ...]:
        return (self.since, self.until) if self.time is None else ()

    def holds(self, columns: Columns, now: int) -> Mask:
        time = now if self.time is None else self.time
        since, until = columns.times(self.since), columns.times(self.until)
        # A missing bound is NaN, which satisfies no comparison.
        result: Mask = ~(since > time) & ~(until <= time)
        return result


def _checked(other: Any) -> Predicate:
    if not isinstance(other, Predicate):
        raise DataError(
            f"{other!r} is no predicate; put comparisons in brackets: (where('stock') > 0) & ..."
        )
    return other


def _value(column: str, value: Any) -> Value:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str) and value:
        return value
    return _number(column, value)


def _number(column: str, value: Any) -> float:
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, int | float) or not isfinite(value):
        raise DataError(f"{column}: cannot be compared with {value!r}; a finite number is needed")
    return value


_SIGNS = {"above": "__gt__", "at_least": "__ge__", "below": "__lt__", "at_most": "__le__"}
_WORDS = ("between", "equals", "isin", "missing", *_SIGNS)


def predicate_of(data: Mapping[str, Any]) -> Predicate:
    """Return the predicate that plain data describe, such as a table of TOML.

    Parameters
    ----------
    data : mapping
        ``{"column": "price", "between": [5, 20]}``, with one of ``equals``, ``isin``, ``between``,
        ``above``, ``at_least``, ``below``, ``at_most`` and ``missing``; ``{"valid_at": moment}``,
        perhaps with the names of the columns ``since`` and ``until``; or ``{"all": [...]}``,
        ``{"any": [...]}``, ``{"not": {...}}`` of such data.

    Raises
    ------
    DataError
        For data that describe none, with the nearest right word.

    Examples
    --------
    >>> tea = {"column": "category", "equals": "tea"}
    >>> predicate_of({"all": [tea, {"not": {"column": "region", "equals": "CN"}}]}) == (
    ...     where("category").equals("tea") & ~where("region").equals("CN")
    ... )
    True
    """
    if not isinstance(data, Mapping) or not data:
        raise DataError(f"a predicate is a table such as {{column = 'stock', above = 0}}: {data!r}")
    if "column" in data:
        return _comparison_of(dict(data))
    if "valid_at" in data:
        return _validity_of(dict(data))
    if len(data) == 1:
        ((word, value),) = data.items()
        if word == "not":
            return ~predicate_of(value)
        if word in ("all", "any"):
            if not isinstance(value, list | tuple) or not value:
                raise DataError(f"{word}: takes a list of predicates, not {value!r}")
            parts = [predicate_of(part) for part in value]
            return reduce((lambda a, b: a & b) if word == "all" else (lambda a, b: a | b), parts)
    unknown = [word for word in data if word not in _JOINS]
    if not unknown:
        raise DataError(f"a predicate has one of {', '.join(_JOINS)}, not {' and '.join(data)}")
    raise DataError(f"{unknown[0]}: unknown in a predicate{suggestion(str(unknown[0]), _JOINS)}")


_JOINS = ("all", "any", "column", "not", "valid_at")


def _validity_of(data: dict[str, Any]) -> Predicate:
    moment = data.pop("valid_at")
    for word in data:
        if word not in ("since", "until"):
            raise DataError(f"valid_at.{word}: unknown{suggestion(word, ('since', 'until'))}")
    return valid_at(moment, **data)


def _comparison_of(data: dict[str, Any]) -> Predicate:
    column = where(data.pop("column"))
    if len(data) != 1:
        raise DataError(f"{column.column}: needs one of {', '.join(_WORDS)}, not {list(data)}")
    ((word, value),) = data.items()
    if word in _SIGNS:
        return getattr(column, _SIGNS[word])(value)  # type: ignore[no-any-return]
    if word == "between":
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise DataError(f"{column.column}: between takes the two ends, not {value!r}")
        return column.between(*value)
    if word == "missing":
        if not isinstance(value, bool):
            raise DataError(f"{column.column}: missing is true or false, not {value!r}")
        return column.missing() if value else ~column.missing()
    if word in ("equals", "isin"):
        return column.equals(value) if word == "equals" else column.isin(value)
    raise DataError(f"{column.column}.{word}: unknown{suggestion(word, _WORDS)}")
