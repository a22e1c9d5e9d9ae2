"""Each kernel again in plain dense numpy: slow and obviously right."""

import numpy as np
import scipy.sparse as sp


def top_k(scores, k, exclude=None):
    """Rows and scores of the k best columns, score descending then column ascending."""
    n, m = scores.shape
    rows = np.full((n, k), -1, np.int32)
    best = np.full((n, k), -np.inf, np.float32)
    for i in range(n):
        allowed = [j for j in range(m) if exclude is None or not exclude[i, j]]
        order = sorted(allowed, key=lambda j: (-scores[i, j], j))[:k]
        rows[i, : len(order)] = order
        best[i, : len(order)] = scores[i, order]
    return rows, best


def sparse_scores(histories, neighbors):
    """The product in float64, and which of its entries any stored product reaches."""

    def stored(matrix):
        ones = np.ones(matrix.nnz)
        return sp.csr_array((ones, matrix.indices, matrix.indptr), matrix.shape).toarray()

    scores = histories.toarray().astype(np.float64) @ neighbors.toarray().astype(np.float64)
    return scores, stored(histories) @ stored(neighbors) > 0
