"""``pyrec similar``: what a saved model holds for alike."""

from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.models import ids_of, lists, open_model

__all__ = ["similar"]


@click.command()
@options.model
@click.argument("ids", nargs=-1, required=True, metavar="ITEM...")
@options.k
@click.option("--users", is_flag=True, help="The ids are of users; find similar users.")
@options.as_json
def similar(model: Path, ids: tuple[str, ...], k: int, users: bool, as_json: bool) -> None:
    """Find the items most similar to each ITEM.

    MODEL is the folder of a saved model, or the output of a run.
    """
    from pyrec.models.abilities import SimilarItems, SimilarUsers, require

    opened = open_model(model)
    if users:
        known = ids_of(ids, opened.users, "user")
        finder: Any = require(opened, SimilarUsers, "find similar users")  # type: ignore[type-abstract]
        ranking = finder.similar_users(known, k)
    else:
        known = ids_of(ids, opened.items, "item")
        finder = require(opened, SimilarItems, "find similar items")  # type: ignore[type-abstract]
        ranking = finder.similar_items(known, k)
    found = lists(known, ranking)
    if as_json:
        display.echo_json(found)
    else:
        what = "user_id" if users else "item_id"
        rows = [
            [str(query["id"]), rank, str(entry["id"]), entry["score"]]
            for query in found
            for rank, entry in enumerate(query["list"], 1)
        ]
        click.echo(display.table([what, "rank", "similar", "score"], rows))
