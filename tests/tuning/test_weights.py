import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import ConfigError
from pyrec.tuning.validation import Judge, cut
from pyrec.tuning.weights import checked_metric, climb, examine


@pytest.mark.parametrize("best", [[0.3, 0.7], [1.0, 0.0], [0.2, 0.5, 0.3], [0.0, 0.0, 1.0], [1.0]])
def test_the_top_of_a_hill_is_found(best):
    found, value = climb(lambda w: -float(np.sum((w - best) ** 2)), len(best))
    np.testing.assert_allclose(found, best, atol=0.05)
    assert value == pytest.approx(0, abs=0.005)


def test_an_examination_judges_as_an_evaluation_does():
    dense = np.random.default_rng(0).random((80, 30)) < 0.3
    log = pyrec.Interactions.from_scipy(sp.csr_array(dense.astype(np.float32)))
    fold = cut(log)
    models = [pyrec.EASE(regularization=5).fit(fold.train), pyrec.Popularity().fit(fold.train)]
    found = examine(models, fold, 20, "scores")
    for weights, model in zip(np.eye(2), models, strict=True):
        part = Judge("ndcg@5").part(model, fold)
        np.testing.assert_array_equal(found.users, part.users)
        np.testing.assert_allclose(found.values(weights, "ndcg@5"), part.values["ndcg@5"].values)


def test_only_metrics_of_lists_can_be_learnt_for():
    checked_metric("recall@5")
    for metric in ("auc", "rmse", "novelty@5"):
        with pytest.raises(ConfigError, match="metric: must be one of users' lists"):
            checked_metric(metric)
