"""Exact lists of the best inner products: every user's, what the user has seen excluded."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

import data
from pyrec import _kernels, runtime
from pyrec.data.interactions import as_csr
from pyrec.kernels import ItemIndex
from races.race import Contender, Cost, Race, expect, openblas_coretype

RANDOM = "random"  # factors without structure, as many as in the literature's Amazon-Book
RANDOM_SHAPE = 16_384, 91_599


def by_pyrec(race, inputs, threads):
    users, exclude = inputs["users"], as_csr(inputs["seen"])
    index = ItemIndex(inputs["items"], threads=threads)
    return lambda: index.search(users, race.k, exclude=exclude, threads=threads)


def by_implicit(race, inputs, threads):
    from implicit.cpu.topk import topk

    users, items, seen = inputs["users"], inputs["items"], inputs["seen"]
    return lambda: topk(items, users, race.k, filter_query_items=seen, num_threads=threads)


def by_faiss(race, inputs, threads):
    """Faiss cannot exclude pairs; it is timed without."""
    import faiss

    faiss.omp_set_num_threads(threads)
    index = faiss.IndexFlatIP(race.factors)
    index.add(inputs["items"])
    return lambda: index.search(inputs["users"], race.k)[::-1]


@dataclass(frozen=True)
class TopK(Race):
    """Lists of `k` from the factors of an ALS model, or from random ones."""

    data: str
    factors: int
    k: int

    work: ClassVar = "top-k"
    contenders: ClassVar = (
        Contender("pyrec", by_pyrec),
        Contender("implicit", by_implicit, "implicit", environment={"OPENBLAS_NUM_THREADS": "1"}),
        Contender(
            "faiss", by_faiss, "faiss", "faiss-cpu",
            {"OPENBLAS_NUM_THREADS": "{threads}", **openblas_coretype()},
        ),
    )  # fmt: skip

    @property
    def title(self):
        return f"{self.data}, {self.factors} factors, top {self.k}"

    def inputs(self):
        if self.data == RANDOM:
            users, items = data.factors(*RANDOM_SHAPE, self.factors)
            seen = data.purchases(*RANDOM_SHAPE, 40 * RANDOM_SHAPE[0])
        else:
            users, items = data.trained_factors(self.data, self.factors)
            seen = data.matrix(self.data)
        return {"users": users, "items": items, "seen": sp.csr_matrix(seen)}

    def outcome(self, inputs, result):
        rows, scores, *counts = result
        found = {"rows": rows, "scores": scores}
        if counts:  # ours, which has at every SIMD level the bits of a full scan
            expected = self.scan(inputs, as_csr(inputs["seen"]))
            same = all(map(np.array_equal, (rows, scores), expected))
            found |= {"counts": counts[0], "same bits": same}
        return found

    def scan(self, inputs, exclude):
        """Return lists from the scores of all pairs."""
        users, items = inputs["users"], inputs["items"]
        return _kernels.recommend_dense(
            users, items, exclude, None, k=self.k, threads=runtime.resolve_threads()
        )

    def agree(self, inputs, outcomes):
        """Scores are within 1e-5 of a list's largest; where ids differ, so are their scores."""
        filtered, unfiltered = self.scan(inputs, as_csr(inputs["seen"])), self.scan(inputs, None)
        words = {}
        for name, found in outcomes.items():
            gap = self.gap(inputs, found, unfiltered if "faiss" in name else filtered)
            expect(gap < 1e-5, name, f"scores differ by {gap:.1e}")
            words[name] = f"scores within {gap:.0e}" + ", no exclusion" * ("faiss" in name)
            if "counts" in found:
                expect(found["same bits"], name, "other bits than a full scan")
                pairs = len(inputs["users"]) * len(inputs["items"])
                screened, scored = np.array(found["counts"]) / pairs
                words[name] = f"{screened:.1%} screened, {scored:.2%} scored"
        return words

    def gap(self, inputs, found, expected):
        """Return how far scores are from those expected, as reported and as the ids have them."""
        rows, scores = expected
        real = rows >= 0
        users, _ = np.nonzero(real)
        ids = np.maximum(found["rows"][real], 0)
        true = _kernels.score_pairs(
            inputs["users"], inputs["items"], users.astype(np.int32), ids.astype(np.int32),
            threads=runtime.resolve_threads(),
        )  # fmt: skip
        largest = np.abs(scores, where=real, out=np.zeros_like(scores)).max(axis=1)[users] + 1e-30
        gaps = [np.abs(x - scores[real]) / largest for x in (found["scores"][real], true)]
        return np.max(gaps)

    def cost(self, inputs, outcome):
        pairs = len(inputs["users"]) * len(inputs["items"])
        each = 2e-9 * self.factors
        if "counts" in outcome:
            screened, scored = outcome["counts"]
            return Cost(floats=each * scored, dots=each * screened)
        return Cost(floats=each * pairs)


SETS = [RANDOM, "gowalla", "yelp2018", "amazon-like"]


def races(options):
    for name in data.available(options.data or SETS, RANDOM):
        for factors, k in product(options.factors, options.k):
            yield TopK(name, factors, k)
