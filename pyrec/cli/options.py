"""Arguments and options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["as_json", "columns", "config", "file", "k", "model", "number", "overrides"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def file(*names: str, **options: Any) -> Decorator:
    """Make an option that is a path."""
    options = {"metavar": "PATH", "show_default": True, **options}
    return click.option(*names, type=click.Path(path_type=Path), **options)


def number(name: str, default: int, **options: Any) -> Decorator:
    """Make an option that is a whole number of 0 or more."""
    return click.option(
        name, type=click.IntRange(min=0), default=default, show_default=True, metavar="N", **options
    )


config: Decorator = click.argument("config", metavar="CONFIG.toml", type=click.Path(path_type=Path))
model: Decorator = click.argument("model", metavar="MODEL", type=click.Path(path_type=Path))
overrides: Decorator = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change one option of the file, such as model.factors=128. Repeatable.",
)
as_json: Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
k: Decorator = click.option(
    "-k",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="Length of the lists.",
)


def columns(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each role that a column of a log can have, and how its text is written."""
    command = click.option(
        "--no-header", is_flag=True, help="The log begins with an event; columns are 0, 1, ..."
    )(command)
    command = click.option(
        "--delimiter", metavar="TEXT", help="What parts the columns of text; guessed if not given."
    )(command)
    roles = {
        "user": "people", "item": "items", "event": "kinds of event", "timestamp": "times",
        "weight": "quantities or ratings", "session": "visits or baskets",
    }  # fmt: skip
    for role, meaning in reversed(roles.items()):
        help_ = f"Column of the {meaning}; guessed if not given."
        command = click.option(f"--{role}", metavar="COLUMN", help=help_)(command)
    return command
