"""Inputs of the benchmarks: seeded, with a power law of items and of users; real ones by name."""

import os
from pathlib import Path

import numpy as np
import scipy.sparse as sp

import pyrec

# name: users, items, pairs drawn (repeats fall together)
SIZES = {
    "S": (2_000, 5_000, 60_000),
    "M": (30_000, 40_000, 1_000_000),
    "L": (140_000, 90_000, 12_000_000),
}


def purchases(users, items, pairs, seed=0):
    """Return ones, users by items: a few items and a few users have most of the pairs."""
    rng = np.random.default_rng(seed)
    popularity = (np.arange(items) + 10.0) ** -0.8
    activity = rng.permutation((np.arange(users) + 20.0) ** -0.6)
    columns = rng.permutation(items)[_drawn(popularity, pairs, rng)]
    rows = _drawn(activity, pairs, rng)
    keys = np.unique(rows * items + columns)
    ones = np.ones(len(keys), np.float32)
    return sp.csr_matrix((ones, np.divmod(keys, items)), shape=(users, items))


def factors(users, items, factors, seed=0):
    """Return factors without structure, norms of items log-normal: hard for any pruning."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal((users, factors), dtype=np.float32)
    v = rng.standard_normal((items, factors), dtype=np.float32)
    v *= rng.lognormal(0.0, 0.5, (items, 1)).astype(np.float32) / np.float32(np.sqrt(factors))
    return u, v


def trained_factors(matrix, factors):
    """Return factors as a model has them."""
    model = pyrec.ALS(factors=factors, regularization=0.05, alpha=10, iterations=8).fit(matrix)
    return model.user_factors, model.item_factors


def matrix(name):
    """Return purchases of a size, of a scipy .npz file, or the training half of a set by name.

    Sizes are those of `SIZES`, sets the folders below ``$PYREC_DATA``.
    """
    if name in SIZES:
        return purchases(*SIZES[name])
    if name.endswith(".npz"):
        return sp.csr_matrix(sp.load_npz(name))
    folder = Path(os.environ["PYREC_DATA"]) / name
    return sp.csr_matrix(pyrec.read_adjacency(folder / "train.txt.gz").to_scipy())


def _drawn(weights, n, rng):
    cumulative = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(cumulative, rng.random(n)), len(weights) - 1)
