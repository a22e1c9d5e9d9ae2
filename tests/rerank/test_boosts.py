"""Boosts: what each raises, and by how much."""

import numpy as np
import pytest
from rerank_cases import context_of, ranked

from pyrec.errors import ConfigError, DataError
from pyrec.rerank import Freshness, PopularityControl, PriceSensitivity

ROWS, SCORES = np.array([[0, 1, 2, 3]]), np.array([[4.0, 3.0, 2.0, 1.0]])
RELEVANCE = np.array([1, 2 / 3, 1 / 3, 0])


def scores_by_row(found):
    return found.scores[0][np.argsort(found.rows[0])]


def lists(users=None):
    return ranked(rows=ROWS, scores=SCORES, n_items=4, users=users)


def test_popularity_counts_users():
    histories = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [5, 0, 1, 0]])
    found = PopularityControl(weight=0.5).rerank(lists(), context_of(histories=histories,
                                                                    n_items=4), k=4)  # fmt: skip
    merit = 1 - np.log([4, 2, 2, 1]) / np.log(4)
    np.testing.assert_allclose(scores_by_row(found), RELEVANCE + 0.5 * merit, rtol=1e-6)
    assert np.all(np.diff(found.scores[0]) <= 0)


def test_freshness_halves():
    context = context_of(n_items=4, ages=np.array([60.0, 30, np.nan, -5]))
    found = Freshness(weight=1, half_life=30).rerank(lists(), context, k=4)
    np.testing.assert_allclose(
        scores_by_row(found), RELEVANCE + np.array([0.25, 0.5, 0, 1]), rtol=1e-6
    )


def test_a_price_is_judged_by_what_a_user_paid():
    prices = np.array([10.0, 100, np.nan, 10])
    histories = np.array([[0, 0, 1, 3], [0, 0, 1, 0]])
    context = context_of(n_items=4, histories=histories, prices=prices)
    found = PriceSensitivity(weight=1).rerank(lists(np.array([0])), context, k=4)
    merit = scores_by_row(found) - RELEVANCE
    np.testing.assert_allclose(merit[[0, 3]], 1, atol=1e-5)  # what the user pays
    assert merit[1] < 0.01
    np.testing.assert_allclose(merit[2], np.mean(merit[[0, 1, 3]]), atol=1e-5)  # no price
    for users in (np.array([1]), np.array([99]), None):
        unchanged = PriceSensitivity(weight=1).rerank(lists(users), context, k=4)
        np.testing.assert_allclose(scores_by_row(unchanged), RELEVANCE, atol=1e-6)


def test_few_prices_are_no_habit():
    rng = np.random.default_rng(0)
    prices = np.exp(rng.standard_normal(200))
    often, once = np.zeros(200), np.zeros(200)
    usual = np.flatnonzero(np.abs(np.log(prices)) < 0.1)
    often[usual], once[usual[0]] = 1, 1
    spread = (rng.random((50, 200)) < 0.1) * 1.0
    context = context_of(n_items=200, histories=np.vstack([often, once, spread]), prices=prices)
    rows = np.argsort(-prices)[None, :100].astype(np.int32)
    scores = np.ones(rows.shape)
    dear = []
    for user in (0, 1):
        candidates = ranked(rows=rows, scores=scores, n_items=200, users=np.array([user]))
        found = PriceSensitivity(weight=1).rerank(candidates, context, k=100)
        dear.append(found.scores[0][found.rows[0] == rows[0, 20]][0])
    assert dear[0] < dear[1]


def test_what_is_missing_is_named():
    with pytest.raises(DataError, match="price: the context has no prices; Context"):
        PriceSensitivity().rerank(lists(), context_of(n_items=4))
    with pytest.raises(DataError, match="freshness: the context has no ages"):
        Freshness().rerank(lists(), context_of(n_items=4))
    with pytest.raises(ConfigError, match="half_life"):
        Freshness(half_life=0)
