import numpy as np
import pytest

from pyrec.data.events import Events
from pyrec.report.describe import activity, describe, kind_counts


def log(days, kinds=None):
    times = np.datetime64("2024-01-01") + np.asarray(days).astype("timedelta64[D]")
    n = len(days)
    return Events.from_ids(
        users=np.arange(n) % 3, items=np.arange(n) % 4, kinds=kinds, timestamps=times
    )


def test_facts():
    facts = describe(log([0, 1, 2, 3, 40], ["view", "buy", "view", "view", "view"]))
    assert facts == {
        "events": 5,
        "users": 3,
        "items": 4,
        "pairs": 5,
        "density": 5 / 12,
        "kinds": {"view": 4, "buy": 1},
        "first": "2024-01-01T00:00:00Z",
        "last": "2024-02-10T00:00:00Z",
        "top_items_share": 0.4,
    }


def test_a_log_without_kinds_and_times():
    facts = describe(Events.from_ids(users=[1, 1], items=[5, 5]))
    assert (facts["pairs"], facts["kinds"], facts["first"]) == (1, {}, None)
    assert activity(Events.from_ids(users=[1], items=[5])) is None


def test_an_empty_log():
    empty = log([0, 1]).take([])
    assert describe(empty)["events"] == 0
    assert describe(empty)["last"] is None
    assert activity(empty) is None


def test_kinds_that_do_not_occur_are_not_told():
    assert kind_counts(log([0, 1, 2], ["a", "b", "b"]).only("b")) == {"b": 2}


@pytest.mark.parametrize(
    ("days", "unit", "periods", "counts"),
    [
        ([0, 0, 3], "day", ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"], [2, 0, 0, 1]),
        # 2024-01-01 is a Monday, and day 13 a Sunday.
        ([0, 6, 7, 13, 100], "week", ["2024-01-01", "2024-01-08"], [2, 2]),
        ([0, 30, 31, 1000], "month", ["2024-01-01", "2024-02-01"], [2, 1]),
    ],
)
def test_activity_in_periods_that_suit_the_span(days, unit, periods, counts):
    found = activity(log(days))
    assert found.unit == unit
    assert found.periods[: len(periods)].astype(str).tolist() == periods
    assert found.counts["event"][: len(counts)].tolist() == counts
    assert found.counts["event"].sum() == len(days)
    assert len(found.periods) <= 71


def test_activity_by_kind():
    found = activity(log([0, 0, 1], ["view", "buy", "view"]))
    assert {kind: counts.tolist() for kind, counts in found.counts.items()} == {
        "view": [1, 1],
        "buy": [1, 0],
    }
