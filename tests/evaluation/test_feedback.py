"""Feedback loop: what a round measures, by hand, and what policies do to each other: nothing."""

import numpy as np
import pytest

import pyrec
from pyrec.errors import ConfigError, DataError, NotSupportedError
from pyrec.evaluation.feedback import Policy, _Judge, _overlap, feedback_loop
from pyrec.rerank import Exploration, PopularityControl
from pyrec.simulation.visitors import appeal

ALS = pyrec.ALS(factors=8, iterations=5)


@pytest.fixture(scope="module")
def shop():
    return pyrec.simulate_shop(users=400, items=150, days=60, random_state=5)


@pytest.fixture(scope="module")
def found(shop):
    policies = {
        "truth": Policy(),
        "popularity": Policy(pyrec.Popularity()),
        "als": Policy(ALS),
        "calmer": Policy(ALS, PopularityControl(weight=0.5)),
        "curious": Policy(ALS, Exploration(weight=0.1)),
    }
    return feedback_loop(shop, policies, rounds=3, k=10)


def test_rounds_tell_popularity_from_taste(found):
    for name, rounds in found.items():
        assert [one.number for one in rounds] == [1, 2, 3]
        assert all(one.utility == pytest.approx(1, abs=1e-6) for one in rounds) == (name == "truth")
    last = {name: rounds[-1] for name, rounds in found.items()}
    assert last["popularity"].utility < last["als"].utility < 1
    assert last["popularity"].overlap > 3 * last["als"].overlap
    assert last["calmer"].tail > last["als"].tail
    assert last["calmer"].popularity < last["als"].popularity
    assert last["curious"].gini < last["als"].gini


def test_a_model_learns_from_what_people_do(found):
    assert found["als"][-1].utility > found["als"][0].utility + 0.02


def test_a_model_that_is_updated_goes_the_way_of_one_that_is_fitted_anew(shop, found):
    policies = {"updated": Policy(ALS, update="partial")}
    updated = feedback_loop(shop, policies, rounds=3, k=10)["updated"]
    assert updated[0] == found["als"][0]
    assert updated[-1] != found["als"][-1]
    assert updated[-1].utility == pytest.approx(found["als"][-1].utility, abs=0.05)
    with pytest.raises(NotSupportedError, match="slim: this model cannot be updated"):
        feedback_loop(shop, {"slim": Policy(pyrec.SLIM(), update="partial")}, rounds=2, k=10)
    with pytest.raises(ConfigError, match="update: must be 'refit' or 'partial'"):
        Policy(ALS, update="daily")


def test_policies_do_not_meet(shop, found):
    alone = feedback_loop(shop, {"als": Policy(ALS)}, rounds=2, k=10)
    assert alone["als"] == found["als"][:2]


def test_what_a_round_measures(shop):
    known = shop.events.aggregate()
    # Everybody sees the most popular item first, and one other.
    popularity = np.bincount(known.csr.columns, minlength=len(known.items))
    judge = _Judge(shop, known)
    assert judge.tail.sum() > len(known.items) / 2
    assert not judge.tail[np.argmax(popularity)]
    rows = np.full((len(shop.users), 2), -1, np.int32)
    rows[:, 0] = np.argmax(popularity)
    rows[:100, 1] = np.flatnonzero(judge.tail)[0]
    best = np.argsort(-shop.true_scores(shop.users.ids), axis=1)[:, :2].astype(np.int32)
    one = judge.round(4, rows, best, shop.events)
    shown = rows[rows >= 0]
    assert one.number == 4
    assert one.tail == pytest.approx(100 / 500)
    assert one.popularity == pytest.approx(popularity[shown].mean() / 400)
    assert one.coverage == pytest.approx(2 / len(known.items))
    assert one.utility == pytest.approx(appeal(shop, rows).sum() / appeal(shop, best).sum())
    assert one.events == len(shop.events)
    assert one.tail_events == pytest.approx(judge.tail[shop.events.item_rows].mean())


def test_overlap_is_the_mean_over_pairs_of_lists():
    rng = np.random.default_rng(0)
    rows = np.stack([rng.permutation(9)[:4] for _ in range(20)])
    shares = [len(set(rows[i]) & set(rows[j])) / 4 for i in range(20) for j in range(20) if i != j]
    assert _overlap(rows, 9) == pytest.approx(np.mean(shares))
    assert _overlap(rows[:1], 9) == 0


def test_what_cannot_be_is_refused(shop):
    with pytest.raises(ConfigError, match="rounds: must be a whole number of 1 or more, not 0"):
        feedback_loop(shop, {"truth": Policy()}, rounds=0)
    with pytest.raises(DataError, match="policies: there are none"):
        feedback_loop(shop, {})
    with pytest.raises(DataError, match="policies\\['als'\\]: must be of type Policy"):
        feedback_loop(shop, {"als": ALS})
