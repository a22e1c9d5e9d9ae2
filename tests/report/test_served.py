"""Whom a model serves and whose items it shows, as plain data."""

import json

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.data.catalogue import Catalogue
from pyrec.report.served import served


@pytest.fixture(scope="module")
def judged():
    rng = np.random.default_rng(0)
    likes = rng.random((60, 30)) < np.linspace(0.05, 0.8, 60)[:, None]
    likes[:3] = False
    test = (rng.random((60, 30)) < 0.2) & ~likes
    model = pyrec.Popularity().fit(sp.csr_array(likes * 1.0))
    metrics = ["recall@5", "ndcg@5", "mrr@5", "precision@5", "coverage@5"]
    return model, pyrec.evaluate(
        model, sp.csr_array(test * 1.0), metrics=metrics, cold_users="popular", resamples=20
    )


def test_groups_have_their_figures(judged):
    model, report = judged
    catalogue = Catalogue(model.items, {"seller": np.array(["a", "b", "c"])[np.arange(30) % 3]})
    segments = dict.fromkeys(report.main.users[:20].tolist(), "first")
    found = json.loads(json.dumps(served(report.main, model, catalogue, ["seller"], segments)))
    activity, segment = found["people"]
    sizes = {group["name"].partition(":")[0]: group["users"] for group in activity["groups"]}
    assert sizes["new"] == 3
    assert sum(sizes.values()) == len(report.main.users)
    assert list(activity["groups"][0]["metrics"]) == ["recall@5", "ndcg@5", "mrr@5"]
    assert {group["name"]: group["users"] for group in segment["groups"]}["first"] == 20
    halves, sellers = found["items"]
    assert [halves["by"], sellers["by"]] == ["popularity", "seller"]
    for sort in (halves, sellers):
        assert sum(group["items"] for group in sort["groups"]) == 30
        np.testing.assert_allclose(sum(group["events"] for group in sort["groups"]), 1)
        np.testing.assert_allclose(sum(group["places"]["model"] for group in sort["groups"]), 1)
    assert [group["name"] for group in halves["groups"]] in (["head", "tail"], ["tail", "head"])


def test_a_report_without_lists_has_no_items(judged):
    model, _ = judged
    report = pyrec.evaluate(model, sp.csr_array(np.eye(60, 30)[::-1]), metrics="auc", pairs="all")
    assert served(report.main, model)["items"] == []
