"""Judging: what evaluations of a model and of a baseline found, as plain data and in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

from pyrec.evaluation.compare import compare
from pyrec.evaluation.metrics import parse
from pyrec.evaluation.results import Report

__all__ = ["SIGNIFICANT", "described", "judged", "verdict"]

SIGNIFICANT = 0.05
"""Above this p-value (adjusted for the number of metrics) a difference is called unclear."""

Trial = tuple[Report, Report]
"""The reports of the model and of the baseline on the same test."""


def judged(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return what trials found, one or one for each fold: figures of both models, differences.

    Returns
    -------
    dict
        ``model``, ``baseline`` (names), ``description`` (how it was judged, in words), ``parts``:
        for each its ``name``, ``title``, ``users``, ``pairs`` and ``metrics``, and for each of
        these ``model`` and ``baseline`` (mean, low, high), ``difference`` (the same, paired by
        person, with its p-values) and ``verdict``; and the ``protocol``.
    """
    model, baseline = trials[0]
    splits = [trial[0].protocol["split"] for trial in trials]
    names = [part.name for part in model]
    by_part = [[_part(trial, name) for trial in trials] for name in names]
    return {
        "model": model.model["name"],
        "baseline": baseline.model["name"],
        "description": described(splits[0], folds=len(trials)),
        "parts": [
            _mean(folds) | {"users": _people(trials, name)} if len(folds) > 1 else folds[0]
            for name, folds in zip(names, by_part, strict=True)
        ],
        "counts": dict(model.counts),
        "protocol": dict(model.protocol),
    }


def verdict(metric: str, difference: Mapping[str, Any]) -> str:
    """Say what a paired difference shows: better, worse, or nothing for certain.

    Examples
    --------
    >>> verdict("recall@20", {"mean": 0.2, "low": 0.1, "high": 0.3, "p_adjusted": 0.001})
    'better'
    >>> verdict("recall@20", {"mean": 0.2, "low": -0.1, "high": 0.5, "p_adjusted": 0.4})
    'unclear'
    """
    if difference["low"] is None:
        return ""
    if difference["p_adjusted"] > SIGNIFICANT or difference["low"] <= 0 <= difference["high"]:
        return "unclear"
    ((request,), higher) = parse(metric, 1), difference["low"] > 0
    if request.metric.neutral:
        return "higher" if higher else "lower"
    return "better" if higher != request.metric.lower_is_better else "worse"


def described(split: Mapping[str, Any], folds: int = 1) -> str:
    """Say in words how a log was split.

    Examples
    --------
    >>> described({
    ...     "method": "last", "n": 1, "target": "buy", "cold_users": 2,
    ...     "train": {"events": 900, "users": 80}, "test": {"events": 40, "users": 40},
    ... })
    "Held out: each person's last item (buy). Learnt from 900 events of 80 people; judged on 40 \
events of 40 people, 2 of whom the model did not know."
    """
    train, test = split["train"], split["test"]
    told = _METHODS[split["method"]](split)
    if split.get("target"):
        told += f" ({split['target']})"
    if folds > 1:
        return f"{told}. Figures are means over the folds, with intervals between them."
    cold = split["cold_users"]
    unknown = f", {cold:,} of whom the model did not know" if cold else ""
    return (
        f"{told}. Learnt from {train['events']:,} events of {train['users']:,} people; judged on "
        f"{test['events']:,} events of {test['users']:,} people{unknown}."
    )


_METHODS: dict[str, Any] = {
    "time": lambda split: f"Held out: everything from {split['at'][:16].replace('T', ' ')} UTC on",
    "last": lambda split: (
        "Held out: each person's last " + ("item" if split["n"] == 1 else f"{split['n']} items")
    ),
    "random": lambda split: f"Held out: {split['ratio']:.0%} of the pairs of person and item",
    "users": lambda split: f"Held out: {split['ratio']:.0%} of the people, told a part of each one",
    "sessions": lambda split: (
        f"Held out: {split['sessions']:,} whole sessions, each of whose steps counts as a person"
    ),
    "folds": lambda split: f"Held out: each of {split['k']} equal parts of the pairs in its turn",
    "given": lambda split: "Held out: a test that was given",
    "new_items": lambda split: (
        f"Held out: {split['new_items']:,} items, whole, "
        + ("ranked among themselves" if split["among"] == "new" else "ranked among all")
    ),
    "new_users": lambda split: f"Held out: {split['new_users']:,} people, whole",
}


def _part(trial: Trial, name: str) -> dict[str, Any]:
    model, baseline = trial
    differences = compare(model, baseline, part=name).differences
    metrics = {}
    for label, estimate in model.part(name).estimates.items():
        found = differences.get(label)
        gap = None
        if found is not None:
            gap = found.difference.to_dict()
            gap |= {"p_value": found.p_value, "p_adjusted": found.p_adjusted}
        metrics[label] = {
            "model": estimate.to_dict(),
            "baseline": baseline.part(name).estimate(label).to_dict(),
            "difference": gap,
            "verdict": "" if gap is None else verdict(label, gap),
        }
    return model.part(name).to_dict() | {"metrics": metrics}


def _people(trials: Sequence[Trial], name: str) -> int:
    """Count the people that any of the folds judged."""
    return len(np.unique(np.concatenate([model.part(name).users for model, _ in trials])))


def _mean(folds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the means over the folds; a verdict stands only where all of them agree.

    Their intervals are Student's, of the figures of the folds.
    """
    metrics = {}
    for label in folds[0]["metrics"]:
        of_label = [fold["metrics"][label] for fold in folds]
        verdicts = {each["verdict"] for each in of_label}
        metrics[label] = {
            side: _mean_of([each[side] for each in of_label])
            for side in ("model", "baseline", "difference")
        } | {"verdict": verdicts.pop() if len(verdicts) == 1 else "unclear"}
    return {
        **folds[0],
        "pairs": sum(fold["pairs"] for fold in folds),
        "metrics": metrics,
    }


def _mean_of(figures: Sequence[Mapping[str, Any] | None]) -> dict[str, Any] | None:
    means = [figure["mean"] for figure in figures if figure and figure["mean"] is not None]
    if not means:
        return None
    middle, margin = float(np.mean(means)), None
    if len(means) > 1:
        spread = float(np.std(means, ddof=1)) / len(means) ** 0.5
        margin = spread * float(student.ppf(0.975, len(means) - 1))
    low, high = (None, None) if margin is None else (middle - margin, middle + margin)
    return {"mean": middle, "low": low, "high": high}
