import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.errors import DataError
from pyrec.features.encodings import Encoded, Known
from pyrec.features.reduction import Reduce


def known(matrix):
    names = tuple(map(str, range(matrix.shape[1])))
    return Known(Catalogue(Vocabulary.range(matrix.shape[0]), {}), Encoded(matrix, names, {}))


@pytest.fixture
def matrix():
    rng = np.random.default_rng(5)
    values = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 12)) + 2
    return (values * (rng.random((40, 12)) < 0.7)).astype(np.float32)


@pytest.mark.parametrize("center", [False, True])
def test_projections_are_those_of_a_dense_decomposition(matrix, center):
    step = Reduce(components=4, center=center)
    found = step.encode(known(matrix), step.fit(known(matrix)))
    shifted = matrix - matrix.mean(axis=0) if center else matrix
    left, values, _ = np.linalg.svd(shifted.astype(np.float64), full_matrices=False)
    assert np.abs(found.matrix) == pytest.approx(np.abs(left[:, :4] * values[:4]), abs=1e-4)
    assert found.names == ("component 1", "component 2", "component 3", "component 4")
    again = step.fit(known(sp.csr_array(matrix)))
    assert again["vectors"] == pytest.approx(step.fit(known(matrix))["vectors"], abs=1e-5)
    largest = np.abs(again["vectors"]).argmax(axis=0)
    assert np.all(np.take_along_axis(again["vectors"], largest[None], axis=0) > 0)


def test_too_many_components_or_nothing_to_reduce_are_errors(matrix):
    with pytest.raises(DataError, match="reduce: 12 components of 12 columns and 40 rows; ask for"):
        Reduce(components=12).fit(known(matrix))
    with pytest.raises(DataError, match="reduce: no step is before it"):
        Reduce().fit(Known(Catalogue(Vocabulary([1]), {})))
