import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import logs

import pyrec
from pyrec import Events
from pyrec.data.sequences import in_sessions
from pyrec.errors import DataError
from pyrec.preparation.split import SessionSplit, split

LOG = Events.from_ids(
    users=["a", "a", "b", "b", "b", "c"],
    items=["tea", "cup", "tea", "pot", "cup", "mug"],
    kinds=["view", "buy", "view", "view", "buy", "buy"],
    timestamps=[1, 2, 3, 4, 5, 9],
)


def pairs(events):
    users, items = events.users.decode(events.user_rows), events.items.decode(events.item_rows)
    return list(zip(users.tolist(), items.tolist(), strict=True))


def test_each_event_but_the_first_is_a_step():
    cut = split(LOG, SessionSplit(ratio=0.6))
    one, two = "c step 000000000", "c step 000000001"
    assert pairs(cut.train) == [("a", "tea"), ("a", "cup")]
    assert pairs(cut.histories) == [(one, "tea"), (two, "tea"), (two, "pot")]
    assert pairs(cut.test) == [(one, "pot"), (two, "cup")]
    assert cut.description["sessions"] == 2
    assert cut.description["left_out"] == {"events of tested sessions that are in no step": 1}
    assert cut.train.users == cut.test.users == cut.histories.users


def test_only_steps_to_the_target_are_judged():
    cut = split(LOG, SessionSplit(at=3, target="buy"))
    assert [item for _, item in pairs(cut.histories)] == ["tea", "pot"]
    assert [item for _, item in pairs(cut.test)] == ["cup"]
    with pytest.raises(DataError, match="kind 'by': unknown; did you mean 'buy'"):
        split(LOG, SessionSplit(target="by"))


def test_given_sessions():
    test = Events.from_ids(users=[7, 7, 7], items=["tea", "new", "tea"])
    cut = split(LOG, SessionSplit(window=1), test)
    assert [item for _, item in pairs(cut.histories)] == ["tea", "new"]
    assert [item for _, item in pairs(cut.test)] == ["new", "tea"]
    assert cut.description["cold_items"] == 1
    with pytest.raises(DataError, match="the test has no kinds"):
        split(LOG, SessionSplit(target="buy"), test)


@given(logs(timestamps=True, sessions=True), st.integers(1, 4), st.sampled_from([0.2, 0.5]))
def test_every_event_is_accounted_for(log, window, ratio):
    sizes = np.diff(in_sessions(log)[0])
    held_out = min(max(1, round(len(sizes) * ratio)), len(sizes) - 1)
    try:
        cut = split(log, SessionSplit(ratio=ratio, window=window))
    except DataError:  # too few sessions, or none with a step
        assert held_out < 1 or sizes[-held_out:].max() < 2
        return
    facts = cut.description
    assert facts["sessions"] == held_out
    assert facts["new_pairs"] + facts["repeats"] == len(cut.test)
    lengths = np.bincount(cut.histories.user_rows, minlength=len(cut.test.users))
    assert np.all(lengths[cut.test.user_rows] >= 1)
    assert lengths.max() <= window
    assert np.count_nonzero(lengths) == len(cut.test)


def test_models_are_judged_step_by_step():
    rng = np.random.default_rng(0)
    # Everybody goes round a ring of twenty items, one step at a time.
    starts = rng.integers(0, 20, 300)
    items = (starts[:, None] + np.arange(6)) % 20
    log = Events.from_ids(users=np.repeat(np.arange(300), 6), items=items.ravel())
    cut = split(log, SessionSplit(ratio=0.2))
    asked = dict(metrics=["hit_rate@1", "mrr@5"], pairs="all", cold_items="drop")
    report = pyrec.evaluate(pyrec.Transitions(window=1).fit(cut.train), cut, **asked)
    assert report["hit_rate@1"] == 1
    assert len(report.main.users) == 60 * 5
    assert pyrec.evaluate(pyrec.ItemKNN().fit(cut.train), cut, **asked)["hit_rate@1"] < 1


def test_a_point_in_time_needs_times():
    with pytest.raises(DataError, match="at needs timestamps"):
        split(Events.from_ids(users=[1, 2], items=[1, 2]), SessionSplit(at="2020-01-01"))
