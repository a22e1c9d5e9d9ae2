"""``pyrec update``: the day's log into yesterday's model."""

from pathlib import Path

import click

from pyrec.cli import display, options
from pyrec.cli.models import open_model, save_as, save_over
from pyrec.cli.progress import Bars

__all__ = ["update"]


@click.command()
@options.model
@click.argument("events", metavar="EVENTS", type=click.Path(path_type=Path))
@options.file("--config", help="What the model was fitted with; else config.toml of the run.")
@options.file("-o", "--output", help="Where to save the new model; else it replaces the old one.")
@click.option(
    "--allow-late",
    is_flag=True,
    help="Take events from before the latest that the model knows; if it has them, they count "
    "twice.",
)
@options.as_json
def update(
    model: Path,
    events: Path,
    config: Path | None,
    output: Path | None,
    allow_late: bool,
    as_json: bool,
) -> None:
    """Take the new log EVENTS into a saved model, without learning everything anew.

    MODEL is the folder of a saved model, or the output of a run. Only what the new events touch is
    computed. The new model appears whole or not at all.
    """
    from pyrec.workflow import update as work
    from pyrec.workflow.runconfig import RunConfig
    from pyrec.workflow.steps import Steps

    config = config or model / "config.toml"
    if not config.exists():
        raise click.UsageError(f"{config}: is missing; name the model's configuration by --config")
    plan = RunConfig.from_toml(config)
    with Bars() as bars:
        steps = Steps(bars)
        known, facts = work.update(
            plan, open_model(model), str(events), steps, allow_late=allow_late
        )
        with steps("save the model"):
            if output:
                save_as(known, output, model)
            else:
                save_over(known, model)
    facts = {"model": str(output or model), **facts}
    if as_json:
        display.echo_json(facts)
        return
    told = (
        f"{facts['model']}: {facts['pairs']:,} pairs, {facts['new_users']:,} of the people and "
        f"{facts['new_items']:,} of the items new; {facts['late_events']:,} late events"
    )
    if "drift" in facts:
        told += f"; {facts['drift']['share']:.1%} of its pairs came after the last whole fit"
    click.echo(told)
