import numpy as np
import pytest
import strategies
from hypothesis import given

from pyrec import Events
from pyrec.data.sequences import Sequences
from pyrec.errors import DataError


def slow(log):
    """The items and weights of each session, in order of time and of its end."""
    times = np.arange(len(log)) if log.timestamps is None else log.timestamps
    visits = np.zeros(len(log), int) if log.sessions is None else log.sessions
    found = {}
    for at in sorted(range(len(log)), key=lambda at: (times[at], at)):
        found.setdefault((log.user_rows[at], visits[at]), []).append(at)
    sessions = sorted(found.items(), key=lambda entry: (times[entry[1][-1]], entry[0]))
    return [
        [(int(log.item_rows[at]), float(log.weights_or_ones()[at])) for at in events]
        for _, events in sessions
    ]


@given(strategies.logs())
def test_sessions_are_in_order_of_their_end(log):
    if np.any(log.weights_or_ones() < 0):
        with pytest.raises(DataError, match="is negative"):
            Sequences.of(log)
        return
    found = Sequences.of(log)
    events = list(zip(found.item_rows.tolist(), found.weights.tolist(), strict=True))
    parts = zip(found.offsets[:-1], found.offsets[1:], strict=True)
    assert [events[begin:end] for begin, end in parts] == slow(log)
    assert found.rows.tolist() == [s for s, part in enumerate(slow(log)) for _ in part]


def test_pairs_with_times_are_events():
    log = Events.from_ids(users=[1, 1, 2], items=[5, 6, 5], timestamps=[3, 2, 1])
    found = Sequences.of(log.aggregate())
    assert found.offsets.tolist() == [0, 1, 3]
    assert found.item_rows.tolist() == [0, 1, 0]


def test_pairs_without_times_have_no_order():
    log = Events.from_ids(users=[1, 1, 2], items=[5, 6, 5])
    with pytest.raises(DataError, match="no timestamps, and so no order; fit the events"):
        Sequences.of(log.aggregate())
