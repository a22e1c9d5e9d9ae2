"""Adjacency lists: the files in which splits of published comparisons come."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from pyrec._encode import parse_adjacency
from pyrec.arguments import as_path
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.io.compression import check_whole
from pyrec.io.sources import check_readable

__all__ = ["read_adjacency"]


def read_adjacency(path: str | Path) -> Interactions:
    r"""Read lines ``user item item ...`` of integers, plain or gzip.

    A pair weighs as often as it occurs. A user of a line without items is kept, with none.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Interactions

    Raises
    ------
    DataError
        If the file cannot be read or is cut off, or a word is not an integer; names the line.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "train.txt")
    ...     _ = path.write_text("7 1 2\n3 2\n")
    ...     read_adjacency(path).to_scipy().toarray().tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    file = as_path(path)
    check_readable(file)
    check_whole(file)
    if file.suffix == ".zst":
        raise DataError(f"{file}: adjacency lists are read plain or as gzip; unpack it")
    try:
        text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except EOFError:
        raise DataError(f"{file}: the gzip file ends in the middle; fetch it again") from None
    except (OSError, zlib.error) as error:
        raise DataError(f"{file}: cannot be read ({error})") from None
    try:
        user_ids, offsets, item_ids = parse_adjacency(text)
    except DataError as error:
        raise DataError(f"{file}, {error}") from None
    if not len(user_ids):
        raise DataError(f"{file}: has no lines")
    users, user_rows = Vocabulary.factorize(user_ids)
    items, item_rows = Vocabulary.factorize(item_ids)
    return Events(users, items, np.repeat(user_rows, np.diff(offsets)), item_rows).aggregate(
        "count"
    )
