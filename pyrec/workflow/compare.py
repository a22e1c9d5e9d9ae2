"""compare: several models on one log, and what each costs."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pyrec import runtime
from pyrec.data.events import Events
from pyrec.errors import ConfigError
from pyrec.evaluation.evaluate import evaluate
from pyrec.evaluation.results import Report
from pyrec.evaluation.tournament import tournament
from pyrec.models.base import Estimator, Model
from pyrec.models.sequential import Sequential, weighed
from pyrec.preparation.split import FoldSplit, NoSplit
from pyrec.report.judging import described
from pyrec.workflow.experiment import prepared
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.splits import folds
from pyrec.workflow.steps import Listener, Steps

__all__ = ["compare"]

# Lists are timed for so many users: enough for every thread, few enough not to take long.
_TIMED = 10_000


def compare(
    config: RunConfig, *, events: Events | None = None, listener: Listener | None = None
) -> dict[str, Any]:
    """Fit ``[model]`` and each of ``[[models]]`` on the training part and judge them on the test.

    Parameters
    ----------
    config : RunConfig
        Data, split, evaluation and models.
    events : Events, optional
        The log, if it has been read already.
    listener : callable, optional
        Hears of the progress (see `pyrec.workflow.steps.Listener`).

    Returns
    -------
    dict
        Plain data: ``models``, best first by ``metric``, each with its ``parameters``, ``metrics``
        (mean, low, high), ``fit_seconds``, ``peak_bytes``, ``users_per_second`` and ``bytes``; the
        paired ``differences`` between all of them; ``description`` of the split, and ``steps``.

    Raises
    ------
    ConfigError
        If there is one model only, or no single test.
    PyrecError
        Whatever is wrong with the log or a training.
    """
    if isinstance(config.split, FoldSplit | NoSplit):
        raise ConfigError(
            "split.method: a comparison needs one test; choose another, such as 'time' or 'random'"
        )
    estimators = _labelled(config.estimators())
    if len(estimators) < 2:
        raise ConfigError("models: a comparison needs two at least; add [[models]] to the file")
    steps = Steps(listener)
    with runtime.threads(runtime.resolve_threads(config.runtime.threads)):
        config, log, tables = prepared(config, steps, events)
        with steps("split"):
            cut = folds(config, log)[0]
            kinds = {isinstance(one, Sequential): one for one in estimators.values()}
            train = {kind: weighed(one, cut.train, config.weighting) for kind, one in kinds.items()}
        with steps("fit features"):
            besides = tables.learn(config, list(estimators.values()), cut.train)
        reports, costs = {}, {}
        for label, estimator in estimators.items():
            with steps(f"fit {label}"):
                model = estimator.fit(
                    train[isinstance(estimator, Sequential)], **besides.of(estimator)
                )
            fitted = steps.done[-1]
            with steps(f"judge {label}"):
                reports[label] = evaluate(model, cut, **config.evaluation.get_params())
                costs[label] = {
                    "fit_seconds": fitted.seconds,
                    "peak_bytes": fitted.peak_bytes,
                    "users_per_second": _rate(model, config.output.k),
                    "bytes": sum(array.nbytes for array in model._arrays().values()),
                }
            del model
        with steps("compare"):
            found = _found(reports, costs)
    return {
        "source": config.output.title or Path(config.data.path).name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "description": described(cut.description),
        **found,
        "steps": [asdict(step) for step in steps.done],
        "runtime": runtime.info(),
    }


def _found(reports: Mapping[str, Report], costs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the models, best first by the first metric of users, and their differences."""
    first = next(iter(reports.values())).main
    metric = next(iter(first.values), None)
    if metric is None:
        raise ConfigError("evaluation.metrics: name one of users first, such as 'ndcg@20'")
    models = [
        {
            "label": label,
            "name": report.model["name"],
            "parameters": report.model["parameters"],
            "metrics": {name: one.to_dict() for name, one in report.main.estimates.items()},
            **costs[label],
        }
        for label, report in reports.items()
    ]
    models.sort(key=lambda model: -model["metrics"][metric]["mean"])
    return {
        "metric": metric,
        "title": first.title,
        "users": len(first.users),
        "models": models,
        "differences": [pairing.to_dict() for pairing in tournament(reports, metric)],
    }


def _labelled(estimators: list[Estimator]) -> dict[str, Estimator]:
    """Number models of the same name."""
    names = [estimator.name for estimator in estimators]
    labels = [
        f"{name} {names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
    return dict(zip(labels, estimators, strict=True))


def _rate(model: Model, k: int) -> float:
    """Return how many lists a model makes per second, once it is warm."""
    users = np.arange(min(len(model.users), _TIMED), dtype=np.int32)
    model.recommend_rows(users[:100], k)
    started = time.perf_counter()
    model.recommend_rows(users, k)
    return len(users) / (time.perf_counter() - started)
