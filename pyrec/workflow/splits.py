"""Splits: how a configuration cuts its log for judging, and what is left once more for choosing."""

from typing import Any

import msgspec

from pyrec.data.events import Events
from pyrec.errors import ConfigError
from pyrec.evaluation.protocol import Protocol
from pyrec.io.reading import read_events
from pyrec.io.sources import column_names
from pyrec.preparation.ratings import ratings_as_kinds
from pyrec.preparation.split import (
    FoldSplit,
    GivenSplit,
    LastSplit,
    NoSplit,
    RandomSplit,
    SessionSplit,
    Split,
    SplitOptions,
    TimeSplit,
    split,
)
from pyrec.workflow.runconfig import Data, RunConfig

__all__ = ["folds", "reading_options", "validation_protocol", "validation_splits"]


def folds(config: RunConfig, events: Events) -> list[Split]:
    """Cut the log as ``[split]`` says; a test that was given is read."""
    options = config.split
    if isinstance(options, FoldSplit):
        return split(events, options)
    if isinstance(options, GivenSplit) or (isinstance(options, SessionSplit) and options.test):
        return [split(events, options, _given_test(config, options.test))]
    return [split(events, options)]


def validation_splits(config: RunConfig, events: Events) -> list[Split]:
    """Put the test aside, and cut what is left once more, or as often as ``tune.splits`` says.

    Raises
    ------
    ConfigError
        If all of the log is some test, as with folds.
    """
    if isinstance(config.split, FoldSplit):
        raise ConfigError(
            "split.method: with 'folds' everything is tested, so nothing is left to tune on; "
            "use 'random', 'time' or 'last'"
        )
    rest = folds(config, events)[0].train
    how = config.tune.validation or _again(config.split)
    if isinstance(how, FoldSplit | GivenSplit | NoSplit):
        raise ConfigError(
            "tune.validation.method: must be 'time', 'last', 'random' or 'users', which cut one "
            "part off"
        )
    found = []
    for _ in range(config.tune.splits):
        part = split(rest, how)
        found.append(part)
        if isinstance(how, TimeSplit | LastSplit | SessionSplit):
            rest = part.train
        else:
            how = how.replace(random_state=how.random_state + 1)
    return found


def validation_protocol(config: RunConfig) -> dict[str, Any]:
    """Return what of the protocol a validation shares with the test: all but metrics and draws."""
    protocol = config.evaluation.get_params()
    return {name: protocol[name] for name in Protocol.__struct_fields__[2:-2]}


def reading_options(data: Data) -> dict[str, Any]:
    """Return the options of ``[data]`` that `read_events` takes."""
    options = msgspec.structs.asdict(data)
    for name in ("path", "event_weights", "catalogue", "people", "ratings"):
        del options[name]
    return options


def _given_test(config: RunConfig, path: str | None) -> Events:
    """Read a test that was given: it may lack what a test does not need."""
    if path is None:
        raise ConfigError("split.test: name the file of the test")
    options = reading_options(config.data)
    there = column_names(path)
    for name in ("event", "timestamp", "weight", "session"):
        if str(options[name]) not in there:
            options[name] = None
    return rated(read_events(path, **options), config.data)


def rated(events: Events, data: Data) -> Events:
    """Turn ratings into kinds of event, if the configuration says which are likes."""
    return events if data.ratings is None else ratings_as_kinds(events, data.ratings)


def _again(options: SplitOptions) -> SplitOptions:
    """Return how to cut a validation split off the training part of a split."""
    if isinstance(options, TimeSplit):
        return options.replace(at=None)
    if isinstance(options, SessionSplit):
        return options.replace(at=None, test=None)
    if isinstance(options, GivenSplit | NoSplit | FoldSplit):
        return RandomSplit(ratio=0.1, target=options.target)
    if isinstance(options, LastSplit):
        return options
    return options.replace(random_state=options.random_state + 1)
