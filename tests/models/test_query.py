import numpy as np
import pytest
import scipy.sparse as sp

from pyrec.data.interactions import as_csr
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError, UnknownIdError
from pyrec.models.query import Filter, checked_rows, encode_queries, paired_rows, resolve_filter

ITEMS = Vocabulary(["cup", "jar", "pot", "tea"])


def dense(csr):
    return sp.csr_array((csr.values, csr.columns, csr.offsets), shape=csr.shape).toarray() != 0


def test_one_id_or_many():
    assert encode_queries("pot", ITEMS)[1] is True
    rows, scalar = encode_queries([["pot", "cup"]], ITEMS)
    assert rows.tolist() == [2, 0]
    assert not scalar
    with pytest.raises(UnknownIdError):
        encode_queries("mug", ITEMS)


def test_users_and_items_pair_as_numpy_broadcasts():
    users, items, shape = paired_rows([["tea"], ["cup"]], ["jar", "pot"], ITEMS, ITEMS)
    assert (users.tolist(), items.tolist(), shape) == ([3, 3, 0, 0], [1, 2, 1, 2], (2, 2))
    with pytest.raises(DataError, match="do not pair up"):
        paired_rows(["tea", "cup", "pot"], ["jar", "pot"], ITEMS, ITEMS)


def test_ids_for_all_become_a_mask():
    filter_ = resolve_filter(["pot", "tea", "mug"], ["tea"], 3, ITEMS)
    assert filter_.allowed.tolist() == [0b0100]
    assert filter_.exclude is None
    assert filter_.candidates is None
    assert resolve_filter(None, np.array(["cup"]), 1, ITEMS).allowed.tolist() == [0b1110]


def test_ids_per_query_become_a_pattern():
    filter_ = resolve_filter([["pot"], []], [["cup", "cup", "mug"], ["tea"]], 2, ITEMS)
    assert dense(filter_.candidates).tolist() == [[0, 0, 1, 0], [0, 0, 0, 0]]
    assert dense(filter_.exclude).tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]
    sparse = sp.coo_array([[0, 0, 1, 0], [1, 0, 0, 0]])
    assert (
        dense(resolve_filter(sparse, None, 2, ITEMS).candidates).tolist()
        == (sparse.toarray() != 0).tolist()
    )


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([["pot"]], r"items: is \(1, 4\), not \(queries, items\) = \(2, 4\)"),
        (sp.csr_array((2, 3)), r"items: is \(2, 3\), not \(queries, items\) = \(2, 4\)"),
        ([1, 2], "the vocabulary holds strings, these are integers"),
        ([[["pot"]], []], r"items\[0\]: must be a list of ids"),
    ],
)
def test_bad_filters_are_named(items, message):
    with pytest.raises(DataError, match=message):
        resolve_filter(items, None, 2, ITEMS)


def test_unknown_allowed_ids_are_counted(caplog):
    resolve_filter(["pot", "mug", "pan"], None, 1, ITEMS)
    assert "items: 2 of 3 ids are unknown" in caplog.text


def test_remaining_candidates_obey_all_three():
    filter_ = Filter(
        exclude=as_csr(sp.csr_array([[1, 0, 0, 0], [0, 0, 0, 0]])),
        allowed=np.array([0b1101], np.uint64),
        candidates=as_csr(sp.csr_array([[1, 1, 1, 0], [0, 1, 0, 1]])),
    )
    assert dense(filter_.remaining_candidates()).tolist() == [[0, 0, 1, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize("rows", [[-1], [4], [0.5], [[0]], ["a"]])
def test_bad_rows_are_refused(rows):
    with pytest.raises(DataError, match="rows: must be"):
        checked_rows(rows, 4)
