import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec import EASE
from pyrec.errors import ConfigError, DataError, OutOfMemoryError


def influence(model):
    csr = model.influence
    return sp.csr_array((csr.values, csr.columns, csr.offsets), shape=csr.shape).toarray()


@pytest.fixture(scope="module")
def matrix():
    return sp.random_array((60, 25), density=0.2, rng=np.random.default_rng(0)).tocsr()


def test_the_closed_form(matrix):
    dense = matrix.toarray()
    inverse = np.linalg.inv(dense.T @ dense + 0.7 * np.eye(25))
    expected = np.eye(25) - inverse / np.diag(inverse)
    np.testing.assert_allclose(influence(EASE(regularization=0.7).fit(matrix)), expected, atol=1e-6)


def test_more_items_than_are_inverted_at_once(monkeypatch):
    monkeypatch.setattr("pyrec.models.ease._WHOLE", 300)
    matrix = sp.random_array((400, 1300), density=0.02, rng=np.random.default_rng(1)).tocsr()
    dense = matrix.toarray()
    inverse = np.linalg.inv(dense.T @ dense + 2 * np.eye(1300))
    expected = np.eye(1300) - inverse / np.diag(inverse)
    np.testing.assert_allclose(influence(EASE(regularization=2).fit(matrix)), expected, atol=1e-6)


def test_ill_conditioned_equations_are_solved_in_double_precision():
    """Two items that nearly everybody has together or not at all."""
    rng = np.random.default_rng(2)
    dense = (rng.random((3000, 12)) < 0.5).astype(float)
    dense[:, 1] = np.where(rng.random(3000) < 0.001, 1 - dense[:, 0], dense[:, 0])
    gram = dense.T @ dense + 1e-3 * np.eye(12)
    exact = np.linalg.inv(gram)
    expected = np.eye(12) - exact / np.diag(exact)
    single = np.linalg.inv(gram.astype(np.float32))
    off = np.abs(np.eye(12) - single / np.diag(single) - expected).max()
    found = influence(EASE(regularization=1e-3).fit(sp.csr_array(dense)))
    assert np.abs(found - expected).max() < 1e-6 < 1e-5 < off


def test_it_is_the_least_squares_solution_without_the_item_itself(matrix):
    """Each column of B is a ridge regression of the item on all others."""
    dense = matrix.toarray()
    found = influence(EASE(regularization=0.7).fit(matrix))
    for item in (0, 7, 24):
        others = np.delete(np.arange(25), item)
        x = dense[:, others]
        expected = np.linalg.solve(x.T @ x + 0.7 * np.eye(24), x.T @ dense[:, item])
        np.testing.assert_allclose(found[others, item], expected, atol=1e-6)


def test_entries_of_greatest_size_are_kept(matrix):
    everything = influence(EASE(regularization=0.7).fit(matrix))
    for k in (1, 5, 24, 99):
        kept = influence(EASE(regularization=0.7, neighbors=k).fit(matrix))
        there = kept != 0
        np.testing.assert_array_equal(kept[there], everything[there])
        sizes = np.sort(np.abs(everything), axis=1)[:, ::-1][:, : min(k, 24)]
        np.testing.assert_array_equal(
            np.sort(np.abs(kept), axis=1)[:, ::-1][:, : min(k, 24)], sizes
        )


def test_normalised_it_is_the_same_of_the_normalised_matrix(matrix):
    """Scores are those of the plain model of D_u^-p/2 R D_i^-q, each user's times a constant."""
    dense = matrix.toarray()
    users, items = (dense.sum(axis=axis) / dense.sum(axis=axis).mean() for axis in (1, 0))
    normal = dense * users[:, None] ** -0.35 * items**-0.3
    inverse = np.linalg.inv(normal.T @ normal + 0.7 * np.eye(25))
    expected = items[:, None] ** -0.3 * (np.eye(25) - inverse / np.diag(inverse))
    model = EASE(regularization=0.7, user_exponent=0.7, item_exponent=0.3).fit(matrix)
    np.testing.assert_allclose(influence(model), expected, atol=1e-6)


def test_normalising_copes_with_users_and_items_without_anything():
    matrix = sp.csr_array([[1.0, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]])
    model = EASE(regularization=0.1, user_exponent=1, item_exponent=0.5).fit(matrix)
    assert np.isfinite(influence(model)).all()
    assert model.recommend(1, k=1).rows.tolist() == [3]


def test_what_cannot_be_is_named():
    with pytest.raises(DataError, match="user 1 and item 0 have the weight -2; a degree needs"):
        EASE(item_exponent=0.2).fit(sp.csr_array([[1.0, 1], [-2, 1]]))
    with pytest.raises(ConfigError, match="regularization: expected `float` > 0"):
        EASE(regularization=0)
    wide = sp.csr_array(([1.0], ([0], [0])), shape=(2, 2_000_000))
    with pytest.raises(OutOfMemoryError, match=r"items by 2,000,000 need .* use SparseEASE"):
        EASE().fit(wide)


@pytest.mark.real_data
def test_ease_on_movielens(real_data):
    """With a regularisation of 500, as dense numpy finds it: 0.2759 and 0.2660."""
    train, test = (pyrec.read_adjacency(real_data / "movielens1m_m1" / f"{part}.txt.gz")
                   for part in ("train", "test"))  # fmt: skip
    model = EASE(regularization=500).fit(train)
    report = pyrec.evaluate(model, test, metrics=["recall@20", "ndcg@20"], pairs="new")
    assert report["recall@20"] == pytest.approx(0.2759, abs=2e-4)
    assert report["ndcg@20"] == pytest.approx(0.2660, abs=2e-4)
