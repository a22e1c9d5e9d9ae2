import importlib.util
import warnings

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from strategies import sparse_matrices

import pyrec
from pyrec.data.interactions import as_csr
from pyrec.errors import ConfigError, DataError, NumericalError
from pyrec.kernels import neighbors
from pyrec.preparation.weighting import bm25, tfidf
from pyrec.similarity import Measure, most_similar

METRICS = ["cosine", "asymmetric", "jaccard", "dot"]
at_every_level = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def power_law(users=400, items=900, nnz=9000, seed=0):
    """Sparse counts with popular and rare columns, some rows and columns empty."""
    rng = np.random.default_rng(seed)
    rows = (users * rng.random(nnz) ** 2).astype(int)
    columns = (items * rng.random(nnz) ** 3).astype(int)
    matrix = sp.csr_array((np.ones(nnz, np.float32), (rows, columns)), shape=(users, items))
    matrix.sum_duplicates()
    return matrix


def as_scipy(csr):
    return sp.csr_array((csr.values, csr.columns, csr.offsets), shape=csr.shape)


@at_every_level
@given(
    dense=sparse_matrices(),
    k=st.integers(1, 45),
    metric=st.sampled_from(METRICS),
    shrink=st.sampled_from([0.0, 0.3, 10.0]),
    alpha=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    axis=st.sampled_from(["items", "users"]),
)
def test_neighbors_equal_the_reference(simd, dense, k, metric, shrink, alpha, axis):
    if metric == "dot":
        shrink = 0.0
    found = neighbors(
        sp.csr_array(dense), k, axis=axis, metric=metric, shrink=shrink, alpha=alpha, threads=2
    )
    entities = dense.T if axis == "items" else dense
    expected = reference.neighbors(reference.similarity(entities, metric, shrink, alpha), k)
    expected = reference.bounded(expected, metric)
    assert found.has_canonical_format
    np.testing.assert_array_equal(found.toarray(), expected)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("k", [1, 20, 2000])
@pytest.mark.parametrize(("users", "nnz"), [(40, 60_000), (1000, 20_000)], ids=["dense", "sparse"])
def test_many_columns_with_many_ties(simd, metric, k, users, nnz):
    dense = power_law(users, items=10_000, nnz=nnz).toarray().T
    rows = np.array([*range(20), *range(20, 10_000, 500)], dtype=np.int32)
    measure = Measure(metric=metric)
    items = measure.prepare(as_csr(sp.csr_array(dense)))
    wanted = measure.prepare(as_csr(sp.csr_array(dense[rows])))
    columns = items.csr.transposed()
    found = most_similar(wanted, items, columns, k, measure, selves=rows, threads=1)
    nearest = reference.neighbors(reference.similarity(dense, metric, rows=rows), k, selves=rows)
    expected = reference.bounded(nearest, metric)
    np.testing.assert_array_equal(as_scipy(found).toarray(), expected)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("users", [200, 4000])
def test_items_with_much_in_common(simd, metric, users):
    # So much that pairs are counted once; 4000 users make counts that no byte holds.
    rng = np.random.default_rng(0)
    dense = (rng.random((users, 100)) < np.linspace(0.02, 0.9, 100)).astype(np.float32)
    k = 1 if users == 200 else 20
    found = neighbors(sp.csr_array(dense), k, metric=metric, alpha=0.25, threads=3)
    similarity = reference.similarity(dense.T, metric, 0.0, 0.25)
    expected = reference.bounded(reference.neighbors(similarity, k), metric)
    np.testing.assert_array_equal(found.toarray(), expected)


@at_every_level
@given(
    dense=sparse_matrices(elements=st.floats(-8, 8, width=16, allow_subnormal=False)),
    metric=st.sampled_from(METRICS),
    k=st.integers(1, 10),
)
def test_real_weights_agree_with_double_precision(simd, dense, metric, k):
    found = neighbors(sp.csr_array(dense), k, metric=metric).toarray()
    exact = reference.similarity(dense.T, metric, real=np.float64)
    stored = found != 0
    np.testing.assert_allclose(found[stored], exact[stored], rtol=1e-5, atol=1e-4)
    # Nothing that was left out is better than what was kept, but for rounding.
    np.fill_diagonal(exact, -np.inf)
    for row, kept in zip(exact, stored, strict=True):
        if np.count_nonzero(kept) == k:
            others = row[~kept & (row != 0)]
            assert others.max(initial=-np.inf) <= row[kept].min() + 1e-4


def test_same_bits_for_any_number_of_threads(simd):
    matrix = power_law()
    matrix.data[:] = np.random.default_rng(1).standard_normal(matrix.nnz)
    one = neighbors(matrix, 10, threads=1)
    for threads in (2, 7):
        again = neighbors(matrix, 10, threads=threads)
        for name in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(again, name), getattr(one, name))


@pytest.mark.parametrize("metric", ["cosine", "jaccard", "dot"])
def test_symmetric_measures_have_symmetric_bits(metric):
    matrix = power_law()
    matrix.data[:] = np.random.default_rng(2).standard_normal(matrix.nnz)
    everything = neighbors(matrix, matrix.shape[1], metric=metric)
    assert (everything != everything.T).nnz == 0


def test_asymmetric_cosine_with_half_is_the_cosine():
    matrix = power_law()
    asymmetric = neighbors(matrix, 10, metric="asymmetric", alpha=0.5)
    np.testing.assert_array_equal(asymmetric.toarray(), neighbors(matrix, 10).toarray())


@pytest.mark.parametrize("axis", ["items", "users"])
def test_weighted_measures(axis):
    matrix = power_law()
    for metric, weigh, plain in (("bm25", bm25, "dot"), ("tfidf", tfidf, "cosine")):
        found = neighbors(matrix, 10, axis=axis, metric=metric)
        weighted = as_scipy(weigh(as_csr(matrix), axis=axis))
        expected = neighbors(weighted, 10, axis=axis, metric=plain)
        np.testing.assert_array_equal(found.toarray(), expected.toarray())


def test_explicit_zeros_are_not_in_common():
    matrix = sp.csr_array(([1.0, 0.0, 1.0, 1.0], [0, 1, 0, 1], [0, 2, 4]), shape=(2, 2))
    assert matrix.nnz == 4
    assert neighbors(matrix, 1, metric="jaccard").toarray().tolist() == [[0, 0.5], [0.5, 0]]


def test_sums_that_cancel_are_no_neighbours():
    matrix = sp.csr_array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]])
    assert neighbors(matrix, 2, metric="dot").toarray().tolist() == [
        [0, 0, 2],
        [0, 0, 0],
        [2, 0, 0],
    ]


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 3), (3, 1), (1, 1), (4, 5)])
@pytest.mark.parametrize("axis", ["items", "users"])
def test_nothing_in_common_gives_empty_rows(shape, axis):
    found = neighbors(sp.csr_array(shape, dtype=np.float32), 3, axis=axis)
    n = shape[1] if axis == "items" else shape[0]
    assert found.shape == (n, n)
    assert found.nnz == 0
    alone = neighbors(sp.csr_array(np.ones((4, 1), np.float32)), 3)
    assert alone.nnz == 0


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_a_cosine_does_not_depend_on_the_scale_of_weights(scale):
    matrix = power_law()
    ordinary = neighbors(matrix, 10)
    # A power of two, for some columns only: as if those were old, and their weights had decayed.
    factors = np.where(np.arange(matrix.shape[1]) % 3 == 0, np.exp2(np.round(np.log2(scale))), 1)
    scaled = neighbors(sp.csr_array(matrix * factors[None, :]), 10)
    np.testing.assert_array_equal(scaled.toarray(), ordinary.toarray())


@pytest.mark.parametrize("metric", ["dot", "asymmetric"])
def test_weights_beyond_float32_are_named(metric):
    matrix = sp.csr_array([[1.0, 1e20, 1.0]])
    with pytest.raises(NumericalError, match=r"row 1: has norm 1e\+20.*scale the weights"):
        neighbors(matrix, 1, metric=metric)


def test_new_rows_are_compared_with_known_ones():
    matrix = power_law()
    csr, measure = as_csr(matrix), Measure(metric="cosine", shrink=2.0)
    known = measure.prepare(csr)
    wanted = np.array([5, 0, 17], dtype=np.int32)
    new = measure.prepare(csr.take(wanted))
    found = most_similar(new, known, csr.transposed(), 4, measure, selves=wanted, threads=1)
    everyone = neighbors(matrix, 4, axis="users", shrink=2.0)
    np.testing.assert_array_equal(as_scipy(found).toarray(), everyone[wanted].toarray())
    itself = most_similar(new, known, csr.transposed(), 400, measure, threads=1)
    assert itself.nnz > found.nnz


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(k=0), DataError, "k: must be a whole number"),
        (dict(axis="rows"), DataError, "axis: must be 'items' or 'users', not 'rows'"),
        (dict(metric="cosin"), ConfigError, "metric: .*cosin"),
        (dict(shrink=-1.0), ConfigError, "shrink"),
        (dict(shrink=float("nan")), ConfigError, "not a finite number"),
        (dict(alpha=1.5), ConfigError, "alpha"),
        (dict(metric="dot", shrink=1.0), ConfigError, "shrink: the dot product has no denominator"),
        (dict(matrix=np.eye(3)), DataError, "must be a scipy sparse matrix"),
        (dict(matrix=sp.csr_array([[np.nan]])), DataError, "not a finite"),
    ],
)
def test_bad_input_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        neighbors(**(dict(matrix=sp.csr_array(np.eye(3)), k=1) | arguments))


@pytest.mark.real_data
def test_cosine_on_gowalla(real_data):
    matrix = pyrec.read_adjacency(real_data / "gowalla/train.txt.gz").to_scipy()
    ours = neighbors(matrix, 20)
    norms = np.sqrt((matrix * matrix).sum(axis=0))
    wanted = np.arange(0, matrix.shape[1], 41)
    exact = (matrix[:, wanted].T.tocsr() @ matrix).toarray()
    exact /= norms[wanted, None] * norms[None, :]
    exact[np.arange(len(wanted)), wanted] = 0
    best = -np.sort(-exact, axis=1)[:, :20]
    for item, expected in zip(wanted, best, strict=True):
        found = np.sort(ours[[item]].data)[::-1]
        np.testing.assert_allclose(found, expected[: len(found)], atol=1e-6)
    if importlib.util.find_spec("implicit"):
        agrees_with_implicit(matrix, ours)


def agrees_with_implicit(matrix, ours):
    from implicit.nearest_neighbours import CosineRecommender

    peer = CosineRecommender(K=21)
    with warnings.catch_warnings(action="ignore"):
        peer.fit(sp.csr_matrix(matrix), show_progress=False)
    theirs = sp.csr_array(peer.similarity)
    for item in range(0, matrix.shape[1], 7):
        found = np.sort(ours[[item]].data)[::-1]
        expected = np.sort(theirs[[item]].data)[::-1][1 : len(found) + 1]
        np.testing.assert_allclose(found, expected, atol=1e-5)
