"""Rulebook: the rules of a configuration, compiled for the lists of a model."""

from dataclasses import replace
from typing import Any

import numpy as np

from pyrec.config import suggestion
from pyrec.errors import ConfigError, DataError
from pyrec.features.values import texts
from pyrec.models.base import Model
from pyrec.rules.predicates import Predicate
from pyrec.rules.rules import CompiledRules
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.tables import Tables

__all__ = ["rules_for", "rules_for_all"]


def rules_for_all(
    config: RunConfig, tables: Tables, model: Model, k: int, *, also: Predicate | None = None
) -> CompiledRules | None:
    """Return the rules for the lists of all users of a model; see `rules_for`."""
    return rules_for(config, tables, model, model.users.ids, k, also=also)


def rules_for(
    config: RunConfig,
    tables: Tables,
    model: Model,
    users: Any,
    k: int,
    *,
    also: Predicate | None = None,
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
    source, table = config.data.catalogue, tables.items
    for place, column in config.rules.columns():
        if table is not None and source is not None and column not in table.columns:
            nearest = suggestion(column, list(table.columns))
            raise ConfigError(f"{place}: {source.path} has no column {column!r}{nearest}")
    rules = config.rules.rules(model.items)
    if also is not None:
        if table is None:
            raise ConfigError("where: looks at a table of items: add [data.catalogue] to the file")
        where = also if rules.where is None else rules.where & also
        rules = replace(rules, where=where)
    try:
        compiled = rules.compile(table, model.items, k=k)
    except DataError as error:
        raise DataError(f"rules: {error}") from None
    return compiled.per_user(_segments(config, tables, users)) if compiled.segments else compiled


def _segments(config: RunConfig, tables: Tables, users: Any) -> list[str | None]:
    """Return the segment of each of some people; None for whom none is known."""
    column, people, source = config.rules.segment, tables.users, config.data.people
    assert column is not None
    assert people is not None
    assert source is not None
    if column not in people.columns:
        nearest = suggestion(column, list(people.columns))
        raise ConfigError(f"rules.segment: {source.path} has no column {column!r}{nearest}")
    known = dict(zip(people.items.ids.tolist(), texts(people, column).tolist(), strict=True))
    named = config.rules.segments.keys()
    return [
        name if (name := known.get(id_)) in named else None for id_ in np.asarray(users).tolist()
    ]
