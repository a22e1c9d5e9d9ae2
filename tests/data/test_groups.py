"""Groups: labels to memberships."""

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

from pyrec.data.groups import Groups
from pyrec.errors import DataError


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "", None]), max_size=4), max_size=6))
def test_parts_add_up_to_1(labels):
    groups = Groups.of_lists(labels)
    of = groups.memberships
    dense = sp.csr_array((of.values, of.columns, of.offsets), of.shape).toarray()
    assert of.shape[0] == len(labels)
    for row, own in zip(dense, labels, strict=True):
        there = sorted({label for label in own if label})
        assert [str(name) for name in groups.names[np.flatnonzero(row)]] == there
        np.testing.assert_allclose(row[row > 0], 1 / max(1, len(there)))


def test_labels_of_any_kind():
    assert Groups.of([3, 1, 3]).codes.tolist() == [1, 0, 1]
    assert Groups.of(np.array([2.5, np.nan])).codes.tolist() == [0, -1]
    assert Groups.of(np.array(["b", "", None], object)).codes.tolist() == [0, -1, -1]
    assert len(Groups.of([])) == 0


def test_what_is_no_group():
    with pytest.raises(DataError, match="one label for each row, not 2-D"):
        Groups.of([["a"], ["b"]])
    with pytest.raises(DataError, match=r"row 1 is in several \('a', 'b'\), where one is needed"):
        _ = Groups.of_lists([["a"], ["a", "b"]]).codes


def test_a_text_of_several_labels_is_in_each_of_their_groups():
    texts = ["Drama", "War | Drama", "", None, "War|Drama|", "Drama"]
    found = Groups.of(np.array(texts, object))
    lists = Groups.of_lists([["Drama"], ["War", "Drama"], [], [], ["Drama", "War"], ["Drama"]])
    assert found.names.tolist() == lists.names.tolist() == ["Drama", "War"]
    np.testing.assert_array_equal(found.memberships.offsets, lists.memberships.offsets)
    np.testing.assert_array_equal(found.memberships.columns, lists.memberships.columns)
    np.testing.assert_array_equal(found.memberships.values, lists.memberships.values)


def test_sums_are_of_parts():
    genres = Groups.of_lists([["a"], ["a", "b"], [], ["b"]])
    assert genres.sums(np.array([2, 4, 8, 1])).tolist() == [4.0, 3.0]
    assert Groups.of([]).sums([]).tolist() == []
