import numpy as np
import pytest
import scipy.sparse as sp
from stubs import GivenModel, shop

import pyrec
from pyrec.errors import ConfigError
from pyrec.evaluation.compare import holm
from pyrec.evaluation.tournament import tournament


@pytest.fixture(scope="module")
def reports():
    train, test, scores = shop()
    rng = np.random.default_rng(0)
    given = {"chance": scores, "near": scores + 3 * test, "other": rng.random(scores.shape)}
    return {
        name: pyrec.evaluate(
            GivenModel(sp.csr_array(train.astype(np.float32)), values),
            sp.csr_array(test.astype(np.float32)),
            metrics=["ndcg@5", "recall@5"],
            pairs="new",
        )
        for name, values in given.items()
    }


def test_every_pair_is_compared_and_corrected_for_the_number_of_pairs(reports):
    found = tournament(reports)
    assert [(p.first, p.second) for p in found] == [
        ("chance", "near"), ("chance", "other"), ("near", "other")
    ]  # fmt: skip
    for pairing in found:
        single = pyrec.compare(reports[pairing.first], reports[pairing.second], metrics="ndcg@5")
        assert pairing.difference.p_value == single["ndcg@5"].p_value
        assert pairing.difference.difference == single["ndcg@5"].difference
    adjusted = [pairing.difference.p_adjusted for pairing in found]
    assert adjusted == holm([pairing.difference.p_value for pairing in found])
    assert adjusted[0] < 0.05 < adjusted[1]
    assert found[0].to_dict()["models"] == ["chance", "near"]


def test_another_metric_may_be_asked_for(reports):
    (pairing, *_) = tournament(reports, "recall@5")
    assert pairing.difference.first == reports["chance"]["recall@5"]


def test_one_model_cannot_be_compared(reports):
    with pytest.raises(ConfigError, match="reports: a comparison needs two models"):
        tournament({"chance": reports["chance"]})
