import numpy as np
import pytest
import scipy.sparse as sp

from pyrec.data.interactions import Interactions, as_csr
from pyrec.errors import DataError
from pyrec.models.degrees import (
    degrees,
    inverse_powers,
    relative,
    require_no_negative,
    scaled,
    shares,
    votes,
)


@pytest.fixture
def csr():
    return as_csr(sp.csr_array(np.array([[1.0, 0, 3], [0, 0, 0], [0, 2, 0]])))


def test_sums_of_rows(csr):
    assert degrees(csr).tolist() == [4, 0, 2]
    assert degrees(csr.transposed()).tolist() == [1, 2, 3]


def test_relative_to_the_mean_of_those_that_have_any(csr):
    np.testing.assert_allclose(relative(csr), [4 / 3, 1, 2 / 3])
    assert relative(as_csr(sp.csr_array((2, 3)))).tolist() == [1, 1]


def test_powers_of_nothing_are_nothing():
    np.testing.assert_allclose(inverse_powers(np.array([4.0, 0.0]), 0.5), [0.5, 0])
    np.testing.assert_allclose(inverse_powers(np.array([4.0, 0.0]), 0.0), [1, 0])


def test_rows_and_columns_are_multiplied(csr):
    rows, columns = np.array([2.0, 5, 7]), np.array([1.0, 10, 100])
    assert scaled(csr, rows, None).values.tolist() == [2, 6, 14]
    assert scaled(csr, None, columns).values.tolist() == [1, 300, 20]
    assert scaled(csr, rows, columns).values.tolist() == [2, 600, 140]


def test_shares_of_a_row_sum_to_1():
    csr = as_csr(sp.csr_array([[1.0, -3, 0], [0, 0, 0], [0, 2, 0]]))
    assert shares(csr).values.tolist() == [0.25, -0.75, 1]


def test_a_negative_weight_is_named(csr):
    require_no_negative(Interactions.from_scipy(sp.csr_array([[1.0, 0.0]])), "a walk")
    with pytest.raises(DataError, match="user 0 and item 1 have the weight -1; a walk needs"):
        require_no_negative(Interactions.from_scipy(sp.csr_array([[1.0, -1.0]])), "a walk")


def test_a_dislike_is_a_vote_against():
    assert votes(as_csr(sp.csr_array([[2.0, -0.5, 0.1]]))).tolist() == [1, -1, 1]
