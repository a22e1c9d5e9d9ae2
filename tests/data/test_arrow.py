import gc
import weakref

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pyrec import Vocabulary
from pyrec._encode import Stream, StreamError
from pyrec.data.arrow import stream
from pyrec.errors import DataError

TEA = Vocabulary(["cup", "é", "tea"])


def everything():
    return {
        "user": (np.array([2, 0, 1, -1], np.int32), TEA),
        "item": (np.array([0, -1, 1, 0], np.int32), Vocabulary([70, 50])),
        "score": np.array([1.5, -np.inf, 0, 2], np.float32),
        "rank": np.array([1, 2, 3, 4], np.uint16),
        "seen": np.array([True, False, True, True]),
        "at": np.array(["2020-01-01", "NaT", "1969-12-31", "2020-01-01"], "datetime64[us]"),
        "day": np.array(["2020-01-01", "NaT", "1969-12-31", "2020-01-01"], "datetime64[D]"),
        "title": np.array(["a", "b", "", "long" * 9], np.dtypes.StringDType()),
        "code": np.array(["x", "yy", "z", "é"]),
        "name": np.array(["x", "yy", "z", "é"], dtype=object),
        "number": np.array([1, 2, 3, 4], dtype=object),
    }


EXPECTED = {
    "user": ["tea", "cup", "é", None],
    "item": [70, None, 50, 70],
    "score": [1.5, -np.inf, 0, 2],
    "rank": [1, 2, 3, 4],
    "seen": [True, False, True, True],
    "title": ["a", "b", "", "long" * 9],
    "code": ["x", "yy", "z", "é"],
    "name": ["x", "yy", "z", "é"],
    "number": [1, 2, 3, 4],
}


@pytest.mark.parametrize("library", ["pyarrow", "polars", "pandas", "duckdb"])
def test_every_library_reads_every_type(library):
    data = stream(everything())
    if library == "pyarrow":
        table = pa.table(data)
        table.validate(full=True)
    elif library == "polars":
        table = pl.DataFrame(data).to_arrow()
    elif library == "pandas":
        table = pa.Table.from_pandas(pd.DataFrame.from_arrow(data), preserve_index=False)
    else:
        table = duckdb.sql("FROM data").to_arrow_table()
    found = table.to_pydict()
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    times = [None if t is None else t.isoformat()[:10] for t in found["at"]]
    assert times == ["2020-01-01", None, "1969-12-31", "2020-01-01"]
    assert [None if t is None else t.isoformat()[:10] for t in found["day"]] == times


def test_what_is_written_is_read_back():
    user, item, score = Stream(stream(everything())).read(
        [(0, "id", False), (1, "id", False), (2, "number", None)]
    )
    assert user.codes.tolist() == [1, 0, 2, -1]
    assert item.ids.tolist() == [50, 70]
    assert score.values.tolist() == EXPECTED["score"]


def test_a_table_can_be_read_twice_and_an_iterator_once():
    table = stream([{"x": np.array([1])}, {"x": np.array([2])}])
    assert pa.table(table) == pa.table(table) == pa.table({"x": [1, 2]})
    once = stream(iter([{"x": np.array([1])}]))
    assert pa.table(once).num_rows == 1
    with pytest.raises(DataError, match="made of an iterator and has been read already"):
        once.__arrow_c_stream__()


def test_the_schema_is_there_without_consuming_anything():
    data = stream(iter([{"x": np.array([1], np.int8)}]))
    assert pa.schema(data) == pa.schema({"x": pa.int8()})
    assert data.names == ["x"]
    assert pa.table(data).num_rows == 1


def test_batches_are_asked_for_one_at_a_time_and_freed():
    alive = []

    def batches():
        for i in range(50):
            assert sum(ref() is not None for ref in alive) < 10
            array = np.full(1000, i)
            alive.append(weakref.ref(array))
            yield {"x": array}

    total = sum(len(batch) for batch in pa.RecordBatchReader.from_stream(stream(batches())))
    assert total == 50_000
    gc.collect()
    assert sum(ref() is not None for ref in alive) <= 1  # the generator's last local


def test_an_array_stays_alive_as_long_as_somebody_reads_it():
    array = np.arange(1000)
    table = pa.table(stream({"x": array}))
    reference = weakref.ref(array)
    del array
    gc.collect()
    assert table["x"].to_pylist() == list(range(1000))
    del table
    gc.collect()
    assert reference() is None


def test_capsules_that_nobody_consumes_are_freed():
    array = np.arange(10)
    reference = weakref.ref(array)
    data = stream({"x": array})
    data.__arrow_c_stream__()
    data.__arrow_c_schema__()
    del array, data
    gc.collect()
    assert reference() is None


def failing():
    yield {"x": np.array([1])}
    raise ZeroDivisionError("the score of nothing")


def test_an_error_of_the_iterator_is_told_and_kept():
    data = stream(failing())
    with pytest.raises(StreamError, match="ZeroDivisionError: the score of nothing"):
        Stream(data).read([(0, "id", False)])
    assert isinstance(data.error, ZeroDivisionError)
    again = stream(failing())
    with pytest.raises(duckdb.Error, match="the score of nothing"):
        duckdb.sql("SELECT sum(x) FROM again").fetchall()
    assert isinstance(again.error, ZeroDivisionError)


def test_a_batch_that_differs_is_refused():
    data = stream(iter([{"x": np.array([1])}, {"x": np.array([1.5])}]))
    with pytest.raises(StreamError, match="batch 2: has the columns"):
        Stream(data).read([(0, "id", False)])


def test_strided_and_foreign_byte_orders_are_copied():
    table = pa.table(stream({"x": np.arange(10)[::3], "y": np.arange(4, dtype=">i4")}))
    assert table.to_pydict() == {"x": [0, 3, 6, 9], "y": [0, 1, 2, 3]}


def test_an_empty_batch_has_a_schema():
    table = pa.table(stream({"x": (np.array([], np.int32), TEA), "y": np.array([])}))
    assert table.num_rows == 0
    assert table.column_names == ["x", "y"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "a batch has no columns"),
        (iter([]), "there is no batch"),
        ({"x": np.array([1]), "y": np.array([1, 2])}, "different lengths: {'x': 1, 'y': 2}"),
        ({"x": np.zeros((2, 2))}, "column 'x': must be a 1-D numpy array"),
        ({"x": [1, 2]}, "column 'x': must be a 1-D numpy array"),
        ({"x": np.array([1j])}, "column 'x': complex128 has no counterpart in Arrow"),
        ({"x": np.array([1, "a"], object)}, "column 'x': .* must be all integers or all strings"),
        ({"x": (np.array([3], np.int32), TEA)}, r"column 'x': rows: must be in \[-1, 3\)"),
    ],
)
def test_bad_columns_are_named(columns, message):
    with pytest.raises(DataError, match=message):
        stream(columns)
