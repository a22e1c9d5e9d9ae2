"""Calibration against its definition, and the mixes that it aims at."""

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from rerank_cases import batches, context_of, gains_fall, ranked

from pyrec.data.groups import Groups
from pyrec.data.interactions import as_csr
from pyrec.errors import DataError
from pyrec.rerank import Calibration
from pyrec.rerank.base import relevance
from pyrec.rerank.calibration import mixes_of


def value(weight, relevance, mix, memberships, chosen, k):
    """The objective up to a constant: Steck 2018, with the list's shares out of k."""
    shares = 0.01 * mix + 0.99 * memberships[chosen].sum(axis=0) / k
    wanted = mix > 0
    return (1 - weight) * sum(relevance[i] for i in chosen) + weight * np.sum(
        mix[wanted] * np.log(shares[wanted])
    )


@given(batch=batches(), data=st.data(), k=st.integers(1, 8),
       weight=st.sampled_from([0.0, 0.5, 1.0]))  # fmt: skip
def test_every_item_is_the_best_one_then(batch, data, k, weight):
    n, n_items = len(batch.rows), len(batch.vectors)
    several = st.lists(st.lists(st.sampled_from("abcd"), max_size=3), min_size=n_items,
                       max_size=n_items)  # fmt: skip
    groups = Groups.of_lists(data.draw(several))
    had = np.array(data.draw(st.lists(st.lists(st.integers(0, 2), min_size=n_items,
                   max_size=n_items), min_size=max(n, 1), max_size=max(n, 1))), float)  # fmt: skip
    context = context_of(batch, groups={"category": groups}, histories=had)
    users = np.arange(n)
    candidates = ranked(rows=batch.rows, scores=batch.scores, n_items=n_items, users=users)
    found = Calibration(weight=weight).rerank(candidates, context, k=k)
    of = groups.memberships
    memberships = sp.csr_array((of.values, of.columns, of.offsets), of.shape).toarray()
    of_lists = relevance(np.where(batch.rows >= 0, batch.scores, -np.inf))
    for user in range(n):
        mix = had[user] @ memberships
        mix = mix / mix.sum() if mix.sum() else mix
        left = {int(i): float(r) for i, r in zip(batch.rows[user], of_lists[user], strict=True)
                if i >= 0}  # fmt: skip
        worth = dict(left)
        chosen = []
        for row, score in zip(found.rows[user].tolist(), found.scores[user], strict=True):
            if row < 0:
                assert not left or len(chosen) == k
                continue
            before = value(weight, worth, mix, memberships, chosen, k)
            gains = {i: value(weight, worth, mix, memberships, [*chosen, i], k) - before
                     for i in left}  # fmt: skip
            np.testing.assert_allclose(score, gains[row], atol=1e-4)
            assert gains[row] >= max(gains.values()) - 1e-4
            chosen.append(row)
            del left[row]
    gains_fall(found)


def test_a_list_has_the_proportions_of_the_history():
    kinds = np.array(["drama", "comedy"])[np.arange(200) % 2]
    had = np.zeros((1, 200))
    had[0, [0, 2, 4, 6, 8, 10, 12, 1, 3, 5]] = 1  # seven dramas, three comedies
    rows = np.concatenate([np.arange(20, 80, 2), np.arange(21, 81, 2)])[None]  # dramas lead
    scores = np.linspace(1, 0, rows.shape[1], dtype=np.float32)[None]
    context = context_of(n_items=200, histories=had, groups={"category": Groups.of(kinds)})
    candidates = ranked(rows=rows, scores=scores, n_items=200, users=np.array([0]))
    before = kinds[candidates.rows[0, :20]]
    after = kinds[Calibration(weight=0.99).rerank(candidates, context, k=20).rows[0]]
    assert np.mean(before == "drama") == 1
    assert np.mean(after == "drama") == 0.7


def test_somebody_without_a_history_keeps_the_order():
    groups = {"category": Groups.of(["a", "b", "a", "b"])}
    context = context_of(n_items=4, histories=np.array([[1, 1, 0, 0]]), groups=groups)
    rows, scores = np.array([[3, 1, 0, 2]]), np.array([[4, 3, 2, 1]])
    for users in (np.array([77]), None):
        candidates = ranked(rows=rows, scores=scores, n_items=4, users=users)
        found = Calibration(weight=0.9).rerank(candidates, context, k=3)
        assert found.rows.tolist() == [[3, 1, 0]]


def test_mixes_are_shares_of_weights():
    had = as_csr(
        sp.csr_array(np.array([[2.0, 1, 1, 0], [0, 0, 0, 3], [-1, 0, 1, 0], [0, 0, 0, 0]]))
    )
    mixes = mixes_of(had, Groups.of_lists([["a"], ["a", "b"], ["b"], []]))
    dense = sp.csr_array((mixes.values, mixes.columns, mixes.offsets), mixes.shape).toarray()
    np.testing.assert_allclose(dense, [[0.625, 0.375], [0, 0], [0, 1], [0, 0]])


def test_a_group_that_is_not_there_is_named():
    context = context_of(n_items=1, groups={"brand": Groups.of(["x"])})
    candidates = ranked(rows=np.array([0]), scores=np.array([1]), n_items=1)
    with pytest.raises(DataError, match="no groups 'category', there are 'brand'"):
        Calibration().rerank(candidates, context)
