"""``pyrec demo``: the whole job at once, on a simulated shop or on the user's own log."""

from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars
from pyrec.cli.run import summary

__all__ = ["demo"]


@click.command()
@options.file("--data", help="Your own log; a simulated shop if not given.")
@options.columns
@click.option("--target", metavar="KIND", help="Kind of event to judge on, such as purchase.")
@click.option("--model", metavar="NAME", help="Which model; default: als with sound settings.")
@options.k
@options.file("-o", "--output", default="pyrec-demo", help="The folder where everything goes.")
@options.number("--users", 20_000, help="Size of the simulated shop: people.")
@options.number("--items", 5_000, help="Size of the simulated shop: items.")
@options.number("--days", 90, help="Size of the simulated shop: days.")
@options.number("--random-state", 0, help="Another number, another shop.")
@options.as_json
def demo(
    data: Path | None,
    target: str | None,
    model: str | None,
    k: int,
    output: Path,
    as_json: bool,
    **rest: Any,
) -> None:
    """Show the whole job: from a log to lists, quality and a report.

    Without --data, simulates a shop. The folder gets recommendations.parquet, model/, metrics.json,
    report.html and the config.toml that made them.
    """
    from pyrec.models.registry import estimator_class
    from pyrec.workflow.experiment import run
    from pyrec.workflow.runconfig import RunConfig
    from pyrec.workflow.starter import MODEL
    from pyrec.workflow.steps import Steps

    if model:
        estimator_class(model)  # a wrong name is told before anything is done
    with Bars() as bars:
        with Steps(bars)("read the log" if data else "simulate a shop"):
            plan, events, notes = _own(data, rest) if data else _simulated(output, rest)
        if target:
            plan["split"]["target"] = target
        plan["model"] = {"name": model} if model else MODEL
        plan["evaluation"] = {"metrics": ["recall", "ndcg", "hit_rate", "coverage"], "k": k}
        title = None if data else "A simulated shop"
        plan["output"] = {"directory": str(output), "k": k, "title": title}
        if not as_json:
            click.echo("\n".join(notes) + "\n")
        facts = run(RunConfig.from_dict(plan), listener=bars, events=events)
    if as_json:
        display.echo_json(facts)
    else:
        click.echo(f"{summary(facts)}\n\n{_next_steps(output, own=data is not None)}")


def _own(data: Path, options: dict[str, Any]) -> tuple[dict[str, Any], Any, list[str]]:
    """Return a plan for a log, the log, and what was guessed."""
    from pyrec.workflow.guess import ROLES
    from pyrec.workflow.starter import starter

    found = starter(
        data,
        {role: options[role] for role in ROLES},
        header=not options["no_header"],
        delimiter=options["delimiter"],
    )
    return found.options, found.events, found.notes


def _simulated(output: Path, options: dict[str, Any]) -> tuple[dict[str, Any], Any, list[str]]:
    """Return the same for a simulated shop, which is written to files, too."""
    from pyrec.workflow.demonstration import write_shop

    folder = output / "shop"
    size = {name: options[name] for name in ("users", "items", "days", "random_state")}
    shop, plan = write_shop(folder, **size)
    return plan, shop.events, [f"The log of a simulated shop: {folder}/"]


def _next_steps(output: Path, *, own: bool) -> str:
    from pyrec.cli.models import open_model

    model = open_model(output)
    user, item = model.users.ids[0], model.items.ids[0]
    lines = [
        "Next:",
        f"  open {output / 'report.html'} in a browser",
        f"  pyrec recommend {output} {user}",
        f"  pyrec similar {output} {item}",
        f"  pyrec run {output / 'config.toml'} --set model.factors=128",
    ]
    if not own:
        lines.append("  pyrec demo --data YOUR-LOG.csv")
    return "\n".join(lines)
