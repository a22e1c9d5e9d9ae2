"""Tables: what is known of items and people, and what models learn from it besides the log."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from pyrec.config import suggestion
from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError
from pyrec.features import Features, FittedPipeline, Pipeline, find_segments
from pyrec.features.guess import guess_steps
from pyrec.features.table import rows_of
from pyrec.features.values import texts
from pyrec.io.reading import read_items
from pyrec.models.base import Estimator, Model
from pyrec.models.composite import besides_of, parts
from pyrec.models.side_information import Side
from pyrec.workflow.runconfig import RunConfig, Table
from pyrec.workflow.steps import Steps

__all__ = ["NOTHING", "NO_TABLES", "Besides", "Tables", "read_tables"]

T = TypeVar("T")

_ARGUMENTS: Mapping[str, Side] = {"item_features": "items", "user_features": "users"}


@dataclass(frozen=True)
class Besides:
    """What models learn from besides events, from one training period.

    Parameters
    ----------
    arguments : mapping
        By the names that `fit` has for them.
    pipelines : mapping of side to FittedPipeline
        What made the features.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    pipelines: Mapping[Side, FittedPipeline] = field(default_factory=dict)

    @property
    def item_features(self) -> Features | None:
        """What models learn of items, if they do."""
        return self.arguments.get("item_features")

    def of(self, estimator: Estimator) -> dict[str, Any]:
        """Return what an estimator takes of it."""
        return besides_of(estimator, self.arguments)

    def save(self, folder: str | Path) -> None:
        """Save the pipelines into the folder of a saved model, as ``features/items``, ``users``."""
        for side, pipeline in self.pipelines.items():
            pipeline.save(Path(folder) / "features" / side)


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of a configuration, as they were read.

    Parameters
    ----------
    items, users : Catalogue, optional
        What is known of them.
    """

    items: Catalogue | None = None
    users: Catalogue | None = None

    def declared(self, config: RunConfig) -> RunConfig:
        """Return the configuration with steps for all features that its models learn from.

        Steps that it does not declare are guessed.

        Raises
        ------
        ConfigError
            If a step names a column that its table lacks, or none can be guessed.
        """
        features, wanted = config.features, _wanted(config.estimators())
        if isinstance(features.segments, str) and self.users is not None:
            _require_column(features.segments, self.users, "features.segments", config.data.people)
        sides = {side for name, side in _ARGUMENTS.items() if name in wanted}
        if "user_segments" in wanted and isinstance(features.segments, int):
            sides.add("users")
        for side in sides:
            table, source = getattr(self, side), _source(config, side)
            if table is None or source is None:
                continue
            if features.of(side) is None:
                steps = guess_steps(table, _columns_of_the_log(config, source))
                if not steps:
                    raise ConfigError(
                        f"features.{side}: no column of {source.path} is a feature by itself; "
                        f"declare steps as [[features.{side}]]"
                    )
                features = features.replace(**{side: steps})
            for at, step in enumerate(features.of(side) or ()):
                if (column := getattr(step, "column", None)) is not None:
                    _require_column(column, table, f"features.{side}[{at}].column", source)
        return config.replace(features=features)

    def learn(self, config: RunConfig, estimators: Sequence[Estimator], events: Events) -> Besides:
        """Learn from the rows of those who have events; what came later shapes nothing.

        Raises
        ------
        DataError
            If a table and the log have no id in common, or a value cannot be what a step takes it
            for.
        """
        wanted = _wanted(estimators)
        arguments: dict[str, Any] = {}
        pipelines: dict[Side, FittedPipeline] = {}
        for name, side in _ARGUMENTS.items():
            if name in wanted and getattr(self, side) is not None:
                pipelines[side] = self._fitted(config, side, events)
                arguments[name] = pipelines[side].transform(getattr(self, side))
        if "user_segments" in wanted:
            arguments["user_segments"] = self._segments(config, events)
        return Besides(arguments, pipelines)

    def _fitted(self, config: RunConfig, side: Side, events: Events) -> FittedPipeline:
        pipeline = Pipeline(steps=config.features.of(side) or (), of=side)
        return _located(
            f"features.{side}",
            lambda: pipeline.fit(getattr(self, side), events=events, catalogue=self.items),
        )

    def _segments(self, config: RunConfig, events: Events) -> dict[Any, Any]:
        """Return the segment of each person of the table, as far as it is known."""
        assert self.users is not None
        ids, how = self.users.items.ids.tolist(), config.features.segments
        if isinstance(how, str):
            labels = texts(self.users, how).tolist()
            return {id_: label for id_, label in zip(ids, labels, strict=True) if label}
        assert how is not None
        everyone = self._fitted(config, "users", events).transform(self.users)
        known = _with_events(everyone, events)
        found = _located("features.segments", lambda: find_segments(known, n=how))
        return dict(zip(ids, found.assign(everyone).tolist(), strict=True))


NOTHING = Besides()
"""What most models learn from besides events."""

NO_TABLES = Tables()
"""What is known where a configuration names no table."""


def read_tables(config: RunConfig, known: Events | Model, steps: Steps) -> Tables:
    """Read the tables of ``[data.catalogue]`` and ``[data.people]``, with ids as they are known."""
    read = {}
    for side, key in (("items", "item"), ("users", "user")):
        source = _source(config, "items" if side == "items" else "users")
        if source is None:
            continue
        options = msgspec.structs.asdict(source)
        form = {name: options[name] for name in Table.__struct_fields__ if name != "path"}
        columns = options["columns"]
        if columns is not None:  # those of the report and of re-rankings besides
            named = [options.get(name) for name in ("title", "category")]
            if side == "items":
                named += [*config.sorted_by, *(c for one in config.rerank for c in one.columns)]
            columns = list(dict.fromkeys([*columns, *(c for c in named if c is not None)]))
        with steps(f"read {Path(source.path).name}"):
            table = read_items(source.path, item=options[key], columns=columns, **form)
            read[side] = _with_ids_like(table, getattr(known, side))
    return Tables(**read)


def _with_ids_like(table: Catalogue, ids: Vocabulary) -> Catalogue:
    """Return a table whose ids are integers, or text, as those of the log are.

    One id of a text file that is no integer makes all of that file text: among those of the log,
    which are integers, it is not.
    """
    if table.items.is_integer == ids.is_integer or not len(ids):
        return table
    own = table.items.ids.tolist()
    if not ids.is_integer:
        return Catalogue(Vocabulary([str(id_) for id_ in own]), table.columns, table.report)
    rows = [row for row, id_ in enumerate(own) if re.fullmatch(r"0|-?[1-9]\d{0,17}", id_)]
    columns = {name: column[rows] for name, column in table.columns.items()}
    report = table.report.then("ids as in the log", {"no integers": len(own) - len(rows)})
    return Catalogue(Vocabulary(np.array([int(own[row]) for row in rows], int)), columns, report)


def _source(config: RunConfig, side: Side) -> Any:
    return config.data.catalogue if side == "items" else config.data.people


def _wanted(estimators: Sequence[Estimator]) -> set[str]:
    return {name for estimator in estimators for part in parts(estimator) for name in part.besides}


def _columns_of_the_log(config: RunConfig, source: Table) -> set[str]:
    """Return what of a table that is the log itself tells of events, and not of items."""
    if source.path != config.data.path:
        return set()
    data = config.data
    roles = (data.user, data.item, data.event, data.timestamp, data.weight, data.session)
    return {str(column) for column in roles if column is not None}


def _require_column(column: str, table: Catalogue, where: str, source: Any) -> None:
    if column not in table.columns:
        known = suggestion(column, list(table.columns))
        raise ConfigError(f"{where}: {source.path} has no column {column!r}{known}")


def _with_events(features: Features, events: Events) -> Features:
    """Return the features of those people who have events."""
    used = events.without_unused_ids().users
    rows = np.sort(rows_of(used, features.ids, "data.people"))
    return features.aligned(Vocabulary(features.ids.ids[rows[rows >= 0]]))


def _located(where: str, work: Callable[[], T]) -> T:
    """Do what is configured at a place, and name the place if it fails."""
    try:
        return work()
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
