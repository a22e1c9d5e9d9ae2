import hypothesis.strategies as st
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from strategies import factor_pairs

from pyrec.errors import DataError
from pyrec.kernels import top_k


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


def test_same_bits_for_any_thread_count_and_batch(simd):
    rng = np.random.default_rng(0)
    users = rng.standard_normal((50, 33), dtype=np.float32)
    items = rng.standard_normal((400, 33), dtype=np.float32)
    rows, scores = top_k(users, items, 10, threads=1)
    for threads in (2, 7):
        again = top_k(users, items, 10, threads=threads)
        np.testing.assert_array_equal(again[0], rows)
        np.testing.assert_array_equal(again[1], scores)
    for user in range(50):
        single = top_k(users[user : user + 1], items, 10)
        np.testing.assert_array_equal(single[1][0], scores[user])


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
