import contract
import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import SegmentPopularity, Vocabulary
from pyrec.errors import DataError


def parity(ids):
    """Whether somebody's number is odd; u00 belongs nowhere."""
    return {u: ("even", "odd")[int(str(u)[-1]) % 2] for u in ids if u != "u00"}


@pytest.fixture(scope="module")
def interactions():
    return contract.shop()


class TestContract(contract.ModelContract):
    @pytest.fixture(scope="class")
    @classmethod
    def estimator(cls):
        return SegmentPopularity()

    def fit(self, estimator, data):
        users = getattr(data, "users", None) or Vocabulary.range(data.shape[0])
        return estimator.fit(data, user_segments=parity(users.ids.tolist()))


def test_scores_are_counts_within_the_segment(interactions):
    users = interactions.users.ids.tolist()
    model = SegmentPopularity().fit(interactions, user_segments=parity([*users, "x77"]))
    had = interactions.to_scipy().toarray() > 0
    for user, first in (("u02", 2), ("x77", 1)):
        expected = had[first::2].sum(axis=0)
        np.testing.assert_array_equal(model.score(user, interactions.items.ids), expected)
    assert model.recommend("u00").counts == 0, "whoever has no segment gets no list"


def test_segments_that_will_not_do(interactions):
    for given, message in (
        (None, "user_segments: must be of type Mapping"),
        ({}, "is empty"),
        ({"u00": "a", "nobody": "b"}, "no user with interactions is in any segment"),
    ):
        with pytest.raises(DataError, match=message):
            SegmentPopularity().fit(interactions, user_segments=given)


def test_who_disliked_an_item_counts_against_it():
    votes = sp.csr_array([[1.0, 2], [3, -1], [1, -1]])
    model = SegmentPopularity().fit(votes, user_segments={0: "a", 1: "a", 2: "b"})
    assert model.counts.tolist() == [[2, 1], [0, -1]]
