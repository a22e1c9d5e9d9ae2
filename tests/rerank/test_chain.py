"""Chains: one step after the other."""

import numpy as np
import pytest
from rerank_cases import context_of, ranked

from pyrec.config import build
from pyrec.data.groups import Groups
from pyrec.errors import ConfigError
from pyrec.rerank import DPP, MMR, Calibration, Chain, ExposureFloor, Freshness, PopularityControl


@pytest.fixture
def shop():
    rng = np.random.default_rng(0)
    rows = np.argsort(rng.random((30, 80)), axis=1)[:, :50].astype(np.int32)
    scores = -np.sort(-rng.random((30, 50)), axis=1)
    context = context_of(
        n_items=80, histories=(rng.random((30, 80)) < 0.1) * 1.0,
        vectors=rng.standard_normal((80, 8)), ages=rng.random(80) * 100,
        groups={"category": Groups.of(np.arange(80) % 5), "seller": Groups.of(np.arange(80) % 7)},
    )  # fmt: skip
    return ranked(rows=rows, scores=scores, n_items=80, users=np.arange(30)), context


def test_a_chain_is_its_steps_one_after_the_other(shop):
    candidates, context = shop
    steps = [Freshness(), PopularityControl(), DPP(), Calibration(), ExposureFloor(share=0.1)]
    expected = candidates
    for step in steps[:-1]:
        expected = step.rerank(expected, context, k=50)
    expected = steps[-1].rerank(expected, context, k=10)
    found = Chain(steps=steps).rerank(candidates, context, k=10)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.scores, expected.scores)
    shown = np.bincount(np.arange(80)[found.rows.ravel()] % 7)
    assert np.all(shown >= 30)


def test_a_chain_is_plain_data():
    chain = Chain(steps=[MMR(trade_off=0.5), ExposureFloor(share={"a": 0.1})])
    plain = chain.get_params()
    assert plain["steps"][0] == {"method": "mmr", "trade_off": 0.5}
    assert build(Chain, plain) == chain


def test_wrong_options_are_named():
    with pytest.raises(ConfigError, match="steps"):
        Chain(steps=[])
    with pytest.raises(ConfigError, match="steps"):
        build(Chain, {"steps": [{"method": "mmmr"}]})
