"""Nearest items by cosine, from users by items to a sparse matrix of similarities."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

import data
from pyrec.kernels import neighbors
from races.race import Contender, Cost, Race, expect

NEIGHBORS = 100


def by_pyrec(race, inputs, threads):
    return lambda: neighbors(inputs["matrix"], race.k, threads=threads)


def by_implicit(race, inputs, threads):
    from implicit.nearest_neighbours import CosineRecommender

    def fit():
        with warnings.catch_warnings(action="ignore"):
            # It keeps an item among its own neighbours, as the others do.
            model = CosineRecommender(K=race.k + 1, num_threads=threads)
            model.fit(inputs["matrix"], show_progress=False)
        return model.similarity

    return fit


def by_similaripy(race, inputs, threads):
    import similaripy

    def fit():
        items = inputs["matrix"].T.tocsr()
        return similaripy.cosine(
            items, k=race.k + 1, num_threads=threads, verbose=False, format_output="csr"
        )

    return fit


def by_sparse_dot_topn(race, inputs, threads):
    import sparse_dot_topn

    def fit():
        matrix = inputs["matrix"]
        norms = np.sqrt(np.bincount(matrix.indices, matrix.data**2, minlength=matrix.shape[1]))
        scale = 1 / np.maximum(norms, 1e-12).astype(np.float32)
        unit = sp.csr_matrix(matrix.multiply(scale[None, :]), dtype=np.float32)
        return sparse_dot_topn.sp_matmul_topn(
            unit.T.tocsr(), unit, top_n=race.k + 1, n_threads=threads
        )

    return fit


def row_sums(matrix, k=None, diagonal=True):
    """Return for each row the sum of its entries, or of the k largest beside the diagonal."""
    matrix = sp.csr_array(matrix)
    n = matrix.shape[0]
    rows, values = np.repeat(np.arange(n), np.diff(matrix.indptr)), matrix.data.astype(np.float64)
    if not diagonal:
        others = matrix.indices != rows
        rows, values = rows[others], values[others]
    if k:
        order = np.lexsort((-values, rows))
        rows, values = rows[order], values[order]
        best = np.arange(len(rows)) - np.searchsorted(rows, rows) < k
        rows, values = rows[best], values[best]
    return np.bincount(rows, values, minlength=n)


def agree_in_sums(outcomes):
    """Return words on sums of rows that are the same but for rounding."""
    expected = next(iter(outcomes.values()))["sums"]
    words = {}
    for name, found in outcomes.items():
        gap = np.max(np.abs(found["sums"] - expected) / np.maximum(np.abs(expected), 1e-6))
        expect(gap < 1e-4, name, f"the sum of a row differs by {gap:.1e}")
        words[name] = f"{found['stored']:,} stored, sums of rows within {gap:.0e}"
    return words


def accumulated(left, right):
    """Return the cost of a product of sparse matrices: an addition for each pair of entries."""
    pairs = np.bincount(left.indices, minlength=left.shape[1]) @ np.diff(right.indptr)
    return Cost(additions=1e-9 * float(pairs))


@dataclass(frozen=True)
class Neighbors(Race):
    """The `k` nearest items of each item."""

    data: str
    k: int

    work: ClassVar = "similarity"
    contenders: ClassVar = (
        Contender("pyrec", by_pyrec),
        Contender("implicit", by_implicit, "implicit", environment={"OPENBLAS_NUM_THREADS": "1"}),
        Contender("similaripy", by_similaripy, "similaripy"),
        Contender("sparse_dot_topn", by_sparse_dot_topn, "sparse_dot_topn"),
    )

    @property
    def title(self):
        return f"{self.data}, cosine, top {self.k}"

    def inputs(self):
        return {"matrix": data.matrix(self.data)}

    def outcome(self, inputs, result):
        return {"sums": row_sums(result, self.k, diagonal=False), "stored": result.nnz}

    def agree(self, inputs, outcomes):
        return agree_in_sums(outcomes)

    def cost(self, inputs, outcome):
        matrix = inputs["matrix"]
        return accumulated(matrix.T.tocsr(), matrix)


SETS = ["gowalla", "amazon-like", "ml20m-like"]


def races(options):
    for name in data.available(options.data or SETS):
        yield Neighbors(name, NEIGHBORS)
