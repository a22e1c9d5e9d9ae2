"""Events: the raw log of a shop, in arrival order, as files contain it and splits cut it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyrec import _kernels
from pyrec.config import suggestion
from pyrec.data.columns import (
    checked_codes,
    checked_positions,
    checked_timestamps,
    checked_weights,
    owned,
)
from pyrec.data.grouping import PairGroups, group_pairs
from pyrec.data.interactions import Interactions, entry_rows, kind_table
from pyrec.data.provenance import Report
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.runtime import resolve_threads

__all__ = ["Events"]

_HOW = ("sum", "last", "max", "count")


@dataclass(frozen=True, eq=False, repr=False)
class Events:
    """A log of events: who did what to which item, and when. Duplicates are allowed.

    All is checked when it is made. Arrays are converted to the types below and are read-only;
    an array that somebody could still write to is copied.

    Parameters
    ----------
    users, items : Vocabulary
        The ids.
    user_rows, item_rows : int32 (n,)
        Rows of the ids, one pair per event.
    kinds : uint8 (n,), optional
        Codes into `kind_names`: view, cart, purchase. Kinds are never merged at reading: models
        weigh them and evaluation picks the one it judges on.
    kind_names : tuple of str
        At most 32 names.
    weights : float32 (n,), optional
        How much an event counts: a quantity or a rating; 1 where there are none.
    timestamps : int64 (n,), optional
        Microseconds since 1970-01-01 UTC; numpy datetimes are converted.
    sessions : int64 (n,), optional
        Codes of visits or baskets.
    report : Report, optional
        What was read, inferred, removed and cut so far.

    Raises
    ------
    DataError
        Naming the array, the place and the remedy.

    Examples
    --------
    >>> log = Events.from_ids(
    ...     users=["ann", "ann", "bob"], items=[7, 7, 8], kinds=["view", "buy", "view"]
    ... )
    >>> len(log), log.kind_names, len(log.only("buy"))
    (3, ('buy', 'view'), 1)
    >>> log.aggregate("sum", kind_weights={"view": 1, "buy": 5}).to_scipy().toarray().tolist()
    [[6.0, 0.0], [0.0, 1.0]]
    """

    users: Vocabulary
    items: Vocabulary
    user_rows: NDArray[np.int32]
    item_rows: NDArray[np.int32]
    kinds: NDArray[np.uint8] | None = None
    kind_names: tuple[str, ...] = ()
    weights: NDArray[np.float32] | None = None
    timestamps: NDArray[np.int64] | None = None
    sessions: NDArray[np.int64] | None = None
    report: Report = field(default_factory=Report)

    def __post_init__(self) -> None:
        """Check and convert every array."""
        for name in ("users", "items"):
            if not isinstance(ids := getattr(self, name), Vocabulary):
                raise DataError(
                    f"{name}: must be a Vocabulary, not {type(ids).__name__}; "
                    "Events.from_ids takes plain arrays"
                )
        kind_names = kind_table(self.kind_names)
        checked: dict[str, Any] = {
            "user_rows": checked_codes(self.user_rows, len(self.users), np.int32, "user_rows"),
            "item_rows": checked_codes(self.item_rows, len(self.items), np.int32, "item_rows"),
            "kind_names": kind_names,
        }
        if self.kinds is not None:
            checked["kinds"] = checked_codes(self.kinds, len(kind_names), np.uint8, "kinds")
        elif kind_names:
            raise DataError("kind_names: given without kinds")
        if self.weights is not None:
            checked["weights"] = checked_weights(self.weights)
        if self.timestamps is not None:
            checked["timestamps"] = checked_timestamps(self.timestamps)
        if self.sessions is not None:
            checked["sessions"] = checked_codes(self.sessions, None, np.int64, "sessions")
        for name, value in checked.items():
            if name != "kind_names" and len(value) != len(checked["user_rows"]):
                n = len(checked["user_rows"])
                raise DataError(f"{name}: has {len(value)} entries for {n} events")
            object.__setattr__(self, name, value)

    @classmethod
    def from_ids(
        cls,
        *,
        users: ArrayLike,
        items: ArrayLike,
        kinds: ArrayLike | None = None,
        weights: ArrayLike | None = None,
        timestamps: ArrayLike | None = None,
        sessions: ArrayLike | None = None,
    ) -> Self:
        """Make events from plain arrays of the same length, one entry per event.

        Parameters
        ----------
        users, items : array_like
            External ids, all integers or all strings.
        kinds : array_like of str, optional
            Names of kinds of event; their codes are in alphabetical order.
        weights, timestamps : array_like, optional
            See `Events`.
        sessions : array_like, optional
            Integers, taken as they are, or strings, numbered in alphabetical order.

        Raises
        ------
        DataError
            Naming the array and the remedy.

        Examples
        --------
        >>> Events.from_ids(users=[3, 1], items=["tea", "cup"]).users.ids.tolist()
        [1, 3]
        """
        user_ids, user_rows = _numbered(users, "users")
        item_ids, item_rows = _numbered(items, "items")
        kind_names: tuple[str, ...] = ()
        codes: NDArray[Any] | None = None
        if kinds is not None:
            names, codes = _numbered(kinds, "kinds")
            if names.is_integer and len(names):
                raise DataError("kinds: must be names such as 'view', not integers")
            kind_names = tuple(str(name) for name in names.ids)
        if sessions is not None and np.asarray(sessions).dtype.kind not in "iu":
            _, sessions = _numbered(sessions, "sessions")
        columns: dict[str, Any] = dict(weights=weights, timestamps=timestamps, sessions=sessions)
        return cls(user_ids, item_ids, user_rows, item_rows, codes, kind_names, **columns)

    @classmethod
    def from_interactions(cls, interactions: Interactions) -> Self:
        """Make one event of each pair, with its weight and its time.

        Raises
        ------
        DataError
            If pairs had several kinds of event: what each of them weighed is not known any more.

        Examples
        --------
        >>> import scipy.sparse as sp
        >>> log = Events.from_interactions(Interactions.from_scipy(sp.csr_array([[0, 2], [1, 0]])))
        >>> log.user_rows.tolist(), log.item_rows.tolist(), log.weights.tolist()
        ([0, 1], [1, 0], [2.0, 1.0])
        """
        csr, bits = interactions.csr, interactions.kinds
        if bits is not None and np.any((bits & (bits - np.uint32(1)) != 0) | (bits == 0)):
            raise DataError("interactions: pairs had several kinds of event; use the events")
        return cls(
            interactions.users,
            interactions.items,
            owned(entry_rows(csr)),
            csr.columns,
            None if bits is None else owned(np.log2(bits).astype(np.uint8)),
            interactions.kind_names,
            csr.values,
            interactions.timestamps,
        )

    def __len__(self) -> int:
        return len(self.user_rows)

    def __repr__(self) -> str:
        kinds = f": {', '.join(self.kind_names)}" if self.kind_names else ""
        return f"Events({len(self)} of {len(self.users)} users and {len(self.items)} items{kinds})"

    def take(self, chosen: ArrayLike | slice) -> Self:
        """Return the chosen events, by mask, positions or slice; the vocabularies stay whole.

        Examples
        --------
        >>> log = Events.from_ids(users=[1, 2, 3], items=[4, 5, 6])
        >>> len(log.take([True, False, True])), len(log.take(slice(0, 1)))
        (2, 1)
        """
        index = chosen if isinstance(chosen, slice) else checked_positions(chosen, len(self))
        return self._mapped(lambda array: array[index])

    def only(self, *kinds: str) -> Self:
        """Return the events of the named kinds.

        Raises
        ------
        DataError
            If the events have no kinds, or none of such a name (the message has the nearest).
        """
        wanted = [self.kind_code(kind) for kind in kinds]
        return self.take(np.isin(np.asarray(self.kinds), wanted))

    def kind_code(self, kind: str) -> int:
        """Return the code of a kind of event, or raise naming the nearest."""
        if self.kinds is None:
            raise DataError(f"kind {kind!r}: the events have no kinds; read them with event=")
        if kind not in self.kind_names:
            raise DataError(f"kind {kind!r}: unknown" + suggestion(str(kind), self.kind_names))
        return self.kind_names.index(kind)

    def without_unused_ids(self) -> Self:
        """Return the same events with vocabularies of only the ids that occur in them."""
        users, user_rows = _used(self.users, self.user_rows)
        items, item_rows = _used(self.items, self.item_rows)
        return replace(self, users=users, items=items, user_rows=user_rows, item_rows=item_rows)

    @classmethod
    def concat(cls, parts: Sequence["Events"]) -> Self:
        """Join logs one after the other; rows of the first one's ids stay as they are.

        Where only some have weights, an event of the others weighs 1. Session codes are taken as
        they are. The reports follow each other.

        Raises
        ------
        DataError
            If there is nothing to join, or only some have kinds, timestamps or sessions.

        Examples
        --------
        >>> a, b = (Events.from_ids(users=[u], items=[i]) for u, i in [("x", 1), ("y", 1)])
        >>> len(Events.concat([a, b])), Events.concat([a, b]).users.ids.tolist()
        (2, ['x', 'y'])
        """
        if not parts:
            raise DataError("events: there is nothing to join")
        users, items = parts[0].users, parts[0].items
        names = tuple(dict.fromkeys(name for part in parts for name in part.kind_names))
        for part in parts[1:]:
            users = users if part.users == users else users.extend(part.users.ids)
            items = items if part.items == items else items.extend(part.items.ids)
        joined: dict[str, Any] = {
            "user_rows": [users.encode(part.users.ids)[part.user_rows] for part in parts],
            "item_rows": [items.encode(part.items.ids)[part.item_rows] for part in parts],
        }
        for name in ("kinds", "weights", "timestamps", "sessions"):
            columns = [getattr(part, name) for part in parts]
            if all(column is None for column in columns):
                continue
            if name == "weights":
                columns = [part.weights_or_ones() for part in parts]
            elif any(column is None for column in columns):
                raise DataError(f"{name}: only some of the logs have them")
            if name == "kinds":
                columns = [
                    np.array([names.index(n) for n in part.kind_names], np.uint8)[part.kinds]
                    for part in parts
                ]
            joined[name] = columns
        arrays = {name: owned(np.concatenate(columns)) for name, columns in joined.items()}
        report = Report(tuple(step for part in parts for step in part.report.steps))
        return cls(users, items, kind_names=names, report=report, **arrays)

    def weights_or_ones(self) -> NDArray[np.float32]:
        """Return the weights, or as many ones."""
        return np.ones(len(self), np.float32) if self.weights is None else self.weights

    def aggregate(
        self, how: str = "sum", kind_weights: Mapping[str, float] | None = None
    ) -> Interactions:
        """Merge the events of each pair of user and item into one weight.

        Parameters
        ----------
        how : {"sum", "last", "max", "count"}
            What a pair weighs: the sum of its events' weights, that of its latest event (of the
            later one in the log where times are equal or absent), the greatest, or the number of
            events.
        kind_weights : mapping, optional
            A factor for each kind of event that occurs; one below 0 is for dislikes. Events of a
            kind with factor 0 are left out as if they were not in the log: no model learns from
            them, or remembers them as seen. Without it every kind has factor 1.

        Returns
        -------
        Interactions
            With the kinds that each pair had, and the time of its latest event.

        Raises
        ------
        DataError
            For an unknown `how` or kind, a kind without a factor, or a sum beyond float32.
        """
        if how not in _HOW:
            raise DataError(f"how: {how!r} is unknown" + suggestion(str(how), _HOW))
        factors = None
        if kind_weights is not None:
            factors = self.kind_factors(kind_weights)
            used = factors[self.kinds] != 0
            if not np.all(used):
                return self.take(used).aggregate(how, kind_weights)
        pairs = group_pairs(self.user_rows, self.item_rows, len(self.users))
        values, kinds, times = _kernels.merge_pairs(
            pairs.starts,
            pairs.order,
            weights=None if how == "count" else self.weights,
            kinds=self.kinds,
            factors=factors,
            times=self.timestamps,
            how="sum" if how == "count" else how,
            threads=resolve_threads(),
        )
        single = self._narrowed(values, pairs)
        csr = _kernels.Csr(owned(pairs.offsets), owned(pairs.columns), single, len(self.items))
        return Interactions(
            self.users,
            self.items,
            csr,
            None if self.kinds is None else owned(kinds),
            self.kind_names,
            None if self.timestamps is None else owned(times),
        )

    def _narrowed(self, values: NDArray[Any], pairs: PairGroups) -> NDArray[np.float32]:
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        if not np.all(np.isfinite(single)):
            at = int(np.argmax(~np.isfinite(single)))
            user = self.users.decode(int(pairs.rows[at]))
            item = self.items.decode(int(pairs.columns[at]))
            raise DataError(
                f"weights: those of user {user!r} and item {item!r} add up to {values[at]:g}, "
                "which does not fit float32; scale them down"
            )
        return owned(single)

    def kind_factors(self, kind_weights: Mapping[str, float]) -> NDArray[np.float64]:
        """Return the factor of each kind, in the order of `kind_names`, or raise as `aggregate`."""
        for kind, factor in kind_weights.items():
            self.kind_code(kind)
            number = isinstance(factor, Real) and not isinstance(factor, bool)
            if not number or not np.isfinite(factor):
                raise DataError(f"kind_weights: {factor!r} of {kind!r} is no finite number")
        if self.kinds is None:
            raise DataError("kind_weights: the events have no kinds")
        occur = np.bincount(self.kinds, minlength=len(self.kind_names)) > 0
        for kind, occurs in zip(self.kind_names, occur, strict=True):
            if occurs and kind not in kind_weights:
                raise DataError(f"kind_weights: give {kind!r} one too; 0 leaves it out")
        return np.array([kind_weights.get(kind, 0.0) for kind in self.kind_names], float)

    def _mapped(self, change: Any) -> Self:
        """Apply `change` to every column."""
        columns = ("user_rows", "item_rows", "kinds", "weights", "timestamps", "sessions")
        present = {name: getattr(self, name) for name in columns}
        changed: dict[str, Any] = {
            k: None if v is None else owned(change(v)) for k, v in present.items()
        }
        return replace(self, **changed)


def _numbered(ids: ArrayLike, name: str) -> tuple[Vocabulary, NDArray[np.int32]]:
    try:
        vocabulary = Vocabulary.from_ids(ids)
        return vocabulary, vocabulary.encode(ids)
    except DataError as error:
        raise DataError(f"{name}: {str(error).removeprefix('ids: ')}") from None


def _used(vocabulary: Vocabulary, rows: NDArray[np.int32]) -> tuple[Vocabulary, NDArray[Any]]:
    used = np.zeros(len(vocabulary), bool)
    used[rows] = True
    if np.all(used):
        return vocabulary, rows
    renumbered = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return Vocabulary(vocabulary.ids[used]), owned(renumbered[rows])
