"""Explaining 20 items of everybody's lists, beside scoring all items for the same people.

``python benchmarks/explaining.py``: ALS with 64 factors on a matrix shaped like Amazon-Book. Each
round times the scan of all items, without pruning, and then the explanations.
"""

import argparse
import time

import numpy as np

import data
import pyrec
from pyrec import _kernels, runtime


def seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", default="amazon-like")
    parser.add_argument("--users", type=int, default=8192)
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    model = pyrec.ALS(factors=options.factors, iterations=2).fit(data.matrix(options.data))
    users = np.arange(min(options.users, len(model.users)), dtype=np.int32)
    factors, csr = model.user_factors[users], model.interactions.csr.take(users)
    threads = runtime.resolve_threads()
    lists = model.recommend(users, k=20)
    model.explain_batch(lists)  # the Gram matrix of the items is made once
    found = np.array([
        (
            seconds(lambda: _kernels.recommend_dense(
                factors, model.item_factors, csr, None, k=20, threads=threads)),
            seconds(lambda: model.explain_batch(lists)),
        )
        for _ in range(options.rounds)
    ])  # fmt: skip
    scan, explained = np.median(found, axis=0)
    ratio = np.median(found[:, 1] / found[:, 0])
    print(f"{options.data}: {len(users):,} users with {csr.nnz / len(users):.0f} items each")
    print(f"scan {scan * 1e3:.0f} ms, explanations {explained * 1e3:.0f} ms, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
