"""What commands print: aligned tables for people, JSON for scripts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

__all__ = ["choice", "comparison", "echo_json", "table", "tell"]


def echo_json(value: Any) -> None:
    """Print plain data as JSON."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def tell(
    facts: Mapping[str, Any],
    summary: Callable[[Mapping[str, Any]], str],
    page: Callable[[Mapping[str, Any]], str],
    output: Path | None,
    as_json: bool,
) -> None:
    """Print facts as JSON or in short, after writing the page of them if a file is named."""
    from pyrec.io.writing import replacing

    if output is not None:
        with replacing(output) as part:
            part.write_text(page(facts), encoding="utf-8")
    if as_json:
        echo_json(facts)
    else:
        click.echo(summary(facts))
        if output is not None:
            click.echo(f"{output}: tables and charts")


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return rows as aligned columns, numbers to the right."""
    numeric = [
        bool(rows) and all(isinstance(row[j], int | float) for row in rows)
        for j in range(len(header))
    ]
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[j]) for row in cells) for j in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def comparison(quality: Mapping[str, Any]) -> str:
    """Return the figures of a model beside those of the baseline, and of itself without rules."""
    parts = _beside(quality["parts"], quality["model"], quality["baseline"])
    if quality["rules"]:
        parts += _beside(quality["rules"][:1], f"{quality['model']} under rules", "without")
    return "\n\n".join(parts)


def _beside(parts: Sequence[Mapping[str, Any]], model: str, other: str) -> list[str]:
    tables = []
    for part in parts:
        rows = [
            [name, _interval(row["model"]), _interval(row["baseline"]), row["verdict"]]
            for name, row in part["metrics"].items()
        ]
        told = f"{part['title']}: {part['pairs']:,} pairs of {part['users']:,} people"
        tables.append(f"{told}\n{table(['', model, other, ''], rows)}")
    return tables


def choice(told: Mapping[str, Any]) -> str:
    """Return what a model that chooses itself tried, the best of each kind, and what it chose."""
    kinds: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in told["tried"]:
        kinds.setdefault((one["stage"], _label(one["model"])), []).append(one)
    rows = []
    for (stage, label), trials in kinds.items():
        values = [one["value"] for one in trials if one["value"] is not None]
        seconds = sum(one["seconds"] for one in trials)
        best = f"{max(values):.4f}" if values else trials[-1]["note"]
        rows.append([stage, label, len(trials), best, f"{seconds:.1f}"])
    chosen = told["chosen"]
    header = ["", "model", "tried", f"best {told['metric']}", "seconds"]
    members = zip(chosen.get("members", [chosen]), chosen.get("weights", [None]), strict=True)
    lines = [f"chosen on validation splits: {_label(chosen)}"]
    for member, weight in members:
        options = ", ".join(f"{k} = {v}" for k, v in member.items() if k != "name")
        lines.append(f"  {'' if weight is None else f'{weight:.2f} '}{member['name']}: {options}")
    return table(header, rows) + "\n" + "\n".join(lines)


def _label(model: Mapping[str, Any]) -> str:
    return " + ".join(one["name"] for one in model.get("members", [model]))


def _interval(value: Mapping[str, Any]) -> str:
    if value["mean"] is None:
        return ""
    mean = f"{value['mean']:.4f}"
    return mean if value["low"] is None else f"{mean} ({value['low']:.4f} to {value['high']:.4f})"
