"""``pyrec tastes``: how far what people choose has moved."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars

__all__ = ["tastes"]


@click.command()
@options.config
@click.option("--at", metavar="DATE", help="Where the second period begins; else in the middle.")
@click.option("--category", metavar="COLUMN", help="Of the catalogue; else the one it names.")
@click.option("--segment", metavar="COLUMN", help="Of [data.people], to tell its values apart.")
@options.file("-o", "--output", help="An HTML file with the tables and a chart.")
@options.overrides
@options.as_json
def tastes(
    config: Path,
    at: str | None,
    category: str | None,
    segment: str | None,
    output: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Tell how the tastes of the people in a log moved from one period to the next.

    Compares each person's mix of categories before and after, beside what chance makes of the same
    events, and shows which categories and items rose and fell, with intervals.
    """
    from pyrec.report.tastes import render_tastes
    from pyrec.workflow.runconfig import RunConfig
    from pyrec.workflow.tastes import tastes as tastes_of

    with Bars() as bars:
        facts = tastes_of(
            RunConfig.from_toml(config, overrides), at=at, category=category, segment=segment,
            listener=bars,
        )  # fmt: skip
    display.tell(facts, _summary, render_tastes, output, as_json)


def _summary(facts: Mapping[str, Any]) -> str:
    rows = [
        [name, one["mean"], _between(one, ".4f")]
        for name, one in (
            ("distance", facts["distance"]), ("by chance", facts["by_chance"]),
            ("moved", facts["moved"]), *facts["segments"].items(),
        )
    ]  # fmt: skip
    changes = [
        [one["name"], one["before"], one["after"], _between(one["difference"], "+.4f")]
        for one in facts["categories"]
    ]
    told = f"{facts['source']}: {facts['users']:,} people before and after {facts['at']}"
    shares = display.table([facts["category"], "before", "after", "change (95%)"], changes)
    return f"{told}\n\n{display.table(['', 'mean', '95%'], rows)}\n\n{shares}"


def _between(one: Mapping[str, Any], form: str) -> str:
    return "" if one["low"] is None else f"{one['low']:{form}} to {one['high']:{form}}"
