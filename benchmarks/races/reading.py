"""A log with ids of text, from the file to interactions: events of each pair as sparse rows."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

import pyrec
from races.machine import scratch
from races.race import Contender, Cost, Race, expect

USERS, ITEMS = 1_000_000, 300_000


@cache
def written_log(events):
    """Write a log as Parquet and as CSV, user, item, kind of event, time; return the stem."""
    import duckdb

    log = f"""
        SELECT 'u' || lpad((hash(i) % {USERS})::VARCHAR, 8, '0') AS user,
               'item' || lpad((hash(i * 7 + 1) % {ITEMS})::VARCHAR, 7, '0') AS item,
               ['view', 'view', 'view', 'view', 'view', 'view', 'view', 'cart', 'cart', 'purchase']
                   [(hash(i + 5) % 10)::INT + 1] AS event,
               1700000000 + i // 10 AS time
        FROM range({events}) AS numbers(i)
    """
    stem = Path(scratch().name) / f"log-{events}"
    duckdb.execute(f"COPY ({log}) TO '{stem}.parquet' (COMPRESSION zstd)")
    duckdb.execute(f"COPY (FROM '{stem}.parquet') TO '{stem}.csv'")
    return stem


def by_pyrec(race, inputs, threads):
    def read():
        with pyrec.threads(threads):
            events = pyrec.read_events(inputs["log"], user="user", item="item")
            interactions = events.aggregate("count")
            return interactions.shape, interactions.nnz

    return read


def by_duckdb(race, inputs, threads):
    """Pairs with their counts, ids as positions in sorted tables, then a matrix."""
    import duckdb

    def read():
        connection = duckdb.connect()
        connection.execute("SET threads = ?", [threads])
        connection.execute(
            "CREATE TEMP TABLE pairs AS SELECT user, item, count(*) AS n "
            f"FROM '{inputs['log']}' GROUP BY ALL"
        )
        for side in ("user", "item"):
            connection.execute(
                f"CREATE TEMP TABLE {side}s AS SELECT {side}, row_number() OVER (ORDER BY {side}) "
                f"- 1 AS code FROM (SELECT DISTINCT {side} FROM pairs)"
            )
        coded = connection.execute(
            "SELECT users.code::INT AS u, items.code::INT AS i, n::FLOAT AS n FROM pairs "
            "JOIN users USING (user) JOIN items USING (item)"
        ).fetchnumpy()
        return matrix_of(coded["u"], coded["i"], coded["n"])

    return read


def by_polars(race, inputs, threads):
    """Pairs with their counts, ids as categories."""
    import polars as pl

    path = inputs["log"]

    def read():
        scan = pl.scan_csv(path) if path.suffix == ".csv" else pl.scan_parquet(path)
        types = [pl.col(c).cast(pl.Categorical(pl.Categories(c))) for c in ("user", "item")]
        pairs = scan.select(types).group_by("user", "item").len().collect(engine="streaming")
        codes = [pairs[column].to_physical().to_numpy() for column in ("user", "item")]
        return matrix_of(*codes, pairs["len"].to_numpy())

    return read


def matrix_of(users, items, counts):
    matrix = sp.coo_array((counts.astype(np.float32), (users, items))).tocsr()
    return matrix.shape, matrix.nnz


@dataclass(frozen=True)
class Reading(Race):
    """A log of so many events in a file of this format."""

    events: int
    format: str

    work: ClassVar = "reading"
    contenders: ClassVar = (
        Contender("pyrec", by_pyrec),
        Contender("DuckDB SQL", by_duckdb, "duckdb"),
        Contender(
            "polars", by_polars, "polars", environment={"POLARS_MAX_THREADS": "{threads}"}
        ),
    )  # fmt: skip

    @property
    def title(self):
        return f"{self.events:,} events, {self.format}"

    def inputs(self):
        return {"log": f"{written_log(self.events)}.{self.format}"}

    def outcome(self, inputs, result):
        shape, pairs = result
        return {"shape": shape, "pairs": pairs}

    def agree(self, inputs, outcomes):
        expected = next(iter(outcomes.values()))
        for name, found in outcomes.items():
            expect(found == expected, name, f"found {found}, not {expected}")
        return {name: f"{found['pairs']:,} pairs" for name, found in outcomes.items()}

    def cost(self, inputs, outcome):
        """The file is read, the matrix written."""
        size = Path(inputs["log"]).stat().st_size
        return Cost(bytes=1e-9 * (size + 8 * outcome["pairs"]))


def races(options):
    for suffix in ("csv", "parquet"):
        yield Reading(options.events, suffix)
