"""The scoring kernels beneath the models: pairs, sparse neighbours, given lists, rows of a Csr."""

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from hypothesis import given
from hypothesis.extra import numpy as hnp
from strategies import whole

from pyrec import _kernels
from pyrec.data.bits import pack
from pyrec.data.interactions import as_csr, entry_rows
from pyrec.errors import DataError, NumericalError

rows_of = lambda values: np.array(values, np.int32)  # noqa: E731


@st.composite
def sparse(draw, rows, cols):
    """A sparse matrix of whole numbers, some of them stored zeros."""
    values = draw(hnp.arrays(np.float32, (rows, cols), elements=whole))
    stored = draw(hnp.arrays(np.bool_, (rows, cols)))
    row, col = np.nonzero(stored)
    return sp.csr_array((values[row, col], (row, col)), shape=(rows, cols))


@given(st.data(), st.integers(0, 5), st.integers(1, 8), st.integers(1, 8), st.integers(1, 10))
def test_sparse_lists_and_pairs_equal_the_reference(data, n, inner, m, k):
    histories, neighbors = data.draw(sparse(n, inner)), data.draw(sparse(inner, m))
    mask = data.draw(hnp.arrays(np.bool_, (n, m)))
    allowed = data.draw(hnp.arrays(np.bool_, m))
    rows, scores = _kernels.recommend_sparse(
        as_csr(histories), as_csr(neighbors), as_csr(sp.csr_array(mask)), pack(allowed),
        k=k, threads=2,
    )  # fmt: skip
    expected, reached = reference.sparse_scores(histories, neighbors)
    wanted = reference.top_k(expected, k, mask | ~reached | ~allowed)
    np.testing.assert_array_equal(rows, wanted[0])
    np.testing.assert_array_equal(scores, wanted[1])
    users, items = np.divmod(np.arange(n * m, dtype=np.int32), np.int32(m))
    pairs = _kernels.score_pairs_sparse(
        as_csr(histories), as_csr(neighbors), users, items, threads=2
    )
    np.testing.assert_array_equal(pairs, expected.ravel())


def test_sparse_pairs_have_the_bits_of_the_lists():
    rng = np.random.default_rng(0)
    histories, neighbors = (
        as_csr(sp.random_array(shape, density=0.2, rng=rng, dtype=np.float32))
        for shape in ((300, 200), (200, 400))
    )
    rows, scores = _kernels.recommend_sparse(histories, neighbors, None, None, k=20, threads=1)
    users = np.repeat(np.arange(300, dtype=np.int32), 20)
    for threads in (1, 2, 7):
        again = _kernels.recommend_sparse(histories, neighbors, None, None, k=20, threads=threads)
        np.testing.assert_array_equal(again[0], rows)
        np.testing.assert_array_equal(again[1], scores)
        pairs = _kernels.score_pairs_sparse(
            histories, neighbors, users, rows.ravel(), threads=threads
        )
        np.testing.assert_array_equal(pairs, scores.ravel())


def test_many_items_of_a_user_have_the_bits_of_single_pairs():
    rng = np.random.default_rng(1)
    histories, neighbors = (
        as_csr(sp.random_array(shape, density=0.3, rng=rng, dtype=np.float32))
        for shape in ((40, 60), (60, 90))
    )
    users, items = np.divmod(np.arange(40 * 90, dtype=np.int32), np.int32(90))
    whole = _kernels.score_pairs_sparse(histories, neighbors, users, items, threads=2)
    mixed = rng.permutation(len(users))
    single = _kernels.score_pairs_sparse(histories, neighbors, users[mixed], items[mixed])
    np.testing.assert_array_equal(single, whole[mixed])


@given(st.data(), st.integers(0, 5), st.integers(1, 8), st.integers(1, 10))
def test_top_k_of_rows_equals_the_reference(data, n, m, k):
    matrix = data.draw(sparse(n, m))
    rows, scores = _kernels.top_k_of_rows(as_csr(matrix), k=k, threads=2)
    stored = sp.csr_array((np.ones(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)
    wanted = reference.top_k(matrix.toarray(), k, stored.toarray() == 0)
    np.testing.assert_array_equal(rows, wanted[0])
    np.testing.assert_array_equal(scores, wanted[1])


def test_dense_pairs_have_the_bits_of_the_lists(simd):
    rng = np.random.default_rng(0)
    users = rng.standard_normal((50, 33), dtype=np.float32)
    items = rng.standard_normal((400, 33), dtype=np.float32)
    rows, scores = _kernels.recommend_dense(users, items, None, None, k=10, threads=2)
    at = np.repeat(np.arange(50, dtype=np.int32), 10)
    pairs = _kernels.score_pairs(users, items, at, rows.ravel(), threads=2)
    np.testing.assert_array_equal(pairs, scores.ravel())


def test_an_overflow_is_named(simd):
    users, items = np.float32([[1e30]]), np.float32([[1], [1e30]])
    message = "user row 0 and item row 1 overflows float32"
    with pytest.raises(NumericalError, match=message):
        _kernels.recommend_dense(users, items, None, None, k=1, threads=1)
    with pytest.raises(NumericalError, match=message):
        _kernels.score_pairs(users, items, rows_of([0]), rows_of([1]), threads=1)
    history, neighbors = as_csr(sp.csr_array(users)), as_csr(sp.csr_array(items.T))
    with pytest.raises(NumericalError, match=message):
        _kernels.recommend_sparse(history, neighbors, None, None, k=1, threads=1)
    with pytest.raises(NumericalError, match=message):
        _kernels.score_pairs_sparse(history, neighbors, rows_of([0]), rows_of([1]), threads=1)


def test_an_overflow_of_an_item_that_cannot_appear_does_not_matter(simd):
    users, items = np.float32([[1e30]]), np.float32([[1], [1e30]])
    exclude = as_csr(sp.csr_array([[0, 1]]))
    rows, _ = _kernels.recommend_dense(users, items, exclude, None, k=2, threads=1)
    assert rows.tolist() == [[0, -1]]
    allowed = pack(np.array([True, False]))
    rows, _ = _kernels.recommend_dense(users, items, None, allowed, k=2, threads=1)
    assert rows.tolist() == [[0, -1]]


def test_patterns_can_be_united():
    a = as_csr(sp.csr_array([[1.0, 0, 2], [0, 0, 0]]))
    b = as_csr(sp.csr_array([[0.0, 5, 2], [4, 0, 0]]))
    both = a.united(b)
    assert both.offsets.tolist() == [0, 3, 4]
    assert both.columns.tolist() == [0, 1, 2, 0]
    assert both.values.tolist() == [1, 1, 1, 1]
    with pytest.raises(DataError, match="different shapes"):
        a.united(as_csr(sp.csr_array([[1.0]])))


WEIGHTS = hnp.arrays(np.float32, (6, 5), elements=st.sampled_from([0, 0, 1, -2, 3]))


@given(a=WEIGHTS, b=WEIGHTS, height=st.integers(0, 6), width=st.integers(0, 5))
def test_a_sum_tells_where_entries_went(a, b, height, width):
    small = sp.csr_array(a[:height, :width])
    first, second = as_csr(small), as_csr(sp.csr_array(b))
    small.resize(b.shape)
    a = small.toarray()
    total, places, others = first.plus(second)
    rows = entry_rows(total)
    found = np.zeros((6, 5), np.float32)
    found[rows, total.columns] = total.values
    np.testing.assert_array_equal(found, a + b)
    assert total.nnz == np.count_nonzero((a != 0) | (b != 0))
    for one, at in ((first, places), (second, others)):
        np.testing.assert_array_equal(total.columns[at], one.columns)
        np.testing.assert_array_equal(rows[at], entry_rows(one))


def test_what_cannot_be_added():
    huge = as_csr(sp.csr_array(np.full((1, 1), 3e38, np.float32)))
    with pytest.raises(DataError, match="not finite"):
        huge.plus(huge)
    with pytest.raises(DataError, match="not be smaller"):
        as_csr(sp.csr_array([[1.0, 2.0]])).plus(huge)


@given(matrix=WEIGHTS, chosen=st.permutations(range(5)), n=st.integers(0, 5))
def test_columns_are_rows_of_the_transpose(matrix, chosen, n):
    csr, columns = as_csr(sp.csr_array(matrix)), rows_of(chosen[:n])
    found, expected = csr.take_columns(columns), csr.transposed().take(columns)
    assert found.shape == expected.shape
    for name in ("offsets", "columns", "values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_a_column_that_is_not_there():
    with pytest.raises(DataError, match=r"column 1 is outside \[0, 1\)"):
        as_csr(sp.csr_array([[1.0]])).take_columns(rows_of([1]))
