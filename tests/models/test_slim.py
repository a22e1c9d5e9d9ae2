import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec import EASE, SLIM, SparseEASE
from pyrec.errors import ConfigError, DataError, NumericalError


def dense(csr):
    return sp.csr_array((csr.values, csr.columns, csr.offsets), shape=csr.shape).toarray()


@pytest.fixture(scope="module")
def matrix():
    return sp.random_array((60, 25), density=0.3, rng=np.random.default_rng(0)).tocsr()


@pytest.mark.parametrize("exponents", [(0.0, 0.0), (0.7, 0.3)])
def test_with_all_items_for_candidates_it_is_ease(matrix, exponents):
    """All pairs of these items have a user in common."""
    user, item = exponents
    options = {"regularization": 0.7, "user_exponent": user, "item_exponent": item}
    everything = EASE(**options).fit(matrix)
    sparse = SparseEASE(neighbors=25, **options).fit(matrix)
    np.testing.assert_allclose(dense(sparse.influence), dense(everything.influence), atol=4e-3)


def test_few_candidates_are_those_of_highest_cosine(matrix):
    x = matrix.toarray()
    cosines = (x.T @ x) / np.linalg.norm(x, axis=0) / np.linalg.norm(x, axis=0)[:, None]
    np.fill_diagonal(cosines, 0)
    found = dense(SparseEASE(neighbors=6, regularization=0.7).fit(matrix).influence)
    for item in range(25):
        near = np.sort(np.argsort(-cosines[item])[:6])
        assert np.flatnonzero(found[:, item]).tolist() == near.tolist()
        z = x[:, near]
        expected = np.linalg.solve(z.T @ z + 0.7 * np.eye(6), z.T @ x[:, item])
        np.testing.assert_allclose(found[near, item], expected, atol=2e-3)


def test_slim_cannot_do_better_by_any_small_step(matrix):
    """Its objective, in plain numpy, is lower than around it, and no weight is negative."""
    x = matrix.toarray()
    weights = dense(SLIM(neighbors=25, l1=0.3, l2=0.5).fit(matrix).influence)
    assert (weights >= 0).all()
    assert (np.diag(weights) == 0).all()

    def objective(w):
        residuals = np.sum((x - x @ w) ** 2, axis=0)
        return residuals / 2 + 0.25 * np.sum(w**2, axis=0) + 0.3 * np.abs(w).sum(axis=0)

    least = objective(weights)
    rng = np.random.default_rng(0)
    for _ in range(50):
        step = rng.normal(size=weights.shape) * 0.02
        np.fill_diagonal(step, 0)
        assert (objective(np.maximum(weights + step, 0)) > least - 1e-6).all()


def test_users_may_count_less_for_having_much(matrix):
    """The plain model of people's rows scaled by their degrees."""
    degrees = matrix.sum(axis=1) / matrix.sum(axis=1).mean()
    scaled = sp.csr_array(matrix * degrees[:, None] ** -0.35)
    found = SLIM(neighbors=25, l2=0.5, user_exponent=0.7).fit(matrix)
    expected = SLIM(neighbors=25, l2=0.5).fit(scaled)
    np.testing.assert_allclose(dense(found.influence), dense(expected.influence), atol=1e-4)


def test_a_greater_l1_leaves_fewer_neighbours(matrix):
    sizes = [SLIM(l1=l1, l2=0.5).fit(matrix).influence.nnz for l1 in (0.0, 0.5, 2.0, 1e6)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[2] > sizes[3] == 0


def test_explanations_name_what_spoke_for_an_item(matrix):
    model = SLIM(l1=0.1, l2=0.5).fit(matrix)
    item = model.recommend(3, k=1).ids[0]
    explanation = model.explain(3, item)
    assert explanation.contributions[0] > 0
    assert explanation.total == pytest.approx(model.score(3, item), rel=1e-5)


def test_what_cannot_be_is_named():
    with pytest.raises(ConfigError, match="regularization: expected `float` > 0"):
        SparseEASE(regularization=0)
    with pytest.raises(ConfigError, match="l1: expected `float` >= 0"):
        SLIM(l1=-1)
    negative = sp.csr_array([[1.0, 1], [-2, 1]])
    with pytest.raises(DataError, match="user 1 and item 0 have the weight -2; a degree needs"):
        SparseEASE(user_exponent=0.5).fit(negative)
    huge = sp.csr_array(np.full((3, 2), 1e25))
    with pytest.raises(NumericalError, match=r"item 0: its weights .* sum to 3e\+50"):
        SLIM(l2=0).fit(huge)
    with pytest.raises(DataError, match="a degree needs"):
        SLIM(user_exponent=0.5).fit(negative)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("estimator", "recall", "ndcg"),
    [
        (SparseEASE(neighbors=100, regularization=500), 0.2669, 0.2598),
        (SLIM(neighbors=100, l1=1, l2=500), 0.2672, 0.2595),
    ],
)
def test_on_movielens(real_data, estimator, recall, ndcg):
    train, test = (pyrec.read_adjacency(real_data / "movielens1m_m1" / f"{part}.txt.gz")
                   for part in ("train", "test"))  # fmt: skip
    report = pyrec.evaluate(
        estimator.fit(train), test, metrics=["recall@20", "ndcg@20"], pairs="new"
    )
    assert report["recall@20"] == pytest.approx(recall, abs=2e-4)
    assert report["ndcg@20"] == pytest.approx(ndcg, abs=2e-4)
