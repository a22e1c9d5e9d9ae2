import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import ConfigError, DataError
from pyrec.tuning.validation import MOST_SPLITS, Judge, cut, cuts


@pytest.fixture(scope="module")
def log():
    matrix = sp.random_array((300, 50), density=0.15, rng=np.random.default_rng(0)).tocsr()
    matrix.data += 0.5
    return pyrec.Interactions.from_scipy(matrix)


def pairs(interactions):
    return set(zip(*interactions.to_scipy().nonzero(), strict=True))


def test_every_pair_is_in_one_part_and_everybody_keeps_some(log):
    fold = cut(log, 0.1)
    assert pairs(fold.train) | pairs(fold.test) == pairs(log)
    assert not pairs(fold.train) & pairs(fold.test)
    before, after = (np.diff(i.csr.offsets) for i in (log, fold.train))
    assert (after[before > 0] > 0).all()
    held = before - after
    assert (np.abs(held - 0.1 * before) < 1).all()
    assert held.sum() == pytest.approx(0.1 * log.nnz, rel=0.1)


def test_a_seed_decides_what_is_held_out(log):
    assert pairs(cut(log, random_state=1).test) == pairs(cut(log, random_state=1).test)
    assert pairs(cut(log, random_state=1).test) != pairs(cut(log, random_state=2).test)


def test_one_kind_may_be_held_out_and_dislikes_never_are():
    events = pyrec.Events.from_ids(
        users=np.repeat(np.arange(40), 10),
        items=np.tile(np.arange(10), 40),
        kinds=["view", "purchase"] * 200,
    )
    fold = cut(events.aggregate(), 0.3, target="purchase")
    assert {item % 2 for _, item in pairs(fold.test)} == {1}
    with pytest.raises(ConfigError, match=r"target: kind 'sale' is unknown.*'purchase', 'view'"):
        cut(events.aggregate(), target="sale")
    disliked = pyrec.Interactions.from_scipy(sp.csr_array(-np.ones((5, 5))))
    with pytest.raises(DataError, match="none of 25 pairs can be held out"):
        cut(disliked)


def test_people_with_one_pair_cannot_be_judged():
    with pytest.raises(DataError, match="validation: none of 4 pairs can be held out"):
        cut(pyrec.Interactions.from_scipy(sp.csr_array(np.eye(4))))


def test_few_users_are_judged_on_several_splits(log):
    folds = cuts(log)
    assert len(folds) == MOST_SPLITS
    assert pairs(folds[0].test) != pairs(folds[1].test)


def test_a_judge_knows_what_is_better(log):
    fold = cut(log)
    model = pyrec.Popularity().fit(fold.train)
    report = pyrec.evaluate(model, fold.test, metrics="recall@5")
    assert Judge("recall@5")(model, fold) == report["recall@5"]
    assert Judge("recall@5").better(0.2, 0.1)
    assert Judge("rmse").better(0.1, 0.2)
    with pytest.raises(ConfigError, match="did you mean 'recall'"):
        Judge("recal@5")


def test_a_metric_that_no_user_has_is_refused(log):
    fold = cut(log)
    nobody = pyrec.Popularity().fit(fold.train)
    empty = type(fold)(fold.train, fold.train)
    with pytest.raises(DataError, match=r"nothing to judge|has no value"):
        Judge("ndcg@5", pairs="new")(nobody, empty)
