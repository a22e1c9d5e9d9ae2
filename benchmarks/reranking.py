"""Re-ranking everybody's 100 candidates to 20, beside the time in which they were made.

``python benchmarks/reranking.py``: 16,384 users and 91,599 items with 64 factors without structure,
as in the top-k benchmark. Each round times the lists and then every step; the shares are medians of
those of the rounds.
"""

import argparse
import time
from functools import partial

import numpy as np

import data
import pyrec
from pyrec import rerank, runtime
from pyrec.data.groups import Groups
from pyrec.data.interactions import Interactions
from pyrec.kernels import ItemIndex


def steps():
    """Return the steps that are timed, by name."""
    return {
        "MMR": rerank.MMR(),
        "MMR, trade_off 0": rerank.MMR(trade_off=0),
        **{f"DPP, trade_off {t}": rerank.DPP(trade_off=t) for t in (0.9, 0.7, 0.5, 0.3, 0)},
        "Calibration": rerank.Calibration(),
        "PopularityControl": rerank.PopularityControl(),
        "Freshness": rerank.Freshness(),
        "PriceSensitivity": rerank.PriceSensitivity(),
        "ExposureFloor": rerank.ExposureFloor(groups="category", share=0.02),
    }


def shop(n_users, n_items, factors):
    """Return users' and items' factors, and what is known of both."""
    users, items = data.factors(n_users, n_items, factors)
    log = Interactions.from_scipy(data.purchases(n_users, n_items, 40 * n_users))
    rng = np.random.default_rng(0)
    context = rerank.Context(
        log,
        items,
        {"category": Groups.of(rng.integers(0, 40, n_items))},
        np.exp(rng.standard_normal(n_items)),
        rng.integers(0, 1000, n_items),
    )
    return users, items, context


def timed(work):
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def measure(n_users, n_items, factors, rounds, threads):
    """Return the seconds of the lists, and of each step, one per round."""
    users, items, context = shop(n_users, n_items, factors)
    _ = context.directions, context.popularity, context.interactions.users.encode(0)
    index = ItemIndex(items)
    seen = context.interactions.csr
    seconds = {name: [] for name in ("top 100", *steps())}
    for _ in range(rounds):
        once, (rows, scores) = timed(
            lambda: index.recommend(users, 100, exclude=seen, threads=threads)
        )
        seconds["top 100"].append(once)
        candidates = pyrec.Ranking(rows, scores, context.interactions.items, np.arange(n_users))
        for name, step in steps().items():
            work = partial(step.rerank, candidates, context, k=20, threads=threads)
            seconds[name].append(timed(work)[0])
    return {name: np.array(found) for name, found in seconds.items()}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=16_384)
    parser.add_argument("--items", type=int, default=91_599)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args(arguments)
    found = measure(options.users, options.items, options.factors, options.rounds, options.threads)
    print(f"{runtime.info()}\n")
    print("| step | ms | share of the top 100 |\n|---|---|---|")
    for name, seconds in found.items():
        share = np.median(seconds / found["top 100"])
        print(f"| {name} | {1e3 * np.median(seconds):.0f} | {share:.0%} |")


if __name__ == "__main__":
    main()
