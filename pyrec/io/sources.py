"""Sources: files, folders, databases and frames, each opened as a stream of Arrow batches."""

import difflib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape, glob, has_magic
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

from pyrec._encode import Ids, Numbers, Stream, StreamError, Times
from pyrec.arguments import as_path
from pyrec.errors import ConfigError, DataError
from pyrec.io.compression import verified
from pyrec.io.database import connect, explained, identifier, literal
from pyrec.io.formats import Format
from pyrec.io.textfiles import text_table
from pyrec.runtime import resolve_threads

__all__ = ["Source", "Wanted", "check_readable", "column_names", "open_source"]

_FORMATS = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".dat": "csv", ".data": "csv",
    ".inter": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".duckdb": "duckdb", ".ddb": "duckdb", ".db": "duckdb",
}  # fmt: skip
_COMPRESSIONS = (".gz", ".zst")
_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT",
             "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}  # fmt: skip
_WIDE = {"HUGEINT", "UHUGEINT", "BIGNUM"}
_ARROW_TEXT = {"u", "U", "vu"}
_ARROW_NUMBERS = set("bcCsSiIlLfg")


@dataclass(frozen=True)
class Wanted:
    """A column to read: what it is for, its name in the source, the argument that named it.

    The role ``"id"`` is for ids, which in text may be integers, ``"label"`` for names that never
    are.
    """

    role: Literal["id", "label", "number", "time"]
    column: str
    argument: str


@dataclass(frozen=True)
class Source:
    """An open source: its name for errors, what its columns hold, and what was inferred.

    `stream` gives a stream of wanted columns, and for each its position in there and whether it is
    text of which the type is still to be found out. `files` are those that it reads.
    """

    name: str
    columns: dict[str, Literal["text", "number", "other"]]
    notes: list[str]
    stream: Callable[[Sequence[Wanted]], tuple[Stream, list[int], list[bool]]]
    files: Sequence[Path] = ()

    def read(
        self, wanted: Sequence[Wanted], time_format: str | None = None
    ) -> list[Ids | Numbers | Times]:
        """Read the wanted columns in one pass over the source.

        Raises
        ------
        DataError
            If a column is missing or a value is not what its column is for.
        """
        for want in wanted:
            if want.column not in self.columns:
                raise DataError(
                    f"{self.name}: {want.argument}: there is no column {want.column!r}"
                    + _suggested(want.column, list(self.columns))
                )
        with verified(self.files):
            return self._columns(wanted, time_format)

    def _columns(
        self, wanted: Sequence[Wanted], time_format: str | None
    ) -> list[Ids | Numbers | Times]:
        stream, positions, are_text = self.stream(wanted)
        columns: list[tuple[int, str, Any]] = []
        for want, position, is_text in zip(wanted, positions, are_text, strict=True):
            option = {"id": is_text, "label": False, "number": None, "time": time_format}
            role = "id" if want.role == "label" else want.role
            columns.append((position, role, option[want.role]))
        try:
            return stream.read(columns, resolve_threads())
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from None
        except StreamError as error:
            raise explained(str(error), self.name) from None


@contextmanager
def open_source(source: Any, form: Format, expected: Sequence[str] = ()) -> Iterator[Source]:
    """Open a path, a glob, a folder or an object with ``__arrow_c_stream__``.

    Parameters
    ----------
    source : path or object
        What to open.
    form : Format
        How files are written.
    expected : sequence of str
        Names of columns by which the delimiter of text is recognised.

    Raises
    ------
    DataError
        If there is no such source or it cannot be read; also in place of DuckDB's errors inside
        the block.
    """
    if hasattr(source, "__arrow_c_stream__"):
        if form != Format():
            raise ConfigError("format, delimiter and the like are for files; a frame needs none")
        yield _frame(source)
        return
    if not isinstance(source, str | bytes | PathLike) or not fspath(source):
        raise DataError(
            "source: must be a path or have __arrow_c_stream__ (a pandas, polars, pyarrow or "
            f"DuckDB table), not {source!r:.80}"
        )
    path = as_path(source, "source")
    try:
        files = _files(path)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read ({reason})") from None
    kind = form.format or _kind(files)
    if kind != "duckdb" and (form.table or form.query):
        raise DataError(f"{path}: table= and query= are for database files")
    name = str(files[0] if len(files) == 1 else path)
    with connect(str(files[0]) if kind == "duckdb" else None, name=name) as connection:
        notes: list[str] = []
        if kind == "csv":
            table, names, notes = text_table(connection, files, expected, form)
            types = ["VARCHAR"] * len(names)
            places = list(map(str, range(len(names))))
        else:
            table = _parquet(files) if kind == "parquet" else _of_database(files[0], form)
            relation = connection.sql(f"SELECT * FROM {table}")
            names, types = list(relation.columns), list(map(str, relation.types))
            places = names

        def stream(wanted: Sequence[Wanted]) -> tuple[Stream, list[int], list[bool]]:
            held = [names.index(w.column) for w in wanted]
            columns = [identifier(places[i]) for i in held]
            casts = [
                _cast(w.role, column, types[i])
                for w, column, i in zip(wanted, columns, held, strict=True)
            ]
            chosen = [cast or column for cast, column in zip(casts, columns, strict=True)]
            opened = Stream(connection.sql(f"SELECT {', '.join(chosen)} FROM {table}"))
            are_text = [kind == "csv" or bool(cast) for cast in casts]
            return opened, list(range(len(wanted))), are_text

        contents = dict(zip(names, map(_content, types), strict=True))
        yield Source(name, contents, notes, stream, files)


def column_names(source: Any, form: Format | None = None) -> list[str]:
    """Return the names of the columns that a source has.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    with open_source(source, form or Format()) as opened:
        return list(opened.columns)


def _frame(source: Any) -> Source:
    name = type(source).__name__
    try:
        stream = Stream(source)
    except StreamError as error:
        raise DataError(f"{name}: {error}") from None
    except Exception as error:
        # Whatever the library that made it raises, such as for a column of several types.
        reason = "; ".join(map(str, error.args))
        raise DataError(
            f"{name}: cannot be read as Arrow ({reason}); give each column one name and one type"
        ) from error
    names = [column for column, _ in stream.fields]
    contents: dict[str, Any] = {
        column: "text" if kind in _ARROW_TEXT else "number" if kind in _ARROW_NUMBERS else "other"
        for column, kind in stream.fields
    }
    for column in names:
        if names.count(column) > 1:
            raise DataError(f"{name}: column {column!r} occurs twice; rename one")

    def positioned(wanted: Sequence[Wanted]) -> tuple[Stream, list[int], list[bool]]:
        return stream, [names.index(w.column) for w in wanted], [False] * len(wanted)

    return Source(name, contents, [], positioned)


def _files(path: Path) -> list[Path]:
    """Return the files that a path, folder or glob means, in sorted order, all readable."""
    if path.is_dir():
        known = {*_FORMATS, *_COMPRESSIONS}
        files = sorted(f for f in _below(path) if f.is_file() and f.suffix.lower() in known)
        if not files:
            raise DataError(f"{path}: the folder has no files to read ({', '.join(_FORMATS)})")
    elif not path.exists() and has_magic(str(path)):
        files = sorted(Path(f) for f in glob(str(path), recursive=True))  # noqa: PTH207
        if not files:
            raise DataError(f"{path}: no file matches")
    else:
        files = [path]
    for file in files:
        check_readable(file)
    return files


def _below(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder and its folders; raise for one that may not be looked into."""
    for entry in folder.iterdir():
        yield entry
        if entry.is_dir():
            yield from _below(entry)


def check_readable(file: Path) -> None:
    """Raise if a file is not there, cannot be read, or is empty.

    Raises
    ------
    DataError
        Naming the file, and the nearest name if there is none of that name.
    """
    try:
        if file.exists() and not file.is_file() and not file.is_dir():
            raise DataError(f"{file}: a pipe or device cannot be read twice; write it to a file")
        with file.open("rb") as opened:
            empty = not opened.read(1)
    except FileNotFoundError:
        names = [f.name for f in file.parent.iterdir()] if file.parent.is_dir() else []
        nearest = difflib.get_close_matches(file.name, names, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise DataError(f"{file}: there is no such file{hint}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{file}: cannot be read ({reason})") from None
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


def _parquet(files: list[Path]) -> str:
    paths = ", ".join(literal(escape(str(file))) for file in files)
    return f"read_parquet([{paths}], binary_as_string=true)"


def _of_database(file: Path, form: Format) -> str:
    if (form.table is None) == (form.query is None):
        raise DataError(f"{file}: a database needs table= or query=, one of the two")
    return identifier(str(form.table)) if form.query is None else f"({form.query.rstrip('; ')})"


def _content(kind: str) -> Literal["text", "number", "other"]:
    """Tell what a type of DuckDB holds, as far as catalogues are concerned."""
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        return "text"
    numbers = _INTEGERS | _WIDE | {"FLOAT", "DOUBLE", "BOOLEAN"}
    return "number" if kind in numbers or kind.startswith("DECIMAL") else "other"


def _cast(role: str, column: str, kind: str) -> str:
    """Return what makes plain what few readers of Arrow know: decimals, 128-bit integers, UUIDs."""
    as_it_is = _INTEGERS | {"VARCHAR", "FLOAT", "DOUBLE"}
    if role in ("id", "label") and kind not in as_it_is and not kind.startswith("ENUM"):
        return f"CAST({column} AS VARCHAR)"
    if role == "number" and (kind.startswith("DECIMAL") or kind in _WIDE):
        return f"CAST({column} AS DOUBLE)"
    return ""


def _suggested(name: str, names: list[str]) -> str:
    nearest = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {nearest[0]!r}?" if nearest else f"; it has {', '.join(names)}"
