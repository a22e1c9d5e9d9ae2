import numpy as np
import pytest
import scipy.sparse as sp

from pyrec.errors import DataError
from pyrec.evaluation.evidence import Lists, Ratings
from pyrec.evaluation.metrics import measure


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[0, 3]], r"lists\[0, 1\] = 3 is neither an item, in \[0, 3\), nor -1"),
        ([[-2, 0]], r"lists\[0, 0\] = -2 is neither"),
        ([[-1, 0]], r"lists\[0, 1\] = 0 follows -1"),
        ([[1, 1]], r"lists\[0, 1\] = 1 stands in this list twice"),
        ([0, 1], r"rows: are \(2,\), not \(users, k\)"),
        ([[0], [1]], r"rows: are \(2, 1\), not \(users, k\) with the 1 users of relevant"),
        ([[0.5, 1.0]], "rows: must be whole numbers"),
    ],
)
def test_malformed_lists_are_named(rows, message):
    with pytest.raises(DataError, match=message):
        measure(rows, sp.csr_array([[1, 1, 0]]), "recall@1")


def test_other_bad_input():
    wanted = sp.csr_array([[1, -1, 0]])
    with pytest.raises(
        DataError, match=r"cutoffs: \[5\] are not between 1 and the lists' length, 2,"
    ):
        measure([[0, 1]], wanted, "recall@5")
    with pytest.raises(DataError, match="a graded metric takes gains of 0 or more"):
        measure([[0, 1]], wanted, "ndcg_graded")
    with pytest.raises(DataError, match="relevant: must be a scipy sparse matrix"):
        measure([[0, 1]], [[0, 1]], "recall")


def test_a_cutoff_must_be_among_those_asked_for():
    with pytest.raises(DataError, match="k: 1 is not among the cut-offs"):
        Lists([[0, 1]], sp.csr_array([[1, 0]])).hits(1)


def test_exposure_counts_lists():
    lists = Lists([[0, 2], [2, -1]], sp.csr_array((2, 4)), n_items=3)
    assert lists.exposure(1).tolist() == [1, 0, 1]
    assert lists.exposure(2).tolist() == [1, 0, 2]


def test_means_over_the_ratings_of_each_user():
    ratings = Ratings(np.zeros(3), np.zeros(3), np.array([0, 1, 1, 3]))
    assert ratings.counts.tolist() == [1, 0, 2]
    np.testing.assert_array_equal(ratings.mean(np.array([1.0, 2, 4])), [1, np.nan, 3])
