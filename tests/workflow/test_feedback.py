import json

import pytest

import pyrec
from pyrec.evaluation.feedback import Policy
from pyrec.workflow.feedback import policies_of, simulate_feedback


def test_a_model_stands_beside_the_truth_and_its_remedies():
    policies = policies_of(pyrec.EASE())
    assert list(policies) == ["truth", "ease", "ease, popularity control", "ease, exploration"]
    assert policies["truth"].estimator is None
    assert policies["ease"].steps is None


def test_facts_are_plain_data():
    shop = pyrec.simulate_shop(users=60, items=40, days=30)
    heard = []
    facts = simulate_feedback(
        shop, {"truth": Policy()}, rounds=2, k=5,
        progress=lambda name, one: heard.append((name, one.number)),
    )  # fmt: skip
    assert json.loads(json.dumps(facts)) == facts
    assert heard == [("truth", 1), ("truth", 2)]
    assert facts["shop"] == {"users": 60, "items": 40, "events": len(shop.events)}
    assert [one["number"] for one in facts["policies"][0]["rounds"]] == [1, 2]
    assert facts["policies"][0]["rounds"][0]["utility"] == pytest.approx(1)
