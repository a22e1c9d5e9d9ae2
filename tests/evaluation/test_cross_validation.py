import json

import numpy as np
import pytest

import pyrec
from pyrec.errors import ConfigError
from pyrec.preparation.split import FoldSplit, split


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(6)
    users, items = np.divmod(rng.choice(30 * 20, 240, replace=False), 20)
    return pyrec.Events.from_ids(users=users, items=items, kinds=["buy", "view"] * 120)


def test_every_fold_is_fitted_and_judged(log):
    options = FoldSplit(k=4, random_state=2)
    found = pyrec.cross_validate(pyrec.Popularity(), log, folds=options, metrics=["ndcg@5", "gini"])
    expected = []
    for fold in split(log, options):
        model = pyrec.Popularity().fit(fold.train.aggregate())
        expected.append(pyrec.evaluate(model, fold, metrics="ndcg@5")["ndcg@5"])
    assert found.values("ndcg@5") == expected
    assert found["ndcg@5"] == pytest.approx(np.mean(expected))
    assert found.deviation("ndcg@5") == pytest.approx(np.std(expected, ddof=1))
    assert [report.protocol["split"]["fold"] for report in found.reports] == [0, 1, 2, 3]
    assert sum(report.counts["pairs"] for report in found.reports) == len(log)
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["metrics"]["ndcg@5"]["mean"] == found["ndcg@5"]
    assert len(plain["folds"]) == 4
    for text in ("popularity, 4 folds, new pairs", "ndcg@5", "gini@20", "deviation"):
        assert text in str(found)


def test_the_training_matrix_is_made_as_told(log):
    def purchases(events):
        return events.aggregate("count", kind_weights={"buy": 1, "view": 0})

    found = pyrec.cross_validate(
        pyrec.Popularity(), log, folds=3, aggregate=purchases, metrics="recall@5"
    )
    assert len(found.reports) == 3


def test_wrong_arguments_are_named(log):
    with pytest.raises(ConfigError, match="k: expected `int` >= 2"):
        pyrec.cross_validate(pyrec.Popularity(), log, folds=1)
    with pytest.raises(ConfigError, match=r"estimator: must be one such as pyrec\.Popularity\(\)"):
        pyrec.cross_validate("als", log)
