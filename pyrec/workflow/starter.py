"""A configuration to start from: what can be told about a log by looking at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyrec.data.events import Events
from pyrec.io.formats import Format
from pyrec.io.reading import read_events
from pyrec.io.sources import column_names
from pyrec.workflow.guess import guess_columns, guess_event_weights, guess_target

__all__ = ["MODEL", "Starter", "starter"]

MODEL: dict[str, Any] = {
    "name": "als",
    "factors": 64,
}
"""A model that does well on most logs without being tuned, such as those of ``examples/``."""


@dataclass(frozen=True)
class Starter:
    """A log, a configuration for it as plain options, and what was guessed, in words."""

    events: Events
    options: dict[str, Any]
    notes: list[str]


def starter(
    path: str | Path,
    columns: Mapping[str, str | None] | None = None,
    *,
    header: bool = True,
    delimiter: str | None = None,
) -> Starter:
    """Read a log and propose how to run it.

    Parameters
    ----------
    path : path
        The log.
    columns : mapping
        Which column is what, as far as it is known: ``{"user": "visitorid"}``.
    header, delimiter
        As in `read_events`.

    Raises
    ------
    ConfigError
        If the columns of users or items cannot be told.
    DataError
        If the log cannot be read.
    """
    known = dict(columns or {})
    form: dict[str, Any] = {} if header else {"header": False}
    if delimiter is not None:
        form["delimiter"] = delimiter
    names = column_names(path, Format(**form))
    found: dict[str, Any] = {**guess_columns(names, known)}
    notes = [
        f"{role}: column {column!r}" + ("" if known.get(role) else " (guessed from its name)")
        for role, column in found.items()
    ]
    events = read_events(path, **found, **form)
    data: dict[str, Any] = {"path": str(Path(path).resolve()), **found, **form}
    split: dict[str, Any] = {"method": "random" if events.timestamps is None else "time"}
    if events.kind_names:
        data["event_weights"] = guess_event_weights(events.kind_names)
        weights = ", ".join(f"{kind} {weight:g}" for kind, weight in data["event_weights"].items())
        notes.append(f"weights of events: {weights} (guessed from their names)")
        if target := guess_target(events.kind_names):
            split["target"] = target
            notes.append(f"judged on: {target} (guessed from its name)")
    options = {"data": data, "split": split, "model": MODEL}
    if events.weights is not None and np.any(events.weights <= 0):
        options["cleaning"] = {"returns": True, "positive_weights": True}
        notes.append("quantities below 0 are returns (guessed)")
    return Starter(events, options, notes)
