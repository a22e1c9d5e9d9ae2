"""Exact lists of the best inner products: every user's, what the user has seen excluded."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

import data
from pyrec import _kernels
from pyrec.data.interactions import as_csr
from pyrec.kernels import ItemIndex
from races.race import Contender, Cost, Race, expect, openblas_coretype

RANDOM = "random"  # factors without structure, as many as in the literature's Amazon-Book
RANDOM_SHAPE = 16_384, 91_599


def by_pyrec(race, inputs, threads):
    users, items, exclude = inputs["users"], inputs["items"], as_csr(inputs["seen"])
    index = ItemIndex(items, threads=threads)
    # The kernel beneath `top_k`, because it counts what it does.
    arrays = index._order, index._codes, index._bounds
    return lambda: _kernels.recommend_indexed(
        users, items, *arrays, exclude, None, k=race.k, threads=threads
    )


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
        return {**found, "counts": counts[0]} if counts else found

    def agree(self, inputs, outcomes):
        """Ours has the bits of a full scan; a peer's scores are within 1e-5 of the lists' best."""
        users, items, seen = inputs["users"], inputs["items"], as_csr(inputs["seen"])
        scans = {
            filtered: _kernels.recommend_dense(
                users, items, seen if filtered else None, None, k=self.k, threads=0
            )
            for filtered in (True, False)
        }
        words = {}
        for name, found in outcomes.items():
            rows, scores = scans["faiss" not in name]
            if "counts" in found:
                same = np.array_equal(found["rows"], rows) and np.array_equal(
                    found["scores"], scores
                )
                expect(same, name, "other bits than a full scan")
                screened, scored = np.array(found["counts"]) / (len(users) * len(items))
                words[name] = f"{screened:.1%} screened, {scored:.2%} scored"
                continue
            real = np.isfinite(scores)
            largest = np.abs(np.where(real, scores, 0)).max(axis=1, keepdims=True)
            gaps = np.abs(found["scores"] - scores) / np.maximum(largest, 1e-30)
            gap = gaps[real].max()
            expect(gap < 1e-5, name, f"scores differ by {gap:.1e}")
            words[name] = f"scores within {gap:.0e}" + ", no exclusion" * ("faiss" in name)
        return words

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
