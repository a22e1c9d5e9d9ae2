"""MMR and DPP against their definitions, tried one candidate after the other."""

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from rerank_cases import batches, context_of, gains_fall, ranked

from pyrec.config import build
from pyrec.errors import ConfigError
from pyrec.rerank import DPP, MMR
from pyrec.rerank.base import relevance


def cosines(vectors):
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit @ unit.T


def mmr_gain(trade_off, relevance, alike, chosen, i):
    nearest = max([0.0, *(alike[i, j] for j in chosen)])
    return trade_off * relevance[i] - (1 - trade_off) * nearest


def dpp_gain(trade_off, relevance, alike, chosen, i):
    def log_det(items):
        kernel = 0.99 * alike[np.ix_(items, items)]
        np.fill_diagonal(kernel, 1)
        return np.linalg.slogdet(kernel)[1] if items else 0.0

    return trade_off * relevance[i] + (1 - trade_off) * (log_det([*chosen, i]) - log_det(chosen))


@given(batch=batches(max_items=40), trade_off=st.sampled_from([0.0, 0.3, 0.7, 1.0]),
       sparse=st.booleans(), k=st.integers(1, 8),
       case=st.sampled_from([(MMR, mmr_gain), (DPP, dpp_gain)]))  # fmt: skip
def test_every_item_is_the_best_one_then(batch, trade_off, sparse, k, case):
    kind, gain = case
    vectors = batch.vectors.astype(np.float64)
    context = context_of(batch, vectors=sp.csr_array(batch.vectors) if sparse else batch.vectors)
    found = kind(trade_off=trade_off).rerank(ranked(batch), context, k=k)
    alike = cosines(vectors)
    of_lists = relevance(np.where(batch.rows >= 0, batch.scores, -np.inf))
    for rows, scores, candidates, relevances in zip(
        found.rows, found.scores, batch.rows, of_lists, strict=True
    ):
        left = {int(i): float(r) for i, r in zip(candidates, relevances, strict=True) if i >= 0}
        by_item = np.zeros(len(vectors))
        by_item[list(left)] = list(left.values())
        size = min(k, len(left))
        assert np.all(rows[size:] == -1)
        chosen = []
        for row, score in zip(rows[:size].tolist(), scores, strict=False):
            gains = {i: gain(trade_off, by_item, alike, chosen, i) for i in left}
            assert row in left
            np.testing.assert_allclose(score, gains[row], atol=2e-4)
            assert gains[row] >= max(gains.values()) - 2e-4
            chosen.append(row)
            del left[row]
    gains_fall(found)


@pytest.mark.parametrize("kind", [MMR, DPP])
def test_relevance_alone_changes_nothing(kind):
    rng = np.random.default_rng(0)
    scores = -np.sort(-rng.random((4, 30), dtype=np.float32), axis=1)
    rows = np.argsort(rng.random((4, 50)), axis=1)[:, :30].astype(np.int32)
    context = context_of(n_items=50, vectors=rng.standard_normal((50, 6)))
    found = kind(trade_off=1).rerank(ranked(rows=rows, scores=scores, n_items=50), context, k=10)
    np.testing.assert_array_equal(found.rows, rows[:, :10])


@pytest.mark.parametrize("kind", [MMR, DPP])
def test_less_relevance_is_more_diversity(kind):
    rng = np.random.default_rng(1)
    vectors = rng.standard_normal((200, 8))
    scores = -np.sort(-rng.random((20, 60), dtype=np.float32), axis=1)
    rows = np.argsort(rng.random((20, 200)), axis=1)[:, :60].astype(np.int32)
    candidates = ranked(rows=rows, scores=scores, n_items=200)
    context = context_of(n_items=200, vectors=vectors)

    def likeness(trade_off):
        found = kind(trade_off=trade_off).rerank(candidates, context, k=10)
        alike = cosines(vectors)
        return np.mean([(alike[np.ix_(row, row)] ** 2).mean() for row in found.rows])

    assert likeness(0.2) < likeness(0.7) < likeness(1.0)


@pytest.mark.parametrize("kind", [MMR, DPP])
def test_the_same_bits_for_any_threads_and_batch(kind, simd):
    rng = np.random.default_rng(2)
    scores = -np.sort(-rng.random((300, 40), dtype=np.float32), axis=1)
    rows = np.argsort(rng.random((300, 100)), axis=1)[:, :40].astype(np.int32)
    context = context_of(n_items=100, vectors=rng.standard_normal((100, 17)))
    candidates = ranked(rows=rows, scores=scores, n_items=100)
    one = kind().rerank(candidates, context, k=20, threads=1)
    many = kind().rerank(candidates, context, k=20, threads=4)
    np.testing.assert_array_equal(one.rows, many.rows)
    np.testing.assert_array_equal(one.scores, many.scores)
    for i in (0, 123):
        single = ranked(rows=rows[i], scores=scores[i], n_items=100)
        alone = kind().rerank(single, context, k=20)
        np.testing.assert_array_equal(alone.rows, one.rows[i])
        np.testing.assert_array_equal(alone.scores, one.scores[i])


def test_a_trade_off_is_between_0_and_1():
    with pytest.raises(ConfigError, match="trade_off"):
        MMR(trade_off=1.5)
    with pytest.raises(ConfigError, match="did you mean 'trade_off'"):
        build(MMR, {"tradeoff": 0.5})
