"""``pyrec compare``: several models on one log, with what each costs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars

__all__ = ["compare"]


@click.command()
@options.config
@options.file("-o", "--output", help="An HTML file with the tables and a chart.")
@options.overrides
@options.as_json
def compare(config: Path, output: Path | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Judge several models on the same held-out events.

    Fits [model] and each of [[models]] of CONFIG.toml on the training part, and judges what each of
    [[rerank]] makes of their lists beside them. Prints quality with intervals, whether each differs
    from the best (paired by person, corrected for the number of pairings), the time, memory, size
    and speed of each; then what the metrics tell of diversity, popularity, coverage and fairness.
    """
    from pyrec.report.contest import render_contest
    from pyrec.workflow.compare import compare as compare_config
    from pyrec.workflow.runconfig import RunConfig

    with Bars() as bars:
        facts = compare_config(RunConfig.from_toml(config, overrides), listener=bars)
    display.tell(facts, _summary, render_contest, output, as_json)


def _summary(facts: Mapping[str, Any]) -> str:
    from pyrec.report.contest import against_best

    against = against_best(facts)
    first = facts["metric"]
    shown = [name for name in facts["models"][0]["metrics"] if name != first]
    others = [name for name in shown if facts["aspects"][name] == "relevance"][:3]
    beside = [name for name in shown if facts["aspects"][name] != "relevance"]
    costs = ["fit s", "peak MB", "lists/s", "MB"]
    header = ["", first, "95%", *others, "against the best", *costs]
    rows = []
    for model in facts["models"]:
        value = model["metrics"][first]
        between = "" if value["low"] is None else f"{value['low']:.4f} to {value['high']:.4f}"
        rows.append([
            model["label"], value["mean"], between,
            *_means(model, others),
            against[model["label"]], f"{model['fit_seconds']:.2f}", model["peak_bytes"] // 2**20,
            round(model["users_per_second"]), f"{model['bytes'] / 1e6:.1f}",
        ])  # fmt: skip
    told = f"{facts['description']}\n{facts['users']:,} people, {facts['title']}"
    tables = [display.table(header, rows)]
    if beside:
        what = [[model["label"], *_means(model, beside)] for model in facts["models"]]
        tables.append(display.table(["", *beside], what))
    return "\n\n".join([told, *tables])


def _means(model: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    means = (model["metrics"][name]["mean"] for name in names)
    return ["" if mean is None else mean for mean in means]
