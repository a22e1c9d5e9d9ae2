"""How time and memory grow with the work: a curve for each thing that can become larger.

``python benchmarks/scaling.py`` measures every point in a process of its own, prints a table, and
writes it as JSON and as a picture, time above memory. ``--largest`` takes the longest curves to
their ends (24 GiB and half an hour). Straight lines of slope 1 in the picture are costs in
proportion.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

import data
from pyrec import ALS, Interactions, runtime
from pyrec.kernels import ItemIndex, neighbors, top_k
from pyrec.models.als_training import Training
from races import machine

ROUNDS = 3


@dataclass(frozen=True)
class Curve:
    """Points to measure: ``prepare(x)`` returns what is timed, all else being the same."""

    title: str
    quantity: str
    points: tuple[int, ...]
    prepare: Callable[[int], Callable[[], object]]
    largest: tuple[int, ...] = ()  # only where they are asked for


def log_like(pairs, items=50_000):
    """Return ones of a hundred draws a user, popularity a power law."""
    rng = np.random.default_rng(0)
    users = max(1, pairs // 100)
    popularity = np.cumsum((np.arange(items) + 10.0) ** -0.7)
    popularity /= popularity[-1]
    counts, columns = np.zeros(users + 1, np.int64), []
    for begin in range(0, users, 10_000):
        n = min(10_000, users - begin)
        drawn = np.searchsorted(popularity, rng.random((n, 100)), side="right").astype(np.int32)
        drawn.sort(axis=1)
        new = np.diff(drawn, axis=1, prepend=-1) > 0
        counts[begin + 1 : begin + n + 1] = new.sum(axis=1)
        columns.append(drawn[new])
    ones = np.ones(counts.sum(), np.float32)
    return sp.csr_array((ones, np.concatenate(columns), np.cumsum(counts)), shape=(users, items))


def als_of_pairs(pairs, factors=64):
    als = ALS(factors=factors, unobserved_weight=1)
    return Training(als, Interactions.from_scipy(log_like(pairs))).iterate


def als_of_factors(factors):
    return als_of_pairs(1_000_000, factors)


def similarity(pairs):
    matrix = Interactions.from_scipy(log_like(pairs)).csr
    return lambda: neighbors(matrix, 100)


def lists(items, k=10, users=4096):
    queries, catalogue = data.factors(users, items, 64)
    index = ItemIndex(catalogue)
    return lambda: top_k(queries, index, k)


def lists_of_k(k):
    return lists(100_000, k)


def with_threads(prepare):
    def prepared(threads):
        work = prepare()

        def run():
            with runtime.threads(threads):
                work()

        return run

    return prepared


THREADS = tuple(n for n in (1, 2, 4, 8, 16) if n <= (os.cpu_count() or 1))
CURVES = {
    "als-pairs": Curve("ALS iteration, 64 factors", "interactions",
        (1_000_000, 3_000_000, 10_000_000), als_of_pairs, (30_000_000, 100_000_000)),
    "als-factors": Curve("ALS iteration, 1 M interactions", "factors",
        (16, 32, 64, 128, 256, 512, 1024), als_of_factors),
    "similarity-pairs": Curve("100 nearest items each", "interactions",
        (300_000, 1_000_000, 3_000_000), similarity, (10_000_000,)),
    "lists-items": Curve("top 10 for 4,096 users, 64 factors", "items",
        (10_000, 30_000, 100_000, 300_000, 1_000_000), lists),
    "lists-k": Curve("top k for 4,096 users, 100,000 items", "k",
        (1, 3, 10, 30, 100, 300, 1000), lists_of_k),
    "als-threads": Curve("ALS iteration, 3 M interactions", "threads",
        THREADS, with_threads(lambda: als_of_pairs(3_000_000))),
    "lists-threads": Curve("top 10 for 4,096 users, 100,000 items", "threads",
        THREADS, with_threads(lambda: lists(100_000))),
}  # fmt: skip


def measure(name, point):
    """Measure one point in this process: seconds (the best), and the memory that it had at most."""
    work = CURVES[name].prepare(point)
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"x": point, "seconds": min(seconds), "bytes": peak}


def measured(name, point):
    """The same in a process of its own, whose memory is of this point alone."""
    command = [sys.executable, __file__, "--point", name, str(point)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def decades(values):
    """Return the powers of ten around the values."""
    ends = np.floor(np.log10(min(values))), np.ceil(np.log10(max(values)))
    return [10.0**end for end in ends]


def draw(found, path, caption):
    """Write the picture: time above, memory below."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import NullFormatter

    figure, axes = plt.subplots(
        2, len(found), figsize=(2.6 * len(found), 5), layout="constrained", squeeze=False
    )
    for column, (name, points) in enumerate(found.items()):
        curve, x = CURVES[name], [point["x"] for point in points]
        for row, (kind, scale) in enumerate((("seconds", 1), ("bytes", 2**-30))):
            ax = axes[row, column]
            y = [point[kind] * scale for point in points]
            ax.loglog(x, y, marker=".")
            # Whole decades, so that a slope means the same everywhere and labels have room.
            ax.set_xlim(*decades(x))
            ax.set_ylim(*decades(y))
            ax.grid(alpha=0.3)
            ax.set_xlabel(curve.quantity, size=8)
            ax.tick_params(labelsize=7)
            ax.yaxis.set_minor_formatter(NullFormatter())
        axes[0, column].set_title(curve.title, size=7)
    axes[0, 0].set_ylabel("seconds", size=8)
    axes[1, 0].set_ylabel("GiB at most, the input included", size=8)
    figure.suptitle(caption, size=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("curves", nargs="*", metavar="CURVE", help=f"of {', '.join(CURVES)}")
    parser.add_argument("--largest", action="store_true", help="the longest curves to their ends")
    parser.add_argument("--output", type=Path, default=Path("out/scaling"), metavar="STEM")
    parser.add_argument("--point", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(options.point[0], int(options.point[1]))))
        return
    host = machine.describe(runtime.resolve_threads())
    caption = f"{host['cpu']}, {host['threads']} threads, {host['simd_level']}, {host['date']}"
    print(caption)
    found = {}
    for name in options.curves or CURVES:
        curve = CURVES[name]
        print(f"{curve.title}, by {curve.quantity}", flush=True)
        found[name] = []
        for point in curve.points + (curve.largest if options.largest else ()):
            one = measured(name, point)
            found[name].append(one)
            memory = one["bytes"] / 2**30
            print(f"  {point:>12,}  {one['seconds']:9.4f} s  {memory:6.2f} GiB", flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    stem = options.output
    stem.with_suffix(".json").write_text(json.dumps({"machine": host, "curves": found}, indent=1))
    draw(found, stem.with_suffix(".png"), caption)


if __name__ == "__main__":
    main()
