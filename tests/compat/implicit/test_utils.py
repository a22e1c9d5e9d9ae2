import sys

import numpy as np
import pytest
import scipy.sparse as sp

from pyrec.compat.implicit.utils import ParameterWarning, check_csr, check_random_state, tracked
from pyrec.errors import DataError


def test_a_csr_matrix_stays_as_it_is():
    matrix = sp.csr_matrix([[0, 1]])
    assert check_csr(matrix) is matrix


@pytest.mark.parametrize("format_", ["coo", "csc", "lil"])
def test_other_formats_are_converted_with_a_warning(format_):
    with pytest.warns(ParameterWarning, match=format_.upper()):
        assert check_csr(sp.csr_matrix([[0, 1]]).asformat(format_)).format == "csr"


def test_a_dense_matrix_is_refused():
    with pytest.raises(DataError, match="ndarray"):
        check_csr(np.eye(2))


def test_seeds_of_every_kind():
    assert check_random_state(3).random() == np.random.default_rng(3).random()
    generator = np.random.default_rng(3)
    assert check_random_state(generator) is generator
    old = [check_random_state(np.random.RandomState(3)).random() for _ in range(2)]
    assert old[0] == old[1]
    assert check_random_state(None).random() != check_random_state(None).random()


def test_steps_are_taken_with_and_without_a_bar(capsys, monkeypatch):
    assert list(tracked(range(3), False)) == [0, 1, 2]
    assert capsys.readouterr().err == ""
    assert list(tracked(range(3), True)) == [0, 1, 2]
    assert "3/3" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert list(tracked(range(3), True)) == [0, 1, 2]
