"""``pyrec fit``: learn from a whole log and save the model."""

from pathlib import Path

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars

__all__ = ["fit"]


@click.command()
@options.config
@options.file("-o", "--output", help="Where to save the model; else model/ of the output.")
@options.overrides
@options.as_json
def fit(config: Path, output: Path | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Learn from the whole log of CONFIG.toml and save the model.

    Nothing is held out and nothing judged; see evaluate for that.
    """
    from pyrec.workflow import experiment
    from pyrec.workflow.runconfig import RunConfig
    from pyrec.workflow.staging import staged
    from pyrec.workflow.steps import Steps

    plan = RunConfig.from_toml(config, overrides)
    folder = output or Path(plan.output.directory) / "model"
    with Bars() as bars:
        steps = Steps(bars)
        plan, events, tables = experiment.prepared(plan, steps)
        besides = experiment.learn(plan, events, steps, tables)
        model = experiment.fit(plan, events, steps, besides)
        with steps("save the model"):
            if output:
                model.save(output)
                besides.save(output)
            else:
                with staged(folder.parent, entries=["model"]) as stage:
                    model.save(stage / "model")
                    besides.save(stage / "model")
    if as_json:
        facts = {"model": str(folder), "users": len(model.users), "items": len(model.items)}
        display.echo_json(facts | {"estimator": model.estimator.get_params()})
    else:
        click.echo(
            f"{folder}: {model.estimator.name} from {model.interactions.nnz:,} pairs of "
            f"{len(model.users):,} people and {len(model.items):,} items"
        )
