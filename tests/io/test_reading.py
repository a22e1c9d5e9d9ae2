"""read_events and read_items: every source, what they infer and tell, and real logs."""

import datetime as dt
import gzip
import os
import subprocess
import sys
import textwrap

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyrec import read_events, read_items
from pyrec.data.arrow import stream
from pyrec.errors import ConfigError, DataError

LOG = """\
user,item,event,time,qty,visit
ann,tea,view,1430622011,1,v1
bob,cup,cart,1430622012,2,v2
ann,cup,view,1430622013,,v1
,cup,view,1430622014,1,v3
bob,,buy,1430622015,1,v3
"""
COLUMNS = dict(
    user="user", item="item", event="event", timestamp="time", weight="qty", session="visit"
)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return path


def pairs(events):
    users = events.users.decode(events.user_rows).tolist()
    return list(zip(users, events.items.decode(events.item_rows).tolist(), strict=True))


def test_every_column_and_every_missing_value_is_told(log):
    events = read_events(log, **COLUMNS)
    assert pairs(events) == [("ann", "tea"), ("bob", "cup")]
    assert [events.kind_names[kind] for kind in events.kinds] == ["view", "cart"]
    assert events.timestamps.tolist() == [1430622011_000_000, 1430622012_000_000]
    assert events.weights.tolist() == [1, 2]
    assert events.sessions.tolist() == [0, 1]
    (step,) = events.report.steps
    assert dict(step.counts) == {
        "rows": 5, "without user": 1, "without item": 1, "without weight": 1, "events": 2,
    }  # fmt: skip
    assert step.notes == (
        "delimiter ',' inferred",
        "user: ids are strings",
        "item: ids are strings",
        "timestamp: seconds since 1970 inferred (2015-05-03T03:00:11Z to 2015-05-03T03:00:15Z)",
    )


def test_only_what_is_asked_for_can_be_missing(log):
    events = read_events(log, user="user", item="item")
    assert len(events) == 3
    assert events.kinds is events.weights is events.timestamps is events.sessions is None


def test_ids_that_only_rows_left_out_have_are_no_ids(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("u,i,w\n7,8,1\n9,8,\n7,5,2\n")
    events = read_events(path, user="u", item="i", weight="w")
    assert events.users.ids.tolist() == [7]
    assert events.items.decode(events.item_rows).tolist() == [8, 5]


def written(frame, path):
    """Write a polars frame in the format that the path names."""
    name = path.name
    if ".parquet" in name:
        frame.write_parquet(path)
    elif ".duckdb" in name:
        with duckdb.connect(str(path)) as connection:
            connection.sql("CREATE TABLE log AS SELECT * FROM frame")
    else:
        separator = "\t" if ".tsv" in name else ";" if "semicolon" in name else ","
        data = frame.write_csv(separator=separator).encode()
        if ".gz" in name:
            data = gzip.compress(data)
        if ".zst" in name:
            data = pa.compress(data, codec="zstd", asbytes=True)
        path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "name",
    ["log.csv", "log.tsv", "log.csv.gz", "log.tsv.zst", "semicolon.txt", "log.parquet",
     "log.duckdb", "odd [1] 'name'.csv"],
)  # fmt: skip
def test_every_kind_of_file_gives_the_same_events(tmp_path, name):
    frame = pl.DataFrame({"u": [5, 1, 5], "i": ["a", "b,;\t", "é"], "t": [1e9, 2e9, 1.5e9]})
    path = written(frame, tmp_path / name)
    options = {"table": "log"} if ".duckdb" in name else {}
    events = read_events(path, user="u", item="i", timestamp="t", **options)
    assert pairs(events) == [(5, "a"), (1, "b,;\t"), (5, "é")]
    assert events.timestamps.tolist() == [1e15, 2e15, 1.5e15]


@pytest.mark.parametrize(
    "make",
    [pl.DataFrame, pd.DataFrame, pa.table, lambda c: duckdb.from_arrow(pa.table(c)),
     lambda c: pa.RecordBatchReader.from_stream(pa.table(c)),
     lambda c: stream({k: np.array(v) for k, v in c.items()})],
    ids=["polars", "pandas", "pyarrow", "duckdb", "reader", "pyrec"],
)  # fmt: skip
def test_every_kind_of_frame_gives_the_same_events(make):
    frame = make({"u": [5, 1, 5], "i": ["a", "b", "é"], "w": [1.5, 2.0, 3.0]})
    events = read_events(frame, user="u", item="i", weight="w")
    assert pairs(events) == [(5, "a"), (1, "b"), (5, "é")]
    assert events.weights.tolist() == [1.5, 2, 3]


def test_folders_and_globs_are_read_in_the_order_of_names(tmp_path):
    for day, user in (("02", "b"), ("01", "a"), ("10", "c")):
        (tmp_path / f"day{day}.csv").write_text(f"u,i\n{user},1\n")
    (tmp_path / "notes.md").write_text("not data")
    (tmp_path / "month=2").mkdir()
    (tmp_path / "month=2" / "x.csv").write_text("u,i\nd,1\n")
    assert pairs(read_events(tmp_path, user="u", item="i")) == [
        ("a", 1), ("b", 1), ("c", 1), ("d", 1),
    ]  # fmt: skip
    some = read_events(tmp_path / "day0*.csv", user="u", item="i")
    assert pairs(some) == [("a", 1), ("b", 1)]


def test_files_without_a_header_have_columns_by_position(tmp_path):
    path = tmp_path / "u.data"
    path.write_text("196\t242\t3\t881250949\n186\t302\t3\t891717742\n")
    events = read_events(path, user=0, item=1, weight=2, timestamp=3, header=False)
    assert pairs(events) == [(196, 242), (186, 302)]
    assert events.weights.tolist() == [3, 3]


def test_encodings_quotes_and_words_for_missing(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes('u|i\né|"5\nNA|2\n'.encode("latin-1"))
    events = read_events(
        path, user="u", item="i", delimiter="|", quote="", encoding="latin-1", null_values=["NA"]
    )
    assert pairs(events) == [("é", '"5')]
    path.write_bytes("u,i\né,5\n".encode("utf-16"))
    assert pairs(read_events(path, user="u", item="i", encoding="utf-16")) == [("é", 5)]
    path.write_bytes("\ufeffu,i\r\né,5\r\n".encode())
    assert pairs(read_events(path, user="u", item="i")) == [("é", 5)]


def test_a_query_of_a_database(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.sql(
            "CREATE TABLE orders AS SELECT * FROM (VALUES (12::DECIMAL(9, 0), 'a', 2.5::DECIMAL),"
            " (7::DECIMAL(9, 0), 'b', 1::DECIMAL)) AS t(who, what, paid)"
        )
    events = read_events(
        path, user="who", item="what", weight="paid", query="SELECT * FROM orders WHERE paid > 1"
    )
    assert pairs(events) == [(12, "a")]  # a decimal that is whole is an integer


def test_ids_of_frames_keep_their_type():
    frame = pl.DataFrame({"u": ["1", "2"], "i": [1.0, 2.0]})
    events = read_events(frame, user="u", item="i")
    assert pairs(events) == [("1", 1), ("2", 2)]
    assert "item: floats such as 17850.0 read as integers" in str(events.report)


def test_more_than_32_kinds_are_surely_another_column(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("u,i\n" + "".join(f"1,{i}\n" for i in range(40)))
    with pytest.raises(DataError, match="event: column 'i': has 40 kinds of event, '0' and others"):
        read_events(path, user="u", item="i", event="i")


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, float("inf")], "DataFrame: weight: column 'w': row 2: inf is not a finite number"),
        ([float("nan"), 1.0], "row 1: nan is not a finite number"),
        ([1e39, 1.0], "row 1: 1e.39 is not a finite number"),
        (["1", "two"], "DataFrame: column 'w': row 2: 'two' is not a number"),
        ([[1], [2]], "column 'w': holds lists, not numbers"),
    ],
)
def test_bad_weights_are_named(weights, message):
    frame = pl.DataFrame({"u": [1, 2], "i": [1, 2], "w": weights})
    with pytest.raises(DataError, match=message):
        read_events(frame, user="u", item="i", weight="w")


def test_a_column_of_several_types_is_named():
    frame = pd.DataFrame({"u": [1, "a"], "i": [1, 2]})
    with pytest.raises(DataError, match=r"cannot be read as Arrow .* column u .*one type"):
        read_events(frame, user="u", item="i")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(timestamp_unit="min", timestamp="t"), "timestamp_unit: invalid enum value 'min'"),
        (dict(timestamp_format="%Y-%Q", timestamp="t"), "timestamp_format: %Q is unknown"),
        (dict(timezone="Europe/Vienn"), "timezone: 'Europe/Vienn' is unknown"),
        (dict(format="excel"), "format: invalid enum value 'excel'"),
    ],
)
def test_bad_options_are_named(log, options, message):
    with pytest.raises(ConfigError, match=message):
        read_events(log, user="user", item="item", **options)


def test_frames_and_lists_need_no_duckdb(tmp_path):
    (tmp_path / "lists.txt").write_text("1 2\n")
    code = """
        import sys
        sys.modules["duckdb"] = None
        import numpy as np
        import pyrec
        from pyrec.data.arrow import stream
        from pyrec.errors import MissingPackageError

        log = stream({"u": np.array([1, 2]), "i": np.array(["a", "b"])})
        assert len(pyrec.read_events(log, user="u", item="i")) == 2
        assert pyrec.read_adjacency("lists.txt").nnz == 1
        for task in (lambda: pyrec.read_events("lists.txt", user="u", item="i"),
                     lambda: pyrec.write_table(log, "out.csv")):
            try:
                task()
            except MissingPackageError as error:
                assert "pip install 'pyrec[app]'" in str(error), error
            else:
                raise AssertionError("no error")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=tmp_path)


def test_items(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("sku;title;price\n7;;2.50\n3;cup;\n7;tea;2.75\n;lost;1\n")
    items = read_items(path, item="sku")
    assert items.items.ids.tolist() == [3, 7]
    assert items.titles() == {3: "cup", 7: "tea"}
    assert items.columns["price"].tolist() == ["", "2.50"]  # text in a text file
    frame = pl.read_csv(path, separator=";").with_columns(on=dt.date(2020, 1, 1))
    again = read_items(frame, item="sku")
    assert again.titles() == items.titles()
    np.testing.assert_array_equal(again.columns["price"], [np.nan, 2.5])
    assert list(again.columns) == ["title", "price"]  # no text, no number: not taken
    assert list(read_items(frame, item="sku", columns=["title"]).columns) == ["title"]


def test_items_of_parquet_keep_numbers(tmp_path):
    path = tmp_path / "items.parquet"
    pq.write_table(pa.table({"sku": ["b", "a"], "stock": [1, None], "brand": ["x", "y"]}), path)
    items = read_items(path, item="sku")
    np.testing.assert_array_equal(items.columns["stock"], [np.nan, 1])
    assert items.columns["brand"].tolist() == ["y", "x"]


def test_items_that_are_not_there(tmp_path):
    frame = pl.DataFrame({"sku": [None, None], "title": ["a", "b"]})
    with pytest.raises(DataError, match="DataFrame: no row has an item"):
        read_items(frame, item="sku")
    with pytest.raises(DataError, match="columns: there is no column 'titel'; did you mean 'titl"):
        read_items(frame, item="sku", columns=["titel"])
    with pytest.raises(ConfigError, match="delimeter: unknown option; did you mean 'delimiter'"):
        read_items(frame, item="sku", delimeter=",")


REAL = {
    "retailrocket/events.csv.gz": (
        dict(user="visitorid", item="itemid", event="event", timestamp="timestamp"),
        (97_381, 2_174, 29_905),
    ),
    "taobao_events/events.csv.gz": (
        dict(user="user", item="item", event="event", timestamp="timestamp"),
        (357_412, 31_882, None),
    ),
    "online_retail/online_retail.csv.gz": (
        dict(user="CustomerID", item="StockCode", timestamp="InvoiceDate", weight="Quantity",
             session="InvoiceNo"),
        (541_909 - 135_080, 4_372, None),
    ),
    "complete_journey/transactions_sample.csv.gz": (
        dict(user="household_id", item="product_id", timestamp="transaction_timestamp",
             weight="quantity", session="basket_id"),
        (75_000, 2_377, 20_902),
    ),
    "ml-100k/u.data.gz": (
        dict(user=0, item=1, weight=2, timestamp=3, header=False),
        (100_000, 943, 1_682),
    ),
    "yoochoose_100k/yoochoose-clicks-100k_train_full.txt.gz": (
        dict(user="SessionId", item="ItemId", timestamp="Time"),
        (70_278, 17_794, 2_933),
    ),
    "diginetica/train-purchases.csv.gz": (
        dict(user="sessionId", item="itemId", timestamp="eventdate"),
        (18_025, 12_630, 11_244),
    ),
}  # fmt: skip


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_real_logs(real_data, name):
    columns, expected = REAL[name]
    events = read_events(real_data / name, **columns)
    found = (len(events), len(events.users), len(events.items))
    assert all(e in (None, f) for f, e in zip(found, expected, strict=True)), found


@pytest.mark.real_data
def test_retailrocket_in_detail(real_data):
    events = read_events(
        real_data / "retailrocket/events.csv.gz",
        user="visitorid", item="itemid", event="event", timestamp="timestamp",
    )  # fmt: skip
    assert events.kind_names == ("addtocart", "transaction", "view")
    assert np.bincount(events.kinds).tolist() == [12_456, 9_551, 75_374]
    days = events.timestamps.astype("datetime64[us]").astype("datetime64[D]")
    assert (str(days.min()), str(days.max())) == ("2015-05-03", "2015-09-18")


@pytest.mark.real_data
def test_online_retail_in_detail(real_data):
    path = real_data / "online_retail/online_retail.csv.gz"
    events = read_events(path, user="CustomerID", item="StockCode")
    assert events.users.is_integer
    assert not events.items.is_integer
    assert dict(events.report.steps[0].counts)["without user"] == 135_080
    titles = read_items(path, item="StockCode", columns=["Description"]).titles("Description")
    assert len(titles) == 4_070
    assert titles["85123A"] == "WHITE HANGING HEART T-LIGHT HOLDER"


@pytest.mark.real_data
def test_titles_in_latin_1(real_data):
    items = read_items(
        real_data / "ml-100k/u.item.gz",
        item=0, columns=[1], format="csv",
        header=False, delimiter="|", encoding="latin-1", quote="",
    )  # fmt: skip
    titles = items.titles("1")
    assert len(titles) == 1_682
    assert titles[1] == "Toy Story (1995)"
    assert titles[543] == "Misérables, Les (1995)"


def test_columns_without_a_name_or_with_the_same_but_for_case(tmp_path):
    path = tmp_path / "log.csv"
    pd.DataFrame({"u": [1, 2], "U": [3, 4], "i": [5, 6]}).to_csv(path)  # the index has no name
    assert pairs(read_events(path, user="u", item="i")) == [(1, 5), (2, 6)]
    assert pairs(read_events(path, user="U", item="i")) == [(3, 5), (4, 6)]
    path.write_text("u,i,,\n1,5,,\n")
    assert pairs(read_events(path, user="u", item="i")) == [(1, 5)]


def test_a_pipe_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(DataError, match=r"log\.csv: a pipe or device cannot be read twice"):
        read_events(tmp_path / "log.csv", user="u", item="i")


def test_damaged_gzip_is_never_read(tmp_path):
    path = tmp_path / "log.csv.gz"
    data = bytearray(gzip.compress(b"u,i\n1,2\n3,4\n", 0))
    data[data.index(b"3,4")] = ord("9")
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"log\.csv\.gz: the gzip file is damaged"):
        read_events(path, user="u", item="i")


def test_a_catalogue_counts_what_it_leaves_out(tmp_path):
    frame = pd.DataFrame({"sku": ["a", "a", None, "b"], "title": ["tea", "mug", "pot", "cup"]})
    items = read_items(frame, item="sku")
    assert items.titles() == {"a": "tea", "b": "cup"}
    (step,) = items.report.steps
    assert step.counts == {"rows": 4, "without item": 1, "repeats of an item": 1, "items": 2}
