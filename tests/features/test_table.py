import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from strategies import sparse_matrices

from pyrec import Features, Vocabulary
from pyrec.errors import DataError, OutOfMemoryError


@st.composite
def features(draw):
    """Features of every shape, sparse or dense, with integer or text ids."""
    matrix = draw(sparse_matrices())
    n, d = matrix.shape
    numbers = draw(st.permutations(range(3, n + 3)))
    ids = Vocabulary(numbers if draw(st.booleans()) else [f"i{number}" for number in numbers])
    names = tuple(f"c{column}" for column in range(d))
    return Features(ids, sp.csr_array(matrix) if draw(st.booleans()) else matrix, names)


def same(a, b):
    return (
        a.ids == b.ids
        and a.names == b.names
        and a.is_sparse == b.is_sparse
        and np.array_equal(a.dense(), b.dense())
    )


@given(features())
def test_arrays_give_the_same_features_back(given):
    assert same(Features.from_arrays(given.to_arrays()), given)


@given(features(), st.data())
def test_alignment_takes_rows_by_id(given, data):
    known = given.ids.ids.tolist()
    more = [900 + n if given.ids.is_integer else f"new{n}" for n in range(3)]
    wanted = data.draw(st.lists(st.sampled_from(known + more), min_size=1, unique=True))
    if not set(wanted) & set(known):
        with pytest.raises(DataError, match=f"none of the {len(wanted)} ids asked for"):
            given.aligned(Vocabulary(wanted))
        return
    aligned = given.aligned(Vocabulary(wanted))
    rows = dict(zip(known, given.dense(), strict=True))
    nothing = np.zeros(len(given.names))
    expected = np.array([rows.get(id_, nothing) for id_ in wanted])
    assert np.array_equal(aligned.dense(), expected)
    assert aligned.is_sparse == given.is_sparse
    found = len(set(wanted) & set(known))
    assert aligned.report.steps[-1].counts == {
        "rows": len(wanted), "without features": len(wanted) - found,
        "left out": len(known) - found,
    }  # fmt: skip


def test_a_matrix_in_another_form_is_converted_and_frozen():
    values = np.array([[0.0, 2.0], [1.0, 0.0]])
    ids = Vocabulary([1, 2])
    dense = Features(ids, values, ("a", "b"))
    messy = sp.coo_array(([2, 1, -1, 1], ([0, 1, 1, 1], [1, 0, 0, 0])), shape=(2, 2))
    sparse = Features(ids, messy, ("a", "b"))
    values[:] = 9
    for made in (dense, sparse):
        assert made.dense().tolist() == [[0, 2], [1, 0]]
        assert made.dense().dtype == np.float32
        assert not made.dense().flags.writeable
        assert made.sparse().toarray().tolist() == [[0, 2], [1, 0]]
    assert len(sparse.matrix.data) == 2
    with pytest.raises(ValueError, match="read-only"):
        sparse.matrix.data[0] = 1


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        (np.eye(2), ("a", "a"), "names: 'a' is there twice"),
        (np.eye(3), ("a", "b", "c"), r"matrix: is \(3, 3\) for 2 ids and 3 names"),
        (np.ones(2), ("a",), "matrix: must be 2-D real numbers, not 1-D float64"),
        (np.array([["x"], ["y"]]), ("a",), "matrix: must be 2-D real numbers, not 2-D <U1"),
        (np.array([[1.0, 2], [3, np.nan]]), ("a", "b"), "matrix: row 1 has nan"),
        (sp.csr_array([[0, 1.0], [np.inf, 0]]), ("a", "b"), "matrix: row 1 has inf"),
        (np.array([[1e39], [0]]), ("a",), r"matrix: row 0 has 1e\+39"),
    ],
)
def test_wrong_matrices_are_refused(matrix, names, message):
    with pytest.raises(DataError, match=message):
        Features(Vocabulary([1, 2]), matrix, names)


def test_ids_are_a_vocabulary_of_the_same_kind():
    with pytest.raises(DataError, match="ids: must be of type Vocabulary, not list"):
        Features([1], np.eye(1), ("a",))
    known = Features(Vocabulary([1, 2]), np.eye(2), ("a", "b"))
    with pytest.raises(DataError, match="the ids are integers, those asked for are strings; read"):
        known.aligned(Vocabulary(["1"]))


def test_zeros_that_the_machine_cannot_hold_are_refused():
    n, d = 4_000_000, 100_000
    wide = Features(Vocabulary.range(n), sp.csr_array((n, d)), tuple(map(str, range(d))))
    with pytest.raises(OutOfMemoryError, match=r"features need 1,600\.0 GB"):
        wide.dense()


def test_arrays_that_do_not_fit_together_are_refused():
    arrays = Features(Vocabulary([1, 2]), sp.eye_array(2).tocsr(), ("a", "b")).to_arrays()
    with pytest.raises(DataError, match="matrix: "):
        Features.from_arrays(arrays | {"matrix.indices": np.array([0, 7], np.int32)})
