"""Writing: tables to CSV, TSV and Parquet, whole or not at all."""

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyrec.arguments import as_path, require
from pyrec.data.arrow import Columns, Stream, stream
from pyrec.data.ranking import Ranking
from pyrec.errors import DataError
from pyrec.io.database import connect, literal
from pyrec.io.durable import sync

__all__ = ["join_parquet", "replacing", "write_ranking", "write_table"]

_FORMATS = {
    ".csv": "FORMAT csv, HEADER, DELIMITER ','",
    ".tsv": "FORMAT csv, HEADER, DELIMITER '\t'",
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
}
_COMPRESSIONS = {".gz": ", COMPRESSION gzip", ".zst": ", COMPRESSION zstd"}


def write_table(table: Columns | Iterable[Columns] | Stream | Any, path: str | Path) -> None:
    """Write a table to a file, whose suffix says how: CSV, TSV or Parquet.

    The file appears under its name when it is whole and on the disk; until then it has another one,
    and it is removed if anything goes wrong. A device or a pipe is written to directly.

    Parameters
    ----------
    table : mapping, iterable of mappings, or object with ``__arrow_c_stream__``
        Columns by name, as `pyrec.data.arrow.stream` takes them, or any data frame. Batches of an
        iterator are written as they come, in bounded memory.
    path : path
        Ends in ``.csv``, ``.tsv`` (both also with ``.gz`` or ``.zst``) or ``.parquet``.

    Raises
    ------
    DataError
        If the suffix is unknown, or the file cannot be written: no folder, no permission, no space.
    MissingPackageError
        If DuckDB is not installed.

    An error of the iterator is raised as it is.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "prices.csv")
    ...     write_table({"item": np.array(["cup", "tea"]), "price": np.array([4, 2.5])}, path)
    ...     print(path.read_text(), end="")
    item,price
    cup,4.0
    tea,2.5
    """
    path = as_path(path)
    options = _options(path)
    target = Path(os.path.realpath(path))
    data = table if hasattr(table, "__arrow_c_stream__") else stream(table)
    if target.exists() and not target.is_file():
        _copy(data, target, target, options)
        return
    with replacing(target) as part:
        _copy(data, part, target, options)


def write_ranking(ranking: Ranking, path: str | Path) -> None:
    """Write ranked lists, one entry a line: ``user_id``, ``item_id``, ``score``, ``rank``.

    Parameters
    ----------
    ranking : Ranking
        The lists; entries that a short list has not are not written, nor is ``user_id`` for a
        single list.
    path : path
        See `write_table`.

    Raises
    ------
    DataError
        See `write_table`.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> model = pyrec.Popularity().fit(sp.csr_array([[1, 0, 1], [0, 0, 1]]))
    >>> write_ranking(model.recommend([0, 1], k=2), "lists.csv")
    >>> from pathlib import Path
    >>> print(Path("lists.csv").read_text().strip())
    user_id,item_id,score,rank
    0,1,0.0,1
    1,0,1.0,1
    1,1,0.0,2
    """
    require(ranking, Ranking, "ranking", "write_table takes other tables")
    write_table(ranking, path)


def join_parquet(files: Sequence[Path], path: str | Path) -> None:
    """Write the rows of Parquet files with the same columns, one after the other, to one file.

    Parameters
    ----------
    files : sequence of path
        At least one.
    path : path
        See `write_table`.

    Raises
    ------
    DataError
        See `write_table`.
    """
    target = Path(os.path.realpath(as_path(path)))
    options = _options(target)
    names = ", ".join(literal(str(file)) for file in files)
    with replacing(target) as part:
        _copy(None, part, target, options, f"read_parquet([{names}])")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a file to write, which takes the place of `target` when it is whole and on the disk.

    It is ``.NAME.XXXXXXXX.part`` beside it, and removed if anything goes wrong.

    Raises
    ------
    DataError
        In place of any `OSError` that is none of ours.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        sync(part)
        part.replace(target)
        sync(target.parent)
    except OSError as error:
        if error.strerror is None:  # one of ours
            raise
        raise DataError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        part.unlink(missing_ok=True)


def _options(target: Path) -> str:
    compression = _COMPRESSIONS.get(target.suffix, "")
    suffix = target.with_suffix("").suffix if compression else target.suffix
    if suffix not in _FORMATS or (compression and suffix == ".parquet"):
        known = ", ".join(_FORMATS)
        raise DataError(f"{target}: unknown suffix {target.suffix!r}; known are {known}")
    return _FORMATS[suffix] + compression


def _copy(data: Any, file: Path, target: Path, options: str, source: str = "data") -> None:
    if not file.parent.is_dir():
        raise DataError(f"{file.parent}: there is no such folder")
    # One thread: the rows stay in order and DuckDB does not collect them ahead of the disk.
    with connect(name=str(target), threads=1) as connection:
        if data is not None:
            connection.register("data", data)
        try:
            connection.execute(f"COPY (FROM {source}) TO {literal(str(file))} ({options})")
        except BaseException:
            # DuckDB has made another error of what the producer of the rows raised.
            if isinstance(data, Stream) and data.error is not None:
                raise data.error from None
            raise
