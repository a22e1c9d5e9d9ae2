"""Rules: what a shop wants of its lists, as a value; compiled, they fit the rows of a model."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.data.bits import pack
from pyrec.data.catalogue import Catalogue
from pyrec.data.columns import owned
from pyrec.data.moments import Moment, clock, microseconds
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.rules.allowed import Allowed, Shelf
from pyrec.rules.compiled import Boosted, CompiledRules
from pyrec.rules.dated import Dated
from pyrec.rules.predicates import Predicate

__all__ = ["Boost", "Boosted", "CompiledRules", "Rules"]

logger = logging.getLogger("pyrec")

# A boost of its own for each item is a matter of re-ranking: each takes a pass over the items.
MOST_BOOSTS = 64


@dataclass(frozen=True)
class Boost:
    """Scores of some items changed to ``score * times + add``.

    Parameters
    ----------
    what : Predicate, Allowed or sequence of ids
        Which items.
    times : float, default 1
        Above 0. A score below 0 moves away from 0 as well: use `add` where scores may be negative.
    add : float, default 0
        In units of the model's scores.

    Examples
    --------
    >>> from pyrec.rules.predicates import where
    >>> Boost(where("margin") > 0.3, times=1.2).times
    1.2
    """

    what: Any
    times: float = 1.0
    add: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        require(self.times, Real, "boosts: times")
        require(self.add, Real, "boosts: add")
        if self.what is None:
            raise DataError("boosts: say which items: a predicate, a compiled set or a list of ids")
        if not (isfinite(self.times) and self.times > 0 and isfinite(self.add)):
            raise DataError(
                f"boosts: times must be above 0 and both finite, not {self.times}, {self.add}"
            )


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a shop wants of its lists.

    Parameters
    ----------
    where : Predicate or Allowed, optional
        The only items that may appear.
    segments : mapping of name to Predicate or Allowed
        Further restrictions, of which each user has one: regions, age groups.
        `CompiledRules.per_user` says which.
    caps : mapping of column to int
        The most items of a list with the same value in the column: ``{"brand": 2}``. Items without
        a value are not capped. With several caps a list is filled in order of scores by the items
        that are below all of them.
    pinned : sequence of ids, or mapping of place to id
        Items that stand first in every list, in this order, or at these places (from 1), whatever
        their scores and whether the user has had them. One that a rule, `items` or `exclude`
        forbids is left out. They count under the caps, and no cap removes them.
    boosts : sequence of Boost
        Several for one item are applied in this order.
    repeatable : Predicate, Allowed or sequence of ids, optional
        Goods that are bought again: `exclude_seen` does not remove them.

    Examples
    --------
    >>> from pyrec.rules.predicates import where
    >>> rules = Rules(where=where("stock") > 0, caps={"brand": 2})
    >>> rules.caps
    {'brand': 2}
    """

    where: Any = None
    segments: Mapping[str, Any] = field(default_factory=dict)
    caps: Mapping[str, int] = field(default_factory=dict)
    pinned: Sequence[Any] | Mapping[int, Any] = ()
    boosts: Sequence[Boost] = ()
    repeatable: Any = None

    def __post_init__(self) -> None:
        """Check what needs no catalogue."""
        require(self.caps, Mapping, "caps", "such as {'brand': 2}")
        require(self.segments, Mapping, "segments", "such as {'EU': where('region').equals('EU')}")
        require(self.boosts, Sequence, "boosts", "such as [Boost(what, times=2)]")
        for column, most in self.caps.items():
            if isinstance(most, bool) or not isinstance(most, int | np.integer) or most < 1:
                raise DataError(f"caps[{column!r}]: must be a whole number of 1 or more: {most!r}")
        for boost in self.boosts:
            require(boost, Boost, "boosts", "Boost(what, times=2) makes one")
        if isinstance(self.pinned, str) or not isinstance(self.pinned, Iterable):
            raise DataError(f"pinned: must be a list of ids or ids by place, not {self.pinned!r}")

    def compile(
        self,
        catalogue: Catalogue | None,
        items: Vocabulary,
        *,
        k: int = 10,
        now: Moment | None = None,
    ) -> "CompiledRules":
        """Return the rules for the items of a model, to be used for many requests.

        What can be wrong with rules is told here, once, and not with each request.

        Parameters
        ----------
        catalogue : Catalogue
            The columns that predicates and caps name. None if there are neither.
        items : Vocabulary
            The model's.
        k : int, default 10
            How long lists shall be: a warning of the logger ``pyrec`` tells if none can be.
        now : moment, optional
            The "now" of `valid_at`, whenever lists are asked for; by default that moment itself.

        Raises
        ------
        DataError
            For an unknown column or a comparison that its values do not allow.
        UnknownIdError
            For a pinned, boosted or repeatable id that the model does not know.
        """
        shelf = None if catalogue is None else Shelf(catalogue, items)
        moment = clock() if now is None else microseconds(now, "now")
        compiled = self._compiled(shelf, items, moment)
        for name in [None, *self.segments]:
            _warn_if_short(compiled, name, k)
        columns = [column for one in self._predicates() for column in one.dated]
        if shelf is None or not columns:
            return compiled
        changes = np.concatenate([shelf.times(column) for column in columns])
        dated = Dated(lambda moment: self._compiled(shelf, items, moment), changes)
        return replace(compiled, dated=dated, follows_clock=now is None)

    def _compiled(self, shelf: Shelf | None, items: Vocabulary, now: int) -> "CompiledRules":
        """Return the rules as they are at a moment."""
        repeatable = _items(self.repeatable, "repeatable", shelf, items, now)
        where = _items(self.where, "where", shelf, items, now)
        rows, places = _pinned(self.pinned, items)
        groups = [_shelf(shelf, "caps").codes(column)[1] for column in self.caps]
        return CompiledRules(
            items=items,
            allowed=None if where is None else where.words,
            segments={
                name: _required(_items(what, f"segments[{name!r}]", shelf, items, now)).words
                for name, what in self.segments.items()
            },
            groups=owned(np.array(groups, np.int32).reshape(len(groups), len(items))),
            most=owned(np.array(list(self.caps.values()), np.int32)),
            pinned=rows,
            places=places,
            boosted=_boosted(self.boosts, shelf, items, now),
            repeatable=None if repeatable is None else repeatable.words,
        )

    def _predicates(self) -> list[Predicate]:
        boosted = [boost.what for boost in self.boosts]
        named = [self.where, self.repeatable, *self.segments.values(), *boosted]
        return [one for one in named if isinstance(one, Predicate)]


def _warn_if_short(rules: CompiledRules, segment: str | None, k: int) -> None:
    """Warn of rules under which no list can have `k` items."""
    room, wanted = rules.room(segment), min(k, len(rules.items))
    if room < wanted:
        whose = "" if segment is None else f"of the segment {segment!r} "
        logger.warning("rules: lists %scan have at most %d items, not %d", whose, room, wanted)


def _shelf(shelf: Shelf | None, name: str) -> Shelf:
    if shelf is None:
        raise DataError(f"{name}: needs a catalogue; pass it to compile")
    return shelf


def _items(
    what: Any, name: str, shelf: Shelf | None, items: Vocabulary, now: int
) -> Allowed | None:
    """Return the set of items that a predicate, a set or ids mean."""
    if what is None:
        return None
    if isinstance(what, Predicate):
        return _shelf(shelf, name).compile(what, name, now)
    if isinstance(what, Allowed):
        if what.items != items:
            raise DataError(f"{name}: is a set of other items; compile it for model.items")
        return what
    if isinstance(what, str | Mapping) or not hasattr(what, "__iter__"):
        raise DataError(
            f"{name}: must be a predicate, a compiled set or a list of ids: {what!r}; "
            "predicate_of makes predicates of plain data"
        )
    return Allowed.of_rows(items, items.encode(np.asarray(list(what))) if list(what) else [])


def _required(allowed: Allowed | None) -> Allowed:
    if allowed is None:
        raise DataError("segments: each needs a predicate; None as a user's segment restricts none")
    return allowed


def _pinned(
    pinned: Sequence[Any] | Mapping[int, Any], items: Vocabulary
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return rows and places of pinned items, by place."""
    by_place = dict(pinned) if isinstance(pinned, Mapping) else dict(enumerate(pinned, start=1))
    for place in by_place:
        if isinstance(place, bool) or not isinstance(place, int | np.integer) or place < 1:
            raise DataError(f"pinned: places are whole numbers from 1, not {place!r}")
    places = sorted(by_place)
    ids = [by_place[place] for place in places]
    rows = np.asarray(items.encode(np.asarray(ids)) if ids else [], np.int32)
    if len(np.unique(rows)) < len(rows):
        raise DataError("pinned: an item is named twice")
    return owned(rows), owned(np.array(places, np.int32) - np.int32(1))


def _boosted(
    boosts: Sequence[Boost], shelf: Shelf | None, items: Vocabulary, now: int
) -> tuple[Boosted, ...]:
    """Cut the items into sets of the same boost."""
    if not boosts:
        return ()
    times, add = np.ones(len(items)), np.zeros(len(items))
    for boost in boosts:
        what = _items(boost.what, "boosts", shelf, items, now)
        chosen = np.ones(len(items), np.bool_) if what is None else what.mask
        times[chosen] *= boost.times
        add[chosen] = add[chosen] * boost.times + boost.add
    kinds, of = np.unique(np.column_stack([times, add]), axis=0, return_inverse=True)
    if len(kinds) > MOST_BOOSTS:
        raise DataError(
            f"boosts: items have {len(kinds)} different ones, more than {MOST_BOOSTS}; "
            "re-rank longer lists instead"
        )
    return tuple(
        Boosted(owned(pack(of.ravel() == kind)), float(factor), float(addend))
        for kind, (factor, addend) in enumerate(kinds)
    )
