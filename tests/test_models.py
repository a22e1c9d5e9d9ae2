"""The contract suite, for every model."""

import contract
import pytest

import pyrec

ESTIMATORS = [
    pyrec.ALS(factors=8, alpha=5, iterations=10),
    pyrec.ALS(
        factors=13,
        solver="exact",
        unobserved_weight=0.1,
        regularization=0.05,
        regularization_exponent=1,
        iterations=8,
    ),
    pyrec.ALS(factors=20, solver="subspace", block_size=16, alpha=5, iterations=20),
    pyrec.Popularity(),
    pyrec.ItemKNN(neighbors=15),
    pyrec.ItemKNN(metric="dot", weighting="bm25"),
    pyrec.UserKNN(neighbors=15),
    pyrec.EASE(regularization=3),
    pyrec.EASE(regularization=0.5, neighbors=9),
    pyrec.EASE(regularization=5, user_exponent=0.5, item_exponent=0.25),
    pyrec.SparseEASE(neighbors=25, regularization=5, user_exponent=0.5, item_exponent=0.25),
    pyrec.SLIM(neighbors=15, l1=0.5, l2=5, user_exponent=0.5),
    pyrec.UserSLIM(neighbors=15, l2=3),
    pyrec.PureSVD(factors=6),
    pyrec.PureSVD(factors=9, user_exponent=1, item_exponent=0.5),
    pyrec.BPR(factors=8, epochs=60),
    pyrec.ExplicitALS(factors=4),
    pyrec.P3Alpha(neighbors=12, alpha=0.8),
    pyrec.RP3Beta(),
    pyrec.GraphFilter(neighbors=20),
    pyrec.Transitions(neighbors=15),
    pyrec.Transitions(window=30, source_exponent=0.5, target_exponent=0.3),
    pyrec.SessionKNN(neighbors=15),
    pyrec.SessionKNN(sample=20, neighbors=7, length=4, rarity=0, recency=0.5),
    pyrec.UserKNN(metric="asymmetric", alpha=0.7, weighting="tfidf", shrink=1.0),
]


@pytest.fixture(scope="class", params=ESTIMATORS, ids=lambda e: f"{e.name}-{ESTIMATORS.index(e)}")
def estimator(request):
    return request.param


class TestModels(contract.ModelContract):
    pass
