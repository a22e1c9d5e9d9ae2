"""Judging ranked lists of 50,000 users at 20, inputs ready."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

import pyrec
from pyrec.evaluation.metrics import measure
from races.race import Contender, Cost, Race, expect

ITEMS, K = 40_000, 20
METRICS = ["precision@20", "recall@20", "ndcg@20", "map@20", "mrr@20", "hit_rate@20"]


def lists_and_wanted(users, seed=0):
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


def numpy_metrics(rows, wanted):
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


def by_pyrec(race, inputs, threads):
    relevant = pyrec.Interactions.from_scipy(inputs["wanted"]).csr
    return lambda: measure(inputs["rows"], relevant, METRICS, threads=threads)


def by_numpy(race, inputs, threads):
    return lambda: numpy_metrics(inputs["rows"], inputs["wanted"])


def by_ranx(race, inputs, threads):
    import numba
    import ranx

    numba.set_num_threads(threads)
    wanted = inputs["wanted"]
    relevant = np.split(wanted.indices, wanted.indptr[1:-1])
    qrels = ranx.Qrels({f"u{u}": {f"i{i}": 1 for i in row} for u, row in enumerate(relevant)})
    run = ranx.Run({
        f"u{u}": {f"i{item}": float(K - place) for place, item in enumerate(row)}
        for u, row in enumerate(inputs["rows"])
    })  # fmt: skip
    return lambda: ranx.evaluate(qrels, run, METRICS)


@dataclass(frozen=True)
class Metrics(Race):
    """Six metrics of lists of 20."""

    users: int

    work: ClassVar = "metrics"
    contenders: ClassVar = (
        Contender("pyrec", by_pyrec),
        Contender("numpy", by_numpy, "numpy"),
        # Numba warns of its own code.
        Contender("ranx", by_ranx, "ranx", environment={"PYTHONWARNINGS": "ignore"}),
    )

    @property
    def title(self):
        return f"{self.users:,} users, {len(METRICS)} metrics at {K}"

    def inputs(self):
        rows, wanted = lists_and_wanted(self.users)
        return {"rows": rows, "wanted": wanted}

    def outcome(self, inputs, result):
        return {name: float(np.mean(values)) for name, values in result.items()}

    def agree(self, inputs, outcomes):
        """Ranx divides its average precision by all relevant items, ours by at most k of them."""
        expected = next(iter(outcomes.values()))
        for contender, found in outcomes.items():
            for name in METRICS:
                if not ("ranx" in contender and name == "map@20"):
                    gap = abs(found[name] - expected[name])
                    expect(gap < 1e-9, contender, f"{name} differs by {gap:.1e}")
        return {name: f"ndcg@20 {found['ndcg@20']:.6f}" for name, found in outcomes.items()}

    def cost(self, inputs, outcome):
        """Lists and relevant items are read once, a value of each metric is written."""
        rows, wanted = inputs["rows"], inputs["wanted"]
        written = 8 * len(METRICS) * len(rows)
        return Cost(bytes=1e-9 * (rows.nbytes + wanted.indices.nbytes + written))


def races(options):
    yield Metrics(options.users)
