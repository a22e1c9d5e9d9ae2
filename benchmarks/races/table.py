"""What the races found, as text."""

from collections.abc import Iterable

from races.race import Cost
from races.referee import Result

# Columns and their widths: lines are printed as races end, before all cells are known.
COLUMNS = {"contender": -24, "seconds": 9, "ratio": 7, "peak": 6, "memory": 9, "found": -1}


def setting(machine: dict) -> str:
    """Return what the figures are of, in a line."""
    return (
        f"{machine['date']}, {machine['cpu']}, {machine['threads']} threads; "
        f"pyrec {machine['version']} ({machine['simd_level']}), Python {machine['python']}, "
        f"numpy {machine['numpy']}, scipy {machine['scipy']}"
    )


def rates(peak: Cost) -> str:
    """Return what the shares are shares of."""
    units = {
        "GFLOP/s of multiply-adds": peak.floats,
        "GOP/s of 8-bit dots": peak.dots,
        "GB/s read": peak.bytes,
        "G/s scattered additions": peak.additions,
    }
    known = ", ".join(f"{rate:,.4g} {unit}" for unit, rate in units.items() if rate)
    return f"peak: {known or 'unknown, there is no compiler'}"


def block(result: Result) -> str:
    """Return a race as lines of the table."""
    lines = [f"{result.work}: {result.title}", *map(aligned, rows(result))]
    return "\n".join(lines)


def rows(result: Result) -> list[list[str]]:
    """Return the cells of a race, ours first."""
    mark = "~" if result.complaints else ""
    return [
        [
            line.contender,
            mark + seconds(line.seconds),
            f"{line.ratio:.3g}x",
            "" if line.share is None else percent(line.share),
            f"{line.megabytes:,.0f} MB",
            line.found,
        ]
        for line in result.lines
    ]


def seconds(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}"


def aligned(row: Iterable[str]) -> str:
    """Return a line of the table."""
    cells = [
        cell.ljust(-width) if width < 0 else cell.rjust(width)
        for cell, width in zip(row, COLUMNS.values(), strict=True)
    ]
    return "  " + "  ".join(cells).rstrip()


def markdown(results: list[Result]) -> str:
    """Return a table for documents: how many times as long as ours the others take."""
    head = ["work", "pyrec", "of peak", "others take times as long", "pyrec with less SIMD"]
    lines = [head, ["---"] * len(head)]
    for result in results:
        ours, *rest = result.lines
        levels = [line for line in rest if line.contender.startswith("pyrec")]
        peers = [line for line in rest if line not in levels]
        lines.append([
            f"{result.work}: {result.title}",
            f"{seconds(ours.seconds)} s",
            "" if ours.share is None else percent(ours.share),
            ", ".join(f"{line.contender} **{line.ratio:.1f}**" for line in peers),
            ", ".join(f"{line.contender[7:-1]} {line.ratio:.1f}" for line in levels),
        ])  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
