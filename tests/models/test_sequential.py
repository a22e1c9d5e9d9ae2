import numpy as np
import pytest

import pyrec
from pyrec.errors import DataError

LOG = pyrec.Events.from_ids(
    users=["a", "a", "a", "b", "b", "b", "c"],
    items=["tea", "cup", "pot", "tea", "pot", "cup", "tea"],
    timestamps=[1, 2, 3, 11, 12, 13, 20],
)


@pytest.fixture(params=[pyrec.Transitions(), pyrec.SessionKNN()], ids=lambda e: e.name)
def estimator(request):
    return request.param


def test_arrival_stands_for_times_that_are_absent(estimator):
    plain = pyrec.Events(LOG.users, LOG.items, LOG.user_rows, LOG.item_rows)
    with_times, without = estimator.fit(LOG), estimator.fit(plain)
    assert without.interactions.timestamps is None
    a, b = (model.recommend(["a", "c"], k=3, exclude_seen=False) for model in (with_times, without))
    assert a.ids.tolist() == b.ids.tolist()
    np.testing.assert_array_equal(a.scores, b.scores)


def test_the_latest_items_count_most(estimator):
    model = estimator.fit(LOG)
    expected = [[1 / 2, 1, 1 / 3], [1, 1 / 2, 1 / 3], [0, 0, 1]]
    np.testing.assert_allclose(model.interactions.to_scipy().toarray(), expected, rtol=1e-6)


def test_a_list_an_event_log_and_a_trained_user_say_the_same(estimator):
    model = estimator.fit(LOG)
    asked = pyrec.Events.from_ids(
        users=[0, 0, 0, 0], items=["pot", "tea", "cup", "pot"], timestamps=[1, 2, 3, 4]
    )
    expected = model.recommend("a", k=3, exclude_seen=False)
    for histories in (["pot", "tea", "cup", "pot"], asked, asked.aggregate()):
        found = model.recommend_for(histories, k=3, exclude_seen=False)
        np.testing.assert_array_equal(np.ravel(found.rows), expected.rows)
        np.testing.assert_array_equal(np.ravel(found.scores), expected.scores)


def test_the_order_of_a_list_matters(estimator):
    model = estimator.fit(LOG)
    one = model.recommend_for(["tea", "cup"], k=3, exclude_seen=False)
    other = model.recommend_for(["cup", "tea"], k=3, exclude_seen=False)
    assert one.scores.tolist() != other.scores.tolist()


def test_pairs_without_times_are_taken_as_weighed(estimator):
    model = estimator.fit(LOG)
    weighed = model.weigh_histories(LOG)
    again = model.weigh_histories(pyrec.Interactions(weighed.users, weighed.items, weighed.csr))
    assert again.csr.values.tolist() == weighed.csr.values.tolist()


def test_training_needs_an_order(estimator):
    pairs = LOG.aggregate()
    with pytest.raises(DataError, match="no timestamps, and so no order"):
        estimator.fit(pairs.to_scipy())


def test_sessions_end_what_follows():
    log = pyrec.Events.from_ids(
        users=[1, 1, 1, 1], items=["tea", "cup", "pot", "mug"], sessions=[1, 1, 2, 2]
    )
    model = pyrec.Transitions().fit(log)
    assert model.influence.nnz == 2
    assert model.recommend_for(["cup"], k=1).counts == 0
