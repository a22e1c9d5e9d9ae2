"""What rules cost: top-k of the items that a predicate allows, and below caps, beside plain top-k.

``python benchmarks/rules.py`` prints tables. Allowed items are drawn by chance. `scan` scores
every item, `index` rules most out by bounds; both give the same lists. Each ratio is that of the
fastest of several runs that took turns; one thread.
"""

import argparse
import time
from functools import partial

import numpy as np
import scipy.sparse as sp

import data
import pyrec
from pyrec import _kernels
from pyrec.data.bits import pack
from pyrec.data.catalogue import Catalogue
from pyrec.data.vocabulary import Vocabulary
from pyrec.kernels import ItemIndex
from pyrec.models.als import ALSModel
from pyrec.rules.allowed import Shelf

SHARES = (0.001, 0.01, 0.1, 0.5, 0.9)
SCANNED = 8  # users at once, too few for an index


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", default=["random", "M"], help="random, or a matrix")
    parser.add_argument("--items", type=int, default=91_599, help="of random factors")
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--users", nargs="*", type=int, default=[1, 8, 512, 4096])
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args(argv)
    for name in args.data:
        users, items = factors(name, max(args.users), args)
        print(f"\n{name}: {len(items):,} items, {items.shape[1]} factors, top {args.k}\n")
        print("| search | users | all items, ms |", *(f"{100 * s:g}% |" for s in SHARES))
        print("|---|---|---|" + "---|" * len(SHARES))
        for row in table(users, items, args):
            print(row, flush=True)
    print("\n| rules | users | plain, ms | ratio |\n|---|---|---|---|")
    for row in ruled(args):
        print(row, flush=True)
    print()
    for name, seconds in compiling(args.items, args.rounds):
        print(f"{name}: {1000 * seconds:.2f} ms")


def factors(name, users, args):
    """Return factors of users and items."""
    if name == "random":
        return data.factors(users, args.items, args.factors)
    learnt, items = data.trained_factors(name, args.factors)
    return np.ascontiguousarray(learnt[:users]), items


def table(users, items, args):
    """Yield the rows: time without a filter, and with each share in units of it."""
    rng = np.random.default_rng(0)
    order, index = rng.permutation(len(items)), ItemIndex(items)
    filters = [None, *(pack(order < max(1, share * len(items))) for share in SHARES)]

    def scan(some, allowed):
        return _kernels.recommend_dense(some, items, None, allowed, k=args.k, threads=1)

    def search(some, allowed):
        return index.recommend(some, args.k, allowed=allowed, threads=1)

    cases = [("scan", scan, n) for n in args.users if n <= SCANNED]
    cases += [("index", search, n) for n in args.users]
    for kind, run, n in cases:
        times = fastest([partial(run, users[:n], allowed) for allowed in filters], args.rounds)
        ratios = " | ".join(f"{time / times[0]:.2f}" for time in times[1:])
        yield f"| {kind} | {n:,} | {1000 * times[0]:.3f} | {ratios} |"


def ruled(args):
    """Yield the rows of caps, pins and boosts: whole requests to a model, beside plain ones."""
    n, rng = args.items, np.random.default_rng(0)
    n_users = max(args.users)
    pairs = sp.csr_array(
        (np.ones(n_users), (np.arange(n_users), np.arange(n_users) % n)), (n_users, n)
    )
    users, items = data.factors(n_users, n, args.factors)
    model = ALSModel(
        pyrec.ALS(factors=args.factors), pyrec.Interactions.from_scipy(pairs), users, items
    )
    columns = {"brand": rng.zipf(1.3, n) % 500, "price": rng.random(n)}
    shelf = Catalogue(model.items, columns)
    cheap = pyrec.where("price") < 0.5
    kinds = {
        "1 of a brand": pyrec.Rules(caps={"brand": 1}),
        "2 of a brand": pyrec.Rules(caps={"brand": 2}),
        "2 of a brand, half allowed": pyrec.Rules(where=cheap, caps={"brand": 2}),
        "2 pins": pyrec.Rules(pinned=[5, 9]),
        "half boosted": pyrec.Rules(boosts=[pyrec.Boost(cheap, times=1.1)]),
    }
    compiled = [rules.compile(shelf, model.items) for rules in kinds.values()]
    for some in args.users:
        asked = np.arange(some)
        runs = [
            partial(model.recommend, asked, args.k, rules=rules, threads=1)
            for rules in [None, *compiled]
        ]
        times = fastest(runs, args.rounds)
        for name, took in zip(kinds, times[1:], strict=True):
            yield f"| {name} | {some:,} | {1000 * times[0]:.3f} | {took / times[0]:.2f} |"


def compiling(n, rounds):
    """Yield what is compiled, for n items, and the seconds that it takes."""
    rng = np.random.default_rng(0)
    ids = Vocabulary(np.arange(n))
    columns = {
        "price": rng.lognormal(3, 1, n),
        "stock": rng.integers(0, 50, n).astype(np.float64),
        "category": np.array([f"category {c}" for c in rng.integers(0, 200, n)]),
    }
    catalogue, items = Catalogue(ids, columns), Vocabulary(np.arange(n) + n // 10)
    price, stock = pyrec.where("price").between(5, 20), pyrec.where("stock") > 0
    tea = pyrec.where("category").isin(["category 7", "category 9"])
    shelf = Shelf(catalogue, items)
    known = shelf.compile(price & stock, "where", 0)
    runs = {
        "align a catalogue with a model's items": lambda: Shelf(catalogue, items).listed,
        "compile two comparisons of numbers": lambda: shelf.compile(price & stock, "where", 0),
        "align, and compile the first of text": lambda: Shelf(catalogue, items).compile(tea, "", 0),
        "compile another of the same column": lambda: shelf.compile(tea, "", 0),
        "join two compiled sets": lambda: known & known,
    }
    yield from zip(runs, fastest(runs.values(), rounds), strict=True)


def fastest(runs, rounds):
    """Return the least time of each run, all taking turns."""
    times = [np.inf] * len(runs)
    for _ in range(rounds):
        for i, run in enumerate(runs):
            start = time.perf_counter()
            run()
            times[i] = min(times[i], time.perf_counter() - start)
    return times


if __name__ == "__main__":
    main()
