"""tastes: how far the people of a log have moved from one period to the next, as plain data."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pyrec import runtime
from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.data.groups import Groups
from pyrec.errors import ConfigError
from pyrec.evaluation.tastes import taste_shift
from pyrec.features.values import texts
from pyrec.workflow.experiment import load
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.steps import Listener, Steps
from pyrec.workflow.tables import read_tables

__all__ = ["tastes"]


def tastes(
    config: RunConfig,
    *,
    at: str | None = None,
    category: str | None = None,
    segment: str | None = None,
    events: Events | None = None,
    listener: Listener | None = None,
) -> dict[str, Any]:
    """Read and clean the log of a configuration, and tell how tastes moved in it.

    Parameters
    ----------
    config : RunConfig
        Needs timestamps and ``[data.catalogue]``.
    at : str, optional
        Where the second period begins; by default where half of the events are.
    category : str, optional
        The column of the catalogue that sorts items; by default the category that it names.
    segment : str, optional
        A column of ``[data.people]`` whose values are told apart.
    events : Events, optional
        The log, if it has been read already.
    listener : callable, optional
        Hears of the progress (see `pyrec.workflow.steps.Listener`).

    Returns
    -------
    dict
        Plain data: what `pyrec.evaluation.tastes.Tastes.to_dict` has, items with their ``title``,
        ``source``, ``category``, ``created`` and ``runtime``.

    Raises
    ------
    ConfigError
        If the configuration names no catalogue, category or people where they are needed.
    PyrecError
        Whatever is wrong with the log or the tables.
    """
    given = config.data.catalogue
    column = category or (None if given is None else given.category)
    if given is None or column is None:
        raise ConfigError("data.catalogue.category: name the column that sorts items")
    if segment is not None and config.data.people is None:
        raise ConfigError("data.people: name the table that has the segments")
    steps = Steps(listener)
    with runtime.threads(runtime.resolve_threads(config.runtime.threads)):
        log = load(config, steps, events)
        tables = read_tables(config, log, steps)
        assert tables.items is not None
        with steps("compare the periods"):
            found = taste_shift(
                log,
                Groups.of(_of_items(log, tables.items, str(column))),
                at,
                segments=None if segment is None else _by_id(tables.users, segment),
            )
    titles = {} if given.title is None else _by_id(tables.items, str(given.title))
    facts = found.to_dict()
    for item, change in zip(facts["items"], found.items, strict=True):
        item["title"] = titles.get(change.name, item["name"])
    return {
        "source": config.output.title or Path(config.data.path).name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "category": str(column),
        **facts,
        "runtime": runtime.info(),
    }


def _of_items(events: Events, table: Catalogue, column: str) -> Any:
    """Return a column for the items of the log, None where the table lacks one."""
    rows = table.items.encode(events.items.ids, missing="mark")
    return np.where(rows < 0, None, texts(table, column).astype(object)[rows])


def _by_id(table: Catalogue | None, column: str) -> dict[Any, str]:
    assert table is not None
    return dict(zip(table.items.ids.tolist(), map(str, texts(table, column)), strict=True))
