"""What is wrong with a source is said with its name and a remedy."""

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pyrec.errors import DataError
from pyrec.io.formats import Format
from pyrec.io.sources import Wanted, column_names, open_source

USER, ITEM = Wanted("id", "u", "user"), Wanted("id", "i", "item")


def read(source, *wanted, **options):
    with open_source(source, Format(**options), ["u", "i"]) as opened:
        return opened.read(wanted or (USER, ITEM))


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"u": range(20_000), "i": range(20_000)}).write_parquet(path)
    return path


def test_names_of_columns(tmp_path, parquet):
    (tmp_path / "log.csv").write_text("u;i\n1;2\n")
    assert column_names(tmp_path / "log.csv") == ["u", "i"]
    assert column_names(parquet) == ["u", "i"]
    assert column_names(pl.DataFrame({"a": [1]})) == ["a"]


def test_what_columns_hold(tmp_path):
    frame = pl.DataFrame({"a": [1], "b": ["x"], "c": [True], "d": [[1]], "e": [1.5]})
    frame.write_parquet(tmp_path / "x.parquet")
    frame.drop("d").write_csv(tmp_path / "x.csv")
    expected = {"a": "number", "b": "text", "c": "number", "d": "other", "e": "number"}
    for source in (frame, tmp_path / "x.parquet"):
        with open_source(source, Format()) as opened:
            assert opened.columns == expected
    with open_source(tmp_path / "x.csv", Format()) as opened:
        assert set(opened.columns.values()) == {"text"}


def test_types_that_few_know_are_read_as_plain_ones(tmp_path):
    path = tmp_path / "x.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.sql(
            "CREATE TABLE t AS SELECT 12::HUGEINT AS u, 3.50::DECIMAL(9, 2) AS w, "
            "'0a'::ENUM('0a', 'b') AS i, uuid() AS x, DATE '2020-01-01' AS d"
        )
    wanted = [USER, ITEM, Wanted("number", "w", "weight"), Wanted("id", "x", "session"),
              Wanted("label", "d", "event")]  # fmt: skip
    user, item, weight, session, event = read(path, *wanted, table="t")
    assert user.ids.tolist() == [12]
    assert item.ids[0].tobytes() == b"0a"
    assert weight.values.tolist() == [3.5]
    assert len(session.ids[0]) == 36
    assert event.ids[0].tobytes() == b"2020-01-01"


def test_one_column_may_serve_twice(tmp_path):
    (tmp_path / "log.csv").write_text("u\n1\n")
    read(tmp_path / "log.csv", USER, Wanted("id", "u", "item"))
    read(pl.DataFrame({"u": [1]}), USER, Wanted("id", "u", "item"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lgo.csv", r"lgo\.csv: there is no such file; did you mean 'log\.csv'\?"),
        ("nowhere/log.csv", r"nowhere/log\.csv: there is no such file$"),
        ("none*.csv", r"none\*\.csv: no file matches"),
        ("empty", r"empty: the folder has no files to read \(\.csv"),
        ("log.xlsx", r"log\.xlsx: unknown suffix '\.xlsx'; known are .*format='csv'"),
        ("mixed", r"mixed: the files have different formats; choose with a glob"),
        ("empty.csv", r"empty\.csv: the file is empty"),
    ],
)
def test_bad_paths(tmp_path, name, message):
    (tmp_path / "log.csv").write_text("u,i\n1,2\n")
    (tmp_path / "log.xlsx").write_text("u,i\n1,2\n")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "a.csv").write_text("u,i\n1,2\n")
    (tmp_path / "mixed" / "b.parquet").write_text("x")
    with pytest.raises(DataError, match=message):
        read(tmp_path / name)


def test_an_unknown_suffix_can_be_told(tmp_path):
    (tmp_path / "log.xlsx").write_text("u,i\n1,2\n")
    assert read(tmp_path / "log.xlsx", format="csv")[0].ids.tolist() == [1]


def test_no_permission(tmp_path, unprivileged):
    path = tmp_path / "log.csv"
    path.write_text("u,i\n1,2\n")
    path.chmod(0)
    assert "log.csv: cannot be read (Permission denied)" in unprivileged(lambda: read(path))
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    message = unprivileged(lambda: read(folder / "log.csv"))
    assert message == f"DataError: {folder}/log.csv: cannot be read (Permission denied)"


@pytest.mark.parametrize("what", [3, None, [1, 2], {"u": [1]}])
def test_what_is_no_source(what):
    with pytest.raises(DataError, match="source: must be a path or have __arrow_c_stream__"):
        read(what)


def test_columns_that_are_not_there_or_there_twice():
    with pytest.raises(DataError, match=r"DataFrame: item: there is no column 'i'; it has u, x"):
        read(pl.DataFrame({"u": [1], "x": [1]}))
    with pytest.raises(DataError, match=r"'i'; did you mean 'iu'\?"):
        read(pl.DataFrame({"u": [1], "iu": [1]}))
    with pytest.raises(DataError, match="Table: column 'u' occurs twice; rename one"):
        read(pa.table([pa.array([1]), pa.array([2])], names=["u", "u"]))
    with pytest.raises(DataError, match=r"DataFrame: .*Duplicate column.*one name and one"):
        read(pd.DataFrame([[1, 2]], columns=["u", "u"]))


def test_parquet_that_is_cut_off_or_none(parquet):
    data = parquet.read_bytes()
    for broken in (data[: len(data) // 2], b"PAR1", b"something else entirely"):
        parquet.write_bytes(broken)
        with pytest.raises(DataError, match=r"log\.parquet: no whole Parquet file; fetch it again"):
            read(parquet)
    parquet.write_bytes(data[:40] + bytes(2000) + data[2040:])
    with pytest.raises(DataError, match=r"log\.parquet: "):
        read(parquet)


def test_databases(tmp_path):
    path = tmp_path / "shop.duckdb"
    duckdb.connect(str(path)).close()
    with pytest.raises(DataError, match=r"shop\.duckdb: a database needs table= or query=, one"):
        read(path)
    with pytest.raises(DataError, match="one of the two"):
        read(path, table="a", query="b")
    with pytest.raises(DataError, match=r"shop\.duckdb: .*Table with name orders does not exist"):
        read(path, table="orders")
    with pytest.raises(DataError, match=r"shop\.duckdb: .*syntax error"):
        read(path, query="SELEC 1")
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DataError, match=r"shop\.duckdb: not a DuckDB database"):
        read(path, table="orders")
    (tmp_path / "log.csv").write_text("u,i\n1,2\n")
    with pytest.raises(DataError, match=r"log\.csv: table= and query= are for database files"):
        read(tmp_path / "log.csv", table="orders")


def test_a_database_is_not_changed(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.sql("CREATE TABLE t AS SELECT 1 AS u, 2 AS i")
    before = path.read_bytes()
    read(path, table="t")
    assert path.read_bytes() == before
    with pytest.raises(DataError):
        read(path, query="DROP TABLE t")


def test_a_producer_that_fails():
    def batches():
        yield pa.record_batch({"u": [1], "i": [1]})
        raise RuntimeError("the line went dead")

    schema = pa.schema({"u": pa.int64(), "i": pa.int64()})
    reader = pa.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(DataError, match=r"RecordBatchReader: .*the line went dead"):
        read(reader)
