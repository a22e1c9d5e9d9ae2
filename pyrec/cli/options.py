"""Arguments and options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["as_json", "columns", "config", "k", "model", "overrides"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

config: Decorator = click.argument("config", metavar="CONFIG.toml", type=click.Path(path_type=Path))
model: Decorator = click.argument("model", metavar="MODEL", type=click.Path(path_type=Path))
overrides: Decorator = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Change one option of the file, such as model.factors=128. Repeatable.",
)  # fmt: skip
as_json: Decorator = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
k: Decorator = click.option("-k", type=click.IntRange(min=1), default=10, show_default=True,
                            help="Length of the lists.")  # fmt: skip


def columns(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each role that a column of a log can have."""
    roles = {
        "user": "who", "item": "what", "event": "the kind of event", "timestamp": "when",
        "weight": "how much, such as a quantity or a rating", "session": "the visit or basket",
    }  # fmt: skip
    for role, meaning in reversed(roles.items()):
        help_ = f"Column that says {meaning}; guessed if not given."
        command = click.option(f"--{role}", metavar="COLUMN", help=help_)(command)
    return command
