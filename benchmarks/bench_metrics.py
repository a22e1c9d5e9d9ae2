"""Metrics of 50,000 users at 20: ours, plain numpy, and ranx where it is installed.

``python benchmarks/bench_metrics.py`` takes turns (A B A B), so that a busy machine slows all
alike, and prints ratios; ``pytest benchmarks/bench_metrics.py`` times ours alone. All are timed
with their inputs ready, and must agree.
"""

import argparse
import platform
import time
from importlib.metadata import version

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.evaluation.metrics import measure

USERS, ITEMS, K = 50_000, 40_000, 20
METRICS = ["precision@20", "recall@20", "ndcg@20", "map@20", "mrr@20", "hit_rate@20"]


def lists_and_wanted(users=USERS, seed=0):
    """Lists that hit some of what was wanted: about 7 items a user, popular ones more often."""
    rng = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, ITEMS + 1) ** 0.8
    cumulative = np.cumsum(popularity / popularity.sum())
    drawn = np.searchsorted(cumulative, rng.random((users, 3 * K))).clip(max=ITEMS - 1)
    rows = np.array([np.unique(row)[:K] for row in drawn if len(np.unique(row)) >= K])
    rows = rng.permuted(rows.astype(np.int32), axis=1)
    counts = rng.integers(1, 14, len(rows))
    wanted = np.searchsorted(cumulative, rng.random(counts.sum())).clip(max=ITEMS - 1)
    users_of = np.repeat(np.arange(len(rows)), counts)
    matrix = sp.coo_array((np.ones(len(wanted), np.float32), (users_of, wanted)),
                          (len(rows), ITEMS)).tocsr()  # fmt: skip
    matrix.data[:] = 1
    return np.ascontiguousarray(rows), matrix


def by_numpy(rows, wanted):
    """The same metrics by vectorised numpy: all pairs as numbers, looked up by binary search."""
    n, k = rows.shape
    sizes = np.diff(wanted.indptr)
    pairs = np.repeat(np.arange(n), sizes) * ITEMS + wanted.indices
    keys = np.arange(n)[:, None] * ITEMS + rows
    hits = pairs[np.searchsorted(pairs, keys).clip(max=len(pairs) - 1)] == keys
    positions = np.arange(1, k + 1)
    discount = 1 / np.log2(positions + 1)
    found = hits.sum(axis=1)
    first = np.where(found > 0, hits.argmax(axis=1) + 1, np.inf)
    capped = np.minimum(sizes, k)
    return {
        "precision@20": found / k,
        "recall@20": found / sizes,
        "ndcg@20": (hits * discount).sum(axis=1) / np.cumsum(discount)[capped - 1],
        "map@20": (hits * np.cumsum(hits, axis=1) / positions).sum(axis=1) / capped,
        "mrr@20": 1 / first,
        "hit_rate@20": found > 0,
    }


def by_ranx(rows, wanted):
    """Return a function that runs ranx on ready inputs, or None if it is not installed.

    Its average precision divides by all relevant items, so that it is left out of the agreement.
    """
    try:
        import ranx
    except ImportError:
        return None
    names = {f"u{i}": row for i, row in enumerate(rows)}
    qrels = ranx.Qrels({
        user: {f"i{item}": 1 for item in wanted.indices[wanted.indptr[i] : wanted.indptr[i + 1]]}
        for i, user in enumerate(names)
    })  # fmt: skip
    run = ranx.Run({
        user: {f"i{item}": float(K - p) for p, item in enumerate(row)}
        for user, row in names.items()
    })  # fmt: skip
    return lambda: ranx.evaluate(qrels, run, METRICS)


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@pytest.mark.parametrize("threads", [1, 0], ids=["one thread", "all threads"])
@pytest.mark.parametrize("users", [1_000, 50_000])
def test_measure(benchmark, users, threads):
    rows, wanted = lists_and_wanted(users)
    found = benchmark(lambda: measure(rows, wanted, METRICS, threads=threads))
    for name, values in by_numpy(rows, wanted).items():
        np.testing.assert_allclose(found[name], values, atol=1e-12)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rows, wanted = lists_and_wanted()
    relevant = pyrec.Interactions.from_scipy(wanted).csr
    contenders = {
        "pyrec, 1 thread": lambda: measure(rows, relevant, METRICS, threads=1),
        "pyrec": lambda: measure(rows, relevant, METRICS),
        "numpy": lambda: by_numpy(rows, wanted),
    }
    expected = {name: values.mean() for name, values in by_numpy(rows, wanted).items()}
    if (run_ranx := by_ranx(rows, wanted)) is not None:
        contenders["ranx"] = run_ranx
        found = run_ranx()  # compiles too
        for name in set(METRICS) - {"map@20"}:
            assert abs(found[name] - expected[name]) < 1e-9, name
    times = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            times[name].append(seconds(work))
    info = pyrec.runtime.info()
    print(f"{len(rows):,} users at {K}, {', '.join(METRICS)}")
    print(f"{platform.processor() or platform.machine()}, {info['threads']} threads, "
          f"numpy {info['numpy']}")  # fmt: skip
    if run_ranx is not None:
        print(f"ranx {version('ranx')}")
    best = min(times["pyrec, 1 thread"])
    for name, all_times in times.items():
        print(f"{name:16} {min(all_times):8.4f} s {min(all_times) / best:8.1f}x")


if __name__ == "__main__":
    main()
