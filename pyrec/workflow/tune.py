"""tune: choose the options of a configuration's model, and write them as a configuration."""

from pathlib import Path
from typing import Any

from pyrec import runtime
from pyrec.arguments import as_path
from pyrec.config import to_toml
from pyrec.data.events import Events
from pyrec.io.writing import replacing
from pyrec.models.sequential import weighed
from pyrec.tuning.study import Trial, Tuned
from pyrec.tuning.study import tune as search
from pyrec.tuning.validation import Fold
from pyrec.workflow.experiment import prepared
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.splits import validation_protocol, validation_splits
from pyrec.workflow.steps import Listener, Steps
from pyrec.workflow.tables import NO_TABLES, Tables

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
    with runtime.threads(runtime.resolve_threads(config.runtime.threads)):
        config, log, tables = prepared(config, steps, events)
        with steps("cut validation splits"):
            cuts = validation_folds(config, log, tables)
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
                search=options.search
                | {f"weighting.{name}": one for name, one in options.weighting.items()},
                weighting=config.weighting,
                study=study,
                random_state=options.random_state,
                progress=progress,
                **validation_protocol(config),
            )
    with replacing(as_path(output)) as part:
        part.write_text(_chosen(config, tuned), encoding="utf-8")
    return tuned


def validation_folds(config: RunConfig, events: Events, tables: Tables = NO_TABLES) -> list[Fold]:
    """Return the validation splits with what the model learns from, weighed."""
    estimator = config.estimator()
    return [
        Fold(
            weighed(estimator, part.train, config.weighting),
            part,
            tables.learn(config, [estimator], part.train).of(estimator),
        )
        for part in validation_splits(config, events)
    ]


def _chosen(config: RunConfig, tuned: Tuned) -> str:
    options: dict[str, Any] = config.portable()
    options["model"] = {"name": tuned.estimator.name, **tuned.estimator.get_params()}
    if tuned.weighting is not None:
        options["weighting"] = tuned.weighting.get_params()
    return (
        f"# Chosen by pyrec tune: {tuned.metric} {tuned.value:.4f} on "
        f"{config.tune.splits} validation split(s), {len(tuned.trials)} trials.\n\n"
        + to_toml(options)
    )
