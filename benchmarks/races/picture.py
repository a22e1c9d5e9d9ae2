"""What the races found, as a picture: a bar for each peer, how much longer than ours it takes."""

from pathlib import Path

from races.referee import Result


def draw(results: list[Result], path: Path, caption: str) -> None:
    """Write the picture; its format is that of the suffix."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    bars = [
        (f"{result.work}: {result.title}" if i == 0 else "", line)
        for result in results
        for i, line in enumerate(result.lines[1:] or result.lines)
    ]
    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.28 * len(bars)), layout="constrained")
    names = sorted({line.contender for _, line in bars})
    for place, (_, line) in enumerate(bars):
        axes.barh(place, line.ratio - 1, left=1, color=f"C{names.index(line.contender) % 10}")
        axes.text(
            max(line.ratio, 1), place, f" {line.ratio:.1f}x {line.contender}", va="center", size=8
        )
    axes.set_yticks(range(len(bars)), [title for title, _ in bars], size=8)
    axes.tick_params(axis="y", length=0)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}x")
    axes.set_xlim(min(0.8, *(line.ratio for _, line in bars)), 4 * max(x.ratio for _, x in bars))
    axes.axvline(1, color="black", linewidth=1)
    axes.invert_yaxis()
    axes.set_xlabel("time in times of pyrec's (1: as fast), the same results")
    axes.set_title(caption, size=8, loc="left")
    figure.savefig(path, dpi=120)
    plt.close(figure)
