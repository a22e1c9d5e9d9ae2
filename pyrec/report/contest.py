"""The report of a comparison: one HTML file with the table and the chart of several models."""

from collections.abc import Mapping
from typing import Any

from pyrec.evaluation.metrics import parse
from pyrec.report import charts
from pyrec.report.judging import SIGNIFICANT
from pyrec.report.page import SHOWN, document

__all__ = ["against_best", "render_contest"]


def render_contest(facts: Mapping[str, Any]) -> str:
    """Return the report of a comparison as an HTML document.

    Parameters
    ----------
    facts : mapping
        What `pyrec.workflow.compare.compare` returns.

    Raises
    ------
    MissingPackageError
        If Jinja2 or Matplotlib is not installed.
    """
    models, metric, aspects = facts["models"], facts["metric"], facts["aspects"]
    values = [
        tuple(model["metrics"][metric][end] for end in ("mean", "low", "high")) for model in models
    ]
    return document(
        "contest.html.j2",
        facts,
        chart=charts.contest([model["label"] for model in models], values, metric),
        against=against_best(facts),
        relevance=[name for name, aspect in aspects.items() if aspect == "relevance"],
        beside={
            aspect: [name for name, other in aspects.items() if other == aspect]
            for aspect in dict.fromkeys(aspects.values())
            if aspect != "relevance"
        },
        definitions={one.label: one.metric.definition for one in parse(list(aspects), 1)},
        shown=SHOWN,
    )


def against_best(facts: Mapping[str, Any]) -> dict[str, str]:
    """Say of each model whether it differs from the best one for certain.

    Examples
    --------
    >>> facts = {"models": [{"label": "a"}, {"label": "b"}], "differences": [
    ...     {"models": ["b", "a"], "first": 0.1, "second": 0.2, "p_adjusted": 0.2}]}
    >>> against_best(facts)
    {'a': 'best', 'b': 'unclear (p 0.200)'}
    """
    best = facts["models"][0]["label"]
    told = {best: "best"}
    for pairing in facts["differences"]:
        if best in pairing["models"]:
            means = dict(zip(pairing["models"], (pairing["first"], pairing["second"]), strict=True))
            (other,) = set(means) - {best}
            certain = pairing["p_adjusted"] <= SIGNIFICANT
            verdict = "worse" if means[other] < means[best] else "better"  # free of rules
            told[other] = f"{verdict if certain else 'unclear'} (p {pairing['p_adjusted']:.3f})"
    return told
