"""Predicates compiled to bitsets over the items of a model."""

import difflib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.config import suggestion
from pyrec.data.bits import Words, pack, unpack
from pyrec.data.catalogue import Catalogue
from pyrec.data.columns import owned
from pyrec.data.moments import Moment, clock, isoformat, microseconds
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError
from pyrec.rules.predicates import Predicate

__all__ = ["Allowed", "Shelf", "compile"]

logger = logging.getLogger("pyrec")


@dataclass(frozen=True, eq=False)
class Allowed:
    """A set of a model's items as a bitset: join such sets with ``&``, ``|`` and ``~``.

    Parameters
    ----------
    items : Vocabulary
        The items of the model.
    words : uint64 (n_items / 64 rounded up,)
        Bit ``i % 64`` of word ``i // 64`` is set for the item of row `i`.
    unlisted : int
        How many of the items the catalogue lacks: these are in no compiled set.

    Examples
    --------
    >>> import numpy as np, pyrec
    >>> items = pyrec.Vocabulary(["cup", "pot", "tea"])
    >>> (~Allowed.of_rows(items, [0])).count
    2
    """

    items: Vocabulary
    words: Words
    unlisted: int = 0

    @classmethod
    def of_mask(cls, items: Vocabulary, mask: NDArray[np.bool_], unlisted: int = 0) -> Self:
        """Return the set of the items where a mask is true."""
        return cls(items, owned(pack(mask)), unlisted)

    @classmethod
    def of_rows(cls, items: Vocabulary, rows: Any) -> Self:
        """Return the set of the items of some rows."""
        mask = np.zeros(len(items), np.bool_)
        mask[np.asarray(rows, np.int64)] = True
        return cls.of_mask(items, mask)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """A truth value for each item."""
        return unpack(self.words, len(self.items))

    @property
    def count(self) -> int:
        """How many items are in the set."""
        return int(np.count_nonzero(self.mask))

    def __and__(self, other: "Allowed") -> "Allowed":
        return self._joined(other, self.words & self._words_of(other))

    def __or__(self, other: "Allowed") -> "Allowed":
        return self._joined(other, self.words | self._words_of(other))

    def __invert__(self) -> "Allowed":
        return Allowed.of_mask(self.items, ~self.mask, self.unlisted)

    def _words_of(self, other: Any) -> Words:
        require(other, Allowed, "a set of items", "compile(predicate, ...) makes them")
        if other.items != self.items:
            raise DataError("sets of items of different models cannot be joined")
        words: Words = other.words
        return words

    def _joined(self, other: "Allowed", words: Words) -> "Allowed":
        return Allowed(self.items, owned(words), max(self.unlisted, other.unlisted))

    def __repr__(self) -> str:
        return f"Allowed({self.count} of {len(self.items)} items, {self.unlisted} not in catalogue)"


def compile(
    predicate: Predicate, catalogue: Catalogue, items: Vocabulary, *, now: Moment | None = None
) -> Allowed:
    """Return the items of a model of which a predicate is true, as a bitset for many requests.

    Items that the catalogue lacks are left out, whatever the predicate, and counted.

    Parameters
    ----------
    predicate : Predicate
        See `pyrec.rules.predicates.where`.
    catalogue : Catalogue
        What is known of the items.
    items : Vocabulary
        Those of the model.
    now : moment, optional
        What "now" is; by default the moment of this call.

    Raises
    ------
    DataError
        For an unknown column (with the nearest name) or a comparison that its values do not allow.

    Examples
    --------
    >>> import numpy as np, pyrec
    >>> from pyrec.rules.predicates import where
    >>> items = pyrec.Vocabulary(["cup", "tea"])
    >>> catalogue = Catalogue(items, {"price": np.array([3.0, 5.0])})
    >>> compile(where("price") > 4, catalogue, pyrec.Vocabulary(["mug", "tea"]))
    Allowed(1 of 2 items, 1 not in catalogue)
    """
    moment = clock() if now is None else microseconds(now, "now")
    return Shelf(catalogue, items).compile(predicate, "where", moment)


@dataclass(frozen=True, eq=False)
class Shelf:
    """The columns of a catalogue in the order of a model's items: what predicates look at.

    Parameters
    ----------
    catalogue : Catalogue
        What is known of the items.
    items : Vocabulary
        Those of the model.
    """

    catalogue: Catalogue
    items: Vocabulary
    _numbers: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _times: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _codes: dict[str, tuple[dict[Any, int], NDArray[np.int32]]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Check the types."""
        require(self.catalogue, Catalogue, "catalogue", "read_items makes them")
        require(self.items, Vocabulary, "items", "model.items are meant")

    def compile(self, predicate: Predicate, name: str, now: int) -> Allowed:
        """Return the items of which a predicate is true; warn, by its name, if there are none."""
        require(predicate, Predicate, name, "where('price') < 20 makes one")
        unlisted = int(np.count_nonzero(~self.listed))
        allowed = Allowed.of_mask(self.items, predicate.holds(self, now) & self.listed, unlisted)
        if not allowed.words.any():
            at = f" at {isoformat(now)}" if predicate.dated else ""
            self._warn(
                f"{name}: excludes all {len(self.items)} items{at} ({unlisted} are not in the "
                "catalogue); lists will be empty"
            )
        return allowed

    def _warn(self, told: str) -> None:
        """Warn once, however often rules are made again."""
        if told not in self._told:
            self._told.add(told)
            logger.warning("%s", told)

    @cached_property
    def _places(self) -> NDArray[np.int32]:
        """The row in the catalogue of each item, -1 for none."""
        if self.items is self.catalogue.items:
            return np.arange(len(self.items), dtype=np.int32)
        places: NDArray[np.int32] = self.catalogue.items.encode(self.items.ids, missing="mark")
        return places

    @cached_property
    def listed(self) -> NDArray[np.bool_]:
        """Which items the catalogue has."""
        return self._places >= 0

    def _column(self, name: str) -> NDArray[Any]:
        if name not in self.catalogue.columns:
            known = list(self.catalogue.columns)
            raise DataError(f"{name}: the catalogue has no such column{suggestion(name, known)}")
        if not len(self.catalogue):
            raise DataError("catalogue: has no items")
        return self.catalogue.columns[name][self._places]  # of those not listed, any value

    def is_text(self, column: str) -> bool:
        """Tell whether a column holds text."""
        self._column(column)
        return self.catalogue.columns[column].dtype.kind not in "biufM"

    def missing(self, column: str) -> NDArray[np.bool_]:
        """Tell where a column has no value: an empty text, a NaN, nothing."""
        values = self._column(column)
        if not self.is_text(column):
            missing: NDArray[np.bool_] = values != values  # NaN and NaT differ from themselves
            return missing
        texts = values.tolist()
        return np.fromiter((v is None or v == "" or v != v for v in texts), np.bool_, len(texts))

    def numbers(self, column: str) -> NDArray[np.float64]:
        """Return a column as numbers; text that is one, as in text files, is read."""
        if column not in self._numbers:
            self._numbers[column] = self._read_numbers(column)
        return self._numbers[column]

    def _read_numbers(self, column: str) -> NDArray[np.float64]:
        values = self._column(column)
        if values.dtype.kind == "M":
            raise DataError(f"{column}: holds times; compare them by valid_at, not with a number")
        if not self.is_text(column):
            return values.astype(np.float64)
        missing, numbers = self.missing(column), np.full(len(values), np.nan)
        for at in np.flatnonzero(~missing & self.listed).tolist():
            try:
                numbers[at] = float(values[at])
            except (TypeError, ValueError):
                raise DataError(
                    f"{column}: {str(values[at])!r} is not a number; compare this column with text"
                ) from None
        return numbers

    def times(self, column: str) -> NDArray[np.float64]:
        """Return a column of ISO 8601 text, datetimes or microseconds as microseconds."""
        if column not in self._times:
            self._times[column] = self._read_times(column)
        return self._times[column]

    def _read_times(self, column: str) -> NDArray[np.float64]:
        values = self._column(column)
        if values.dtype.kind == "M":
            times = values.astype("datetime64[us]").astype(np.int64).astype(np.float64)
            return np.where(np.isnat(values), np.nan, times)
        if values.dtype.kind == "b":
            raise DataError(f"{column}: holds truth values, no moments")
        if not self.is_text(column):
            return _moments(column, values.astype(np.float64))
        missing, times, texts = self.missing(column), np.full(len(values), np.nan), values.tolist()
        for at in np.flatnonzero(~missing & self.listed).tolist():
            try:
                times[at] = microseconds(texts[at], column)
            except ConfigError as error:
                raise DataError(str(error)) from None
        return times

    def codes(self, column: str) -> tuple[dict[Any, int], NDArray[np.int32]]:
        """Return a number for each distinct value of a column, and that of each item.

        It is -1 where the value is missing, and where the catalogue lacks the item.
        """
        if column not in self._codes:
            numbers: dict[Any, int] = {}
            values = self._column(column).tolist()
            known = ~self.missing(column) & self.listed
            codes = np.full(len(values), -1, np.int32)
            codes[known] = [
                numbers.setdefault(values[at], len(numbers)) for at in np.flatnonzero(known)
            ]
            self._codes[column] = numbers, codes
        return self._codes[column]

    def note_absent(self, column: str, values: Iterable[Any]) -> None:
        """Warn of values that no item of the catalogue has, with the nearest that one has."""
        held = set(self.catalogue.columns[column].tolist())
        if not self.is_text(column) or not all(isinstance(value, str) for value in values):
            held = set(self.numbers(column).tolist())
        for value in values:
            if value not in held:
                texts = [str(other) for other in held]
                nearest = difflib.get_close_matches(str(value), texts, n=1) if texts else []
                hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
                self._warn(f"{column}: no item has the value {value!r}{hint}")


# Numbers that no moment in microseconds is, but one of 1980 to 2100 in another unit.
_MISTAKEN = {
    "seconds": (3.15e8, 4.1e9), "milliseconds": (3.15e11, 4.1e12), "nanoseconds": (3.15e17, 4.1e18),
}  # fmt: skip


def _moments(column: str, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return numbers that can be microseconds since 1970, NaN where missing, or raise."""
    if np.any(np.isinf(times)):
        raise DataError(f"{column}: has infinite numbers, which are no moments; leave them empty")
    typical = float(np.nanmedian(times)) if not np.all(np.isnan(times)) else 0.0
    for unit, (low, high) in _MISTAKEN.items():
        if low <= typical < high:
            raise DataError(
                f"{column}: numbers such as {typical:.0f} look like {unit} since 1970; "
                "give microseconds, or dates and times in ISO 8601"
            )
    return times
