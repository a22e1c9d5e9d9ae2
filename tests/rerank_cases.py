"""Inputs of the tests of re-ranking: lists, items as vectors, groups, histories."""

from dataclasses import dataclass

import hypothesis.strategies as st
import numpy as np
import scipy.sparse as sp
from hypothesis.extra import numpy as hnp

import pyrec
from pyrec.data.interactions import Interactions
from pyrec.rerank import Context


@dataclass
class Batch:
    """Lists of candidates: rows (n, width), best first, and vectors of all items."""

    rows: np.ndarray
    scores: np.ndarray
    vectors: np.ndarray


@st.composite
def batches(draw, max_items=12):
    """Short lists, ties, copies of vectors, zero vectors, and items that outnumber dimensions."""
    n_items, dimensions = draw(st.integers(1, max_items)), draw(st.integers(1, 5))
    whole = st.integers(-2, 2).map(float)
    vectors = draw(hnp.arrays(np.float32, (n_items, dimensions), elements=whole))
    n, width = draw(st.integers(0, 4)), draw(st.integers(1, n_items))
    rows = np.full((n, width), -1, np.int32)
    scores = np.full((n, width), -np.inf, np.float32)
    for i in range(n):
        size = draw(st.integers(0, width))
        rows[i, :size] = draw(st.permutations(range(n_items)))[:size]
        given = draw(st.lists(st.integers(-5, 5), min_size=size, max_size=size))
        scores[i, :size] = sorted(given, reverse=True)
    return Batch(rows, scores, vectors)


def log_of(n_items, histories=None):
    """Interactions of users 0, 1, ...; of nobody with anything if no histories are given."""
    matrix = sp.csr_array((1, n_items), dtype=np.float32) if histories is None else histories
    return Interactions.from_scipy(sp.csr_array(matrix))


def context_of(batch=None, *, n_items=None, histories=None, **known):
    """What is known of the items of a batch."""
    count = len(batch.vectors) if n_items is None else n_items
    return Context(log_of(count, histories), **known)


def ranked(batch=None, *, rows=None, scores=None, n_items=None, users=None):
    """Candidates as a Ranking."""
    if batch is not None:
        rows, scores, n_items = batch.rows, batch.scores, len(batch.vectors)
    return pyrec.Ranking(rows, scores, pyrec.Vocabulary.range(n_items), users)


def gains_fall(ranking):
    """What items add never rises: lists stay in order."""
    real = ranking.rows >= 0
    scores = np.where(real, ranking.scores, -1e30).astype(np.float64)
    assert np.all(np.diff(scores, axis=1) <= 1e-5)
    assert np.all(np.isneginf(ranking.scores[~real]))
