"""``pyrec run``: the whole job that a TOML file describes."""

from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars

__all__ = ["run", "summary"]


@click.command()
@options.config
@options.overrides
@options.as_json
def run(config: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Turn a log into lists, a model, metrics and a report.

    Reads, cleans and splits the log of CONFIG.toml, fits the model, judges it beside popularity,
    fits it again on everything, and writes recommendations.parquet, model/, metrics.json and
    report.html to the directory of [output].
    """
    from pyrec.workflow.experiment import run as run_experiment
    from pyrec.workflow.runconfig import RunConfig

    with Bars() as bars:
        facts = run_experiment(RunConfig.from_toml(config, overrides), listener=bars)
    if as_json:
        display.echo_json(facts)
    else:
        click.echo(summary(facts))


def summary(facts: dict[str, Any]) -> str:
    """Say in a few lines what a run did."""
    data, output, quality = facts["data"], facts["output"], facts["quality"]
    lines = [
        f"{facts['source']}: {data['events']:,} events, {data['users']:,} people, "
        f"{data['items']:,} items",
    ]
    if quality:
        lines += [quality["description"], "", display.comparison(quality)]
    if facts["choice"]:
        lines += ["", display.choice(facts["choice"])]
    seconds = sum(step["seconds"] for step in facts["steps"])
    lines += [
        "",
        f"{output['rows']:,} recommendations for {output['users']:,} people in {seconds:.1f} s: "
        f"{output['directory']}/",
        "  " + "  ".join(output["entries"]),
    ]
    return "\n".join(lines)
