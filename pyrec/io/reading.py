"""Input and output: event logs, catalogues and ranked lists from and to files and frames."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pyrec._encode import Ids, Numbers, Times
from pyrec.data.catalogue import Catalogue
from pyrec.data.columns import owned
from pyrec.data.events import Events
from pyrec.data.provenance import Report
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError
from pyrec.io.formats import Format, TimeFormat
from pyrec.io.sources import Wanted, open_source
from pyrec.io.timestamps import to_utc

__all__ = ["read_events", "read_items"]

_ROLES: dict[str, Literal["id", "label", "number", "time"]] = {
    "user": "id",
    "item": "id",
    "event": "label",
    "timestamp": "time",
    "weight": "number",
    "session": "id",
}


def read_events(
    source: Any,
    *,
    user: str | int,
    item: str | int,
    event: str | int | None = None,
    timestamp: str | int | None = None,
    weight: str | int | None = None,
    session: str | int | None = None,
    timestamp_unit: Literal["s", "ms", "us", "ns"] | None = None,
    timestamp_format: str | None = None,
    timezone: str = "UTC",
    format: Literal["csv", "parquet", "duckdb"] | None = None,
    delimiter: str | None = None,
    quote: str = '"',
    header: bool = True,
    encoding: str = "utf-8",
    null_values: tuple[str, ...] | list[str] = ("",),
    table: str | None = None,
    query: str | None = None,
) -> Events:
    """Read a log of events from files, a database or a frame.

    Ids keep their type. Text files have none: there ids are integers if every one of them is
    written as a canonical integer (no leading zeros) or as an integral float (``17850.0``), and
    strings else. Rows are read in one pass and in bounded memory beyond the result.

    Nothing is dropped silently: `Events.report` has the number of rows, how many missed which
    value, and what was inferred. A row that misses a wanted value is left out and counted.

    Parameters
    ----------
    source : path or object
        A CSV or TSV file (plain, gzip, zstd), a Parquet file, a folder or glob of either, a DuckDB
        database, or any object with ``__arrow_c_stream__``: pandas, polars, pyarrow, DuckDB.
    user, item : str or int
        Columns of the ids. Numbers are positions, for files without a header.
    event : str or int, optional
        Column of the kind of event: view, cart, purchase.
    timestamp : str or int, optional
        Column of the time: a number since 1970, text, or a type of its own.
    weight : str or int, optional
        Column of a quantity or rating.
    session : str or int, optional
        Column of the visit, basket or order.
    timestamp_unit : {"s", "ms", "us", "ns"}, optional
        Unit of times that are numbers; inferred from their size by default.
    timestamp_format : str, optional
        Format of times that are text, such as ``"%d.%m.%Y %H:%M"``; ISO 8601 by default.
    timezone : str
        Zone of times that do not tell theirs.
    format : {"csv", "parquet", "duckdb"}, optional
        Format of a file whose suffix does not tell.
    delimiter : str, optional
        Of text files; by default the one under which the header has the columns.
    quote : str
        What quotes fields of text files; ``""`` if nothing does.
    header : bool
        Whether text files begin with a line of names.
    encoding : str
        Of text files: ``"utf-8"``, ``"latin-1"`` or ``"utf-16"``.
    null_values : sequence of str
        Texts that stand for a missing value in text files.
    table, query : str, optional
        Which table of a database to read, or what to ask it.

    Returns
    -------
    Events

    Raises
    ------
    DataError
        Naming the file and line, or the column and row, and the remedy.
    ConfigError
        If an option is wrong.
    MissingPackageError
        If a file is to be read and DuckDB is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> log = pd.DataFrame({"who": ["ann", "bob", None], "what": [7, 8, 8], "on": "2024-05-31"})
    >>> events = read_events(log, user="who", item="what", timestamp="on")
    >>> events.users.ids.tolist(), len(events)
    (['ann', 'bob'], 2)
    >>> print(events.report)
    read: rows 3, without user 1, events 2
      user: ids are strings
      item: ids are integers
      timestamp: times without a zone taken as UTC
    """
    form = Format(
        format=format, delimiter=delimiter, quote=quote, header=header, encoding=encoding,
        null_values=null_values,  # type: ignore[arg-type]
        table=table, query=query,
    )  # fmt: skip
    for name, column in (("user", user), ("item", item)):
        if not isinstance(column, str | int) or isinstance(column, bool):
            raise ConfigError(f"{name}: must be the name of a column, not {column!r}")
    if timestamp is None and (timestamp_unit or timestamp_format):
        raise ConfigError("timestamp: name the column that timestamp_unit or _format is about")
    if str(user) == str(item):
        raise ConfigError(f"item: column {item!r} is that of the users; name the one of the items")
    times = TimeFormat(
        timestamp_unit=timestamp_unit, timestamp_format=timestamp_format, timezone=timezone
    )
    arguments = {
        "user": user, "item": item, "event": event,
        "timestamp": timestamp, "weight": weight, "session": session,
    }  # fmt: skip
    wanted = [
        Wanted(_ROLES[argument], str(column), argument)
        for argument, column in arguments.items()
        if column is not None
    ]
    with open_source(source, form, [w.column for w in wanted]) as opened:
        columns = dict(
            zip(
                (w.argument for w in wanted),
                opened.read(wanted, times.timestamp_format),
                strict=True,
            )
        )
        return _events(opened.name, wanted, columns, times, list(opened.notes))


def read_items(
    source: Any, *, item: str | int, columns: Sequence[str | int] | None = None, **form: Any
) -> Catalogue:
    """Read what a shop knows of its items: titles, categories, prices.

    Parameters
    ----------
    source : path or object
        See `read_events`. It may be the log itself, if that has titles.
    item : str or int
        Column of the ids.
    columns : sequence of str or int, optional
        The others to read; all that hold text or numbers by default.
    **form
        How files are written: ``format``, ``delimiter``, ``quote``, ``header``, ``encoding``,
        ``null_values``, ``table`` and ``query`` of `read_events`.

    Returns
    -------
    Catalogue
        Text is a column of strings, empty where it is missing; numbers are float64 and NaN where
        they are missing. In text files everything is text. Where an item has several rows, the
        first one that has a value counts.

    Raises
    ------
    DataError
        Naming the file and line, or the column and row, and the remedy.
    ConfigError
        If an option is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> shop = pd.DataFrame({"sku": [7, 3], "title": ["tea", "cup"], "price": [2.5, None]})
    >>> items = read_items(shop, item="sku")
    >>> items.titles(), items.columns["price"].tolist()
    ({3: 'cup', 7: 'tea'}, [nan, 2.5])
    """
    with open_source(source, Format(**form), [str(item)]) as opened:
        if columns is None:
            held = [c for c, kind in opened.columns.items() if c != str(item) and kind != "other"]
        else:
            held = [str(column) for column in columns]
        wanted = [Wanted("id", str(item), "item")] + [
            Wanted(
                "number" if opened.columns.get(column) == "number" else "label", column, "columns"
            )
            for column in held
        ]
        ids, *read = opened.read(wanted)
        assert isinstance(ids, Ids)
        there = ids.codes >= 0
        if not np.any(there):
            raise DataError(f"{opened.name}: no row has an item")
        vocabulary = Vocabulary.of_column(ids.ids)
        # Backwards, because of several values for one place numpy keeps the last.
        rows, order = ids.codes[there][::-1], np.flatnonzero(there)[::-1]
        return Catalogue(
            vocabulary,
            {
                name: _per_item(column, rows, order, len(vocabulary))
                for name, column in zip(held, read, strict=True)
            },
            Report().then("read", _told(ids, len(vocabulary)), opened.notes),
        )


def _told(ids: Ids, distinct: int) -> dict[str, int]:
    """Count the rows of a catalogue, and those that are no item of their own."""
    rows = len(ids.codes)
    counts = {"rows": rows, "without item": ids.missing, "repeats of an item": 0, "items": distinct}
    counts["repeats of an item"] = rows - ids.missing - distinct
    return {name: count for name, count in counts.items() if count}


def _per_item(
    column: Ids | Numbers | Times, rows: NDArray[np.int32], order: NDArray[np.int64], n: int
) -> NDArray[Any]:
    """Return the value of each of `n` items, given the item of each of the rows in `order`."""
    if isinstance(column, Ids):
        codes = column.codes[order]
        first = np.full(n, -1, dtype=np.int32)
        first[rows[codes >= 0]] = codes[codes >= 0]
        return Vocabulary.of_column(column.ids).texts(first)
    values = column.values.astype(np.float64)
    values[column.missing] = np.nan
    numbers = values[order]
    result = np.full(n, np.nan)
    result[rows[~np.isnan(numbers)]] = numbers[~np.isnan(numbers)]
    return result


def _events(
    name: str,
    wanted: Sequence[Wanted],
    columns: dict[str, Any],
    times: TimeFormat,
    notes: list[str],
) -> Events:
    rows = len(columns["user"].codes)
    if rows == 0:
        raise DataError(f"{name}: has a header but no rows")
    keep, counts = _complete(columns, rows)
    kept = int(keep.sum())
    if not kept:
        raise DataError(f"{name}: no row has all of {', '.join(w.column for w in wanted)}")

    def chosen(values: NDArray[Any]) -> NDArray[Any]:
        return values if kept == rows else values[keep]

    fields: dict[str, Any] = {}
    for want in wanted:
        column = columns[want.argument]
        try:
            if isinstance(column, Ids):
                fields |= _ids(want.argument, column, chosen, notes)
            elif isinstance(column, Times):
                values, told = to_utc(column, times)
                notes += [f"{want.argument}: {note}" for note in told]
                fields["timestamps"] = owned(chosen(values))
            else:
                fields["weights"] = owned(chosen(_weights(column)))
        except DataError as error:
            raise DataError(f"{name}: {want.argument}: column {want.column!r}: {error}") from None
    report = Report().then("read", counts | {"events": kept}, notes)
    return Events(**fields, report=report)


def _complete(columns: dict[str, Any], rows: int) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which rows have all values, and how many rows there are and miss which."""
    keep = np.ones(rows, bool)
    counts = {"rows": rows}
    for argument, column in columns.items():
        if isinstance(column, Ids):
            keep &= column.codes >= 0
            missing = column.missing
        else:
            keep[column.missing] = False
            missing = len(column.missing)
        if missing:
            counts[f"without {argument}"] = missing
    return keep, counts


def _ids(
    argument: str,
    column: Ids,
    chosen: Callable[[NDArray[Any]], NDArray[Any]],
    notes: list[str],
) -> dict[str, Any]:
    """Turn a column of codes into the fields of Events that it is for."""
    vocabulary, rows = Vocabulary.of_column(column.ids).used(chosen(column.codes))
    if column.converted:
        notes.append(f"{argument}: floats such as 17850.0 read as integers")
    if argument in ("user", "item"):
        notes.append(f"{argument}: ids are {'integers' if vocabulary.is_integer else 'strings'}")
        return {f"{argument}s": vocabulary, f"{argument}_rows": owned(rows)}
    if argument == "session":
        # Integers stay what they are; names are numbered.
        values = vocabulary.ids[rows] if vocabulary.is_integer else rows.astype(np.int64)
        return {"sessions": owned(values)}
    if len(vocabulary) > 32:
        raise DataError(
            f"has {len(vocabulary)} kinds of event, {vocabulary.decode(0)!r} and others; "
            "there may be 32"
        )
    names = tuple(str(name) for name in vocabulary.ids.tolist())
    return {"kinds": owned(rows.astype(np.uint8)), "kind_names": names}


def _weights(column: Numbers) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        weights = column.values.astype(np.float32)
    if not np.all(np.isfinite(weights)):
        at = int(np.argmax(~np.isfinite(weights)))
        raise DataError(
            f"row {at + 1}: {column.values[at]} is not a finite number; repair it or leave it empty"
        )
    return weights
