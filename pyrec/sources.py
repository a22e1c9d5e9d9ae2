"""Sources: files, folders, databases and frames, each opened as a stream of Arrow batches.

DuckDB opens the files. It has a connection of its own for each source: no extension is fetched
behind the user's back, memory is limited, and temporary files have a folder that goes away.
"""

import csv
import difflib
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob, has_magic
from os import fspath
from pathlib import Path
from typing import Any, Literal

from pyrec.errors import DataError
from pyrec.runtime import resolve_threads

__all__ = ["Format", "Role", "Source", "Wanted", "column_names", "open_source"]

Role = Literal["id", "number", "time"]

_FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".dat": "csv", ".data": "csv",
    ".inter": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".duckdb": "duckdb", ".ddb": "duckdb", ".db": "duckdb",
}  # fmt: skip
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_DELIMITERS = (",", "\t", ";", "|", " ")
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT",
             "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}  # fmt: skip
_MEMORY_LIMIT = "4GB"


@dataclass(frozen=True)
class Format:
    """How to read files: what cannot be seen from the path, or shall not be inferred from it."""

    kind: str | None = None
    delimiter: str | None = None
    header: bool = True
    encoding: str = "utf-8"
    null_values: Sequence[str] = ("",)
    table: str | None = None
    query: str | None = None


@dataclass(frozen=True)
class Wanted:
    """A column to read: its name in the source, what it is for, and in which argument it came."""

    column: str
    role: Role
    argument: str


@dataclass(frozen=True)
class Source:
    """An open source.

    Parameters
    ----------
    name : str
        What errors call it.
    stream : object
        Has ``__arrow_c_stream__``: the wanted columns, in the order in which they were wanted.
    is_text : bool
        Whether values are text of which the type is still to be found out.
    notes : list of str
        What was inferred.
    """

    name: str
    stream: Any
    is_text: bool
    notes: list[str]


@contextmanager
def open_source(source: Any, wanted: Sequence[Wanted], form: Format) -> Iterator[Source]:
    """Open a path, a glob, a folder or an object with ``__arrow_c_stream__``.

    Raises
    ------
    DataError
        If there is no such source, it cannot be read, or a column is not there. Inside the block
        errors of DuckDB become errors that name the file and line, too.
    """
    if hasattr(source, "__arrow_c_stream__"):
        yield Source(type(source).__name__, source, False, [])
        return
    try:
        path = fspath(source)
    except TypeError:
        raise DataError(
            f"source: must be a path or have __arrow_c_stream__ (a pandas, polars, pyarrow or "
            f"DuckDB table), not {type(source).__name__}"
        ) from None
    files = _files(str(path))
    kind = form.kind or _kind(files)
    with _connection(str(files[0]) if kind == "duckdb" else ":memory:") as connection:
        try:
            sql, notes = _SQL[kind](connection, files, wanted, form)
            yield Source(str(path), connection.sql(sql), kind == "csv", notes)
        except connection.error as error:
            raise _explained(str(error), str(path)) from None


def column_names(source: Any, form: Format) -> list[str]:
    """Return the names of the columns that a file or folder has.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    with open_source(source, (), form) as opened:
        return [str(name) for name in opened.stream.columns]


class _Connection:
    def __init__(self, database: str, temporary: str) -> None:
        duckdb = _duckdb()
        self.error = duckdb.Error
        self._connection = duckdb.connect(
            database,
            read_only=database != ":memory:",
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "memory_limit": _MEMORY_LIMIT,
                "temp_directory": temporary,
                "threads": resolve_threads(),
            },
        )
        self.sql = self._connection.sql
        self.close = self._connection.close

    def first_line(self, file: Path, form: Format) -> str | None:
        """Return a text file's first line, or None if there is none."""
        found = self.sql(
            f"SELECT * FROM {_read_csv([file], form, chr(31), ['line'], header=False, quote='')}"
            " LIMIT 1"
        ).fetchall()
        return str(found[0][0] or "") if found else None


@contextmanager
def _connection(database: str) -> Iterator[_Connection]:
    with tempfile.TemporaryDirectory(prefix="pyrec-") as temporary:
        connection = _Connection(database, temporary)
        try:
            yield connection
        finally:
            connection.close()


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise DataError(
            'reading and writing files needs DuckDB: pip install "pyrec[app]"; '
            "without it, pass a pandas, polars or pyarrow table"
        ) from None
    return duckdb


def _files(path: str) -> list[Path]:
    """Return the files that a path, folder or glob means, in sorted order, all readable."""
    given = Path(path)
    if given.is_dir():
        known = {*_FORMATS, *_COMPRESSIONS}
        files = sorted(f for f in given.rglob("*") if f.is_file() and f.suffix in known)
        if not files:
            raise DataError(f"{path}: the folder has no files to read ({', '.join(_FORMATS)})")
    elif not given.exists() and has_magic(path):
        files = sorted(Path(f) for f in glob(path, recursive=True))  # noqa: PTH207
        if not files:
            raise DataError(f"{path}: no file matches")
    else:
        files = [given]
    for file in files:
        _check_readable(file)
    return files


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb") as opened:
            empty = not opened.read(1)
    except FileNotFoundError:
        names = [f.name for f in file.parent.iterdir()] if file.parent.is_dir() else []
        nearest = difflib.get_close_matches(file.name, names, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise DataError(f"{file}: there is no such file{hint}") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None
    if empty:
        raise DataError(f"{file}: the file is empty")


def _kind(files: list[Path]) -> str:
    kinds = {_FORMATS.get(_suffix(file), "") for file in files}
    if len(kinds) > 1:
        raise DataError(f"{files[0].parent}: the files have different formats; choose with a glob")
    kind = kinds.pop()
    if not kind:
        raise DataError(
            f"{files[0]}: unknown suffix {_suffix(files[0])!r}; known are {', '.join(_FORMATS)} "
            "(also with .gz or .zst), or say format='csv', 'parquet' or 'duckdb'"
        )
    return kind


def _suffix(file: Path) -> str:
    """Return the suffix that names the format: the last but one for ``log.csv.gz``."""
    plain = file.with_suffix("") if file.suffix in _COMPRESSIONS else file
    return plain.suffix.lower()


def _csv_sql(
    connection: _Connection, files: list[Path], wanted: Sequence[Wanted], form: Format
) -> tuple[str, list[str]]:
    notes: list[str] = []
    lines = [connection.first_line(file, form) for file in files]
    first = lines[0]
    if first is None:
        raise DataError(f"{files[0]}: the file is empty")
    delimiter = form.delimiter
    if delimiter is None:
        delimiter = _delimiter(first, files[0], wanted, form)
        notes.append(f"delimiter {delimiter!r} inferred")
    if form.header:
        for file, line in zip(files, lines, strict=True):
            if line != first:
                raise DataError(f"{file}: its header is not that of {files[0]}")
    fields = _fields(first, delimiter)
    names = fields if form.header else [str(i) for i in range(len(fields))]
    _check_columns(str(files[0]), names, wanted)
    table = _read_csv(files, form, delimiter, names, header=form.header, quote='"')
    columns = ", ".join(_quoted(w.column) for w in wanted) or "*"
    return f"SELECT {columns} FROM {table}", notes


def _delimiter(line: str, file: Path, wanted: Sequence[Wanted], form: Format) -> str:
    """Choose the delimiter under which the header has the wanted columns (else: most columns)."""
    if _suffix(file) in (".tsv", ".tab"):
        return "\t"

    def fitness(delimiter: str) -> tuple[int, int]:
        fields = _fields(line, delimiter)
        found = len({w.column for w in wanted} & set(fields)) if form.header else 0
        return found, len(fields)

    return max(_DELIMITERS, key=fitness)


def _fields(line: str, delimiter: str) -> list[str]:
    if len(delimiter) > 1:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter), [])


def _read_csv(
    files: list[Path], form: Format, delimiter: str, names: list[str], *, header: bool, quote: str
) -> str:
    columns = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in names)
    compression = _COMPRESSIONS.get(files[0].suffix, "none")
    nulls = ", ".join(map(_literal, form.null_values))
    return (
        f"read_csv([{', '.join(_literal(str(f)) for f in files)}], auto_detect=false, "
        f"columns={{{columns}}}, delim={_literal(delimiter)}, quote={_literal(quote)}, "
        f"escape={_literal(quote)}, header={header}, encoding={_literal(form.encoding)}, "
        f"compression='{compression}', nullstr=[{nulls}], strict_mode=true, null_padding=false)"
    )


def _parquet_sql(
    connection: _Connection, files: list[Path], wanted: Sequence[Wanted], form: Format
) -> tuple[str, list[str]]:
    paths = ", ".join(_literal(str(f)) for f in files)
    return _typed_sql(
        connection, str(files[0]), f"read_parquet([{paths}], binary_as_string=true)", wanted
    )


def _database_sql(
    connection: _Connection, files: list[Path], wanted: Sequence[Wanted], form: Format
) -> tuple[str, list[str]]:
    if (form.table is None) == (form.query is None):
        raise DataError(f"{files[0]}: a database needs table= or query=, one of the two")
    table = f"({form.query})" if form.query else _quoted(str(form.table))
    return _typed_sql(connection, str(files[0]), table, wanted)


def _typed_sql(
    connection: _Connection, name: str, table: str, wanted: Sequence[Wanted]
) -> tuple[str, list[str]]:
    relation = connection.sql(f"SELECT * FROM {table}")
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    _check_columns(name, list(relation.columns), wanted)
    columns = ", ".join(_cast(w, types[w.column]) for w in wanted) or "*"
    return f"SELECT {columns} FROM {table}", []


def _cast(wanted: Wanted, kind: str) -> str:
    """Bring types that Arrow readers seldom know (decimals, 128-bit integers, UUIDs) to plain."""
    column = _quoted(wanted.column)
    if wanted.role == "id" and kind not in _INTEGERS | {"VARCHAR", "FLOAT", "DOUBLE"}:
        return f"CAST({column} AS VARCHAR)"
    if kind.startswith("DECIMAL") or kind in ("HUGEINT", "UHUGEINT"):
        return f"CAST({column} AS DOUBLE)"
    return column


_SQL = {"csv": _csv_sql, "parquet": _parquet_sql, "duckdb": _database_sql}


def _check_columns(name: str, names: list[str], wanted: Sequence[Wanted]) -> None:
    for column in names:
        if names.count(column) > 1:
            raise DataError(f"{name}: column {column!r} occurs twice; rename one")
    for want in wanted:
        if want.column not in names:
            nearest = difflib.get_close_matches(want.column, names, n=1)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"it has {', '.join(names)}"
            raise DataError(f"{name}: {want.argument}: there is no column {want.column!r}; {hint}")


def _explained(message: str, name: str) -> DataError:
    """Turn DuckDB's message into one that names the file, the line and the remedy."""
    line = re.search(r"CSV Error on Line: (\d+)", message)
    file = re.search(r"^\s*file = (.+)$", message, re.MULTILINE)
    where = (file.group(1) if file else name) + (f", line {line.group(1)}" if line else "")
    lengths = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if lengths:
        return DataError(
            f"{where}: has {lengths.group(2)} fields, not {lengths.group(1)}; "
            "repair the row, or name another delimiter="
        )
    if "unterminated quote" in message:
        return DataError(f"{where}: a quote is opened and not closed; repair the row")
    if "not utf-8" in message:
        return DataError(f"{where}: not UTF-8 text; name its encoding=, such as 'latin-1'")
    if "end of GZIP" in message:
        return DataError(f"{where}: the gzip file ends in the middle; fetch it again")
    text = " ".join(message.split("\n\n")[0].split())
    return DataError(f"{where}: {text}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
