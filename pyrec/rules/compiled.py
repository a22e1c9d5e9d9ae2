"""CompiledRules: what a shop wants of its lists, as rows and bitsets of one model's items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.config import suggestion
from pyrec.data.bits import Words, unpack
from pyrec.data.moments import Moment, clock, microseconds
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.rules.dated import Dated

__all__ = ["Boosted", "CompiledRules"]


@dataclass(frozen=True)
class Boosted:
    """Items with the same boost, as a bitset."""

    words: Words
    times: float
    add: float


@dataclass(frozen=True, eq=False, kw_only=True)
class CompiledRules:
    """Rules as rows and bitsets of one model's items; `Rules.compile` makes them.

    Attributes
    ----------
    items : Vocabulary
        The model's.
    allowed : Words, optional
        What may appear in any list.
    segments : mapping of name to Words
        What may appear in the lists of a segment.
    groups : int32 (caps, n_items)
        The group of each item under each cap, -1 for none.
    most : int32 (caps,)
        How many of a group a list may have.
    pinned, places : int32 (pins,)
        Rows of pinned items and their places from 0, in order of places.
    boosted : tuple of Boosted
        Disjoint sets that make up all items; empty if there are no boosts.
    repeatable : Words, optional
        What `exclude_seen` does not remove.
    chosen : sequence of names, optional
        The segment of each query.
    people : mapping of user id to name, optional
        The segment of people, for judging.
    dated : Dated, optional
        The rules of other moments, if they depend on it.
    follows_clock : bool
        Whether each request has the rules of its own moment.
    """

    items: Vocabulary
    allowed: Words | None
    segments: Mapping[str, Words]
    groups: NDArray[np.int32]
    most: NDArray[np.int32]
    pinned: NDArray[np.int32]
    places: NDArray[np.int32]
    boosted: tuple[Boosted, ...]
    repeatable: Words | None
    chosen: tuple[str | None, ...] | None = None
    people: Mapping[Any, str] | None = None
    dated: "Dated[CompiledRules] | None" = None
    follows_clock: bool = False

    def at(self, now: Moment) -> Self:
        """Return the rules of one moment, whenever lists are asked for.

        Without "now" in a predicate they are the same at every moment.
        """
        moment = microseconds(now, "now")
        if self.dated is None:
            return self
        made = self.dated.at(moment)
        sets = {name: getattr(made, name) for name in ("allowed", "segments", "repeatable")}
        return replace(self, **sets, boosted=made.boosted, follows_clock=False)

    def as_of_now(self) -> Self:
        """Return the rules of this very moment, if each request is to have those of its own."""
        return self.at(clock()) if self.follows_clock else self

    def per_user(self, names: Sequence[str | None]) -> Self:
        """Return the rules for a request in which each user belongs to a segment.

        Parameters
        ----------
        names : sequence of str or None
            One name of a segment per user of the request, in their order; None for no restriction.

        Raises
        ------
        DataError
            For an unknown name, with the nearest.
        """
        if isinstance(names, str) or not isinstance(names, Iterable):
            raise DataError(f"segments: must be a list of a name or None per user, not {names!r}")
        names = tuple(names)
        for name in set(names) - {None, *self.segments}:
            nearest = suggestion(str(name), [*self.segments])
            raise DataError(f"segments: {name!r} is unknown{nearest}")
        return replace(self, chosen=names)

    def of_people(self, segments: Mapping[Any, str]) -> Self:
        """Return the rules for judging: `evaluate` asks for the lists of people of its choice.

        Parameters
        ----------
        segments : mapping of user id to name
            The segment of each; who is not there, or in no segment of the rules, is not restricted.
        """
        require(segments, Mapping, "people", "such as {'ann': 'EU'}")
        return replace(self, people=segments)

    def asked_by(self, users: NDArray[Any]) -> Self:
        """Return the rules for the lists of some people, by what is known of their segments.

        Raises
        ------
        DataError
            If it is not known who is in which.
        """
        if not self.segments:
            return self
        if self.people is None:
            raise DataError(
                "rules: have segments; rules.of_people({user: name}) says of which each user is"
            )
        names = map(self.people.get, users.tolist())
        return self.per_user([name if name in self.segments else None for name in names])

    def take(self, queries: NDArray[np.int32]) -> Self:
        """Return the rules for some of the users of a request, by number."""
        if self.chosen is None:
            return self
        return replace(self, chosen=tuple(self.chosen[query] for query in queries.tolist()))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything but the items as plain arrays: what tells rules from others."""
        names = ["" if name is None else f"={name}" for name in self.chosen or ()]
        arrays: dict[str, NDArray[Any]] = {
            "groups": self.groups, "most": self.most, "pinned": self.pinned, "places": self.places,
            "chosen": np.frombuffer("\0".join(names).encode(), np.uint8),
        }  # fmt: skip
        sets = {"allowed": self.allowed, "repeatable": self.repeatable}
        arrays |= {name: words for name, words in sets.items() if words is not None}
        arrays |= {f"segments.{name}": words for name, words in self.segments.items()}
        for at, boosted in enumerate(self.boosted):
            arrays[f"boosted.{at}"] = boosted.words
            arrays[f"boosted.{at}.by"] = np.array([boosted.times, boosted.add])
        return arrays

    def room(self, segment: str | None = None) -> int:
        """Return how many items a list can have at most, perhaps that of a segment.

        That many are allowed and below the cap that leaves the fewest; what users have had, and
        several caps together, may leave fewer.
        """
        allowed = self._may_appear(segment)
        rooms = [np.count_nonzero(allowed)]
        for groups, most in zip(self.groups, self.most, strict=True):
            counts = np.bincount(groups[allowed] + 1)
            rooms.append(counts[:1].sum() + np.minimum(counts[1:], most).sum())
        return int(min(rooms))

    def _may_appear(self, segment: str | None) -> NDArray[np.bool_]:
        n, words = len(self.items), self.allowed
        mask = np.ones(n, np.bool_) if words is None else unpack(words, n)
        return mask if segment is None else mask & unpack(self.segments[segment], n)

    def checked(self, items: Vocabulary, queries: int) -> Self:
        """Return the rules of this moment, or raise if they are not of these items or queries."""
        if self.items is not items and self.items != items:
            raise DataError("rules: are of other items; compile them for model.items")
        if self.chosen is not None and len(self.chosen) != queries:
            raise DataError(f"rules: name {len(self.chosen)} segments for {queries} users")
        if self.chosen is None and self.segments:
            raise DataError(
                "rules: have segments; rules.per_user(names) says which each user is of"
            )
        return self.as_of_now()
