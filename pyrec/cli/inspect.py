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
    known = _features(model, path)
    if as_json:
        display.echo_json(facts | known)
    else:
        _echo_facts(facts | {name: _told(found) for name, found in known.items()})


def _features(model: Any, path: Path) -> dict[str, Any]:
    """Return what made the features of a model, and what it made of them."""
    from pyrec.features import load

    known: dict[str, Any] = {}
    folder = next((at for at in (path / "model", path) if (at / "features").is_dir()), path)
    for side in ("items", "users"):
        name = side.removesuffix("s")
        if (folder / "features" / side).is_dir():
            pipeline = load(folder / "features" / side)
            steps = pipeline.pipeline.get_params()["steps"]
            known[f"{name}_features"] = [
                {**step, "columns_made": width}
                for step, width in zip(steps, pipeline.widths(), strict=True)
            ]
        if (learnt := getattr(model, f"{name}_map", None)) is not None:
            known[f"{name}_map"] = {
                "features": len(learnt.names),
                "factors": learnt.weights.shape[1],
            }
    return known


def _told(found: Any) -> str:
    """Return steps, or the size of a map, in a line."""
    if isinstance(found, dict):
        return f"{found['features']:,} features to {found['factors']:,} factors"
    steps = [
        f"{step['step']}{' of ' + step['column'] if 'column' in step else ''}: "
        f"{step['columns_made']:,}"
        for step in found
    ]
    return ", ".join(steps) + " columns"


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
