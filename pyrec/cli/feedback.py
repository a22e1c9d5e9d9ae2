"""``pyrec feedback``: what becomes of bias where a model learns from its own lists."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pyrec.cli import display, options
from pyrec.cli.progress import Bars

__all__ = ["feedback"]


@click.command()
@click.option("--model", metavar="NAME", help="Which model; default: als with sound settings.")
@options.file("-o", "--output", help="An HTML file with the charts and a table.")
@options.number("--rounds", 10, help="How many weeks.")
@click.option("-k", type=click.IntRange(min=1), default=20, show_default=True, metavar="N",
              help="Length of the lists.")  # fmt: skip
@options.number("--users", 2_000, help="Size of the simulated shop: people.")
@options.number("--items", 1_000, help="Size of the simulated shop: items.")
@options.number("--days", 90, help="Size of the simulated shop: days before the first week.")
@options.number("--random-state", 0, help="Another number, another shop.")
@options.as_json
def feedback(
    model: str | None, output: Path | None, rounds: int, k: int, as_json: bool, **size: int
) -> None:
    """Let a simulated shop learn from its own lists, week after week.

    Shows how popularity bias and true utility change for the model alone (fitted anew, and if it
    can be, updated week by week), with popularity control, and with exploration, beside the lists
    of somebody who knew the truth.
    """
    from pyrec.config import build
    from pyrec.models.registry import estimator_class
    from pyrec.report.feedback import render_feedback
    from pyrec.simulation.shop import simulate_shop
    from pyrec.workflow.feedback import policies_of, simulate_feedback
    from pyrec.workflow.starter import MODEL

    chosen = {"name": model} if model else dict(MODEL)
    policies = policies_of(build(estimator_class(chosen.pop("name")), chosen, "model"))
    with Bars() as bars:
        step, total = "simulate", len(policies) * rounds
        bars(step, 0, 0)
        made: list[Any] = []

        def progress(name: str, one: Any) -> None:
            made.append(one)
            bars(step, len(made), total)

        facts = simulate_feedback(
            simulate_shop(**size), policies, rounds=rounds, k=k,
            random_state=size["random_state"], progress=progress,
        )  # fmt: skip
    display.tell(facts, _summary, render_feedback, output, as_json)


def _summary(facts: Mapping[str, Any]) -> str:
    shown = ("utility", "tail", "coverage", "gini", "overlap", "popularity")
    rows = [
        [policy["name"], one["number"], *(one[name] for name in shown)]
        for policy in facts["policies"]
        for one in (policy["rounds"][0], policy["rounds"][-1])
    ]
    return display.table(["", "round", *shown], rows)
