import numpy as np
import pytest

from pyrec import Events
from pyrec.errors import DataError
from pyrec.preparation.holdout import Log, hold_out_pairs, part_of


def test_pairs_are_numbered_in_order():
    log = Log(Events.from_ids(users=[2, 1, 2, 2], items=[7, 7, 5, 7]), None, False)
    assert log.pair_of.tolist() == [2, 0, 1, 2]
    assert log.pair_users.tolist() == [0, 1, 1]
    assert log.pairs_with(np.array([True, False, False, False])).tolist() == [False, False, True]


def test_only_target_events_of_chosen_pairs_are_tested():
    events = Events.from_ids(users=[1, 1, 2], items=[5, 5, 5], kinds=["view", "buy", "buy"])
    for new_pairs, train in ((False, 2), (True, 1)):
        cut = hold_out_pairs(Log(events, "buy", new_pairs), np.array([0]), {})
        assert (len(cut.test), len(cut.train)) == (1, train)


def test_a_part_is_at_least_one_and_not_all():
    assert [part_of(10, share, "users") for share in (0.01, 0.3, 0.99)] == [1, 3, 9]
    with pytest.raises(DataError, match="1 users are too few"):
        part_of(1, 0.5, "users")
