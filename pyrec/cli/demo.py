"""``pyrec demo``: the whole job at once, on a simulated shop or on the user's own log."""

from pathlib import Path

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars
from pyrec.cli.run import summary

__all__ = ["demo"]


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Your own log; a simulated shop if not given.",
)
@options.columns
@click.option("--target", metavar="KIND", help="Kind of event to judge on, such as purchase.")
@click.option("--model", metavar="NAME", help="Which model; default: als with sound settings.")
@options.k
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default="pyrec-demo",
    show_default=True,
    metavar="FOLDER",
    help="Where everything goes.",
)
@click.option(
    "--users",
    type=click.IntRange(min=2),
    default=20_000,
    show_default=True,
    help="Size of the simulated shop: people.",
)
@click.option(
    "--items",
    type=click.IntRange(min=2),
    default=5_000,
    show_default=True,
    help="Size of the simulated shop: items.",
)
@click.option(
    "--days",
    type=click.IntRange(min=2),
    default=90,
    show_default=True,
    help="Size of the simulated shop: days.",
)
@click.option(
    "--random-state", type=int, default=0, show_default=True, help="Another number, another shop."
)
@options.as_json
def demo(
    data: Path | None,
    target: str | None,
    model: str | None,
    k: int,
    output: Path,
    users: int,
    items: int,
    days: int,
    random_state: int,
    as_json: bool,
    **columns: str | None,
) -> None:
    """Show the whole job: from a log to lists, quality and a report.

    Without --data, simulates a shop. The folder gets recommendations.parquet, model/, metrics.json,
    report.html and the config.toml that made them.
    """
    from pyrec.demonstration import write_shop
    from pyrec.experiment import run
    from pyrec.runconfig import RunConfig
    from pyrec.starter import MODEL, starter
    from pyrec.steps import Steps

    with Bars() as bars:
        with Steps(bars)("read the log" if data else "simulate a shop"):
            if data:
                found = starter(data, columns)
                events, plan, notes = found.events, found.options, found.notes
            else:
                shop, plan = write_shop(
                    output / "shop", users=users, items=items, days=days, random_state=random_state
                )
                events, notes = shop.events, [f"a simulated shop, in {output / 'shop'}"]
        if target:
            plan["split"]["target"] = target
        plan["model"] = {"name": model} if model else MODEL
        plan["evaluation"] = {"metrics": ["recall", "ndcg", "hit_rate", "coverage"], "k": k}
        plan["output"] = {"directory": str(output), "k": k}
        if not as_json:
            click.echo("\n".join(notes) + "\n")
        facts = run(RunConfig.from_dict(plan), listener=bars, events=events)
    if as_json:
        display.echo_json(facts)
    else:
        click.echo(f"{summary(facts)}\n\n{_next_steps(output, own=data is not None)}")


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
