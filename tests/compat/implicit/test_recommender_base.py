import numpy as np
import pytest
import scipy.sparse as sp

from pyrec.compat.implicit.als import AlternatingLeastSquares
from pyrec.compat.implicit.recommender_base import (
    NO_SCORE,
    ModelFitError,
    OutOfModelError,
    UnavailableError,
    finished,
    length,
    npz,
    only,
    queries,
    rows_of,
)
from pyrec.errors import ArtifactError, DataError

LIKES = sp.csr_matrix([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]])


def test_errors_are_also_what_programs_catch():
    assert issubclass(OutOfModelError, IndexError)
    assert issubclass(UnavailableError, NotImplementedError)
    assert issubclass(ModelFitError, Exception)


@pytest.mark.parametrize(
    ("ids", "rows", "scalar"),
    [(3, [3], True), (np.int64(0), [0], True), ([4, 0], [4, 0], False), ([], [], False)],
)
def test_queries(ids, rows, scalar):
    found, single = queries(ids, 5, "userid")
    assert found.dtype == np.int32
    assert (found.tolist(), single) == (rows, scalar)


@pytest.mark.parametrize("ids", [-1, 5, [0, 7]])
def test_what_the_model_does_not_have_is_named(ids):
    with pytest.raises(OutOfModelError, match=r"userid: (-1|5|7) is not in the model.*0 to 4"):
        queries(ids, 5, "userid")


@pytest.mark.parametrize("ids", [1.5, "a", [[1]]])
def test_queries_are_whole_numbers(ids):
    with pytest.raises(DataError, match="userid"):
        queries(ids, 5, "userid")


def test_rows_may_be_narrower_than_the_model_but_not_wider():
    assert rows_of(LIKES, 3, 9).shape == (3, 9)
    assert rows_of(sp.csr_array(LIKES), 3, 4).nnz == 7
    with pytest.raises(DataError, match="4 columns, and the model knows 3"):
        rows_of(LIKES, 3, 3)


@pytest.mark.parametrize("matrix", [LIKES.tocsc(), LIKES.tocoo(), LIKES.toarray(), None])
def test_rows_must_be_csr(matrix):
    with pytest.raises(DataError, match="needs to be a CSR"):
        rows_of(matrix, 3, 4)


def test_there_must_be_a_row_for_each_asked_for():
    with pytest.raises(DataError, match="1 row for each of the 1 asked for, not 3"):
        rows_of(LIKES, 1, 4)


def test_only():
    assert only(3, None, None, ("items", "filter_items")) == (None, None)
    mask, chosen = only(3, [2, 0, 2], None, ("items", "filter_items"))
    assert (mask.tolist(), chosen.tolist()) == ([0b101], [0, 2])
    mask, chosen = only(3, None, [1, 99, -4], ("items", "filter_items"))
    assert (mask.tolist(), chosen) == ([0b101], None)
    assert only(3, {2, 0}, None, ("items", "filter_items"))[0].tolist() == [0b101]
    assert only(3, None, {1}, ("items", "filter_items"))[0].tolist() == [0b101]
    with pytest.raises(DataError, match="items: cannot be set together with filter_items"):
        only(3, [1], np.array([0, 1]), ("items", "filter_items"))
    with pytest.raises(OutOfModelError, match="items: 3"):
        only(3, [3], None, ("items", "filter_items"))


def test_short_lists():
    rows = np.array([[2, -1, -1], [0, 1, 2]], np.int32)
    scores = np.array([[1, -np.inf, -np.inf], [3, 2, 1]], np.float32)
    ids, found = finished((rows.copy(), scores), False, np.float64)
    assert ids.tolist() == rows.tolist()
    assert found[0].tolist() == [1, NO_SCORE, NO_SCORE]
    assert found.dtype == np.float64
    ids, found = finished((rows[:1].copy(), scores[:1]), True, np.float32)
    assert (ids.tolist(), found.tolist()) == ([2], [1])
    ids, found = finished((rows, scores), False, np.float32, np.array([0, 1, 2], np.int32))
    assert ids.tolist() == [[2, 0, 1], [0, 1, 2]]


def test_length():
    assert length(10, None) == 10
    assert length(10, np.arange(3, dtype=np.int32)) == 3
    with pytest.raises(DataError, match="k: "):
        length(0, None)


def test_rank_items_ranks_all_of_them():
    model = AlternatingLeastSquares(factors=2, random_state=1)
    model.fit(LIKES, show_progress=False)
    with pytest.warns(DeprecationWarning, match="items"):
        ids, _ = model.rank_items(0, LIKES[0], [3, 0, 1])
    assert sorted(ids.tolist()) == [0, 1, 3]


def test_npz_names_what_numpy_writes(tmp_path):
    assert npz("a") == "a.npz"
    assert npz(tmp_path / "a.npz") == str(tmp_path / "a.npz")
    with (tmp_path / "open").open("wb") as file:
        assert npz(file) is file


def test_files_that_are_no_model(tmp_path):
    with pytest.raises(ArtifactError, match="missing"):
        AlternatingLeastSquares.load(tmp_path / "missing")
    (tmp_path / "broken.npz").write_text("no archive")
    with pytest.raises(ArtifactError, match="broken"):
        AlternatingLeastSquares.load(str(tmp_path / "broken"))
    np.savez(tmp_path / "other", fit=1)
    with pytest.raises(ArtifactError, match="'fit'"):
        AlternatingLeastSquares.load(tmp_path / "other")
    np.savez(tmp_path / "pickle", factors=np.array([{}], dtype=object))
    with pytest.raises(ArtifactError, match="pickle"):
        AlternatingLeastSquares.load(tmp_path / "pickle")
