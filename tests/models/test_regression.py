import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import SparseEASE


def dense(csr):
    return sp.csr_array((csr.values, csr.columns, csr.offsets), shape=csr.shape).toarray()


@pytest.fixture(scope="module")
def matrix():
    return sp.random_array((60, 25), density=0.3, rng=np.random.default_rng(0)).tocsr()


def test_more_items_than_a_block_of_products(matrix, monkeypatch):
    at_once = SparseEASE(regularization=5).fit(matrix).influence
    monkeypatch.setattr("pyrec.models.regression._BLOCK", 7)
    np.testing.assert_array_equal(
        dense(SparseEASE(regularization=5).fit(matrix).influence), dense(at_once)
    )


def test_of_many_products_the_greatest_are_kept(matrix, monkeypatch):
    """With room for few, small ones count as 0."""
    exact = dense(SparseEASE(neighbors=9, regularization=5).fit(matrix).influence)
    monkeypatch.setattr("pyrec.models.regression._PRODUCTS", 25 * 20)
    near = dense(SparseEASE(neighbors=9, regularization=5).fit(matrix).influence)
    assert 0 < np.abs(near - exact).max() < 0.1


def test_an_item_without_neighbours_has_no_weights():
    matrix = sp.csr_array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]])
    weights = dense(SparseEASE(regularization=1).fit(matrix).influence)
    assert np.flatnonzero(weights.any(axis=0)).tolist() == [0, 1]
