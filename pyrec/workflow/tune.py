"""tune: choose the options of a configuration's model, and write them as a configuration."""

from pathlib import Path
from typing import Any

from pyrec import runtime
from pyrec.arguments import as_path
from pyrec.config import to_toml
from pyrec.data.events import Events
from pyrec.errors import ConfigError
from pyrec.evaluation.protocol import Protocol
from pyrec.io.writing import replacing
from pyrec.preparation.split import (
    FoldSplit,
    GivenSplit,
    LastSplit,
    NoSplit,
    RandomSplit,
    SessionSplit,
    SplitOptions,
    TimeSplit,
    split,
)
from pyrec.tuning.study import Trial, Tuned
from pyrec.tuning.study import tune as search
from pyrec.tuning.validation import Fold
from pyrec.workflow.experiment import folds, load, weighed
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.steps import Listener, Steps

__all__ = ["tune", "validation_folds"]


def tune(
    config: RunConfig,
    output: str | Path,
    *,
    study: str | Path | None = None,
    events: Events | None = None,
    listener: Listener | None = None,
) -> Tuned:
    """Choose the options of the model on validation splits and write the configuration with them.

    The test that ``[split]`` cuts is put aside before anything else and takes no part.

    Parameters
    ----------
    config : RunConfig
        Data, model, and how to choose: ``[tune]``.
    output : path
        The TOML file to write; `pyrec run` takes it.
    study : path, optional
        A journal of the trials, in which a later call goes on.
    events : Events, optional
        The log, if it has been read already.
    listener : callable, optional
        Hears of the progress (see `pyrec.workflow.steps.Listener`).

    Raises
    ------
    PyrecError
        Whatever is wrong with the configuration, the log, or the trials.
    """
    steps, options = Steps(listener), config.tune
    protocol = {k: v for k, v in config.evaluation.get_params().items() if k in _PROTOCOL}
    with runtime.threads(runtime.resolve_threads(config.runtime.threads)):
        log = load(config, steps, events)
        with steps("cut validation splits"):
            cuts = validation_folds(config, log)
        with steps(f"tune {config.model['name']}") as told:

            def progress(trial: Trial, done: int) -> None:
                if done < options.trials:
                    told(done, options.trials)

            tuned = search(
                config.estimator(),
                cuts,
                metric=options.metric,
                trials=options.trials,
                seconds=options.seconds,
                search=options.search,
                study=study,
                random_state=options.random_state,
                progress=progress,
                **protocol,
            )
    with replacing(as_path(output)) as part:
        part.write_text(_chosen(config, tuned), encoding="utf-8")
    return tuned


# What of the protocol a validation shares with the test; intervals and metrics are its own.
_PROTOCOL = Protocol.__struct_fields__[2:-2]


def validation_folds(config: RunConfig, events: Events) -> list[Fold]:
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
        found.append(Fold(weighed(config, part.train), part))
        if isinstance(how, TimeSplit | LastSplit | SessionSplit):
            rest = part.train
        else:
            how = how.replace(random_state=how.random_state + 1)
    return found


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


def _chosen(config: RunConfig, tuned: Tuned) -> str:
    options: dict[str, Any] = config.portable()
    options["model"] = {"name": tuned.estimator.name, **tuned.estimator.get_params()}
    return (
        f"# Chosen by pyrec tune: {tuned.metric} {tuned.value:.4f} on "
        f"{config.tune.splits} validation split(s), {len(tuned.trials)} trials.\n\n"
        + to_toml(options)
    )
