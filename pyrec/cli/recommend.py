"""``pyrec recommend``: lists of a saved model, for some people or for all."""

from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.models import ids_of, lists, open_model
from pyrec.cli.progress import Bars

__all__ = ["recommend"]


@click.command()
@options.model
@click.argument("users", nargs=-1, metavar="[USER]...")
@options.k
@options.file("-o", "--output", help="Write the lists of all users to .parquet, .csv or .tsv.")
@click.option("--include-seen", is_flag=True, help="Also recommend what the user had before.")
@click.option(
    "--exclude-kind",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="Leave out only what the user had as this kind of event. Repeatable.",
)
@click.option(
    "--unknown",
    type=click.Choice(["raise", "empty", "popular"]),
    default="raise",
    show_default=True,
    help="What a user gets whom the model does not know.",
)
@options.as_json
def recommend(
    model: Path,
    users: tuple[str, ...],
    k: int,
    output: Path | None,
    include_seen: bool,
    kinds: tuple[str, ...],
    unknown: str,
    as_json: bool,
) -> None:
    """Recommend items to each USER, or with -o to everybody.

    MODEL is the folder of a saved model, or the output of a run.
    """
    if bool(users) == bool(output):
        raise click.UsageError("name one or more users, or a file for all of them with -o")
    if include_seen and kinds:
        raise click.UsageError("--include-seen and --exclude-kind exclude each other")
    from pyrec.errors import UnknownIdError

    exclude_seen: Any = list(kinds) if kinds else not include_seen
    opened = open_model(model)
    if output:
        from pyrec.workflow.batch import write_recommendations
        from pyrec.workflow.steps import Steps

        with Bars() as bars, Steps(bars)("recommend") as progress:
            written = write_recommendations(
                opened, output, k, exclude_seen=exclude_seen, progress=progress
            )
        facts = {"path": str(output), "rows": written.rows, "users": written.users}
        told = f"{output}: {written.rows:,} recommendations for {written.users:,} users"
        click.echo(told) if not as_json else display.echo_json(facts)
        return
    ids = ids_of(users, opened.users, "user")
    try:
        ranking = opened.recommend(ids, k, exclude_seen=exclude_seen, unknown=unknown)
    except UnknownIdError as error:
        raise UnknownIdError(f"{error}; see --unknown") from None
    found = lists(ids, ranking)
    if as_json:
        display.echo_json(found)
    else:
        rows = [
            [str(person["id"]), rank, str(entry["id"]), entry["score"]]
            for person in found
            for rank, entry in enumerate(person["list"], 1)
        ]
        click.echo(display.table(["user_id", "rank", "item_id", "score"], rows))
