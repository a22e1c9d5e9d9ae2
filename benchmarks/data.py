"""Inputs of the benchmarks: seeded, shaped like known sets; real ones by name."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp

import pyrec

# name: users, items, pairs, draws for each pair, exponent of the items' popularity. The last two
# have the shapes of Amazon-Book and MovieLens 20M.
SHAPES = {
    "XS": (300, 500, 6_000, 1.5, 0.8),
    "S": (2_000, 5_000, 60_000, 1.5, 0.8),
    "M": (30_000, 40_000, 1_000_000, 1.5, 0.8),
    "amazon-like": (52_643, 91_599, 2_142_000, 1.5, 0.7),
    "ml20m-like": (138_493, 26_744, 18_000_000, 2.56, 0.9),
}
COMMUNITIES = 40
AT_HOME = 0.66  # share of a user's draws that stay in the community


@cache
def matrix(name):
    """Return ones, users by items: a name of `SHAPES`, an .npz, or a set below ``$PYREC_DATA``."""
    if name in SHAPES:
        return purchases(*SHAPES[name])
    if name.endswith(".npz"):
        return sp.csr_matrix(sp.load_npz(name))
    return sp.csr_matrix(pyrec.read_adjacency(folder(name) / "train.txt.gz").to_scipy())


def folder(name):
    """Return the folder of a real set."""
    return Path(os.environ["PYREC_DATA"]) / name


def available(names, *others):
    """Return those of the names that this machine has, or that are among the others."""
    folder = Path(os.environ.get("PYREC_DATA", os.devnull))
    made = {*SHAPES, *others}
    return [n for n in names if n in made or n.endswith(".npz") or (folder / n).is_dir()]


def purchases(users, items, pairs, draws=1.5, exponent=0.8, seed=0):
    """Return ones, users by items: power laws of items and of users, and communities of taste.

    A community prefers every 40th item of the ranking by popularity. Draws that repeat a pair fall
    together; while there are too few, more follow, and what is too much is dropped.
    """
    rng = np.random.default_rng(seed)
    popularity = np.cumsum((np.arange(items) + 10.0) ** -exponent)
    activity = np.minimum(rng.pareto(1.6, users) + 0.35, items * 0.02)
    # Nobody has more than a third of all items, and everybody has something.
    degrees = np.clip(activity * (draws * pairs / activity.sum()), 1, items / 3).astype(np.int64)
    communities = rng.integers(0, COMMUNITIES, users)
    labels = rng.permutation(items)
    keys = np.empty(0, np.int64)
    while len(keys) < pairs:
        rows = np.repeat(np.arange(users), degrees)
        ranks = np.searchsorted(popularity, popularity[-1] * rng.random(len(rows)))
        home = rng.random(len(rows)) < AT_HOME
        local = ranks - ranks % COMMUNITIES + communities[rows]
        ranks = np.minimum(np.where(home, local, ranks), items - 1)
        keys = np.union1d(keys, rows * items + labels[ranks])
        degrees = np.ceil(degrees * 0.25).astype(np.int64)
    keys = np.sort(rng.choice(keys, pairs, replace=False, shuffle=False))
    rows, columns = np.divmod(keys, items)
    indices = columns.astype(np.int32)
    offsets = np.searchsorted(rows, np.arange(users + 1)).astype(np.int32)
    return sp.csr_matrix((np.ones(pairs, np.float32), indices, offsets), shape=(users, items))


def factors(users, items, factors, seed=0):
    """Return factors without structure, norms of items log-normal: hard for any pruning."""
    rng = np.random.default_rng(seed)
    u = rng.standard_normal((users, factors), dtype=np.float32)
    v = rng.standard_normal((items, factors), dtype=np.float32)
    v *= rng.lognormal(0.0, 0.5, (items, 1)).astype(np.float32) / np.float32(np.sqrt(factors))
    return u, v


@cache
def trained_factors(name, factors):
    """Return the factors that a model learns from a matrix."""
    als = pyrec.ALS(
        factors=factors,
        regularization=0.05,
        alpha=10,
        iterations=8,
        unobserved_weight=1,
        regularization_exponent=0,
    )
    model = als.fit(matrix(name))
    return model.user_factors, model.item_factors
