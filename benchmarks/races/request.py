"""One user at a time, from Python, on one thread: what a service does with every request."""

import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import data
from pyrec.kernels import ItemIndex, top_k
from races.race import Contender, Cost, Race, expect

ITEMS, K = 100_000, 10
REQUESTS = 500


def one_by_one(users, answer):
    """Return a function that answers each user, and returns the best scores and all times."""

    def serve():
        scores, times = [], []
        for user in range(len(users)):
            start = time.perf_counter()
            found = answer(users[user : user + 1])
            times.append(time.perf_counter() - start)
            scores.append(found[1][0])
        return np.array(scores), np.array(times)

    return serve


def by_pyrec(race, inputs, threads):
    index = ItemIndex(inputs["items"])
    return one_by_one(inputs["users"], lambda user: top_k(user, index, K, threads=1))


def by_implicit(race, inputs, threads):
    from implicit.cpu.topk import topk

    items = inputs["items"]
    return one_by_one(inputs["users"], lambda user: topk(items, user, K, num_threads=1))


@dataclass(frozen=True)
class Request(Race):
    """Lists of 10 from many items, a request each."""

    factors: int

    work: ClassVar = "request"
    contenders: ClassVar = (
        Contender("pyrec", by_pyrec),
        Contender("implicit", by_implicit, "implicit", environment={"OPENBLAS_NUM_THREADS": "1"}),
    )

    @property
    def title(self):
        return f"{REQUESTS} users one by one, {ITEMS:,} items, {self.factors} factors, one thread"

    def inputs(self):
        users, items = data.factors(REQUESTS, ITEMS, self.factors)
        return {"users": users, "items": items}

    def outcome(self, inputs, result):
        scores, times = result
        return {"scores": scores, "percentiles": np.percentile(1000 * times, [50, 99])}

    def agree(self, inputs, outcomes):
        expected = next(iter(outcomes.values()))["scores"]
        for name, found in outcomes.items():
            gap = np.max(np.abs(found["scores"] / expected - 1))
            expect(gap < 1e-5, name, f"scores differ by {gap:.1e}")
        return {
            name: "p50 {:.2f} ms, p99 {:.2f} ms".format(*found["percentiles"])
            for name, found in outcomes.items()
        }

    def cost(self, inputs, outcome):
        """Not to be said: the items are in the cache, and few of them are looked at."""
        return Cost()


def races(options):
    yield Request(64)
