import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import SLIM, UserSLIM
from pyrec.errors import DataError, NumericalError


def dense(csr):
    return sp.csr_array((csr.values, csr.columns, csr.offsets), shape=csr.shape).toarray()


@pytest.fixture(scope="module")
def matrix():
    return sp.random_array((60, 25), density=0.3, rng=np.random.default_rng(0)).tocsr()


def test_users_are_explained_by_users(matrix):
    """Of the transposed matrix it is `SLIM`; items are weighed as users are there."""
    options = {"neighbors": 20, "l1": 0.1, "l2": 0.5}
    model = UserSLIM(**options, item_exponent=0.7).fit(matrix)
    other = SLIM(**options, user_exponent=0.7).fit(matrix.T)
    np.testing.assert_array_equal(dense(model.nearest), dense(other.influence).T)
    scores = dense(model.nearest) @ matrix.toarray()
    assert model.score(4, 7) == pytest.approx(scores[4, 7], rel=1e-5)


def test_newcomers_are_regressed_as_users_are(matrix):
    """With a history that no one else has, and leaving the others as they are."""
    estimator = UserSLIM(neighbors=20, l2=0.5, item_exponent=0)
    everybody = estimator.fit(matrix)
    without = estimator.fit(matrix[1:])
    known, new = everybody.recommend([0], k=5), without.recommend_for(matrix[[0]], k=5)
    assert new.ids.tolist() == known.ids.tolist()
    np.testing.assert_allclose(new.scores, known.scores, rtol=1e-3)
    assert (without.recommend_for([], k=5).rows == -1).all()


def test_what_cannot_be_is_named():
    with pytest.raises(DataError, match="a degree needs"):
        UserSLIM().fit(sp.csr_array([[1.0, 1], [-2, 1]]))
    with pytest.raises(NumericalError, match=r"user 0: its weights .* scale all weights down"):
        UserSLIM(item_exponent=0).fit(sp.csr_array(np.full((3, 2), 1e25)))
