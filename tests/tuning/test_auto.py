"""Auto is a model like others: the contract suite, and what is its own."""

import logging
import sys

import contract
import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import ConfigError, DataError, MissingPackageError
from pyrec.models.abilities import Explains
from pyrec.models.registry import estimator_class
from pyrec.tuning.validation import Judge, cuts

SMALL = [pyrec.EASE(regularization=3), pyrec.ItemKNN(neighbors=9)]


@pytest.fixture(scope="class")
def estimator():
    return pyrec.Auto(members=SMALL, trials=2)


class TestAuto(contract.ModelContract):
    pass


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(5)
    same = (np.arange(200)[:, None] % 2) == (np.arange(60)[None, :] % 2)
    dense = rng.random((200, 60)) < np.where(same, 0.3, 0.08)
    return pyrec.Interactions.from_scipy(sp.csr_array(dense.astype(np.float32)))


def test_it_tells_what_it_tried_and_chose_after_loading_too(log, tmp_path, caplog):
    with caplog.at_level(logging.INFO, "pyrec"):
        model = pyrec.Auto(members=[*SMALL, pyrec.Popularity()], trials=3).fit(log)
    assert {one.stage for one in model.tried} == {"look", "tune", "blend"}
    assert "standard error" in next(one.note for one in model.tried if one.stage == "blend")
    assert "auto: look ease" in caplog.text
    chosen = dict(model.chosen)
    again = estimator_class(chosen.pop("name"))(**chosen).fit(log)
    np.testing.assert_array_equal(model.recommend(5).rows, again.recommend(5).rows)
    model.save(tmp_path / "m")
    loaded = pyrec.load(tmp_path / "m")
    assert loaded.tried == model.tried
    assert loaded.recipe == model.recipe
    assert isinstance(loaded, Explains)


def test_it_is_no_worse_than_what_it_looked_at(log):
    model = pyrec.Auto(members=SMALL, trials=4, metric="ndcg@5").fit(log)
    judge = Judge("ndcg@5", pairs="new")
    best = max(one.value for one in model.tried if one.value is not None and one.stage != "blend")
    options = dict(model.chosen)
    chosen = estimator_class(options.pop("name"))(**options)
    folds = cuts(log)
    value = np.mean([judge(chosen.fit(fold.train), fold) for fold in folds])
    assert value >= best - 1e-9


def test_the_budget_is_kept(log):
    model = pyrec.Auto(budget_seconds=1e-3).fit(log)
    assert len([one for one in model.tried if one.stage == "look"]) == 1
    assert not [one for one in model.tried if one.stage == "tune"]


def test_what_cannot_be_fitted_is_passed_over(log):
    needs_times = pyrec.Popularity(half_life=3)
    model = pyrec.Auto(members=[needs_times, SMALL[0]], trials=1).fit(log)
    assert "timestamps" in model.tried[0].note
    with pytest.raises(DataError, match="timestamps"):
        pyrec.Auto(members=[needs_times]).fit(log)


def test_the_whole_portfolio_fits(log):
    model = pyrec.Auto(budget_seconds=300, trials=1).fit(log)
    looked = [one.model["name"] for one in model.tried if one.stage == "look"]
    assert {"graph_filter", "als", "ease", "item_knn"} <= set(looked)
    assert not [one.note for one in model.tried if one.stage == "look" and one.note]


def test_nothing_to_choose_by(caplog):
    model = pyrec.Auto(members=SMALL).fit(sp.csr_array(np.eye(3, dtype=np.float32)))
    assert [member.estimator.name for member in model.members] == ["ease"]
    assert "nothing tells models apart" in caplog.text


def test_people_with_one_thing_each_get_what_is_popular():
    bought = sp.csr_array(([1.0] * 5, (range(5), [2, 2, 2, 0, 0])), shape=(5, 4))
    assert pyrec.Auto().fit(bought).recommend(0, k=1).ids.tolist() == [0]


def test_a_target_that_nobody_did_is_an_error_and_not_a_lack_of_data():
    log = pyrec.Events.from_ids(users=[1, 1, 2, 2], items=[1, 2, 1, 2], kinds=["view"] * 4)
    with pytest.raises(ConfigError, match="target: kind 'buy' is unknown"):
        pyrec.Auto(target="buy").fit(log)


def test_wrong_options_are_named():
    with pytest.raises(ConfigError, match="budget_seconds: expected `float` > 0"):
        pyrec.Auto(budget_seconds=0)
    with pytest.raises(ConfigError, match="'esae' is no model"):
        pyrec.Auto(members=[{"name": "esae"}])
    with pytest.raises(ConfigError, match="metric: must be one of users' lists"):
        pyrec.Auto(metric="rmse")


def test_without_optuna_the_extra_is_named(log, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingPackageError, match=r"choosing a model needs .*pyrec\[tune\]"):
        pyrec.Auto().fit(log)
