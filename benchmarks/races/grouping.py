"""Merging a log of events into weighted pairs, from columns of numbers."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

import pyrec
from pyrec import Events, Vocabulary
from races.race import Contender, Cost, Race, expect

FACTORS = {"view": 1.0, "cart": 3.0, "purchase": 5.0}


def columns(events, seed=0):
    """A log in order of time: few users and items have much of it."""
    rng = np.random.default_rng(seed)
    users, items = events // 50, events // 250
    return {
        "user": (rng.random(events) ** 2 * users).astype(np.int32),
        "item": (rng.random(events) ** 4 * items).astype(np.int32),
        "kind": rng.choice(3, events, p=[0.8, 0.13, 0.07]).astype(np.uint8),
        "time": np.sort(rng.integers(0, 10**15, events)),
    }


def as_events(columns):
    return Events(
        Vocabulary.range(int(columns["user"].max()) + 1),
        Vocabulary.range(int(columns["item"].max()) + 1),
        columns["user"],
        columns["item"],
        columns["kind"],
        tuple(FACTORS),
        timestamps=columns["time"],
    )


def by_pyrec(race, inputs, threads):
    log = as_events(inputs)

    def merge():
        with pyrec.threads(threads):
            return log.aggregate("sum", FACTORS).csr.values

    return merge


def by_pandas(race, inputs, threads):
    import pandas as pd

    def merge():
        frame = pd.DataFrame(inputs)
        frame["weight"] = np.array(list(FACTORS.values()))[inputs["kind"]]
        # No bitwise or among the quick aggregations: one maximum for each kind instead.
        for bit in range(3):
            frame[f"had{bit}"] = frame["kind"] == bit
        merged = frame.groupby(["user", "item"], sort=True).agg(
            weight=("weight", "sum"), time=("time", "max"),
            **{f"had{bit}": (f"had{bit}", "max") for bit in range(3)},
        )  # fmt: skip
        return merged["weight"].to_numpy()

    return merge


def by_polars(race, inputs, threads):
    import polars as pl

    def merge():
        factors = pl.Series(list(FACTORS.values()))
        frame = pl.DataFrame(inputs).with_columns(weight=factors.gather(inputs["kind"]))
        merged = frame.group_by("user", "item").agg(
            pl.col("weight").sum(), pl.col("time").max(),
            *[(pl.col("kind") == bit).any().alias(f"had{bit}") for bit in range(3)],
        )  # fmt: skip
        return merged.sort("user", "item")["weight"].to_numpy()

    return merge


def by_duckdb(race, inputs, threads):
    import duckdb

    def merge():
        connection = duckdb.connect()
        connection.register("log", inputs)
        connection.execute("SET threads = ?", [threads])
        return connection.execute(
            "SELECT sum(CASE kind WHEN 0 THEN 1.0::DOUBLE WHEN 1 THEN 3.0 ELSE 5.0 END) AS weight, "
            "max(time), bit_or(1 << kind) FROM log GROUP BY user, item ORDER BY user, item"
        ).fetchnumpy()["weight"]

    return merge


def by_scipy(race, inputs, threads):
    """It is given less to do: it sums the weights, and knows no kinds and no times."""

    def merge():
        weights = np.array(list(FACTORS.values()), np.float32)[inputs["kind"]]
        matrix = sp.coo_array((weights, (inputs["user"], inputs["item"]))).tocsr()
        matrix.sum_duplicates()
        return matrix.data

    return merge


@dataclass(frozen=True)
class Grouping(Race):
    """A log of so many events."""

    events: int

    work: ClassVar = "grouping"
    contenders: ClassVar = (
        Contender("pyrec", by_pyrec),
        Contender("scipy", by_scipy, "scipy"),
        Contender("polars", by_polars, "polars", environment={"POLARS_MAX_THREADS": "{threads}"}),
        Contender("duckdb", by_duckdb, "duckdb"),
        Contender("pandas", by_pandas, "pandas"),
    )

    @property
    def title(self):
        return f"{self.events:,} events to weighted pairs"

    def inputs(self):
        return columns(self.events)

    def outcome(self, inputs, result):
        return {"weights": np.asarray(result, np.float64)}

    def agree(self, inputs, outcomes):
        expected = next(iter(outcomes.values()))["weights"]
        for name, found in outcomes.items():
            expect(np.array_equal(found["weights"], expected), name, "other weights")
        return {name: f"{len(expected):,} pairs" for name in outcomes}

    def cost(self, inputs, outcome):
        """The columns are read; column, value, kinds and time of each pair are written."""
        read = sum(column.nbytes for column in inputs.values())
        return Cost(bytes=1e-9 * (read + 17 * len(outcome["weights"])))


def races(options):
    yield Grouping(options.events // 4)
