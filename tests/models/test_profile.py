import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import Interactions, Vocabulary
from pyrec.errors import DataError
from pyrec.features import Features
from pyrec.models.profile import Profile

FEATURES = Features(Vocabulary.range(3), np.array([[3, 4], [0, 2], [0, 0]]), ("a", "b"))


def test_profiles_stand_beside_histories():
    bought = Interactions.from_scipy(sp.csr_array([[1, 0, 2], [1, 3, 0]]))
    beside = Profile.of(FEATURES, 0.5).beside(bought)
    expected = [[1, 0, 2, 0.3, 0.4], [1, 3, 0, 0.3, 1.9]]
    np.testing.assert_allclose(beside.to_scipy().toarray(), expected, rtol=1e-6)


def test_the_parts_of_the_items_add_up_to_what_the_profile_says():
    profile = Profile.of(FEATURES, 0.5).learnt(np.array([[1, 2], [3, 5]], np.float32))
    history = Interactions.from_scipy(sp.csr_array([[1, 3, 2]])).csr
    parts = profile.parts(history, profile.beside_rows(history))
    np.testing.assert_allclose(parts.sum(axis=0), [0.3 * 1 + 1.9 * 3, 0.3 * 2 + 1.9 * 5])
    assert not parts[2].any()


def test_more_items():
    more = Features(Vocabulary([7, 1]), np.array([[5, 0], [9, 9]]), ("a", "b"))
    longer = Profile.of(FEATURES, 0.5).with_items(more, Vocabulary([0, 1, 2, 7]))
    assert longer.features.dense().tolist() == [[3, 4], [0, 2], [0, 0], [5, 0]]
    kept = Profile.from_arrays(longer.learnt(np.ones((2, 3), np.float32)).to_arrays())
    assert kept.weight == 0.5
    assert kept.features.dense().tolist() == longer.features.dense().tolist()


def test_negative_features_are_refused():
    with pytest.raises(DataError, match="the least is -2"):
        Profile.of(Features(Vocabulary.range(1), np.array([[1.0, -2.0]]), ("a", "b")), 1.0)
