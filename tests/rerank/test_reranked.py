"""A model and its re-ranking as one."""

import numpy as np
import pytest

import pyrec
from pyrec.errors import DataError, NotSupportedError
from pyrec.preparation.split import TimeSplit, split
from pyrec.rerank import MMR, Chain, Context, PopularityControl, RerankedModel


@pytest.fixture(scope="module")
def cut():
    return split(pyrec.simulate_shop(users=300, items=200, days=60).events, TimeSplit())


@pytest.fixture(scope="module")
def model(cut):
    return pyrec.ALS(factors=8).fit(cut.train)


def test_lists_are_those_of_the_steps(model):
    context, chain = Context.of(model), Chain(steps=[PopularityControl(), MMR()])
    users = model.users.ids[:50]
    found = RerankedModel(model, chain, context, candidates=60).recommend(users, k=10)
    expected = chain.rerank(model.recommend(users, k=60), context, k=10)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.scores, expected.scores)
    one = RerankedModel(model, chain, context, candidates=60).recommend(users[3], k=10)
    np.testing.assert_array_equal(one.rows, found.rows[3])


def test_filters_hold(model):
    whole = RerankedModel(model, MMR(trade_off=0.3), Context.of(model))
    banned = model.items.ids[:100]
    found = whole.recommend(model.users.ids, k=5, exclude=banned)
    assert not set(found.rows.ravel().tolist()) & set(range(100))
    few = whole.recommend(model.users.ids, k=5, items=model.items.ids[:3], exclude_seen=False)
    assert set(few.rows.ravel().tolist()) <= {-1, 0, 1, 2}


def test_what_people_would_see_is_judged(cut, model):
    calmer = RerankedModel(model, PopularityControl(weight=1.0), Context.of(model))
    before, after = (
        pyrec.evaluate(one, cut, metrics=["ndcg", "coverage", "novelty"], pairs="all")
        for one in (model, calmer)
    )
    assert after["novelty@20"] > before["novelty@20"]
    assert after["coverage@20"] > before["coverage@20"]
    assert 0 < pyrec.compare(after, before)["ndcg@20"].p_value <= 1


def test_what_it_cannot_do_is_told(model, tmp_path):
    whole = RerankedModel(model, MMR(), Context.of(model))
    with pytest.raises(NotSupportedError, match="save `model`, and `steps`"):
        whole.save(tmp_path / "model")
    with pytest.raises(DataError, match="steps: must be of type Chain or Reranker"):
        RerankedModel(model, "mmr", Context.of(model))
