"""Text files: delimiter, header and encoding, and the SQL by which DuckDB reads them as text.

DuckDB's sniffer is not asked: it would decide types and dialect file by file, from a sample.
"""

import codecs
import csv
from collections.abc import Collection, Sequence
from glob import escape
from pathlib import Path
from typing import Any

from pyrec.config import suggestion
from pyrec.errors import DataError
from pyrec.io.compression import check_whole
from pyrec.io.database import identifier, literal
from pyrec.io.formats import Format

__all__ = ["text_table"]

_DELIMITERS = (",", "\t", ";", "|", " ")
# What DuckDB reads by itself, under the names that Python's codecs have for it.
_ENCODINGS = {"utf-8": "utf-8", "ascii": "utf-8", "iso8859-1": "latin-1", "utf-16": "utf-16"}


def text_table(
    connection: Any, files: Sequence[Path], wanted: Collection[str], form: Format
) -> tuple[str, list[str], list[str]]:
    """Return the SQL that reads the files, the names of its columns, and what was inferred.

    All values are read as text: what ids are is decided from all of them, not from a sample. In SQL
    columns go by their position, from 0: its names would not differ by case alone.

    Raises
    ------
    DataError
        If a file is empty or cut off, or headers differ.
    """
    for file in files:
        check_whole(file)
    encoding = _encoding(form.encoding)
    first, *others = [_first_line(connection, file, encoding) for file in files]
    notes = []
    delimiter = form.delimiter
    if delimiter is None:
        delimiter = _delimiter(first, files[0], wanted if form.header else ())
        notes.append(f"delimiter {delimiter!r} inferred")
    if form.header:
        for file, line in zip(files[1:], others, strict=True):
            if line != first:
                raise DataError(f"{file}: its header is not that of {files[0]}")
    fields = _fields(first, delimiter, form.quote)
    names = fields if form.header else [str(i) for i in range(len(fields))]
    for name in names:
        if name and names.count(name) > 1:  # of nameless ones there may be several
            raise DataError(f"{files[0]}: column {name!r} occurs twice; rename one")
    places = list(map(str, range(len(names))))
    sql = _read_csv(files, places, delimiter, form.quote, form.header, encoding, form.null_values)
    return sql, names, notes


def _encoding(name: str) -> str:
    try:
        return _ENCODINGS[codecs.lookup(name).name]
    except LookupError:
        known = ["utf-8", "latin-1", "utf-16"]
        raise DataError(f"encoding: {name!r} cannot be read{suggestion(name, known)}") from None


def _first_line(connection: Any, file: Path, encoding: str) -> str:
    # As a table of one column: through the same decompression and decoding as all the rest.
    whole = _read_csv([file], ["line"], "\x1f", "", False, encoding, ())
    rows = connection.sql(f"SELECT * FROM {whole} LIMIT 1").fetchall()
    if not rows:
        raise DataError(f"{file}: the file is empty")
    return str(rows[0][0] or "")


def _delimiter(line: str, file: Path, wanted: Collection[str]) -> str:
    """Choose the delimiter under which the header has most of the wanted columns (else: most)."""
    if ".tsv" in file.suffixes:
        return "\t"

    def fitness(delimiter: str) -> tuple[int, int]:
        fields = _fields(line, delimiter, '"')
        return len(set(wanted) & set(fields)), len(fields)

    return max(_DELIMITERS, key=fitness)


def _fields(line: str, delimiter: str, quote: str) -> list[str]:
    if len(delimiter) > 1 or not quote:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, quotechar=quote), [])


def _read_csv(
    files: Sequence[Path],
    names: Sequence[str],
    delimiter: str,
    quote: str,
    header: bool,
    encoding: str,
    null_values: Sequence[str],
) -> str:
    paths = ", ".join(literal(escape(str(file))) for file in files)
    columns = ", ".join(f"{identifier(name)}: 'VARCHAR'" for name in names)
    nulls = ", ".join(map(literal, null_values))
    return (
        f"read_csv([{paths}], auto_detect=false, columns={{{columns}}}, delim={literal(delimiter)},"
        f" quote={literal(quote)}, escape={literal(quote)}, header={header}, strict_mode=true,"
        f" null_padding=false, encoding={literal(encoding)}, compression='auto'"
        + (f", nullstr=[{nulls}])" if nulls else ")")
    )
