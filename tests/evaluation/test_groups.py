"""Quality and exposure group by group."""

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.data.groups import Groups
from pyrec.errors import DataError
from pyrec.evaluation.groups import by_activity, by_popularity, exposure, exposure_of, quality


@pytest.fixture(scope="module")
def judged():
    """Eighty people, from nothing to much, and what they want next."""
    rng = np.random.default_rng(0)
    likes = rng.random((80, 40)) < rng.random((80, 1)) * 0.6
    likes[:5] = False
    test = (rng.random((80, 40)) < 0.1) & ~likes
    train = pyrec.Interactions.from_scipy(sp.csr_array(likes * 1.0))
    model = pyrec.Popularity().fit(train)
    return train, pyrec.evaluate(model, sp.csr_array(test * 1.0), metrics=["ndcg@5", "recall@5"])


def test_groups_make_up_the_whole(judged):
    train, report = judged
    labels = by_activity(train, light=8)
    found = quality(report.main, labels)
    sizes = {name: metrics["ndcg@5"].users for name, metrics in found.items()}
    assert sum(sizes.values()) == len(report.main.users)
    whole = sum(found[name]["ndcg@5"].mean * size for name, size in sizes.items())
    np.testing.assert_allclose(whole / len(report.main.users), report["ndcg@5"])
    light = [user for user, label in labels.items() if label == "light"]
    values = report.main.values["recall@5"].values[np.isin(report.main.users, light)]
    estimate = found["light"]["recall@5"]
    np.testing.assert_allclose(estimate.mean, values.mean())
    assert estimate.low <= estimate.mean <= estimate.high
    assert quality(report.main, labels)["light"] == found["light"]


def test_users_without_a_group_are_told_apart(judged):
    _, report = judged
    assert list(quality(report.main, {}, resamples=0)) == [None]
    with pytest.raises(DataError, match="part: must be of type Part"):
        quality(report, {})


def test_activity_has_three_levels():
    log = pyrec.Interactions.from_scipy(sp.csr_array([[0, 0, 0], [1, 1, 0], [1, 1, 1]]))
    assert by_activity(log, light=2) == {0: "new", 1: "light", 2: "heavy"}


def test_exposure_counts_places_in_parts():
    groups = Groups.of_lists([["a"], ["a", "b"], [], ["c"]])
    rows = [[0, 1], [1, 2], [0, -1]]
    found = exposure(rows, groups, np.array([2, 2, 6, 0]))
    np.testing.assert_allclose([found["a"].places, found["b"].places], [0.6, 0.2])
    np.testing.assert_allclose([found["a"].events, found["b"].events], [0.3, 0.1])
    np.testing.assert_allclose(found["a"].lift, 2)
    assert np.isnan(found["c"].lift)
    assert [one.items for one in found.values()] == [2, 1, 1]
    assert list(found) == ["a", "b", "c"]


def test_lists_may_have_been_counted():
    groups, popularity = Groups.of(["a", "b", "a"]), np.array([2, 2, 4])
    rows = [[0, 1], [1, -1]]
    assert exposure_of(np.array([1, 2, 0]), groups, popularity) == exposure(
        rows, groups, popularity
    )


def test_other_items_are_refused():
    with pytest.raises(DataError, match="rows up to 3, groups of 2 items and the popularity of 2"):
        exposure([[3]], Groups.of(["a", "b"]), np.ones(2))


def test_the_head_has_its_share():
    popularity = np.array([1, 10, 4, 5, 0])
    groups = by_popularity(popularity, head=0.6)
    assert groups.names[groups.codes].tolist() == ["tail", "head", "tail", "head", "tail"]
    lists = np.array([[1, 3], [1, 2]])
    assert exposure(lists, groups, popularity)["head"].places == 0.75


def test_no_lists_and_no_items():
    none = exposure(np.empty((0, 3), int), Groups.of(["a"]), np.zeros(1))
    assert none["a"].places == 0
    assert exposure(np.empty((0, 3), int), Groups.of([]), np.zeros(0, int)) == {}
