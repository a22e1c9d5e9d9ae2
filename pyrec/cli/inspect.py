"""``pyrec inspect``: what a log, a configuration or a saved model holds."""

from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars

__all__ = ["inspect"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@options.columns
@options.as_json
def inspect(
    path: Path, no_header: bool, delimiter: str | None, as_json: bool, **columns: str | None
) -> None:
    """Say what PATH holds: a log, a configuration or a saved model.

    For a log it tells what is in it and proposes a configuration: save that as a file, and pyrec
    run does the rest. A configuration is checked and shown with all its defaults.
    """
    if path.suffix == ".toml":
        _configuration(path, as_json)
    elif path.is_dir() and any((path / at).exists() for at in ("manifest.json", "model")):
        _model(path, as_json)
    else:
        _log(path, columns, {"header": not no_header, "delimiter": delimiter}, as_json)


def _configuration(path: Path, as_json: bool) -> None:
    from pyrec.config import to_toml
    from pyrec.workflow.runconfig import RunConfig

    complete = RunConfig.from_toml(path).complete()
    if as_json:
        display.echo_json(complete)
    else:
        click.echo(to_toml(complete), nl=False)


def _model(path: Path, as_json: bool) -> None:
    from pyrec.cli.models import open_model

    model = open_model(path)
    facts: dict[str, Any] = {
        "model": model.estimator.name,
        **model.estimator.get_params(),
        "users": len(model.users),
        "items": len(model.items),
        "pairs": model.interactions.nnz,
        "kinds": list(model.interactions.kind_names),
    }
    if as_json:
        display.echo_json(facts)
    else:
        _echo_facts(facts)


def _log(path: Path, columns: dict[str, str | None], form: dict[str, Any], as_json: bool) -> None:
    from pyrec.config import to_toml
    from pyrec.report.describe import describe
    from pyrec.workflow.starter import starter
    from pyrec.workflow.steps import Steps

    with Bars() as bars, Steps(bars)(f"read {path.name}"):
        found = starter(path, columns, **form)
    facts = describe(found.events)
    if as_json:
        provenance = found.events.report.to_dict()
        display.echo_json(
            facts | {"provenance": provenance, "notes": found.notes, "config": found.options}
        )
        return
    _echo_facts(facts, "# ")  # all but the configuration is a comment in its file
    told = [*str(found.events.report).splitlines(), "", *found.notes]
    click.echo("\n".join(["#", *(f"# {line}".rstrip() for line in told), ""]))
    click.echo(to_toml(found.options), nl=False)


def _echo_facts(facts: dict[str, Any], prefix: str = "") -> None:
    width = max(map(len, facts))
    for name, value in facts.items():
        if isinstance(value, dict):
            text = ", ".join(f"{key} {n:,}" for key, n in value.items())
        elif isinstance(value, list):
            text = ", ".join(map(str, value))
        elif isinstance(value, int) and not isinstance(value, bool):
            text = f"{value:,}"
        else:
            text = f"{value:.4g}" if isinstance(value, float) else str(value)
        if text and value is not None:
            click.echo(f"{prefix}{name.replace('_', ' ').ljust(width)}  {text}")
