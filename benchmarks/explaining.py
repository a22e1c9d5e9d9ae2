"""Explaining 20 items of everybody's lists, beside scoring all items for the same people.

``python benchmarks/explaining.py``: ALS with 64 factors on a matrix shaped like Amazon-Book. Each
round times all scores of these people, one matrix product in blocks and no selection, then their
lists by our kernels, which leave most scores out, and then the explanations.
"""

import argparse
import time

import numpy as np

import data
import pyrec
from pyrec import _kernels, runtime

BLOCK = 512  # users whose scores are there at once: of 32, 128 and 512 the fastest


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
    scores = np.empty((BLOCK, len(model.items)), np.float32)

    def score_all():
        for begin in range(0, len(users), BLOCK):
            block = factors[begin : begin + BLOCK]
            np.matmul(block, model.item_factors.T, out=scores[: len(block)])

    found = np.array([
        (
            seconds(score_all),
            seconds(lambda: _kernels.recommend_dense(
                factors, model.item_factors, csr, None, k=20, threads=threads)),
            seconds(lambda: model.explain_batch(lists)),
        )
        for _ in range(options.rounds)
    ])  # fmt: skip
    print(f"{options.data}: {len(users):,} users with {csr.nnz / len(users):.0f} items each")
    ratios = np.median(found / found[:, :1], axis=0)
    names = ("all scores", "lists", "explanations")
    for name, time_, ratio in zip(names, np.median(found, axis=0), ratios, strict=True):
        print(f"{name:<14} {time_ * 1e3:6.0f} ms {ratio:6.2f}")


if __name__ == "__main__":
    main()
