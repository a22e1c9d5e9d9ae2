"""Text files as people have them: what can be read is, what cannot is named with its line."""

import gzip

import pyarrow as pa
import pytest

from pyrec.errors import DataError
from pyrec.io.formats import Format
from pyrec.io.sources import Wanted, open_source


def read(path, *columns, **options):
    """Return the columns as lists of ids."""
    wanted = [Wanted("id", column, "column") for column in columns]
    with open_source(path, Format(**options), columns) as opened:
        read = opened.read(wanted)
        return [[c.ids[i] if i >= 0 else None for i in c.codes] for c in read], opened.notes


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", " "])
def test_the_delimiter_is_the_one_that_yields_the_columns(tmp_path, delimiter):
    path = tmp_path / "log.txt"
    other = "," if delimiter == ";" else ";"
    path.write_text(
        f"user{delimiter}item{delimiter}a{other}b{other}c{other}d\n1{delimiter}2{delimiter}x\n"
    )
    (user, item), notes = read(path, "user", "item")
    assert (user, item) == ([1], [2])
    assert notes == [f"delimiter {delimiter!r} inferred"]


def test_delimiters_of_several_characters(tmp_path):
    path = tmp_path / "movies.dat"
    path.write_text("1::2::x\n3::4::y\n")
    assert read(path, "0", "1", delimiter="::", header=False)[0] == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    "text",
    [
        "u,i\n1,2\n3,4",
        "u,i\r\n1,2\r\n3,4\r\n",
        "u,i\n1,2\n\n3,4\n\n",
        '"u","i"\n"1","2"\n"3","4"\n',
        "\ufeffu,i\n1,2\n3,4\n",
    ],
)
def test_lines_and_quotes_of_every_fashion(tmp_path, text):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode())
    assert read(path, "u", "i")[0] == [[1, 3], [2, 4]]


def test_a_quoted_field_may_hold_anything(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text('u,t\n1,"a, ""b""\nc"\n2,d\n')
    with open_source(path, Format()) as opened:
        (t,) = opened.read([Wanted("label", "t", "title")])
    assert t.ids[0].tobytes() == b'a, "b"\ncd'


def test_missing_values(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text('u,i\n1,\n2,""\n3,NA\n4,0\n')
    assert read(path, "i", null_values=["", "NA"])[0] == [[None, None, None, 0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("u,i\n1,2\n3\n", r"log\.csv, line 3: has 1 fields, not 2; repair the row"),
        ("u,i\n1,2,3\n", r"log\.csv, line 2: has 3 fields, not 2"),
        ('u,i\n1,2\n"3,4\n5,6\n', r"log\.csv, line 3: a quote is not closed"),
        ('u,i\n1,"a"b\n', r"log\.csv, line 2: a quote is not closed, or stands inside a field"),
        ("u,i\n1,é\n", r"log\.csv, line 2: not UTF-8 text; name its encoding="),
        ("é,i\n1,2\n", r"log\.csv, line 1: not UTF-8 text"),
        ("u,i\r\n1,2\n3,4\n", r"log\.csv: .*"),
        ("u,u\n1,2\n", r"log\.csv: column 'u' occurs twice; rename one"),
        ("u,x\n1,2\n", r"log\.csv: column: there is no column 'i'; it has u, x"),
    ],
)
def test_bad_text_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "log.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=message):
        read(path, "u", "i")


def test_a_wrong_line_far_down_a_folder_is_found(tmp_path):
    for i in range(3):
        rows = "".join(f"{j},{j}\n" for j in range(30_000))
        (tmp_path / f"part{i}.csv").write_text("u,i\n" + rows)
    with (tmp_path / "part2.csv").open("a") as file:
        file.write("7\n")
    with pytest.raises(DataError, match=r"part2\.csv, line 30002: has 1 fields, not 2"):
        read(tmp_path, "u", "i")


def test_headers_that_differ(tmp_path):
    (tmp_path / "a.csv").write_text("u,i\n1,2\n")
    (tmp_path / "b.csv").write_text("i,u\n1,2\n")
    with pytest.raises(DataError, match=r"b\.csv: its header is not that of .*a\.csv"):
        read(tmp_path, "u", "i")


ROWS = b"u,i\n" + b"".join(b"%d,%d\n" % (i * 7919 % 10007, i) for i in range(20_000))


@pytest.mark.parametrize("size", [0.2, 0.5, 0.99])
@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_compressed_file_that_ends_in_the_middle(tmp_path, suffix, size):
    data = gzip.compress(ROWS) if suffix == "gz" else pa.compress(ROWS, "zstd", asbytes=True)
    path = tmp_path / f"log.csv.{suffix}"
    path.write_bytes(data)
    assert len(read(path, "u", "i")[0][0]) == 20_000
    path.write_bytes(data[: int(len(data) * size)])
    with pytest.raises(DataError, match=rf"log\.csv\.{suffix}: the .* file ends in the middle"):
        read(path, "u", "i")


def test_a_file_that_is_not_what_its_name_says(tmp_path):
    for suffix in ("gz", "zst"):
        path = tmp_path / f"log.csv.{suffix}"
        path.write_bytes(b"u,i\n1,2\n")
        with pytest.raises(DataError, match=rf"log\.csv\.{suffix}: .* none"):
            read(path, "u", "i")


@pytest.mark.parametrize("encoding", ["cp1251", "klingon"])
def test_unknown_encodings(tmp_path, encoding):
    path = tmp_path / "log.csv"
    path.write_text("u,i\n1,2\n")
    with pytest.raises(DataError, match=f"encoding: '{encoding}' cannot be read"):
        read(path, "u", "i", encoding=encoding)


@pytest.mark.parametrize("encoding", ["latin1", "ISO-8859-1", "utf8", "ascii"])
def test_encodings_have_many_names(tmp_path, encoding):
    path = tmp_path / "log.csv"
    path.write_text("u,i\n1,2\n")
    assert read(path, "u", encoding=encoding)[0] == [[1]]
