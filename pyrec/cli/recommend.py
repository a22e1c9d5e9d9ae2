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
@options.file(
    "-o",
    "--output",
    help="Write the lists of all users to .parquet, .csv or .tsv; or, without a suffix, to a "
    "folder of Parquet files, where the same command goes on after a crash.",
)
@options.file("--merge", metavar="FILE", help="When the folder is whole, join its lists in a file.")
@click.option(
    "--memory",
    type=click.IntRange(min=1),
    metavar="MB",
    help="What writing lists of all users may take, beside the model.",
)
@click.option(
    "--where",
    "wheres",
    multiple=True,
    metavar="COMPARISON",
    help="Only items such as 'price < 20' or 'brand in Clay, Leaf', by the table of items. "
    "Repeatable: all must hold.",
)
@click.option(
    "--now",
    metavar="MOMENT",
    help="What 'now' is where rules ask what is on offer: a date or time instead of this moment.",
)
@options.file("--config", help="Whose [rules] and tables count; else config.toml of the run.")
@click.option("--without-rules", is_flag=True, help="Do not look at the [rules].")
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
    help="What a user gets whom the model does not know: by default an error, or of a chain of "
    "models what the first one answers that is not personal.",
)
@options.as_json
def recommend(
    model: Path,
    users: tuple[str, ...],
    k: int,
    output: Path | None,
    merge: Path | None,
    memory: int | None,
    wheres: tuple[str, ...],
    now: str | None,
    config: Path | None,
    without_rules: bool,
    include_seen: bool,
    kinds: tuple[str, ...],
    unknown: str | None,
    as_json: bool,
) -> None:
    """Recommend items to each USER, or with -o to everybody.

    MODEL is the folder of a saved model, or the output of a run. Lists obey the [rules] of the
    configuration.
    """
    if bool(users) == bool(output):
        raise click.UsageError("name one or more users, or a file for all of them with -o")
    if include_seen and kinds:
        raise click.UsageError("--include-seen and --exclude-kind exclude each other")
    if (merge or memory) and not output:
        raise click.UsageError("--merge and --memory are for the lists of all users: add -o")
    if merge and output and output.suffix and not output.is_dir():
        raise click.UsageError("--merge joins what is in a folder: name one, without a suffix")
    exclude_seen: Any = list(kinds) if kinds else not include_seen
    opened = open_model(model)
    ids = opened.users.ids if output else ids_of(users, opened.users, "user")
    found_in = config or model / "config.toml"
    if (config or wheres or now) and not found_in.exists():
        raise click.UsageError(f"{found_in}: is missing; name the configuration by --config")
    rules = None
    if found_in.exists():
        rules = _rules(opened, ids, k, found_in, wheres, without_rules, now)
    if output:
        _write(opened, output, merge, as_json, k, exclude_seen=exclude_seen, rules=rules,
               memory=memory and 1_000_000 * memory)  # fmt: skip
        return
    from pyrec.errors import UnknownIdError

    asked: dict[str, Any] = {"exclude_seen": exclude_seen, "rules": rules}
    try:
        if unknown is not None:
            asked["unknown"] = unknown
        ranking = opened.recommend(ids, k, **asked)
    except UnknownIdError as error:
        raise UnknownIdError(f"{error}; see --unknown") from None
    found = lists(ids, ranking)
    if as_json:
        display.echo_json(found)
    else:
        _show(found)


def _show(found: list[dict[str, Any]]) -> None:
    """Print lists as a table, with the sources of entries where a chain of models gave them."""
    more = ["source"] if any("source" in entry for one in found for entry in one["list"]) else []
    rows = [
        [str(person["id"]), rank, str(entry["id"]), entry["score"], *(entry[c] for c in more)]
        for person in found
        for rank, entry in enumerate(person["list"], 1)
    ]
    click.echo(display.table(["user_id", "rank", "item_id", "score", *more], rows))


def _rules(
    model: Any,
    users: Any,
    k: int,
    path: Path,
    wheres: tuple[str, ...],
    without: bool,
    now: str | None,
) -> Any:
    """Compile the rules of a configuration, and what was asked for besides."""
    from functools import reduce

    from pyrec.rules.options import RuleOptions
    from pyrec.rules.typed import typed_predicate
    from pyrec.workflow.rulebook import rules_for
    from pyrec.workflow.runconfig import RunConfig
    from pyrec.workflow.steps import Steps
    from pyrec.workflow.tables import read_tables

    plan = RunConfig.from_toml(path)
    if without:
        plan = plan.replace(rules=RuleOptions())
    if plan.rules.are_none and not wheres:
        return None
    also = reduce(lambda a, b: a & b, map(typed_predicate, wheres)) if wheres else None
    tables = read_tables(plan, model, Steps(None))
    return rules_for(plan, tables, model, users, k, also=also, now=now)


def _write(
    model: Any, output: Path, merge: Path | None, as_json: bool, k: int, **options: Any
) -> None:
    from pyrec.workflow.batch import write_recommendations
    from pyrec.workflow.parts import merge_recommendations
    from pyrec.workflow.steps import Steps

    with Bars() as bars:
        steps = Steps(bars)
        with steps("recommend") as progress:
            written = write_recommendations(model, output, k, progress=progress, **options)
        if merge:
            with steps("merge"):
                merge_recommendations(output, merge)
    facts = {"path": str(merge or output), "rows": written.rows, "users": written.users}
    told = f"{merge or output}: {written.rows:,} recommendations for {written.users:,} users"
    click.echo(told) if not as_json else display.echo_json(facts)
