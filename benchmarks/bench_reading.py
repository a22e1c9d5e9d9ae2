"""A log of 20 M events with ids of text, from the file to interactions: ours, DuckDB alone, polars.

``python benchmarks/bench_reading.py`` writes the log as CSV and Parquet, then reads each in turns
(A B A B), every time in a process of its own, and prints seconds and peak memory. All end with the
number of events of each pair as compressed sparse rows, and must agree. DuckDB alone groups the
pairs and joins them with tables of numbered ids; polars groups them and makes categories.
``pytest benchmarks/bench_reading.py`` times the coding of ids alone.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pytest
import scipy.sparse as sp

import pyrec

USERS, ITEMS = 1_000_000, 300_000


def write_log(folder, events):
    """Write the same log as CSV and as Parquet: user, item, kind of event, time."""
    log = f"""
        SELECT 'u' || lpad((hash(i) % {USERS})::VARCHAR, 8, '0') AS user,
               'item' || lpad((hash(i * 7 + 1) % {ITEMS})::VARCHAR, 7, '0') AS item,
               ['view', 'view', 'view', 'view', 'view', 'view', 'view', 'cart', 'cart', 'purchase']
                   [(hash(i + 5) % 10)::INT + 1] AS event,
               1700000000 + i // 10 AS time
        FROM range({events}) AS numbers(i)
    """
    parquet, text = folder / "log.parquet", folder / "log.csv"
    duckdb.execute(f"COPY ({log}) TO '{parquet}' (COMPRESSION zstd)")
    duckdb.execute(f"COPY (FROM '{parquet}') TO '{text}'")
    return [text, parquet]


def by_pyrec(path):
    interactions = pyrec.read_events(path, user="user", item="item").aggregate("count")
    return interactions.shape, interactions.nnz


def by_duckdb(path):
    """Pairs with their counts, ids as positions in sorted tables, then a matrix."""
    connection = duckdb.connect()
    connection.execute("SET threads = ?", [pyrec.runtime.resolve_threads()])
    connection.execute(
        f"CREATE TEMP TABLE pairs AS SELECT user, item, count(*) AS n FROM '{path}' GROUP BY ALL"
    )
    for side in ("user", "item"):
        connection.execute(
            f"CREATE TEMP TABLE {side}s AS SELECT {side}, row_number() OVER (ORDER BY {side}) - 1 "
            f"AS code FROM (SELECT DISTINCT {side} FROM pairs)"
        )
    coded = connection.execute(
        "SELECT users.code::INT AS u, items.code::INT AS i, n::FLOAT AS n FROM pairs "
        "JOIN users USING (user) JOIN items USING (item)"
    ).fetchnumpy()
    return matrix_of(coded["u"], coded["i"], coded["n"])


def by_polars(path):
    import polars as pl

    scan = pl.scan_csv(path) if path.suffix == ".csv" else pl.scan_parquet(path)
    types = [pl.col(c).cast(pl.Categorical(pl.Categories(c))) for c in ("user", "item")]
    pairs = scan.select(types).group_by("user", "item").len().collect(engine="streaming")
    codes = [pairs[column].to_physical().to_numpy() for column in ("user", "item")]
    return matrix_of(*codes, pairs["len"].to_numpy())


def matrix_of(users, items, counts):
    matrix = sp.coo_array((counts.astype(np.float32), (users, items))).tocsr()
    return matrix.shape, matrix.nnz


READERS = {"pyrec": by_pyrec, "duckdb": by_duckdb, "polars": by_polars}


def measured(reader, path):
    """Run a reader in a process of its own: seconds, CPU seconds, peak memory, and its result."""
    command = [sys.executable, __file__, "--reader", reader, "--path", str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def run_one(reader, path):
    start, cpu = time.perf_counter(), time.process_time()
    result = READERS[reader](path)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": seconds, "cpu": cpu, "gigabytes": peak, "result": result}))


@pytest.mark.parametrize("length", [9, 40])
def test_coding(benchmark, length):
    rng = np.random.default_rng(0)
    known = np.array([f"{i:0{length}d}" for i in range(50_000)], np.dtypes.StringDType())
    ids = known[rng.integers(0, len(known), 500_000)]
    _, rows = benchmark(lambda: pyrec.Vocabulary.factorize(ids))
    assert rows.max() < len(known)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.reader:
        run_one(arguments.reader, arguments.path)
        return
    info = pyrec.runtime.info()
    versions = ", ".join(f"{name} {version(name)}" for name in READERS)
    print(f"{platform.processor() or platform.machine()}, {info['threads']} threads, {versions}")
    with tempfile.TemporaryDirectory() as folder:
        for path in write_log(Path(folder), arguments.events):
            print(
                f"{arguments.events:,} events, {path.suffix}, {path.stat().st_size / 1e6:,.0f} MB"
            )
            runs = {name: [] for name in READERS}
            for _ in range(arguments.rounds):
                for name, done in runs.items():
                    done.append(measured(name, path))
            results = {json.dumps(run["result"]) for done in runs.values() for run in done}
            assert len(results) == 1, results
            for name, done in runs.items():
                best = min(done, key=lambda run: run["seconds"])
                print(f"  {name:8} {best['seconds']:6.2f} s, {min(r['cpu'] for r in done):6.2f} s "
                      f"of CPU, {max(r['gigabytes'] for r in done):5.2f} GB")  # fmt: skip


if __name__ == "__main__":
    main()
