import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import svds

import pyrec
from pyrec import PureSVD
from pyrec.errors import ConfigError, DataError, OutOfMemoryError


def low_rank(rng, users, items, rank):
    """Interactions near a few patterns, so that the leading singular values stand apart."""
    likes = rng.random((users, rank)) @ rng.random((rank, items))
    return sp.csr_array((rng.random((users, items)) < likes / rank).astype(np.float64))


@pytest.fixture(scope="module")
def matrix():
    return low_rank(np.random.default_rng(0), 80, 30, 4)


def scores(model, matrix):
    users, items = (np.arange(n) for n in matrix.shape)
    return model.score(users[:, None], items[None, :])


def projection(x, k):
    right = np.linalg.svd(x, full_matrices=False)[2][:k]
    return right.T @ right


@pytest.mark.parametrize("k", [1, 6, 30])
def test_it_is_the_best_approximation_of_that_rank(matrix, k):
    x = matrix.toarray()
    model = PureSVD(factors=k, user_exponent=0, item_exponent=0, passes=20).fit(matrix)
    np.testing.assert_allclose(scores(model, matrix), x @ projection(x, k), atol=2e-4)


def test_normalised_it_is_the_ideal_low_pass_filter(matrix):
    x = matrix.toarray()
    users, items = (x.sum(axis=axis) / x.sum(axis=axis).mean() for axis in (1, 0))
    normal = x * users[:, None] ** -0.5 * items**-0.4
    expected = (x * items**-0.4) @ projection(normal, 6) * items**0.4
    model = PureSVD(factors=6, user_exponent=1, item_exponent=0.4, passes=20).fit(matrix)
    np.testing.assert_allclose(scores(model, matrix), expected, atol=2e-4)


def test_few_passes_lack_little(matrix):
    """What the default number finds explains nearly as much as the exact directions do."""
    x = matrix.toarray()
    best = np.sum(np.linalg.svd(x)[1][:6] ** 2)
    found = PureSVD(factors=6, user_exponent=0, item_exponent=0).fit(matrix).user_factors
    assert 0.999 * best < np.sum(np.square(found, dtype=np.float64)) <= best * (1 + 1e-5)


def test_newcomers_get_what_those_with_the_same_history_got(matrix):
    model = PureSVD(factors=5, user_exponent=0.5, item_exponent=0.3).fit(matrix)
    known = model.recommend(np.arange(10), k=5)
    newcomers = model.recommend_for(matrix[:10], k=5)
    np.testing.assert_array_equal(newcomers.rows, known.rows)
    np.testing.assert_allclose(newcomers.scores, known.scores, rtol=1e-5)


def test_what_cannot_be_is_named(matrix):
    with pytest.raises(ConfigError, match="factors: 31 are more than 80 users by 30 items have"):
        PureSVD(factors=31).fit(matrix)
    with pytest.raises(DataError, match="user 0 and item 1 have the weight -1; a degree needs"):
        PureSVD(factors=1, item_exponent=0.5).fit(sp.csr_array([[1.0, -1.0]]))
    wide = sp.csr_array(([1.0], ([0], [0])), shape=(10_000_000, 10_000_000))
    with pytest.raises(OutOfMemoryError, match=r"singular vectors of .* fewer `factors`"):
        PureSVD(factors=10_000).fit(wide)


@pytest.mark.real_data
def test_on_movielens(real_data):
    """Its lists are as good as those from the exact vectors of scipy's ARPACK."""
    train, test = (pyrec.read_adjacency(real_data / "movielens1m_m1" / f"{part}.txt.gz")
                   for part in ("train", "test"))  # fmt: skip
    model = PureSVD(factors=40, user_exponent=0, item_exponent=0).fit(train)
    report = pyrec.evaluate(model, test, metrics=["recall@20", "ndcg@20"], pairs="new")
    right = np.ascontiguousarray(svds(train.to_scipy(), 40)[2].T, np.float32)
    exact = type(model)(model.estimator, train, train.to_scipy() @ right, right)
    wanted = pyrec.evaluate(exact, test, metrics=["recall@20", "ndcg@20"], pairs="new")
    for metric in ("recall@20", "ndcg@20"):
        assert report[metric] == pytest.approx(wanted[metric], abs=2e-3)
