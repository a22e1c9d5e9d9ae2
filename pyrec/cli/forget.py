"""``pyrec forget``: people out of a saved model."""

from pathlib import Path

import click

from pyrec.cli import display, options
from pyrec.cli.models import ids_of, open_model, save_over

__all__ = ["forget"]

# What a run writes beside its model, and who is named in it.
_LISTS = ("recommendations.parquet", "report.html")


@click.command()
@options.model
@click.argument("users", nargs=-1, required=True, metavar="USER...")
@options.as_json
def forget(model: Path, users: tuple[str, ...], as_json: bool) -> None:
    """Remove each USER from a saved model: id, history and factors.

    MODEL is the folder of a saved model, or the output of a run; it is replaced. What the model
    learnt of items from many people at once stays until the next fit.
    """
    from pyrec.models.abilities import Forgets, require

    known = open_model(model)
    require(known, Forgets, "forget people: fit it again without them")
    forgotten = ids_of(users, known.users, "user")
    less = known.forget(forgotten)
    save_over(less, model, forgotten)
    others = [name for name in _LISTS if (model / name).exists()]
    if as_json:
        facts = {"model": str(model), "forgotten": len(known.users) - len(less.users)}
        display.echo_json(facts | {"users": len(less.users), "still_named_in": others})
        return
    click.echo(f"{model}: {len(known.users) - len(less.users)} forgotten, {len(less.users):,} left")
    if others:
        click.echo(f"not changed, and may name them: {', '.join(others)}; run again", err=True)
