"""compare: several models and re-rankings on one log, and what each costs."""

import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyrec import runtime
from pyrec.data.catalogue import Catalogue
from pyrec.data.events import Events
from pyrec.errors import ConfigError
from pyrec.evaluation.evaluate import evaluate
from pyrec.evaluation.results import Report
from pyrec.evaluation.tournament import tournament
from pyrec.models.base import Estimator, Model
from pyrec.models.sequential import Sequential, weighed
from pyrec.preparation.split import FoldSplit, NoSplit, Split
from pyrec.report.judging import described
from pyrec.report.served import Shares, shares, side_by_side
from pyrec.rerank import RerankedModel
from pyrec.rules.rules import CompiledRules
from pyrec.workflow.experiment import prepared
from pyrec.workflow.reranking import check_models, reranked
from pyrec.workflow.rulebook import rules_to_judge
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.splits import folds
from pyrec.workflow.steps import Listener, Step, Steps
from pyrec.workflow.tables import Besides

__all__ = ["compare"]

# Lists are timed for so many users: enough for every thread, few enough not to take long.
_TIMED = 10_000


def compare(
    config: RunConfig, *, events: Events | None = None, listener: Listener | None = None
) -> dict[str, Any]:
    """Fit ``[model]`` and each of ``[[models]]`` on the training part and judge them on the test.

    Beside the lists of each are those that each of ``[[rerank]]`` makes of them. Where there are
    ``[rules]`` all of these obey them, and the lists of each model without rules are judged too.

    Parameters
    ----------
    config : RunConfig
        Data, split, evaluation, models and re-rankings.
    events : Events, optional
        The log, if it has been read already.
    listener : callable, optional
        Hears of the progress (see `pyrec.workflow.steps.Listener`).

    Returns
    -------
    dict
        Plain data: ``models``, best first by ``metric`` (those without rules last), each with its
        ``parameters``, ``rerank`` (its options, or None), ``rules`` (whether its lists obey them),
        ``metrics`` (mean, low, high), ``fit_seconds``, ``peak_bytes``, ``users_per_second`` and
        ``bytes``; ``aspects``: of what the metrics tell; the ``exposure``
        that their lists give to groups of items; the paired ``differences`` between all of them;
        ``description`` of the split, and ``steps``.

    Raises
    ------
    ConfigError
        If there is one model only and nothing is done to its lists, or no single test.
    PyrecError
        Whatever is wrong with the log or a training.
    """
    if isinstance(config.split, FoldSplit | NoSplit):
        raise ConfigError(
            "split.method: a comparison needs one test; choose another, such as 'time' or 'random'"
        )
    estimators = _labelled(config.estimators())
    check_models(config.rerank, list(estimators))
    if len(estimators) + len(config.rerank) < 2 and config.rules.are_none:
        raise ConfigError(
            "models: a comparison needs two at least; add [[models]], [[rerank]] or [rules] to the "
            "file"
        )
    steps = Steps(listener)
    with runtime.threads(runtime.resolve_threads(config.runtime.threads)):
        config, log, tables = prepared(config, steps, events)
        with steps("split"):
            cut = folds(config, log)[0]
            kinds = {isinstance(one, Sequential): one for one in estimators.values()}
            train = {kind: weighed(one, cut.train, config.weighting) for kind, one in kinds.items()}
        with steps("fit features"):
            besides = tables.learn(config, list(estimators.values()), cut.train)
        contest = _Contest(config, cut, tables.items, besides)
        for label, estimator in estimators.items():
            with steps(f"fit {label}"):
                model = estimator.fit(
                    train[isinstance(estimator, Sequential)], **besides.of(estimator)
                )
            fitted = steps.done[-1]
            rules = rules_to_judge(config, tables, model, cut)
            others = reranked(config.rerank, label, model, cut.train, tables.items)
            for entrant, lists in {label: model, **others}.items():
                with steps(f"judge {entrant}"):
                    contest.judge(entrant, lists, fitted, rules)
            if rules is not None:
                with steps(f"judge {label} without rules"):
                    contest.judge(f"{label} without rules", model, fitted, None)
            del model, others, lists, rules
        with steps("compare"):
            found = contest.found()
    return {
        "source": config.output.title or Path(config.data.path).name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "description": described(cut.description),
        **found,
        "steps": [asdict(step) for step in steps.done],
        "runtime": runtime.info(),
    }


class _Contest:
    """What has been found of each entrant: its report, and plain data."""

    def __init__(
        self, config: RunConfig, cut: Split, catalogue: Catalogue | None, besides: Besides
    ) -> None:
        self.config, self.cut, self.catalogue = config, cut, catalogue
        self.known: dict[str, Any] = {"catalogue": catalogue, "features": besides.item_features}
        self.reports: dict[str, Report] = {}
        self.plain: dict[str, dict[str, Any]] = {}
        self.shares: dict[str, Shares] = {}

    def judge(self, label: str, model: Model, fitted: Step, rules: CompiledRules | None) -> None:
        """Judge an entrant, made of a model that was fitted in that step, under rules or none."""
        protocol = self.config.protocol
        report = evaluate(model, self.cut, **self.known, rules=rules, **protocol.get_params())
        plain = model.model if isinstance(model, RerankedModel) else model
        self.reports[label] = report
        self.plain[label] = {
            "rerank": model.steps.get_params() if isinstance(model, RerankedModel) else None,
            "fit_seconds": fitted.seconds,
            "peak_bytes": fitted.peak_bytes,
            "rules": rules is not None,
            "users_per_second": _rate(model, self.config.output.k, rules),
            "bytes": sum(array.nbytes for array in plain._arrays().values()),
        }
        if report.main.shown is not None:
            columns = self.config.sorted_by
            self.shares[label] = shares(report.main.shown, model, self.catalogue, columns)

    def found(self) -> dict[str, Any]:
        """Return the entrants, best first by the first metric of users, and how they differ."""
        first = next(iter(self.reports.values())).main
        metric = next(iter(first.values), None)
        if metric is None:
            raise ConfigError("evaluation.metrics: name one of users first, such as 'ndcg@20'")
        models = [
            {
                "label": label,
                "name": report.model["name"],
                "parameters": report.model["parameters"],
                "metrics": {name: one.to_dict() for name, one in report.main.estimates.items()},
                **self.plain[label],
            }
            for label, report in self.reports.items()
        ]
        models.sort(key=lambda model: (not model["rules"], -model["metrics"][metric]["mean"]))
        return {
            "metric": metric,
            "aspects": {one.label: one.metric.aspect for one in self.config.protocol.requests},
            "title": first.title,
            "users": len(first.users),
            "models": models,
            "exposure": side_by_side(self.shares),
            "differences": [one.to_dict() for one in tournament(self.reports, metric)],
        }


def _labelled(estimators: list[Estimator]) -> dict[str, Estimator]:
    """Number models of the same name."""
    names = [estimator.name for estimator in estimators]
    labels = [
        f"{name} {names[: i + 1].count(name)}" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
    return dict(zip(labels, estimators, strict=True))


def _rate(model: Model, k: int, rules: CompiledRules | None) -> float:
    """Return how many lists a model makes per second, warm as it is from being judged."""
    users = model.users.ids[:_TIMED]
    rules = rules and rules.asked_by(users)
    started = time.perf_counter()
    model.recommend(users, k, rules=rules)
    return len(users) / (time.perf_counter() - started)
