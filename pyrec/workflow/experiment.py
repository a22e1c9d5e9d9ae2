"""Experiment: the whole job that a `RunConfig` describes, from a log to lists and a report."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from pyrec import runtime
from pyrec.config import suggestion, to_toml
from pyrec.data.arrow import stream
from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.errors import ConfigError, DataError
from pyrec.evaluation.evaluate import evaluate
from pyrec.features.values import texts
from pyrec.io.reading import read_events
from pyrec.io.writing import write_table
from pyrec.models.base import Model
from pyrec.models.composite import parts
from pyrec.models.popularity import Popularity
from pyrec.models.sequential import weighed
from pyrec.preparation.cleaning import clean
from pyrec.preparation.split import NoSplit
from pyrec.report.describe import activity, describe
from pyrec.report.judging import judged
from pyrec.report.page import Person, Pictures, render
from pyrec.report.people import people
from pyrec.report.served import served
from pyrec.rules.rules import CompiledRules
from pyrec.tuning.auto import AutoModel
from pyrec.tuning.kinds import learn_kind_weights
from pyrec.workflow.batch import Lists
from pyrec.workflow.rulebook import rules_for_all, rules_to_judge
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.splits import (
    folds,
    rated,
    reading_options,
    validation_protocol,
    validation_splits,
)
from pyrec.workflow.staging import staged
from pyrec.workflow.steps import Listener, Steps
from pyrec.workflow.tables import NO_TABLES, NOTHING, Besides, Tables, read_tables

__all__ = ["fit", "judge", "learn", "load", "prepared", "run", "with_kind_weights"]

ENTRIES = ("recommendations.parquet", "model", "report.html", "config.toml", "metrics.json")


def run(
    config: RunConfig, *, events: Events | None = None, listener: Listener | None = None
) -> dict[str, Any]:
    """Do the whole job: read, clean, split, fit, judge, fit again on everything, write.

    The directory of ``[output]`` gets ``recommendations.parquet`` (user_id, item_id, score, rank),
    ``model/``, ``metrics.json`` (what this returns), ``report.html`` and ``config.toml``; all of
    them at once when all is done, so that a run that fails or is interrupted shows nothing and
    leaves an earlier run's output as it was.

    Parameters
    ----------
    config : RunConfig
        What to do.
    events : Events, optional
        The log, if it has been read already.
    listener : callable, optional
        Hears of the progress (see `pyrec.workflow.steps.Listener`).

    Returns
    -------
    dict
        Plain data: ``data`` (with its provenance), ``split``, ``quality``, ``output``, ``choice``
        (what a model that chooses itself tried), ``steps`` (seconds and peak memory of each),
        ``runtime`` and ``config``.

    Raises
    ------
    PyrecError
        Whatever is wrong with the configuration, the log, the training or the output directory.

    Examples
    --------
    >>> log = Events.from_ids(users=[1, 1, 2, 2, 3], items=["a", "b", "a", "c", "a"])
    >>> config = RunConfig.from_dict({
    ...     "data": {"path": "log.csv", "user": "who", "item": "what"},
    ...     "split": {"method": "none"}, "model": {"name": "popularity"},
    ...     "output": {"directory": "doctest-out", "k": 1},
    ... })
    >>> facts = run(config, events=log)  # doctest: +SKIP
    >>> facts["output"]["rows"]  # doctest: +SKIP
    3
    """
    steps = Steps(listener)
    with (
        runtime.threads(runtime.resolve_threads(config.runtime.threads)),
        staged(config.output.directory, entries=ENTRIES) as folder,
    ):
        config, log, tables = prepared(config, steps, events)
        quality = judge(config, log, steps, tables)
        besides = learn(config, log, steps, tables)
        model = fit(config, log, steps, besides)
        rules = rules_for_all(config, tables, model, log, config.output.k)
        with steps("recommend") as progress:
            written = _write_lists(config, model, folder, progress, rules)
        with steps("save the model"):
            model.save(folder / "model")
            besides.save(folder / "model")
        with steps("describe the log"):
            facts = _facts(config, log, quality, written)
            facts["choice"] = model.told() if isinstance(model, AutoModel) else None
        facts["steps"] = [asdict(step) for step in steps.done]
        with steps("write the report"):
            shown = people(
                model,
                log,
                config.output.people,
                exclude_seen=config.exclude_seen,
                rules=rules,
                catalogue=_titles(config, tables),
            )
            html = _report(log, written, facts, shown)
            (folder / "report.html").write_text(html, encoding="utf-8")
        facts["steps"] = [asdict(step) for step in steps.done]
        (folder / "config.toml").write_text(to_toml(config.portable()), encoding="utf-8")
        text = json.dumps(facts, indent=2, ensure_ascii=False)
        (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    plain: dict[str, Any] = json.loads(text)
    return plain


def prepared(
    config: RunConfig, steps: Steps, events: Events | None = None
) -> tuple[RunConfig, Events, Tables]:
    """Read the log and the tables, and decide what the configuration leaves to them.

    Returns
    -------
    config : RunConfig
        With steps of features and weights of kinds of event, where they were to be found out.
    events : Events
        The log, cleaned.
    tables : Tables
        Of items and people.
    """
    log = load(config, steps, events)
    tables = read_tables(config, log, steps)
    config = tables.declared(config)
    return with_kind_weights(config, log, steps, tables), log, tables


def load(config: RunConfig, steps: Steps, events: Events | None = None) -> Events:
    """Read the log, unless it is given, and clean it."""
    if events is None:
        with steps(f"read {Path(config.data.path).name}"):
            events = read_events(config.data.path, **reading_options(config.data))
    with steps("clean"):
        cleaned, _ = clean(events, config.cleaning)
        cleaned = rated(cleaned, config.data)
    if not len(cleaned):
        raise DataError(f"{config.data.path}: nothing is left after cleaning; see [cleaning]")
    _check_kinds(config, cleaned)
    return cleaned


def _check_kinds(config: RunConfig, events: Events) -> None:
    """Compare the kinds of event that options name with those of the log, before any training."""
    named = {f"data.event_weights.{kind}": kind for kind in config.weighting.kinds or {}}
    if target := getattr(config.split, "target", None):
        named["split.target"] = target
    for option, kind in named.items():
        if not events.kind_names:
            raise ConfigError(f"{option}: the log has no kinds of event; name data.event")
        if kind not in events.kind_names:
            known = suggestion(kind, events.kind_names)
            raise ConfigError(f"{option}: the log has no kind of event {kind!r}{known}")
    if config.weighting.kinds is not None and events.kinds is not None:
        occurring = {events.kind_names[code] for code in np.unique(events.kinds)}
        missing = ", ".join(sorted(occurring - set(config.weighting.kinds)))
        if missing:
            raise ConfigError(f"data.event_weights: has none for {missing}; 0 leaves a kind out")


def learn(
    config: RunConfig, events: Events, steps: Steps, tables: Tables, where: str = ""
) -> Besides:
    """Make of the tables what the model of the configuration learns from besides the events."""
    estimator = config.estimator()
    if not any(part.besides for part in parts(estimator)):
        return NOTHING
    with steps(f"fit features{where}"):
        return tables.learn(config, [estimator], events)


def fit(
    config: RunConfig,
    events: Events,
    steps: Steps,
    besides: Besides = NOTHING,
    where: str = "",
) -> Model:
    """Weigh the events and fit the model of the configuration."""
    estimator = config.estimator()
    passes = getattr(estimator, "iterations", 0)
    with steps(f"fit {estimator.name}{where}") as progress:
        known = weighed(estimator, events, config.weighting)
        return estimator.fit(
            known,
            callback=lambda step: progress(step.iteration, passes),
            **besides.of(estimator),
        )


def with_kind_weights(
    config: RunConfig, events: Events, steps: Steps, tables: Tables = NO_TABLES
) -> RunConfig:
    """Learn the weights of kinds of event where the configuration says so; the test takes no part.

    Raises
    ------
    ConfigError
        If no target says what they are to be good for.
    """
    if config.data.event_weights != "learned":
        return config
    target = getattr(config.split, "target", None)
    if target is None:
        raise ConfigError(
            "data.event_weights: name the kind that is to be foreseen as split.target, such as "
            "'purchase', to learn them"
        )
    estimator = config.estimator()
    with steps("learn the weights of kinds of event") as progress:
        cuts = validation_splits(config, events)
        found = learn_kind_weights(
            estimator,
            cuts,
            target,
            metric=config.tune.metric,
            weighting=config.weighting,
            besides=[tables.learn(config, [estimator], cut.train).of(estimator) for cut in cuts],
            progress=lambda done: progress(done, 0),
            **validation_protocol(config),
        )
    return config.replace(data=config.data.replace(event_weights=found.weights))


def judge(
    config: RunConfig, events: Events, steps: Steps, tables: Tables = NO_TABLES
) -> dict[str, Any] | None:
    """Hold out, fit, and judge the model beside popularity; None where nothing is held out.

    Where there are rules, the lists of both obey them, and ``rules`` tells what that costs the
    model. Where there are no several folds, ``groups`` tells whom it serves, and whose items it
    shows (`pyrec.report.served`).
    """
    if isinstance(config.split, NoSplit):
        return None
    with steps("split"):
        cuts = folds(config, events)
    trials, free, groups = [], [], None
    for number, fold in enumerate(cuts, 1):
        where = f" (fold {number} of {len(cuts)})" if len(cuts) > 1 else ""
        part = f" on the training part{where}"
        besides = learn(config, fold.train, steps, tables, part)
        model = fit(config, fold.train, steps, besides, part)
        baseline = Popularity().fit(model.interactions)
        with steps(f"judge{where}"):
            options = config.protocol.get_params()
            options |= {"catalogue": tables.items, "features": besides.item_features}
            ruled = options | {"rules": rules_to_judge(config, tables, model, fold)}
            trials.append((evaluate(model, fold, **ruled), evaluate(baseline, fold, **ruled)))
            if ruled["rules"] is not None:
                free.append((trials[-1][0], evaluate(model, fold, **options)))
            if len(cuts) == 1:
                found, segments = trials[0][0].main, besides.arguments.get("user_segments")
                groups = served(found, model, tables.items, config.sorted_by, segments)
    return judged(trials) | {"groups": groups, "rules": judged(free)["parts"] if free else None}


def _write_lists(
    config: RunConfig,
    model: Model,
    folder: Path,
    progress: Callable[[int, int], None],
    rules: CompiledRules | None,
) -> Lists:
    lists = Lists(
        model, config.output.k, exclude_seen=config.exclude_seen, rules=rules, progress=progress
    )
    write_table(stream(iter(lists)), folder / "recommendations.parquet")
    return lists


def _facts(
    config: RunConfig,
    events: Events,
    quality: dict[str, Any] | None,
    written: Lists,
) -> dict[str, Any]:
    return {
        "source": config.output.title or Path(config.data.path).name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {**describe(events), "provenance": events.report.to_dict()},
        "quality": quality,
        "output": {
            "directory": config.output.directory,
            "entries": list(ENTRIES),
            "k": config.output.k,
            "exclude_seen": config.exclude_seen,
            "rows": written.rows,
            "users": written.users,
            "items": int(np.count_nonzero(written.exposure)),
        },
        "runtime": runtime.info(),
        "config": config.complete(),
    }


def _report(events: Events, written: Lists, facts: dict[str, Any], shown: list[Person]) -> str:
    per_item = np.bincount(events.item_rows, minlength=len(events.items))
    curves = {"events": per_item, "recommendations": written.exposure}
    return render(facts, Pictures(activity(events), curves), shown)


def _titles(config: RunConfig, tables: Tables) -> Catalogue | None:
    """Return what the report shows of items, under the names that it has for it."""
    given, table = config.data.catalogue, tables.items
    if given is None or table is None:
        return None
    named = {"title": given.title, "category": given.category}
    columns = {
        name: texts(table, str(column)) for name, column in named.items() if column is not None
    }
    return Catalogue(table.items, columns, table.report)
