import numpy as np
import pytest
import scipy.sparse as sp

from pyrec.compat.implicit.weighting import bm25_weight, normalize, tfidf_weight
from pyrec.errors import DataError

X = sp.csr_matrix([[5, 0, 1], [0, 2, 1], [0, 0, 3], [1, 0, 0]])


def dense(weigh):
    """Apply a function of (weight, row, column) to what is stored."""
    found = np.zeros(X.shape)
    for i, j in zip(*X.nonzero(), strict=True):
        found[i, j] = weigh(X[i, j], i, j)
    return found


def rarity(column):
    return np.log(X.shape[0]) - np.log1p(X[:, column].count_nonzero())


def test_tfidf():
    expected = dense(lambda w, i, j: np.sqrt(w) * rarity(j))
    np.testing.assert_allclose(tfidf_weight(X).toarray(), expected, atol=1e-12)


@pytest.mark.parametrize(("K1", "B"), [(100, 0.8), (1.2, 0.75), (1.2, 0), (0, 1)])
def test_bm25(K1, B):
    mean = X.sum() / X.shape[0]

    def weigh(w, i, j):
        length = 1 - B + B * X[i].sum() / mean
        return w * (K1 + 1) / (w + K1 * length) * rarity(j)

    np.testing.assert_allclose(bm25_weight(X, K1, B).toarray(), dense(weigh), atol=1e-12)


def test_normalize_leaves_rows_of_zeros():
    scaled = normalize(sp.csr_matrix([[3, 4], [0, 0], [0, -2]])).toarray()
    np.testing.assert_allclose(scaled, [[0.6, 0.8], [0, 0], [0, -1]])


@pytest.mark.parametrize("weigh", [tfidf_weight, bm25_weight, normalize])
def test_any_format_comes_back_as_coo_and_the_input_stays(weigh):
    for matrix in (X, X.tocsc(), X.tocoo(), sp.csr_array(X)):
        before = matrix.toarray()
        assert weigh(matrix).format == "coo"
        np.testing.assert_array_equal(matrix.toarray(), before)
    assert weigh(sp.csr_matrix((3, 2))).nnz == 0


@pytest.mark.parametrize("weigh", [tfidf_weight, bm25_weight])
def test_negative_weights_are_refused(weigh):
    with pytest.raises(DataError, match="row 1, column 0"):
        weigh(sp.csr_matrix([[0, 1], [-1, 1]]))
