"""Exact top-k of inner products, seen items excluded: ours beside implicit and faiss.

``python benchmarks/bench_top_k.py`` races them in turns on the factors of an ALS model and prints
rates, also as shares of what the machine can multiply at most. Rates are effective: as if every
pair had been scored. ``pytest --benchmark-enable benchmarks/bench_top_k.py`` times ours alone.
"""

import argparse

import data
import numpy as np
import peers
import pytest

from pyrec import _kernels, runtime
from pyrec.data.interactions import as_csr
from pyrec.kernels import ItemIndex, top_k


@pytest.mark.parametrize("threads", [1, 0], ids=["one-thread", "all-threads"])
@pytest.mark.parametrize("prepare", [np.asarray, ItemIndex])
@pytest.mark.parametrize("size", ["S", "M"])
def test_top_k(benchmark, size, prepare, threads):
    matrix = data.matrix(size)
    users, items = data.factors(*matrix.shape, 64)
    prepared, exclude = prepare(items), as_csr(matrix)
    benchmark(lambda: top_k(users, prepared, 10, exclude=exclude, threads=threads))


@pytest.mark.parametrize("prepare", [np.asarray, ItemIndex])
def test_one_user(benchmark, prepare):
    users, items = data.factors(1, 100_000, 64)
    prepared = prepare(items)
    benchmark(lambda: top_k(users, prepared, 10))


def check_agreement(results):
    """Assert that all find the same scores, but for what rounding moves."""
    _, expected = next(iter(results.values()))
    for name, (_, scores) in results.items():
        np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-4, err_msg=name)


def race_top_k(matrix, users, items, k, threads, rounds):
    """Race all, and say how little of the work ours did."""
    exclude = as_csr(matrix)
    index = ItemIndex(items)
    contenders = {
        "pyrec, an index at hand": lambda: top_k(users, index, k, exclude=exclude, threads=threads),
        "pyrec": lambda: top_k(users, items, k, exclude=exclude, threads=threads),
        "pyrec, nothing excluded": lambda: top_k(users, items, k, threads=threads),
    }
    found = peers.installed(peers.TOP_K)
    for name, prepare in found.items():
        contenders[name] = prepare(users, items, k, matrix, threads)
    unfiltered = {n: c() for n, c in contenders.items() if "nothing" in n or "faiss" in n}
    filtered = {n: c() for n, c in contenders.items() if n not in unfiltered}
    check_agreement(unfiltered)
    check_agreement(filtered)
    work = 2e-9 * len(users) * len(items) * items.shape[1]
    peers.report(peers.race(contenders, rounds), work)
    *_, (screened, scored) = _kernels.recommend_indexed(
        users, items, index._order, index._codes, index._bounds, exclude, None,
        k=k, threads=threads,
    )  # fmt: skip
    pairs = len(users) * len(items)
    print(f"  of all pairs, {screened / pairs:.1%} were screened and {scored / pairs:.2%} scored")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", default="M", help="S, M, L, an .npz, or a set below $PYREC_DATA")
    parser.add_argument("--factors", type=int, nargs="+", default=[64, 128])
    parser.add_argument("-k", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--threads", type=int, default=runtime.resolve_threads())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--unstructured", action="store_true", help="random factors, not an ALS's")
    options = parser.parse_args()
    matrix = data.matrix(options.data)
    multiply_adds, dots = peers.peak(options.threads)
    print(peers.machine(options.threads))
    print(f"at most {multiply_adds:.0f} GFLOP/s of multiply-adds, {dots:.0f} GOP/s of 8-bit dots")
    for factors in options.factors:
        make = data.factors if options.unstructured else data.trained_factors
        users, items = make(*(matrix.shape if options.unstructured else (matrix,)), factors)
        for k in options.k:
            print(f"{options.data}: {len(users):,} x {len(items):,}, {factors} factors, top {k}")
            race_top_k(matrix, users, items, k, options.threads, options.rounds)


if __name__ == "__main__":
    main()
