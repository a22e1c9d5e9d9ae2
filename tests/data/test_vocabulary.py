import pickle
import threading

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given

from pyrec import Vocabulary
from pyrec.errors import DataError, UnknownIdError

STRING = np.dtypes.StringDType()
# NUL bytes, long strings, other alphabets, strings that are each other's prefix
strings = st.text(max_size=40) | st.sampled_from(["a", "a\0", "ab", "item00000001", "item00000002"])
integers = st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)


@given(ids=st.lists(strings, max_size=300) | st.lists(integers, max_size=300))
def test_factorize_equals_numpy(ids):
    dtype = STRING if ids and isinstance(ids[0], str) else np.int64
    expected, codes = np.unique(np.array(ids, dtype=dtype), return_inverse=True)
    vocabulary, rows = Vocabulary.factorize(ids)
    assert vocabulary.ids.tolist() == expected.tolist()
    np.testing.assert_array_equal(rows, codes)
    np.testing.assert_array_equal(vocabulary.encode(ids), codes)
    assert vocabulary.decode(rows).tolist() == ids


@given(
    known=st.lists(strings, max_size=50, unique=True),
    asked=st.lists(strings, max_size=50),
)
def test_unknown_ids_are_marked(known, asked):
    vocabulary = Vocabulary(np.array(known, dtype=STRING))
    rows = vocabulary.encode(np.array(asked, dtype=STRING), missing="mark")
    assert rows.tolist() == [known.index(i) if i in known else -1 for i in asked]
    assert [i in vocabulary for i in asked] == [i in known for i in asked]


def test_many_ids_of_few_bits_are_found():
    ids = np.arange(0, 2**20, dtype=np.int64) << 40
    vocabulary = Vocabulary(ids)
    np.testing.assert_array_equal(vocabulary.encode(ids), np.arange(len(ids)))
    assert np.all(vocabulary.encode(ids + 1, missing="mark") == -1)


def test_scalars_come_back_as_scalars():
    names, numbers = Vocabulary(["tea", "cup"]), Vocabulary([7, 3])
    assert names.encode("cup") == 1
    assert names.encode(np.str_("cup")) == 1
    assert names.decode(1) == "cup"
    assert type(names.decode(np.int32(1))) is str
    assert numbers.encode(np.int16(3)) == 1
    assert type(numbers.encode(3)) is int
    assert type(numbers.decode(1)) is int


def test_shapes_are_kept():
    vocabulary = Vocabulary(["a", "b"])
    assert vocabulary.encode([["a"], ["b"]]).tolist() == [[0], [1]]
    assert vocabulary.decode(np.array([[1, 0]])).tolist() == [["b", "a"]]
    assert vocabulary.encode([]).tolist() == []


@pytest.mark.parametrize("make", [pd.Series, pl.Series, pd.Index, np.array, list, tuple])
def test_ids_of_every_container_are_taken(make):
    assert Vocabulary.from_ids(make(["b", "a", "b"])).ids.tolist() == ["a", "b"]
    assert Vocabulary.from_ids(make([2, 1, 2])).ids.tolist() == [1, 2]


def test_extend_appends_in_sorted_order_and_keeps_rows():
    before = Vocabulary(["m", "a"])
    after = before.extend(["z", "a", "b"])
    assert after.ids.tolist() == ["m", "a", "b", "z"]
    assert after.encode(["m", "a", "z"]).tolist() == [0, 1, 3]
    assert before.extend(["a"]) is before
    assert Vocabulary([5, 1]).extend([3, 5]).ids.tolist() == [5, 1, 3]


@pytest.mark.parametrize("vocabulary", [Vocabulary(["b", "", "é"]), Vocabulary([3, -1])])
def test_arrays_hold_the_table_so_that_nothing_is_rebuilt(vocabulary, tmp_path):
    for name, array in vocabulary.to_arrays().items():
        np.save(tmp_path / name, array)
    mapped = {f.stem: np.load(f, mmap_mode="r") for f in tmp_path.iterdir()}
    loaded = Vocabulary.from_arrays(mapped)
    assert loaded == vocabulary
    assert loaded.encode(vocabulary.ids).tolist() == [*range(len(vocabulary))]
    assert np.shares_memory(loaded.to_arrays()["table"], mapped["table"])


def test_the_table_is_the_same_for_the_same_ids():
    tables = [Vocabulary(["b", "a"]).to_arrays()["table"] for _ in range(2)]
    np.testing.assert_array_equal(*tables)
    other = Vocabulary(["b", "c"]).to_arrays()["table"]
    assert tables[0][0] != other[0]  # the seed


@given(st.data())
def test_a_damaged_table_never_leads_outside_the_ids(data):
    arrays = dict(Vocabulary(["a", "b", "c"]).to_arrays())
    words = st.integers(0, 2**64 - 1) | st.integers(0, 8)
    arrays["table"] = np.array(
        data.draw(st.lists(words, min_size=len(arrays["table"]), max_size=len(arrays["table"]))),
        dtype=np.uint64,
    )
    assert Vocabulary.from_arrays(arrays).encode("a", missing="mark") in (-1, 0)


def test_arrays_that_do_not_fit_are_refused():
    arrays = dict(Vocabulary(["a", "b"]).to_arrays())
    with pytest.raises(DataError, match="a table of 3 words does not fit 2 ids"):
        Vocabulary.from_arrays(arrays | {"table": np.zeros(3, np.uint64)})
    with pytest.raises(DataError, match="the offsets do not fit"):
        Vocabulary.from_arrays(arrays | {"offsets": np.array([0, 1, 7])}).encode("a")


def test_pickle_and_equality():
    vocabulary = Vocabulary(["b", "a"])
    assert pickle.loads(pickle.dumps(vocabulary)) == vocabulary
    assert vocabulary != Vocabulary(["a", "b"])
    assert vocabulary != Vocabulary([1, 2])
    assert vocabulary != "ba"


def test_ids_cannot_change_afterwards():
    given_ids = np.array([3, 1])
    vocabulary = Vocabulary(given_ids)
    given_ids[0] = 9
    assert vocabulary.ids.tolist() == [3, 1]
    with pytest.raises(ValueError, match="read-only"):
        vocabulary.ids[0] = 5


def test_many_threads_may_ask_at_once():
    vocabulary = Vocabulary.range(1000)
    found = []
    ask = lambda: found.append(vocabulary.encode(np.arange(1000)).sum())  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [499500] * 8


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([1, "a"], "all integers or all strings, not int, str"),
        ([1, 2.5], "not float, int"),
        ([True, False], "not bool"),
        ([None, "a"], "not NoneType, str"),
        ([2**63], "9223372036854775808 does not fit 64 bits"),
        (np.array([2**63], dtype=np.uint64), "does not fit 64 bits"),
        (np.array([1.5]), "not float64"),
        (["a", "b", "a"], "the id of row 2 is repeated; use from_ids"),
        ([5, 5], "the id of row 1 is repeated"),
    ],
)
def test_bad_ids_are_named(ids, message):
    with pytest.raises(DataError, match=message):
        Vocabulary(ids)


def test_unknown_ids_of_both_kinds_are_named():
    names, numbers = Vocabulary(["tea"]), Vocabulary([7])
    with pytest.raises(UnknownIdError, match="the id 'cup' is unknown"):
        names.encode("cup")
    with pytest.raises(UnknownIdError, match="1 of 2 ids are unknown; the first is 8"):
        numbers.encode([7, 8])
    with pytest.raises(DataError, match="the vocabulary holds strings, these are integers"):
        names.encode(7)
    with pytest.raises(DataError, match="holds integers, these are strings"):
        numbers.encode(["7"])
    assert 7 not in names
    assert None not in names
    assert 2**70 not in numbers
    with pytest.raises(DataError, match="missing: must be 'raise' or 'mark'"):
        names.encode("tea", missing="ignore")


@pytest.mark.parametrize("rows", [[1], [-1], -1, 1, [0.0]])
def test_rows_outside_are_refused(rows):
    with pytest.raises(DataError, match=r"whole numbers in \[0, 1\)"):
        Vocabulary(["a"]).decode(rows)
