"""Holding out: which events each kind of split tests, trains on, and leaves out.

Every event ends in training, in a held-out user's history, in the test, or is left out for a reason
that is told with its number.
"""

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.grouping import group_pairs
from pyrec.data.moments import Moment, isoformat, microseconds
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError

__all__ = [
    "Log",
    "Split",
    "described",
    "hold_out_by_time",
    "hold_out_given",
    "hold_out_last",
    "hold_out_pairs",
    "hold_out_users",
    "part_of",
]

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Split:
    """The parts of a log. All have the same vocabularies, so that rows mean the same in each.

    Parameters
    ----------
    train : Events
        What a model learns from.
    test : Events
        What it is judged on: events of the target kind.
    histories : Events, optional
        What a model is told of users who were held out.
    description : dict
        Method, sizes, what was left out and why, users and items of the test that training does
        not know (``cold_users``, ``cold_items``), and how many tested pairs are ``new_pairs`` or
        ``repeats`` of what the model is told. Plain data, for JSON.
    candidates : Vocabulary, optional
        The only items that are ranked in the test; all by default.
    """

    train: Events
    test: Events
    histories: Events | None
    description: dict[str, Any]
    candidates: Vocabulary | None = None

    @property
    def moment(self) -> int | None:
        """When the lists are asked for that the test judges; None where there are no times.

        That is when the test begins and all of training has happened: of a `TimeSplit`, its cut.
        """
        if self.train.timestamps is None or self.test.timestamps is None:
            return None
        return max(int(self.train.timestamps.max()), int(self.test.timestamps.min()))


class Log:
    """A log with its pairs numbered, and the parts that a split makes of it.

    Parameters
    ----------
    events : Events
        The log.
    target : str or None
        The kind of event that can be tested.
    new_pairs : bool
        Whether other events of tested pairs are left out, so that the pairs are new to the model.
    """

    def __init__(self, events: Events, target: str | None, new_pairs: bool) -> None:
        self.events, self.new_pairs = events, new_pairs
        groups = group_pairs(events.user_rows, events.item_rows, len(events.users))
        self.pair_users = groups.rows
        self.pair_of = np.empty(len(events), np.int64)
        self.pair_of[groups.order] = np.repeat(np.arange(len(self.pair_users)), groups.sizes)
        self.is_target = np.ones(len(events), bool)
        if target is not None:
            code = events.kind_code(target)
            self.is_target = np.asarray(events.kinds == code)
        if not np.any(self.is_target):
            what = "events" if target is None else f"events of kind {target!r}"
            raise DataError(f"split: there are no {what} to be judged on")
        self.candidates = np.flatnonzero(self.pairs_with(self.is_target))

    def pairs_with(self, chosen: Mask) -> Mask:
        """Return which pairs have one of the chosen events."""
        pairs = np.zeros(len(self.pair_users), bool)
        pairs[self.pair_of[chosen]] = True
        return pairs

    def times(self, what: str) -> NDArray[np.int64]:
        """Return the timestamps, or raise saying what needs them."""
        if self.events.timestamps is None:
            raise DataError(
                f"split: {what} needs timestamps; read them with timestamp=, or split by chance"
            )
        return self.events.timestamps

    def split(
        self,
        test: Mask,
        facts: dict[str, Any],
        left_out: dict[str, Mask] | None = None,
        held_out_users: Mask | None = None,
    ) -> Split:
        """Make the parts: what is neither tested nor left out is trained on, or is a history."""
        left = {reason: mask & ~test for reason, mask in (left_out or {}).items()}
        rest = ~test
        for mask in left.values():
            rest &= ~mask
        if self.new_pairs:
            others = rest & self.pairs_with(test)[self.pair_of]
            left[_OTHERS] = others
            rest &= ~others
        tested = self.pairs_with(test)
        repeats = int(np.count_nonzero(tested & self.pairs_with(rest)))
        histories = None
        if held_out_users is not None:
            of_held_out = held_out_users[self.events.user_rows]
            histories = self.events.take(rest & of_held_out)
            rest &= ~of_held_out
        facts["left_out"] = {reason: int(np.count_nonzero(mask)) for reason, mask in left.items()}
        facts["new_pairs"], facts["repeats"] = int(np.count_nonzero(tested)) - repeats, repeats
        return described(self.events.take(rest), self.events.take(test), histories, facts)


def hold_out_by_time(log: Log, at: Moment | None, ratio: float) -> Split:
    """Test target events from a time on; what else is later is left out."""
    times = log.times("a split by time")
    if at is not None:
        first = microseconds(at, "at")
        if not np.any(times < first):
            raise DataError(
                f"split: nothing would be left to learn from: at is {isoformat(first)}, and the "
                f"first event of {isoformat(times.min(initial=first))}"
            )
    else:
        ordered = np.sort(times[log.is_target])
        first = int(ordered[min(int(len(ordered) * (1 - ratio)), len(ordered) - 1)])
    later = times >= first
    left_out = {"other kinds from then on": later & ~log.is_target}
    return log.split(later & log.is_target, {"at": isoformat(first)}, left_out)


def hold_out_last(log: Log, n: int, order: str) -> Split:
    """Test the last `n` items of each user."""
    test, left_out = _last(log, n, order)
    return log.split(test, {}, left_out)


def hold_out_pairs(log: Log, chosen: NDArray[np.int64], facts: dict[str, Any]) -> Split:
    """Test the target events of the chosen pairs."""
    held = np.zeros(len(log.pair_users), bool)
    held[chosen] = True
    return log.split(log.is_target & held[log.pair_of], facts)


def hold_out_users(
    log: Log, ratio: float, share: float, n: int | None, rng: np.random.Generator
) -> Split:
    """Test a share, or the last `n`, of the items of some users; the rest is their history."""
    left_out: dict[str, Mask] = {}
    if n is not None:
        test, left_out = _last(log, n, "time")
    else:
        test = _share_of_each_user(log, share, rng)
    users, n_users = log.events.user_rows, len(log.events.users)
    remains = ~test
    for mask in left_out.values():
        remains &= ~mask
    if log.new_pairs:
        remains &= ~log.pairs_with(test)[log.pair_of]
    has_both = np.bincount(users[test], minlength=n_users) > 0
    has_both &= np.bincount(users[remains], minlength=n_users) > 0
    eligible = np.flatnonzero(has_both)
    held_out = np.zeros(n_users, bool)
    held_out[rng.permutation(eligible)[: part_of(len(eligible), ratio, "users")]] = True
    of_held_out = held_out[users]
    left_out = {reason: mask & of_held_out for reason, mask in left_out.items()}
    facts = {"held_out_users": int(np.count_nonzero(held_out)), "eligible_users": len(eligible)}
    return log.split(test & of_held_out, facts, left_out, held_out)


def hold_out_given(events: Events, test: Events, target: str | None, new_pairs: bool) -> Split:
    """Test given events; the vocabularies become those of both."""
    if target is not None and test.kinds is None:
        code = np.full(len(test), events.kind_code(target), np.uint8)
        test = replace(test, kinds=owned(code), kind_names=events.kind_names)
    elif target is not None:
        test = test.only(target)
    try:
        users = events.users.extend(test.users.ids)
        items = events.items.extend(test.items.ids)
    except DataError as error:
        raise DataError(f"split: the test's {error}") from None
    test = replace(
        test,
        users=users,
        items=items,
        user_rows=owned(users.encode(test.users.ids)[test.user_rows]),
        item_rows=owned(items.encode(test.items.ids)[test.item_rows]),
    )
    train = replace(events, users=users, items=items)
    tested = np.unique(_pair_keys(test))
    keys = _pair_keys(train)
    others = np.isin(keys, tested)
    facts: dict[str, Any] = {"left_out": {}, "new_pairs": len(tested), "repeats": 0}
    if new_pairs:
        facts["left_out"][_OTHERS] = int(np.count_nonzero(others))
        train = train.take(~others)
    else:
        facts["repeats"] = len(np.unique(keys[others]))
        facts["new_pairs"] -= facts["repeats"]
    return described(train, test, None, facts)


def part_of(n: int, share: float, what: str) -> int:
    """Return a share of `n` things, at least one and not all."""
    if n < 2:
        raise DataError(f"split: {n} {what} are too few to hold some out")
    return min(max(1, round(n * share)), n - 1)


_OTHERS = "other events of tested pairs"


def _last(log: Log, n: int, order: str) -> tuple[Mask, dict[str, Mask]]:
    """Return what to test and what to leave out: see `pyrec.preparation.split.LastSplit`."""
    events = len(log.events)
    times = np.arange(events) if order == "arrival" else log.times("the last items of a user")
    in_order = np.argsort(times, kind="stable")  # at equal times: in order of arrival
    places = np.empty(events, np.int64)
    places[in_order] = np.arange(events)
    last = np.full(len(log.pair_users), -1)
    np.maximum.at(last, log.pair_of[log.is_target], places[log.is_target])
    held = (_rank_within(log.pair_users, -last) < n) & (last >= 0)
    # From the first held-out place on, and from its time on, a user's events are the future.
    first = np.full(len(log.events.users), events)
    np.minimum.at(first, log.pair_users[held], last[held])
    first_time = np.append(times[in_order], np.iinfo(np.int64).max)[first][log.events.user_rows]
    is_held = held[log.pair_of]
    test = log.is_target & is_held & (places >= first[log.events.user_rows])
    left_out = {
        "later events of the user": times > first_time,
        "the held-out item at the same time": is_held & (times == first_time),
    }
    return test, left_out


def _share_of_each_user(log: Log, share: float, rng: np.random.Generator) -> Mask:
    """Return the events of a share of each user's pairs: at least one pair, and not all."""
    n_users = len(log.events.users)
    all_pairs = np.bincount(log.pair_users, minlength=n_users)
    candidates = np.bincount(log.pair_users[log.candidates], minlength=n_users)
    wanted = np.minimum(np.maximum(1, np.rint(candidates * share)), all_pairs - 1)
    chance = np.full(len(log.pair_users), 2.0)  # after all candidates
    chance[log.candidates] = rng.random(len(log.candidates))
    held = (_rank_within(log.pair_users, chance) < wanted[log.pair_users]) & (chance < 1)
    return np.asarray(log.is_target & held[log.pair_of])


def _rank_within(groups: NDArray[Any], keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return the rank of each key among those of its group; the groups are in order."""
    ranks = np.empty(len(groups), np.int64)
    ranks[np.lexsort((keys, groups))] = np.arange(len(groups))
    return ranks - np.searchsorted(groups, groups)


def described(
    train: Events, test: Events, histories: Events | None, facts: dict[str, Any]
) -> Split:
    """Return the parts with their sizes, and what of the test training does not know."""
    if not len(train):
        raise DataError("split: nothing would be left to learn from; hold out less")
    if not len(test):
        raise DataError("split: nothing would be left to be judged on; hold out more")
    parts = {"train": train, "test": test}
    if histories is not None:
        parts["histories"] = histories
    told = [part for name, part in parts.items() if name != "test"]
    known_users = sum(_counts(part.user_rows, part.users) for part in told) > 0
    known_items = _counts(train.item_rows, train.items) > 0
    description = {
        **facts,
        **{name: _size(part) for name, part in parts.items()},
        "cold_users": int(np.count_nonzero(_counts(test.user_rows, test.users)[~known_users])),
        "cold_items": int(np.count_nonzero(_counts(test.item_rows, test.items)[~known_items])),
    }
    counts = {name: len(part) for name, part in parts.items()} | facts["left_out"]
    return Split(
        replace(train, report=train.report.then("split", counts)), test, histories, description
    )


def _counts(rows: NDArray[np.int32], ids: Any) -> NDArray[np.int64]:
    return np.bincount(rows, minlength=len(ids))


def _size(events: Events) -> dict[str, int]:
    return {
        "events": len(events),
        "users": int(np.count_nonzero(_counts(events.user_rows, events.users))),
        "items": int(np.count_nonzero(_counts(events.item_rows, events.items))),
    }


def _pair_keys(events: Events) -> NDArray[np.int64]:
    return events.user_rows.astype(np.int64) * len(events.items) + events.item_rows
