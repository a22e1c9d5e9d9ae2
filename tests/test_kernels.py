import os
import signal
import subprocess
import sys
import time
from itertools import product

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as hnp
from strategies import factor_pairs, hard_factors, whole

import pyrec
from pyrec import _kernels
from pyrec.data.bits import pack
from pyrec.data.interactions import as_csr
from pyrec.errors import DataError, NumericalError, OutOfMemoryError
from pyrec.kernels import ItemIndex, neighbors, sparse_top_k, top_k


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=factor_pairs(), k=st.integers(1, 15), data=st.data())
def test_top_k_equals_the_reference(simd, pair, k, data):
    users, items = pair
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=users.shape[0] * items.shape[0],
                           max_size=users.shape[0] * items.shape[0]))
    ).reshape(users.shape[0], items.shape[0]).astype(bool)  # fmt: skip
    rows, scores = top_k(users, items, k, exclude=sp.csr_array(mask), threads=2)
    expected_rows, expected_scores = reference.top_k(users @ items.T, k, mask)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(scores, expected_scores)


def all_scores(users, items):
    """The canonical score of every pair."""
    n, m = len(users), len(items)
    at = np.divmod(np.arange(n * m, dtype=np.int32), np.int32(m))
    return _kernels.score_pairs(users, items, *at).reshape(n, m)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=hard_factors(), k=st.sampled_from([1, 3, 10, 100]), seed=st.integers(0, 2**32))
def test_nothing_is_lost_to_a_bound(simd, pair, k, seed):
    users, items = pair
    rng = np.random.default_rng(seed)
    mask = rng.random((len(users), len(items))) < rng.choice([0.0, 0.05, 1.0])
    allowed = rng.random(len(items)) < rng.choice([0.0, 0.01, 0.5, 1.0])
    scores = all_scores(users, items)
    wanted = reference.top_k(scores, k, mask | ~allowed)
    exclude = as_csr(sp.csr_array(mask))
    index = ItemIndex(items)
    for threads in (1, 2, 7):
        found = _kernels.recommend_dense(users, items, exclude, pack(allowed), k=k, threads=threads)
        indexed = index.recommend(users, k, exclude=exclude, allowed=pack(allowed), threads=threads)
        for rows, best in (found, indexed):
            np.testing.assert_array_equal(rows, wanted[0])
            np.testing.assert_array_equal(best, wanted[1])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pair=hard_factors())
def test_scores_are_inner_products(simd, pair):
    users, items = (m.astype(np.float64) for m in pair)
    sizes = np.linalg.norm(users, axis=1)[:, None] * np.linalg.norm(items, axis=1)
    errors = np.abs(all_scores(*pair) - users @ items.T)
    assert np.all(errors <= 1e-6 * sizes + 1e-43)


def test_every_way_to_exclude_is_the_same():
    users, items = (np.random.default_rng(3).standard_normal((n, 4)) for n in (3, 9))
    lists = [[4, 1, 4], [], [8]]
    mask = np.zeros((3, 9), bool)
    for user, rows in enumerate(lists):
        mask[user, rows] = True
    for prepare in (np.asarray, ItemIndex):
        expected = top_k(users, prepare(items), 9, exclude=sp.coo_array(mask))
        for same in (lists, tuple(np.array(rows, int) for rows in lists)):
            found = top_k(users, prepare(items), 9, exclude=same)
            for left, right in zip(found, expected, strict=True):
                np.testing.assert_array_equal(left, right)
        everywhere = top_k(users, prepare(items), 9, exclude=[4, 1])
        one_each = top_k(users, prepare(items), 9, exclude=[[4, 1]] * 3)
        np.testing.assert_array_equal(everywhere[0], one_each[0])


def test_same_bits_for_any_thread_count_and_batch(simd):
    rng = np.random.default_rng(0)
    users = rng.standard_normal((300, 33), dtype=np.float32)
    items = rng.standard_normal((4000, 33), dtype=np.float32)
    index = ItemIndex(items)
    rows, scores = top_k(users, items, 10, threads=1)
    for threads in (2, 7):
        again = top_k(users, items, 10, threads=threads)
        np.testing.assert_array_equal(again[0], rows)
        np.testing.assert_array_equal(again[1], scores)
    for size in (1, 7, 40):
        for begin in range(0, 300, size):
            batch = slice(begin, begin + size)
            for prepared in (items, index):
                part = top_k(users[batch], prepared, 10, threads=2)
                np.testing.assert_array_equal(part[0], rows[batch])
                np.testing.assert_array_equal(part[1], scores[batch])


def test_nothing_to_rank(simd):
    for n, m, prepare in product((0, 20), (0,), (np.asarray, ItemIndex)):
        rows, scores = top_k(np.ones((n, 3)), prepare(np.ones((m, 3))), 4)
        assert rows.shape == scores.shape == (n, 4)
        assert np.all(rows == -1)
        assert np.all(scores == -np.inf)


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize("prepare", [np.asarray, ItemIndex])
def test_an_overflow_is_an_error_in_any_batch(simd, prepare, batch):
    users = np.ones((batch, 2), np.float32)
    items = np.ones((500, 2), np.float32)
    users[-1], items[300] = 1e20, (-1e20, 1e20)
    # One product overflows, and so does the other the other way: their sum is no number.
    with pytest.raises(NumericalError, match=f"user row {batch - 1} and item row 300 overflows"):
        top_k(users, prepare(items), 5, threads=2)
    # Nothing overflows where the item cannot appear, or where the sum is taken of other signs.
    exclude = sp.csr_array(([1], ([batch - 1], [300])), shape=(batch, 500))
    rows, scores = top_k(users, prepare(items), 5, exclude=exclude, threads=2)
    assert rows[-1].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(scores[-1], np.float32(2e20))


def test_ctrl_c_stops_a_long_search():
    # A job in the background has SIGINT ignored, and so have its children.
    code = """
import signal
import numpy as np
from pyrec.kernels import top_k
signal.signal(signal.SIGINT, signal.default_int_handler)
users = np.random.default_rng(0).standard_normal((1_000_000, 32), dtype=np.float32)
print("ready", flush=True)
top_k(users, users, 10)
"""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True) as run:
        try:
            assert "ready\n" in run.stdout
            time.sleep(0.5)
            run.send_signal(signal.SIGINT)
            _, errors = run.communicate(timeout=30)
        finally:
            run.kill()
    assert run.returncode != 0
    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_it_works_after_fork():
    rng = np.random.default_rng(0)
    users = rng.standard_normal((300, 8), dtype=np.float32)
    rows, _ = top_k(users, users, 10, threads=2)
    child = os.fork()
    if child == 0:
        again, _ = top_k(users, users, 10, threads=2)
        os._exit(0 if np.array_equal(again, rows) else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(users=[[np.nan]], items=[[1.0]], k=1), r"users\[0, 0\] is not a finite"),
        (dict(users=[[1.0]], items=[[1.0, 2.0]], k=1), "items: have 2 factors but users have 1"),
        (dict(users=[1.0], items=[[1.0]], k=1), "users: must be a matrix"),
        (dict(users=[[1.0]], items=[[1.0]], k=0), "k: must be a whole number"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(DataError, match=message):
        top_k(**arguments)


def test_lists_that_no_memory_holds_are_refused():
    factors = np.ones((1000, 2), np.float32)
    for items in (factors, ItemIndex(factors)):
        for k in (2**40, 2**62):
            with pytest.raises(OutOfMemoryError, match=r"lists: needs .* GiB and the machine has"):
                top_k(factors, items, k)


@st.composite
def sparse_pairs(draw):
    """Two dense arrays, to be made sparse, whose product exists: zeros, ties, negative values."""
    n, d, m = (draw(st.integers(0, most)) for most in (8, 12, 40))
    elements = draw(st.sampled_from([whole, st.floats(-8, 8, width=16), st.sampled_from([0, 1])]))
    return tuple(
        draw(hnp.arrays(np.float32, shape, elements=elements.map(float)))
        for shape in ((n, d), (d, m))
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pair=sparse_pairs(),
    k=st.integers(1, 45),
    threshold=st.sampled_from([None, 0.0, -1.5, 0.1, 2.0, 1e30]),
    threads=st.sampled_from([1, 2, 7]),
)
def test_sparse_top_k_equals_the_reference(simd, pair, k, threshold, threads):
    a, b = pair
    found = sparse_top_k(sp.csr_array(a), sp.csc_array(b), k, threshold=threshold, threads=threads)
    expected = reference.sparse_top_k(a, b, k, -np.inf if threshold is None else threshold)
    assert found.has_canonical_format
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.toarray(), expected)


@pytest.mark.parametrize("weights", ["ones", "whole", "normal"])
def test_long_sparse_products(simd, weights):
    rng = np.random.default_rng(3)
    a, b = (sp.random_array(shape, density=0.02, rng=rng, format="csr", dtype=np.float32)
            for shape in ((60, 900), (900, 9000)))  # fmt: skip
    for matrix in (a, b):
        matrix.data[:] = {
            "ones": np.ones,
            "whole": lambda n: rng.integers(-3, 4, n),
            "normal": rng.standard_normal,
        }[weights](matrix.nnz)
    product = reference.sparse_product(a.toarray(), b.toarray())
    for k in (1, 100, 5000, 10_000):
        expected = reference.neighbors(product, k, selves=[-1] * 60)
        for threads in (1, 2, 7):
            found = sparse_top_k(a, b, k, threads=threads)
            np.testing.assert_array_equal(found.toarray(), expected)


def test_a_sparse_product_with_itself_is_the_dot_similarity():
    matrix = sp.random_array((200, 90), density=0.1, rng=np.random.default_rng(0), format="csr")
    found = sparse_top_k(matrix.T, matrix, 90).toarray()
    np.fill_diagonal(found, 0)
    np.testing.assert_array_equal(found, neighbors(matrix, 90, metric="dot").toarray())


def test_parts_of_a_sum_may_be_large():
    a, b = sp.csr_array([[1e18, 1e18]]), sp.csr_array([[1e18], [-1e18]])
    assert sparse_top_k(a, b, 1).nnz == 0
    tiny = sp.csr_array([[1e-30]])
    assert sparse_top_k(tiny, tiny, 1).nnz == 0
    assert sparse_top_k(tiny, sp.csr_array([[1e38]]), 1).data == np.float32(1e-30) * np.float32(
        1e38
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(a=np.eye(2)), DataError, "a: must be a scipy sparse matrix"),
        (dict(b=sp.csr_array([[np.nan], [1.0]])), DataError, r"b\[0, 0\] = nan is not a finite"),
        (dict(b=sp.csr_array(np.eye(3))), DataError, "b: has 3 rows but a has 2 columns"),
        (dict(k=0), DataError, "k: must be a whole number"),
        (dict(k=1.5), DataError, "k: must be a whole number"),
        (dict(threshold=np.nan), DataError, "threshold: must be finite"),
        (dict(threshold=1e39), DataError, "threshold: must be finite"),
        (dict(threshold="1"), DataError, "threshold: must be a number"),
        (dict(a=sp.csr_array([[0, 1], [1e20, 0]]), b=sp.csr_array(np.eye(2) * 1e20)),
         NumericalError, r"a: row 1 has norm 1e\+20 .* could overflow float32"),
    ],
)  # fmt: skip
def test_bad_sparse_products_are_named(arguments, error, message):
    identity = sp.csr_array(np.eye(2))
    with pytest.raises(error, match=message):
        sparse_top_k(**(dict(a=identity, b=identity, k=1) | arguments))


def test_a_cosine_is_never_beyond_1():
    rng = np.random.default_rng(0)
    column = sp.csr_array(rng.random((50, 1)) + 0.1)
    similar = neighbors(sp.hstack([column * scale for scale in (1, 1, 3, -7, 0.01)]), 4)
    assert np.abs(similar.data).max() == 1
    interactions = pyrec.Interactions.from_scipy(sp.csr_array([[1, 1], [0, 1]]))
    assert neighbors(interactions, 1).shape == (2, 2)
