"""``pyrec evaluate``: hold out, fit, judge; writes nothing."""

from pathlib import Path

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars

__all__ = ["evaluate"]


@click.command()
@options.config
@options.overrides
@options.as_json
def evaluate(config: Path, overrides: tuple[str, ...], as_json: bool) -> None:
    """Judge a model on held-out events, beside popularity.

    Splits the log of CONFIG.toml, fits the model on the one part and judges it on the other. Prints
    the figures and writes nothing. Another model or another setting is one --set away:
    --set model.name=item_knn.
    """
    from pyrec.errors import ConfigError
    from pyrec.workflow import experiment
    from pyrec.workflow.runconfig import RunConfig
    from pyrec.workflow.steps import Steps

    plan = RunConfig.from_toml(config, overrides)
    with Bars() as bars:
        steps = Steps(bars)
        plan, events, tables = experiment.prepared(plan, steps)
        quality = experiment.judge(plan, events, steps, tables)
    if quality is None:
        raise ConfigError("split.method: 'none' holds nothing out; choose another, such as 'time'")
    if as_json:
        display.echo_json(quality)
    else:
        click.echo(f"{quality['description']}\n\n{display.comparison(quality)}")
