"""Merging a log of 5 M events into weighted pairs: ours, pandas, polars, DuckDB and scipy.

``python benchmarks/bench_grouping.py`` takes turns (A B A B), so that a busy machine slows all
alike, and prints ratios; ``pytest benchmarks/bench_grouping.py`` times ours alone. All start from
the same numpy columns and must agree. Scipy is given less to do: it sums the weights, and knows no
kinds and no times.
"""

import argparse
import platform
import time
from importlib.metadata import version

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec import Events, Vocabulary

FACTORS = {"view": 1.0, "cart": 3.0, "purchase": 5.0}


def log_of(events, users=None, items=None, seed=0):
    """A log in order of time: few users and items have much of it."""
    rng = np.random.default_rng(seed)
    users, items = users or events // 50, items or events // 250
    return Events(
        Vocabulary.range(users),
        Vocabulary.range(items),
        (rng.random(events) ** 2 * users).astype(np.int32),
        (rng.random(events) ** 4 * items).astype(np.int32),
        rng.choice(3, events, p=[0.8, 0.13, 0.07]).astype(np.uint8),
        tuple(FACTORS),
        timestamps=np.sort(rng.integers(0, 10**15, events)),
    )


def columns_of(log):
    return {"user": log.user_rows, "item": log.item_rows, "kind": log.kinds, "time": log.timestamps}


def by_pandas(log):
    import pandas as pd

    frame = pd.DataFrame(columns_of(log))
    frame["weight"] = np.array(list(FACTORS.values()))[log.kinds]
    # No bitwise or among the quick aggregations: one maximum for each kind instead.
    for bit in range(3):
        frame[f"had{bit}"] = frame["kind"] == bit
    merged = frame.groupby(["user", "item"], sort=True).agg(
        weight=("weight", "sum"), time=("time", "max"),
        **{f"had{bit}": (f"had{bit}", "max") for bit in range(3)},
    )  # fmt: skip
    return merged["weight"].to_numpy()


def by_polars(log):
    import polars as pl

    factors = pl.Series(list(FACTORS.values()))
    frame = pl.DataFrame(columns_of(log)).with_columns(weight=factors.gather(log.kinds))
    merged = frame.group_by("user", "item").agg(
        pl.col("weight").sum(), pl.col("time").max(),
        *[(pl.col("kind") == bit).any().alias(f"had{bit}") for bit in range(3)],
    )  # fmt: skip
    return merged.sort("user", "item")["weight"].to_numpy()


def by_duckdb(log):
    import duckdb

    connection = duckdb.connect()
    connection.register("log", columns_of(log))
    connection.execute("SET threads = ?", [pyrec.runtime.resolve_threads()])
    return connection.execute(
        "SELECT sum(CASE kind WHEN 0 THEN 1.0::DOUBLE WHEN 1 THEN 3.0 ELSE 5.0 END) AS weight, "
        "max(time), bit_or(1 << kind) FROM log GROUP BY user, item ORDER BY user, item"
    ).fetchnumpy()["weight"]


def by_scipy(log):
    weights = np.array(list(FACTORS.values()), np.float32)[log.kinds]
    shape = len(log.users), len(log.items)
    matrix = sp.coo_array((weights, (log.user_rows, log.item_rows)), shape=shape).tocsr()
    matrix.sum_duplicates()
    return matrix.data


@pytest.mark.parametrize("threads", [1, 0], ids=["one thread", "all threads"])
@pytest.mark.parametrize("events", [100_000, 1_000_000])
def test_aggregate(benchmark, events, threads):
    log = log_of(events)
    with pyrec.threads(threads):
        merged = benchmark(lambda: log.aggregate("sum", FACTORS))
    np.testing.assert_array_equal(merged.csr.values, by_scipy(log))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    log = log_of(arguments.events)

    def ours(threads=0):
        with pyrec.threads(threads):
            return log.aggregate("sum", FACTORS).csr.values

    contenders = {
        "pyrec, 1 thread": lambda: ours(1),
        "pyrec": ours,
        "scipy": lambda: by_scipy(log),
        "polars": lambda: by_polars(log),
        "duckdb": lambda: by_duckdb(log),
        "pandas": lambda: by_pandas(log),
    }
    expected = ours()
    times = {name: [] for name in contenders}
    for _ in range(arguments.rounds):
        for name, work in contenders.items():
            start = time.perf_counter()
            found = work()
            times[name].append(time.perf_counter() - start)
            np.testing.assert_array_equal(found, expected, err_msg=name)
    info = pyrec.runtime.info()
    print(f"{len(log):,} events, {len(expected):,} pairs")
    versions = ", ".join(f"{name} {version(name)}" for name in list(contenders)[2:])
    print(f"{platform.processor() or platform.machine()}, {info['threads']} threads, {versions}")
    for name, all_times in times.items():
        ratio = min(all_times) / min(times["pyrec"])
        print(f"{name:16} {min(all_times):8.3f} s {ratio:8.1f}x")


if __name__ == "__main__":
    main()
