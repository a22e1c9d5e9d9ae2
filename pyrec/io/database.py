"""Database: DuckDB, which reads and writes our files, on a connection of its own for each task.

No extension is fetched behind the user's back, memory is limited, and temporary files have a folder
that goes away with the connection.
"""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyrec.errors import DataError
from pyrec.extras import need
from pyrec.runtime import resolve_threads

__all__ = ["connect", "explained", "identifier", "literal"]

# Readers and writers stream: they need little. A query that sorts more than this uses the disk.
_MEMORY_LIMIT = "4GB"


@contextmanager
def connect(database: str | None = None, *, name: str, threads: int | None = None) -> Iterator[Any]:
    """Give a connection to a database file, opened for reading only, or to an empty one in memory.

    Raises
    ------
    MissingPackageError
        If DuckDB is not installed.
    DataError
        In place of any error of DuckDB inside the block; names `name`, or the file and line.
    """
    duckdb = need("duckdb", "reading and writing files")
    with tempfile.TemporaryDirectory(prefix="pyrec-") as temporary:
        config = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": _MEMORY_LIMIT,
            "temp_directory": temporary,
            "threads": threads or resolve_threads(),
        }
        try:
            connection = duckdb.connect(database or ":memory:", bool(database), config)
        except duckdb.Error as error:
            raise explained(str(error), name) from None
        try:
            _without_background_io(connection)
            yield connection
        except duckdb.Error as error:
            raise explained(str(error), name) from None
        finally:
            connection.close()


def _without_background_io(connection: Any) -> None:
    # Where DuckDB has threads of its own for reading and writing, a statement that fails may wait
    # for them forever (2.0; https://github.com/duckdb/duckdb/issues/23885).
    known = "SELECT 1 FROM duckdb_settings() WHERE name = 'async_threads'"
    if connection.sql(known).fetchall():
        connection.execute("SET async_threads = 0")


def explained(message: str, name: str) -> DataError:
    """Turn DuckDB's message into an error that names the file, the line and the remedy."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    file = re.search(r"^\s*file = (.+)$", message, re.MULTILINE)
    where = (file.group(1) if file else name) + (f", line {line.group(1)}" if line else "")
    for pattern, remedy in _REMEDIES.items():
        found = re.search(pattern, message)
        if found:
            return DataError(f"{where}: {remedy.format(*found.groups())}")
    text = " ".join(message.split("\n\n")[0].split())
    return DataError(f"{where}: {text[:400]}")


_REMEDIES = {
    r"Maximum line size of (\d+) bytes exceeded": (
        "the line is longer than {0} bytes; is a quote not closed, or the delimiter another one?"
    ),
    r"Expected Number of Columns: (\d+) Found: (\d+)": (
        "has {1} fields, not {0}; repair the row, or name another delimiter="
    ),
    r"unterminated quote|quote should be followed by": (
        "a quote is not closed, or stands inside a field; repair the row, or switch quotes off "
        "with quote=''"
    ),
    r"not utf-8|Invalid unicode": "not UTF-8 text; name its encoding=, such as 'latin-1'",
    r"end of GZIP": "the gzip file ends in the middle, or is followed by something; fetch it again",
    r"not a GZIP stream": "the name says gzip but it is none; rename the file",
    r"ZSTD|zstd": "no whole zstd file; fetch it again",
    r"No magic bytes|not a Parquet|too small to be a Parquet": (
        "no whole Parquet file; fetch it again"
    ),
    r"not a valid DuckDB database": "not a DuckDB database",
    r"(No space left on device|File too large|Permission denied)": "cannot be written ({0})",
    r"invalid state": "lines end in different ways; make all of them end in the same",
}


def identifier(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"
