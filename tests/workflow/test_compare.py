import numpy as np
import pytest

import pyrec
from pyrec.errors import ConfigError
from pyrec.preparation.split import split
from pyrec.workflow.compare import compare
from pyrec.workflow.runconfig import RunConfig


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(0)
    users = rng.integers(0, 80, 2500)
    items = (rng.integers(0, 20, 2500) * 2 + users % 2) % 40
    return pyrec.Events.from_ids(users=users, items=items, timestamps=np.arange(2500))


def config(**options):
    plain = {
        "data": {"path": "log.csv", "user": "who", "item": "what"},
        "split": {"method": "random"},
        "model": {"name": "popularity"},
        "models": [{"name": "ease"}, {"name": "item_knn", "neighbors": 5}, {"name": "item_knn"}],
        "evaluation": {"metrics": ["recall@5", "coverage@5"], "resamples": 50},
    }
    return RunConfig.from_dict({**plain, **options})


def test_all_models_are_judged_on_the_same_test_with_their_cost(log):
    heard = []
    facts = compare(config(), events=log, listener=lambda *news: heard.append(news))
    labels = [model["label"] for model in facts["models"]]
    assert sorted(labels) == ["ease", "item_knn 1", "item_knn 2", "popularity"]
    values = [model["metrics"]["recall@5"]["mean"] for model in facts["models"]]
    assert values == sorted(values, reverse=True)
    assert facts["metric"] == "recall@5"
    assert len(facts["differences"]) == 6
    for model in facts["models"]:
        assert model["fit_seconds"] > 0
        assert model["users_per_second"] > 0
        assert model["peak_bytes"] > 0
    cut = split(log, config().split)
    ease = pyrec.EASE().fit(cut.train.aggregate())
    expected = pyrec.evaluate(ease, cut, metrics="recall@5")["recall@5"]
    found = next(model for model in facts["models"] if model["label"] == "ease")
    assert found["metrics"]["recall@5"]["mean"] == expected
    assert found["bytes"] == sum(array.nbytes for array in ease._arrays().values())
    assert "fit ease" in {step for step, _, _ in heard}


def test_what_cannot_be_compared_is_named(log):
    with pytest.raises(ConfigError, match="models: a comparison needs two at least; add"):
        compare(config(models=[]), events=log)
    with pytest.raises(ConfigError, match=r"split\.method: a comparison needs one test"):
        compare(config(split={"method": "folds"}), events=log)
    with pytest.raises(ConfigError, match=r"evaluation\.metrics: name one of users"):
        compare(config(evaluation={"metrics": "coverage@5"}), events=log)
    with pytest.raises(ConfigError, match=r"models\[1\].neighbor: unknown option"):
        config(models=[{"name": "ease"}, {"name": "item_knn", "neighbor": 5}])


def test_rerankings_are_judged_beside_their_model(log, tmp_path):
    rows = "".join(f"{item},{'ab'[item % 3 > 0]},{'xyz'[item % 3]}\n" for item in range(40))
    (tmp_path / "items.csv").write_text("id,seller,kind\n" + rows)
    data = config().data.get_params() | {
        "catalogue": {"path": str(tmp_path / "items.csv"), "item": "id", "columns": []}
    }
    facts = compare(
        config(
            data=data, models=[], model={"name": "ease"},
            rerank=[
                {"steps": [{"method": "popularity", "weight": 2.0}], "label": "calm"},
                {"steps": [{"method": "exposure", "groups": "seller", "share": 0.45}]},
            ],
            evaluation={"metrics": ["recall@5", "popularity@5", "ild:kind@5", "gini:seller@5",
                                    "least_exposure:seller@5"], "resamples": 50, "pairs": "new"},
        ),
        events=log,
    )  # fmt: skip
    found = {model["label"]: model for model in facts["models"]}
    assert set(found) == {"ease", "ease + calm", "ease + exposure"}
    means = {label: {name: value["mean"] for name, value in model["metrics"].items()}
             for label, model in found.items()}  # fmt: skip
    assert means["ease + calm"]["popularity@5"] < means["ease"]["popularity@5"]
    assert means["ease"]["least_exposure:seller@5"] < 0.45
    assert means["ease + exposure"]["least_exposure:seller@5"] >= 0.45
    assert facts["aspects"]["gini:seller@5"] == "fairness"
    assert [sort["by"] for sort in facts["exposure"]] == ["popularity", "kind", "seller"]
    assert set(facts["exposure"][2]["groups"][0]["places"]) == set(found)
    assert found["ease"]["rerank"] is None
    assert found["ease + calm"]["rerank"]["steps"] == [{"method": "popularity", "weight": 2.0}]
    with pytest.raises(ConfigError, match=r"rerank\[0\].models: there is no model 'als'"):
        compare(config(rerank=[{"steps": [{"method": "mmr"}], "models": "als"}]), events=log)


def test_lists_are_judged_as_the_rules_leave_them_and_without(log, tmp_path):
    rows = "".join(f"{item},{item},{'xyz'[item % 3]}\n" for item in range(40))
    (tmp_path / "items.csv").write_text("id,price,kind\n" + rows)
    data = config().data.get_params() | {
        "catalogue": {"path": str(tmp_path / "items.csv"), "item": "id"}
    }
    plan = config(
        data=data, models=[], model={"name": "ease"},
        rules={"where": {"column": "price", "below": 20}, "caps": {"kind": 2}, "pinned": [3, 99]},
        rerank=[{"steps": [{"method": "popularity", "weight": 2.0}], "label": "calm"}],
        evaluation={"metrics": ["recall@5", "ild:kind@5"], "resamples": 50, "pairs": "new"},
    )  # fmt: skip
    facts = compare(plan, events=log)
    labels = [model["label"] for model in facts["models"]]
    assert set(labels[:2]) == {"ease", "ease + calm"}  # the rule-abiding first
    assert labels[2] == "ease without rules"
    assert [model["rules"] for model in facts["models"]] == [True, True, False]
    found = {model["label"]: model["metrics"]["recall@5"]["mean"] for model in facts["models"]}
    cut = split(log, plan.split)
    ease = pyrec.EASE().fit(cut.train.aggregate())
    table = pyrec.read_items(tmp_path / "items.csv", item="id")
    rules = pyrec.Rules(where=pyrec.where("price") < 20, caps={"kind": 2}, pinned=[3])
    options = {"metrics": "recall@5", "pairs": "new"}
    judged = pyrec.evaluate(ease, cut, rules=rules.compile(table, ease.items), **options)
    assert found["ease"] == judged["recall@5"]
    assert found["ease without rules"] == pyrec.evaluate(ease, cut, **options)["recall@5"]
    assert found["ease"] < found["ease without rules"]
    assert judged.counts["pairs_that_rules_forbid"] > 0
    compare(plan.replace(rerank=()), events=log)  # one model, with rules and without
