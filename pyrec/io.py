"""Input and output: event logs, catalogues and ranked lists from and to files and frames."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyrec.errors import DataError
from pyrec.events import Events
from pyrec.provenance import Report
from pyrec.sources import Format, Wanted, open_source
from pyrec.vocabulary import Vocabulary

__all__ = ["read_events"]


def read_events(
    source: Any,
    *,
    user: str | int,
    item: str | int,
    event: str | int | None = None,
    timestamp: str | int | None = None,
    weight: str | int | None = None,
    session: str | int | None = None,
    timestamp_unit: str | None = None,
    timestamp_format: str | None = None,
    timezone: str = "UTC",
    format: str | None = None,
    delimiter: str | None = None,
    header: bool = True,
    encoding: str = "utf-8",
    null_values: Sequence[str] = ("",),
    table: str | None = None,
    query: str | None = None,
) -> Events:
    """Read an event log."""
    given = {
        "user": user, "item": item, "event": event,
        "timestamp": timestamp, "weight": weight, "session": session,
    }  # fmt: skip
    roles = {"timestamp": "time", "weight": "number"}
    wanted = [
        Wanted(str(column), roles.get(argument, "id"), argument)  # type: ignore[arg-type]
        for argument, column in given.items()
        if column is not None
    ]
    form = Format(format, delimiter, header, encoding, null_values, table, query)
    with open_source(source, wanted, form) as opened:
        fetched = opened.stream.fetchnumpy()
        notes = opened.notes
    columns = {w.argument: np.ma.asarray(fetched[w.column]) for w in wanted}
    rows = len(columns["user"])
    if rows == 0:
        raise DataError(f"{source}: has no rows")
    counts = {"rows": rows}
    missing = {a: np.ma.getmaskarray(columns[a]) for a in columns}
    for argument, mask in missing.items():
        if mask.any():
            counts[f"{argument} missing"] = int(mask.sum())
    keep = ~(missing["user"] | missing["item"])
    users, user_rows = _coded(columns["user"][keep].data)
    items, item_rows = _coded(columns["item"][keep].data)
    fields: dict[str, Any] = {}
    if event is not None:
        names, codes = np.unique(columns["event"][keep].astype(str), return_inverse=True)
        fields.update(kinds=codes.astype(np.uint8), kind_names=tuple(names.tolist()))
    if weight is not None:
        fields["weights"] = np.ma.filled(columns["weight"][keep].astype(np.float32), 1)
    if session is not None:
        fields["sessions"] = _coded(columns["session"][keep].data)[1].astype(np.int64)
    if timestamp is not None:
        fields["timestamps"] = _microseconds(columns["timestamp"][keep].data)
    events = Events(users, items, user_rows, item_rows, **fields)
    return _with_report(events, Report().then("read", counts, notes))


def _with_report(events: Events, report: Report) -> Events:
    if "report" in Events.__dataclass_fields__:
        object.__setattr__(events, "report", report)
    return events


def _coded(values: NDArray[Any]) -> tuple[Vocabulary, NDArray[np.int32]]:
    ids, codes = np.unique(values.astype(str), return_inverse=True)
    try:
        numbers = ids.astype(np.float64).astype(np.int64)
        order = np.argsort(numbers)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        return Vocabulary(numbers[order]), rank[codes].astype(np.int32)
    except ValueError:
        return Vocabulary(ids), codes.astype(np.int32)


def _microseconds(values: NDArray[Any]) -> NDArray[np.int64]:
    try:
        numbers = values.astype(np.float64)
    except ValueError:
        return values.astype(str).astype("datetime64[us]").astype(np.int64)
    scale = 10.0 ** (6 - 3 * np.searchsorted([1e11, 1e14, 1e17], np.median(numbers)))
    return (numbers * scale).astype(np.int64)
