"""Next items: whole sessions held out, each judged step by step by what came next."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.moments import Moment, isoformat, microseconds
from pyrec.data.sequences import in_sessions
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.preparation.holdout import Split, described, part_of

__all__ = ["hold_out_given_sessions", "hold_out_sessions"]


def hold_out_sessions(
    events: Events, at: Moment | None, ratio: float, target: str | None, window: int
) -> Split:
    """Test the sessions that ended last."""
    offsets, order = in_sessions(events)
    facts: dict[str, Any] = {}
    if at is None:
        first = len(offsets) - 1 - part_of(len(offsets) - 1, ratio, "sessions")
    else:
        if events.timestamps is None:
            raise DataError(
                "split: at needs timestamps; read them with timestamp=, or give a ratio"
            )
        ends = events.timestamps[order[offsets[1:] - 1]]
        first = int(np.searchsorted(ends, moment := microseconds(at, "at")))
        facts["at"] = isoformat(moment)
    cut = offsets[first]
    # In order of the log, where equal times are in order of arrival.
    train, tested = (events.take(np.sort(part)) for part in (order[:cut], order[cut:]))
    return _stepwise(train, tested, target, window, facts)


def hold_out_given_sessions(events: Events, test: Events, target: str | None, window: int) -> Split:
    """Test all sessions of a test that was given."""
    if target is not None and test.kinds is None:
        raise DataError(f"split: the test has no kinds of event, so none is a {target!r}")
    items = events.items.extend(test.items.ids)
    rows = items.encode(test.items.ids)[test.item_rows]
    test = replace(test, items=items, item_rows=owned(rows))
    return _stepwise(replace(events, items=items), test, target, window, {})


def _stepwise(
    train: Events, tested: Events, target: str | None, window: int, facts: dict[str, Any]
) -> Split:
    """Test each event of the tested sessions but the first, given those before it in the session.

    Each step is a user of its own.
    """
    offsets, order = in_sessions(tested)
    sizes = np.diff(offsets)
    places = np.arange(len(order)) - np.repeat(offsets[:-1], sizes)
    steps = np.flatnonzero((places > 0) & _of_kind(tested, target)[order])
    lengths = np.minimum(places[steps], window)
    ends = np.cumsum(lengths)
    number = np.repeat(np.arange(len(steps), dtype=np.int32), lengths)
    before = np.arange(len(number)) + np.repeat(steps - ends, lengths)
    users = train.users.extend(_names_of_steps(train.users, len(steps)))
    as_users = users.encode(_names_of_steps(train.users, len(steps)))
    histories, test = (
        replace(tested.take(order[positions]), users=users, user_rows=owned(of), sessions=None)
        for positions, of in ((before, as_users[number]), (steps, as_users))
    )
    seen = number * np.int64(len(tested.items)) + histories.item_rows
    wanted = np.arange(len(steps)) * np.int64(len(tested.items)) + test.item_rows
    repeats = int(np.count_nonzero(np.isin(wanted, seen)))
    used = len(np.union1d(before, steps))
    facts |= {
        "sessions": int(np.count_nonzero(sizes)),
        "left_out": {"events of tested sessions that are in no step": len(order) - used},
        "new_pairs": len(steps) - repeats,
        "repeats": repeats,
    }
    return described(replace(train, users=users), test, histories, facts)


def _of_kind(events: Events, target: str | None) -> NDArray[np.bool_]:
    if target is None:
        return np.ones(len(events), bool)
    return np.asarray(events.kinds == events.kind_code(target))


def _names_of_steps(users: Vocabulary, n: int) -> NDArray[Any]:
    """Return ids that are of the users' type, and none of theirs."""
    if users.is_integer:
        return int(users.ids.max(initial=-1)) + 1 + np.arange(n)
    last = str(users.ids.max()) if len(users) else ""
    return np.array([f"{last} step {i:09d}" for i in range(n)], dtype=np.dtypes.StringDType())
