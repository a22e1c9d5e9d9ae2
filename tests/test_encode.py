"""The compiled reader of Arrow streams, against numpy and against three producers of Arrow."""

import datetime as dt
import itertools

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given

from pyrec._encode import Stream, StreamError
from pyrec.errors import DataError

STRING = np.dtypes.StringDType()
strings = st.text(max_size=30) | st.sampled_from(["a", "b", "item000001", "item000002"])
STRING_TYPES = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.uint32(), pa.large_string()),
]
INTEGER_TYPES = [pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(),
                 pa.int64(), pa.uint64(), pa.float32(), pa.float64(),
                 pa.dictionary(pa.int16(), pa.int64())]  # fmt: skip


def read(column, role, option=None, threads=1):
    table = column if isinstance(column, pa.Table) else pa.table({"x": column})
    (result,) = Stream(table).read([(0, role, option)], threads)
    return result


def unpacked(ids):
    if not isinstance(ids, tuple):
        return ids.tolist()
    data, offsets = ids[0].tobytes(), ids[1].tolist()
    return [data[a:b].decode() for a, b in itertools.pairwise(offsets)]


def decoded(result):
    ids = unpacked(result.ids)
    return [ids[code] if code >= 0 else None for code in result.codes]


def chunked(values, kind, cuts):
    """Cut values into batches, each with an offset into a longer array."""
    edges = [0, *sorted(c % (len(values) + 1) for c in cuts), len(values)]
    parts = []
    for begin, end in itertools.pairwise(edges):
        padded = pa.array([*values[:1], *values[begin:end], *values[:1]], pa.string())
        if not pa.types.is_string(kind):
            padded = padded.cast(kind)
        parts.append(padded.slice(min(1, len(values)), end - begin))
    return pa.chunked_array(parts, kind)


@given(
    values=st.lists(strings | st.none(), max_size=600),
    kind=st.sampled_from(STRING_TYPES[:3]),
    cuts=st.lists(st.integers(0, 600), max_size=3),
)
def test_strings_equal_numpy(values, kind, cuts):
    result = read(chunked(values, kind, cuts), "id")
    known = [v for v in values if v]
    assert unpacked(result.ids) == np.unique(np.array(known, dtype=STRING)).tolist()
    assert decoded(result) == [v or None for v in values]
    assert result.missing == len(values) - len(known)


@given(
    values=st.lists(st.sampled_from(["a", "bb", "ccc", None]), max_size=50),
    kind=st.sampled_from(STRING_TYPES[3:]),
    cuts=st.lists(st.integers(0, 50), max_size=3),
)
def test_dictionaries_that_differ_from_batch_to_batch(values, kind, cuts):
    assert decoded(read(chunked(values, kind, cuts), "id")) == values


def test_values_of_a_dictionary_that_no_row_has_are_no_ids():
    column = pa.DictionaryArray.from_arrays([2, 0, None], ["c", "unused", "a"])
    result = read(column, "id")
    assert unpacked(result.ids) == ["a", "c"]
    assert decoded(result) == ["a", "c", None]


@given(st.lists(st.integers(0, 100) | st.none(), max_size=300), st.sampled_from(INTEGER_TYPES))
def test_integers_of_every_width_equal_numpy(values, kind):
    column = pa.array(values, pa.int64())
    column = column.dictionary_encode() if pa.types.is_dictionary(kind) else column.cast(kind)
    result = read(column, "id")
    assert decoded(result) == values
    assert result.ids.tolist() == sorted({v for v in values if v is not None})


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=300))
def test_all_64_bits_count(values):
    result = read(pa.array(values, pa.int64()), "id")
    expected, codes = np.unique(np.array(values, dtype=np.int64), return_inverse=True)
    np.testing.assert_array_equal(result.ids, expected)
    np.testing.assert_array_equal(result.codes, codes)


@pytest.mark.parametrize(
    ("values", "ids", "converted"),
    [
        (["10", "9", "-1"], [-1, 9, 10], 0),
        (["17850.0", "17850", "1.00"], [1, 17850], 2),
        (["10", "009"], ["009", "10"], 0),
        (["10", "+9"], ["+9", "10"], 0),
        (["10", "1e3"], ["10", "1e3"], 0),
        (["1", "9223372036854775808"], ["1", "9223372036854775808"], 0),
        (["1.5", "2"], ["1.5", "2"], 0),
        ([None, ""], [], 0),
    ],
)
def test_text_becomes_integers_only_if_all_of_it_is_canonical(values, ids, converted):
    result = read(pa.array(values, pa.string()), "id", True)
    assert unpacked(result.ids) == ids
    assert result.converted == converted
    assert unpacked(read(pa.array(["10", "9"]), "id", False).ids) == ["10", "9"]


def test_text_that_means_one_integer_has_one_code():
    result = read(pa.array(["7.0", "7", "8"]), "id", True)
    assert result.codes.tolist() == [0, 0, 1]


@pytest.mark.parametrize("make", [pa.table, pl.DataFrame, pd.DataFrame])
def test_three_producers(make):
    frame = make({
        "user": ["b", None, "a", "a long identifier"],
        "item": [3, 1, 3, 2],
        "weight": [0.5, None, 2.0, 3.0],
        "time": [dt.datetime(2020, 1, 1), None, dt.datetime(1969, 12, 31, 23), None],
    })  # fmt: skip
    stream = Stream(frame)
    assert [name for name, _ in stream.fields] == ["user", "item", "weight", "time"]
    assert [form for _, form in stream.fields][1:3] == ["l", "g"]
    user, item, weight, time = stream.read(
        [(0, "id", False), (1, "id", False), (2, "number", None), (3, "time", None)], threads=2
    )
    assert decoded(user) == ["b", None, "a", "a long identifier"]
    assert decoded(item) == [3, 1, 3, 2]
    assert weight.values.tolist() == [0.5, 0, 2, 3]
    assert weight.missing.tolist() == [1]
    assert time.values.tolist() == [1577836800_000_000, 0, -3600_000_000, 0]
    assert time.missing.tolist() == [1, 3]
    assert time.meaning == "local"


def test_several_columns_on_several_threads_equal_one_thread():
    rng = np.random.default_rng(0)
    table = pa.table({
        "a": rng.integers(0, 5000, 200_000),
        "b": np.char.add("item", rng.integers(0, 5000, 200_000).astype(str)),
        "c": rng.standard_normal(200_000),
    })  # fmt: skip
    wanted = [(0, "id", False), (1, "id", False), (2, "number", None)]
    once, again = (Stream(table).read(wanted, threads) for threads in (1, 7))
    for one, other in zip(once[:2], again[:2], strict=True):
        np.testing.assert_array_equal(one.codes, other.codes)
        assert unpacked(one.ids) == unpacked(other.ids)
    np.testing.assert_array_equal(once[2].values, again[2].values)


def test_numbers_stay_integers_until_one_is_not():
    assert read(pa.array(["1", None, " 2 ", "+3"]), "number").values.tolist() == [1, 0, 2, 3]
    mixed = read(pa.array(["9007199254740993", "0.5", "-1e3"]), "number").values
    assert mixed.dtype == np.float64
    assert mixed.tolist() == [9007199254740992.0, 0.5, -1000.0]
    assert read(pa.array([True, False]), "number").values.tolist() == [1, 0]
    dictionary = pa.array(["1", "2.5", None, "1"]).dictionary_encode()
    assert read(dictionary, "number").values.tolist() == [1, 2.5, 0, 1]


@pytest.mark.parametrize(
    ("column", "expected", "meaning"),
    [
        (pa.array([1, -1], pa.timestamp("s")), [1_000_000, -1_000_000], "local"),
        (pa.array([1, -1], pa.timestamp("ms", "UTC")), [1000, -1000], "utc"),
        (pa.array([1, -1], pa.timestamp("us", "Asia/Tokyo")), [1, -1], "utc"),
        (pa.array([1999, -1], pa.timestamp("ns")), [1, -1], "local"),
        (pa.array([1, -1], pa.date32()), [86400_000_000, -86400_000_000], "local"),
        (pa.array([86400_000], pa.date64()), [86400_000_000], "local"),
        (pa.array(["1970-01-01 00:00:01", None]), [1_000_000, 0], "local"),
        (pa.array(["1970-01-01T01:00:00+01:00"]), [0], "utc"),
        (pa.array(["1430622011", "5"]), [1430622011, 5], "number"),
        (pa.array(["1396437466.94"]), [1396437466.94], "number"),
        (pa.array([5, 6], pa.int32()), [5, 6], "number"),
        (pa.array([None, None], pa.string()), [0, 0], ""),
    ],
)
def test_times(column, expected, meaning):
    result = read(column, "time")
    assert result.values.tolist() == expected
    assert result.meaning == meaning


def test_times_of_a_format():
    assert read(pa.array(["02.01.1970"]), "time", "%d.%m.%Y").values.tolist() == [86400_000_000]
    assert read(pa.array([19700102]), "time", "%Y%m%d").values.tolist() == [86400_000_000]


@pytest.mark.parametrize(
    ("column", "role", "message"),
    [
        (pa.array([1.5]), "id", "column 'x': row 1: 1.500000 is not an id"),
        (pa.array([True]), "id", "column 'x': holds truth values; ids are integers or strings"),
        (pa.array([[1]]), "id", "column 'x': holds lists; ids are integers or strings"),
        (pa.array([dt.datetime(2020, 1, 1)]), "id", "holds times; ids are"),
        (pa.array([2**64 - 1], pa.uint64()), "id", "column 'x': 18446744073709551615 does not fit"),
        (pa.array(["1", "two"]), "number", "column 'x': row 2: 'two' is not a number"),
        (pa.array([[1]]), "number", "column 'x': holds lists, not numbers"),
        (pa.array(["2020-01-01", "soon"]), "time", "row 2: 'soon' is not a time .ISO 8601"),
        (pa.array(["2020-01-01", "17"]), "time", "row 2: times are of several kinds"),
        (pa.array(["2020-01-01", "2020-01-01T00:00Z"]), "time", "row 2: times are of several"),
        (pa.array(["y" * 99]), "number", "'" + "y" * 40 + "...' is not a number"),
    ],
)
def test_bad_values_are_named(column, role, message):
    with pytest.raises(DataError, match=message):
        read(column, role)


def test_a_producer_that_fails_halfway_tells_why():
    def batches():
        yield pa.record_batch({"x": [1]})
        raise RuntimeError("the disk is on fire")

    schema = pa.schema({"x": pa.int64()})
    with pytest.raises(StreamError, match="the disk is on fire"):
        Stream(pa.RecordBatchReader.from_batches(schema, batches())).read([(0, "id", False)])


def test_what_is_no_stream_is_refused():
    with pytest.raises(AttributeError):
        Stream(3)


def test_an_empty_stream():
    result = read(pa.table({"x": pa.array([], pa.string())}), "id", True)
    assert result.codes.tolist() == []
    assert unpacked(result.ids) == []
