import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import Vocabulary
from pyrec.errors import DataError, OutOfMemoryError
from pyrec.features import Features
from pyrec.models.feature_map import FeatureMap


def some(n=30, d=5, seed=0):
    rng = np.random.default_rng(seed)
    matrix = rng.random((n, d)) * (rng.random((n, d)) < 0.5)
    matrix[3] = 0
    names = tuple(f"f{j}" for j in range(d))
    return Features(Vocabulary.range(n), sp.csr_array(matrix), names), rng


def prepared(features):
    dense = features.dense().astype(float)
    norms = np.linalg.norm(dense, axis=1, keepdims=True)
    return np.hstack(
        [np.divide(dense, norms, where=norms > 0, out=np.zeros_like(dense)), norms > 0]
    )


@pytest.mark.parametrize("exponent", [0, 0.5, 1])
def test_it_is_a_weighted_ridge_regression_on_those_who_were_met(exponent):
    features, rng = some()
    factors = rng.standard_normal((30, 4)).astype(np.float32)
    counts = rng.integers(0, 9, 30)
    learnt = FeatureMap.fit(
        features, factors, counts, regularization=0.7, exponent=exponent, length=0.9
    )
    met = counts > 0
    rows, weights = prepared(features)[met], counts[met] ** float(exponent)
    weights = np.diag(weights / weights.mean())
    expected = np.linalg.solve(
        rows.T @ weights @ rows + 0.7 * np.eye(6), rows.T @ weights @ factors[met]
    )
    wanted, length = (np.sum(weights @ of**2) for of in (factors[met], rows @ expected))
    expected *= 0.9 * np.sqrt(wanted / length)
    np.testing.assert_allclose(learnt.weights, expected, rtol=1e-4, atol=1e-6)
    mapped = learnt(features)
    np.testing.assert_allclose(mapped, prepared(features) @ expected, rtol=1e-4, atol=1e-5)
    assert not mapped[3].any(), "nothing is known of it"
    again = FeatureMap.from_arrays(learnt.to_arrays())
    np.testing.assert_array_equal(again(features), mapped)


def test_other_columns_are_refused():
    features, _ = some()
    learnt = FeatureMap.fit(features, np.ones((30, 1), np.float32), np.ones(30), regularization=1)
    with pytest.raises(DataError, match="lack the column 'f4'"):
        learnt(some(d=4)[0])


def test_too_many_features_are_refused_before_anything_is_allocated():
    wide = Features(Vocabulary.range(2), sp.csr_array((2, 10**6)), tuple(map(str, range(10**6))))
    with pytest.raises(OutOfMemoryError, match=r"products of features need .*truncated SVD"):
        FeatureMap.fit(wide, np.ones((2, 1), np.float32), np.ones(2), regularization=1)
