"""Each kernel again in plain dense numpy: slow and obviously right."""

import math

import numpy as np
import scipy.sparse as sp


def top_k(scores, k, exclude=None):
    """Rows and scores of the k best columns, score descending then column ascending."""
    n, m = scores.shape
    rows = np.full((n, k), -1, np.int32)
    best = np.full((n, k), -np.inf, np.float32)
    for i in range(n):
        allowed = np.arange(m) if exclude is None else np.flatnonzero(~exclude[i])
        order = allowed[np.lexsort((allowed, -scores[i, allowed]))][:k]
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


def metrics(ranked, wanted, k):
    """Every metric of one list by its definition; `wanted` maps the relevant items to gains."""
    top = [item for item in ranked if item >= 0][:k]
    positions = [p for p, item in enumerate(top, 1) if item in wanted]
    discount = [1 / math.log2(p + 1) for p in range(1, k + 1)]
    best = sorted(wanted.values(), reverse=True)[:k]
    n, capped = len(wanted), min(k, len(wanted))
    precision, recall = len(positions) / k, len(positions) / n
    graded = sum(wanted[top[p - 1]] * discount[p - 1] for p in positions)
    ideal = sum(gain * d for gain, d in zip(best, discount, strict=False))
    return {
        "precision": precision,
        "recall": recall,
        "recall_capped": len(positions) / capped,
        "f1": 2 * precision * recall / (precision + recall) if positions else 0.0,
        "ndcg": sum(discount[p - 1] for p in positions) / sum(discount[:capped]),
        "ndcg_graded": graded / ideal if ideal else math.nan,
        "map": sum(i / p for i, p in enumerate(positions, 1)) / capped,
        "mrr": 1 / positions[0] if positions else 0.0,
        "hit_rate": float(bool(positions)),
    }


def auc(scores, wanted):
    """Share of (relevant, other) pairs in order, a tie counting half; `scores` maps items."""
    pairs = [(scores[i], scores[j]) for i in scores for j in scores if i in wanted - {j}
             and j not in wanted]  # fmt: skip
    won = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs)
    return won / len(pairs) if pairs else math.nan


def gini(counts):
    """Half the mean absolute difference, relative to the mean."""
    counts = np.asarray(counts, float)
    return np.abs(counts[:, None] - counts[None, :]).mean() / (2 * counts.mean())


def similarity(dense, metric="cosine", shrink=0.0, alpha=0.5, rows=slice(None), real=np.float32):
    """Some rows compared with all, in the order of operations that is promised."""
    shrink = real(shrink)
    if metric == "jaccard":
        dense = dense != 0
    dots = dense[rows].astype(real) @ dense.T.astype(real)
    if metric == "dot":
        return dots
    if metric == "jaccard":
        counts = np.count_nonzero(dense, axis=1).astype(real)
        below = counts[rows, None] + counts[None, :] - dots + shrink
    else:
        norms = np.sqrt(np.sum(dense.astype(np.float64) ** 2, axis=1))
        own, other = (2 * alpha, 2 - 2 * alpha) if metric == "asymmetric" else (1.0, 1.0)
        a, b = (np.power(norms, exponent).astype(real) for exponent in (own, other))
        below = a[rows, None] * b[None, :] + shrink
    return np.divide(dots, below, out=np.zeros_like(dots), where=below != 0)


def bounded(similarities, metric):
    """What is reported of those that were chosen: rounding takes no cosine beyond 1."""
    return np.clip(similarities, -1, 1) if metric == "cosine" else similarities


def neighbors(similarities, k, selves=None):
    """Keep the k highest of each row, ties to the lower column; no zeros, nothing with itself."""
    kept = np.zeros_like(similarities)
    for i, row in enumerate(similarities):
        others = np.flatnonzero(row)
        others = others[others != (i if selves is None else selves[i])]
        best = others[np.lexsort((others, -row[others]))][:k]
        kept[i, best] = row[best]
    return kept


def sparse_product(a, b):
    """Sums over the inner dimension in increasing order, products and sums rounded apart."""
    total = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for inner in range(a.shape[1]):
        total += a[:, inner, None] * b[inner]
    return total


def sparse_top_k(a, b, k, threshold=-np.inf):
    """Return the k largest entries of each row of the product, as a dense array."""
    product = sparse_product(a, b)
    product[~(product > np.float32(threshold))] = 0
    return neighbors(product, k, selves=[-1] * len(product))


def als_normal_equations(columns, values, factors, options):
    """Matrix and right side of one row's minimum: Hu, Koren, Volinsky 2008, equation 4."""
    a0 = options["unobserved_weight"]
    fixed = factors.astype(np.float64)
    seen, confidence = fixed[columns], options["alpha"] * np.asarray(values, np.float64)
    exponent = options["regularization_exponent"]
    penalty = options["regularization"] * (len(columns) + a0 * len(fixed)) ** exponent
    others = np.delete(fixed, columns, axis=0)
    matrix = a0 * others.T @ others + (seen.T * np.abs(confidence)) @ seen
    return matrix + penalty * np.eye(fixed.shape[1]), seen.T @ np.maximum(confidence, 0)


def als_equations(matrix, factors, options):
    """Each row that has entries, with its reference matrix and right side."""
    for row in range(matrix.shape[0]):
        entries = row_of(matrix, row)
        if entries:
            columns, values = map(list, zip(*entries, strict=True))
            yield row, *als_normal_equations(columns, values, factors, options)


def als_cg(matrix, right, start, steps):
    """Conjugate gradients for one row."""
    x, residual = start.astype(np.float64), right - matrix @ start.astype(np.float64)
    direction, norm = residual.copy(), residual @ residual
    for _ in range(steps):
        if norm < 1e-25:
            break
        length = norm / (direction @ matrix @ direction)
        x, residual = x + length * direction, residual - length * (matrix @ direction)
        direction, norm = residual + residual @ residual / norm * direction, residual @ residual
    return x


def als_subspace(matrix, right, start, size):
    """One sweep over blocks of factors, each solved exactly while the others stay."""
    x = start.astype(np.float64)
    for first in range(0, len(x), size):
        block = slice(first, first + size)
        x[block] += np.linalg.solve(matrix[block, block], right[block] - matrix[block] @ x)
    return x


def als_objective(matrix, users, items, options):
    """The objective, pair by pair."""
    a0, exponent = options["unobserved_weight"], options["regularization_exponent"]
    total = 0.0
    stored = {(u, i): r for u in range(matrix.shape[0]) for i, r in row_of(matrix, u)}
    scores = users.astype(np.float64) @ items.astype(np.float64).T
    for (u, i), score in np.ndenumerate(scores):
        confidence = options["alpha"] * stored.get((u, i), 0.0)
        if (u, i) in stored:
            total += abs(confidence) * ((confidence > 0) - score) ** 2
        else:
            total += a0 * score**2
    for side, counts in (
        (users, np.diff(matrix.indptr)),
        (items, np.bincount(matrix.indices, minlength=len(items))),
    ):
        others = matrix.shape[1] if side is users else matrix.shape[0]
        for row, count in zip(side.astype(np.float64), counts, strict=True):
            if row.any():
                with np.errstate(divide="ignore"):
                    penalty = options["regularization"] * np.power(count + a0 * others, exponent)
                total += penalty * (row @ row)
    return total


def row_of(matrix, row):
    """Columns and values of one row of a scipy csr matrix."""
    part = slice(*matrix.indptr[row : row + 2])
    return list(zip(matrix.indices[part].tolist(), matrix.data[part].tolist(), strict=True))
