"""``pyrec tune``: choose the options of the model, never looking at the test."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars

__all__ = ["tune"]


@click.command()
@options.config
@options.file("-o", "--output", help="The TOML file to write; else CONFIG.tuned.toml.")
@options.file("--study", help="The journal of the trials; else CONFIG.study beside the output.")
@options.overrides
@options.as_json
def tune(
    config: Path,
    output: Path | None,
    study: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Choose the options of the model of CONFIG.toml on a part of its training data.

    Writes a configuration with the best options found, for run. Trials go into a journal: called
    again, with tune.trials raised or after an interruption, it goes on where it was. Ctrl-C ends
    it with the best so far. Needs pyrec[tune].
    """
    from pyrec.workflow.runconfig import RunConfig
    from pyrec.workflow.tune import tune as tune_config

    plan = RunConfig.from_toml(config, overrides)
    target = output or config.with_suffix(".tuned.toml")
    journal = study or target.with_name(f"{config.stem}.study")
    with Bars() as bars:
        tuned = tune_config(plan, target, study=journal, listener=bars)
    if as_json:
        display.echo_json(tuned.to_dict() | {"output": str(target), "study": str(journal)})
    else:
        click.echo(_summary(tuned))
        click.echo(f"{target}: the best; trials are in {journal}")


def _summary(tuned: Any) -> str:
    """Return the five best trials, and how many there were of each kind."""
    done = [trial for trial in tuned.trials if trial.value is not None]
    best = sorted(done, key=lambda trial: abs(trial.value - tuned.value))[:5]
    names = list(done[0].options)
    rows = [[t.value, t.seconds, *(_short(t.options[n]) for n in names)] for t in best]
    states = Counter(trial.state for trial in tuned.trials)
    counts = ", ".join(f"{count} {state}" for state, count in states.items())
    ended = "; interrupted" if tuned.interrupted else ""
    return f"{display.table([tuned.metric, 's', *names], rows)}\n{counts}{ended}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
