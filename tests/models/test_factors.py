"""What models with factors have in common; each family is in its own file, and in the contract."""

import numpy as np
import scipy.sparse as sp

import pyrec
from pyrec import ALS, PureSVD
from pyrec.models.factors import FactorModel

MATRIX = sp.csr_array(np.random.default_rng(0).random((12, 9)) < 0.4, dtype=np.float32)


class Mean(FactorModel):
    """People are the mean of what they had."""

    def fold_in(self, histories, threads=0):
        counts = np.maximum(np.diff(histories.offsets), 1)
        matrix = sp.csr_array(
            (histories.values, histories.columns, histories.offsets), histories.shape
        )
        return (matrix @ self.item_factors / counts[:, None]).astype(np.float32)


def test_scores_are_inner_products():
    for estimator in (ALS(factors=3), PureSVD(factors=3)):
        model = estimator.fit(MATRIX)
        expected = model.user_factors @ model.item_factors.T
        found = model.score(np.arange(12)[:, None], np.arange(9)[None, :])
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_an_author_writes_how_to_fold_in():
    items = np.eye(9, dtype=np.float32)
    interactions = pyrec.Interactions.from_scipy(MATRIX)
    model = Mean(ALS(factors=9), interactions, MATRIX.toarray(), items)
    assert model.recommend_for([2, 4], k=3, exclude_seen=False).rows[:2].tolist() == [2, 4]
    assert model.recommend_for([2, 4], k=9).counts == 7


def test_similar_is_what_points_the_same_way():
    items = np.array([[1, 0], [0, 1], [5, 0.1], [0, -2]], np.float32)
    interactions = pyrec.Interactions.from_scipy(sp.csr_array(np.ones((2, 4), np.float32)))
    model = Mean(ALS(factors=2), interactions, np.eye(2, dtype=np.float32), items)
    assert model.similar_items(0, k=3).ids.tolist() == [2, 1, 3]
    assert model.similar_users(0, k=1).ids.tolist() == [1]
