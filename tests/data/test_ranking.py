import numpy as np
import pytest

from pyrec.data.ranking import Explanation, Ranking
from pyrec.data.vocabulary import Vocabulary

ITEMS = Vocabulary(["cup", "pot", "tea"])


def ranking(rows, scores, users=None, items=ITEMS):
    return Ranking(np.array(rows, np.int32), np.array(scores, np.float32), items, users)


def test_full_lists_have_plain_ids():
    full = ranking([[0, 2], [1, 0]], [[2, 1], [3, 2]])
    assert full.ids.tolist() == [["cup", "tea"], ["pot", "cup"]]
    assert full.counts.tolist() == [2, 2]
    numbered = ranking([[0, 2]], [[2, 1]], items=Vocabulary.range(3))
    assert numbered.ids.dtype == np.int64


def test_missing_entries_are_none_and_never_an_id():
    short = ranking([[2, -1], [-1, -1]], [[1, -np.inf], [-np.inf, -np.inf]])
    assert short.ids.tolist() == [["tea", None], [None, None]]
    assert short.counts.tolist() == [1, 0]


def test_iteration_gives_real_entries_only():
    short = ranking([[2, 0], [1, -1]], [[2, 1], [1, -np.inf]], users=np.array([7, 8]))
    assert [list(entries) for entries in short] == [[("tea", 2.0), ("cup", 1.0)], [("pot", 1.0)]]
    single = ranking([1, -1], [0.5, -np.inf])
    assert list(single) == [("pot", 0.5)]


@pytest.mark.parametrize("users", [np.array([7, 8]), np.array(["ann", "bob"])])
def test_a_table_has_a_row_for_each_real_entry(users):
    short = ranking([[2, 0], [1, -1]], [[2, 1], [1, -np.inf]], users=users)
    table = short.to_columns()
    assert list(table) == ["user_id", "item_id", "score", "rank"]
    assert table["user_id"].tolist() == [users[0], users[0], users[1]]
    assert table["item_id"].tolist() == ["tea", "cup", "pot"]
    assert table["score"].tolist() == [2.0, 1.0, 1.0]
    assert table["rank"].tolist() == [1, 2, 1]


def test_data_frame_libraries_take_it():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    short = ranking([[2, 0], [1, -1]], [[2, 1], [1, -np.inf]], users=np.array([7, 8]))
    expected = [[7, "tea", 2.0, 1], [7, "cup", 1.0, 2], [8, "pot", 1.0, 1]]
    assert pandas.DataFrame.from_arrow(short).to_numpy().tolist() == expected
    assert [list(row) for row in polars.DataFrame(short).rows()] == expected
    assert [list(row.values()) for row in pyarrow.table(short).to_pylist()] == expected


def test_a_single_list_has_no_user_column():
    table = ranking([1, -1], [0.5, -np.inf]).to_columns()
    assert list(table) == ["item_id", "score", "rank"]
    assert table["rank"].tolist() == [1]


def test_explanations_pair_ids_with_contributions():
    explanation = Explanation(1.5, np.array([2, 0], np.int32), np.array([1.0, 0.5]), ITEMS)
    assert list(explanation) == [("tea", 1.0), ("cup", 0.5)]
