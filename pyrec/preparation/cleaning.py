"""Cleaning: rules that remove events before anything is learnt from them, each counted."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeAlias

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec.arguments import require
from pyrec.config import Options
from pyrec.data.events import Events
from pyrec.data.grouping import group_pairs
from pyrec.data.moments import DAY, Moment, microseconds
from pyrec.errors import ConfigError, DataError
from pyrec.preparation.returns import net_returns

__all__ = ["CleaningReport", "CleaningRules", "Removal", "Size", "clean"]

Count: TypeAlias = Annotated[int, Meta(ge=1)]


class CleaningRules(Options, frozen=True, kw_only=True):
    """What to remove from a log. Every rule is off unless it is given; they apply in this order.

    Parameters
    ----------
    zero_timestamps : bool
        Events at 1970-01-01 00:00: nobody set the clock.
    impossible_before, impossible_after : date or time
        Events outside of the shop's life: a broken clock.
    start, end : date or time
        The window to keep: from `start` until just before `end`.
    excluded_items : sequence of ids
        What is no product: postage, gift cards, fees.
    item_pattern : str
        A regular expression that the whole id of every real product matches.
    duplicates : bool
        Events that equal an earlier one in every column.
    returns : bool
        Returns, and what they cancel of earlier purchases (`returns.net_returns`).
    return_kind, purchase_kind : str
        The kinds of event that `returns` matches; by default negative weights are returns.
    positive_weights : bool
        Events that weigh 0 or less.
    min_weight : float
        Events that weigh less, such as bad ratings.
    max_user_events, max_user_events_per_day : int
        All events of users who have more, in all or on one day (of UTC): not people.
    min_user_events, min_item_events : int
        Users and items that have fewer, until none is left that has (the k-core).

    Examples
    --------
    >>> rules = CleaningRules(duplicates=True, min_user_events=2)
    >>> log = Events.from_ids(users=[1, 1, 2, 2, 2], items=[5, 5, 5, 5, 6])
    >>> cleaned, report = clean(log, rules)
    >>> len(cleaned), [(r.rule, r.events, r.users) for r in report.removals]
    (2, [('duplicates', 2, 0), ('k_core', 1, 1)])
    """

    zero_timestamps: bool = False
    impossible_before: Moment | None = None
    impossible_after: Moment | None = None
    start: Moment | None = None
    end: Moment | None = None
    excluded_items: tuple[str | int, ...] = ()
    item_pattern: str | None = None
    duplicates: bool = False
    returns: bool = False
    return_kind: str | None = None
    purchase_kind: str | None = None
    positive_weights: bool = False
    min_weight: float | None = None
    max_user_events: Count | None = None
    max_user_events_per_day: Count | None = None
    min_user_events: Count | None = None
    min_item_events: Count | None = None

    def __post_init__(self) -> None:
        """Check types, then what types cannot say."""
        super().__post_init__()
        for name in ("impossible_before", "impossible_after", "start", "end"):
            if getattr(self, name) is not None:
                microseconds(getattr(self, name), name)
        if self.item_pattern is not None:
            try:
                re.compile(self.item_pattern)
            except re.error as error:
                raise ConfigError(f"item_pattern: not a regular expression: {error}") from None
        if not self.returns and (self.return_kind or self.purchase_kind):
            raise ConfigError("return_kind, purchase_kind: need returns = true")


@dataclass(frozen=True)
class Size:
    """How much there is of a log: events, and the users and items that occur in them."""

    events: int
    users: int
    items: int


@dataclass(frozen=True)
class Removal:
    """What one rule removed: events, and the users and items that do not occur any more.

    `rule` is the name of the option, and ``"k_core"`` for the last two.
    """

    rule: str
    events: int
    users: int
    items: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CleaningReport:
    """What cleaning removed, rule by rule: `before` minus all removals is `after`."""

    before: Size
    removals: tuple[Removal, ...]
    after: Size

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, for JSON."""
        return {
            "before": vars(self.before),
            "removals": [{**vars(r), "notes": list(r.notes)} for r in self.removals],
            "after": vars(self.after),
        }


def clean(events: Events, rules: CleaningRules) -> tuple[Events, CleaningReport]:
    """Apply the rules in their order and count what each of them removed.

    Parameters
    ----------
    events : Events
        The log as it was read.
    rules : CleaningRules
        What to remove.

    Returns
    -------
    events : Events
        What remains, with vocabularies of only the ids that remain. Its `report` has one step for
        each rule that was on.
    report : CleaningReport
        The same in numbers.

    Raises
    ------
    DataError
        If a rule needs timestamps, weights or kinds that the events do not have.
    """
    require(events, Events, "events", "pyrec.read_events makes them")
    require(rules, CleaningRules, "rules", "name them as CleaningRules(...)")
    before = size = _size(events)
    removals = []
    told = events.report
    for name, rule in _RULES.items():
        applied = rule(events, rules)
        if applied is None:
            continue
        events, notes = applied
        now = _size(events)
        removal = Removal(
            name, size.events - now.events, size.users - now.users, size.items - now.items, notes
        )
        removals.append(removal)
        counts = {"events": removal.events, "users": removal.users, "items": removal.items}
        told = told.then(f"clean: {name}", counts, notes)
        size = now
    events = replace(events.without_unused_ids(), report=told)
    return events, CleaningReport(before, tuple(removals), size)


def _size(events: Events) -> Size:
    users = np.count_nonzero(np.bincount(events.user_rows, minlength=1))
    items = np.count_nonzero(np.bincount(events.item_rows, minlength=1))
    return Size(len(events), int(users), int(items))


# Each rule returns the events that it leaves and what should be known about it, or None if it is
# off.
_Applied: TypeAlias = tuple[Events, tuple[str, ...]] | None
_Rule: TypeAlias = Callable[[Events, CleaningRules], _Applied]


def _timestamps(events: Events, rule: str) -> NDArray[np.int64]:
    if events.timestamps is None:
        raise DataError(f"cleaning.{rule}: the events have no timestamps")
    return events.timestamps


def _weights(events: Events, rule: str) -> NDArray[np.float32]:
    if events.weights is None:
        raise DataError(f"cleaning.{rule}: the events have no weights")
    return events.weights


def _zero_timestamps(events: Events, rules: CleaningRules) -> _Applied:
    if not rules.zero_timestamps:
        return None
    return events.take(_timestamps(events, "zero_timestamps") != 0), ()


def _bound(name: str, keeps: Callable[[NDArray[np.int64], int], NDArray[np.bool_]]) -> _Rule:
    """Return the rule that compares timestamps with the moment in option `name`."""

    def rule(events: Events, rules: CleaningRules) -> _Applied:
        moment = getattr(rules, name)
        if moment is None:
            return None
        return events.take(keeps(_timestamps(events, name), microseconds(moment, name))), ()

    return rule


def _excluded_items(events: Events, rules: CleaningRules) -> _Applied:
    if not rules.excluded_items:
        return None
    try:
        rows = events.items.encode(list(rules.excluded_items), missing="mark")
    except DataError as error:
        raise DataError(f"cleaning.excluded_items: {error}") from None
    absent = [str(i) for i, row in zip(rules.excluded_items, rows, strict=True) if row < 0]
    excluded = np.zeros(len(events.items) + 1, bool)  # the last place is for row -1
    excluded[rows] = True
    notes = ("not in the log: " + ", ".join(absent),) if absent else ()
    return events.take(~excluded[events.item_rows]), notes


def _item_pattern(events: Events, rules: CleaningRules) -> _Applied:
    if rules.item_pattern is None:
        return None
    fits = re.compile(rules.item_pattern).fullmatch
    product = np.array([fits(str(i)) is not None for i in events.items.ids], bool)
    used = np.bincount(events.item_rows, minlength=len(product)) > 0
    others = [str(i) for i in events.items.ids[used & ~product][:10]]
    notes = ("such as " + ", ".join(others),) if others else ()
    return events.take(product[events.item_rows]), notes


def _duplicates(events: Events, rules: CleaningRules) -> _Applied:
    if not rules.duplicates:
        return None
    groups = group_pairs(events.user_rows, events.item_rows, len(events.users))
    # Only events of pairs that have several can be alike.
    sizes = groups.sizes
    concerned = np.repeat(sizes > 1, sizes)
    several = groups.order[concerned]
    pair = np.repeat(np.arange(len(sizes)), sizes)[concerned]
    columns = (events.sessions, events.timestamps, events.weights, events.kinds)
    keys = [column[several] for column in columns if column is not None]
    by_key = np.lexsort((*keys, pair))  # stable: of equal events the first comes first
    same = np.zeros(len(several), bool)
    same[1:] = True
    for key in (pair, *keys):
        same[1:] &= key[by_key][1:] == key[by_key][:-1]
    keep = np.ones(len(events), bool)
    keep[several[by_key[same]]] = False
    return events.take(keep), ()


def _returns(events: Events, rules: CleaningRules) -> _Applied:
    if not rules.returns:
        return None
    try:
        return net_returns(events, rules.return_kind, rules.purchase_kind)
    except DataError as error:
        raise DataError(f"cleaning.returns: {str(error).removeprefix('returns: ')}") from None


def _positive_weights(events: Events, rules: CleaningRules) -> _Applied:
    if not rules.positive_weights:
        return None
    return events.take(_weights(events, "positive_weights") > 0), ()


def _min_weight(events: Events, rules: CleaningRules) -> _Applied:
    if rules.min_weight is None:
        return None
    return events.take(_weights(events, "min_weight") >= np.float32(rules.min_weight)), ()


def _max_user_events(events: Events, rules: CleaningRules) -> _Applied:
    if rules.max_user_events is None:
        return None
    counts = np.bincount(events.user_rows, minlength=len(events.users))
    return events.take((counts <= rules.max_user_events)[events.user_rows]), ()


def _max_user_events_per_day(events: Events, rules: CleaningRules) -> _Applied:
    if rules.max_user_events_per_day is None:
        return None
    days = _timestamps(events, "max_user_events_per_day") // DAY
    _, numbered = np.unique(days, return_inverse=True)
    groups = group_pairs(events.user_rows, numbered, len(events.users))
    person = np.ones(len(events.users), bool)
    person[groups.rows[groups.sizes > rules.max_user_events_per_day]] = False
    return events.take(person[events.user_rows]), ()


def _core(events: Events, rules: CleaningRules) -> _Applied:
    if rules.min_user_events is None and rules.min_item_events is None:
        return None
    rounds = 0
    while True:
        users = np.bincount(events.user_rows) >= (rules.min_user_events or 0)
        items = np.bincount(events.item_rows) >= (rules.min_item_events or 0)
        keep = users[events.user_rows] & items[events.item_rows]
        if np.all(keep):
            return events, (f"{rounds} rounds",)
        events, rounds = events.take(keep), rounds + 1


_RULES: dict[str, _Rule] = {
    "zero_timestamps": _zero_timestamps,
    "impossible_before": _bound("impossible_before", np.greater_equal),
    "impossible_after": _bound("impossible_after", np.less_equal),
    "start": _bound("start", np.greater_equal),
    "end": _bound("end", np.less),
    "excluded_items": _excluded_items,
    "item_pattern": _item_pattern,
    "duplicates": _duplicates,
    "returns": _returns,
    "positive_weights": _positive_weights,
    "min_weight": _min_weight,
    "max_user_events": _max_user_events,
    "max_user_events_per_day": _max_user_events_per_day,
    "k_core": _core,
}
