import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from strategies import logs

from pyrec import Events
from pyrec.errors import DataError
from pyrec.preparation.returns import net_returns


def one_pair(weights, timestamps=None, kinds=None):
    n = len(weights)
    return Events.from_ids(
        users=[1] * n, items=[1] * n, weights=weights, timestamps=timestamps, kinds=kinds
    )


@pytest.mark.parametrize(
    ("weights", "left"),
    [
        ([3, -3], []),
        ([3, -1], [2]),
        ([3, 2, -3], [2]),  # the same quantity first, though the other is more recent
        ([3, 3, -3], [3]),
        ([5, 2, -3], [4]),  # else the most recent, then the one before
        ([1, 2, -4], []),  # more than was bought
        ([-2, 2], [2]),  # what was bought before the log begins
        ([5, -3, 2, -2], [2]),  # the recent one of the two that have 2 left
        ([5, -3, -2], []),
        ([2, 0, -2], [0]),  # what weighs nothing is no purchase
    ],
)
def test_what_a_return_cancels(weights, left):
    assert net_returns(one_pair(weights))[0].weights.tolist() == left


def test_time_decides_and_not_the_place_in_the_log():
    kept, notes = net_returns(one_pair([-2, 2, 7], timestamps=[5, 4, 6]))
    assert kept.weights.tolist() == [7]
    assert notes == (
        "1 returns",
        "1 purchases cancelled",
        "0 purchases reduced",
        "0 returns of more than was bought before",
    )


def test_kinds_of_event():
    kinds = ["view", "purchase", "return", "view"]
    log = one_pair([1, 4, 1, 1], kinds=kinds)
    kept, _ = net_returns(log, "return", "purchase")
    assert kept.weights.tolist() == [1, 3, 1]
    unweighted = Events.from_ids(users=[1] * 4, items=[1] * 4, kinds=kinds)
    kept, _ = net_returns(unweighted, "return", "purchase")
    assert [kept.kind_names[kind] for kind in kept.kinds] == ["view", "view"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "neither weights nor a return_kind"),
        (("return",), "say by purchase_kind"),
        (("retrun", "purchase"), "did you mean 'return'"),
    ],
)
def test_what_cannot_be_told_is_refused(arguments, message):
    log = Events.from_ids(users=[1] * 3, items=[1] * 3, kinds=["view", "purchase", "return"])
    with pytest.raises(DataError, match=message):
        net_returns(log, *arguments)


@given(logs(weights=True), st.booleans())
def test_quantities_add_up(log, kinds):
    netted, notes = net_returns(log)
    assert np.all(netted.weights >= 0)
    # No pair keeps more than it bought or less than bought minus returned, and what cannot be
    # matched is all that the difference can be.
    bought, returned, kept = ({}, {}, {})
    for events, sums, sign in ((log, bought, 1), (log, returned, -1), (netted, kept, 1)):
        for pair, weight in zip(pairs(events), events.weights.tolist(), strict=True):
            sums[pair] = sums.get(pair, 0) + max(0, sign * weight)
    short = 0
    for pair, amount in bought.items():
        assert max(0, amount - returned[pair]) <= kept.get(pair, 0) <= amount
        short += kept.get(pair, 0) > amount - returned[pair]
    assert (short > 0) == (not notes[3].startswith("0 "))


def pairs(log):
    return zip(log.user_rows.tolist(), log.item_rows.tolist(), strict=True)
