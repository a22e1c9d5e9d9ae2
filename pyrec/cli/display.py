"""What commands print: aligned tables for people, JSON for scripts."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

__all__ = ["comparison", "echo_json", "table"]


def echo_json(value: Any) -> None:
    """Print plain data as JSON."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


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
    """Return the figures of a model beside those of the baseline, part by part."""
    parts = []
    for part in quality["parts"]:
        rows = [
            [name, _interval(row["model"]), _interval(row["baseline"]), row["verdict"]]
            for name, row in part["metrics"].items()
        ]
        told = f"{part['title']}: {part['pairs']:,} pairs of {part['users']:,} people"
        parts.append(f"{told}\n{table(['', quality['model'], quality['baseline'], ''], rows)}")
    return "\n\n".join(parts)


def _interval(value: Mapping[str, Any]) -> str:
    if value["mean"] is None:
        return ""
    mean = f"{value['mean']:.4f}"
    return mean if value["low"] is None else f"{mean} ({value['low']:.4f} to {value['high']:.4f})"
