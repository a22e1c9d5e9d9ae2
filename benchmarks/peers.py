"""Pyrec and other libraries side by side: the same work, the same results, taking turns.

``python benchmarks/peers.py`` holds all races but the slow ones, prints one table, and writes it as
JSON, for documents and as a picture, anew after each race. Other libraries come with
``pip install ".[peers]"``; those absent are left out. Real sets are those below ``$PYREC_DATA``,
the others are generated. The seconds are this machine's; what carries over is the ratios.
"""

import argparse
import json
import sys
from pathlib import Path

import data
from pyrec import runtime
from races import SLOW, WORKS, machine, picture, table
from races.referee import hold


def parser():
    found = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = found.add_argument
    add("works", nargs="*", metavar="WORK", help=f"of {', '.join(WORKS)}; "
        f"default: all but {', '.join(SLOW)}")  # fmt: skip
    add(
        "--data",
        nargs="+",
        metavar="SET",
        help=f"of {', '.join(data.SHAPES)}, random (of top-k), "
        "an .npz, a set below $PYREC_DATA; default: what each work calls for",
    )
    add("--factors", type=int, nargs="+", default=[64, 128])
    add("-k", type=int, nargs="+", default=[10, 100], help="of top-k")
    add("--solver", nargs="+", default=["cg", "exact"], help="of ALS")
    add("--users", type=int, default=50_000, help="of metrics")
    add("--events", type=int, default=20_000_000, help="of reading; grouping has a quarter")
    add("--threads", type=int, default=runtime.resolve_threads())
    add("--rounds", type=int, default=5)
    add("--simd", nargs="+", default=[], choices=["baseline", "avx2", "avx512", "neon"],
        help="levels of ours to race as well")  # fmt: skip
    add("--noisy", action="store_true", help="report on a noisy machine, too, marked with ~")
    add("--output", type=Path, default=Path("out/peers"), metavar="STEM",
        help="where .json, .md and .png go (default: %(default)s)")  # fmt: skip
    return found


def main(arguments=None):
    options = parser().parse_args(arguments)
    if unknown := set(options.works) - set(WORKS):
        parser().error(f"{', '.join(sorted(unknown))}: not one of {', '.join(WORKS)}")
    works = options.works or [work for work in WORKS if work not in SLOW]
    host, peak = machine.describe(options.threads), machine.Peak(options.threads)
    print(f"{table.setting(host)}\n\n{table.aligned(table.COLUMNS)}", flush=True)
    results, refused = [], 0
    for race in (race for work in works for race in WORKS[work].races(options)):
        result = hold(race, peak, options.threads, options.rounds, options.simd, options.noisy)
        if result.complaints:
            print(f"too noisy: {race.work}, {race.title}: {'; '.join(result.complaints)}",
                  file=sys.stderr, flush=True)  # fmt: skip
        if result.complaints and not options.noisy:
            refused += 1
            continue
        results.append(result)
        print(table.block(result), flush=True)
        write(options.output, host, peak.seen, results)
    print(table.rates(peak.seen))
    return 1 if refused else 0


def write(stem, host, peak, results):
    stem.parent.mkdir(parents=True, exist_ok=True)
    found = {"machine": host, "peak": vars(peak), "races": [r.to_dict() for r in results]}
    stem.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    around = [table.setting(host), table.markdown(results), table.rates(peak)]
    stem.with_suffix(".md").write_text("\n\n".join(around) + "\n")
    picture.draw(results, stem.with_suffix(".png"), table.setting(host))


if __name__ == "__main__":
    sys.exit(main())
