"""Rulebook: the rules of a configuration, compiled for the lists of a model."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pyrec.config import suggestion
from pyrec.data.events import Events
from pyrec.data.moments import Moment
from pyrec.errors import ConfigError, DataError
from pyrec.features.values import texts
from pyrec.models.base import Model
from pyrec.preparation.split import Split
from pyrec.rules.predicates import Predicate
from pyrec.rules.rules import CompiledRules, Rules
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.tables import Tables

__all__ = ["rules_for", "rules_for_all", "rules_to_judge"]


def rules_for_all(
    config: RunConfig, tables: Tables, model: Model, events: Events, k: int
) -> CompiledRules | None:
    """Return the rules for the lists of all users of a model that has learnt from some events.

    "Now" is the moment of the last of them, so that the same log gives the same lists.
    """
    now = _known(events.timestamps, np.max) if config.rules.depend_on_now else None
    return rules_for(config, tables, model, model.users.ids, k, now=now)


def rules_to_judge(
    config: RunConfig, tables: Tables, model: Model, cut: Split
) -> CompiledRules | None:
    """Return the rules for the lists that `pyrec.evaluate` judges, or None if there are none.

    "Now" is the moment of the split. Ids that the model lacks, such as that of a pinned item which
    nobody had before the test, are left out.

    Raises
    ------
    ConfigError, DataError
        As `rules_for`.
    """
    if config.rules.are_none:
        return None
    now = _known(cut.moment) if config.rules.depend_on_now else None
    rules = config.rules.rules(model.items, unknown="leave_out")
    compiled = _compiled(config, tables, model, rules, config.output.k, now)
    return compiled.of_people(_people(config, tables)) if compiled.segments else compiled


def rules_for(
    config: RunConfig,
    tables: Tables,
    model: Model,
    users: Any,
    k: int,
    *,
    also: Predicate | None = None,
    now: Moment | None = None,
) -> CompiledRules | None:
    """Return the rules for the lists of some people, or None if there are none.

    Parameters
    ----------
    config : RunConfig
        Has the rules.
    tables : Tables
        What is known of items and people.
    model : Model
        Makes the lists.
    users : array_like of ids
        Whose lists.
    k : int
        How long they are to be.
    also : Predicate, optional
        What items must be besides.
    now : moment, optional
        What ``valid_at = "now"`` means; by default what the rules say, or else the moment of each
        request.

    Raises
    ------
    ConfigError
        If a rule names a column that the table lacks.
    DataError
        If a column cannot be compared as a rule asks.
    UnknownIdError
        For an item that the model does not know.
    """
    if config.rules.are_none and also is None:
        return None
    rules = config.rules.rules(model.items)
    if also is not None:
        if tables.items is None:
            raise ConfigError("where: looks at a table of items: add [data.catalogue] to the file")
        where = also if rules.where is None else rules.where & also
        rules = replace(rules, where=where)
    compiled = _compiled(config, tables, model, rules, k, now)
    if not compiled.segments:
        return compiled
    known = _people(config, tables)
    return compiled.per_user([known.get(id_) for id_ in np.asarray(users).tolist()])


def _compiled(
    config: RunConfig, tables: Tables, model: Model, rules: Rules, k: int, now: Moment | None
) -> CompiledRules:
    source, table = config.data.catalogue, tables.items
    for place, column in config.rules.columns():
        if table is not None and source is not None and column not in table.columns:
            nearest = suggestion(column, list(table.columns))
            raise ConfigError(f"{place}: {source.path} has no column {column!r}{nearest}")
    moment = config.rules.now if now is None else now
    try:
        return rules.compile(table, model.items, k=k, now=moment)
    except DataError as error:
        raise DataError(f"rules: {error}") from None


def _known(times: Any, choose: Callable[[Any], Any] = int) -> int:
    """Return one moment of the log, or raise saying what to do if it has no times."""
    if times is None:
        raise ConfigError(
            "rules.now: the log has no times; say which moment is meant, or name data.timestamp"
        )
    return int(choose(times))


def _people(config: RunConfig, tables: Tables) -> dict[Any, str]:
    """Return the segment of everybody of whom it is known and has rules."""
    column, people, source = config.rules.segment, tables.users, config.data.people
    assert column is not None
    assert people is not None
    assert source is not None
    if column not in people.columns:
        nearest = suggestion(column, list(people.columns))
        raise ConfigError(f"rules.segment: {source.path} has no column {column!r}{nearest}")
    pairs = zip(people.items.ids.tolist(), texts(people, column).tolist(), strict=True)
    return {id_: name for id_, name in pairs if name in config.rules.segments}
