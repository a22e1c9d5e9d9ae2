"""Each kernel again in plain dense numpy: slow and obviously right."""

import numpy as np


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
