"""Exploration: what is drawn how often, and what the draw depends on."""

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import ConfigError
from pyrec.rerank import Context, Exploration

N = 4000
LOG = pyrec.Interactions.from_scipy(sp.csr_array(np.ones((N, 3), np.float32)))
CONTEXT = Context(LOG)
# The relevance of the three is 1, 0.5 and 0.
LISTS = pyrec.Ranking(
    np.tile([0, 1, 2], (N, 1)), np.tile([3.0, 2.0, 1.0], (N, 1)), LOG.items, LOG.users.ids
)


@pytest.mark.parametrize("weight", [0.25, 1.0])
def test_the_first_is_drawn_by_its_odds(weight):
    first = Exploration(weight=weight).rerank(LISTS, CONTEXT, k=1).rows[:, 0]
    odds = np.exp(np.array([1, 0.5, 0]) / weight)
    shares = np.bincount(first, minlength=3) / N
    np.testing.assert_allclose(shares, odds / odds.sum(), atol=0.03)


def test_nothing_is_left_to_chance_without_weight():
    found = Exploration(weight=0).rerank(LISTS, CONTEXT, k=3)
    np.testing.assert_array_equal(found.rows, LISTS.rows)


def test_a_draw_is_of_a_person_a_log_and_a_seed_and_of_no_batch():
    step = Exploration(weight=0.5)
    whole = step.rerank(LISTS, CONTEXT, k=3, threads=2).rows
    some = np.arange(0, N, 7)
    part = pyrec.Ranking(LISTS.rows[some], LISTS.scores[some], LOG.items, LOG.users.ids[some])
    np.testing.assert_array_equal(step.rerank(part, CONTEXT, k=3).rows, whole[some])
    assert len(np.unique(whole, axis=0)) == 6
    assert np.any(Exploration(weight=0.5, random_state=1).rerank(LISTS, CONTEXT, k=3).rows != whole)
    grown = LOG.to_scipy().copy()
    grown[0, 0] = 0
    grown = pyrec.Interactions.from_scipy(sp.csr_array(grown.toarray()))
    assert np.any(step.rerank(LISTS, Context(grown), k=3).rows != whole)


def test_short_lists_stay_short():
    lists = pyrec.Ranking(np.array([[1, -1]]), np.array([[1.0, -np.inf]]), LOG.items, np.array([0]))
    found = Exploration().rerank(lists, CONTEXT, k=2)
    assert found.rows.tolist() == [[1, -1]]
    assert found.scores[0, 1] == -np.inf
    with pytest.raises(ConfigError, match="weight"):
        Exploration(weight=-1)
