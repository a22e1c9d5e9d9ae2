import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from strategies import sparse_matrices

import pyrec
from pyrec import GraphFilter, P3Alpha, RP3Beta
from pyrec.errors import DataError


def powered(matrix, exponent):
    """Powers of what is above 0; the rest stays 0."""
    return np.where(matrix > 0, np.where(matrix > 0, matrix, 1.0) ** exponent, 0.0)


def walk(x, alpha):
    """The probabilities to leave items for users, and users for items."""
    items, users = x.T, x
    steps = [m * powered(m.sum(axis=1), -1.0)[:, None] for m in (items, users)]
    return powered(steps[0], alpha) @ powered(steps[1], alpha)


def influence(model):
    csr = model.influence
    return sp.csr_array((csr.values, csr.columns, csr.offsets), shape=csr.shape).toarray()


def check(model, expected, k):
    """All that is kept is right, and nothing greater was left out."""
    np.fill_diagonal(expected, 0)
    found = influence(model)
    kept = found != 0
    scale = expected.max(initial=1e-30)
    np.testing.assert_allclose(found[kept], expected[kept], rtol=2e-5, atol=1e-6 * scale)
    for row in range(len(expected)):
        best = np.sort(expected[row])[::-1][:k]
        np.testing.assert_allclose(
            np.sort(found[row])[::-1][:k], best, rtol=2e-5, atol=1e-6 * scale
        )


weights = sparse_matrices(elements=st.integers(0, 5).map(float))


@given(dense=weights, alpha=st.sampled_from([0.0, 0.5, 1.0, 1.7]), k=st.integers(1, 9))
def test_three_steps_of_a_walk(dense, alpha, k):
    if not dense.any():
        return
    x = np.asarray(dense, np.float64)
    expected = walk(x, alpha)
    check(P3Alpha(alpha=alpha, neighbors=k).fit(sp.csr_array(dense)), expected, k)
    by_popularity = expected * powered(x.sum(axis=0), -0.6)
    check(RP3Beta(alpha=alpha, beta=0.6, neighbors=k).fit(sp.csr_array(dense)), by_popularity, k)


@given(dense=weights, exponents=st.tuples(*[st.sampled_from([0.0, 0.4, 1.0])] * 3))
def test_the_filter_is_the_normalised_product(dense, exponents):
    if not dense.any():
        return
    user, source, target = exponents
    x = np.asarray(dense, np.float64)
    items = x.sum(axis=0)
    expected = (x * powered(x.sum(axis=1), -user)[:, None]).T @ x
    expected *= powered(items, -source)[:, None] * powered(items, -target)
    model = GraphFilter(
        neighbors=50, user_exponent=user, source_exponent=source, target_exponent=target
    ).fit(sp.csr_array(dense))
    check(model, expected, 50)


@pytest.mark.parametrize("kind", [P3Alpha, RP3Beta, GraphFilter])
def test_neighbours_can_be_those_of_targets(kind):
    matrix = sp.random_array((40, 30), density=0.2, rng=np.random.default_rng(2))
    everything = influence(kind(neighbors=30).fit(matrix))
    found = influence(kind(neighbors=4, neighbors_of="target").fit(matrix))
    for column, wanted in zip(found.T, everything.T, strict=True):
        np.testing.assert_allclose(np.sort(column)[::-1][:4], np.sort(wanted)[::-1][:4], rtol=1e-6)
        assert np.count_nonzero(column) <= 4


@pytest.mark.parametrize("side", ["source", "target"])
def test_what_a_source_says_can_sum_to_1(side):
    matrix = sp.random_array((40, 30), density=0.2, rng=np.random.default_rng(2))
    options = {"neighbors": 4, "alpha": 0.7, "neighbors_of": side}
    plain = influence(P3Alpha(**options).fit(matrix))
    found = influence(P3Alpha(**options, normalize=True).fit(matrix))
    sums = plain.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, plain / np.where(sums > 0, sums, 1), rtol=1e-6)


def test_beta_0_is_p3alpha():
    matrix = sp.random_array((40, 30), density=0.2, rng=np.random.default_rng(0))
    one, other = P3Alpha(alpha=0.7).fit(matrix), RP3Beta(alpha=0.7, beta=0).fit(matrix)
    np.testing.assert_allclose(influence(one), influence(other), rtol=1e-6)


def test_similar_items_are_those_an_item_speaks_for():
    matrix = sp.random_array((40, 30), density=0.2, rng=np.random.default_rng(1))
    model = RP3Beta().fit(matrix)
    row = influence(model)[3]
    found = model.similar_items(3, k=4)
    np.testing.assert_array_equal(found.rows, np.lexsort((np.arange(30), -row))[:4])


@pytest.mark.parametrize("estimator", [P3Alpha(), RP3Beta(), GraphFilter()])
def test_negative_weights_are_named(estimator):
    with pytest.raises(DataError, match="user 1 and item 0 have the weight -2; a walk needs"):
        estimator.fit(sp.csr_array([[1, 1], [-2, 0]]))


@pytest.mark.real_data
def test_a_filter_of_one_hop_on_gowalla(real_data):
    """What a prototype in dense numpy reached with these exponents: 0.1770 and 0.1425."""
    train, test = (pyrec.read_adjacency(real_data / "gowalla" / f"{part}.txt.gz")
                   for part in ("train", "test"))  # fmt: skip
    model = GraphFilter(neighbors=2000).fit(train)
    report = pyrec.evaluate(model, test, metrics=["recall@20", "ndcg@20"], pairs="new")
    assert report["recall@20"] == pytest.approx(0.1770, abs=0.001)
    assert report["ndcg@20"] == pytest.approx(0.1425, abs=0.001)
